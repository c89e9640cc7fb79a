//! The old text is gone, the new one stands in its place, and the rest of the picture is as it was.

use image::{Rgb, RgbImage};
use medley_models::processing::picture::PictureFormat;
use medley_orchestrator::{Regions, ToolErrorKind};
use serde_json::json;

use super::{align::Align, *};
use crate::pictures::{
    lettering::{Stand, Typeface, Weight},
    testing::Bench,
};

const BLUE: [u8; 3] = [20, 60, 130];

/// White text on blue.
fn sign(text: &str, weight: Weight) -> RgbImage {
    let mut layer = RgbaImage::from_pixel(400, 120, Rgba([BLUE[0], BLUE[1], BLUE[2], 255]));
    let stand = Stand {
        left: 60.0,
        baseline: 76.0,
        size: 48.0,
        squeeze: 1.0,
    };
    let typeface = Typeface::new(weight).unwrap();
    typeface.set(text, stand, |x, y, coverage| {
        blend(&mut layer, x as u32, y as u32, Rgba([255; 4]), coverage);
    });
    image::DynamicImage::from(layer).into_rgb8()
}

async fn replaced(
    bench: &Bench,
    picture: RgbImage,
    regions: serde_json::Value,
    texts: &[&str],
) -> Result<RgbImage, ToolError> {
    let input = ReplaceInput {
        image: bench.picture(picture, PictureFormat::Png).await,
        regions: serde_json::from_value(regions).unwrap(),
        texts: texts.iter().map(|&text| text.to_owned()).collect(),
        colour: None,
    };
    let changed = ReplaceText.call(input, bench.context()).await?;
    Ok(bench.read(&changed.image).await.pixels.to_rgb8())
}

fn is_blue(pixel: &Rgb<u8>) -> bool {
    pixel.0.iter().zip(BLUE).all(|(a, b)| a.abs_diff(b) <= 2)
}

fn light(pixels: &RgbImage) -> Vec<(u32, u32)> {
    let places = pixels.enumerate_pixels();
    places
        .filter(|(_, _, pixel)| pixel.0[0] > 200)
        .map(|(x, y, _)| (x, y))
        .collect()
}

#[tokio::test]
async fn an_empty_text_leaves_the_bare_sign() {
    let bench = Bench::new();
    let place = json!([{"box": [50, 30, 300, 66], "text": "old"}]);
    let bare = replaced(&bench, sign("Harbour", Weight::Bold), place, &[""])
        .await
        .unwrap();
    assert!(bare.pixels().all(is_blue));
}

#[tokio::test]
async fn the_new_text_has_the_colour_of_the_old_and_stays_in_its_place() {
    let bench = Bench::new();
    for text in ["Rue", "Veuillez conduire lentement, enfants", "请慢行"] {
        let place = json!([[50, 30, 300, 66]]);
        let changed = replaced(&bench, sign("Harbour", Weight::Regular), place, &[text])
            .await
            .unwrap();
        let ink = light(&changed);
        assert!(ink.len() > 300, "{text}: {}", ink.len());
        for (x, y) in &ink {
            assert!(
                (50..350).contains(x) && (30..96).contains(y),
                "{text}: {x},{y}"
            );
        }
        // As large as the old text, or as fits.
        let span = |values: Vec<u32>| values.iter().max().unwrap() - values.iter().min().unwrap();
        let wide = span(ink.iter().map(|place| place.0).collect());
        let high = span(ink.iter().map(|place| place.1).collect());
        assert!(
            wide > 230 || (30..44).contains(&high),
            "{text}: {wide} x {high}"
        );
        for (x, y, pixel) in changed.enumerate_pixels() {
            if !(48..352).contains(&x) || !(28..98).contains(&y) {
                assert!(is_blue(pixel), "{text}: {x},{y}");
            }
        }
    }
}

#[tokio::test]
async fn a_slanted_region_gets_slanted_text() {
    let bench = Bench::new();
    let regions = Regions {
        width: 400,
        height: 120,
        items: vec![Region {
            bounds: [40.0, 10.0, 320.0, 100.0],
            polygon: Some(vec![
                [40.0, 10.0],
                [360.0, 60.0],
                [354.0, 100.0],
                [34.0, 50.0],
            ]),
            ..Region::default()
        }],
    };
    let place = json!(bench.regions(&regions).await);
    let blank = RgbImage::from_pixel(400, 120, Rgb([240; 3]));
    let changed = replaced(&bench, blank, place, &["nnnnnnnnnnnnnnnnnn"])
        .await
        .unwrap();
    let dark: Vec<(u32, u32)> = changed
        .enumerate_pixels()
        .filter(|(_, _, pixel)| pixel.0[0] < 100)
        .map(|(x, y, _)| (x, y))
        .collect();
    let mean = |from: u32, to: u32| {
        let rows: Vec<f64> = dark
            .iter()
            .filter(|(x, _)| (from..to).contains(x))
            .map(|(_, y)| f64::from(*y))
            .collect();
        rows.iter().sum::<f64>() / rows.len() as f64
    };
    let fall = mean(300, 350) - mean(40, 90);
    assert!((34.0..48.0).contains(&fall), "{fall}");
}

#[tokio::test]
async fn weight_and_ink_are_those_of_the_old_text() {
    for weight in [Weight::Regular, Weight::Bold] {
        for text in ["HARBOUR", "slowly"] {
            let layer = image::DynamicImage::from(sign(text, weight)).into_rgba8();
            let region = Region {
                bounds: [50.0, 30.0, 300.0, 66.0],
                ..Region::default()
            };
            let plate = Plate::of(&region, layer.dimensions()).unwrap();
            let surface = Surface::under(&plate, &layer).unwrap();
            let faces = Faces::new().unwrap();
            for known in [Some(text), None] {
                let old = Old {
                    text: known,
                    written: surface.written,
                    thickness: surface.thickness,
                    align: Align::Left,
                };
                let (chosen, wanted) = (faces.like(old, &plate), Typeface::new(weight).unwrap());
                assert_eq!(chosen.width(text), wanted.width(text), "{text}");
            }
            assert!(
                surface.ink.0.iter().all(|value| *value > 245),
                "{:?}",
                surface.ink
            );
        }
    }
}

#[tokio::test]
async fn a_surface_that_changes_evenly_stays_so() {
    let bench = Bench::new();
    let slope = |x: u32, y: u32| Rgb([(x / 2) as u8 + 20, y as u8, 90]);
    let mut picture = RgbImage::from_fn(400, 120, slope);
    for (x, y, pixel) in sign("Harbour", Weight::Bold).enumerate_pixels() {
        if pixel.0[0] > 200 {
            picture.put_pixel(x, y, Rgb([250, 250, 240]));
        }
    }
    let place = json!([[50, 30, 300, 66]]);
    let bare = replaced(&bench, picture, place, &[" "]).await.unwrap();
    for (x, y, pixel) in bare.enumerate_pixels() {
        for (found, wanted) in pixel.0.iter().zip(slope(x, y).0) {
            assert!(found.abs_diff(wanted) <= 10, "{x},{y}: {pixel:?}");
        }
    }
}

#[tokio::test]
async fn what_juts_out_of_the_picture_is_replaced_inside_it() {
    let bench = Bench::new();
    let place = json!([{
        "box": [-60, 30, 300, 66],
        "polygon": [[-60, 30], [240, 30], [240, 96], [-60, 96]],
    }]);
    let changed = replaced(
        &bench,
        sign("Harbour", Weight::Bold),
        place,
        &["Rue du Port"],
    )
    .await;
    let ink = light(&changed.unwrap());
    assert!(ink.len() > 300);
    let of_the_old = ink.iter().filter(|(x, _)| *x > 242).count();
    assert!(of_the_old > 0, "what is beyond the region stays");
}

#[tokio::test]
async fn a_cancelled_call_ends() {
    let bench = Bench::new();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let mut layer = RgbaImage::new(40, 40);
    let region = Region {
        bounds: [1.0, 1.0, 30.0, 20.0],
        ..Region::default()
    };
    let failure = replace(&mut layer, &[region], &["a".to_owned()], None, &cancel).unwrap_err();
    assert_eq!(failure.kind(), ToolErrorKind::Cancelled);
    bench.context().cancellation().cancel();
    let place = json!([[1, 1, 5, 5]]);
    let failure = replaced(&bench, sign("a", Weight::Bold), place, &["b"]).await;
    assert!(failure.is_err());
}

#[tokio::test]
async fn as_many_texts_as_regions_and_regions_anywhere() {
    let bench = Bench::new();
    let failure = replaced(&bench, sign("a", Weight::Bold), json!([[1, 1, 5, 5]]), &[]).await;
    let failure = failure.unwrap_err();
    assert!(
        failure.to_string().contains("0 texts for 1 regions"),
        "{failure}"
    );
    assert!(failure.hint().is_some());
    let places = json!([
        [-50, -50, 1e7, 1e7],
        [1e9, 1e9, 5, 5],
        [10, 10, 0.5, 40],
        {"box": [0, 0, 9, 9], "polygon": [[0, 0], [1e8, 0], [1e8, 1e8], [0, 1e8]]},
        {"box": [0, 0, 9, 9], "polygon": [[5, 5], [5, 5], [5, 5], [5, 5]]},
    ]);
    let texts = ["everywhere", "nowhere", "thin", "huge", "point"];
    let changed = replaced(&bench, sign("a", Weight::Bold), places, &texts)
        .await
        .unwrap();
    assert!(light(&changed).len() > 500);
}

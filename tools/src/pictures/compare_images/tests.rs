//! Changes that were made are found where they were made, and nothing else is.

use image::{Rgb, RgbImage, imageops};

use super::*;
use crate::pictures::testing::{Bench, quarters};

const INK: Rgb<u8> = Rgb([10, 20, 30]);

fn page() -> RgbImage {
    RgbImage::from_pixel(400, 300, Rgb([240; 3]))
}

fn with_patch(mut picture: RgbImage, [x, y, width, height]: [u32; 4]) -> RgbImage {
    let patch = RgbImage::from_pixel(width, height, INK);
    imageops::overlay(&mut picture, &patch, x.into(), y.into());
    picture
}

struct Seen {
    pixels: RgbImage,
    boxes: Vec<[f32; 4]>,
    difference: f64,
}

async fn compared(before: ImageArtifact, after: ImageArtifact, bench: &Bench) -> Seen {
    compared_with(before, after, None, bench).await
}

async fn compared_with(
    before: ImageArtifact,
    after: ImageArtifact,
    tolerance: Option<u8>,
    bench: &Bench,
) -> Seen {
    let input = CompareInput {
        first: before,
        second: after,
        tolerance,
        colour: None,
    };
    let found = CompareImages.call(input, bench.context()).await.unwrap();
    let regions = bench.context().read_regions(&found.regions).await.unwrap();
    let pixels = bench.read(&found.image).await.pixels.to_rgb8();
    assert_eq!((regions.width, regions.height), pixels.dimensions());
    for region in &regions.items {
        assert_eq!(region.label.as_deref(), Some("changed"));
    }
    Seen {
        pixels,
        boxes: regions.items.iter().map(|region| region.bounds).collect(),
        difference: found.difference,
    }
}

#[tokio::test]
async fn changes_are_boxed_exactly_and_outlined_around() {
    let bench = Bench::new();
    let before = bench.picture(page(), PictureFormat::Png).await;
    let changed = with_patch(with_patch(page(), [50, 40, 30, 20]), [300, 200, 1, 1]);
    let after = bench.picture(changed, PictureFormat::Png).await;
    let seen = compared(before, after, &bench).await;
    assert_eq!(
        seen.boxes,
        [[50.0, 40.0, 30.0, 20.0], [300.0, 200.0, 1.0, 1.0]]
    );
    let wanted = 601.0 / (400.0 * 300.0);
    assert!((seen.difference - wanted).abs() < 1e-9);
    assert_eq!(
        *seen.pixels.get_pixel(50, 40),
        INK,
        "the change stays visible"
    );
    assert_eq!(*seen.pixels.get_pixel(79, 59), INK);
    assert_eq!(seen.pixels.get_pixel(45, 50).0, [255, 0, 0]);
    assert_eq!(seen.pixels.get_pixel(150, 150).0, [240; 3]);
}

#[tokio::test]
async fn equal_pictures_do_not_differ() {
    let bench = Bench::new();
    let png = bench.picture(quarters(200, 120), PictureFormat::Png).await;
    let bmp = bench.picture(quarters(200, 120), PictureFormat::Bmp).await;
    let seen = compared(png, bmp, &bench).await;
    assert!(seen.boxes.is_empty());
    assert!(seen.difference.abs() < f64::EPSILON);
    assert_eq!(seen.pixels, quarters(200, 120));
}

#[tokio::test]
async fn compression_is_overlooked_unless_everything_is_asked_for() {
    let bench = Bench::new();
    let sample = image::open(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../samples/screenshot.png"
    ))
    .unwrap();
    let before = bench.picture(sample.clone(), PictureFormat::Png).await;
    let changed = with_patch(sample.to_rgb8(), [100, 100, 80, 20]);
    let after = bench.picture(changed, PictureFormat::Jpeg).await;
    let seen = compared(before.clone(), after.clone(), &bench).await;
    assert_eq!(seen.boxes.len(), 1, "{:?}", seen.boxes);
    let [x, y, width, height] = seen.boxes[0];
    assert!(
        (95.0..=101.0).contains(&x) && (95.0..=101.0).contains(&y),
        "{:?}",
        seen.boxes
    );
    assert!(
        (78.0..=88.0).contains(&width) && (19.0..=30.0).contains(&height),
        "{:?}",
        seen.boxes
    );
    let all = compared_with(before, after, Some(0), &bench).await;
    assert!(all.difference > 2.0 * seen.difference);
}

#[test]
fn a_change_of_hue_alone_counts_and_zero_finds_everything() {
    let red = Rgb([200, 0, 0]);
    assert!(differ(&red, &Rgb([0, 100, 0]), 32));
    assert!(!differ(&red, &Rgb([190, 8, 8]), 32));
    for channel in 0..3 {
        let mut other = red;
        other.0[channel] += 1;
        assert!(differ(&red, &other, 0));
    }
    assert!(!differ(&red, &red, 0));
}

#[tokio::test]
async fn changes_close_to_each_other_are_one() {
    let bench = Bench::new();
    let before = bench.picture(page(), PictureFormat::Png).await;
    let words = (0..6).fold(page(), |picture, word| {
        with_patch(picture, [40 + word * 20, 100, 14, 10])
    });
    let after = bench.picture(words, PictureFormat::Png).await;
    let seen = compared(before, after, &bench).await;
    assert_eq!(seen.boxes, [[40.0, 100.0, 114.0, 10.0]]);
}

#[tokio::test]
async fn what_only_one_picture_has_is_changed() {
    let bench = Bench::new();
    let small = RgbImage::from_pixel(400, 200, Rgb([240; 3]));
    for turned in [false, true] {
        let mut pair = [
            bench.picture(page(), PictureFormat::Png).await,
            bench.picture(small.clone(), PictureFormat::Png).await,
        ];
        if turned {
            pair.reverse();
        }
        let [before, after] = pair;
        let seen = compared(before, after, &bench).await;
        assert_eq!(seen.pixels.dimensions(), (400, 300));
        assert_eq!(seen.boxes, [[0.0, 200.0, 400.0, 100.0]]);
        assert!((seen.difference - 1.0 / 3.0).abs() < 1e-6);
    }
}

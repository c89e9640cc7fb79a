//! Every picture is on the sheet, in its place, with its caption.

use image::{Rgb, RgbImage};
use medley_orchestrator::{Facts, ToolErrorKind};

use super::*;
use crate::pictures::testing::Bench;

const COLOURS: [[u8; 3]; 5] = [
    [200, 0, 0],
    [0, 160, 0],
    [0, 0, 220],
    [90, 90, 0],
    [0, 120, 120],
];

/// Pictures of one colour each, wide and high in turn.
async fn pictures(bench: &Bench, count: usize) -> Vec<ImageArtifact> {
    let mut images = Vec::new();
    for number in 0..count {
        let (width, height) = if number % 2 == 0 {
            (300, 150)
        } else {
            (150, 300)
        };
        let pixels = RgbImage::from_pixel(width, height, Rgb(COLOURS[number % COLOURS.len()]));
        images.push(bench.picture(pixels, PictureFormat::Png).await);
    }
    images
}

fn input(images: Vec<ImageArtifact>) -> SheetInput {
    SheetInput {
        images,
        captions: None,
        columns: None,
        cell: Some(100),
        background: None,
    }
}

fn captions(texts: &[&str]) -> Option<Vec<String>> {
    Some(texts.iter().map(|&text| text.to_owned()).collect())
}

async fn sheet(bench: &Bench, input: SheetInput) -> RgbImage {
    let made = ContactSheet.call(input, bench.context()).await.unwrap();
    assert_eq!(made.image.mime, "image/png");
    bench.read(&made.image).await.pixels.to_rgb8()
}

/// Pixels that are darker than the white around them.
fn ink(pixels: &RgbImage, top: u32, bottom: u32, left: u32, right: u32) -> usize {
    let places = (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
    places
        .filter(|(x, y)| pixels.get_pixel(*x, *y).0.iter().all(|value| *value < 128))
        .count()
}

#[tokio::test]
async fn pictures_stand_in_rows_each_in_its_cell() {
    let bench = Bench::new();
    let pixels = sheet(&bench, input(pictures(&bench, 5).await)).await;
    // Three columns and two rows of 100 pixels with 6 between.
    assert_eq!(pixels.dimensions(), (3 * 106 + 6, 2 * 106 + 6));
    for (number, colour) in COLOURS.iter().enumerate() {
        let (column, row) = (number as u32 % 3, number as u32 / 3);
        let centre = (6 + column * 106 + 50, 6 + row * 106 + 50);
        assert_eq!(pixels.get_pixel(centre.0, centre.1).0, *colour, "{number}");
        let corner = pixels.get_pixel(centre.0 - 48, centre.1 - 48).0;
        assert_eq!(corner, [255; 3], "{number}: not square");
    }
    assert_eq!(
        pixels.get_pixel(270, 160).0,
        [255; 3],
        "the last cell is empty"
    );
}

#[tokio::test]
async fn rows_are_as_high_as_their_pictures() {
    let bench = Bench::new();
    let mut images = pictures(&bench, 3).await;
    for image in &mut images {
        // All but the second are twice as wide as high.
        image.0.facts = Facts::picture(300, 150);
    }
    images[1].0.facts = Facts::picture(150, 300);
    let given = SheetInput {
        columns: Some(2),
        ..input(images)
    };
    let pixels = sheet(&bench, given).await;
    assert_eq!(pixels.dimensions(), (2 * 106 + 6, 6 + 106 + 56));
    assert_eq!(pixels.get_pixel(10, 115).0, COLOURS[2]);
    assert_eq!(pixels.get_pixel(10, 160).0, COLOURS[2]);
}

#[tokio::test]
async fn captions_are_written_below_and_stay_in_their_columns() {
    let bench = Bench::new();
    let long = "a very long caption that goes on and on and needs many more lines than there are";
    let given = SheetInput {
        captions: captions(&["Harbour", "出口在左边", long, ""]),
        columns: Some(4),
        ..input(pictures(&bench, 4).await)
    };
    let pixels = sheet(&bench, given).await;
    let (top, bottom) = (107, pixels.height());
    assert_eq!(pixels.height(), 6 + 106 + 25);
    for (column, least) in [(0, 60), (1, 60), (2, 150)] {
        let left = 6 + column * 106;
        let found = ink(&pixels, top, bottom, left, left + 100);
        assert!(found >= least, "{column}: {found}");
        assert_eq!(
            ink(&pixels, top, bottom, left + 100, left + 106),
            0,
            "{column}"
        );
    }
    assert_eq!(
        ink(&pixels, top, bottom, 324, pixels.width()),
        0,
        "no caption"
    );
}

#[tokio::test]
async fn letters_can_be_read_on_a_dark_sheet_and_small_pictures_are_not_enlarged() {
    let bench = Bench::new();
    let tiny = RgbImage::from_pixel(10, 10, Rgb([200, 0, 0]));
    let given = SheetInput {
        captions: captions(&["Exit"]),
        background: "#101010".parse().ok(),
        ..input(vec![bench.picture(tiny, PictureFormat::Jpeg).await])
    };
    let pixels = sheet(&bench, given).await;
    let red = pixels
        .pixels()
        .filter(|pixel| pixel.0[0] > 100 && pixel.0[1] < 60);
    assert_eq!(red.count(), 100);
    let light = pixels
        .pixels()
        .filter(|pixel| pixel.0.iter().all(|value| *value > 128));
    assert!(light.count() > 15);
}

#[tokio::test]
async fn wrong_numbers_and_sizes_are_refused() {
    let bench = Bench::new();
    let images = pictures(&bench, 2).await;
    let fails = async |input| ContactSheet.call(input, bench.context()).await.unwrap_err();
    let failure = fails(input(Vec::new())).await;
    assert_eq!(failure.code(), "bad_argument");
    let failure = fails(SheetInput {
        captions: captions(&["one"]),
        ..input(images.clone())
    })
    .await;
    assert!(
        failure.to_string().contains("1 captions for 2 pictures"),
        "{failure}"
    );
    assert!(failure.hint().is_some());
    let many = std::iter::repeat_n(images[0].clone(), 40).collect();
    let failure = fails(SheetInput {
        cell: Some(2000),
        ..input(many)
    })
    .await;
    assert!(failure.to_string().contains("pixels"), "{failure}");
    bench.context().cancellation().cancel();
    let failure = fails(input(images)).await;
    assert_eq!(failure.kind(), ToolErrorKind::Cancelled);
}

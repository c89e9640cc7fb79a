//! The whole pipeline on real pictures.

use std::path::Path;

use image::{Rgb, RgbImage, imageops};
use tokio_util::sync::CancellationToken;

use super::turning::Turn;
use super::{PpOcr, TextLine};
use crate::ModelError;
use crate::sessions::tests::models;

const SIGN: [&str; 4] = [
    "HARBOUR STREET",
    "OLD TOWN",
    "Please drive slowly",
    "Children playing",
];

fn reader() -> PpOcr {
    let cancel = CancellationToken::new();
    let models = models();
    let asset = models.assets().ensure("pp-ocr", &cancel).unwrap();
    let files = ["detection", "orientation", "recognition"].map(|name| asset.file(name).unwrap());
    let sessions = models.sessions(&cancel).unwrap();
    let [detection, orientation, recognition] = sessions
        .open_all(files.each_ref().map(|path| path.as_path()))
        .unwrap();
    PpOcr::new(detection, orientation, recognition).unwrap()
}

fn sample(name: &str) -> RgbImage {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../samples")
        .join(name);
    image::open(path).unwrap().into_rgb8()
}

fn read(reader: &PpOcr, picture: &RgbImage) -> Vec<TextLine> {
    reader.read(picture, &CancellationToken::new()).unwrap()
}

fn texts(lines: &[TextLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn a_sign_is_read_whichever_way_it_is_turned() {
    let reader = reader();
    let picture = sample("sign.png");
    let upright = read(&reader, &picture);
    assert_eq!(texts(&upright), SIGN);
    assert!(upright.iter().all(|line| line.score > 0.9));
    // The first corner of "HARBOUR STREET" as it was drawn, give or take the margin of the box.
    let [x, y] = upright[0].polygon[0];
    assert!(
        (x - 226.0).abs() < 15.0 && (y - 171.0).abs() < 15.0,
        "{x}, {y}"
    );

    let (width, height) = picture.dimensions();
    for turn in [Turn::Clockwise, Turn::Half, Turn::Counterclockwise] {
        let turned = read(&reader, &turn.apply(&picture));
        assert_eq!(texts(&turned), SIGN, "{turn:?}");
        for (line, turned) in upright.iter().zip(&turned) {
            let back = turn.undo(turned.polygon, width, height);
            for (a, b) in line.polygon.iter().zip(&back) {
                assert!(
                    (a[0] - b[0]).hypot(a[1] - b[1]) < 1.0,
                    "{turn:?}: {a:?} {b:?}"
                );
            }
        }
    }
}

#[test]
fn dark_small_and_wide_signs_say_the_same() {
    let reader = reader();
    let sign = sample("sign.png");
    let mut dark = sign.clone();
    dark.iter_mut().for_each(|value| *value /= 12);
    assert_eq!(texts(&read(&reader, &dark)), SIGN);
    let small = imageops::resize(&sign, 360, 240, imageops::FilterType::Triangle);
    assert_eq!(texts(&read(&reader, &small)), SIGN);
    let mut wide = RgbImage::from_pixel(5000, 720, Rgb([200; 3]));
    imageops::replace(&mut wide, &sign, 3000, 0);
    assert_eq!(texts(&read(&reader, &wide)), SIGN);
}

#[test]
fn chinese_is_read() {
    let lines = read(&reader(), &sample("poster_zh.png"));
    assert!(texts(&lines).contains(&"中秋灯会"), "{:?}", texts(&lines));
}

#[test]
fn pictures_without_text_have_no_lines() {
    let reader = reader();
    for (width, height) in [(0, 0), (1, 1), (1, 500), (5000, 1), (64, 64)] {
        let picture = RgbImage::from_pixel(width, height, Rgb([90, 120, 150]));
        assert_eq!(read(&reader, &picture), [], "{width} x {height}");
    }
}

#[test]
fn a_cancelled_reading_ends_early() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let result = reader().read(&sample("sign.png"), &cancel);
    assert!(
        matches!(result, Err(ModelError::InferenceCancelled)),
        "{result:?}"
    );
}

//! Codes are read back by a reader that shares no code with the writer.

use std::sync::Arc;

use image::GrayImage;
use medley_models::processing::picture::{Limits, decode};
use medley_orchestrator::{DiskStore, ToolErrorKind};
use rqrr::PreparedImage;
use tokio_util::sync::CancellationToken;

use super::*;

fn context(folder: &tempfile::TempDir) -> CallContext {
    let store = Arc::new(DiskStore::new(folder.path()));
    CallContext::new(store, CancellationToken::new(), Arc::new(|_| ()))
}

async fn drawn(input: Input) -> GrayImage {
    let folder = tempfile::tempdir().unwrap();
    let context = context(&folder);
    let image = QrCode.call(input, &context).await.unwrap().image;
    let content = context.read(&image).await.unwrap();
    let picture = decode(&content, &Limits::default()).unwrap();
    assert_eq!(
        (&*image.mime, image.facts.width, picture.format),
        ("image/png", Some(picture.width()), PictureFormat::Png)
    );
    picture.pixels.to_luma8()
}

/// What a reader that shares no code with the writer finds in the picture.
fn read(pixels: &GrayImage) -> String {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let mut seen = PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        pixels.get_pixel(x as u32, y as u32).0[0]
    });
    let grids = seen.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

fn input(text: &str) -> Input {
    Input {
        text: text.to_owned(),
        ..Input::default()
    }
}

#[tokio::test]
async fn what_is_written_can_be_read() {
    for text in [
        "https://example.org/path?query=value&more=1#part",
        "出口在左边，请慢行。",
        "Grüße aus Zürich 🚲",
        "0123456789",
        "HELLO WORLD 42",
        "x",
        "WIFI:T:WPA;S:Harbour;P:mind the gap;;",
    ] {
        let pixels = drawn(input(text)).await;
        assert_eq!(pixels.dimensions(), (512, 512));
        assert_eq!(read(&pixels), text);
    }
}

#[tokio::test]
async fn every_error_correction_holds_its_longest_text_and_names_its_limit() {
    use ErrorCorrection::{High, Low, Medium, Quartile};
    for (error_correction, limit) in [(Low, 2953), (Medium, 2331), (Quartile, 1663), (High, 1273)] {
        let of_length = |length: usize| Input {
            text: "e".repeat(length),
            error_correction,
            ..Input::default()
        };
        let pixels = drawn(of_length(limit)).await;
        assert_eq!(pixels.width(), (177 + 8) * 4);
        assert_eq!(read(&pixels).len(), limit);
        let folder = tempfile::tempdir().unwrap();
        let failure = QrCode.call(of_length(limit + 1), &context(&folder)).await;
        let failure = failure.unwrap_err();
        assert_eq!(failure.code(), "text_too_long");
        let told = failure.to_string();
        assert!(told.contains(&limit.to_string()), "{told}");
        assert!(failure.hint().is_some());
    }
}

#[test]
fn limits_are_those_of_the_text_at_hand() {
    let low = ErrorCorrection::Low;
    for (text, unit) in [
        ("7", "digits"),
        ("A", "characters"),
        ("é", "bytes of UTF-8"),
    ] {
        let (limit, counted) = low.room_for(text);
        assert_eq!(counted, unit);
        let fitting = limit / text.len();
        assert!(modules(&text.repeat(fitting), low).is_ok(), "{text}");
        assert!(modules(&text.repeat(fitting + 1), low).is_err(), "{text}");
    }
}

#[tokio::test]
async fn the_side_is_as_asked_and_never_too_small() {
    for side in [33, 100, 777] {
        let asked = Input {
            size: Some(side),
            ..input("https://a.b")
        };
        let pixels = drawn(asked).await;
        assert_eq!(pixels.dimensions(), (side, side));
        assert_eq!(read(&pixels), "https://a.b");
        assert_eq!(pixels.get_pixel(2, 2).0[0], 255, "the quiet zone");
    }
    let folder = tempfile::tempdir().unwrap();
    let tiny = Input {
        size: Some(40),
        ..input(&"long ".repeat(40))
    };
    let failure = QrCode.call(tiny, &context(&folder)).await.unwrap_err();
    assert_eq!(failure.code(), "bad_argument");
    assert!(failure.hint().is_some());
}

#[tokio::test]
async fn nothing_to_write_and_a_cancelled_call_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(&folder);
    let failure = QrCode.call(input(""), &context).await.unwrap_err();
    assert_eq!(failure.code(), "bad_argument");
    context.cancellation().cancel();
    let failure = QrCode.call(input("x"), &context).await.unwrap_err();
    assert_eq!(failure.kind(), ToolErrorKind::Cancelled);
}

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

use super::*;

fn picture(format: ImageFormat) -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    DynamicImage::from(RgbImage::new(30, 20))
        .write_to(&mut content, format)
        .unwrap();
    content.into_inner()
}

fn sound(seconds: u32) -> Vec<u8> {
    let mut content = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 2,
        sample_rate: 8000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut content, spec).unwrap();
    for _ in 0..seconds * 8000 * 2 {
        writer.write_sample(0_i16).unwrap();
    }
    writer.finalize().unwrap();
    content.into_inner()
}

fn probe(name: &str, content: &[u8]) -> Probed {
    MediaProbe::default().probe(name, content).unwrap()
}

fn refused(name: &str, content: &[u8]) -> ProbeError {
    let error = MediaProbe::default().probe(name, content).unwrap_err();
    assert!(!error.hint.is_empty());
    error
}

#[test]
fn pictures_are_known_by_their_content_and_measured() {
    for (format, mime) in [
        (ImageFormat::Png, "image/png"),
        (ImageFormat::Jpeg, "image/jpeg"),
        (ImageFormat::Gif, "image/gif"),
        (ImageFormat::WebP, "image/webp"),
        (ImageFormat::Bmp, "image/bmp"),
        (ImageFormat::Tiff, "image/tiff"),
    ] {
        for name in ["photo.png", "photo.txt", "photo", "", "\u{202e}gnp.\n"] {
            let probed = probe(name, &picture(format));
            assert_eq!((probed.kind, probed.mime.as_str()), (Kind::Image, mime));
            assert_eq!(probed.facts, Facts::picture(30, 20));
        }
    }
}

#[test]
fn sound_has_a_duration_and_a_rate() {
    let probed = probe("speech.wav", &sound(3));
    assert_eq!(
        (probed.kind, probed.mime.as_str()),
        (Kind::Audio, "audio/wav")
    );
    assert_eq!(probed.facts, Facts::sound(3.0, 8000, 2));
    let mut piped = sound(1);
    let data = piped.windows(4).position(|four| four == b"data").unwrap();
    piped[data + 4..data + 8].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let duration = probe("piped.wav", &piped).facts.duration_s.unwrap();
    assert!((duration - 1.0).abs() < 0.01, "{duration}");
    assert_eq!(refused("cut.wav", &sound(1)[..20]).code, "damaged_sound");
    let tagged = [b"ID3\x04\0\0\0\0\0\0".as_slice(), &[0xff, 0xfb, 0x90, 0]].concat();
    assert_eq!(probe("song.mp3", &tagged).mime, "audio/mpeg");
}

#[test]
fn video_is_known() {
    let mp4 = b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41\0\0\0\x08free";
    assert_eq!(probe("clip", mp4).kind, Kind::Video);
    let mut webm = b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm".to_vec();
    webm.resize(400, 0);
    assert_eq!(probe("clip.webm", &webm).kind, Kind::Video);
}

#[test]
fn text_is_text_and_its_name_says_which() {
    for (name, content, kind, mime) in [
        ("notes.txt", "hello", Kind::Text, "text/plain"),
        ("notes", "你好，世界", Kind::Text, "text/plain"),
        ("bom.txt", "\u{feff}hello", Kind::Text, "text/plain"),
        ("readme.md", "# Hello", Kind::Text, "text/markdown"),
        ("a.json", r#"{"a": [1, 2]}"#, Kind::Json, "application/json"),
        ("a.json", r#"{"a": [1, 2"#, Kind::Text, "text/plain"),
        ("a.csv", "a,b\n1,2\n", Kind::Table, "text/csv"),
        ("car.txt", "BMW is a car", Kind::Text, "text/plain"),
        ("tags.txt", "ID3 tags are old", Kind::Text, "text/plain"),
        (
            "run.sh",
            "#!/bin/sh\necho hello\n",
            Kind::Text,
            "text/plain",
        ),
    ] {
        let probed = probe(name, content.as_bytes());
        assert_eq!((probed.kind, probed.mime.as_str()), (kind, mime), "{name}");
    }
}

#[test]
fn other_bytes_are_a_file() {
    assert_eq!(
        probe("a.bin", &[0, 1, 2, 3]).mime,
        "application/octet-stream"
    );
    assert_eq!(probe("a.txt", &[0xff, 0xfe, b'h', 0]).kind, Kind::File);
    let pdf = probe("paper.pdf", b"%PDF-1.7\n1 0 obj\n");
    assert_eq!(
        (pdf.kind, pdf.mime.as_str()),
        (Kind::File, "application/pdf")
    );
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(refused("a.png", b"").code, "empty_file");
    assert_eq!(refused("", b"").message, "the file is empty");
}

#[test]
fn a_name_that_promises_a_picture_must_keep_it() {
    let error = refused("sign.png", b"just some words");
    assert_eq!(error.code, "not_what_it_is_named");
    assert_eq!(
        error.message,
        "`sign.png` is named like a picture but holds text"
    );
    assert!(
        error.hint.contains("rename it to end in .txt"),
        "{}",
        error.hint
    );
    for name in ["a.JPG", "dir/b.jpeg", "c.webp", "d.heic"] {
        assert_eq!(refused(name, &[7, 0, 3, 1]).code, "not_what_it_is_named");
    }
    assert_eq!(
        refused("talk.wav", b"hello there").code,
        "not_what_it_is_named"
    );
    assert_eq!(
        refused("talk.mp4", b"hello there").code,
        "not_what_it_is_named"
    );
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    assert_eq!(refused("photo.heic", heic).code, "unsupported_picture");
}

#[test]
fn damaged_cut_and_huge_pictures_are_refused_by_their_header() {
    let png = picture(ImageFormat::Png);
    assert_eq!(refused("a.png", &png[..20]).code, "truncated_picture");
    assert_eq!(
        refused("a.png", &png[..png.len() - 20]).code,
        "truncated_picture"
    );
    let jpeg = picture(ImageFormat::Jpeg);
    let error = refused("a.jpg", &jpeg[..jpeg.len() / 2]);
    assert!(
        error.message.starts_with("`a.jpg`: the JPEG file is"),
        "{}",
        error.message
    );
    let mut damaged = png.clone();
    damaged[17] ^= 0x55;
    assert_eq!(refused("a.png", &damaged).code, "damaged_picture");
    let limits = Limits {
        pixels: 100,
        ..Limits::default()
    };
    let error = MediaProbe::new(limits).probe("a.png", &png).unwrap_err();
    assert_eq!(error.code, "picture_too_large");
}

#[test]
fn any_name_can_be_shown() {
    for name in [
        "a\u{0}b\n.png",
        "\u{1b}[31mred.png",
        &format!("{}.png", "长".repeat(500)),
    ] {
        let error = refused(name, b"text");
        assert!(!error.message.chars().any(char::is_control));
        assert!(error.message.chars().count() < 200);
    }
}

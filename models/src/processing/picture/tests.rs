use std::io::Cursor;

use image::{
    DynamicImage, Frame, GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba,
    RgbaImage, codecs::gif::GifEncoder,
};

use super::*;

const CMYK: &[u8] = include_bytes!("fixtures/cmyk.jpg");
const PROGRESSIVE: &[u8] = include_bytes!("fixtures/progressive.jpg");
const PALETTE: &[u8] = include_bytes!("fixtures/palette.png");
const ONE_BIT: &[u8] = include_bytes!("fixtures/one_bit.png");
const ANIMATED_WEBP: &[u8] = include_bytes!("fixtures/animated.webp");
const LOSSY_WEBP: &[u8] = include_bytes!("fixtures/lossy.webp");

/// Four quarters of different colours, so that no two orientations look the same.
fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        match (x < width / 2, y < height / 2) {
            (true, true) => Rgb([220, 30, 30]),
            (false, true) => Rgb([30, 200, 30]),
            (true, false) => Rgb([30, 30, 210]),
            (false, false) => Rgb([230, 220, 40]),
        }
    })
}

fn written(pixels: impl Into<DynamicImage>, format: PictureFormat) -> Vec<u8> {
    let picture = Picture::new(pixels.into(), format);
    encode(&picture, format, Quality::default()).unwrap()
}

fn read(content: &[u8]) -> Picture {
    decode(content, &Limits::default()).unwrap()
}

fn close(one: [u8; 3], other: [u8; 3], tolerance: u8) -> bool {
    one.iter()
        .zip(other)
        .all(|(a, b)| a.abs_diff(b) <= tolerance)
}

/// Puts an EXIF segment that holds nothing but an orientation behind the first marker of a JPEG.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let mut content = vec![0xff, 0xd8, 0xff, 0xe1];
    content.extend(length);
    content.extend(exif);
    content.extend(&jpeg[2..]);
    content
}

#[test]
fn all_eight_orientations_give_the_same_upright_picture() {
    let upright: DynamicImage = quarters(64, 32).into();
    // How a camera stores the upright picture under each orientation (EXIF 3.0, 4.6.5.1.6).
    let stored = [
        upright.clone(),
        upright.fliph(),
        upright.rotate180(),
        upright.flipv(),
        upright.rotate90().fliph(),
        upright.rotate270(),
        upright.rotate270().fliph(),
        upright.rotate90(),
    ];
    for (orientation, stored) in (1..).zip(stored) {
        let content = with_orientation(&written(stored, PictureFormat::Jpeg), orientation);
        let picture = read(&content);
        assert_eq!((picture.width(), picture.height()), (64, 32));
        let measured = measure(&content, &Limits::default()).unwrap();
        assert_eq!((measured.width, measured.height), (64, 32));
        let pixels = picture.pixels.to_rgb8();
        for (x, y) in [(4, 4), (60, 4), (4, 28), (60, 28)] {
            let wanted = quarters(64, 32).get_pixel(x, y).0;
            let got = pixels.get_pixel(x, y).0;
            assert!(
                close(got, wanted, 12),
                "orientation {orientation} at {x},{y}: {got:?} is not {wanted:?}"
            );
        }
        let again = encode(&picture, PictureFormat::Jpeg, Quality::default()).unwrap();
        let rewritten = read(&again);
        assert_eq!((rewritten.width(), rewritten.height()), (64, 32));
    }
}

#[test]
fn what_is_written_lossless_is_read_the_same() {
    let rgb = quarters(16, 10);
    let rgba = RgbaImage::from_fn(16, 10, |x, y| Rgba([x as u8 * 9, y as u8 * 20, 77, 128]));
    for format in PictureFormat::ALL
        .into_iter()
        .filter(|each| each.is_lossless())
    {
        let content = written(rgb.clone(), format);
        assert_eq!(sniff(&content), Some(Sniffed::Readable(format)));
        assert_eq!(read(&content).pixels.to_rgb8(), rgb, "{format}");
        let content = written(rgba.clone(), format);
        assert_eq!(read(&content).pixels.to_rgba8(), rgba, "{format}");
    }
}

#[test]
fn every_kind_of_pixel_can_be_written_in_every_format() {
    let kinds: Vec<DynamicImage> = vec![
        GrayImage::from_pixel(8, 8, Luma([90])).into(),
        GrayAlphaImage::from_pixel(8, 8, LumaA([90, 200])).into(),
        quarters(8, 8).into(),
        RgbaImage::from_pixel(8, 8, Rgba([10, 20, 30, 40])).into(),
        ImageBuffer::from_pixel(8, 8, Luma([30_000_u16])).into(),
        ImageBuffer::from_pixel(8, 8, LumaA([30_000_u16, 40_000])).into(),
        ImageBuffer::from_pixel(8, 8, Rgb([1_u16, 2, 60_000])).into(),
        ImageBuffer::from_pixel(8, 8, Rgba([1_u16, 2, 3, 60_000])).into(),
    ];
    for format in PictureFormat::ALL {
        for pixels in &kinds {
            let content = written(pixels.clone(), format);
            let picture = read(&content);
            assert_eq!(picture.format, format);
            assert_eq!((picture.width(), picture.height()), (8, 8), "{format}");
        }
    }
}

#[test]
fn sixteen_bits_survive_where_the_format_has_them() {
    let deep: DynamicImage = ImageBuffer::from_pixel(3, 3, Rgb([1_u16, 300, 60_001])).into();
    for format in [PictureFormat::Png, PictureFormat::Tiff] {
        assert_eq!(
            read(&written(deep.clone(), format)).pixels,
            deep,
            "{format}"
        );
    }
}

#[test]
fn unusual_inputs_have_the_right_colours() {
    for content in [CMYK, PROGRESSIVE] {
        let pixels = read(content).pixels.to_rgb8();
        assert!(close(pixels.get_pixel(6, 16).0, [200, 40, 40], 10));
        assert!(close(pixels.get_pixel(42, 16).0, [40, 80, 200], 10));
    }
    let palette = read(PALETTE).pixels.to_rgba8();
    assert_eq!(palette.get_pixel(0, 0).0, [200, 40, 40, 255]);
    assert_eq!(palette.get_pixel(1, 0).0, [40, 80, 200, 255]);
    assert_eq!(
        palette.get_pixel(2, 0).0[3],
        0,
        "the third entry is transparent"
    );
    let bits = read(ONE_BIT).pixels.to_luma8();
    assert_eq!(
        (bits.get_pixel(8, 1).0, bits.get_pixel(0, 0).0),
        ([255], [0])
    );
    let webp = read(LOSSY_WEBP).pixels.to_rgb8();
    assert!(close(webp.get_pixel(3, 2).0, [200, 40, 40], 10));
}

#[test]
fn of_an_animation_the_first_frame_is_taken() {
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    for colour in [[250, 0, 0, 255], [0, 0, 250, 255]] {
        let frame = Frame::new(RgbaImage::from_pixel(6, 4, Rgba(colour)));
        encoder.encode_frame(frame).unwrap();
    }
    drop(encoder);
    assert!(close(
        read(&gif).pixels.to_rgb8().get_pixel(2, 2).0,
        [250, 0, 0],
        8
    ));
    let webp = read(ANIMATED_WEBP).pixels.to_rgb8();
    assert!(close(webp.get_pixel(2, 2).0, [200, 40, 40], 4));
}

#[test]
fn transparency_is_white_in_jpeg() {
    let pixels = RgbaImage::from_fn(16, 16, |x, _| {
        Rgba(if x < 8 {
            [0, 0, 0, 0]
        } else {
            [255, 0, 0, 255]
        })
    });
    let flat = read(&written(pixels, PictureFormat::Jpeg)).pixels.to_rgb8();
    assert!(close(flat.get_pixel(2, 8).0, [255, 255, 255], 6));
    assert!(close(flat.get_pixel(14, 8).0, [255, 0, 0], 8));
    let half: DynamicImage = RgbaImage::from_pixel(1, 1, Rgba([0, 0, 0, 128])).into();
    let picture = Picture::new(half, PictureFormat::Png);
    assert!(picture.is_transparent());
    assert_eq!(picture.on_white().get_pixel(0, 0).0, [127; 3]);
}

#[test]
fn a_file_that_was_cut_is_an_error_in_every_format() {
    let noisy = RgbImage::from_fn(64, 48, |x, y| {
        let value = x.wrapping_mul(7919).wrapping_add(y.wrapping_mul(104_729));
        Rgb([value as u8, (value >> 3) as u8, (value >> 5) as u8])
    });
    let mut files: Vec<_> = PictureFormat::ALL
        .into_iter()
        .map(|format| (format.name(), written(noisy.clone(), format)))
        .collect();
    files.push(("progressive JPEG", PROGRESSIVE.to_vec()));
    files.push(("CMYK JPEG", CMYK.to_vec()));
    files.push(("lossy WebP", LOSSY_WEBP.to_vec()));
    for (name, content) in files {
        assert!(decode(&content, &Limits::default()).is_ok(), "{name}");
        for tenths in 1..10 {
            let cut = &content[..content.len() * tenths / 10];
            let failure = decode(cut, &Limits::default());
            let failure = failure.expect_err(&format!("{name}, cut at {tenths} tenths"));
            assert!(!failure.hint().is_empty());
        }
    }
}

#[test]
fn a_cut_jpeg_or_png_says_so_already_at_the_header() {
    for format in [PictureFormat::Jpeg, PictureFormat::Png] {
        let content = written(quarters(64, 64), format);
        let cut = &content[..content.len() - 20];
        for failure in [
            measure(cut, &Limits::default()).unwrap_err(),
            decode(cut, &Limits::default()).unwrap_err(),
        ] {
            assert!(
                matches!(failure, PictureError::Truncated { .. }),
                "{failure:?}"
            );
            assert_eq!(failure.code(), "truncated_picture");
        }
    }
}

#[test]
fn a_preview_inside_a_jpeg_is_not_its_end() {
    let jpeg = written(quarters(64, 64), PictureFormat::Jpeg);
    let preview = written(quarters(8, 8), PictureFormat::Jpeg);
    let mut content = vec![0xff, 0xd8, 0xff, 0xe2];
    content.extend(u16::try_from(preview.len() + 2).unwrap().to_be_bytes());
    content.extend(&preview);
    content.extend(&jpeg[2..]);
    assert!(decode(&content, &Limits::default()).is_ok());
    content.truncate(content.len() - 40);
    assert!(matches!(
        decode(&content, &Limits::default()),
        Err(PictureError::Truncated { .. })
    ));
}

#[test]
fn a_huge_header_is_refused_before_memory_is_taken() {
    // 60,000 x 60,000 pixels are 14 GB; a decoder that took them would not come back here in time, or at all.
    let mut png = written(quarters(2, 2), PictureFormat::Png);
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let checksum = crc32(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&checksum);
    let mut jpeg = written(quarters(16, 16), PictureFormat::Jpeg);
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    let mut bmp = written(quarters(2, 2), PictureFormat::Bmp);
    bmp[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    bmp[22..26].copy_from_slice(&60_000_u32.to_le_bytes());
    let mut gif = written(quarters(2, 2), PictureFormat::Gif);
    gif[6..10].copy_from_slice(&[0x60, 0xea, 0x60, 0xea]);
    for content in [png, jpeg, bmp, gif] {
        for failure in [
            decode(&content, &Limits::default()).unwrap_err(),
            measure(&content, &Limits::default()).unwrap_err(),
        ] {
            assert_eq!(failure.code(), "picture_too_large", "{failure:?}");
            assert!(failure.to_string().contains("60000 x 60000"), "{failure}");
        }
    }
    let small = written(quarters(20, 20), PictureFormat::Png);
    let tight = Limits {
        memory: 1000,
        ..Limits::default()
    };
    assert!(matches!(
        decode(&small, &tight),
        Err(PictureError::TooMuchMemory { .. })
    ));
}

fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |mut crc, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

#[test]
fn one_pixel_is_a_picture() {
    for format in PictureFormat::ALL {
        let picture = read(&written(RgbImage::from_pixel(1, 1, Rgb([9, 8, 7])), format));
        assert_eq!((picture.width(), picture.height()), (1, 1), "{format}");
    }
}

#[test]
fn words_that_begin_like_a_picture_are_no_picture() {
    for text in [
        "BMW is a car, and this is a sentence of some length about it",
        "P5 is the fifth page of the plan",
        "P7 comes after P6",
        "qoif is not a word, is it",
        "GIF",
        "hello",
    ] {
        assert!(matches!(
            decode(text.as_bytes(), &Limits::default()),
            Err(PictureError::NotAPicture)
        ));
    }
    assert!(matches!(
        decode(b"", &Limits::default()),
        Err(PictureError::Empty)
    ));
    let photo = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
    assert!(matches!(
        decode(photo, &Limits::default()),
        Err(PictureError::Unreadable("HEIC"))
    ));
}

#[test]
fn noise_behind_a_signature_is_damage_and_no_panic() {
    for format in PictureFormat::ALL {
        let mut content = written(quarters(24, 24), format);
        let (start, end) = (content.len() / 3, content.len() * 2 / 3);
        for (index, byte) in content[start..end].iter_mut().enumerate() {
            *byte = (index * 151 % 256) as u8;
        }
        // Damage in plain pixels cannot be told from a picture; what matters is that it ends.
        let _ = decode(&content, &Limits::default());
        content.truncate(12);
        assert!(decode(&content, &Limits::default()).is_err(), "{format}");
    }
}

#[test]
fn a_format_without_room_says_so() {
    let wide = Picture::new(GrayImage::new(20_000, 1).into(), PictureFormat::Png);
    for format in [PictureFormat::WebP, PictureFormat::Ico] {
        let failure = encode(&wide, format, Quality::default()).unwrap_err();
        assert_eq!(failure.code(), "too_large_for_format");
    }
}

#[test]
fn a_colour_profile_passes_and_a_foreign_one_does_not() {
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    let picture = Picture {
        profile: Some(profile.clone()),
        ..Picture::new(quarters(8, 8).into(), PictureFormat::Png)
    };
    for format in [PictureFormat::Png, PictureFormat::Jpeg, PictureFormat::WebP] {
        let content = encode(&picture, format, Quality::default()).unwrap();
        assert_eq!(read(&content).profile.as_ref(), Some(&profile), "{format}");
    }
    let grey = picture.clone().with_pixels(picture.pixels.to_luma8());
    let content = encode(&grey, PictureFormat::Png, Quality::default()).unwrap();
    assert_eq!(read(&content).profile, None);
}

#[test]
fn quality_changes_the_size() {
    let picture = Picture::new(quarters(200, 200).into(), PictureFormat::Jpeg);
    let size = |quality| {
        let content = encode(&picture, PictureFormat::Jpeg, Quality::new(quality)).unwrap();
        let mut reader = image::ImageReader::new(Cursor::new(&content));
        reader.set_format(image::ImageFormat::Jpeg);
        assert!(reader.decode().is_ok());
        content.len()
    };
    assert!(size(20) < size(95));
}

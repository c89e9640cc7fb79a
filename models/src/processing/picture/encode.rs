//! From a picture to bytes in any of the formats.

use std::io::Cursor;

use image::{
    DynamicImage, ImageEncoder, ImageError,
    codecs::{
        bmp::BmpEncoder,
        gif::GifEncoder,
        ico::IcoEncoder,
        jpeg::JpegEncoder,
        png::PngEncoder,
        pnm::{PnmEncoder, PnmSubtype, SampleEncoding},
        qoi::QoiEncoder,
        tiff::TiffEncoder,
        webp::WebPEncoder,
    },
};

use super::{Picture, PictureError, PictureFormat};

/// How quickly the palette of a GIF is chosen, from 1 (every pixel is looked at) to 30.
const GIF_SPEED: i32 = 10;

/// How well a lossy format keeps a picture, 1 (small) to 100 (good).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality(u8);

impl Quality {
    /// The nearest quality to `value`, which should be 1 to 100.
    #[must_use]
    pub fn new(value: u8) -> Self {
        Self(value.clamp(1, 100))
    }
}

impl Default for Quality {
    /// 90: hardly told from the original by eye.
    fn default() -> Self {
        Self(90)
    }
}

/// Writes a picture. What is transparent becomes white where the format has no transparency; 16 bits a channel are
/// kept by PNG and TIFF only, a colour profile by PNG, JPEG and WebP. `quality` matters to JPEG alone.
///
/// # Errors
/// [`PictureError::TooLargeForFormat`] when the format has no room for the picture, [`PictureError::Unwritable`] when
/// its encoder refuses for another reason.
pub fn encode(
    picture: &Picture,
    format: PictureFormat,
    quality: Quality,
) -> Result<Vec<u8>, PictureError> {
    let (width, height) = (picture.width(), picture.height());
    if width.max(height) > format.longest_side() {
        return Err(PictureError::TooLargeForFormat {
            format,
            width,
            height,
        });
    }
    let pixels = pixels_for(format, picture);
    write(format, quality, &pixels, picture.profile.as_deref())
        .map_err(|source| PictureError::Unwritable { format, source })
}

/// The pixels in the nearest form that the format can hold.
fn pixels_for(format: PictureFormat, picture: &Picture) -> DynamicImage {
    let pixels = &picture.pixels;
    let colour = pixels.color();
    match format {
        PictureFormat::Png => pixels.clone(),
        PictureFormat::Tiff => match pixels {
            DynamicImage::ImageLumaA8(_) => pixels.to_rgba8().into(),
            DynamicImage::ImageLumaA16(_) => pixels.to_rgba16().into(),
            other => other.clone(),
        },
        PictureFormat::Jpeg | PictureFormat::Pnm if !colour.has_color() && !colour.has_alpha() => {
            pixels.to_luma8().into()
        }
        PictureFormat::Jpeg | PictureFormat::Pnm => picture.on_white().into(),
        PictureFormat::WebP | PictureFormat::Bmp if !colour.has_color() && !colour.has_alpha() => {
            pixels.to_luma8().into()
        }
        PictureFormat::Qoi | PictureFormat::WebP | PictureFormat::Bmp if !colour.has_alpha() => {
            pixels.to_rgb8().into()
        }
        _ => pixels.to_rgba8().into(),
    }
}

fn write(
    format: PictureFormat,
    quality: Quality,
    pixels: &DynamicImage,
    profile: Option<&[u8]>,
) -> Result<Vec<u8>, ImageError> {
    let mut content = Vec::new();
    let profile = profile.filter(|profile| profile_fits(profile, pixels));
    match format {
        PictureFormat::Png => finish(PngEncoder::new(&mut content), pixels, profile)?,
        PictureFormat::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut content, quality.0);
            finish(encoder, pixels, profile)?;
        }
        PictureFormat::WebP => finish(WebPEncoder::new_lossless(&mut content), pixels, profile)?,
        PictureFormat::Tiff => {
            let encoder = TiffEncoder::new(Cursor::new(&mut content));
            finish(encoder, pixels, None)?;
        }
        PictureFormat::Gif => {
            let (width, height) = (pixels.width(), pixels.height());
            let colour = pixels.color().into();
            GifEncoder::new_with_speed(&mut content, GIF_SPEED).encode(
                pixels.as_bytes(),
                width,
                height,
                colour,
            )?;
        }
        PictureFormat::Bmp => finish(BmpEncoder::new(&mut content), pixels, None)?,
        PictureFormat::Ico => finish(IcoEncoder::new(&mut content), pixels, None)?,
        PictureFormat::Qoi => finish(QoiEncoder::new(&mut content), pixels, None)?,
        PictureFormat::Pnm => {
            let subtype = if pixels.color().has_color() {
                PnmSubtype::Pixmap(SampleEncoding::Binary)
            } else {
                PnmSubtype::Graymap(SampleEncoding::Binary)
            };
            let encoder = PnmEncoder::new(&mut content).with_subtype(subtype);
            finish(encoder, pixels, None)?;
        }
    }
    Ok(content)
}

fn finish(
    mut encoder: impl ImageEncoder,
    pixels: &DynamicImage,
    profile: Option<&[u8]>,
) -> Result<(), ImageError> {
    if let Some(profile) = profile {
        // A format without room for a profile is written without it.
        let _ = encoder.set_icc_profile(profile.to_vec());
    }
    encoder.write_image(
        pixels.as_bytes(),
        pixels.width(),
        pixels.height(),
        pixels.color().into(),
    )
}

/// Whether a profile speaks of as many channels as the pixels have: its header names the colour space in bytes 16 to
/// 19 (ICC.1:2022, 7.2.6). A profile for CMYK means nothing once the pixels are RGB.
fn profile_fits(profile: &[u8], pixels: &DynamicImage) -> bool {
    let wanted: &[u8] = if pixels.color().has_color() {
        b"RGB "
    } else {
        b"GRAY"
    };
    profile.get(16..20) == Some(wanted)
}

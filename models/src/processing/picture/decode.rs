//! From bytes to an upright picture.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, metadata::Orientation};

use super::{Picture, PictureError, PictureFormat, Sniffed, completeness::is_complete, sniff};

/// What a picture may cost before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most pixels, width times height.
    pub pixels: u64,
    /// The most memory that the decoder may take, in bytes, its result included.
    pub memory: u64,
}

impl Default for Limits {
    /// 100 megapixels and 1 GiB: the largest cameras for people, at 16 bits a channel.
    fn default() -> Self {
        Self {
            pixels: 100_000_000,
            memory: 1 << 30,
        }
    }
}

/// What the header of a picture says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The format.
    pub format: PictureFormat,
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
}

/// Reads the header only, and checks that the file is allowed and goes on to its end.
///
/// # Errors
/// As [`decode`], except for damage that only shows in the pixels.
pub fn measure(content: &[u8], limits: &Limits) -> Result<Measured, PictureError> {
    let (format, mut decoder) = open(content, limits)?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        orientation_of(&mut decoder),
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    let (width, height) = if turned {
        (height, width)
    } else {
        (width, height)
    };
    Ok(Measured {
        format,
        width,
        height,
    })
}

/// Reads a picture and turns it upright. Of several frames or pages, the first is taken.
///
/// Takes as long as it takes: call it off the async threads.
///
/// # Errors
/// [`PictureError::Empty`], [`PictureError::NotAPicture`] and [`PictureError::Unreadable`] by the first bytes;
/// [`PictureError::TooManyPixels`] and [`PictureError::TooMuchMemory`] before memory is taken;
/// [`PictureError::Truncated`] and [`PictureError::Damaged`] by the rest.
pub fn decode(content: &[u8], limits: &Limits) -> Result<Picture, PictureError> {
    let (format, mut decoder) = open(content, limits)?;
    let orientation = orientation_of(&mut decoder);
    let profile = decoder.icc_profile().ok().flatten();
    let mut pixels = DynamicImage::from_decoder(decoder)
        .map_err(|error| PictureError::from_decoder(format, limits.memory, error))?;
    pixels = match pixels {
        DynamicImage::ImageRgb32F(_) => pixels.into_rgb16().into(),
        DynamicImage::ImageRgba32F(_) => pixels.into_rgba16().into(),
        other => other,
    };
    pixels.apply_orientation(orientation);
    Ok(Picture {
        pixels,
        format,
        profile,
    })
}

fn open<'content>(
    content: &'content [u8],
    limits: &Limits,
) -> Result<(PictureFormat, impl ImageDecoder + use<'content>), PictureError> {
    if content.is_empty() {
        return Err(PictureError::Empty);
    }
    let format = match sniff(content) {
        Some(Sniffed::Readable(format)) => format,
        Some(Sniffed::Unreadable(name)) => return Err(PictureError::Unreadable(name)),
        None => return Err(PictureError::NotAPicture),
    };
    let failed = |error| match PictureError::from_decoder(format, limits.memory, error) {
        PictureError::Damaged { .. } if !is_complete(format, content) => {
            PictureError::Truncated { format }
        }
        other => other,
    };
    let mut reader = ImageReader::with_format(Cursor::new(content), format.codec());
    let mut decoder_limits = image::Limits::no_limits();
    decoder_limits.max_alloc = Some(limits.memory);
    reader.limits(decoder_limits);
    let decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.pixels {
        return Err(PictureError::TooManyPixels {
            width,
            height,
            limit: limits.pixels,
        });
    }
    if decoder.total_bytes() > limits.memory {
        return Err(PictureError::TooMuchMemory {
            format,
            limit: limits.memory,
        });
    }
    if !is_complete(format, content) {
        return Err(PictureError::Truncated { format });
    }
    Ok((format, decoder))
}

/// How the camera was held; a note that cannot be read is no reason to refuse the picture.
fn orientation_of(decoder: &mut impl ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

//! The one door to pixels: every picture is read and written here.
//!
//! At the door the format is read off the content, the number of pixels is checked before memory is taken, files that
//! end early are refused, and the orientation that a camera noted is applied, so that all code behind the door sees an
//! upright picture. Metadata (place, camera, embedded preview) does not pass; a colour profile does. Where files come
//! from and what is done to the pixels is not known here.

mod completeness;
mod decode;
mod encode;
mod error;
mod format;

pub use decode::{Limits, Measured, decode, measure};
pub use encode::{Quality, encode};
pub use error::PictureError;
pub use format::{PictureFormat, Sniffed, sniff};

use image::{DynamicImage, Rgb, RgbImage};

/// An upright picture, with what is needed to write it as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The pixels, 8 or 16 bits a channel.
    pub pixels: DynamicImage,
    /// The format in which it was read, or is meant to be written.
    pub format: PictureFormat,
    /// The ICC profile that says what the numbers of the pixels mean; sRGB where there is none.
    profile: Option<Vec<u8>>,
}

impl Picture {
    /// A picture in sRGB.
    #[must_use]
    pub const fn new(pixels: DynamicImage, format: PictureFormat) -> Self {
        Self {
            pixels,
            format,
            profile: None,
        }
    }

    /// Other pixels in the same format and colour space.
    #[must_use]
    pub fn with_pixels(self, pixels: impl Into<DynamicImage>) -> Self {
        Self {
            pixels: pixels.into(),
            ..self
        }
    }

    /// Width in pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// Whether any pixel is not fully opaque.
    #[must_use]
    pub fn is_transparent(&self) -> bool {
        match &self.pixels {
            DynamicImage::ImageLumaA8(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < u8::MAX),
            DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u8::MAX),
            DynamicImage::ImageLumaA16(pixels) => {
                pixels.pixels().any(|pixel| pixel.0[1] < u16::MAX)
            }
            DynamicImage::ImageRgba16(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < u16::MAX),
            _ => false,
        }
    }

    /// The pixels as 8-bit RGB, as they look on a white page.
    #[must_use]
    pub fn on_white(&self) -> RgbImage {
        if !self.pixels.color().has_alpha() {
            return self.pixels.to_rgb8();
        }
        let over_white = |value: u8, alpha: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            let blended = (value * alpha + 255 * (255 - alpha) + 127) / 255;
            u8::try_from(blended).unwrap_or(u8::MAX)
        };
        let layered = self.pixels.to_rgba8();
        let mut flat = RgbImage::new(layered.width(), layered.height());
        for (pixel, below) in flat.pixels_mut().zip(layered.pixels()) {
            let [red, green, blue, alpha] = below.0;
            *pixel = Rgb([red, green, blue].map(|value| over_white(value, alpha)));
        }
        flat
    }
}

#[cfg(test)]
mod tests;

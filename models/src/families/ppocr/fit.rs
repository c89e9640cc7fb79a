//! A picture brought into the bounds in which the detector works, and the way back.
//!
//! The bounds are those of rapidocr 3.10, so that its text can be compared: sides of 30 to 2000
//! pixels, and room above and below pictures that are low or much wider than high.

use std::borrow::Cow;

use image::{GenericImage, RgbImage};

use super::geometry::{Point, Quad};
use super::pixels;
use crate::ModelError;

const MAX_SIDE: u32 = 2000;
const MIN_SIDE: u32 = 30;
/// Width over height above which a picture gets room above and below.
const WIDE: u32 = 8;
/// The detector halves its input five times.
const STEP: f64 = 32.0;

/// A picture in bounds.
pub(super) struct Fitted<'a> {
    pub(super) picture: Cow<'a, RgbImage>,
    /// Pixels of the original picture for each of this one, across and down.
    scale: [f32; 2],
    /// Rows added above.
    top: u32,
    width: u32,
    height: u32,
}

impl<'a> Fitted<'a> {
    pub(super) fn new(original: &'a RgbImage) -> Result<Self, ModelError> {
        let (width, height) = original.dimensions();
        let mut size = (width, height);
        let longer = width.max(height);
        if longer > MAX_SIDE {
            size = in_steps(size, f64::from(MAX_SIDE) / f64::from(longer));
        }
        let shorter = size.0.min(size.1);
        if shorter < MIN_SIDE {
            size = in_steps(size, f64::from(MIN_SIDE) / f64::from(shorter));
        }
        let mut picture = Cow::Borrowed(original);
        if size != (width, height) {
            picture = Cow::Owned(pixels::resized(original, size.0, size.1)?);
        }
        let mut top = 0;
        if size.1 <= MIN_SIDE || size.0 > WIDE * size.1 {
            let room = (size.0 / WIDE).max(MIN_SIDE) * 2;
            top = room.abs_diff(size.1) / 2;
            let mut padded = RgbImage::new(size.0, size.1 + 2 * top);
            padded
                .copy_from(picture.as_ref(), 0, top)
                .map_err(|error| ModelError::Picture {
                    problem: error.to_string(),
                })?;
            picture = Cow::Owned(padded);
        }
        Ok(Self {
            picture,
            scale: [width as f32 / size.0 as f32, height as f32 / size.1 as f32],
            top,
            width,
            height,
        })
    }

    /// A box in pixels of the original picture.
    pub(super) fn to_original(&self, quad: Quad) -> Quad {
        quad.map(|[x, y]: Point| {
            [
                (x * self.scale[0]).clamp(0.0, self.width as f32),
                ((y - self.top as f32) * self.scale[1]).clamp(0.0, self.height as f32),
            ]
        })
    }
}

/// A size times `factor`, in whole steps of the detector.
pub(super) fn in_steps((width, height): (u32, u32), factor: f64) -> (u32, u32) {
    let side = |length: u32| {
        let scaled = (f64::from(length) * factor).floor();
        ((scaled / STEP).round_ties_even() * STEP).max(STEP) as u32
    };
    (side(width), side(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> (u32, u32) {
        let picture = RgbImage::new(width, height);
        Fitted::new(&picture).unwrap().picture.dimensions()
    }

    #[test]
    fn pictures_in_bounds_stay_as_they_are() {
        assert_eq!(size(640, 480), (640, 480));
        assert_eq!(size(2000, 250), (2000, 250));
    }

    #[test]
    fn large_tiny_and_wide_pictures_come_into_bounds() {
        assert_eq!(size(4000, 3000), (1984, 1504));
        assert_eq!(size(1, 1), (32, 32));
        assert_eq!(size(60, 20), (96, 32));
        assert_eq!(size(1600, 100), (1600, 400));
    }

    #[test]
    fn boxes_come_back_to_pixels_of_the_original() {
        let picture = RgbImage::new(1600, 100);
        let fitted = Fitted::new(&picture).unwrap();
        let quad = [[10.0, 160.0], [50.0, 160.0], [50.0, 400.0], [10.0, 100.0]];
        assert_eq!(
            fitted.to_original(quad),
            [[10.0, 10.0], [50.0, 10.0], [50.0, 100.0], [10.0, 0.0]]
        );
    }
}

//! A picture brought into the bounds in which the detector works, and the way back.
//!
//! The bounds are those of rapidocr 3.10, so that its text can be compared: sides of 30 to 2000
//! pixels, and room above and below pictures that are low or much wider than high. Long strips
//! keep more of their pixels than there, because their text would become too small to read.

use std::borrow::Cow;

use image::{GenericImage, RgbImage};

use super::geometry::{Point, Quad};
use super::{contrast, pixels};
use crate::ModelError;

/// The detector enlarges pictures until their shorter side has this many pixels.
pub(super) const SHORTER_SIDE: u32 = 736;
const MAX_SIDE: u32 = 2000;
const MIN_SIDE: u32 = 30;
/// Width over height above which a picture gets room above and below.
const WIDE: u32 = 8;
/// Bound on the pixels of a long strip: what the largest ordinary picture has.
const MAX_STRIP_PIXELS: f64 = 4e6;
/// Rows above and below a long strip.
const STRIP_ROOM: (u32, u32) = (32, 64);
/// The detector halves its input five times.
const STEP: f64 = 32.0;

/// A picture in bounds.
pub(super) struct Fitted<'a> {
    pub(super) picture: Cow<'a, RgbImage>,
    /// Whether the detector may enlarge it. The text of a long strip is about as high as the
    /// strip, so it is large enough, and enlarging would cost much.
    pub(super) enlarge: bool,
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
        let strip = width > MAX_SIDE && is_wide(width, height);
        let size = if strip {
            strip_size(width, height)
        } else {
            ordinary_size(width, height)
        };
        let mut picture = Cow::Borrowed(original);
        if size != (width, height) {
            picture = Cow::Owned(pixels::resized(original, size.0, size.1)?);
        }
        if let Some(spread) = contrast::spread(&picture) {
            picture = Cow::Owned(spread);
        }
        let top = if strip {
            size.1.clamp(STRIP_ROOM.0, STRIP_ROOM.1)
        } else if size.1 <= MIN_SIDE || is_wide(size.0, size.1) {
            ((size.0 / WIDE).max(MIN_SIDE) * 2).abs_diff(size.1) / 2
        } else {
            0
        };
        if top > 0 {
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
            enlarge: !strip,
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

fn is_wide(width: u32, height: u32) -> bool {
    u64::from(width) > u64::from(WIDE) * u64::from(height)
}

fn ordinary_size(width: u32, height: u32) -> (u32, u32) {
    let mut size = (width, height);
    let (longer, shorter) = (width.max(height), width.min(height));
    if longer > MAX_SIDE {
        let to_bound = f64::from(MAX_SIDE) / f64::from(longer);
        // What the detector would enlarge again need not be reduced.
        let to_detector = f64::from(SHORTER_SIDE) / f64::from(shorter);
        let factor = to_bound.max(to_detector.min(1.0));
        if factor < 1.0 {
            size = in_steps(size, factor);
        }
    }
    let shorter = size.0.min(size.1);
    if shorter < MIN_SIDE {
        size = in_steps(size, f64::from(MIN_SIDE) / f64::from(shorter));
    }
    size
}

fn strip_size(width: u32, height: u32) -> (u32, u32) {
    let (w, h) = (f64::from(width), f64::from(height));
    let room = 2.0 * f64::from(STRIP_ROOM.1);
    // The room is added after scaling, so the bound is a quadratic in the factor.
    let (area, side) = (w * h, w * room);
    let to_bound = ((side * side + 4.0 * area * MAX_STRIP_PIXELS).sqrt() - side) / (2.0 * area);
    let factor = to_bound.min(f64::from(SHORTER_SIDE) / h).min(1.0);
    let scaled = |length: f64| ((length * factor).round() as u32).max(1);
    (scaled(w), scaled(h))
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
        assert_eq!(size(4000, 1000), (2944, 736));
        assert_eq!(size(1, 1), (32, 32));
        assert_eq!(size(60, 20), (96, 32));
        assert_eq!(size(1600, 100), (1600, 400));
    }

    #[test]
    fn long_strips_keep_the_size_of_their_text() {
        assert_eq!(size(10_000, 64), (10_000, 192));
        assert_eq!(size(20_000, 3), (20_000, 67));
        let (width, height) = size(100_000, 1000);
        assert!(width * height < 5_000_000, "{width} x {height}");
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

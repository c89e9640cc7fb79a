//! Pictures whose tones are all close together: dark, faded or foggy ones.
//!
//! The networks still see text there, but lose the spaces and small marks in it.

use image::RgbImage;

/// Tones (of 256) that a picture uses at least, to be left as it is.
const ENOUGH: usize = 64;
/// Tones below which nothing but noise would be spread.
const NOTHING: usize = 6;
/// The outermost tones of one in so many pixels do not count.
const OUTLIERS: usize = 20_000;

/// The picture with its tones spread over the whole range, or `None` where that is not needed.
pub(super) fn spread(picture: &RgbImage) -> Option<RgbImage> {
    let (low, high) = narrow_range(picture)?;
    let scale = 255.0 / (high - low) as f32;
    let mut tones = [0u8; 256];
    for (tone, spread) in tones.iter_mut().enumerate() {
        // The conversion saturates, so outliers end at the ends of the range.
        *spread = ((tone as f32 - low as f32) * scale).round() as u8;
    }
    let mut picture = picture.clone();
    for value in picture.iter_mut() {
        *value = tones[usize::from(*value)];
    }
    Some(picture)
}

/// The lowest and highest tone, if they are close together.
fn narrow_range(picture: &RgbImage) -> Option<(usize, usize)> {
    let values = picture.as_raw();
    let outliers = values.len() / OUTLIERS;
    let mut counts = [0usize; 256];
    let mut range = (0, 0);
    // Counts only grow, so most pictures are dismissed after their first rows.
    for rows in values.chunks(1 << 16) {
        for &value in rows {
            counts[usize::from(value)] += 1;
        }
        let frequent = |&tone: &usize| counts[tone] > outliers;
        range = ((0..256).find(frequent)?, (0..256).rev().find(frequent)?);
        if range.1 - range.0 >= ENOUGH {
            return None;
        }
    }
    (range.1 - range.0 >= NOTHING).then_some(range)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn stripes(dark: u8, light: u8) -> RgbImage {
        RgbImage::from_fn(64, 64, |x, _| {
            Rgb(if x % 8 < 2 { [light; 3] } else { [dark; 3] })
        })
    }

    #[test]
    fn close_tones_are_spread() {
        let spread = spread(&stripes(3, 23)).unwrap();
        assert_eq!(*spread.get_pixel(0, 0), Rgb([255; 3]));
        assert_eq!(*spread.get_pixel(5, 0), Rgb([0; 3]));
    }

    #[test]
    fn normal_and_blank_pictures_are_left_alone() {
        assert!(spread(&stripes(20, 200)).is_none());
        assert!(spread(&stripes(7, 7)).is_none());
        assert!(spread(&RgbImage::new(0, 0)).is_none());
    }
}

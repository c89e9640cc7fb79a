//! Pixels to numbers: resizing and the normalised planes that the networks take.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use crate::ModelError;

/// `picture` in another size, each pixel interpolated between its four neighbours.
///
/// This aliases when it shrinks, as OpenCV's `INTER_LINEAR` does, which the networks were trained
/// with: a smoother filter gives other text.
pub(super) fn resized(picture: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ModelError> {
    let mut resized = RgbImage::new(width, height);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Interpolation(FilterType::Bilinear));
    // The resizer that takes any kind of picture would be compiled for all of them here.
    let (from_width, from_height) = picture.dimensions();
    let from =
        TypedImageRef::<U8x3>::from_buffer(from_width, from_height, picture).map_err(failed)?;
    let mut to = TypedImage::<U8x3>::from_buffer(width, height, &mut resized).map_err(failed)?;
    Resizer::new()
        .resize_typed(&from, &mut to, &options)
        .map_err(failed)?;
    Ok(resized)
}

fn failed(error: impl std::fmt::Display) -> ModelError {
    ModelError::Picture {
        problem: error.to_string(),
    }
}

/// Writes `picture` to the left of three planes (blue, green, red), each `stride` wide and as high
/// as the picture, with values from -1 to 1; what is to the right of it stays as it is.
pub(super) fn write_planes(picture: &RgbImage, planes: &mut [f32], stride: usize) {
    let width = picture.width() as usize;
    if width == 0 || stride < width {
        return;
    }
    let plane = stride * picture.height() as usize;
    let rows = picture.as_raw().chunks_exact(width * 3);
    let Some((blue, rest)) = planes.split_at_mut_checked(plane) else {
        return;
    };
    let Some((green, red)) = rest.split_at_mut_checked(plane) else {
        return;
    };
    let lines = blue
        .chunks_exact_mut(stride)
        .zip(green.chunks_exact_mut(stride))
        .zip(red.chunks_exact_mut(stride));
    for (((blue, green), red), row) in lines.zip(rows) {
        let values = blue.iter_mut().zip(green).zip(red);
        for (((blue, green), red), pixel) in values.zip(row.chunks_exact(3)) {
            *red = normalised(pixel[0]);
            *green = normalised(pixel[1]);
            *blue = normalised(pixel[2]);
        }
    }
}

/// Mean and standard deviation are one half for every model of PP-OCR.
fn normalised(value: u8) -> f32 {
    f32::from(value) * (1.0 / 127.5) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn planes_are_blue_green_red_and_padding_is_untouched() {
        let picture = RgbImage::from_pixel(2, 2, Rgb([255, 0, 51]));
        let mut planes = vec![0.5; 3 * 3 * 2];
        write_planes(&picture, &mut planes, 3);
        assert!((planes[0] + 0.6).abs() < 1e-6);
        assert_eq!(planes[2], 0.5);
        assert_eq!(planes[6], -1.0);
        assert_eq!(planes[12], 1.0);
    }

    #[test]
    fn one_pixel_can_be_resized() {
        let picture = RgbImage::from_pixel(1, 1, Rgb([7, 8, 9]));
        let large = resized(&picture, 32, 64).unwrap();
        assert!(large.pixels().all(|pixel| *pixel == Rgb([7, 8, 9])));
    }
}

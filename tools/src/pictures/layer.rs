//! The 8-bit RGBA working copy that tools mix colours in.

use image::{DynamicImage, Pixel, Rgba, RgbaImage};

/// The result as it is written: without an alpha channel if nothing is transparent.
pub(super) fn finished(layer: RgbaImage) -> DynamicImage {
    let opaque = layer.pixels().all(|pixel| pixel.0[3] == u8::MAX);
    let layer = DynamicImage::from(layer);
    if opaque {
        layer.into_rgb8().into()
    } else {
        layer
    }
}

/// Multiplies colour by alpha, so that averages of neighbours do not pick up the colour of what cannot be seen.
pub(super) fn premultiply(layer: &mut RgbaImage) {
    for pixel in layer.pixels_mut() {
        let alpha = u16::from(pixel.0[3]);
        pixel.apply_without_alpha(|value| narrow((u16::from(value) * alpha + 127) / 255));
    }
}

/// Undoes [`premultiply`].
pub(super) fn unpremultiply(layer: &mut RgbaImage) {
    for pixel in layer.pixels_mut() {
        let alpha = u16::from(pixel.0[3]);
        if alpha > 0 {
            pixel.apply_without_alpha(|value| narrow((u16::from(value) * 255 + alpha / 2) / alpha));
        }
    }
}

/// Lays `colour` over one pixel; `coverage`, 0 to 1, says how much of the pixel it covers.
///
/// The operator "over" of Porter and Duff (1984) in whole numbers: what is opaque stays exactly opaque.
pub(super) fn blend(layer: &mut RgbaImage, x: u32, y: u32, colour: Rgba<u8>, coverage: f32) {
    let Some(pixel) = layer.get_pixel_mut_checked(x, y) else {
        return;
    };
    let above = (f32::from(colour.0[3]) * coverage.clamp(0.0, 1.0)).round() as u32;
    let below = u32::from(pixel.0[3]) * (255 - above);
    let (above, whole) = (above * 255, above * 255 + below);
    if whole == 0 {
        return;
    }
    for channel in 0..3 {
        let (over, under) = (u32::from(colour.0[channel]), u32::from(pixel.0[channel]));
        pixel.0[channel] = ((over * above + under * below + whole / 2) / whole) as u8;
    }
    pixel.0[3] = ((whole + 127) / 255) as u8;
}

fn narrow(value: u16) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blended(below: [u8; 4], above: [u8; 4], coverage: f32) -> [u8; 4] {
        let mut layer = RgbaImage::from_pixel(1, 1, Rgba(below));
        blend(&mut layer, 0, 0, Rgba(above), coverage);
        layer.get_pixel(0, 0).0
    }

    #[test]
    fn what_is_opaque_stays_opaque() {
        for alpha in 0..=255 {
            assert_eq!(blended([9, 9, 9, 255], [200, 0, 0, alpha], 1.0)[3], 255);
        }
    }

    #[test]
    fn colours_mix_by_what_covers_what() {
        let white = [255; 4];
        assert_eq!(blended([0, 0, 0, 255], white, 0.5), [128, 128, 128, 255]);
        assert_eq!(
            blended([1, 2, 3, 4], [50, 60, 70, 255], 1.0),
            [50, 60, 70, 255]
        );
        assert_eq!(
            blended([1, 2, 3, 0], [50, 60, 70, 100], 1.0),
            [50, 60, 70, 100]
        );
        assert_eq!(blended([1, 2, 3, 4], [50, 60, 70, 0], 1.0), [1, 2, 3, 4]);
        let mut layer = RgbaImage::new(1, 1);
        blend(&mut layer, 5, 5, Rgba(white), 1.0);
    }

    #[test]
    fn premultiplying_can_be_undone() {
        let colour = Rgba([200, 100, 50, 128]);
        let mut layer = RgbaImage::from_pixel(1, 1, colour);
        premultiply(&mut layer);
        assert_eq!(layer.get_pixel(0, 0).0, [100, 50, 25, 128]);
        unpremultiply(&mut layer);
        for (value, wanted) in layer.get_pixel(0, 0).0.into_iter().zip(colour.0) {
            assert!(value.abs_diff(wanted) <= 1);
        }
    }
}

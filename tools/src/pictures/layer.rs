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
pub(super) fn blend(layer: &mut RgbaImage, x: u32, y: u32, colour: Rgba<u8>, coverage: f32) {
    if let Some(pixel) = layer.get_pixel_mut_checked(x, y) {
        let mut over = colour;
        over.0[3] = (f32::from(colour.0[3]) * coverage.clamp(0.0, 1.0)).round() as u8;
        pixel.blend(&over);
    }
}

fn narrow(value: u16) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

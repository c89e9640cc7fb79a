//! Turns a picture by any angle.

use async_trait::async_trait;
use image::{DynamicImage, Rgba, RgbaImage};
use imageproc::geometric_transformations::{Border, Interpolation, Projection, warp_into};
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    colour::Colour,
    layer::{blend, finished, premultiply, unpremultiply},
    passage::{ChangedImage, PICTURE_MEMORY, check_size, transform},
};

/// The tool `rotate_image`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RotateImage;

/// What `rotate_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RotateInput {
    /// The picture to turn.
    pub image: ImageArtifact,
    /// Degrees clockwise; negative turns the other way. Multiples of 90 lose nothing.
    #[schemars(range(min = -36_000, max = 36_000))]
    pub degrees: f64,
    /// Colour of the corners that a turn by another angle uncovers: a name, #rrggbb or #rrggbbaa. Transparent by
    /// default.
    pub background: Option<Colour>,
}

#[async_trait]
impl Tool for RotateImage {
    type Input = RotateInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "rotate_image",
            "Turns a picture clockwise by any number of degrees.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "rotate it 90 degrees",
            "turn the picture upside down",
            "turn the photo to the left",
            "rotate the image clockwise",
            "turn it by 180 degrees",
            "straighten the picture by 3 degrees",
            "rotate counterclockwise",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        if !input.degrees.is_finite() {
            return Err(ToolError::bad_argument("degrees", "it must be a number"));
        }
        let turn = input.degrees.rem_euclid(360.0);
        let background = input.background.unwrap_or(Colour::TRANSPARENT);
        transform(&input.image, context, move |picture| {
            let pixels = if turn == 0.0 {
                picture.pixels.clone()
            } else if turn == 90.0 {
                picture.pixels.rotate90()
            } else if turn == 180.0 {
                picture.pixels.rotate180()
            } else if turn == 270.0 {
                picture.pixels.rotate270()
            } else {
                turned(&picture.pixels, turn, background.0)?
            };
            Ok(picture.with_pixels(pixels))
        })
        .await
    }
}

/// The picture on a canvas that is just large enough, with smooth edges.
fn turned(
    pixels: &DynamicImage,
    degrees: f64,
    background: Rgba<u8>,
) -> Result<DynamicImage, ToolError> {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (width, height) = (f64::from(pixels.width()), f64::from(pixels.height()));
    let wide = (width * cosine.abs() + height * sine.abs()).ceil();
    let high = (width * sine.abs() + height * cosine.abs()).ceil();
    check_size("degrees", wide, high)?;
    // Pixel centres lie at whole numbers, so the middle of a picture is half of one less than its size.
    let middle = |side: f64| ((side - 1.0) / 2.0) as f32;
    let projection = Projection::translate(-middle(width), -middle(height))
        .and_then(Projection::rotate(degrees.to_radians() as f32))
        .and_then(Projection::translate(middle(wide), middle(high)));
    let mut layer = pixels.to_rgba8();
    premultiply(&mut layer);
    let mut canvas = RgbaImage::new(wide as u32, high as u32);
    let nothing = Border::Constant(Colour::TRANSPARENT.0);
    warp_into(
        &layer,
        projection,
        Interpolation::Bilinear,
        nothing,
        &mut canvas,
    );
    drop(layer);
    unpremultiply(&mut canvas);
    if background.0[3] > 0 {
        let (width, height) = canvas.dimensions();
        let mut below = RgbaImage::from_pixel(width, height, background);
        for (x, y, pixel) in canvas.enumerate_pixels() {
            blend(&mut below, x, y, *pixel, 1.0);
        }
        canvas = below;
    }
    Ok(finished(canvas))
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use medley_models::processing::picture::{Picture, PictureFormat};

    use super::*;
    use crate::pictures::testing::{Bench, quarters};

    async fn rotated(
        bench: &Bench,
        pixels: RgbImage,
        degrees: f64,
        background: Option<Colour>,
    ) -> Picture {
        let image = bench.picture(pixels, PictureFormat::Png).await;
        let input = RotateInput {
            image,
            degrees,
            background,
        };
        let changed = RotateImage.call(input, bench.context()).await.unwrap();
        bench.read(&changed.image).await
    }

    #[tokio::test]
    async fn quarter_turns_move_every_pixel_and_change_none() {
        let bench = Bench::new();
        let numbered = RgbImage::from_fn(7, 4, |x, y| Rgb([x as u8, y as u8, 9]));
        for (degrees, size, origin) in [
            (90.0, (4, 7), [0, 3, 9]),
            (180.0, (7, 4), [6, 3, 9]),
            (270.0, (4, 7), [6, 0, 9]),
            (-90.0, (4, 7), [6, 0, 9]),
            (450.0, (4, 7), [0, 3, 9]),
            (0.0, (7, 4), [0, 0, 9]),
            (720.0, (7, 4), [0, 0, 9]),
        ] {
            let picture = rotated(&bench, numbered.clone(), degrees, None).await;
            let pixels = picture.pixels.to_rgb8();
            assert_eq!(pixels.dimensions(), size, "{degrees}");
            assert_eq!(pixels.get_pixel(0, 0).0, origin, "{degrees}");
            let back = rotated(&bench, pixels, -degrees, None).await;
            assert_eq!(back.pixels.to_rgb8(), numbered, "{degrees}");
        }
    }

    #[tokio::test]
    async fn other_angles_make_room_and_turn_clockwise() {
        let bench = Bench::new();
        let picture = rotated(&bench, quarters(100, 100), 45.0, None).await;
        assert!(
            (141..=143).contains(&picture.width()),
            "{}",
            picture.width()
        );
        let pixels = picture.pixels.to_rgba8();
        let middle = picture.width() / 2;
        assert_eq!(pixels.get_pixel(1, 1).0[3], 0, "corners are transparent");
        // The top left quarter has moved to the top, the top right one to the right.
        assert_eq!(pixels.get_pixel(middle, 30).0, [220, 30, 30, 255]);
        assert_eq!(pixels.get_pixel(112, middle).0, [30, 200, 30, 255]);
        let yellow = "yellow".parse().ok();
        let picture = rotated(&bench, quarters(100, 100), 45.0, yellow).await;
        assert!(!picture.pixels.color().has_alpha());
        assert_eq!(picture.pixels.to_rgb8().get_pixel(1, 1).0, [255, 255, 0]);
    }

    #[tokio::test]
    async fn edges_do_not_darken() {
        let bench = Bench::new();
        let white = RgbImage::from_pixel(60, 60, Rgb([255; 3]));
        let picture = rotated(&bench, white, 30.0, None).await;
        for pixel in picture
            .pixels
            .to_rgba8()
            .pixels()
            .filter(|pixel| pixel.0[3] > 0)
        {
            assert!(pixel.0[0] >= 250, "{pixel:?}");
        }
    }

    #[tokio::test]
    async fn a_jpeg_with_transparent_corners_becomes_a_png() {
        let bench = Bench::new();
        for (degrees, background, wanted) in [
            (90.0, None, PictureFormat::Jpeg),
            (10.0, None, PictureFormat::Png),
            (10.0, Some(Colour::BLACK), PictureFormat::Jpeg),
        ] {
            let image = bench.picture(quarters(40, 20), PictureFormat::Jpeg).await;
            let input = RotateInput {
                image,
                degrees,
                background,
            };
            let changed = RotateImage.call(input, bench.context()).await.unwrap();
            assert_eq!(changed.image.mime, wanted.mime());
        }
    }
}

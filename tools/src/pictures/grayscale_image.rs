//! Takes the colours out of a picture.

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::passage::{ChangedImage, PICTURE_MEMORY, transform};

/// The tool `grayscale_image`.
///
/// The grey value is the luma of ITU-R BT.709: 0.2126 red, 0.7152 green and 0.0722 blue, of the values as they are
/// stored. Transparency stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct GrayscaleImage;

/// What `grayscale_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct GrayscaleInput {
    /// The picture to take the colours out of.
    pub image: ImageArtifact,
}

#[async_trait]
impl Tool for GrayscaleImage {
    type Input = GrayscaleInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "grayscale_image",
            "Makes a black and white copy of a picture, in shades of grey.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "give me a black and white copy",
            "make it black and white",
            "convert the picture to grayscale",
            "turn the photo grey",
            "remove the colours",
            "make a monochrome version",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        transform(&input.image, context, |picture| {
            let pixels = picture.pixels.grayscale();
            Ok(picture.with_pixels(pixels))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use image::{ColorType, Rgb, RgbImage, Rgba, RgbaImage};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::Bench;

    #[tokio::test]
    async fn grey_is_the_luma_of_bt_709() {
        let bench = Bench::new();
        let colours = [
            [255, 0, 0],
            [0, 255, 0],
            [0, 0, 255],
            [10, 200, 90],
            [255; 3],
        ];
        let pixels = RgbImage::from_fn(5, 1, |x, _| Rgb(colours[x as usize]));
        let image = bench.picture(pixels, PictureFormat::Png).await;
        let input = GrayscaleInput { image };
        let changed = GrayscaleImage.call(input, bench.context()).await.unwrap();
        let picture = bench.read(&changed.image).await;
        assert_eq!(picture.pixels.color(), ColorType::L8);
        for (pixel, [red, green, blue]) in picture.pixels.to_luma8().pixels().zip(colours) {
            let luma =
                0.2126 * f32::from(red) + 0.7152 * f32::from(green) + 0.0722 * f32::from(blue);
            assert!(
                (f32::from(pixel.0[0]) - luma).abs() <= 1.0,
                "{pixel:?} is not {luma}"
            );
        }
    }

    #[tokio::test]
    async fn transparency_and_format_stay() {
        let bench = Bench::new();
        let glass = RgbaImage::from_pixel(2, 2, Rgba([200, 0, 0, 90]));
        let image = bench.picture(glass, PictureFormat::WebP).await;
        let input = GrayscaleInput { image };
        let changed = GrayscaleImage.call(input, bench.context()).await.unwrap();
        assert_eq!(changed.image.mime, "image/webp");
        let picture = bench.read(&changed.image).await;
        assert_eq!(picture.pixels.to_rgba8().get_pixel(0, 0).0[3], 90);
    }
}

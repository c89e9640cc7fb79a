//! Mirrors a picture.

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::passage::{ChangedImage, PICTURE_MEMORY, transform};

/// The tool `flip_image`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FlipImage;

/// What `flip_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FlipInput {
    /// The picture to mirror.
    pub image: ImageArtifact,
    /// Horizontal swaps left and right, as a mirror does; vertical swaps top and bottom.
    #[serde(default)]
    pub direction: FlipDirection,
}

/// Which sides change places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FlipDirection {
    /// Left and right.
    #[default]
    Horizontal,
    /// Top and bottom.
    Vertical,
}

#[async_trait]
impl Tool for FlipImage {
    type Input = FlipInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "flip_image",
            "Mirrors a picture, left to right or top to bottom.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "flip the picture horizontally",
            "mirror the image",
            "flip it vertically",
            "swap left and right",
            "make a mirror image of the photo",
            "reflect the picture",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let direction = input.direction;
        transform(&input.image, context, move |picture| {
            let pixels = match direction {
                FlipDirection::Horizontal => picture.pixels.fliph(),
                FlipDirection::Vertical => picture.pixels.flipv(),
            };
            Ok(picture.with_pixels(pixels))
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::Bench;

    #[tokio::test]
    async fn the_corner_moves_to_the_other_side() {
        let bench = Bench::new();
        let mut deep = ImageBuffer::from_pixel(5, 3, Rgb([0_u16, 0, 0]));
        deep.put_pixel(0, 0, Rgb([60_000, 1, 2]));
        for (direction, (x, y)) in [
            (FlipDirection::Horizontal, (4, 0)),
            (FlipDirection::Vertical, (0, 2)),
        ] {
            let image = bench.picture(deep.clone(), PictureFormat::Png).await;
            let input = FlipInput { image, direction };
            let changed = FlipImage.call(input, bench.context()).await.unwrap();
            let pixels = bench.read(&changed.image).await.pixels;
            assert_eq!(pixels.to_rgb16().get_pixel(x, y).0, [60_000, 1, 2]);
            assert_eq!(pixels.color(), image::ColorType::Rgb16, "16 bits are kept");
        }
    }
}

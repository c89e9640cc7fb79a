//! Cuts a rectangle out of a picture.

use async_trait::async_trait;
use medley_orchestrator::{About, BoundingBox, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    passage::{ChangedImage, PICTURE_MEMORY, transform},
    shape::nearest_pixels,
};

/// The tool `crop_image`.
#[derive(Debug, Clone, Copy, Default)]
pub struct CropImage;

/// What `crop_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CropInput {
    /// The picture to cut from.
    pub image: ImageArtifact,
    /// What to keep: x, y, width and height in pixels from the top left, or a region. What lies outside the picture is
    /// left out.
    pub region: BoundingBox,
}

#[async_trait]
impl Tool for CropImage {
    type Input = CropInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "crop_image",
            "Cuts a rectangle out of a picture and keeps only that.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "crop the picture",
            "cut out this part of the image",
            "keep only the region",
            "crop it to the face",
            "trim the photo to 200 by 100 pixels",
            "cut the sign out of the photo",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let region = input.region;
        transform(&input.image, context, move |picture| {
            let (width, height) = (picture.width(), picture.height());
            let Some(part) = nearest_pixels(region, width, height) else {
                return Err(outside(region, width, height));
            };
            let pixels = picture
                .pixels
                .crop_imm(part.x, part.y, part.width, part.height);
            Ok(picture.with_pixels(pixels))
        })
        .await
    }
}

/// The failure of a region that has no pixel in common with the picture.
pub(super) fn outside(region: BoundingBox, width: u32, height: u32) -> ToolError {
    let BoundingBox {
        x,
        y,
        width: wide,
        height: high,
    } = region;
    ToolError::bad_argument(
        "region",
        format!("[{x}, {y}, {wide}, {high}] lies outside the picture of {width} x {height} pixels"),
    )
    .with_hint("give x, y, width and height in pixels from the top left of the picture")
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::{Bench, quarters};

    #[tokio::test]
    async fn the_region_is_kept_to_the_pixel() {
        let bench = Bench::new();
        let numbered = ImageBuffer::from_fn(30, 20, |x, y| Rgb([x as u8, y as u8, 0]));
        let image = bench.picture(numbered, PictureFormat::Png).await;
        let region = BoundingBox::from([5.0, 3.0, 10.0, 4.0]);
        let input = CropInput { image, region };
        let changed = CropImage.call(input, bench.context()).await.unwrap();
        let pixels = bench.read(&changed.image).await.pixels.to_rgb8();
        assert_eq!(pixels.dimensions(), (10, 4));
        assert_eq!(pixels.get_pixel(0, 0).0, [5, 3, 0]);
        assert_eq!(pixels.get_pixel(9, 3).0, [14, 6, 0]);
    }

    #[tokio::test]
    async fn what_juts_out_is_left_out_and_what_lies_outside_is_refused() {
        let bench = Bench::new();
        let image = bench.picture(quarters(30, 20), PictureFormat::Png).await;
        let region = BoundingBox::from([-10.0, 10.0, 20.0, 100.0]);
        let input = CropInput {
            image: image.clone(),
            region,
        };
        let changed = CropImage.call(input, bench.context()).await.unwrap();
        let picture = bench.read(&changed.image).await;
        assert_eq!((picture.width(), picture.height()), (10, 10));
        let region = BoundingBox::from([30.0, 0.0, 5.0, 5.0]);
        let input = CropInput { image, region };
        let failure = CropImage.call(input, bench.context()).await.unwrap_err();
        assert_eq!(failure.code(), "bad_argument");
        assert!(failure.for_model().contains("30 x 20"), "{failure}");
    }
}

//! Writes a picture in another format.

use async_trait::async_trait;
use medley_models::processing::picture::{PictureFormat, Quality};
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::passage::{ChangedImage, PICTURE_MEMORY, load, save};

/// The tool `convert_image`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ConvertImage;

/// What `convert_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ConvertInput {
    /// The picture to convert.
    pub image: ImageArtifact,
    /// The new format. JPEG and PNM have no transparency: it becomes white. WebP is written lossless, an icon has at
    /// most 256 pixels a side.
    pub format: TargetFormat,
    /// How well JPEG keeps the picture, 1 (small file) to 100 (good picture); other formats keep all of it.
    #[serde(default = "usual_quality")]
    #[schemars(range(min = 1, max = 100))]
    pub quality: u8,
}

const fn usual_quality() -> u8 {
    90
}

/// A format as people call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(
    missing_docs,
    reason = "the names say it, and documenting one splits the schema"
)]
pub enum TargetFormat {
    Png,
    Jpeg,
    Jpg,
    Webp,
    Gif,
    Bmp,
    Tiff,
    Tif,
    Ico,
    Qoi,
    Ppm,
    Pnm,
}

impl From<TargetFormat> for PictureFormat {
    fn from(format: TargetFormat) -> Self {
        match format {
            TargetFormat::Png => Self::Png,
            TargetFormat::Jpeg | TargetFormat::Jpg => Self::Jpeg,
            TargetFormat::Webp => Self::WebP,
            TargetFormat::Gif => Self::Gif,
            TargetFormat::Bmp => Self::Bmp,
            TargetFormat::Tiff | TargetFormat::Tif => Self::Tiff,
            TargetFormat::Ico => Self::Ico,
            TargetFormat::Qoi => Self::Qoi,
            TargetFormat::Ppm | TargetFormat::Pnm => Self::Pnm,
        }
    }
}

#[async_trait]
impl Tool for ConvertImage {
    type Input = ConvertInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "convert_image",
            "Writes a picture in another file format, such as PNG or JPEG.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "convert it to png",
            "save the picture as jpg",
            "change the format to webp",
            "turn the png into a jpeg",
            "export the image as tiff",
            "make a jpeg with quality 60",
            "compress the photo",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        if !(1..=100).contains(&input.quality) {
            return Err(ToolError::bad_argument("quality", "it must be 1 to 100"));
        }
        let mut picture = load(&input.image, context).await?;
        picture.format = input.format.into();
        save(picture, Quality::new(input.quality), context).await
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;
    use crate::pictures::testing::{Bench, quarters};

    #[tokio::test]
    async fn every_format_can_be_asked_for_by_its_usual_names() {
        let bench = Bench::new();
        for (name, mime) in [
            ("png", "image/png"),
            ("jpeg", "image/jpeg"),
            ("jpg", "image/jpeg"),
            ("webp", "image/webp"),
            ("gif", "image/gif"),
            ("bmp", "image/bmp"),
            ("tiff", "image/tiff"),
            ("tif", "image/tiff"),
            ("ico", "image/x-icon"),
            ("qoi", "image/qoi"),
            ("ppm", "image/x-portable-anymap"),
            ("pnm", "image/x-portable-anymap"),
        ] {
            let format = serde_json::from_value(name.into()).unwrap();
            let image = bench.picture(quarters(16, 16), PictureFormat::Png).await;
            let input = ConvertInput {
                image,
                format,
                quality: 90,
            };
            let changed = ConvertImage.call(input, bench.context()).await.unwrap();
            assert_eq!(changed.image.mime, mime);
            assert_eq!(bench.read(&changed.image).await.format.mime(), mime);
        }
    }

    #[tokio::test]
    async fn transparency_becomes_white_in_jpeg() {
        let bench = Bench::new();
        let nothing = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 0]));
        let image = bench.picture(nothing, PictureFormat::Png).await;
        let input = ConvertInput {
            image,
            format: TargetFormat::Jpg,
            quality: 90,
        };
        let changed = ConvertImage.call(input, bench.context()).await.unwrap();
        let pixels = bench.read(&changed.image).await.pixels.to_rgb8();
        assert_eq!(pixels.get_pixel(4, 4).0, [255; 3]);
    }

    #[tokio::test]
    async fn quality_is_checked_and_matters() {
        let bench = Bench::new();
        let mut sizes = Vec::new();
        for quality in [0, 101, 10, 100] {
            let image = bench.picture(quarters(64, 64), PictureFormat::Png).await;
            let input = ConvertInput {
                image,
                format: TargetFormat::Jpeg,
                quality,
            };
            match ConvertImage.call(input, bench.context()).await {
                Ok(changed) => sizes.push(changed.image.facts.bytes),
                Err(failure) => assert_eq!(failure.code(), "bad_argument"),
            }
        }
        assert!(sizes.len() == 2 && sizes[0] < sizes[1], "{sizes:?}");
    }

    #[tokio::test]
    async fn an_icon_that_is_too_large_says_what_to_do() {
        let bench = Bench::new();
        let image = bench.picture(quarters(300, 30), PictureFormat::Png).await;
        let input = ConvertInput {
            image,
            format: TargetFormat::Ico,
            quality: 90,
        };
        let failure = ConvertImage.call(input, bench.context()).await.unwrap_err();
        assert_eq!(failure.code(), "too_large_for_format");
        assert!(failure.hint().is_some_and(|hint| hint.contains("smaller")));
    }
}

//! Says what a picture is.

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::passage::{PICTURE_MEMORY, load};

/// The tool `image_info`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImageInfo;

/// What `image_info` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ImageInfoInput {
    /// The picture to describe.
    pub image: ImageArtifact,
}

/// What `image_info` gives.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImageFacts {
    /// All of it in one line.
    pub summary: String,
    /// Width in pixels of the upright picture.
    pub width: u32,
    /// Height in pixels of the upright picture.
    pub height: u32,
    /// The format, such as JPEG.
    pub format: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Whether the picture has colours.
    pub colours: ColourModel,
    /// Bits a channel, 8 or 16.
    pub bits: u16,
    /// Whether any part is transparent.
    pub transparent: bool,
}

/// Whether a picture has colours or shades of grey alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColourModel {
    /// Red, green and blue.
    Colour,
    /// Shades of grey.
    Grey,
}

#[async_trait]
impl Tool for ImageInfo {
    type Input = ImageInfoInput;
    type Output = ImageFacts;

    fn about(&self) -> About {
        About::new(
            "image_info",
            "Says how large a picture is, in which format, and whether it has colours or transparency.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "how big is this picture",
            "what size is the image",
            "what are the dimensions of this photo",
            "how many pixels does it have",
            "which format is this picture",
            "tell me the width and height",
            "show image information",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let picture = load(&input.image, context).await?;
        let bytes = input.image.facts.bytes;
        context
            .compute(move || {
                let colour = picture.pixels.color();
                let mut facts = ImageFacts {
                    summary: String::new(),
                    width: picture.width(),
                    height: picture.height(),
                    format: picture.format.name().to_owned(),
                    bytes,
                    colours: if colour.has_color() {
                        ColourModel::Colour
                    } else {
                        ColourModel::Grey
                    },
                    bits: colour.bits_per_pixel() / u16::from(colour.channel_count()),
                    transparent: picture.is_transparent(),
                };
                facts.summary = summary(&facts);
                Ok(facts)
            })
            .await
    }
}

fn summary(facts: &ImageFacts) -> String {
    let colours = match facts.colours {
        ColourModel::Colour => "in colour",
        ColourModel::Grey => "in shades of grey",
    };
    let transparent = if facts.transparent {
        ", partly transparent"
    } else {
        ""
    };
    format!(
        "{} x {} pixels, {}, {}, {colours}, {} bits a channel{transparent}",
        facts.width,
        facts.height,
        facts.format,
        readable_size(facts.bytes),
        facts.bits,
    )
}

/// A number of bytes as people write it, in powers of ten.
fn readable_size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, Rgba, RgbaImage};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::{Bench, quarters};

    #[tokio::test]
    async fn it_says_what_the_picture_is() {
        let bench = Bench::new();
        let image = bench.picture(quarters(40, 20), PictureFormat::Jpeg).await;
        let facts = ImageInfo
            .call(ImageInfoInput { image }, bench.context())
            .await
            .unwrap();
        assert_eq!((facts.width, facts.height, facts.bits), (40, 20, 8));
        assert_eq!((facts.format.as_str(), facts.transparent), ("JPEG", false));
        assert_eq!(facts.colours, ColourModel::Colour);
        assert!(
            facts.summary.starts_with("40 x 20 pixels, JPEG, "),
            "{}",
            facts.summary
        );
    }

    #[tokio::test]
    async fn grey_depth_and_transparency_are_seen() {
        let bench = Bench::new();
        let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_pixel(3, 3, Luma([500]));
        let image = bench.picture(deep, PictureFormat::Png).await;
        let facts = ImageInfo
            .call(ImageInfoInput { image }, bench.context())
            .await
            .unwrap();
        assert_eq!((facts.bits, facts.colours), (16, ColourModel::Grey));
        let glass = RgbaImage::from_pixel(2, 2, Rgba([1, 2, 3, 100]));
        let image = bench.picture(glass, PictureFormat::Png).await;
        let facts = ImageInfo
            .call(ImageInfoInput { image }, bench.context())
            .await
            .unwrap();
        assert!(facts.transparent && facts.summary.ends_with("partly transparent"));
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(readable_size(999), "999 bytes");
        assert_eq!(readable_size(245_300), "245.3 kB");
        assert_eq!(readable_size(12_000_000), "12.0 MB");
    }
}

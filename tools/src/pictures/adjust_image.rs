//! Changes brightness, contrast and saturation.

use async_trait::async_trait;
use image::{DynamicImage, Rgba};
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    layer::finished,
    passage::{ChangedImage, PICTURE_MEMORY, transform},
};

/// The tool `adjust_image`.
///
/// The three changes are those of CSS filters (Filter Effects Module Level 1, sections 6.3 to 6.5), in the order
/// brightness, contrast, saturation, without rounding between them.
#[derive(Debug, Clone, Copy, Default)]
pub struct AdjustImage;

/// What `adjust_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AdjustInput {
    /// The picture to adjust.
    pub image: ImageArtifact,
    /// Factor of brightness: 1 leaves it, 0 is black, 1.5 is half as bright again.
    #[serde(default = "unchanged")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub brightness: f32,
    /// Factor of contrast: 1 leaves it, 0 is plain grey, 2 is twice the contrast.
    #[serde(default = "unchanged")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub contrast: f32,
    /// Factor of saturation: 1 leaves it, 0 takes all colour out, 2 is twice as colourful.
    #[serde(default = "unchanged")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub saturation: f32,
}

const fn unchanged() -> f32 {
    1.0
}

#[async_trait]
impl Tool for AdjustImage {
    type Input = AdjustInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "adjust_image",
            "Makes a picture brighter or darker, changes its contrast or how colourful it is.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "make the picture brighter",
            "darken the photo",
            "increase the contrast",
            "make the colours stronger",
            "reduce the saturation by half",
            "lighten the image by 20 percent",
            "adjust brightness and contrast",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let factors = [
            ("brightness", input.brightness),
            ("contrast", input.contrast),
            ("saturation", input.saturation),
        ];
        for (parameter, factor) in factors {
            if !factor.is_finite() || factor < 0.0 {
                return Err(ToolError::bad_argument(
                    parameter,
                    "it must be zero or more",
                ));
            }
        }
        if factors.iter().all(|(_, factor)| *factor == unchanged()) {
            return Err(
                ToolError::bad_argument("brightness", "nothing is to change")
                    .with_hint("give a brightness, contrast or saturation other than 1"),
            );
        }
        transform(&input.image, context, move |picture| {
            let pixels = adjusted(&picture.pixels, factors.map(|(_, factor)| factor));
            Ok(picture.with_pixels(pixels))
        })
        .await
    }
}

fn adjusted(pixels: &DynamicImage, [brightness, contrast, saturation]: [f32; 3]) -> DynamicImage {
    let mut layer = pixels.to_rgba8();
    for Rgba([red, green, blue, _]) in layer.pixels_mut() {
        let colour = [*red, *green, *blue]
            .map(|value| (f32::from(value) * brightness - 127.5) * contrast + 127.5);
        let luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
        // A float turns into the nearest byte that exists.
        [*red, *green, *blue] =
            colour.map(|value| (luma + (value - luma) * saturation).round() as u8);
    }
    finished(layer)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, RgbaImage};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::Bench;

    fn one(colour: [u8; 3], factors: [f32; 3]) -> [u8; 3] {
        let pixels = RgbImage::from_pixel(1, 1, Rgb(colour)).into();
        adjusted(&pixels, factors).to_rgb8().get_pixel(0, 0).0
    }

    #[test]
    fn factors_mean_what_they_say() {
        assert_eq!(one([100, 50, 200], [1.0, 1.0, 1.0]), [100, 50, 200]);
        assert_eq!(one([100, 50, 200], [1.5, 1.0, 1.0]), [150, 75, 255]);
        assert_eq!(one([100, 50, 200], [0.0, 1.0, 1.0]), [0, 0, 0]);
        assert_eq!(one([100, 50, 200], [1.0, 0.0, 1.0]), [128, 128, 128]);
        assert_eq!(one([100, 50, 200], [1.0, 2.0, 1.0]), [73, 0, 255]);
        let grey = one([100, 50, 200], [1.0, 1.0, 0.0]);
        assert_eq!(grey, [71; 3], "0.2126 * 100 + 0.7152 * 50 + 0.0722 * 200");
        assert_eq!(
            one([90, 90, 90], [1.0, 1.0, 3.0]),
            [90; 3],
            "grey has no colour to strengthen"
        );
    }

    #[test]
    fn transparency_stays() {
        let glass = RgbaImage::from_pixel(1, 1, Rgba([10, 20, 30, 40])).into();
        let pixels = adjusted(&glass, [2.0, 1.0, 1.0]).to_rgba8();
        assert_eq!(pixels.get_pixel(0, 0).0, [20, 40, 60, 40]);
    }

    #[tokio::test]
    async fn nothing_to_change_and_nonsense_are_refused() {
        let bench = Bench::new();
        let pixels = RgbImage::from_pixel(2, 2, Rgb([9; 3]));
        for brightness in [1.0, -1.0, f32::NAN] {
            let image = bench.picture(pixels.clone(), PictureFormat::Png).await;
            let input = AdjustInput {
                image,
                brightness,
                contrast: 1.0,
                saturation: 1.0,
            };
            let failure = AdjustImage.call(input, bench.context()).await.unwrap_err();
            assert_eq!(failure.code(), "bad_argument");
        }
    }
}

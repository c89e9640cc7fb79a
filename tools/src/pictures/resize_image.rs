//! Makes a picture larger or smaller.

use async_trait::async_trait;
use fast_image_resize::{
    IntoImageView, IntoImageViewMut, PixelTrait, ResizeError, ResizeOptions, Resizer,
    pixels::{U8x4, U16x4},
};
use image::{ColorType, DynamicImage};
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::passage::{ChangedImage, PICTURE_MEMORY, check_size, transform};

/// The tool `resize_image`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResizeImage;

/// What `resize_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ResizeInput {
    /// The picture to resize.
    pub image: ImageArtifact,
    /// New width in pixels. Without a height, the picture keeps its proportions.
    #[schemars(range(min = 1, max = 65_535))]
    pub width: Option<u32>,
    /// New height in pixels. Without a width, the picture keeps its proportions.
    #[schemars(range(min = 1, max = 65_535))]
    pub height: Option<u32>,
    /// Factor for both sides, instead of a width or height: 0.5 is half as wide and half as high, 2 is twice.
    #[schemars(range(min = 0.001, max = 100.0))]
    pub scale: Option<f64>,
    /// What happens when width and height do not fit the proportions.
    #[serde(default)]
    pub fit: Fit,
}

/// How a picture meets a frame of other proportions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// As large as fits into the frame, nothing cut off.
    #[default]
    Contain,
    /// Fills the frame; what juts out is cut off evenly.
    Cover,
    /// Exactly the frame, distorted if need be.
    Stretch,
}

#[async_trait]
impl Tool for ResizeImage {
    type Input = ResizeInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "resize_image",
            "Makes a picture larger or smaller, to a width, a height or by a factor.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "resize it to 300 pixels wide",
            "make the picture smaller",
            "make it bigger",
            "scale the image to half its size",
            "shrink the photo by 50 percent",
            "enlarge the picture to twice its size",
            "give me a thumbnail",
            "change the width to 800 and the height to 600",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let wanted = Wanted::new(&input)?;
        transform(&input.image, context, move |picture| {
            let [width, height] = wanted.size(picture.width(), picture.height());
            check_size(wanted.parameter, width, height)?;
            let size = [width, height].map(|side| (side.round() as u32).max(1));
            let pixels = resized(&picture.pixels, size, wanted.fit)?;
            Ok(picture.with_pixels(pixels))
        })
        .await
    }
}

/// The checked arguments.
struct Wanted {
    size: Size,
    fit: Fit,
    parameter: &'static str,
}

enum Size {
    Width(f64),
    Height(f64),
    Frame(f64, f64),
    Scale(f64),
}

impl Wanted {
    fn new(input: &ResizeInput) -> Result<Self, ToolError> {
        let (size, parameter) = match (input.width, input.height, input.scale) {
            (Some(width), None, None) => (Size::Width(width.into()), "width"),
            (None, Some(height), None) => (Size::Height(height.into()), "height"),
            (Some(width), Some(height), None) => {
                (Size::Frame(width.into(), height.into()), "width")
            }
            (None, None, Some(scale)) => (Size::Scale(scale), "scale"),
            (None, None, None) => {
                return Err(ToolError::bad_argument("width", "the new size is missing")
                    .with_hint("give a width, a height, or a scale such as 0.5"));
            }
            (_, _, Some(_)) => {
                return Err(ToolError::bad_argument(
                    "scale",
                    "it says the size a second time, beside the width or height",
                )
                .with_hint("give either the scale or the width and height"));
            }
        };
        let sound = match size {
            Size::Width(side) | Size::Height(side) => side >= 1.0,
            Size::Frame(width, height) => width.min(height) >= 1.0,
            Size::Scale(scale) => scale.is_finite() && scale > 0.0,
        };
        if sound {
            Ok(Self {
                size,
                fit: input.fit,
                parameter,
            })
        } else {
            Err(ToolError::bad_argument(parameter, "it must be above zero"))
        }
    }

    /// Width and height of the result in pixels, not yet rounded.
    fn size(&self, width: u32, height: u32) -> [f64; 2] {
        let (own_width, own_height) = (f64::from(width), f64::from(height));
        let scale = match self.size {
            Size::Width(wanted) => wanted / own_width,
            Size::Height(wanted) => wanted / own_height,
            Size::Scale(scale) => scale,
            Size::Frame(wide, high) if self.fit == Fit::Contain => {
                (wide / own_width).min(high / own_height)
            }
            Size::Frame(wide, high) => return [wide, high],
        };
        [own_width * scale, own_height * scale]
    }
}

/// The pixels as large as fits into a frame, never larger than they are.
pub(super) fn within(
    pixels: &DynamicImage,
    [width, height]: [u32; 2],
) -> Result<DynamicImage, ToolError> {
    let own = [pixels.width(), pixels.height()];
    let size = shrunk(own, [width, height]);
    if size == own {
        return Ok(pixels.clone());
    }
    resized(pixels, size, Fit::Stretch)
}

/// The size of a picture that is made to fit into a frame, and not enlarged.
pub(super) fn shrunk([width, height]: [u32; 2], frame: [u32; 2]) -> [u32; 2] {
    let across = f64::from(frame[0]) / f64::from(width.max(1));
    let down = f64::from(frame[1]) / f64::from(height.max(1));
    let scale = across.min(down).min(1.0);
    let side = |own: u32, most: u32| ((f64::from(own) * scale).round() as u32).clamp(1, most);
    [side(width, frame[0]), side(height, frame[1])]
}

/// Lanczos with three lobes, by Rec. 709 values as they are; transparent pixels lend no colour to their neighbours.
fn resized(pixels: &DynamicImage, size: [u32; 2], fit: Fit) -> Result<DynamicImage, ToolError> {
    let mut options = ResizeOptions::new();
    if fit == Fit::Cover {
        options = options.fit_into_destination(None);
    }
    let colour = pixels.color();
    let resized = if colour.bytes_per_pixel() > colour.channel_count() {
        resized_as::<U16x4>(&pixels.to_rgba16().into(), size, &options)
    } else {
        resized_as::<U8x4>(&pixels.to_rgba8().into(), size, &options)
    };
    let resized = resized.map_err(|error| {
        ToolError::permanent("resize_failed", "the picture cannot be resized")
            .with_hint("convert it to PNG first")
            .caused_by(error)
    })?;
    Ok(in_colour(resized, colour))
}

/// Two pixel types do for all pictures; each one more would cost a minute of compiling.
fn resized_as<P: PixelTrait>(
    source: &DynamicImage,
    [width, height]: [u32; 2],
    options: &ResizeOptions,
) -> Result<DynamicImage, ResizeError> {
    let mut target = DynamicImage::new(width, height, source.color());
    let (Some(view), Some(mut target_view)) =
        (source.image_view::<P>(), target.image_view_mut::<P>())
    else {
        return Err(ResizeError::PixelTypesAreDifferent);
    };
    Resizer::new().resize_typed(&view, &mut target_view, options)?;
    drop(target_view);
    Ok(target)
}

fn in_colour(pixels: DynamicImage, colour: ColorType) -> DynamicImage {
    match colour {
        ColorType::L8 => pixels.to_luma8().into(),
        ColorType::La8 => pixels.to_luma_alpha8().into(),
        ColorType::Rgb8 => pixels.to_rgb8().into(),
        ColorType::L16 => pixels.to_luma16().into(),
        ColorType::La16 => pixels.to_luma_alpha16().into(),
        ColorType::Rgb16 => pixels.to_rgb16().into(),
        _ => pixels,
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb, Rgba, RgbaImage};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::{Bench, quarters};

    async fn size_of(
        bench: &Bench,
        width: Option<u32>,
        height: Option<u32>,
        scale: Option<f64>,
        fit: Fit,
    ) -> (u32, u32) {
        let image = bench.picture(quarters(80, 40), PictureFormat::Png).await;
        let input = ResizeInput {
            image,
            width,
            height,
            scale,
            fit,
        };
        let changed = ResizeImage.call(input, bench.context()).await.unwrap();
        let picture = bench.read(&changed.image).await;
        assert_eq!(changed.image.facts.width, Some(picture.width()));
        (picture.width(), picture.height())
    }

    #[tokio::test]
    async fn proportions_are_kept_unless_asked_otherwise() {
        let bench = Bench::new();
        let contain = Fit::Contain;
        assert_eq!(
            size_of(&bench, Some(20), None, None, contain).await,
            (20, 10)
        );
        assert_eq!(
            size_of(&bench, None, Some(100), None, contain).await,
            (200, 100)
        );
        assert_eq!(
            size_of(&bench, None, None, Some(0.5), contain).await,
            (40, 20)
        );
        assert_eq!(
            size_of(&bench, Some(20), Some(20), None, contain).await,
            (20, 10)
        );
        assert_eq!(
            size_of(&bench, Some(20), Some(20), None, Fit::Cover).await,
            (20, 20)
        );
        assert_eq!(
            size_of(&bench, Some(20), Some(20), None, Fit::Stretch).await,
            (20, 20)
        );
        assert_eq!(size_of(&bench, Some(1), None, None, contain).await, (1, 1));
    }

    #[tokio::test]
    async fn cover_cuts_the_sides_off_and_stretch_does_not() {
        let bench = Bench::new();
        // Red, green, blue and white columns of 10 pixels.
        let columns = ImageBuffer::from_fn(40, 10, |x, _| {
            let colours: [[u8; 3]; 4] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255; 3]];
            Rgb(colours[(x / 10) as usize])
        });
        for (fit, corner) in [(Fit::Cover, [0, 255, 0]), (Fit::Stretch, [255, 0, 0])] {
            let image = bench.picture(columns.clone(), PictureFormat::Png).await;
            let input = ResizeInput {
                image,
                width: Some(20),
                height: Some(10),
                scale: None,
                fit,
            };
            let changed = ResizeImage.call(input, bench.context()).await.unwrap();
            let pixels = bench.read(&changed.image).await.pixels.to_rgb8();
            assert_eq!(pixels.get_pixel(1, 5).0, corner, "{fit:?}");
        }
    }

    #[tokio::test]
    async fn depth_and_channels_stay_as_they_were() {
        let bench = Bench::new();
        let grey = ImageBuffer::from_fn(40, 40, |_, _| image::Luma([40_001_u16]));
        let image = bench.picture(grey, PictureFormat::Png).await;
        let input = ResizeInput {
            image,
            width: Some(7),
            height: None,
            scale: None,
            fit: Fit::Contain,
        };
        let changed = ResizeImage.call(input, bench.context()).await.unwrap();
        let picture = bench.read(&changed.image).await.pixels;
        assert_eq!(picture.color(), ColorType::L16);
        assert!(
            picture
                .to_luma16()
                .pixels()
                .all(|pixel| pixel.0 == [40_001])
        );
    }

    #[tokio::test]
    async fn what_cannot_be_seen_does_not_bleed() {
        let bench = Bench::new();
        let pixels = RgbaImage::from_fn(64, 64, |x, _| {
            Rgba(if x < 32 {
                [255, 0, 0, 255]
            } else {
                [0, 255, 0, 0]
            })
        });
        let image = bench.picture(pixels, PictureFormat::Png).await;
        let input = ResizeInput {
            image,
            width: Some(16),
            height: None,
            scale: None,
            fit: Fit::Contain,
        };
        let changed = ResizeImage.call(input, bench.context()).await.unwrap();
        let pixels = bench.read(&changed.image).await.pixels.to_rgba8();
        for pixel in pixels.pixels().filter(|pixel| pixel.0[3] > 8) {
            assert!(pixel.0[1] < 10, "{pixel:?} has picked up green");
        }
    }

    #[tokio::test]
    async fn sizes_that_make_no_sense_are_refused() {
        let bench = Bench::new();
        for (width, height, scale) in [
            (None, None, None),
            (Some(10), None, Some(2.0)),
            (Some(0), None, None),
            (None, None, Some(0.0)),
            (None, None, Some(-1.0)),
            (None, None, Some(f64::NAN)),
            (Some(60_000), None, None),
        ] {
            let image = bench.picture(quarters(80, 40), PictureFormat::Png).await;
            let input = ResizeInput {
                image,
                width,
                height,
                scale,
                fit: Fit::Contain,
            };
            let failure = ResizeImage.call(input, bench.context()).await.unwrap_err();
            assert_eq!(
                failure.code(),
                "bad_argument",
                "{width:?} {height:?} {scale:?}"
            );
        }
    }
}

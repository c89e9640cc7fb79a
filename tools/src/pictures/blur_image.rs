//! Blurs a picture, or a part of it.

use async_trait::async_trait;
use image::{RgbaImage, imageops, math::Rect};
use medley_orchestrator::{
    About, BoundingBox, CallContext, ImageArtifact, Region, Tool, ToolError,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    crop_image::outside,
    layer::{finished, premultiply, unpremultiply},
    passage::{ChangedImage, PICTURE_MEMORY, transform},
    shape::Shape,
};

/// The largest radius, in pixels: beyond it a picture is one colour anyway.
const LARGEST_RADIUS: f32 = 1000.0;

/// The tool `blur_image`.
#[derive(Debug, Clone, Copy, Default)]
pub struct BlurImage;

/// What `blur_image` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BlurInput {
    /// The picture to blur.
    pub image: ImageArtifact,
    /// How far colours spread, in pixels (the standard deviation, as in CSS): 2 softens, 20 hides.
    #[serde(default = "usual_radius")]
    #[schemars(range(min = 0.1, max = 1000.0))]
    pub radius: f32,
    /// Blur only here: x, y, width and height in pixels, or a region. The whole picture by default.
    pub region: Option<BoundingBox>,
}

const fn usual_radius() -> f32 {
    8.0
}

#[async_trait]
impl Tool for BlurImage {
    type Input = BlurInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new("blur_image", "Blurs a picture, or one rectangle of it.")
            .computes(1, PICTURE_MEMORY)
            .phrases(&[
                "blur the picture",
                "make it blurry",
                "soften the image",
                "blur this part of the photo",
                "make the background out of focus",
                "apply a gaussian blur of 5 pixels",
            ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let (radius, region) = (input.radius, input.region);
        if !(radius > 0.0 && radius <= LARGEST_RADIUS) {
            let message = format!("it must be above zero and at most {LARGEST_RADIUS} pixels");
            return Err(ToolError::bad_argument("radius", message));
        }
        transform(&input.image, context, move |picture| {
            let (width, height) = (picture.width(), picture.height());
            let part = match region {
                None => Rect {
                    x: 0,
                    y: 0,
                    width,
                    height,
                },
                Some(bounds) => pixels_of(bounds, width, height)
                    .ok_or_else(|| outside(bounds, width, height))?,
            };
            let mut layer = picture.pixels.to_rgba8();
            blur(&mut layer, part, radius);
            Ok(picture.with_pixels(finished(layer)))
        })
        .await
    }
}

/// Every pixel that the box touches.
fn pixels_of(bounds: BoundingBox, width: u32, height: u32) -> Option<Rect> {
    let region = Region {
        bounds: [bounds.x, bounds.y, bounds.width, bounds.height],
        ..Region::default()
    };
    Shape::of(&region).pixels(0.0, width, height)
}

/// Blurs a rectangle of the layer, with regard to what surrounds it.
///
/// Three box blurs in place of the Gaussian they come close to, so that the time does not grow with the radius.
pub(super) fn blur(layer: &mut RgbaImage, part: Rect, radius: f32) {
    let reach = (radius * 3.0).ceil() as u32;
    let (left, top) = (part.x.saturating_sub(reach), part.y.saturating_sub(reach));
    let right = (part.x + part.width)
        .saturating_add(reach)
        .min(layer.width());
    let bottom = (part.y + part.height)
        .saturating_add(reach)
        .min(layer.height());
    let mut around = imageops::crop_imm(layer, left, top, right - left, bottom - top).to_image();
    premultiply(&mut around);
    let mut soft = imageops::fast_blur(&around, radius);
    unpremultiply(&mut soft);
    let inside = imageops::crop_imm(&soft, part.x - left, part.y - top, part.width, part.height);
    imageops::replace(layer, &inside.to_image(), part.x.into(), part.y.into());
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba};
    use medley_models::processing::picture::PictureFormat;

    use super::*;
    use crate::pictures::testing::Bench;

    /// Black on the left, white on the right.
    fn edge() -> RgbImage {
        RgbImage::from_fn(60, 40, |x, _| Rgb([if x < 30 { 0 } else { 255 }; 3]))
    }

    async fn blurred(bench: &Bench, radius: f32, region: Option<BoundingBox>) -> RgbImage {
        let image = bench.picture(edge(), PictureFormat::Png).await;
        let input = BlurInput {
            image,
            radius,
            region,
        };
        let changed = BlurImage.call(input, bench.context()).await.unwrap();
        bench.read(&changed.image).await.pixels.to_rgb8()
    }

    #[tokio::test]
    async fn an_edge_becomes_soft_and_far_away_nothing_changes() {
        let bench = Bench::new();
        let soft = blurred(&bench, 3.0, None).await;
        let near = soft.get_pixel(29, 20).0[0];
        assert!((90..170).contains(&near), "{near}");
        assert_eq!(soft.get_pixel(2, 20).0, [0; 3]);
        assert_eq!(soft.get_pixel(57, 20).0, [255; 3]);
        // One standard deviation from the edge, a Gaussian step is at 84 percent.
        let one_off = f32::from(soft.get_pixel(33, 20).0[0]) / 255.0;
        assert!((one_off - 0.84).abs() < 0.06, "{one_off}");
    }

    #[tokio::test]
    async fn only_the_region_changes() {
        let bench = Bench::new();
        let region = BoundingBox::from([20.0, 10.0, 20.0, 10.0]);
        let soft = blurred(&bench, 4.0, Some(region)).await;
        let hard = edge();
        for (x, y, pixel) in soft.enumerate_pixels() {
            let inside = (20..40).contains(&x) && (10..20).contains(&y);
            assert!(inside || pixel == hard.get_pixel(x, y), "{x},{y}");
        }
        assert_ne!(soft.get_pixel(30, 15), hard.get_pixel(30, 15));
    }

    #[tokio::test]
    async fn a_radius_or_region_that_makes_no_sense_is_refused() {
        let bench = Bench::new();
        let away = BoundingBox::from([100.0, 100.0, 5.0, 5.0]);
        for (radius, region) in [
            (0.0, None),
            (f32::NAN, None),
            (5000.0, None),
            (3.0, Some(away)),
        ] {
            let image = bench.picture(edge(), PictureFormat::Png).await;
            let input = BlurInput {
                image,
                radius,
                region,
            };
            let failure = BlurImage.call(input, bench.context()).await.unwrap_err();
            assert_eq!(failure.code(), "bad_argument");
        }
    }

    #[test]
    fn what_cannot_be_seen_does_not_bleed() {
        let mut layer = RgbaImage::from_fn(20, 1, |x, _| {
            Rgba(if x < 10 {
                [255, 0, 0, 255]
            } else {
                [0, 255, 0, 0]
            })
        });
        let whole = Rect {
            x: 0,
            y: 0,
            width: 20,
            height: 1,
        };
        blur(&mut layer, whole, 2.0);
        for pixel in layer.pixels().filter(|pixel| pixel.0[3] > 0) {
            assert_eq!(pixel.0[1], 0, "{pixel:?}");
        }
    }
}

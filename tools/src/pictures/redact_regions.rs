//! Covers regions so that what was there can no longer be seen.

use async_trait::async_trait;
use image::{Rgba, RgbaImage, imageops, math::Rect};
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    blur_image::blur,
    colour::Colour,
    layer::finished,
    passage::{ChangedImage, PICTURE_MEMORY, transform},
    places::Places,
    shape::Shape,
};

/// The tool `redact_regions`.
///
/// The result is written anew from the changed pixels, without metadata, so that neither the covered pixels nor an
/// embedded preview of them are left in the file.
#[derive(Debug, Clone, Copy, Default)]
pub struct RedactRegions;

/// What `redact_regions` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RedactInput {
    /// The picture to cover parts of.
    pub image: ImageArtifact,
    /// The regions to cover: the result of OCR or detection, a list of regions or boxes, or one region. The outline of a
    /// region is covered, its box where it has none.
    pub regions: Places,
    /// How to cover: fill destroys what was there; blur and pixelate hide it from the eye, but short text can be
    /// guessed from them.
    #[serde(default)]
    pub style: RedactStyle,
    /// Colour of fill: a name or #rrggbb, opaque. Black by default.
    pub colour: Option<Colour>,
}

/// How a region is covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RedactStyle {
    /// One colour; nothing is left of what was there.
    #[default]
    Fill,
    /// Blurred beyond reading.
    Blur,
    /// Large squares.
    Pixelate,
}

#[async_trait]
impl Tool for RedactRegions {
    type Input = RedactInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "redact_regions",
            "Covers found places in a picture so that they can no longer be read or recognised.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "black out the text",
            "hide the faces",
            "redact the names in the picture",
            "censor the licence plate",
            "blur out the phone numbers",
            "pixelate the faces",
            "cover the words with white",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let colour = input.colour.unwrap_or(Colour::BLACK);
        if input.style == RedactStyle::Fill && !colour.is_opaque() {
            let message = "what is covered would show through it";
            return Err(ToolError::bad_argument("colour", message)
                .with_hint("give a colour without transparency, such as black or #202020"));
        }
        let found = input.regions.read(context).await?;
        let style = input.style;
        transform(&input.image, context, move |picture| {
            let regions = found.in_picture(picture.width(), picture.height())?;
            let mut layer = picture.pixels.to_rgba8();
            for region in &regions {
                cover(&mut layer, &Shape::of(region), style, colour);
            }
            Ok(picture.with_pixels(finished(layer)))
        })
        .await
    }
}

fn cover(layer: &mut RgbaImage, shape: &Shape, style: RedactStyle, colour: Colour) {
    let Some(area) = shape.pixels(1.0, layer.width(), layer.height()) else {
        return;
    };
    let cover = match style {
        RedactStyle::Fill => RgbaImage::from_pixel(area.width, area.height, colour.0),
        RedactStyle::Pixelate => pixelated(
            &part(layer, area),
            area.width.min(area.height).div_ceil(4).max(8),
        ),
        RedactStyle::Blur => {
            // Squares first: a blur alone can be undone in part.
            let shorter = area.width.min(area.height);
            let mut soft = pixelated(&part(layer, area), shorter.div_ceil(8).max(4));
            let whole = Rect { x: 0, y: 0, ..area };
            blur(&mut soft, whole, (shorter as f32 / 6.0).max(4.0));
            soft
        }
    };
    for y in 0..area.height {
        for x in 0..area.width {
            if shape.touches(area.x + x, area.y + y) {
                layer.put_pixel(area.x + x, area.y + y, *cover.get_pixel(x, y));
            }
        }
    }
}

fn part(layer: &RgbaImage, area: Rect) -> RgbaImage {
    imageops::crop_imm(layer, area.x, area.y, area.width, area.height).to_image()
}

/// Squares of `side` by `side` pixels, each in the average colour of what it covers.
fn pixelated(source: &RgbaImage, side: u32) -> RgbaImage {
    let (width, height) = source.dimensions();
    let mut result = RgbaImage::new(width, height);
    for top in (0..height).step_by(side as usize) {
        for left in (0..width).step_by(side as usize) {
            let (right, bottom) = ((left + side).min(width), (top + side).min(height));
            let square = || (top..bottom).flat_map(|y| (left..right).map(move |x| (x, y)));
            let average = average(square().map(|(x, y)| *source.get_pixel(x, y)));
            for (x, y) in square() {
                result.put_pixel(x, y, average);
            }
        }
    }
    result
}

/// The average colour, in which what cannot be seen does not count.
fn average(pixels: impl Iterator<Item = Rgba<u8>>) -> Rgba<u8> {
    let (mut sums, mut opacity, mut count) = ([0_u64; 3], 0_u64, 0_u64);
    for Rgba([red, green, blue, alpha]) in pixels {
        let weight = u64::from(alpha);
        for (sum, value) in sums.iter_mut().zip([red, green, blue]) {
            *sum += u64::from(value) * weight;
        }
        opacity += weight;
        count += 1;
    }
    let part = |sum: u64, whole: u64| (sum + whole / 2).checked_div(whole).unwrap_or(0) as u8;
    let [red, green, blue] = sums.map(|sum| part(sum, opacity));
    Rgba([red, green, blue, part(opacity, count)])
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use medley_models::processing::picture::{Picture, PictureFormat};
    use medley_orchestrator::{Region, Regions};
    use serde_json::json;

    use super::*;
    use crate::pictures::testing::Bench;

    /// Stripes of one pixel: the finest detail that there is.
    fn stripes() -> RgbImage {
        RgbImage::from_fn(100, 60, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]))
    }

    async fn redacted(
        bench: &Bench,
        format: PictureFormat,
        places: serde_json::Value,
        style: RedactStyle,
    ) -> Picture {
        let input = RedactInput {
            image: bench.picture(stripes(), format).await,
            regions: serde_json::from_value(places).unwrap(),
            style,
            colour: "#ff0000".parse().ok(),
        };
        let changed = RedactRegions.call(input, bench.context()).await.unwrap();
        bench.read(&changed.image).await
    }

    #[tokio::test]
    async fn fill_leaves_nothing_inside_and_all_outside() {
        let bench = Bench::new();
        let places = json!([[20.5, 10, 30, 20]]);
        let picture = redacted(&bench, PictureFormat::Png, places, RedactStyle::Fill).await;
        let pixels = picture.pixels.to_rgb8();
        for (x, y, pixel) in pixels.enumerate_pixels() {
            if (20..51).contains(&x) && (10..30).contains(&y) {
                assert_eq!(pixel.0, [255, 0, 0], "{x},{y}");
            } else if !(19..=51).contains(&x) || !(9..=30).contains(&y) {
                assert_eq!(pixel, stripes().get_pixel(x, y), "{x},{y}");
            }
        }
    }

    #[tokio::test]
    async fn fill_destroys_in_a_jpeg_too() {
        let bench = Bench::new();
        let places = json!([[16, 16, 32, 32]]);
        let picture = redacted(&bench, PictureFormat::Jpeg, places, RedactStyle::Fill).await;
        let pixels = picture.pixels.to_rgb8();
        for (x, y) in (20..44).flat_map(|x| (20..44).map(move |y| (x, y))) {
            let [red, green, blue] = pixels.get_pixel(x, y).0;
            assert!(red > 240 && green < 12 && blue < 12, "{x},{y}");
        }
    }

    #[tokio::test]
    async fn the_polygon_is_what_is_covered() {
        let bench = Bench::new();
        let regions = Regions {
            width: 100,
            height: 60,
            items: vec![Region {
                bounds: [20.0, 10.0, 40.0, 40.0],
                polygon: Some(vec![[40.0, 10.0], [60.0, 30.0], [40.0, 50.0], [20.0, 30.0]]),
                ..Region::default()
            }],
        };
        let places = json!(bench.regions(&regions).await);
        let picture = redacted(&bench, PictureFormat::Png, places, RedactStyle::Fill).await;
        let pixels = picture.pixels.to_rgb8();
        assert_eq!(pixels.get_pixel(40, 30).0, [255, 0, 0]);
        assert_eq!(pixels.get_pixel(23, 30).0, [255, 0, 0]);
        assert_eq!(pixels.get_pixel(22, 12), stripes().get_pixel(22, 12));
    }

    #[tokio::test]
    async fn blur_and_pixelate_leave_no_detail() {
        let bench = Bench::new();
        for style in [RedactStyle::Blur, RedactStyle::Pixelate] {
            let places = json!([[20, 10, 40, 40]]);
            let picture = redacted(&bench, PictureFormat::Png, places, style).await;
            let pixels = picture.pixels.to_rgb8();
            for (x, y) in (22..58).flat_map(|x| (12..48).map(move |y| (x, y))) {
                let value = pixels.get_pixel(x, y).0[0];
                assert!((90..170).contains(&value), "{style:?} at {x},{y}: {value}");
            }
        }
    }

    #[tokio::test]
    async fn a_colour_that_shows_through_is_refused() {
        let bench = Bench::new();
        let input = RedactInput {
            image: bench.picture(stripes(), PictureFormat::Png).await,
            regions: serde_json::from_value(json!([[1, 1, 5, 5]])).unwrap(),
            style: RedactStyle::Fill,
            colour: "#00000080".parse().ok(),
        };
        let failure = RedactRegions
            .call(input, bench.context())
            .await
            .unwrap_err();
        assert_eq!(failure.code(), "bad_argument");
    }

    #[test]
    fn an_average_does_not_count_what_cannot_be_seen() {
        let pixels = [Rgba([200, 0, 0, 255]), Rgba([0, 255, 0, 0])];
        assert_eq!(average(pixels.into_iter()), Rgba([200, 0, 0, 128]));
        assert_eq!(average(std::iter::empty()), Rgba([0; 4]));
    }
}

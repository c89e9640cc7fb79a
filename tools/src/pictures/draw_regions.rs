//! Shows regions on the picture that they were found in.

use async_trait::async_trait;
use image::RgbaImage;
use medley_orchestrator::{About, CallContext, ImageArtifact, Region, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    colour::Colour,
    label::Label,
    layer::{blend, finished},
    passage::{ChangedImage, PICTURE_MEMORY, transform},
    places::Places,
    shape::{Shape, distance},
};

/// The tool `draw_regions`.
#[derive(Debug, Clone, Copy, Default)]
pub struct DrawRegions;

/// What `draw_regions` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DrawInput {
    /// The picture to draw on.
    pub image: ImageArtifact,
    /// The regions to draw: the result of OCR or detection, a list of regions or boxes, or one region.
    pub regions: Places,
    /// Colour of the lines: a name, #rrggbb or #rrggbbaa. Red by default.
    pub colour: Option<Colour>,
    /// Width of the lines in pixels. By default it follows the size of the picture.
    #[schemars(range(min = 1, max = 200))]
    pub width: Option<u32>,
    /// Whether to write the label or the text of each region beside it.
    #[serde(default = "yes")]
    pub labels: bool,
}

const fn yes() -> bool {
    true
}

#[async_trait]
impl Tool for DrawRegions {
    type Input = DrawInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "draw_regions",
            "Draws the outlines of found places, with their labels, on the picture.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "draw boxes around the text",
            "mark the objects in the picture",
            "show where the words are",
            "highlight what you found in the image",
            "outline the regions in green",
            "put a frame around each one",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let found = input.regions.read(context).await?;
        let colour = input.colour.unwrap_or(Colour::RED);
        let (width, labels) = (input.width, input.labels);
        transform(&input.image, context, move |picture| {
            let regions = found.in_picture(picture.width(), picture.height())?;
            let mut layer = picture.pixels.to_rgba8();
            let pen = Pen::new(colour, width, &layer);
            for region in &regions {
                pen.outline(&mut layer, &Shape::of(region));
            }
            if labels {
                for region in &regions {
                    pen.label(&mut layer, region);
                }
            }
            Ok(picture.with_pixels(finished(layer)))
        })
        .await
    }
}

/// What lines and letters are drawn with.
pub(super) struct Pen {
    colour: Colour,
    width: f32,
    /// Side of a dot of the lettering in pixels.
    dot: u32,
}

impl Pen {
    /// Lines and letters that can be seen when the whole picture is looked at.
    pub(super) fn new(colour: Colour, width: Option<u32>, layer: &RgbaImage) -> Self {
        let side = layer.width().min(layer.height());
        Self {
            colour,
            width: width.unwrap_or((side / 200).max(2)).max(1) as f32,
            dot: (side.saturating_add(200) / 400).max(1),
        }
    }

    /// Width of a line in pixels.
    pub(super) const fn width(&self) -> f32 {
        self.width
    }

    pub(super) fn outline(&self, layer: &mut RgbaImage, shape: &Shape) {
        let reach = self.width / 2.0;
        for (from, to) in shape.edges() {
            let edge = Shape::of(&Region {
                polygon: Some(vec![from, to, to]),
                ..Region::default()
            });
            let Some(area) = edge.pixels(reach + 1.0, layer.width(), layer.height()) else {
                continue;
            };
            for y in area.y..area.y + area.height {
                for x in area.x..area.x + area.width {
                    let away = distance([x as f32 + 0.5, y as f32 + 0.5], from, to);
                    // Half a pixel on either side of the rim makes it smooth.
                    let coverage = reach + 0.5 - away;
                    if coverage > 0.0 {
                        blend(layer, x, y, self.colour.0, coverage);
                    }
                }
            }
        }
    }

    /// Above the region where there is room, else inside it at the top.
    fn label(&self, layer: &mut RgbaImage, region: &Region) {
        let Some(text) = text_of(region) else {
            return;
        };
        let (wide, high) = layer.dimensions();
        let Some(area) = Shape::of(region).pixels(self.width / 2.0, wide, high) else {
            return;
        };
        let label = Label::new(&text, self.colour, self.dot, wide);
        let left = area.x.min(wide.saturating_sub(label.width()));
        let top = area.y.checked_sub(label.height()).unwrap_or(area.y);
        label.draw(layer, left, top);
    }
}

/// The label with its score, else the text.
fn text_of(region: &Region) -> Option<String> {
    let label = region.label.as_deref().filter(|label| !label.is_empty());
    let text = region.text.as_deref().filter(|text| !text.is_empty());
    match (label, region.score) {
        (Some(label), Some(score)) => Some(format!("{label} {:.0}%", score * 100.0)),
        (Some(label), None) => Some(label.to_owned()),
        (None, _) => text.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};
    use medley_models::processing::picture::PictureFormat;
    use medley_orchestrator::Regions;
    use serde_json::json;

    use super::*;
    use crate::pictures::testing::Bench;

    const WHITE: Rgb<u8> = Rgb([255; 3]);

    async fn drawn(bench: &Bench, places: Places, labels: bool) -> RgbImage {
        let blank = RgbImage::from_pixel(120, 80, WHITE);
        let input = DrawInput {
            image: bench.picture(blank, PictureFormat::Png).await,
            regions: places,
            colour: "blue".parse().ok(),
            width: Some(2),
            labels,
        };
        let changed = DrawRegions.call(input, bench.context()).await.unwrap();
        bench.read(&changed.image).await.pixels.to_rgb8()
    }

    #[tokio::test]
    async fn a_box_has_a_frame_and_nothing_inside() {
        let bench = Bench::new();
        let places = serde_json::from_value(json!([[20, 30, 60, 30]])).unwrap();
        let pixels = drawn(&bench, places, true).await;
        for (x, y) in [(50, 30), (50, 59), (20, 45), (79, 45)] {
            assert_eq!(pixels.get_pixel(x, y).0, [0, 0, 255], "{x},{y}");
        }
        for (x, y) in [(50, 45), (10, 10), (100, 70), (50, 33), (50, 26)] {
            assert_eq!(*pixels.get_pixel(x, y), WHITE, "{x},{y}");
        }
    }

    #[tokio::test]
    async fn the_polygon_is_drawn_where_there_is_one() {
        let bench = Bench::new();
        let regions = Regions {
            width: 120,
            height: 80,
            items: vec![Region {
                bounds: [20.0, 20.0, 40.0, 40.0],
                polygon: Some(vec![[40.0, 20.0], [60.0, 40.0], [40.0, 60.0], [20.0, 40.0]]),
                ..Region::default()
            }],
        };
        let artifact = bench.regions(&regions).await;
        let places = serde_json::from_value(json!(artifact)).unwrap();
        let pixels = drawn(&bench, places, true).await;
        assert_eq!(*pixels.get_pixel(21, 21), WHITE, "the corner of the box");
        assert_ne!(*pixels.get_pixel(50, 30), WHITE, "a slanted edge");
    }

    #[tokio::test]
    async fn a_label_stands_above_or_inside_and_can_be_left_out() {
        let bench = Bench::new();
        for (y, plate) in [(40, 30), (2, 10)] {
            let places = json!([{"box": [20, y, 60, 30], "label": "cat", "score": 0.91}]);
            let with = drawn(
                &bench,
                serde_json::from_value(places.clone()).unwrap(),
                true,
            )
            .await;
            let without = drawn(&bench, serde_json::from_value(places).unwrap(), false).await;
            let changed = |pixels: &RgbImage| {
                (20..80)
                    .filter(|x| *pixels.get_pixel(*x, plate) != WHITE)
                    .count()
            };
            assert!(changed(&with) > 20, "{y}");
            assert!(changed(&without) <= 4, "{y}: only the sides of the frame");
        }
    }

    #[tokio::test]
    async fn regions_at_the_rim_and_none_at_all_are_fine() {
        let bench = Bench::new();
        let places = json!([
            {"box": [-50, -50, 500, 500], "text": "everywhere"},
            {"box": [110, 70, 50, 50], "text": "出口"},
            {"box": [1e9, 1e9, 5, 5], "text": "nowhere"},
        ]);
        drawn(&bench, serde_json::from_value(places).unwrap(), true).await;
        let blank = drawn(&bench, serde_json::from_value(json!([])).unwrap(), true).await;
        assert!(blank.pixels().all(|pixel| *pixel == WHITE));
    }
}

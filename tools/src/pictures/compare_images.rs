//! Finds where two pictures differ: two screenshots of one page, a document before and after.

mod bounds;

use async_trait::async_trait;
use image::{DynamicImage, GenericImage, GrayImage, Luma, Rgb, RgbImage};
use imageproc::region_labelling::{Connectivity, connected_components};
use medley_models::processing::picture::{Picture, PictureFormat, Quality};
use medley_orchestrator::{
    About, CallContext, ImageArtifact, Region, Regions, RegionsArtifact, Tool, ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::bounds::{Bounds, merged};
use super::{
    colour::Colour,
    draw_regions::Pen,
    layer::finished,
    passage::{PICTURE_MEMORY, check_size, load, save},
    shape::Shape,
};

/// By how much brightness may differ where nothing else is asked for: JPEG of quality 85 stays below it.
const USUAL_TOLERANCE: u8 = 32;

/// Changes that are nearer to each other than this part of the longer side belong together...
const TOGETHER: u32 = 60;
/// ... and those that are nearer than so many pixels, always.
const LEAST_CELL: u32 = 8;

/// The tool `compare_images`.
///
/// Pictures of different sizes are laid on each other at their top left corners; what only one of them has counts as
/// changed. What is transparent is compared as it looks on white.
#[derive(Debug, Clone, Copy, Default)]
pub struct CompareImages;

/// What `compare_images` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CompareInput {
    /// The picture to compare with.
    pub first: ImageArtifact,
    /// The other picture, on which the changes are shown.
    pub second: ImageArtifact,
    /// By how much brightness may differ, from 0 to 255, and still count as the same; hue may differ by twice that. 0 finds
    /// everything; 32, the default, overlooks what compression changes.
    pub tolerance: Option<u8>,
    /// Colour of the outlines: a name, #rrggbb or #rrggbbaa. Red by default.
    pub colour: Option<Colour>,
}

/// What `compare_images` found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Differences {
    /// The second picture with outlines around what changed; as large as both pictures together where they differ in size.
    pub image: ImageArtifact,
    /// The places that changed, from the top down, in pixels of that picture; none if nothing did.
    pub regions: RegionsArtifact,
    /// The part of the pixels that changed, from 0 to 1.
    pub difference: f64,
}

#[async_trait]
impl Tool for CompareImages {
    type Input = CompareInput;
    type Output = Differences;

    fn about(&self) -> About {
        About::new(
            "compare_images",
            "Compares two pictures and shows where they differ.",
        )
        .computes(1, 2 * PICTURE_MEMORY)
        .phrases(&[
            "compare the two screenshots",
            "what changed between the two pictures",
            "show the differences between the images",
            "find the differences between both photos",
            "are the two pictures the same",
            "how different are these two images",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let before = load(&input.first, context).await?;
        let after = load(&input.second, context).await?;
        let format = match after.format {
            PictureFormat::Jpeg => PictureFormat::Jpeg,
            _ => PictureFormat::Png,
        };
        let tolerance = input.tolerance.unwrap_or(USUAL_TOLERANCE);
        let colour = input.colour.unwrap_or(Colour::RED);
        let (picture, regions, difference) = context
            .compute(move || {
                let (before, after) = on_one_canvas(&before, &after)?;
                let changes = Changes::between(&before, &after, tolerance);
                let regions = changes.regions();
                let outlined = outlined(after.shown, &regions, colour);
                let picture = Picture::new(outlined, format);
                Ok((picture, regions, changes.share()))
            })
            .await?;
        let image = save(picture, Quality::default(), context).await?.image;
        let regions = context.write_regions(&regions).await?.into();
        Ok(Differences {
            image,
            regions,
            difference,
        })
    }
}

/// A picture on a canvas that may be larger than it.
struct Laid {
    shown: RgbImage,
    /// Width and height of the picture itself.
    own: (u32, u32),
}

impl Laid {
    fn has(&self, x: u32, y: u32) -> bool {
        x < self.own.0 && y < self.own.1
    }
}

fn on_one_canvas(before: &Picture, after: &Picture) -> Result<(Laid, Laid), ToolError> {
    let width = before.width().max(after.width());
    let height = before.height().max(after.height());
    check_size("second", width.into(), height.into())?;
    let lay = |picture: &Picture| {
        let own = (picture.width(), picture.height());
        let mut shown = picture.on_white();
        if own != (width, height) {
            let mut canvas = RgbImage::from_pixel(width, height, Rgb([u8::MAX; 3]));
            canvas.copy_from(&shown, 0, 0).map_err(|error| {
                ToolError::permanent(
                    "compare_failed",
                    "the pictures cannot be laid on each other",
                )
                .caused_by(error)
            })?;
            shown = canvas;
        }
        Ok::<_, ToolError>(Laid { shown, own })
    };
    Ok((lay(before)?, lay(after)?))
}

/// Which pixels changed.
struct Changes {
    changed: GrayImage,
}

impl Changes {
    fn between(before: &Laid, after: &Laid, tolerance: u8) -> Self {
        let (width, height) = after.shown.dimensions();
        let changed = GrayImage::from_fn(width, height, |x, y| {
            let differs = differ(
                before.shown.get_pixel(x, y),
                after.shown.get_pixel(x, y),
                tolerance,
            );
            let changed = differs || !before.has(x, y) || !after.has(x, y);
            Luma([u8::from(changed) * u8::MAX])
        });
        Self { changed }
    }

    fn share(&self) -> f64 {
        let changed = self.changed.pixels().filter(|pixel| pixel.0[0] > 0).count();
        changed as f64 / self.changed.len().max(1) as f64
    }

    /// Boxes around the changes, those that are close to each other in one.
    fn regions(&self) -> Regions {
        let (width, height) = self.changed.dimensions();
        let cell = (width.max(height) / TOGETHER).max(LEAST_CELL);
        let mut cells = GrayImage::new(width.div_ceil(cell), height.div_ceil(cell));
        let changed = || {
            self.changed
                .enumerate_pixels()
                .filter(|(_, _, pixel)| pixel.0[0] > 0)
        };
        for (x, y, _) in changed() {
            cells.put_pixel(x / cell, y / cell, Luma([u8::MAX]));
        }
        let groups = connected_components(&cells, Connectivity::Eight, Luma([0]));
        let count = groups.pixels().map(|pixel| pixel.0[0]).max().unwrap_or(0);
        let mut boxes = vec![Bounds::EMPTY; count as usize + 1];
        for (x, y, _) in changed() {
            let group = groups.get_pixel(x / cell, y / cell).0[0];
            boxes[group as usize].add(x, y);
        }
        boxes.retain(|bounds| *bounds != Bounds::EMPTY);
        let mut merged = merged(boxes);
        merged.sort_by_key(|bounds| (bounds.top, bounds.left));
        Regions {
            width,
            height,
            items: merged.iter().map(Bounds::region).collect(),
        }
    }
}

/// Whether two colours differ in luma or, by twice the tolerance, in chroma, which compression keeps with less care (ITU-R
/// BT.601, in thousandths).
fn differ(old: &Rgb<u8>, new: &Rgb<u8>, tolerance: u8) -> bool {
    const LUMA: [i32; 3] = [299, 587, 114];
    const BLUE: [i32; 3] = [-169, -331, 500];
    const RED: [i32; 3] = [500, -419, -81];
    let change = |weights: [i32; 3]| {
        let channels = old.0.iter().zip(new.0).zip(weights);
        channels
            .map(|((old, new), weight)| (i32::from(new) - i32::from(*old)) * weight)
            .sum::<i32>()
            .abs()
    };
    let limit = i32::from(tolerance) * 1000;
    change(LUMA) > limit || change(BLUE).max(change(RED)) > 2 * limit
}

/// The picture with a line around each region, which leaves free what changed.
fn outlined(picture: RgbImage, regions: &Regions, colour: Colour) -> DynamicImage {
    if regions.items.is_empty() {
        return picture.into();
    }
    let mut layer = DynamicImage::from(picture).into_rgba8();
    let pen = Pen::new(colour, None, &layer);
    for region in &regions.items {
        let [x, y, width, height] = region.bounds;
        let gap = 2.0 * pen.width();
        // At the rim of the picture the line stays inside it.
        let [left, top] = [x - gap, y - gap].map(|edge| edge.max(pen.width() / 2.0));
        let right = (x + width + gap).min(layer.width() as f32 - pen.width() / 2.0);
        let bottom = (y + height + gap).min(layer.height() as f32 - pen.width() / 2.0);
        let around = Region {
            bounds: [left, top, (right - left).max(1.0), (bottom - top).max(1.0)],
            ..Region::default()
        };
        pen.outline(&mut layer, &Shape::of(&around));
    }
    finished(layer)
}

#[cfg(test)]
mod tests;

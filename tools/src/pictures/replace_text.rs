//! Writes other text in the place of what stands in a picture.

mod align;
mod face;
mod plate;
mod strokes;
mod surface;

use async_trait::async_trait;
use image::{GrayImage, Luma, Rgba, RgbaImage};
use imageproc::{distance_transform::Norm, morphology::dilate};
use medley_orchestrator::{About, CallContext, ImageArtifact, Region, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use self::{
    align::alignments,
    face::{Faces, Mask, Old},
    plate::Plate,
    surface::Surface,
};
use super::{
    colour::Colour,
    layer::{blend, finished},
    passage::{ChangedImage, PICTURE_MEMORY, transform},
    places::Places,
};

/// The part of a text's height over which its cover fades into what is bare around the text.
const BLENDING: f32 = 0.25;
/// How far the edges of letters are blurred, in pixels.
const EDGE: u8 = 2;

/// The tool `replace_text`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplaceText;

/// What `replace_text` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ReplaceInput {
    /// The picture whose text is replaced.
    pub image: ImageArtifact,
    /// Where the text stands, as OCR gives it.
    pub regions: Places,
    /// The new texts, one for each region and in the same order. Where one is empty, the old text is only covered.
    pub texts: Vec<String>,
    /// Colour of the new text: a name or #rrggbb. By default that of the old text.
    pub colour: Option<Colour>,
}

#[async_trait]
impl Tool for ReplaceText {
    type Input = ReplaceInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "replace_text",
            "Replaces the text in a picture with other text, in its place, size and colour.",
        )
        .computes(1, PICTURE_MEMORY)
        .phrases(&[
            "replace the text in the picture",
            "write the translation over the sign",
            "put the new words in place of the old ones",
            "change what the sign says",
            "overwrite the text in the image with this one",
            "swap the words on the poster for others",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let found = input.regions.read(context).await?;
        check_number(found.items.len(), input.texts.len())?;
        let (texts, colour) = (input.texts, input.colour);
        let cancel = context.cancellation().clone();
        transform(&input.image, context, move |picture| {
            let regions = found.in_picture(picture.width(), picture.height())?;
            let mut layer = picture.pixels.to_rgba8();
            replace(&mut layer, &regions, &texts, colour, &cancel)?;
            Ok(picture.with_pixels(finished(layer)))
        })
        .await
    }
}

fn check_number(regions: usize, texts: usize) -> Result<(), ToolError> {
    if regions == texts {
        return Ok(());
    }
    Err(ToolError::bad_argument(
        "texts",
        format!("there are {texts} texts for {regions} regions"),
    )
    .with_hint("give one text for each region, and an empty one where nothing should stand"))
}

fn replace(
    layer: &mut RgbaImage,
    regions: &[Region],
    texts: &[String],
    colour: Option<Colour>,
    cancel: &CancellationToken,
) -> Result<(), ToolError> {
    let faces = Faces::new()?;
    // All are looked at before any is covered: neighbours overlap.
    let mut seen: Vec<Option<(Plate, Surface)>> = Vec::with_capacity(regions.len());
    for region in regions {
        if cancel.is_cancelled() {
            return Err(ToolError::cancelled());
        }
        let plate = Plate::of(region, layer.dimensions());
        let with_surface = |plate: Plate| {
            let surface = Surface::under(&plate, layer)?;
            Some((plate, surface))
        };
        seen.push(plate.and_then(with_surface));
    }
    for (plate, surface) in seen.iter().flatten() {
        cover(layer, plate, surface);
    }
    let aligned = seen.iter().zip(alignments(&seen));
    for ((seen, align), (region, text)) in aligned.zip(regions.iter().zip(texts)) {
        if cancel.is_cancelled() {
            return Err(ToolError::cancelled());
        }
        let Some((plate, surface)) = seen else {
            continue;
        };
        let old = Old {
            text: region.text.as_deref(),
            written: surface.written,
            thickness: surface.thickness,
            align,
        };
        if let Some(mask) = face::set(faces.like(old, plate), text, plate, old) {
            let ink = colour.map_or(surface.ink, |colour| colour.0);
            print(layer, plate, &mask, ink);
        }
    }
    Ok(())
}

/// Lays the colour of the surface over the old text, and lets it fade into what is bare around it.
fn cover(layer: &mut RgbaImage, plate: &Plate, surface: &Surface) {
    let Some(area) = plate.area(layer) else {
        return;
    };
    let written = GrayImage::from_fn(area.width, area.height, |x, y| {
        let (x, y) = (area.x + x, area.y + y);
        let (place, _) = plate.seen_from(x, y);
        let bare = surface.is_bare(place, *layer.get_pixel(x, y));
        Luma([u8::from(!bare) * u8::MAX])
    });
    // The blurred edges of letters go with them.
    let written = dilate(&written, Norm::LInf, EDGE);
    for (x, y, written) in written.enumerate_pixels() {
        let (x, y) = (area.x + x, area.y + y);
        let (place, depth) = plate.seen_from(x, y);
        let mut coverage = Plate::coverage(depth);
        if written.0[0] == 0 {
            coverage *= (depth / (BLENDING * plate.height)).clamp(0.0, 1.0);
        }
        let colour = surface.at(place);
        if coverage > 0.0 && colour.0[3] < u8::MAX {
            layer.put_pixel(x, y, colour);
        } else {
            blend(layer, x, y, colour, coverage);
        }
    }
}

/// Lays letters on the picture.
fn print(layer: &mut RgbaImage, plate: &Plate, mask: &Mask, ink: Rgba<u8>) {
    for (x, y) in plate.pixels(layer) {
        let ([across, down], _) = plate.seen_from(x, y);
        let coverage = mask.at(across, down);
        if coverage > 0.0 {
            blend(layer, x, y, ink, coverage);
        }
    }
}

#[cfg(test)]
mod tests;

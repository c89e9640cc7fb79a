//! Puts many pictures on one sheet, small, with a caption under each.

use std::sync::Arc;

use async_trait::async_trait;
use image::{Rgba, RgbaImage, imageops};
use medley_models::processing::picture::{Picture, PictureFormat, Quality};
use medley_orchestrator::{About, CallContext, ImageArtifact, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    colour::Colour,
    layer::{blend, finished},
    lettering::{Stand, Typeface, Weight},
    paragraph::shortened,
    passage::{ChangedImage, PICTURE_MEMORY, check_size, load, save},
    resize_image::{shrunk, within},
};

/// Side of the square for each picture, in pixels, where none is asked for.
const USUAL_CELL: u32 = 240;

/// The free space around each cell, as a part of its side.
const GAP: u32 = 16;

/// The size of captions as a part of the side of a cell, and the least that can be read, in pixels.
const CAPTION: f32 = 1.0 / 15.0;
const LEAST_CAPTION: f32 = 10.0;

/// From baseline to baseline, in sizes of the caption.
const LEADING: f32 = 1.25;

/// Captions have at most so many lines.
const CAPTION_LINES: usize = 2;

/// The tool `contact_sheet`.
///
/// Pictures are read one after the other, and none is enlarged: what it takes of memory does not grow with their number,
/// but for the sheet itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct ContactSheet;

/// What `contact_sheet` takes.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SheetInput {
    /// The pictures, in the order in which they stand on the sheet.
    pub images: Vec<ImageArtifact>,
    /// What stands under the pictures: as many texts as there are pictures. A long one is wrapped, then shortened.
    pub captions: Option<Vec<String>>,
    /// Pictures in a row. By default about as many as there are rows.
    #[schemars(range(min = 1, max = 100))]
    pub columns: Option<u32>,
    /// Side of the square in pixels into which each picture is fitted: 240 by default. Rows are as high as their highest
    /// picture needs.
    #[schemars(range(min = 32, max = 2000))]
    pub cell: Option<u32>,
    /// Colour of the sheet: a name, #rrggbb or #rrggbbaa. White by default.
    pub background: Option<Colour>,
}

#[async_trait]
impl Tool for ContactSheet {
    type Input = SheetInput;
    type Output = ChangedImage;

    fn about(&self) -> About {
        About::new(
            "contact_sheet",
            "Puts several pictures on one sheet as small copies in rows, with captions.",
        )
        .computes(1, 2 * PICTURE_MEMORY)
        .phrases(&[
            "make a contact sheet of the photos",
            "put all the pictures on one page with captions",
            "arrange the images in a grid",
            "an overview of the pictures as thumbnails",
            "combine the photos into one sheet",
            "make a contact sheet with three columns",
        ])
    }

    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError> {
        let layout = Layout::of(&input)?;
        let colour = input.background.unwrap_or(WHITE);
        let (width, height) = (layout.width, layout.height);
        let mut sheet = context
            .compute(move || Ok(RgbaImage::from_pixel(width, height, colour.0)))
            .await?;
        let layout = Arc::new(layout);
        let count = input.images.len();
        for (number, image) in input.images.iter().enumerate() {
            context.progress(Some(number as f32 / count as f32), "placing pictures");
            let picture = load(image, context).await?;
            let (caption, place) = (caption_of(&input, number), layout.place(number));
            let layout = Arc::clone(&layout);
            sheet = context
                .compute(move || {
                    layout.put(&mut sheet, &picture, place)?;
                    layout.write(&mut sheet, &caption, place, ink_on(colour))?;
                    Ok(sheet)
                })
                .await?;
        }
        let picture = Picture::new(finished(sheet), PictureFormat::Png);
        save(picture, Quality::default(), context).await
    }
}

const WHITE: Colour = Colour(Rgba([255; 4]));

fn caption_of(input: &SheetInput, number: usize) -> String {
    let mut captions = input.captions.iter().flatten();
    captions.nth(number).cloned().unwrap_or_default()
}

/// What can be seen through is taken to lie on white.
fn ink_on(background: Colour) -> Rgba<u8> {
    let on = if background.is_opaque() {
        background
    } else {
        WHITE
    };
    on.ink()
}

/// Where everything stands, in pixels.
#[derive(Debug, Clone)]
struct Layout {
    columns: u32,
    cell: u32,
    gap: u32,
    /// The size of captions.
    letters: f32,
    /// Where rows begin, and how high the highest picture in each is.
    rows: Vec<[u32; 2]>,
    width: u32,
    height: u32,
}

/// The place of a picture.
#[derive(Debug, Clone, Copy)]
struct Place {
    left: u32,
    top: u32,
    height: u32,
}

impl Layout {
    fn of(input: &SheetInput) -> Result<Self, ToolError> {
        let count = input.images.len();
        if count == 0 {
            return Err(ToolError::bad_argument("images", "there are no pictures")
                .with_hint("give at least one picture"));
        }
        let captions = input.captions.as_ref().map(Vec::len);
        if let Some(captions) = captions.filter(|captions| *captions != count) {
            let message = format!("there are {captions} captions for {count} pictures");
            return Err(ToolError::bad_argument("captions", message)
                .with_hint("give one caption for each picture, or none at all"));
        }
        let usual = (count as f64).sqrt().ceil() as u32;
        let most = u32::try_from(count).unwrap_or(u32::MAX);
        let columns = input.columns.unwrap_or(usual).clamp(1, most);
        let cell = input.cell.unwrap_or(USUAL_CELL).max(1);
        let gap = (cell / GAP).max(1);
        let letters = (cell as f32 * CAPTION).max(LEAST_CAPTION);
        let lines = CAPTION_LINES as f32 * LEADING * letters;
        let caption = captions.map_or(0, |_| lines.ceil() as u32);
        let (mut rows, mut foot) = (Vec::new(), u64::from(gap));
        for row in input.images.chunks(columns as usize) {
            let height = row
                .iter()
                .map(|image| height_of(image, cell))
                .max()
                .unwrap_or(cell);
            // What is larger than a picture may be is refused below.
            rows.push([u32::try_from(foot).unwrap_or(u32::MAX), height]);
            foot += u64::from(height + caption + gap);
        }
        let width = f64::from(columns) * f64::from(cell + gap) + f64::from(gap);
        check_size("images", width, foot as f64)?;
        Ok(Self {
            columns,
            cell,
            gap,
            letters,
            rows,
            width: width as u32,
            height: foot as u32,
        })
    }

    fn place(&self, number: usize) -> Place {
        let (column, row) = (
            number % self.columns as usize,
            number / self.columns as usize,
        );
        let [top, height] = self.rows.get(row).copied().unwrap_or_default();
        Place {
            left: self.gap + column as u32 * (self.cell + self.gap),
            top,
            height,
        }
    }

    /// Puts a picture into the middle of its place.
    fn put(&self, sheet: &mut RgbaImage, picture: &Picture, place: Place) -> Result<(), ToolError> {
        let small = within(&picture.pixels, [self.cell, place.height])?.into_rgba8();
        let left = place.left + (self.cell - small.width()) / 2;
        let top = place.top + (place.height - small.height()) / 2;
        imageops::overlay(sheet, &small, left.into(), top.into());
        Ok(())
    }

    fn write(
        &self,
        sheet: &mut RgbaImage,
        caption: &str,
        place: Place,
        ink: Rgba<u8>,
    ) -> Result<(), ToolError> {
        let typeface = Typeface::new(Weight::Regular)?;
        let room = self.cell as f32 / self.letters;
        let mut baseline = (place.top + place.height) as f32 + LEADING * self.letters;
        for line in shortened(&typeface, caption, room, CAPTION_LINES) {
            let free = (room - typeface.width(&line)) * self.letters;
            let stand = Stand {
                left: place.left as f32 + free / 2.0,
                baseline,
                size: self.letters,
                squeeze: 1.0,
            };
            typeface.set(&line, stand, |x, y, coverage| {
                if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) {
                    blend(sheet, x, y, ink, coverage);
                }
            });
            baseline += LEADING * self.letters;
        }
        Ok(())
    }
}

/// The height that a picture will have in a cell; the cell's own where its size was not measured.
fn height_of(image: &ImageArtifact, cell: u32) -> u32 {
    match (image.facts.width, image.facts.height) {
        (Some(width), Some(height)) => shrunk([width, height], [cell, cell])[1],
        _ => cell,
    }
}

#[cfg(test)]
mod tests;

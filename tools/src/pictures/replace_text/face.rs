//! Sets new text on a plate: as large as the old text, else as large as fits, on as many lines as that takes, and to the
//! side to which the old text kept.

use image::GrayImage;
use medley_orchestrator::ToolError;

use super::{align::Align, plate::Plate, strokes::thickness, surface::Written};
use crate::pictures::{
    lettering::{Stand, Typeface, Weight},
    paragraph,
};

/// The parts of a plate's width and height that lettering may take.
const FILLING: [f32; 2] = [0.98, 0.86];

/// Letters may become so narrow before they become smaller.
const LEAST_SQUEEZE: f32 = 0.85;

/// The least height of a line of text, in ems, that its size can be told from: that of small letters.
const LEAST_HEIGHT: f32 = 0.5;

/// Stands for an old text that was not read: letters, and a comma that reaches half as low as letters may.
const SAMPLE: &str = "Hambur,";

/// From baseline to baseline, in ems.
const LEADING: f32 = 1.15;

/// Pixels of the mask in a pixel of the plate, each way: the plate is turned, and small letters must not blur by that.
const FINENESS: f32 = 2.0;
/// Plates of more pixels than this have large letters, and take enough memory as they are.
const SMALL_PLATE: f32 = 4e6;

/// Halvings of the interval in which the size is sought: to a thousandth of the height.
const HALVINGS: u32 = 11;

/// The typefaces that there are.
pub(super) struct Faces {
    regular: Typeface,
    bold: Typeface,
}

impl Faces {
    pub(super) fn new() -> Result<Self, ToolError> {
        Ok(Self {
            regular: Typeface::new(Weight::Regular)?,
            bold: Typeface::new(Weight::Bold)?,
        })
    }

    /// The one whose strokes come nearest to those of the old text, set in the same size.
    pub(super) fn like(&self, old: Old<'_>, plate: &Plate) -> &Typeface {
        let off = |typeface: &Typeface| {
            let text = old.text.unwrap_or(SAMPLE);
            let size = old.size(typeface, text)?;
            let mut mask = Mask::over(plate, 1.0);
            let stand = Stand {
                left: 0.0,
                baseline: plate.height / 2.0,
                size,
                squeeze: 1.0,
            };
            typeface.set(text, stand, |x, y, coverage| mask.add(x, y, coverage));
            let ink: Vec<f32> = mask
                .coverage
                .iter()
                .map(|value| f32::from(*value))
                .collect();
            let columns = mask.coverage.width() as usize;
            Some((thickness(&ink, columns) / old.thickness).ln().abs())
        };
        match (off(&self.regular), off(&self.bold)) {
            (Some(regular), Some(bold)) if bold < regular => &self.bold,
            _ => &self.regular,
        }
    }
}

/// How much of each place of a plate is covered by letters.
pub(super) struct Mask {
    coverage: GrayImage,
    /// Its pixels in a pixel of the plate, each way.
    fineness: f32,
}

impl Mask {
    fn over(plate: &Plate, fineness: f32) -> Self {
        let [width, height] =
            [plate.width, plate.height].map(|side| (side * fineness).ceil() as u32);
        Self {
            coverage: GrayImage::new(width, height),
            fineness,
        }
    }

    /// The coverage at a place in pixels of the plate, between the four nearest of the mask.
    pub(super) fn at(&self, across: f32, down: f32) -> f32 {
        let (x, y) = (across * self.fineness - 0.5, down * self.fineness - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (right, foot) = (x - left, y - top);
        let row = |down: f32| {
            let (column, down) = (left as i32, (top + down) as i32);
            self.get(column, down) * (1.0 - right) + self.get(column + 1, down) * right
        };
        (row(0.0) * (1.0 - foot) + row(1.0) * foot) / 255.0
    }

    fn get(&self, x: i32, y: i32) -> f32 {
        let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        place
            .and_then(|(x, y)| self.coverage.get_pixel_checked(x, y))
            .map_or(0.0, |pixel| f32::from(pixel.0[0]))
    }

    fn add(&mut self, x: i32, y: i32, coverage: f32) {
        let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        if let Some(pixel) = place.and_then(|(x, y)| self.coverage.get_pixel_mut_checked(x, y)) {
            let more = (coverage * 255.0).round().clamp(0.0, 255.0) as u8;
            pixel.0[0] = pixel.0[0].saturating_add(more);
        }
    }
}

/// The text that stood on a plate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Old<'a> {
    /// What it said, where that is known.
    pub(super) text: Option<&'a str>,
    /// Where it stood, if there was any.
    pub(super) written: Option<Written>,
    /// How thick its strokes were, in pixels of the plate.
    pub(super) thickness: f32,
    /// The side to which it kept.
    pub(super) align: Align,
}

impl Old<'_> {
    /// The em of the old text; where it is not known what it said, it is taken to have reached as high and low as `text`.
    fn size(&self, typeface: &Typeface, text: &str) -> Option<f32> {
        let [above, below] = typeface.reach(self.text.unwrap_or(text));
        let Written { top, foot, .. } = self.written?;
        Some((foot - top) / (below - above).max(LEAST_HEIGHT))
    }

    /// Its baseline, where it is known what it said.
    fn baseline(&self, typeface: &Typeface) -> Option<f32> {
        let text = self.text?;
        let below = typeface.reach(text)[1] * self.size(typeface, text)?;
        Some(self.written?.foot - below)
    }
}

/// Sets `text` on a plate; `None` if there is nothing to set.
pub(super) fn set(typeface: &Typeface, text: &str, plate: &Plate, old: Old<'_>) -> Option<Mask> {
    let block = Block::largest(typeface, text, plate, old)?;
    let fineness = if plate.width * plate.height > SMALL_PLATE {
        1.0
    } else {
        FINENESS
    };
    let mut mask = Mask::over(plate, fineness);
    let inside = FILLING[0] * plate.width;
    let squeeze = (inside / (block.widest() * block.size)).min(1.0);
    let mut baseline = block.baseline(typeface, plate, old);
    for (line, width) in &block.lines {
        let length = width * block.size * squeeze;
        let least = (plate.width - inside) / 2.0;
        let left = match (old.align, old.written) {
            (Align::Left, Some(old)) => old.left,
            (Align::Right, Some(old)) => old.right - length,
            _ => (plate.width - length) / 2.0,
        };
        let stand = Stand {
            left: fineness * left.min(plate.width - least - length).max(least),
            baseline: fineness * baseline,
            size: fineness * block.size,
            squeeze,
        };
        typeface.set(line, stand, |x, y, coverage| mask.add(x, y, coverage));
        baseline += LEADING * block.size;
    }
    Some(mask)
}

/// Lines of text in one size.
struct Block {
    /// The em in pixels.
    size: f32,
    /// Lines, and how long each is in ems.
    lines: Vec<(String, f32)>,
    /// How far the first line reaches above its baseline, and the last one below, in ems.
    above: f32,
    below: f32,
}

impl Block {
    /// The largest that fits, and is no larger than the old text.
    fn largest(typeface: &Typeface, text: &str, plate: &Plate, old: Old<'_>) -> Option<Self> {
        let fits = |block: &Self| {
            block.height() <= FILLING[1] * plate.height
                && block.widest() * block.size * LEAST_SQUEEZE <= FILLING[0] * plate.width
        };
        let mut too_large = old.size(typeface, text).unwrap_or(plate.height);
        let mut fitting = None;
        let mut least = 0.0;
        for _ in 0..HALVINGS {
            let size = f32::midpoint(least, too_large);
            let block = Self::of(typeface, text, plate, size)?;
            if fits(&block) {
                (fitting, least) = (Some(block), size);
            } else {
                too_large = size;
            }
        }
        fitting
    }

    fn of(typeface: &Typeface, text: &str, plate: &Plate, size: f32) -> Option<Self> {
        let room = FILLING[0] * plate.width / (size * LEAST_SQUEEZE);
        let lines = paragraph::lines(typeface, text, room);
        let above = typeface.reach(lines.first()?)[0];
        let below = typeface.reach(lines.last()?)[1];
        let measured = lines.into_iter().map(|line| {
            let width = typeface.width(&line);
            (line, width)
        });
        Some(Self {
            size,
            lines: measured.collect(),
            above,
            below,
        })
    }

    /// The baseline of the first line: that of the old text for a single line, as far as it stays on the plate; else in the
    /// middle.
    fn baseline(&self, typeface: &Typeface, plate: &Plate, old: Old<'_>) -> f32 {
        let room = plate.height - self.height();
        let top = match old.baseline(typeface).filter(|_| self.lines.len() == 1) {
            Some(baseline) => (baseline + self.above * self.size).min(room).max(0.0),
            None => room / 2.0,
        };
        top - self.above * self.size
    }

    /// The length of the longest line in ems.
    fn widest(&self) -> f32 {
        let widths = self.lines.iter().map(|(_, width)| *width);
        widths.fold(0.0, f32::max)
    }

    /// From the top of the first line to the foot of the last, in pixels.
    fn height(&self) -> f32 {
        let between = self.lines.len().saturating_sub(1) as f32 * LEADING;
        (between + self.below - self.above) * self.size
    }
}

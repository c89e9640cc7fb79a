//! From a picture to lines: which way is up, for the page and for each line.
//!
//! The extra looks are paid for only where there is evidence that they are needed: mostly tall
//! boxes, mostly lines that the orientation model calls upside down, or a poor reading.

use image::RgbImage;
use tokio_util::sync::CancellationToken;

use super::crop::{self, Crop};
use super::decoding::Reading;
use super::fit::Fitted;
use super::turning::Turn;
use super::{PpOcr, TextLine, detection, orientation};
use crate::ModelError;

/// Height over width of a picture from which it is laid on its side before anything else: the
/// detector cannot take it as it is.
const COLUMN: u32 = 8;
/// Lines that are read both ways to find out which way is up.
const SAMPLE: usize = 6;
/// Width over height from which the shape of a box says which way its line runs.
const LONG: f64 = 1.5;
/// Mean score from which a sample counts as read.
const LEGIBLE: f32 = 0.6;
/// Probability from which a single line is turned over (the threshold of PP-OCR).
const TURN_OVER: f32 = 0.9;
/// Probability below which a line is upright without doubt.
const SURELY_UPRIGHT: f32 = 0.1;
/// Score below which a line is read the other way as well, if there is doubt.
const DOUBTFUL: f32 = 0.8;

/// A line found on a page.
struct Found {
    crop: Crop,
    /// Whether it ran downwards and was laid down.
    tall: bool,
    /// Probability that it is upside down.
    over: f32,
    /// Where it is in the page before it was fitted.
    polygon: [[f32; 2]; 4],
}

/// The lines found on a page.
pub(super) struct Page {
    lines: Vec<Found>,
}

impl PpOcr {
    /// The lines of `picture`, found after turning it upright, and that turn.
    pub(super) fn upright_page(
        &self,
        picture: &RgbImage,
        cancel: &CancellationToken,
    ) -> Result<(Page, Turn), ModelError> {
        let (width, height) = picture.dimensions();
        let first = if height / COLUMN > width {
            Turn::Counterclockwise
        } else {
            Turn::None
        };
        let page = self.find(&first.apply(picture), cancel)?;
        match self.needed_turn(&page, cancel)? {
            Turn::None => Ok((page, first)),
            more => {
                drop(page);
                let turn = first.and(more);
                Ok((self.find(&turn.apply(picture), cancel)?, turn))
            }
        }
    }

    /// Detection and orientation.
    fn find(&self, picture: &RgbImage, cancel: &CancellationToken) -> Result<Page, ModelError> {
        let fitted = Fitted::new(picture)?;
        let boxes = detection::boxes(&self.detection, &fitted, cancel)?;
        let mut lines: Vec<Found> = boxes
            .into_iter()
            .filter_map(|quad| {
                let crop = Crop::new(&fitted.picture, quad)?;
                Some(Found {
                    tall: crop::is_tall(&quad),
                    over: 0.0,
                    polygon: fitted.to_original(crop.quad),
                    crop,
                })
            })
            .collect();
        let pictures: Vec<&RgbImage> = lines.iter().map(|line| &line.crop.picture).collect();
        let over = orientation::upside_down(&self.orientation, &pictures, cancel)?;
        for (line, over) in lines.iter_mut().zip(over) {
            line.over = over;
        }
        Ok(Page { lines })
    }

    /// How the picture of `page` has to be turned to be upright.
    fn needed_turn(&self, page: &Page, cancel: &CancellationToken) -> Result<Turn, ModelError> {
        let long = |tall: bool| {
            page.lines
                .iter()
                .filter(move |line| line.tall == tall && line.crop.aspect() >= LONG)
        };
        let length = |line: &Found| line.crop.picture.width();
        let wide: u32 = long(false).map(length).sum();
        let tall: u32 = long(true).map(length).sum();
        let on_its_side = tall > wide;
        let over: u32 = long(false).filter(|line| line.over > 0.5).map(length).sum();
        if !on_its_side && over * 2 <= wide {
            return Ok(Turn::None);
        }
        let mut sample: Vec<&Found> = long(on_its_side).collect();
        sample.sort_by_key(|line| std::cmp::Reverse(length(line)));
        sample.truncate(SAMPLE);
        let turned: Vec<Crop> = sample.iter().map(|line| line.crop.turned_over()).collect();
        let pictures: Vec<&RgbImage> = sample
            .iter()
            .map(|line| &line.crop.picture)
            .chain(turned.iter().map(|crop| &crop.picture))
            .collect();
        let readings = self.recognizer.read(&pictures, cancel)?;
        let (as_it_is, turned) = readings.split_at(sample.len());
        let (as_it_is, turned) = (mean_score(as_it_is), mean_score(turned));
        Ok(match (on_its_side, turned > as_it_is) {
            _ if turned.max(as_it_is) < LEGIBLE => Turn::None,
            (false, false) => Turn::None,
            (false, true) => Turn::Half,
            // Tall crops are laid down counterclockwise.
            (true, false) => Turn::Counterclockwise,
            (true, true) => Turn::Clockwise,
        })
    }

    /// Recognition.
    pub(super) fn read_lines(
        &self,
        page: Page,
        cancel: &CancellationToken,
    ) -> Result<Vec<TextLine>, ModelError> {
        let mut lines = page.lines;
        let flip = |line: &mut Found| {
            line.crop = line.crop.turned_over();
            line.polygon.rotate_left(2);
        };
        for line in &mut lines {
            if line.over > TURN_OVER {
                flip(line);
            }
        }
        let pictures: Vec<&RgbImage> = lines.iter().map(|line| &line.crop.picture).collect();
        let mut readings = self.recognizer.read(&pictures, cancel)?;

        let doubtful: Vec<usize> = lines
            .iter()
            .zip(&readings)
            .enumerate()
            .filter(|(_, (line, reading))| {
                reading.score < DOUBTFUL && (line.tall || line.over > SURELY_UPRIGHT)
            })
            .map(|(index, _)| index)
            .collect();
        let others: Vec<Crop> = doubtful
            .iter()
            .map(|&index| lines[index].crop.turned_over())
            .collect();
        let pictures: Vec<&RgbImage> = others.iter().map(|crop| &crop.picture).collect();
        let other_readings = self.recognizer.read(&pictures, cancel)?;
        for (index, other) in doubtful.into_iter().zip(other_readings) {
            if other.score > readings[index].score {
                readings[index] = other;
                lines[index].polygon.rotate_left(2);
            }
        }
        Ok(lines
            .into_iter()
            .zip(readings)
            .map(|(line, reading)| TextLine {
                polygon: line.polygon,
                text: reading.text,
                score: reading.score,
            })
            .collect())
    }
}

fn mean_score(readings: &[Reading]) -> f32 {
    let sum: f32 = readings.iter().map(|reading| reading.score).sum();
    sum / readings.len().max(1) as f32
}

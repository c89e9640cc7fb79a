//! The third stage: what a line says.

use std::sync::Arc;

use image::RgbImage;
use ndarray::{Array4, ArrayViewD, Axis};
use tokio_util::sync::CancellationToken;

use super::decoding::{Dictionary, Reading};
use super::pixels;
use crate::ModelError;
use crate::sessions::Session;

/// Height of a line for the network, in pixels.
const HEIGHT: u32 = 48;
/// Lines of a batch share the width of the widest, and at least this one.
const MIN_WIDTH: u32 = 320;
const BATCH: usize = 6;
/// The model's note that holds its characters.
const DICTIONARY_NOTE: &str = "character";

/// The recognition model with its characters.
pub(super) struct Recognizer {
    model: Session,
    dictionary: Arc<Dictionary>,
}

impl Recognizer {
    pub(super) fn new(model: Session) -> Result<Self, ModelError> {
        let list = model
            .metadata(DICTIONARY_NOTE)
            .ok_or_else(|| ModelError::UnexpectedModel {
                path: model.path().to_owned(),
                problem: format!("it has no dictionary under `{DICTIONARY_NOTE}`"),
            })?;
        let dictionary = Arc::new(Dictionary::new(list));
        Ok(Self { model, dictionary })
    }

    /// Reads `lines`; the answers are in their order.
    pub(super) fn read(
        &self,
        lines: &[&RgbImage],
        cancel: &CancellationToken,
    ) -> Result<Vec<Reading>, ModelError> {
        // Lines of similar width together need little padding.
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by(|&a, &b| aspect(lines[a]).total_cmp(&aspect(lines[b])));
        let mut readings = vec![None; lines.len()];
        for batch in order.chunks(BATCH) {
            if cancel.is_cancelled() {
                return Err(ModelError::InferenceCancelled);
            }
            let pictures: Vec<&RgbImage> = batch.iter().map(|&index| lines[index]).collect();
            for (&index, reading) in batch.iter().zip(self.read_batch(&pictures, cancel)?) {
                readings[index] = Some(reading);
            }
        }
        Ok(readings.into_iter().flatten().collect())
    }

    fn read_batch(
        &self,
        lines: &[&RgbImage],
        cancel: &CancellationToken,
    ) -> Result<Vec<Reading>, ModelError> {
        let height = f64::from(HEIGHT);
        let widest = lines
            .iter()
            .map(|line| aspect(line))
            .fold(f64::from(MIN_WIDTH) / height, f64::max);
        let width = (height * widest) as u32;
        let mut input = Array4::zeros((lines.len(), 3, HEIGHT as usize, width as usize));
        for (line, mut planes) in lines.iter().zip(input.axis_iter_mut(Axis(0))) {
            let natural = (height * aspect(line)).ceil() as u32;
            let resized = pixels::resized(line, natural.clamp(1, width), HEIGHT)?;
            if let Some(planes) = planes.as_slice_mut() {
                pixels::write_planes(&resized, planes, width as usize);
            }
        }
        let dictionary = Arc::clone(&self.dictionary);
        let read = move |output: ArrayViewD<'_, f32>| decode(&dictionary, &output);
        self.model
            .run_with(input.into_dyn(), cancel, read)?
            .filter(|readings| readings.len() == lines.len())
            .ok_or_else(|| ModelError::UnexpectedModel {
                path: self.model.path().to_owned(),
                problem: format!(
                    "its classes do not match its dictionary of {} characters",
                    self.dictionary.len()
                ),
            })
    }
}

/// Decodes `[lines, steps, classes]`; `None` if the classes are not those of the dictionary.
fn decode(dictionary: &Dictionary, output: &ArrayViewD<'_, f32>) -> Option<Vec<Reading>> {
    if output.ndim() != 3 || output.len_of(Axis(2)) != dictionary.len() {
        return None;
    }
    output
        .axis_iter(Axis(0))
        .map(|line| Some(dictionary.decode(line.to_slice()?)))
        .collect()
}

fn aspect(line: &RgbImage) -> f64 {
    f64::from(line.width()) / f64::from(line.height().max(1))
}

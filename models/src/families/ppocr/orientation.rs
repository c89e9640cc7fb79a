//! The second stage: whether a line is upside down.

use image::RgbImage;
use ndarray::{Array4, Axis};
use tokio_util::sync::CancellationToken;

use super::pixels;
use crate::ModelError;
use crate::sessions::Session;

/// The network looks at the left of a line, in this height and width.
const HEIGHT: u32 = 48;
const WIDTH: u32 = 192;
const BATCH: usize = 6;

/// For each line, the probability that it is upside down.
pub(super) fn upside_down(
    model: &Session,
    lines: &[&RgbImage],
    cancel: &CancellationToken,
) -> Result<Vec<f32>, ModelError> {
    let mut probabilities = Vec::with_capacity(lines.len());
    for batch in lines.chunks(BATCH) {
        if cancel.is_cancelled() {
            return Err(ModelError::InferenceCancelled);
        }
        let mut input = Array4::zeros((batch.len(), 3, HEIGHT as usize, WIDTH as usize));
        for (line, mut planes) in batch.iter().zip(input.axis_iter_mut(Axis(0))) {
            let (width, height) = line.dimensions();
            let natural = (u64::from(HEIGHT) * u64::from(width)).div_ceil(u64::from(height.max(1)));
            let width = u32::try_from(natural).unwrap_or(WIDTH).clamp(1, WIDTH);
            let resized = pixels::resized(line, width, HEIGHT)?;
            if let Some(planes) = planes.as_slice_mut() {
                pixels::write_planes(&resized, planes, WIDTH as usize);
            }
        }
        let output = model.run(input.into_dyn(), cancel)?;
        if output.shape() != [batch.len(), 2] {
            return Err(ModelError::UnexpectedModel {
                path: model.path().to_owned(),
                problem: format!("two classes a line were expected, not {:?}", output.shape()),
            });
        }
        probabilities.extend(output.index_axis(Axis(1), 1).iter());
    }
    Ok(probabilities)
}

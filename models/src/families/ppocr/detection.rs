//! The first stage: where text is in a picture.

use std::path::Path;

use image::RgbImage;
use ndarray::Array4;
use tokio_util::sync::CancellationToken;

use super::boxes::TextMap;
use super::fit::{Fitted, SHORTER_SIDE, in_steps};
use super::geometry::Quad;
use super::pixels;
use crate::ModelError;
use crate::sessions::Session;

/// Boxes around the text of a picture, in pixels of the fitted one, in a fixed order.
pub(super) fn boxes(
    model: &Session,
    fitted: &Fitted<'_>,
    cancel: &CancellationToken,
) -> Result<Vec<Quad>, ModelError> {
    let picture = fitted.picture.as_ref();
    let (width, height) = picture.dimensions();
    let shorter = width.min(height);
    let factor = if fitted.enlarge && shorter < SHORTER_SIDE {
        f64::from(SHORTER_SIDE) / f64::from(shorter)
    } else {
        1.0
    };
    let size = in_steps((width, height), factor);
    let input = if size == (width, height) {
        planes(picture)
    } else {
        planes(&pixels::resized(picture, size.0, size.1)?)
    };
    let output = model.run(input.into_dyn(), cancel)?;
    let &[1, 1, map_height, map_width] = output.shape() else {
        return Err(unexpected(model.path(), output.shape()));
    };
    let values = output
        .as_slice()
        .ok_or_else(|| unexpected(model.path(), output.shape()))?;
    let map = TextMap {
        width: map_width,
        height: map_height,
        values,
    };
    Ok(map.boxes(width, height))
}

/// `[1, 3, height, width]`.
fn planes(picture: &RgbImage) -> Array4<f32> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut input = Array4::zeros((1, 3, height, width));
    if let Some(planes) = input.as_slice_mut() {
        pixels::write_planes(picture, planes, width);
    }
    input
}

fn unexpected(path: &Path, shape: &[usize]) -> ModelError {
    ModelError::UnexpectedModel {
        path: path.to_owned(),
        problem: format!("a text map of shape [1, 1, height, width] was expected, not {shape:?}"),
    }
}

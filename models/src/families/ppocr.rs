//! PP-OCR: finding text in pictures and reading it (Du et al., 2020; models of PP-OCRv6).
//!
//! Three networks, one stage each: `detection` finds boxes, `orientation` tells lines that are
//! upside down, `recognition` reads. Constants and rounding follow rapidocr 3.10, whose wheel
//! carries the models, so that the same picture gives the same text. What goes beyond it is
//! `page`: pages on their side or upside down are turned before they are read.
//!
//! Knows nothing of files, tools or the order in which a person reads.

mod boxes;
mod contrast;
mod crop;
mod decoding;
mod detection;
mod fit;
mod geometry;
mod orientation;
mod page;
mod pixels;
mod recognition;
mod turning;

use image::RgbImage;
use tokio_util::sync::CancellationToken;

use self::recognition::Recognizer;
use crate::ModelError;
use crate::sessions::Session;

/// Readings with a lower score are taken for noise.
const MIN_SCORE: f32 = 0.5;

/// A line of text in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// Corners in pixels of the picture as given, clockwise from the line's own top left.
    pub polygon: [[f32; 2]; 4],
    /// What it says; never blank.
    pub text: String,
    /// Mean probability of its characters, 0.5 to 1.
    pub score: f32,
}

/// The three models of PP-OCR.
pub struct PpOcr {
    detection: Session,
    orientation: Session,
    recognizer: Recognizer,
}

impl PpOcr {
    /// Puts the models together.
    ///
    /// # Errors
    /// [`ModelError::UnexpectedModel`] if the recognition model carries no dictionary.
    pub fn new(
        detection: Session,
        orientation: Session,
        recognition: Session,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            detection,
            orientation,
            recognizer: Recognizer::new(recognition)?,
        })
    }

    /// The lines of text in `picture`, in a fixed order that is not the reading order.
    ///
    /// Blocks; a picture without text has no lines. The picture may be turned in any way.
    ///
    /// # Errors
    /// [`ModelError::InferenceCancelled`] soon after `cancel` is set, else what the sessions report.
    pub fn read(
        &self,
        picture: &RgbImage,
        cancel: &CancellationToken,
    ) -> Result<Vec<TextLine>, ModelError> {
        if picture.width() == 0 || picture.height() == 0 {
            return Ok(Vec::new());
        }
        let (page, turn) = self.upright_page(picture, cancel)?;
        let lines = self.read_lines(page, cancel)?;
        Ok(lines
            .into_iter()
            .filter(|line| line.score >= MIN_SCORE && !line.text.trim().is_empty())
            .map(|line| TextLine {
                polygon: turn.undo(line.polygon, picture.width(), picture.height()),
                ..line
            })
            .collect())
    }
}

#[cfg(test)]
mod tests;

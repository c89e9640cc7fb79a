//! `ocr`: reads the text in a picture, in the order in which a person reads it.
//!
//! Finding and reading lines is the business of `medley-models`; here they are ordered and become an answer.

mod reading_order;

use std::sync::Arc;

use async_trait::async_trait;
use medley_models::{
    ModelError, Models, Resident,
    assets::Readiness,
    families::ppocr::{PpOcr, TextLine},
    readable_bytes,
};
use medley_orchestrator::{
    About, CallContext, Health, ImageArtifact, Region, Regions, RegionsArtifact, Tool, ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub(crate) use self::reading_order::{Line, Placed, is_wide, rows_across};
use self::reading_order::{plain_text, reading_order};
use crate::pictures::load;

/// The assets that reading needs.
const ASSETS: [&str; 2] = ["onnxruntime", "pp-ocr"];

/// Reads the text in pictures with PP-OCR.
pub struct Ocr {
    models: Models,
    reader: Resident<PpOcr>,
}

/// What to read.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The picture to read; it may be turned in any way. English and Chinese are read.
    pub image: ImageArtifact,
}

/// What was read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The text in reading order, one row a line; empty if there is none.
    pub text: String,
    /// The lines in reading order: four corners in pixels of the upright picture, text, and score from 0 to 1.
    pub regions: RegionsArtifact,
}

impl Ocr {
    /// A tool that takes its models from `models` when it is first called.
    #[must_use]
    pub fn new(models: Models) -> Self {
        let reader = Resident::new(models.ledger());
        Self { models, reader }
    }

    async fn reader(&self, context: &CallContext) -> Result<Arc<PpOcr>, ToolError> {
        let models = self.models.clone();
        let cancel = context.cancellation().clone();
        let load = async || context.compute(move || Ok(open(&models, &cancel)?)).await;
        self.reader.get_or_load(load).await
    }
}

fn open(models: &Models, cancel: &CancellationToken) -> Result<PpOcr, ModelError> {
    let asset = models.assets().ensure("pp-ocr", cancel)?;
    let sessions = models.sessions(cancel)?;
    let detection = asset.file("detection")?;
    let orientation = asset.file("orientation")?;
    let recognition = asset.file("recognition")?;
    let [detection, orientation, recognition] =
        sessions.open_all([&detection, &orientation, &recognition])?;
    PpOcr::new(detection, orientation, recognition)
}

#[async_trait]
impl Tool for Ocr {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        let version = self
            .models
            .assets()
            .catalogue()
            .entry("pp-ocr")
            .map_or("unknown", |entry| entry.version.as_str());
        About::new(
            "ocr",
            "Reads the text in a picture and tells where it stands",
        )
        .phrases(&[
            "read the sign",
            "read the text in the picture",
            "what does it say",
            "what is written there",
            "extract the text from the image",
            "transcribe this receipt",
            "recognize the words",
            "get the text of the screenshot",
            "find the text",
            "OCR this document",
        ])
        .provider("pp-ocr", format!("1-{version}"))
        .computes(1, 512 << 20)
    }

    fn health(&self) -> Health {
        health(&self.models)
    }

    fn environment(&self) -> String {
        self.models.assets().environment(&ASSETS)
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let picture = load(&input.image, context).await?;
        let reader = self.reader(context).await?;
        let (width, height) = (picture.width(), picture.height());
        let cancel = context.cancellation().clone();
        let using = Arc::clone(&reader);
        let lines = context
            .compute(move || Ok(using.read(&picture.on_white(), &cancel)?))
            .await;
        self.reader.rest(reader);
        let lines = lines?;
        let (text, items) = in_reading_order(&lines);
        let regions = Regions {
            width,
            height,
            items,
        };
        let regions = context.write_regions(&regions).await?.into();
        Ok(Output { text, regions })
    }
}

/// Whether the models are here, can be fetched, or can be neither.
fn health(models: &Models) -> Health {
    match models.assets().readiness(&ASSETS) {
        Readiness::Ready => Health::Healthy,
        Readiness::NeedsFetch { bytes } => Health::NeedsFetch {
            what: format!("the reading models ({})", readable_bytes(bytes)),
        },
        Readiness::Unavailable { reason, hint } => Health::Unavailable { reason, hint },
    }
}

/// The text and the regions of lines, both in the order in which a person reads them.
fn in_reading_order(lines: &[TextLine]) -> (String, Vec<Region>) {
    let borrowed: Vec<Line<'_>> = lines
        .iter()
        .map(|line| Line {
            polygon: line.polygon,
            text: &line.text,
        })
        .collect();
    let layout = reading_order(&borrowed);
    let text = plain_text(&borrowed, &layout);
    let regions = layout.order().map(|index| region(&lines[index])).collect();
    (text, regions)
}

fn region(line: &TextLine) -> Region {
    let [mut left, mut top] = [f32::INFINITY; 2];
    let [mut right, mut bottom] = [f32::NEG_INFINITY; 2];
    for [x, y] in line.polygon {
        left = left.min(x);
        top = top.min(y);
        right = right.max(x);
        bottom = bottom.max(y);
    }
    Region {
        bounds: [left, top, right - left, bottom - top],
        polygon: Some(line.polygon.to_vec()),
        label: None,
        text: Some(line.text.clone()),
        score: Some(line.score),
        mask: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_regions_are_in_the_same_order() {
        let line = |text: &str, x: f32, y: f32| TextLine {
            polygon: [[x, y], [x + 80.0, y], [x + 80.0, y + 20.0], [x, y + 20.0]],
            text: text.to_owned(),
            score: 0.9,
        };
        let (text, regions) =
            in_reading_order(&[line("below", 10.0, 60.0), line("above", 10.0, 10.0)]);
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>(),
            ["above", "below"]
        );
        assert_eq!(regions[0].text.as_deref(), Some("above"));
        assert_eq!(regions[0].bounds, [10.0, 10.0, 80.0, 20.0]);
    }

    #[test]
    fn no_lines_are_no_text() {
        assert_eq!(in_reading_order(&[]), (String::new(), Vec::new()));
    }
}

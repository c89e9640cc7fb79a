//! Each dialect, each wrapping and each kind of damage, in the form that papers and repositories document.

mod damage;
mod dialects;
mod endurance;
mod predictions;
mod streams;
mod wrappings;

use medley_orchestrator::DraftStep;
use serde_json::{Value as Json, json};

use super::*;

fn tools() -> ToolNames {
    ToolNames::new([
        ("ocr", vec!["image"]),
        ("translation", vec!["text", "to"]),
        ("text_to_speech", vec!["text"]),
        ("image_captioning", vec!["image"]),
        ("visual_question_answering", vec!["image", "question"]),
        ("search", vec!["query"]),
    ])
}

fn read_with_tools(text: &str) -> Reading {
    read(text, &tools())
}

/// The steps as `[id, tool, args]`.
fn outline(reading: &Reading) -> Json {
    reading
        .draft
        .steps
        .iter()
        .map(|step| json!([step.id, step.tool, step.args]))
        .collect()
}

/// That a text is read as a whole, in this dialect, without a defect, with these steps.
#[track_caller]
fn assert_reads(text: &str, dialect: Dialect, steps: Json) -> Reading {
    let reading = read_with_tools(text);
    assert_eq!(reading.dialect, dialect, "{reading:#?}");
    assert_eq!(reading.defects(), [], "{reading:#?}");
    assert_eq!(outline(&reading), steps, "{reading:#?}");
    assert!(!reading.is_cut, "{reading:#?}");
    reading
}

fn after(steps: &[DraftStep]) -> Vec<Vec<String>> {
    steps.iter().map(|step| step.after.clone()).collect()
}

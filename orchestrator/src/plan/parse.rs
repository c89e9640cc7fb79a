//! Reads a draft from JSON, a defect a malformed step rather than one for the whole file.

use serde_json::Value as Json;

use super::defect::{Defect, DefectCode, Defects};
use crate::{DraftPlan, DraftStep};

impl DraftPlan {
    /// Reads a plan file: an object with `steps` and, if wanted, `answer`.
    ///
    /// # Errors
    /// Every step that cannot be read, or that the text is no plan at all.
    pub fn from_json_text(text: &str) -> Result<Self, Defects> {
        let malformed = |message: String| {
            let example = r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}]}"#;
            Defects(vec![
                Defect::new(DefectCode::MalformedPlan, message)
                    .with_hint(format!("a plan looks like {example}")),
            ])
        };
        let json: Json = serde_json::from_str(text)
            .map_err(|error| malformed(format!("the plan is not JSON: {error}")))?;
        let Json::Object(mut plan) = json else {
            return Err(malformed("the plan is not an object".to_owned()));
        };
        let Some(Json::Array(steps)) = plan.remove("steps") else {
            return Err(malformed("the plan has no list `steps`".to_owned()));
        };
        let mut defects = Vec::new();
        let answer = match plan.remove("answer") {
            None | Some(Json::Null) => None,
            Some(Json::Array(answer)) => Some(answer),
            Some(_) => {
                let defect = Defect::new(
                    DefectCode::MalformedPlan,
                    "`answer` is not a list of references",
                );
                defects.push(defect.with_hint(r#"write "answer": ["$s1"]"#));
                None
            }
        };
        for key in plan.keys() {
            let message = format!("a plan has no key `{key}`");
            defects.push(
                Defect::new(DefectCode::UnknownKey, message)
                    .with_hint("a plan has `steps` and `answer`"),
            );
        }
        let steps = read_steps(steps, &mut defects);
        if defects.is_empty() {
            Ok(Self { steps, answer })
        } else {
            // What can be checked of the rest is checked by validation; a file that is broken here stops here.
            Err(Defects(defects))
        }
    }
}

fn read_steps(steps: Vec<Json>, defects: &mut Vec<Defect>) -> Vec<DraftStep> {
    let mut read = Vec::with_capacity(steps.len());
    for (index, json) in steps.into_iter().enumerate() {
        let name = match json.get("id").and_then(Json::as_str) {
            Some(id) => id.to_owned(),
            None => format!("step {}", index + 1),
        };
        match serde_json::from_value::<DraftStep>(json) {
            Ok(step) => read.push(step),
            Err(error) => defects.push(
                Defect::new(DefectCode::MalformedPlan, error.to_string())
                    .in_step(&name)
                    .with_hint("a step has `id`, `tool` and `args`"),
            ),
        }
    }
    read
}

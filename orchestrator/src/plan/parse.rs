//! Reads a draft from JSON. What cannot be read is noted in the draft, so that validation reports it with the rest.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::defect::{Defect, DefectCode, Defects};
use crate::{DraftPlan, DraftStep};

impl DraftPlan {
    /// Reads a plan file: an object with `steps` and, if wanted, `answer`.
    ///
    /// A step that is malformed in part is kept with the rest of it; [`Plan::validate`](crate::Plan::validate) reports
    /// the part beside all other defects.
    ///
    /// # Errors
    /// When the text is no plan at all.
    pub fn from_json_text(text: &str) -> Result<Self, Defects> {
        let json: Json = serde_json::from_str(text).map_err(|error| match text.trim() {
            "" => no_plan("the plan is empty".to_owned()),
            _ => no_plan(format!("the plan is not JSON: {error}")),
        })?;
        let Json::Object(mut plan) = json else {
            return Err(no_plan("the plan is not an object".to_owned()));
        };
        let Some(Json::Array(steps)) = plan.remove("steps") else {
            return Err(no_plan("the plan has no list `steps`".to_owned()));
        };
        let mut malformed = Vec::new();
        let answer = plan
            .remove("answer")
            .and_then(|answer| read_answer(answer, &mut malformed));
        for key in plan.keys() {
            let message = format!("a plan has no key `{key}`");
            malformed.push(
                Defect::new(DefectCode::UnknownKey, message)
                    .with_hint("a plan has `steps` and `answer`"),
            );
        }
        let steps = steps
            .into_iter()
            .enumerate()
            .map(|(index, json)| read_step(index, json, &mut malformed))
            .collect();
        Ok(Self {
            steps,
            answer,
            malformed,
        })
    }
}

fn no_plan(message: String) -> Defects {
    let example = r#"{"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}]}"#;
    Defects(vec![
        Defect::new(DefectCode::MalformedPlan, message)
            .with_hint(format!("a plan looks like {example}")),
    ])
}

fn read_answer(answer: Json, malformed: &mut Vec<Defect>) -> Option<Vec<Json>> {
    match answer {
        Json::Null => None,
        Json::Array(answer) => Some(answer),
        _ => {
            malformed.push(
                Defect::new(
                    DefectCode::MalformedPlan,
                    "`answer` is not a list of references",
                )
                .with_hint(r#"write "answer": ["$s1"]"#),
            );
            None
        }
    }
}

fn read_step(index: usize, json: Json, malformed: &mut Vec<Defect>) -> DraftStep {
    let name = match json.get("id").and_then(Json::as_str) {
        Some(id) => id.to_owned(),
        None => format!("step {}", index + 1),
    };
    let Json::Object(keys) = json else {
        malformed.push(
            Defect::new(DefectCode::MalformedPlan, "the step is not an object")
                .in_step(&name)
                .with_hint("a step has `id`, `tool` and `args`"),
        );
        return DraftStep::default();
    };
    let mut reader = StepReader {
        keys,
        name,
        malformed,
    };
    DraftStep {
        id: reader.take("id", "a string").unwrap_or_default(),
        tool: reader.take("tool", "a string").unwrap_or_default(),
        provider: reader.take("provider", "a string"),
        args: reader.take("args", "an object").unwrap_or_default(),
        why: reader.take("why", "a string"),
        after: reader.take("after", "a list of steps").unwrap_or_default(),
        for_each: reader.take("for_each", "a list, such as `$s1`"),
        on_error: reader.take("on_error", "`fail` or `omit`"),
        when: reader.take(
            "when",
            r#"a condition such as {"value": "$s1", "is": "not_empty"}"#,
        ),
        retry: reader.take("retry", "a number of further attempts"),
        timeout_s: reader.take("timeout_s", "a number of seconds"),
        idle_timeout_s: reader.take("idle_timeout_s", "a number of seconds"),
        unknown: reader.keys.into_iter().collect(),
        call: None,
    }
}

/// Takes the keys of a step, one by one.
struct StepReader<'a> {
    keys: Map<String, Json>,
    name: String,
    malformed: &'a mut Vec<Defect>,
}

impl StepReader<'_> {
    fn take<T: DeserializeOwned>(&mut self, key: &str, wanted: &str) -> Option<T> {
        let json = self.keys.remove(key).filter(|json| !json.is_null())?;
        match serde_json::from_value(json) {
            Ok(read) => Some(read),
            Err(error) => {
                self.malformed.push(
                    Defect::new(DefectCode::MalformedPlan, format!("`{key}`: {error}"))
                        .in_step(&self.name)
                        .with_hint(format!("give `{key}` {wanted}")),
                );
                None
            }
        }
    }
}

//! Our own form: one object with `steps` and `answer`, or one step a line.

use std::collections::HashSet;

use medley_orchestrator::{DraftPlan, DraftStep};
use serde_json::{Map, Value as Json};

use super::{arguments, drafting::Drafting, references};

/// Keys of a step, each with what models write instead.
const ALIASES: [(&str, &[&str]); 4] = [
    (
        "tool",
        &["name", "capability", "task", "action", "function"],
    ),
    (
        "args",
        &[
            "arguments",
            "parameters",
            "params",
            "tool_input",
            "inputs",
            "input",
        ],
    ),
    ("why", &["thought", "reason"]),
    ("after", &["depends_on", "dependencies"]),
];

/// Reads steps one by one.
#[derive(Debug, Default)]
pub(super) struct OwnSteps {
    /// The ids of steps that had a number for a name.
    numbered: HashSet<String>,
    count: usize,
}

impl OwnSteps {
    /// Reads a plan in one object.
    pub(super) fn plan(&mut self, json: Json, drafting: &mut Drafting<'_>) {
        let Json::Object(mut plan) = json else { return };
        let steps = match plan.shift_remove("steps") {
            Some(Json::Array(steps)) => steps,
            _ => Vec::new(),
        };
        for step in &steps {
            self.remember(step);
        }
        for step in steps {
            self.line(step, drafting);
        }
        self.rest(plan, drafting);
    }

    /// Reads a line: a step, or the answer. Gives the step.
    pub(super) fn line(&mut self, json: Json, drafting: &mut Drafting<'_>) -> Option<DraftStep> {
        match json {
            Json::Object(fields)
                if fields.contains_key("answer") && !fields.contains_key("tool") =>
            {
                self.rest(fields, drafting);
                None
            }
            step => {
                let step = self.step(step, drafting);
                let plan = Map::from_iter([("steps".to_owned(), Json::Array(vec![step]))]);
                take(plan, drafting)
            }
        }
    }

    /// Reads what a plan has beside its steps.
    fn rest(&self, plan: Map<String, Json>, drafting: &mut Drafting<'_>) {
        let mut plan = self.answer(plan, drafting);
        plan.insert("steps".to_owned(), Json::Array(Vec::new()));
        take(plan, drafting);
    }

    fn remember(&mut self, step: &Json) {
        if let Some(id) = step.get("id") {
            let written = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
            let id = references::numbered_id(&written);
            if id != written {
                self.numbered.insert(id);
            }
        }
    }

    /// A step with the keys, the id, the tool and the references that are meant.
    fn step(&mut self, json: Json, drafting: &mut Drafting<'_>) -> Json {
        self.count += 1;
        self.remember(&json);
        let Json::Object(mut step) = json else {
            return json;
        };
        for (key, others) in ALIASES {
            if !step.contains_key(key)
                && let Some(value) = others.iter().find_map(|other| step.shift_remove(*other))
            {
                drafting.repairs.note("keys of steps had other names");
                step.insert(key.to_owned(), value);
            }
        }
        let id = drafting.id(step.get("id"), self.count);
        step.insert("id".to_owned(), Json::String(id));
        if let Some(Json::String(tool)) = step.get("tool") {
            let tool = drafting.tools.resolve(tool, &mut drafting.repairs);
            if let Some(listed @ (Json::Array(_) | Json::String(_))) = step.get("args").cloned() {
                let listed = arguments::of_json(listed, &mut drafting.repairs);
                let arranged = drafting.tools.arrange(&tool, listed, &mut drafting.repairs);
                drafting.repairs.note("arguments were given names");
                step.insert("args".to_owned(), Json::Object(arranged));
            }
            step.insert("tool".to_owned(), Json::String(tool));
        }
        if let Some(after) = step.get_mut("after") {
            *after = as_list(after.take()).into_iter().map(step_name).collect();
        }
        Json::Object(
            step.into_iter()
                .map(|(key, value)| (key, self.references(value)))
                .collect(),
        )
    }

    fn answer(
        &self,
        mut plan: Map<String, Json>,
        drafting: &mut Drafting<'_>,
    ) -> Map<String, Json> {
        if let Some(answer) = plan.get_mut("answer") {
            if answer.is_string() {
                drafting.repairs.note("the answer was no list");
                *answer = Json::Array(vec![answer.take()]);
            }
            *answer = self.references(answer.take());
        }
        plan
    }

    /// A value in which references by number are references by id.
    fn references(&self, value: Json) -> Json {
        if self.numbered.is_empty() {
            return value;
        }
        references::map_text(value, &|text| Json::String(self.text(text)))
    }

    fn text(&self, text: String) -> String {
        let is_numbered = |id: &str| self.numbered.contains(id);
        let whole = text.strip_prefix('$').and_then(references::parse);
        if let Some(reference) = whole.filter(|reference| is_numbered(&reference.root)) {
            return reference.to_string();
        }
        if !text.contains("${") {
            return text;
        }
        let mut template = String::with_capacity(text.len());
        let mut pieces = text.split("${");
        template.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let id = piece
                .find(|each: char| !each.is_ascii_digit())
                .map(|end| references::numbered_id(&piece[..end]));
            let is_known = id.as_deref().is_some_and(is_numbered);
            template.push_str(if is_known { "${s" } else { "${" });
            template.push_str(piece);
        }
        template
    }
}

/// Takes over what drafts make of a plan; the keys of steps are their affair. Gives the first step.
fn take(plan: Map<String, Json>, drafting: &mut Drafting<'_>) -> Option<DraftStep> {
    match DraftPlan::from_json_text(&Json::Object(plan).to_string()) {
        Ok(read) => {
            drafting.defects.extend(read.malformed);
            drafting.answer = read.answer.or(drafting.answer.take());
            let step = read.steps.into_iter().next()?;
            drafting.steps.push(step.clone());
            Some(step)
        }
        Err(defects) => {
            drafting.defects.extend(defects.0);
            None
        }
    }
}

fn as_list(json: Json) -> Vec<Json> {
    match json {
        Json::Array(items) => items,
        Json::Null => Vec::new(),
        single => vec![single],
    }
}

/// What a step is called, as it should be written.
fn step_name(written: Json) -> Json {
    match written {
        Json::String(text) => Json::String(references::legal_id(&text)),
        Json::Number(number) => Json::String(references::legal_id(&number.to_string())),
        other => other,
    }
}

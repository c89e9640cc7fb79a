//! Finds the JSON of plans in text, wherever it stands, and says what sort of plan it is.

use serde_json::Value as Json;

use super::{
    reader::{Reader, Syntax},
    repairs::Repairs,
    wrapping::Region,
};

/// How deep in other objects a plan may be wrapped.
const WRAPPING_LIMIT: usize = 4;

/// How many times a text may be read over when brackets in prose lead nowhere, and how many bytes that may be at most.
const READINGS: usize = 32;
const READ_LIMIT: usize = 1 << 21;

/// What sort of plan, or of piece of a plan, an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A plan of our own.
    Plan,
    /// A plan of TaskBench.
    Graph,
    /// A step of our own.
    Step,
    /// The answer of our own plan in lines.
    Answer,
    /// A task of HuggingGPT.
    Task,
    /// A call of a tool.
    Call,
    /// An action of a chat agent.
    Action,
}

impl Shape {
    /// Whether one object is all of a plan.
    pub(super) fn is_whole_plan(self) -> bool {
        matches!(self, Self::Plan | Self::Graph)
    }
}

/// A plan, or pieces of one, as JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub shape: Shape,
    pub objects: Vec<Json>,
    /// Whether the objects stood in a list of their own.
    pub is_list: bool,
    /// Whether the text ended inside of it.
    pub is_cut: bool,
}

/// A value that starts at an opening bracket.
pub(super) struct Found {
    /// Where the text goes on.
    pub end: usize,
    /// The plan in it, if there is one.
    pub candidate: Option<Candidate>,
    /// Whether brackets were nested more deeply than those of any plan.
    pub is_too_deep: bool,
    /// Whether the text ended inside of it.
    pub is_cut: bool,
}

/// What a text holds.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Every plan and piece of a plan.
    pub candidates: Vec<Candidate>,
    /// Whether the text ended inside of an object of which too little is there to know what it is.
    pub ends_open: bool,
}

impl Search {
    /// Adds what is in the region and outside of `calls`, which are in the order of the text.
    pub(super) fn add(
        &mut self,
        region: Region<'_>,
        calls: &[(usize, usize)],
        repairs: &mut Repairs,
    ) {
        let length = region.text.len();
        let mut fuel = length
            .saturating_mul(READINGS)
            .clamp(1 << 16, READ_LIMIT.max(length * 2));
        let mut calls = calls.iter().peekable();
        let mut at = 0;
        while let Some(start) = next_opening(region.text, at) {
            while calls.next_if(|(_, end)| *end <= start).is_some() {}
            if let Some((_, end)) = calls.peek().filter(|(begin, _)| *begin <= start) {
                at = *end;
                continue;
            }
            let found = read_at(region, start, repairs);
            // What led nowhere may be prose with a bracket in it, before a plan.
            let led_nowhere = found.candidate.is_none() && found.is_cut;
            self.ends_open |=
                led_nowhere && !region.text[start + 1..].starts_with(char::is_alphabetic);
            at = if led_nowhere && !found.is_too_deep {
                start + 1
            } else {
                found.end.max(start + 1)
            };
            self.candidates.extend(found.candidate);
            fuel = fuel.saturating_sub(found.end - start);
            if fuel == 0 {
                break;
            }
        }
    }
}

/// Reads the value at `start`, where a bracket opens.
pub(super) fn read_at(region: Region<'_>, start: usize, repairs: &mut Repairs) -> Found {
    let mut noted = Repairs::default();
    let mut reader =
        Reader::new(region.text, start, Syntax::Json, &mut noted).known_whole(region.is_whole);
    let value = reader.value();
    let (end, is_cut) = (reader.position(), reader.is_cut());
    let is_too_deep = reader.is_too_deep();
    let json = value.map(|value| value.into_json(&mut noted));
    let mut candidate = json.and_then(|json| plan_in(json, WRAPPING_LIMIT));
    if let Some(candidate) = &mut candidate {
        candidate.is_cut = is_cut;
        if is_cut && !candidate.is_list && !candidate.shape.is_whole_plan() {
            candidate.objects.clear();
        }
        repairs.extend(noted);
    }
    if is_too_deep && candidate.is_some() {
        repairs.note("what was nested too deeply was left out");
    }
    Found {
        end,
        candidate,
        is_too_deep,
        is_cut,
    }
}

/// The next bracket that a plan can start with.
fn next_opening(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += text.get(at..)?.find(['{', '['])?;
        if is_opening(&text[at..]) {
            return Some(at);
        }
        at += 1;
    }
}

/// Whether what starts with a bracket can be an object with keys, or a list of objects.
pub(super) fn is_opening(text: &str) -> bool {
    let mut behind = text
        .chars()
        .skip(1)
        .skip_while(|each| each.is_whitespace())
        .take(1);
    let next = behind.next();
    match text.chars().next() {
        Some('{') => next.is_none_or(|next| {
            next.is_alphabetic()
                || matches!(
                    next,
                    '"' | '\'' | '{' | '_' | '/' | '#' | '`' | '\u{201c}' | '\u{2018}'
                )
        }),
        Some('[') => next.is_none_or(|next| matches!(next, '{' | '[' | ']' | '/' | '#')),
        _ => false,
    }
}

/// The plan that a value is, or holds.
fn plan_in(json: Json, depth: usize) -> Option<Candidate> {
    if let Some(shape) = shape_of(&json) {
        return Some(Candidate {
            shape,
            objects: vec![json],
            is_list: false,
            is_cut: false,
        });
    }
    match json {
        Json::Array(items) => list_in(items, depth),
        Json::Object(fields) if depth > 0 => fields
            .into_iter()
            .find_map(|(_, field)| plan_in(field, depth - 1)),
        _ => None,
    }
}

fn list_in(items: Vec<Json>, depth: usize) -> Option<Candidate> {
    let shape = items.iter().find_map(shape_of);
    let Some(shape) = shape else {
        if items.is_empty() {
            return Some(Candidate {
                shape: Shape::Task,
                objects: items,
                is_list: true,
                is_cut: false,
            });
        }
        return items
            .into_iter()
            .filter(|_| depth > 0)
            .find_map(|item| plan_in(item, depth - 1));
    };
    Some(Candidate {
        shape,
        objects: items,
        is_list: true,
        is_cut: false,
    })
}

/// What sort of plan an object is, by its keys.
pub(super) fn shape_of(json: &Json) -> Option<Shape> {
    let has = |key: &str| json.get(key).is_some();
    let is_text = |key: &str| json.get(key).is_some_and(Json::is_string);
    let is_list = |key: &str| json.get(key).is_some_and(Json::is_array);
    if is_list("task_nodes") || (is_list("nodes") && has("links")) {
        return Some(Shape::Graph);
    }
    if is_list("steps") {
        return Some(Shape::Plan);
    }
    if is_text("tool") || (has("id") && has("tool")) {
        return Some(Shape::Step);
    }
    if is_text("task") && ["id", "dep", "args", "arguments"].into_iter().any(has) {
        return Some(Shape::Task);
    }
    if is_text("action") {
        return Some(Shape::Action);
    }
    let has_arguments = ["arguments", "parameters", "args", "input"]
        .into_iter()
        .any(has);
    if (is_text("name") && has_arguments)
        || json
            .get("function")
            .is_some_and(|function| function.get("name").is_some())
    {
        return Some(Shape::Call);
    }
    has("answer").then_some(Shape::Answer)
}

//! What the model is told: the rules, the request, and what came of each step with the marks to cite it by.

use std::fmt::Write as _;

use medley_orchestrator::{
    Answer, Artifact, Message, Refining, RunReport, StepReport, StepStatus, Value,
};

use super::citable::{Citable, Item};
use crate::excerpts::quoted;

/// The rules.
const RULES: &str = include_str!("../../prompts/refiner.txt");

/// The most characters of one result that are shown.
const SHOWN: usize = 4_000;

/// The most characters of all results together, where the model can read that much.
const ALL: usize = 24_000;

/// The least characters of a result that are shown, however many there are.
const LEAST: usize = 80;

/// The conversation that asks for an answer. `context` is how many tokens the model can read and write.
pub(super) fn conversation(
    refining: &Refining<'_>,
    citable: &Citable<'_>,
    context: Option<u64>,
) -> Vec<Message> {
    // A token is two characters at least in most scripts; half of them are for rules, request and answer.
    let room = context.map_or(ALL, |tokens| {
        usize::try_from(tokens).unwrap_or(ALL).min(ALL)
    });
    let report = Report {
        citable,
        room,
        text: String::new(),
    };
    vec![
        Message::system(RULES.trim_end()),
        Message::user(report.write(refining)),
    ]
}

struct Report<'a> {
    citable: &'a Citable<'a>,
    /// How many characters of results may still be shown.
    room: usize,
    text: String,
}

impl Report<'_> {
    fn write(mut self, refining: &Refining<'_>) -> String {
        let request = refining.request;
        let _ = writeln!(self.text, "Request: {}", request.text.trim());
        if !request.attachments.is_empty() {
            self.text.push_str("\nFiles that came with it:\n");
        }
        for (item, file) in self.citable.items().iter().zip(&request.attachments) {
            let about = about(&file.artifact);
            let _ = writeln!(
                self.text,
                "[[{}]] {about}, called {:?}",
                item.mark, file.name
            );
        }
        self.text.push_str("\nResults:\n");
        for round in refining.rounds {
            for step in &round.steps {
                self.step(step);
            }
        }
        let asked: Vec<String> = refining
            .rounds
            .iter()
            .flat_map(|round| self.asked(round))
            .collect();
        if !asked.is_empty() {
            let _ = writeln!(
                self.text,
                "\nThe answer is to tell or show: {}",
                asked.join(", ")
            );
        }
        self.text.push_str("\nWrite the answer.");
        self.text
    }

    fn step(&mut self, step: &StepReport) {
        let _ = write!(
            self.text,
            "{} {}: {}",
            step.id,
            step.tool,
            state(step.status)
        );
        if let Some(error) = &step.error {
            let _ = write!(self.text, ": {:?}", error.message);
            if let Some(hint) = &error.hint {
                let _ = write!(self.text, " (way out: {hint:?})");
            }
        }
        self.text.push('\n');
        let prefix = format!("{}.", step.id);
        let citable = self.citable;
        for item in citable.items() {
            let is_whole_list = matches!(*item.value, Value::List(_));
            if step.status.is_success() && item.mark.starts_with(&prefix) && !is_whole_list {
                self.item(item);
            }
        }
        for child in &step.children {
            if let Some(error) = &child.error {
                let _ = writeln!(
                    self.text,
                    "  {} {}: {:?}",
                    child.id,
                    state(child.status),
                    error.message
                );
            }
        }
    }

    fn item(&mut self, item: &Item<'_>) {
        let _ = write!(self.text, "  [[{}]] ", item.mark);
        match item.value.as_artifact() {
            Some(artifact) => {
                self.text.push_str(&about(artifact));
                if let Some(beginning) = self.citable.beginning_of(artifact) {
                    self.text.push_str(": ");
                    self.quote(&beginning.text, beginning.more);
                }
            }
            None => self.quote(&short(&item.value), 0),
        }
        self.text.push('\n');
    }

    /// Quotes what a tool read, so that it stays on its line and within its quotation marks; `more` characters are
    /// behind it.
    fn quote(&mut self, words: &str, more: usize) {
        let most = SHOWN.min(self.room.max(LEAST));
        let length = words.chars().count();
        self.room = self.room.saturating_sub(length.min(most));
        self.text.push_str(&quoted(words, most, more));
    }

    /// The marks of what the plan says that the answer is made of.
    fn asked(&self, round: &RunReport) -> Vec<String> {
        let mark = |answer: &Answer| {
            let prefix = answer.step.as_ref().map(|step| format!("{step}."));
            let is_it = |item: &&Item<'_>| {
                let in_step = prefix
                    .as_ref()
                    .is_none_or(|prefix| item.mark.starts_with(prefix));
                in_step && *item.value == answer.value
            };
            let item = self.citable.items().iter().find(is_it)?;
            Some(format!("[[{}]]", item.mark))
        };
        round.answer.iter().filter_map(mark).collect()
    }
}

/// A value in words; fields of records by name.
fn short(value: &Value) -> String {
    match value {
        Value::Record(_) => value.to_json().to_string(),
        other => other.to_string(),
    }
}

/// An artifact in a few words: `image, 640 x 480 pixels`.
fn about(artifact: &Artifact) -> String {
    let mut text = artifact.kind.to_string();
    let facts = &artifact.facts;
    if let (Some(width), Some(height)) = (facts.width, facts.height) {
        let _ = write!(text, ", {width} x {height} pixels");
    }
    if let Some(duration) = facts.duration_s {
        let _ = write!(text, ", {duration:.1} s");
    }
    text
}

const fn state(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Done | StepStatus::Cached => "done",
        StepStatus::Failed => "failed",
        StepStatus::Skipped => "left out",
        StepStatus::Cancelled => "stopped",
        StepStatus::Waiting => "waits for an answer",
    }
}

//! What a model says, piece by piece: steps as text or as calls, and what it says instead of steps.

use medley_orchestrator::{ChatDelta, DraftPlan, DraftStep, Scope};
use serde_json::Value as Json;

use super::calls::Calls;
use crate::dialect::{StreamReader, ToolNames};

/// What a model says instead of steps.
pub(super) enum Verdict {
    /// The request cannot be done.
    Declined(String),
    /// The person is asked, with what can be answered.
    Asked(String, Vec<String>),
    /// What was done suffices.
    Done,
}

/// All that a model said.
pub(super) struct Heard {
    /// Its words; calls are written as lines.
    pub said: String,
    /// Its plan, the steps that were given before included.
    pub draft: DraftPlan,
    /// How many of the steps were given before.
    pub taken: usize,
    /// What it says instead of steps.
    pub verdict: Option<Verdict>,
    /// What it says is missing.
    pub missing: Option<String>,
    /// Whether it answers itself, in forms that have words for that.
    pub answers: bool,
}

/// Listens to one reply.
pub(super) struct Hearing<'a> {
    tools: &'a ToolNames,
    reader: StreamReader<'a>,
    calls: Calls,
    /// Steps that were called.
    called: DraftPlan,
    said: String,
    /// How much of what was said went to the reader; the rest is a line that is not complete.
    read: usize,
    taken: usize,
    verdict: Option<Verdict>,
    missing: Option<String>,
}

impl<'a> Hearing<'a> {
    pub(super) fn new(tools: &'a ToolNames, scope: &Scope) -> Self {
        Self {
            tools,
            reader: StreamReader::new(tools),
            calls: Calls::new(scope),
            called: DraftPlan::default(),
            said: String::new(),
            read: 0,
            taken: 0,
            verdict: None,
            missing: None,
        }
    }

    /// Takes a piece, and gives the steps that are complete with it.
    pub(super) fn take(&mut self, delta: ChatDelta) -> Vec<DraftStep> {
        let steps = match delta {
            ChatDelta::Text { text } => {
                self.said.push_str(&text);
                match self.said[self.read..].rfind('\n') {
                    Some(end) => self.hear(self.read + end + 1),
                    None => Vec::new(),
                }
            }
            ChatDelta::ToolCall {
                index,
                name,
                arguments,
                ..
            } => {
                let draft = self.calls.take(index, name, &arguments, self.tools);
                self.add_called(draft)
            }
            _ => Vec::new(),
        };
        self.taken += steps.len();
        steps
    }

    /// Reads what was said up to `end`, line by line: verdicts are no part of a plan.
    fn hear(&mut self, end: usize) -> Vec<DraftStep> {
        let mut steps = Vec::new();
        let heard = self.said[self.read..end].to_owned();
        self.read = end;
        for line in heard.split_inclusive('\n') {
            if !self.judge(line) {
                steps.extend(self.reader.push(line));
            }
        }
        steps
    }

    /// Whether a line says something instead of a step.
    fn judge(&mut self, line: &str) -> bool {
        let line = line.trim();
        if !line.starts_with('{') {
            return false;
        }
        let Ok(json) = serde_json::from_str::<Json>(line) else {
            return false;
        };
        if json["done"] == true || json["sufficient"] == true {
            self.verdict = Some(Verdict::Done);
        } else if let Some(question) = json["ask"].as_str() {
            let choices = json["choices"].as_array().into_iter().flatten();
            let choices = choices.filter_map(Json::as_str).map(str::to_owned);
            self.verdict = Some(Verdict::Asked(question.to_owned(), choices.collect()));
        } else if let Some(reason) = json["decline"].as_str() {
            self.verdict = Some(Verdict::Declined(reason.to_owned()));
        } else if json["sufficient"] == false {
            self.missing = json["missing"].as_str().map(str::to_owned);
        } else {
            return false;
        }
        true
    }

    fn add_called(&mut self, draft: DraftPlan) -> Vec<DraftStep> {
        for step in &draft.steps {
            let line = serde_json::to_string(step).unwrap_or_default();
            self.said.push_str(&line);
            self.said.push('\n');
        }
        // Calls are no text to read.
        self.read = self.said.len();
        self.called.malformed.extend(draft.malformed);
        self.called.steps.extend(draft.steps.clone());
        draft.steps
    }

    /// Ends the reply.
    pub(super) fn finish(mut self) -> Heard {
        self.hear(self.said.len());
        let last = self.calls.complete(self.tools);
        self.add_called(last);
        let mut answers = false;
        let mut draft = self.called;
        if draft.steps.is_empty() {
            let reading = self.reader.finish();
            answers = reading.final_text.is_some() && reading.draft.steps.is_empty();
            draft = reading.draft;
        }
        if self.verdict.is_some() && draft.steps.is_empty() {
            draft = DraftPlan::default();
        }
        Heard {
            said: self.said,
            draft,
            taken: self.taken,
            verdict: self.verdict,
            missing: self.missing,
            answers,
        }
    }
}

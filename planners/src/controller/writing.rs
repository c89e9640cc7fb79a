//! A plan while the model writes it: each step is checked and handed over as soon as its line is complete.

use std::collections::HashMap;

use futures::StreamExt;
use medley_orchestrator::{
    Addition, ChatDelta, ChatError, ChatModel, ChatRequest, Defect, DefectCode, DraftPlan,
    DraftStep, GrowingPlan, Message, Plan, PlanShape, ResponseFormat, Situation,
};
use serde_json::Value as Json;

use super::prompt;

/// What the model came to.
pub(super) enum Written {
    /// The steps were handed over.
    Streamed { notes: Vec<String> },
    /// The plan, where there was nobody to hand steps over to.
    Plan {
        draft: DraftPlan,
        notes: Vec<String>,
    },
    /// It says that the request cannot be done.
    Declined { reason: String },
    /// It says that what was done suffices.
    Done,
    /// There is no plan.
    Nothing { why: String },
}

/// A line that is not a step.
enum Line {
    Addition(Addition),
    Declined(String),
    Done,
}

/// A plan while it is written.
pub(super) struct Writing<'a> {
    situation: &'a Situation<'a>,
    growing: GrowingPlan<'a>,
    /// Steps as they were written, by name.
    offered: HashMap<String, DraftStep>,
    accepted: DraftPlan,
    defects: Vec<Defect>,
    verdict: Option<Line>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(situation: &'a Situation<'a>) -> Self {
        let mut this = Self {
            situation,
            growing: GrowingPlan::new(situation.registry, &situation.scope),
            offered: HashMap::new(),
            accepted: DraftPlan::default(),
            defects: Vec::new(),
            verdict: None,
        };
        for step in situation.accepted {
            // They were valid before the process ended, and run already.
            this.offered.insert(step.id.clone(), step.clone());
            this.growing.offer(step.clone());
            this.accepted.steps.push(step.clone());
        }
        this
    }

    /// Asks the model, and takes its lines as they come; gives all that it said.
    pub(super) async fn listen(
        &mut self,
        model: &dyn ChatModel,
        messages: &[Message],
    ) -> Result<String, ChatError> {
        let request = self.request(model, messages);
        let mut stream = model.chat(&request, self.situation.cancel).await?;
        let mut said = String::new();
        let mut taken = 0;
        while let Some(delta) = stream.next().await {
            let ChatDelta::Text { text } = delta? else {
                continue;
            };
            said.push_str(&text);
            while let Some(length) = said[taken..].find('\n') {
                let line = said[taken..taken + length].to_owned();
                taken += length + 1;
                self.take_line(&line).await;
            }
        }
        let rest = said[taken..].to_owned();
        self.take_line(&rest).await;
        Ok(said)
    }

    fn request(&self, model: &dyn ChatModel, messages: &[Message]) -> ChatRequest {
        let shape = || PlanShape::of(self.situation.registry, self.situation.request);
        ChatRequest {
            temperature: Some(0.0),
            format: match model.profile().supports.plans {
                true => ResponseFormat::Plan(Box::new(shape())),
                false => ResponseFormat::Text,
            },
            ..ChatRequest::new(messages.to_vec())
        }
    }

    async fn take_line(&mut self, line: &str) {
        let line = line.trim().trim_end_matches(',');
        // Models put plans in fences and words around them; neither is a step.
        if !line.starts_with('{') {
            return;
        }
        match read(line) {
            Ok(Line::Addition(Addition::Step(step))) => self.take_step(*step).await,
            Ok(Line::Addition(Addition::Answer(answer))) => {
                self.growing.set_answer(answer.clone());
                self.accepted.answer = Some(answer);
            }
            Ok(Line::Addition(Addition::End)) => {}
            Ok(verdict) => self.verdict = Some(verdict),
            Err(defect) => self.defects.push(defect),
        }
    }

    async fn take_step(&mut self, step: DraftStep) {
        self.offered.insert(step.id.clone(), step.clone());
        for accepted in self.growing.offer(step) {
            let Some(step) = self.offered.get(&accepted.step.id).cloned() else {
                continue;
            };
            self.accepted.steps.push(step.clone());
            if let Some(stream) = self.situation.stream {
                stream.send(Addition::Step(Box::new(step))).await;
            }
        }
    }
}

impl Writing<'_> {
    /// Whether no step was accepted and nothing else decided.
    pub(super) const fn is_empty(&self) -> bool {
        self.accepted.steps.is_empty() && self.verdict.is_none()
    }

    /// Whether there is a plan and nothing is wrong with it so far.
    pub(super) fn is_sound(&self) -> bool {
        self.defects.is_empty() && self.growing.is_sound() && !self.is_empty()
    }

    /// What to tell a model that was cut off.
    pub(super) fn reminder(&self) -> Vec<Message> {
        if self.accepted.steps.is_empty() {
            return Vec::new();
        }
        let lines = self.accepted.steps.iter();
        let lines: Vec<String> = lines
            .filter_map(|step| serde_json::to_string(step).ok())
            .collect();
        vec![
            Message::assistant(lines.join("\n")),
            Message::user("You were cut off. These steps are taken; write the rest of the plan."),
        ]
    }

    /// What to tell a model whose plan has defects, which are forgotten: what it writes next counts.
    pub(super) fn complaint(&mut self) -> String {
        let mut text = match self.take_defects() {
            defects if defects.is_empty() => "There is no plan in what you wrote.\n".to_owned(),
            defects => prompt::complaints(&defects),
        };
        if !self.accepted.steps.is_empty() {
            let names = self.accepted.steps.iter().map(|step| step.id.as_str());
            let names: Vec<&str> = names.collect();
            text.push_str(&format!(
                "These steps are taken and stay: {}.\n",
                names.join(", ")
            ));
        }
        text.push_str("Write the steps that are missing or were wrong, and the answer line.");
        text
    }

    /// Gives up on a model that was cut off for good.
    pub(super) fn cut(self, error: &ChatError) -> Written {
        match self.situation.stream {
            // Without an end, none of its steps changes the world.
            Some(_) => Written::Streamed {
                notes: vec![format!("the language model was cut off: {error}")],
            },
            None => Written::Nothing {
                why: error.to_string(),
            },
        }
    }

    /// Ends the plan.
    pub(super) async fn finish(mut self) -> Written {
        let mut wrong = self.take_defects();
        if self.accepted.steps.is_empty() {
            return match self.verdict {
                Some(Line::Declined(reason)) => Written::Declined { reason },
                Some(_) => Written::Done,
                None => Written::Nothing {
                    why: why_not(&wrong),
                },
            };
        }
        if let Err(defects) = self.validate() {
            // Its steps are sound one by one, so that what it names as the answer is not.
            wrong.extend(defects);
            self.accepted.answer = None;
        }
        let notes = wrong.iter().map(|defect| format!("left out: {defect}"));
        let notes = notes.collect();
        let Some(stream) = self.situation.stream else {
            return Written::Plan {
                draft: self.accepted,
                notes,
            };
        };
        if let Some(answer) = self.accepted.answer {
            stream.send(Addition::Answer(answer)).await;
        }
        if wrong.is_empty() {
            stream.send(Addition::End).await;
        }
        Written::Streamed { notes }
    }

    fn validate(&self) -> Result<(), Vec<Defect>> {
        let Situation {
            registry, scope, ..
        } = self.situation;
        match Plan::validate(&self.accepted, registry, scope) {
            Ok(_) => Ok(()),
            Err(defects) => Err(defects.0),
        }
    }

    fn take_defects(&mut self) -> Vec<Defect> {
        let mut defects = std::mem::take(&mut self.defects);
        defects.extend(self.growing.take_defects());
        defects
    }
}

fn why_not(defects: &[Defect]) -> String {
    match defects {
        [] => "it wrote no plan".to_owned(),
        [first, rest @ ..] if rest.is_empty() => format!("its plan cannot run: {first}"),
        [first, rest @ ..] => format!("its plan cannot run: {first}, and {} more", rest.len()),
    }
}

/// Reads a line of a plan.
fn read(line: &str) -> Result<Line, Defect> {
    let json: Json = serde_json::from_str(line).map_err(|error| {
        Defect::new(
            DefectCode::MalformedPlan,
            format!("the line is not JSON: {error}"),
        )
        .with_hint("write one JSON object a line")
    })?;
    if json["done"] == true {
        return Ok(Line::Done);
    }
    if let Some(reason) = json["decline"].as_str() {
        return Ok(Line::Declined(reason.to_owned()));
    }
    Addition::from_json_line(line).map(Line::Addition)
}

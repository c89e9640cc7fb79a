//! A plan while the model writes it: each step is checked and handed over as soon as it is complete.

mod asking;
mod mending;

use std::collections::HashMap;

use futures::StreamExt;
use medley_orchestrator::{
    Addition, Capability, ChatError, ChatModel, Defect, DraftPlan, DraftStep, GrowingPlan, Message,
    Plan, Situation,
};

use super::{
    PlanForm,
    hearing::{Heard, Hearing, Verdict},
    prompt,
};
use crate::{Retriever, dialect::ToolNames};

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
    /// It asks the person what is meant.
    Asked { text: String, choices: Vec<String> },
    /// It says that what was done suffices.
    Done,
    /// There is no plan.
    Nothing { why: String },
}

/// A plan while it is written.
pub(super) struct Writing<'a> {
    situation: &'a Situation<'a>,
    /// The tools that the model is shown.
    tools: Vec<&'a Capability>,
    form: PlanForm,
    /// Knows which tool an invented name means.
    retriever: Option<&'a Retriever>,
    growing: GrowingPlan<'a>,
    /// Steps as they were written, by name.
    offered: HashMap<String, DraftStep>,
    /// Their names, in the order in which they were written.
    order: Vec<String>,
    accepted: DraftPlan,
    defects: Vec<Defect>,
    /// What the person should know.
    notes: Vec<String>,
    verdict: Option<Verdict>,
}

impl<'a> Writing<'a> {
    pub(super) fn new(
        situation: &'a Situation<'a>,
        tools: Vec<&'a Capability>,
        form: PlanForm,
        retriever: Option<&'a Retriever>,
    ) -> Self {
        let mut this = Self {
            situation,
            tools,
            form,
            retriever,
            growing: GrowingPlan::new(situation.registry, &situation.scope),
            offered: HashMap::new(),
            accepted: DraftPlan::default(),
            order: Vec::new(),
            defects: Vec::new(),
            notes: Vec::new(),
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

    /// Asks the model, and takes its steps as they come; gives all that it said.
    pub(super) async fn listen(
        &mut self,
        model: &dyn ChatModel,
        messages: &[Message],
    ) -> Result<String, ChatError> {
        let request = self.request(model, messages);
        let tools = ToolNames::of(self.situation.registry);
        let mut hearing = Hearing::new(&tools, &self.situation.scope);
        let mut stream = model.chat(&request, self.situation.cancel).await?;
        while let Some(delta) = stream.next().await {
            for step in hearing.take(delta?) {
                self.take_step(step).await;
            }
        }
        let Heard {
            said,
            draft,
            taken,
            verdict,
            missing,
            answers,
        } = hearing.finish();
        // To answer without looking at anything is no plan.
        let is_done = answers && !self.situation.rounds.is_empty();
        self.verdict = verdict.or(is_done.then_some(Verdict::Done));
        if let Some(missing) = missing {
            self.notes
                .push(format!("the language model missed {missing}"));
        }
        if self.verdict.is_none() || !draft.steps.is_empty() {
            self.take_reading(draft, taken).await;
        }
        Ok(said)
    }

    /// Takes what is known only when all was said: the steps behind those that were `taken` already, for not all forms
    /// are read line by line, and the answer.
    async fn take_reading(&mut self, draft: DraftPlan, taken: usize) {
        for step in draft.steps.into_iter().skip(taken) {
            self.take_step(step).await;
        }
        if let Some(answer) = draft.answer {
            self.accepted.answer = Some(answer);
        }
        self.defects.extend(draft.malformed);
        if !self.is_sound() {
            self.mend().await;
        }
    }

    async fn take_step(&mut self, step: DraftStep) {
        if self.offered.insert(step.id.clone(), step.clone()).is_none() {
            self.order.push(step.id.clone());
        }
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
        let is_verdict = self.verdict.is_some() && self.accepted.steps.is_empty();
        is_verdict || (self.defects.is_empty() && self.growing.is_sound() && !self.is_empty())
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
                Some(Verdict::Declined(reason)) => Written::Declined { reason },
                Some(Verdict::Asked(text, choices)) => Written::Asked { text, choices },
                Some(Verdict::Done) => Written::Done,
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
        let mut notes = self.notes;
        notes.extend(wrong.iter().map(|defect| format!("left out: {defect}")));
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
        [first] => format!("its plan cannot run: {first}"),
        [first, rest @ ..] => format!("its plan cannot run: {first}, and {} more", rest.len()),
    }
}

//! The planner with a language model: it writes steps a line each, and each starts while the next is being written.
//!
//! A step is handed over once it is checked. What is wrong is repaired where that is certain; what remains goes back to
//! the model once, with all that is wrong; and when that does not help, or the model cannot be asked, another planner
//! steps in.

mod earlier;
mod prompt;
mod writing;

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{
    Capability, ChatError, ChatErrorKind, ChatModel, Decision, Decline, Message, Planner,
    PlannerError, RunReport, RunStatus, Situation, StepStatus,
};

use self::{
    prompt::{BUILT_IN, Example},
    writing::{Writing, Written},
};

/// How often the model is asked in one decision: for a plan, and once for what was wrong with it.
const ATTEMPTS: usize = 2;

/// How often a model that saw a step fail may plan around it.
const REPLANS: usize = 2;

/// How the controller works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControllerOptions {
    /// How many examples the model is shown.
    pub shots: usize,
    /// Whether the model looks at what came of its steps each time, and says whether it suffices.
    pub looks: bool,
}

impl Default for ControllerOptions {
    fn default() -> Self {
        Self {
            shots: 3,
            looks: false,
        }
    }
}

/// Plans with a language model.
pub struct Controller {
    model: Arc<dyn ChatModel>,
    fallback: Arc<dyn Planner>,
    options: ControllerOptions,
}

impl Controller {
    /// A controller that asks `model`, and lets `fallback` plan where that does not help.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>, fallback: Arc<dyn Planner>) -> Self {
        Self {
            model,
            fallback,
            options: ControllerOptions::default(),
        }
    }

    /// Sets how it works.
    #[must_use]
    pub const fn with_options(mut self, options: ControllerOptions) -> Self {
        self.options = options;
        self
    }

    fn conversation(&self, situation: &Situation<'_>) -> Vec<Message> {
        let tools: Vec<&Capability> = situation.registry.plannable().collect();
        let has = |tool: &str| tools.iter().any(|each| each.name == tool);
        let fitting = BUILT_IN.iter().filter(|example| example.tools().all(has));
        let examples: Vec<&Example> = fitting.take(self.options.shots).collect();
        let mut messages = prompt::conversation(&tools, &examples, situation.request);
        messages.extend(earlier::answers(situation).map(Message::user));
        for round in situation.rounds {
            messages.push(Message::user(prompt::observations(round)));
        }
        if let Some(last) = situation.rounds.last() {
            let ask = if has_failed(last) {
                "Write further steps that do what is missing in another way, with new names, and the answer line; \
                 or {\"done\":true} if nothing else can be done."
            } else {
                "If this is enough, write {\"done\":true}. Otherwise write the further steps, with new names, and the \
                 answer line."
            };
            messages.push(Message::user(ask));
        }
        messages
    }

    /// Whether the model is asked at all in this round.
    fn has_more_to_decide(&self, rounds: &[RunReport]) -> bool {
        let Some(last) = rounds.last() else {
            return true;
        };
        if last.status == RunStatus::Cancelled {
            return false;
        }
        let failures = rounds.iter().filter(|round| has_failed(round)).count();
        self.options.looks || (has_failed(last) && failures <= REPLANS)
    }

    async fn write(&self, situation: &Situation<'_>) -> Result<Written, ChatError> {
        let model = situation.spending.meter(Arc::clone(&self.model));
        let mut messages = self.conversation(situation);
        let mut writing = Writing::new(situation);
        for attempt in 1..=ATTEMPTS {
            let said = match writing.listen(&*model, &messages).await {
                Ok(said) => said,
                Err(error) if attempt < ATTEMPTS && error.kind.is_transient() => {
                    // It was cut: what was accepted stays, and the rest is asked for again.
                    messages.extend(writing.reminder());
                    continue;
                }
                Err(error) if writing.is_empty() => return Err(error),
                Err(error) => return Ok(writing.cut(&error)),
            };
            if writing.is_sound() {
                break;
            }
            if attempt < ATTEMPTS {
                messages.push(Message::assistant(said));
                messages.push(Message::user(writing.complaint()));
            }
        }
        Ok(writing.finish().await)
    }

    /// Lets the other planner plan, and says why.
    async fn fall_back(
        &self,
        situation: &Situation<'_>,
        why: String,
    ) -> Result<Decision, PlannerError> {
        tracing::warn!(why, "the language model gave no plan");
        let mut decision = self.fallback.decide(situation).await?;
        if let Decision::Add { notes, .. } | Decision::Streamed { notes } = &mut decision {
            notes.push(format!("planned without the language model: {why}"));
        }
        Ok(decision)
    }
}

#[async_trait]
impl Planner for Controller {
    async fn decide(&self, situation: &Situation<'_>) -> Result<Decision, PlannerError> {
        if !self.has_more_to_decide(situation.rounds) {
            return Ok(Decision::Finish);
        }
        let is_first = situation.rounds.is_empty();
        match self.write(situation).await {
            Ok(Written::Streamed { notes }) => Ok(Decision::Streamed { notes }),
            Ok(Written::Plan { draft, notes }) => Ok(Decision::Add { draft, notes }),
            Ok(Written::Declined { reason }) if is_first => Ok(Decision::Decline(Decline {
                reason,
                nearest: Vec::new(),
            })),
            Ok(Written::Asked { text, choices }) if is_first => Ok(Decision::Clarify(
                earlier::question(situation, text, choices),
            )),
            Ok(Written::Declined { .. } | Written::Asked { .. } | Written::Done) => {
                Ok(Decision::Finish)
            }
            Ok(Written::Nothing { why }) if is_first => self.fall_back(situation, why).await,
            Ok(Written::Nothing { .. }) => Ok(Decision::Finish),
            Err(error) if error.kind == ChatErrorKind::Cancelled => Ok(Decision::Finish),
            Err(error) if is_first => {
                let hint = error.hint.as_ref().map(|hint| format!(" ({hint})"));
                let why = format!("{error}{}", hint.unwrap_or_default());
                self.fall_back(situation, why).await
            }
            Err(error) => Err(planner_error(error)),
        }
    }
}

fn has_failed(report: &RunReport) -> bool {
    let failed = |status| matches!(status, StepStatus::Failed);
    !report.defects.is_empty() || report.steps.iter().any(|step| failed(step.status))
}

fn planner_error(error: ChatError) -> PlannerError {
    PlannerError {
        code: error.kind.code(),
        message: error.to_string(),
        hint: error.hint.clone(),
        source: Some(error.into()),
    }
}

#[cfg(test)]
mod tests;

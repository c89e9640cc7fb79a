//! The planner with a language model: it writes steps a line each, and each starts while the next is being written.
//!
//! A step is handed over once it is checked. What is wrong is repaired where that is certain; what remains goes back to
//! the model once, with all that is wrong; and when that does not help, or the model cannot be asked, another planner
//! steps in.

mod calls;
mod earlier;
mod examples;
mod hearing;
mod pictures;
mod prompt;
mod retrieval;
mod writing;

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{
    ArtifactStore, Capability, ChatError, ChatErrorKind, ChatModel, Decision, Decline, Message,
    Planner, PlannerError, Registry, Request, RunReport, RunStatus, Situation, StepStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::examples::{Example, ExampleError};

use self::writing::{Writing, Written};
use crate::{Retriever, excerpts::Excerpts};

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
    /// How the model writes its plan.
    pub form: PlanForm,
}

impl Default for ControllerOptions {
    fn default() -> Self {
        Self {
            shots: 3,
            looks: false,
            form: PlanForm::Lines,
        }
    }
}

/// How a model writes a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanForm {
    /// As text, a step a line.
    #[default]
    Lines,
    /// As calls of tools, where the model supports them.
    Calls,
}

/// Plans with a language model.
pub struct Controller {
    model: Arc<dyn ChatModel>,
    fallback: Arc<dyn Planner>,
    options: ControllerOptions,
    /// The examples of the person, which go before those of Medley.
    examples: Vec<Example>,
    /// Where the texts are that the model is shown, and the pictures if it sees.
    store: Option<Arc<dyn ArtifactStore>>,
    /// Chooses tools and examples by meaning, and knows what an invented name means.
    retriever: Option<Retriever>,
}

impl Controller {
    /// A controller that asks `model`, and lets `fallback` plan where that does not help.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>, fallback: Arc<dyn Planner>) -> Self {
        Self {
            model,
            fallback,
            options: ControllerOptions::default(),
            examples: Vec::new(),
            store: None,
            retriever: None,
        }
    }

    /// Chooses tools and examples by meaning, where there are more than are shown, and finds the tool that is meant by
    /// a name which nothing spells, where that needs no fetching.
    #[must_use]
    pub fn with_retriever(mut self, retriever: Retriever) -> Self {
        self.retriever = Some(retriever);
        self
    }

    /// Adds examples, which are shown before those of Medley.
    #[must_use]
    pub fn with_examples(mut self, examples: Vec<Example>) -> Self {
        self.examples = examples;
        self
    }

    /// Shows the model the beginnings of texts that steps made as files, and the pictures if it sees; they are in this
    /// store.
    #[must_use]
    pub fn with_results_from(mut self, store: Arc<dyn ArtifactStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets how it works.
    #[must_use]
    pub const fn with_options(mut self, options: ControllerOptions) -> Self {
        self.options = options;
        self
    }

    async fn conversation(&self, situation: &Situation<'_>, tools: &[&Capability]) -> Vec<Message> {
        let request = situation.request;
        let examples = self.examples(request, tools).await;
        let mut messages = prompt::conversation(tools, &examples, request, self.form());
        messages.extend(earlier::answers(situation).map(Message::user));
        for round in situation.rounds {
            messages.push(self.observed(round).await);
        }
        if let Some(last) = situation.rounds.last() {
            let mut question = prompt::question(has_failed(last)).to_owned();
            if self.form() == PlanForm::Calls {
                let named = calls::named(&situation.scope);
                question.push_str(&format!(
                    "\nThe next calls are named s{} and so on.",
                    named + 1
                ));
            }
            messages.push(Message::user(question));
        }
        messages
    }

    /// What came of a round, with the beginnings of its texts, and its pictures for a model that sees.
    async fn observed(&self, round: &RunReport) -> Message {
        let Some(store) = self.store.as_deref() else {
            return Message::user(prompt::observations(round, &Excerpts::default()));
        };
        let texts = Excerpts::of(std::slice::from_ref(round), store).await;
        let message = Message::user(prompt::observations(round, &texts));
        match self.model.profile().supports.vision {
            true => pictures::show(message, round, store).await,
            false => message,
        }
    }

    /// How this model writes its plan.
    fn form(&self) -> PlanForm {
        match self.options.form {
            PlanForm::Calls if self.model.profile().supports.tools => PlanForm::Calls,
            _ => PlanForm::Lines,
        }
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
        let tools = self
            .fitting(situation.request, prompt::tools(situation))
            .await;
        let mut messages = self.conversation(situation, &tools).await;
        let mut writing = Writing::new(situation, tools, self.form(), self.retriever.as_ref());
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
        let planned = self.fallback.decide(situation).await;
        let mut decision = planned.map_err(|error| PlannerError {
            message: format!(
                "{}; it was asked since the language model gave no plan: {why}",
                error.message
            ),
            ..error
        })?;
        if let Decision::Add { notes, .. } | Decision::Streamed { notes } = &mut decision {
            notes.push(format!("planned without the language model: {why}"));
        }
        Ok(decision)
    }
}

#[async_trait]
impl Planner for Controller {
    fn may_add(&self, rounds: &[RunReport]) -> bool {
        self.has_more_to_decide(rounds)
    }

    async fn choose(&self, request: &Request, registry: &Registry) -> Vec<String> {
        self.chosen(request, registry).await
    }

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

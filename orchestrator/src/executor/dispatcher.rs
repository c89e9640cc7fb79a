//! The seam between deciding that a step runs and running it.
//!
//! Calls and outcomes are plain serialisable data, so that the same plans run in this process, in another or on
//! another machine.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    ArtifactStore, CallContext, Digest, Entry, ProgressSink, Provider, Record, Registry, Spending,
    StepError, ToolError, ToolErrorKind,
};

/// Runs one call.
#[async_trait]
pub trait Dispatcher: Send + Sync {
    /// Runs a call to its end. Dropping the future stops the call as far as the tool allows.
    async fn dispatch(&self, call: StepCall, control: StepControl) -> StepOutcome;
}

/// One call of one step, complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepCall {
    /// The run.
    pub run: String,
    /// The step.
    pub step: String,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// Which item of a list it is for, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<usize>,
    /// The capability.
    pub capability: String,
    /// Its version.
    pub version: u32,
    /// The provider.
    pub provider: String,
    /// The arguments; artifacts by digest.
    pub arguments: Record,
    /// The seed of everything random in the call.
    pub seed: u64,
    /// The same for every attempt at this step of this run, also after the run is resumed.
    pub idempotency_key: Digest,
    /// How long the call may take, from when it arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<Duration>,
    /// The answer to the question that the call asked before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

/// What a call is steered by while it runs.
#[derive(Clone)]
pub struct StepControl {
    /// Cancelled when the result is no longer wanted.
    pub cancel: CancellationToken,
    /// Takes the call's progress.
    pub progress: ProgressSink,
    /// What the run may spend on language models. It does not reach calls in other processes.
    pub spending: Spending,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum StepOutcome {
    /// It gave its outputs.
    Done {
        /// Who did it.
        provider: String,
        /// What it gave.
        outputs: Record,
    },
    /// It gave an error.
    Failed {
        /// Who tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider: Option<String>,
        /// Why.
        error: StepError,
        /// Whether trying again can help.
        #[serde(default)]
        transient: bool,
    },
    /// It goes on once a person has answered.
    Asks {
        /// The question.
        text: String,
        /// What can be answered; anything, where it is empty.
        #[serde(default)]
        choices: Vec<String>,
    },
    /// It was stopped.
    Cancelled,
}

impl StepOutcome {
    /// A failure that trying again cannot help.
    #[must_use]
    pub const fn failed(error: StepError) -> Self {
        Self::Failed {
            provider: None,
            error,
            transient: false,
        }
    }
}

/// Calls providers in this process.
pub struct LocalDispatcher {
    registry: Arc<Registry>,
    store: Arc<dyn ArtifactStore>,
}

impl LocalDispatcher {
    /// Calls the providers of `registry`.
    #[must_use]
    pub fn new(registry: Arc<Registry>, store: Arc<dyn ArtifactStore>) -> Self {
        Self { registry, store }
    }

    async fn call(
        &self,
        entry: &Entry,
        provider: &Arc<dyn Provider>,
        call: StepCall,
        control: StepControl,
    ) -> StepOutcome {
        let id = provider.profile().id.clone();
        let context = CallContext::new(
            Arc::clone(&self.store),
            control.cancel.clone(),
            control.progress,
        )
        .with_attempt(call.attempt, call.seed)
        .with_idempotency_key(call.idempotency_key)
        .with_answer(call.answer.as_deref())
        .with_spending(control.spending);
        let called = AssertUnwindSafe(provider.call(call.arguments, &context));
        let returned = called.catch_unwind().await.unwrap_or_else(|_| {
            Err(
                ToolError::permanent("panicked", "the tool stopped on a defect of its own")
                    .with_hint("report it, with the file that it was given"),
            )
        });
        match returned {
            Ok(outputs) => match check_outputs(entry, &outputs) {
                Ok(()) => StepOutcome::Done {
                    provider: id,
                    outputs,
                },
                Err(error) => StepOutcome::Failed {
                    provider: Some(id),
                    error,
                    transient: false,
                },
            },
            Err(error) => match error.kind() {
                ToolErrorKind::Cancelled => StepOutcome::Cancelled,
                ToolErrorKind::Question => StepOutcome::Asks {
                    text: error.for_model().to_owned(),
                    choices: error.choices().to_vec(),
                },
                kind => StepOutcome::Failed {
                    provider: Some(id),
                    error: StepError::from(&error),
                    transient: kind == ToolErrorKind::Transient,
                },
            },
        }
    }
}

#[async_trait]
impl Dispatcher for LocalDispatcher {
    async fn dispatch(&self, call: StepCall, control: StepControl) -> StepOutcome {
        let entry = self.registry.get(&call.capability);
        let provider = entry.and_then(|entry| entry.provider(&call.provider));
        let (Some(entry), Some(provider)) = (entry, provider) else {
            return StepOutcome::failed(StepError::new(
                "no_provider",
                format!(
                    "`{}` has no provider `{}` here",
                    call.capability, call.provider
                ),
                Some("`medley doctor` says what is missing"),
            ));
        };
        self.call(entry, provider, call, control).await
    }
}

/// A provider that breaks its promise fails here, and not in the step that builds on it.
fn check_outputs(entry: &Entry, outputs: &Record) -> Result<(), StepError> {
    let broken = |problem: String| {
        Err(StepError::new(
            "bad_output",
            format!("`{}` {problem}", entry.capability.name),
            Some("this is a defect of the tool; report it"),
        ))
    };
    for output in &entry.capability.outputs {
        match outputs.get(&output.name) {
            Some(value) => {
                if let Err(error) = crate::check(value, &output.value_type) {
                    return broken(format!("gave a wrong `{}`: {error}", output.name));
                }
            }
            None if output.optional => {}
            None => return broken(format!("gave no `{}`", output.name)),
        }
    }
    Ok(())
}

//! Everything that a person or a program watching a run wants to know, in order.

mod channel;
mod queue;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use channel::{EventSink, EventStream, Tap};

use crate::{Artifact, Question, RunStatus, StepError, StepStatus};

/// Something that happened, with its place in the order of things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Counts every event that was emitted, from 0. Events come in this order; a gap says that progress was left out
    /// for a watcher that did not keep up, and never anything else.
    pub seq: u64,
    /// Milliseconds since the stream was opened.
    pub at_ms: f64,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A run began.
    RunStarted {
        /// The run.
        run: String,
    },
    /// A plan was accepted.
    Planned {
        /// Its steps, as written.
        steps: Vec<PlannedStep>,
    },
    /// A step was accepted on its own, while the plan was still growing.
    StepAdded {
        /// The step, as written.
        step: PlannedStep,
    },
    /// A step goes over a list, a call an item.
    StepExpanded {
        /// The step.
        step: String,
        /// How many items there are; their calls are named `s1[0]`, `s1[1]` and so on.
        items: usize,
    },
    /// Everything that a step waits for is there.
    StepReady {
        /// The step.
        step: String,
    },
    /// A step was given to its tool.
    StepStarted {
        /// The step.
        step: String,
        /// The capability.
        tool: String,
    },
    /// A step came further.
    StepProgress {
        /// The step.
        step: String,
        /// The part that is done, 0 to 1, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fraction: Option<f32>,
        /// What is being done.
        message: String,
    },
    /// A call failed and is tried again.
    StepRetry {
        /// The step.
        step: String,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Who failed.
        provider: String,
        /// Who tries next; the same one, unless there is another.
        next: String,
        /// Time until then, in milliseconds.
        delay_ms: f64,
        /// Why.
        error: StepError,
    },
    /// A step waits for an answer.
    StepWaiting {
        /// The step.
        step: String,
        /// What it asks.
        question: Question,
    },
    /// A step made an artifact.
    Artifact {
        /// The step.
        step: String,
        /// The artifact.
        artifact: Artifact,
    },
    /// Something that the watcher should know and that is no step's state.
    Log {
        /// What.
        message: String,
    },
    /// A step came to its end.
    StepFinished {
        /// The step.
        step: String,
        /// The capability.
        tool: String,
        /// What became of it.
        status: StepStatus,
        /// Time from start to end, in milliseconds.
        ms: f64,
        /// Why it gave nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<StepError>,
    },
    /// More of the answer was written. An answer that is not written piece by piece comes with the result only.
    AnswerText {
        /// What follows on the text before, without a break; after an artifact, a new text begins.
        text: String,
    },
    /// An artifact has its place in the answer here.
    AnswerArtifact {
        /// What it is, in a few words fit for a file name.
        name: String,
        /// The artifact.
        artifact: Artifact,
    },
    /// A run came to its end.
    RunFinished {
        /// The run.
        run: String,
        /// What it comes to.
        status: RunStatus,
    },
}

/// A step of an accepted plan, for those who draw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    /// The step's name.
    pub id: String,
    /// The capability.
    pub tool: String,
    /// The steps that it waits for.
    pub after: Vec<String>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl EventKind {
    /// The step that this is mere chatter of: of what a slow watcher has not read, the last is enough.
    fn chatter_of(&self) -> Option<&str> {
        match self {
            Self::StepProgress { step, .. } => Some(step),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;

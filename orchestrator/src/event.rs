//! Everything that a person or a program watching a run wants to know, in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{Artifact, Question, RunStatus, StepError, StepStatus};

/// Something that happened, with its place in the order of things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Counts from 0 without gaps.
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

/// Where events are put in; cheap to clone, never blocks, and content that nobody listens.
#[derive(Debug, Clone)]
pub struct EventSink {
    opened: Instant,
    next: Arc<Mutex<Numbered>>,
}

#[derive(Debug)]
struct Numbered {
    seq: u64,
    sender: Option<mpsc::UnboundedSender<Event>>,
}

/// Where events come out, in order.
pub type EventStream = mpsc::UnboundedReceiver<Event>;

impl EventSink {
    /// A sink with the stream that its events come out of.
    #[must_use]
    pub fn channel() -> (Self, EventStream) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self::with_sender(Some(sender)), receiver)
    }

    /// A sink that nobody listens to.
    #[must_use]
    pub fn ignored() -> Self {
        Self::with_sender(None)
    }

    fn with_sender(sender: Option<mpsc::UnboundedSender<Event>>) -> Self {
        Self {
            opened: Instant::now(),
            next: Arc::new(Mutex::new(Numbered { seq: 0, sender })),
        }
    }

    /// Puts an event in.
    pub fn emit(&self, kind: EventKind) {
        // Number and send under one lock, so that the order of numbers is the order of arrival.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let event = Event {
            seq: next.seq,
            at_ms: self.opened.elapsed().as_secs_f64() * 1e3,
            kind,
        };
        next.seq += 1;
        if let Some(sender) = &next.sender
            && sender.send(event).is_err()
        {
            next.sender = None;
        }
    }
}

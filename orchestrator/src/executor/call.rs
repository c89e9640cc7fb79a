//! One call of a step, in a task of its own: from values to a record in the journal.
//!
//! Condition, arguments, cache, permission, attempts and fall-back, in this order. It holds no lock while a tool runs.

mod permission;
mod providers;

use std::{sync::Arc, time::Instant};

use super::{
    condition::holds,
    evaluate::{Values, argument_error},
    flights::Flight,
    shared::Shared,
};
use crate::{
    CHILD_LIMIT, CachedStep, Digest, Question, Record, Step, StepError, StepReport, StepStatus,
    Value,
};

/// A call of a step, or of a step for one item of its list.
pub(super) struct Call {
    pub shared: Arc<Shared>,
    pub step: Arc<Step>,
    /// The name of the call in events and records: `s2`, or `s2[3]` for an item.
    pub key: String,
    /// Which item it is for.
    pub child: Option<usize>,
    pub values: Values,
    /// The expected time from here to the end; the longer, the sooner it is admitted.
    pub priority: u64,
    /// Whether known results are passed over, because their bytes are no longer there.
    pub afresh: bool,
}

/// How a call ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// It came to this.
    Settled(Box<StepReport>),
    /// The step goes over these items.
    Expands(Vec<Value>),
}

/// What running a call gave, before it is recorded.
enum Ran {
    Settled(Box<Settled>),
    Expands(Vec<Value>),
}

/// What a call came to.
struct Settled {
    status: StepStatus,
    provider: Option<String>,
    attempts: u32,
    outputs: Record,
    error: Option<StepError>,
    question: Option<Question>,
    /// Its identity, where its result may be used again.
    identity: Option<Digest>,
    /// Others who wait for the same result.
    flight: Option<Flight>,
}

impl Settled {
    const fn new(status: StepStatus) -> Self {
        Self {
            status,
            provider: None,
            attempts: 0,
            outputs: Record::new(),
            error: None,
            question: None,
            identity: None,
            flight: None,
        }
    }

    fn failed(error: StepError) -> Self {
        Self {
            error: Some(error),
            ..Self::new(StepStatus::Failed)
        }
    }

    fn cached(found: CachedStep) -> Self {
        Self {
            provider: Some(found.provider),
            outputs: found.outputs,
            ..Self::new(StepStatus::Cached)
        }
    }
}

impl Call {
    /// Makes the call, and records what it came to. Dropping the future stops it.
    pub(super) async fn run(&self) -> Ended {
        let started = Instant::now();
        let mut settled = match self.settle().await {
            Ran::Expands(items) => return Ended::Expands(items),
            Ran::Settled(settled) => settled,
        };
        let flight = settled.flight.take();
        let identity = settled.identity;
        let mut report = Box::new(self.report(*settled, started));
        if let Err(error) = self.shared.record(&self.key, identity, &report).await {
            // What is not recorded is not finished: said, and never silently lost.
            report.status = StepStatus::Failed;
            report.outputs = Record::new();
            report.error = Some(error);
        } else if let (Some(flight), Some(provider)) = (flight, &report.provider) {
            flight.land(|| CachedStep {
                provider: provider.clone(),
                outputs: report.outputs.clone(),
            });
        }
        Ended::Settled(report)
    }

    /// What a panic outside of any tool comes to.
    pub(super) fn panicked(&self) -> Ended {
        let message = "the call stopped on a defect of the program";
        let error = StepError::new("panicked", message, Some("please report it"));
        Ended::Settled(Box::new(
            self.report(Settled::failed(error), Instant::now()),
        ))
    }

    fn report(&self, settled: Settled, started: Instant) -> StepReport {
        let since = started.saturating_duration_since(self.shared.began);
        StepReport {
            id: self.key.clone(),
            tool: self.step.capability.clone(),
            provider: settled.provider,
            status: settled.status,
            started_ms: since.as_secs_f64() * 1e3,
            ms: started.elapsed().as_secs_f64() * 1e3,
            attempts: settled.attempts,
            outputs: settled.outputs,
            error: settled.error,
            question: settled.question,
            children: Vec::new(),
            call: self.step.call,
        }
    }

    async fn settle(&self) -> Ran {
        if let Some(settled) = self.check_condition().await {
            return Ran::Settled(Box::new(settled));
        }
        let store = &*self.shared.store;
        if let (Some(for_each), None) = (&self.step.for_each, self.child) {
            return match self.values.list(&for_each.list, store).await {
                Ok(items) if items.len() > CHILD_LIMIT => {
                    Ran::Settled(Box::new(Settled::failed(too_many_items(items.len()))))
                }
                Ok(items) => Ran::Expands(items),
                Err(error) => Ran::Settled(Box::new(Settled::failed(error))),
            };
        }
        let settled = match self.values.arguments(&self.step, store).await {
            Ok(arguments) => self.try_providers(&arguments).await,
            Err(error) => Box::new(Settled::failed(error)),
        };
        Ran::Settled(settled)
    }

    async fn check_condition(&self) -> Option<Settled> {
        let condition = self.step.condition.as_ref()?;
        // A step that goes over a list and judges its items is judged item by item.
        let per_item = self.step.for_each.is_some() && condition.is_per_item();
        if per_item == self.child.is_none() && self.step.for_each.is_some() {
            return None;
        }
        match holds(condition, &self.values, &*self.shared.store).await {
            Ok(true) => None,
            Ok(false) => Some(Settled {
                error: Some(StepError::new(
                    StepError::NOT_TAKEN,
                    "its condition does not hold",
                    None,
                )),
                ..Settled::new(StepStatus::Skipped)
            }),
            Err(error) => Some(Settled::failed(argument_error("when", &error))),
        }
    }
}

/// The name of a call in events and records.
pub(super) fn key_of(step: &str, child: Option<usize>) -> String {
    match child {
        None => step.to_owned(),
        Some(index) => format!("{step}[{index}]"),
    }
}

fn too_many_items(count: usize) -> StepError {
    StepError::new(
        "too_many_items",
        format!("the list has {count} items, more than {CHILD_LIMIT}"),
        Some("go over a shorter list"),
    )
}

fn waiting(question: Question) -> Settled {
    Settled {
        question: Some(question),
        ..Settled::new(StepStatus::Waiting)
    }
}

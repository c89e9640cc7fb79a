//! What all calls of a run share.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use tokio_util::sync::CancellationToken;

use super::{Dispatcher, RunContext, flights::Flights};
use crate::{
    ArtifactStore, CachedStep, Digest, EventKind, EventSink, Journal, JournalError, Ledger, Policy,
    Spending, StandingAnswers, StepError, StepRecord, StepReport, StepStatus,
};

/// What all calls of a run share; nothing in it changes while they run.
pub(super) struct Shared {
    pub run: String,
    pub round: u32,
    /// The run and the round, before the key of a call.
    place: String,
    pub seed: u64,
    pub began: Instant,
    pub store: Arc<dyn ArtifactStore>,
    pub dispatcher: Arc<dyn Dispatcher>,
    pub journal: Option<Arc<dyn Journal>>,
    pub flights: Arc<Flights>,
    pub policy: Policy,
    pub standing: Arc<StandingAnswers>,
    pub ledger: Ledger,
    pub events: EventSink,
    pub cancel: CancellationToken,
    /// Answers to questions of this run.
    pub answers: BTreeMap<String, String>,
    pub spending: Spending,
}

impl Shared {
    pub(super) fn new(executor: &super::Executor, context: &RunContext<'_>) -> Self {
        // Leave that was given for a session was given before anything was read.
        let (policy, standing) = match context.is_tainted {
            true => (
                executor.policy.cautious(),
                Arc::new(executor.standing.refusals()),
            ),
            false => (executor.policy, Arc::clone(&executor.standing)),
        };
        Self {
            run: context.run.to_owned(),
            round: context.round,
            place: format!("{}/{}/", context.run, context.round),
            seed: context.seed,
            began: Instant::now(),
            store: Arc::clone(&executor.store),
            dispatcher: Arc::clone(&executor.dispatcher),
            journal: executor.journal.clone(),
            flights: Arc::clone(&executor.flights),
            policy,
            standing,
            ledger: executor.ledger.clone(),
            events: context.events.clone(),
            cancel: context.cancel.child_token(),
            answers: context.answers.clone(),
            spending: context.spending.clone(),
        }
    }

    /// What is the same for every attempt at a call of this run, also after the run is resumed.
    pub(super) fn idempotency_key(&self, key: &str) -> Digest {
        Digest::of([&self.place, key].concat().as_bytes())
    }

    /// What was answered when this call asked.
    pub(super) fn answer(&self, key: &str) -> Option<String> {
        if self.answers.is_empty() {
            return None;
        }
        self.answers.get(&format!("{key}.clarify")).cloned()
    }

    /// A result from before, if all of its artifacts are still in the store.
    pub(super) async fn look_up(&self, identity: &Digest) -> Option<CachedStep> {
        let journal = self.journal.as_ref()?;
        let found = match journal.cached(identity).await {
            Ok(found) => found?,
            Err(error) => {
                // The call can be made without the cache.
                self.warn(&error);
                return None;
            }
        };
        self.holds_all(&found.outputs).await.then_some(found)
    }

    /// Whether every artifact among these values is in the store.
    pub(super) async fn holds_all(&self, outputs: &crate::Record) -> bool {
        for artifact in outputs.values().flat_map(crate::Value::artifacts) {
            if !self.store.holds(artifact).await {
                return false;
            }
        }
        true
    }

    /// Keeps how a call ended; what was skipped or stopped is found out again when the run is resumed.
    pub(super) async fn record(
        &self,
        key: &str,
        identity: Option<Digest>,
        report: &StepReport,
    ) -> Result<(), StepError> {
        let Some(journal) = &self.journal else {
            return Ok(());
        };
        if matches!(report.status, StepStatus::Skipped | StepStatus::Cancelled) {
            return Ok(());
        }
        let record = Box::new(StepRecord {
            round: self.round,
            key: key.to_owned(),
            identity,
            report: report.clone(),
        });
        journal
            .record_step(&self.run, &record)
            .await
            .map_err(|error| {
                let message = format!("what the step gave cannot be recorded: {error}");
                StepError::new(error.code(), message, Some(&error.hint))
            })
    }

    fn warn(&self, error: &JournalError) {
        self.events.emit(EventKind::Log {
            message: format!(
                "results from before cannot be looked up: {error}; {}",
                error.hint
            ),
        });
    }
}

//! Runs plans: steps start the moment their inputs are there, and a failed step is a report, not an error.
//!
//! [`Executor`] is the door. Inside, `scheduler` decides what starts when, `running` obeys it for one run, `call` makes
//! one call of a step, and a [`Dispatcher`] runs it somewhere.

mod attempt;
mod call;
mod condition;
mod dispatcher;
mod evaluate;
mod flights;
mod identity;
mod outcomes;
mod process;
mod repair;
mod running;
mod scheduler;
mod shared;
mod summary;
mod worker;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use dispatcher::{Dispatcher, LocalDispatcher, StepCall, StepControl, StepOutcome};
pub use outcomes::{Awaited, Outcomes};
pub use process::{ProcessDispatcher, WorkerCommand};
pub use worker::{serve, serve_standard_streams};

use self::{
    flights::Flights,
    running::{Growth, Running},
};
use crate::{
    Addition, ArtifactStore, EventKind, EventSink, GrowingPlan, Journal, Ledger, Limits, Plan,
    PlannedStep, Policy, Registry, RunReport, Scope, Spending, StandingAnswers, StepReport,
};

/// How long a cancelled tool has to notice before it is left behind.
const CANCEL_GRACE: Duration = Duration::from_millis(80);

/// Runs plans over a [`Dispatcher`]. Clones share what is in flight.
#[derive(Clone)]
pub struct Executor {
    dispatcher: Arc<dyn Dispatcher>,
    store: Arc<dyn ArtifactStore>,
    journal: Option<Arc<dyn Journal>>,
    flights: Arc<Flights>,
    policy: Policy,
    standing: Arc<StandingAnswers>,
    ledger: Ledger,
    in_flight_limit: usize,
    item_limit: usize,
}

/// What a run needs besides its plan.
#[derive(Clone)]
pub struct RunContext<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The round of the agent loop, from 0.
    pub round: u32,
    /// The inputs and the results of earlier rounds.
    pub scope: &'a Scope,
    /// Who watches.
    pub events: &'a EventSink,
    /// Stops the run.
    pub cancel: &'a CancellationToken,
    /// The seed of everything random in the run.
    pub seed: u64,
    /// Whether whoever planned this round has seen what others wrote: then every effect needs leave.
    pub is_tainted: bool,
    /// What is recorded of this round, by key: done is not done again.
    pub finished: BTreeMap<String, StepReport>,
    /// Answers to questions of this run, by question.
    pub answers: BTreeMap<String, String>,
    /// How long calls are expected to take, in milliseconds, by step or by capability.
    pub expected: BTreeMap<String, f64>,
    /// What the run may spend on language models, and has spent; calls that ask one count too.
    pub spending: Spending,
    /// Where a program whose steps these are waits for what they come to. Its steps mean what they say one by one:
    /// those that change the world do not wait for the end of the plan.
    pub program: Option<Outcomes>,
}

impl<'a> RunContext<'a> {
    /// A run that begins, in its first round.
    #[must_use]
    pub fn new(
        run: &'a str,
        scope: &'a Scope,
        events: &'a EventSink,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            run,
            round: 0,
            scope,
            events,
            cancel,
            seed: 0,
            is_tainted: false,
            finished: BTreeMap::new(),
            answers: BTreeMap::new(),
            expected: BTreeMap::new(),
            spending: Spending::unlimited(),
            program: None,
        }
    }
}

impl Executor {
    /// An executor with at most 64 calls in flight, 16 of them for the items of one step, and the default policy.
    /// Nothing is recorded, and resources are not limited.
    #[must_use]
    pub fn new(dispatcher: Arc<dyn Dispatcher>, store: Arc<dyn ArtifactStore>) -> Self {
        Self {
            dispatcher,
            store,
            journal: None,
            flights: Arc::default(),
            policy: Policy::default(),
            standing: Arc::default(),
            ledger: Ledger::new(Limits::unlimited()),
            in_flight_limit: 64,
            item_limit: 16,
        }
    }

    /// Sets who makes the calls.
    #[must_use]
    pub fn with_dispatcher(mut self, dispatcher: Arc<dyn Dispatcher>) -> Self {
        self.dispatcher = dispatcher;
        self
    }

    /// Sets how many calls may be in flight at once; at least one.
    #[must_use]
    pub fn with_in_flight_limit(mut self, limit: usize) -> Self {
        self.in_flight_limit = limit.max(1);
        self
    }

    /// Sets how many calls for the items of one step may be in flight at once; at least one.
    #[must_use]
    pub fn with_item_limit(mut self, limit: usize) -> Self {
        self.item_limit = limit.max(1);
        self
    }

    /// Records what steps give, and takes from there what is known already.
    #[must_use]
    pub fn with_journal(mut self, journal: Arc<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Sets what may be done without asking.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets what was answered for good where the policy asks.
    #[must_use]
    pub fn with_standing_answers(mut self, standing: StandingAnswers) -> Self {
        self.standing = Arc::new(standing);
        self
    }

    /// What may be done without asking.
    #[must_use]
    pub const fn policy(&self) -> Policy {
        self.policy
    }

    /// Admits calls by a ledger of what there is of the machine.
    #[must_use]
    pub fn with_ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = ledger;
        self
    }

    /// Where runs are recorded.
    #[must_use]
    pub const fn journal(&self) -> Option<&Arc<dyn Journal>> {
        self.journal.as_ref()
    }

    /// Runs a plan to its end.
    ///
    /// Dropping the future stops the run: calls in flight are aborted.
    pub async fn run(&self, plan: &Plan, context: &RunContext<'_>) -> RunReport {
        context.events.emit(EventKind::Planned {
            steps: planned_steps(plan),
        });
        let mut running = Running::new(self, context);
        running.add(plan.shared_steps().zip(plan.dependencies()).collect());
        running.drive().await;
        running.report(plan.answer(), Vec::new()).await
    }

    /// Runs a plan while it is being written: a step is checked when it arrives and starts when its inputs are there.
    ///
    /// Steps with effects beyond pure wait for [`Addition::End`]; where the channel closes without it, or a step has a
    /// defect, they are skipped. Defects are in the report.
    ///
    /// Dropping the future stops the run: calls in flight are aborted.
    pub async fn run_growing(
        &self,
        additions: mpsc::Receiver<Addition>,
        registry: &Registry,
        context: &RunContext<'_>,
    ) -> RunReport {
        let plan = GrowingPlan::new(registry, context.scope);
        let mut running = Running::new(self, context);
        running.drive_growing(Growth { plan, additions }).await
    }
}

fn planned_steps(plan: &Plan) -> Vec<PlannedStep> {
    let ids: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    plan.steps()
        .zip(plan.dependencies())
        .map(|(step, waits)| PlannedStep {
            id: step.id.clone(),
            tool: step.capability.clone(),
            after: waits
                .into_iter()
                .map(|index| ids[index].to_owned())
                .collect(),
            why: step.why.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests;

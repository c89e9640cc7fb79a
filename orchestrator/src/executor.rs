//! Runs a plan: steps start the moment their inputs are there, and a failed step is a report, not an error.

mod dispatcher;
mod evaluate;
mod process;
mod scheduler;
mod worker;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

pub use dispatcher::{Dispatcher, LocalDispatcher, StepCall, StepControl, StepOutcome};
pub use process::{ProcessDispatcher, WorkerCommand};
pub use worker::{serve, serve_standard_streams};

use self::{
    evaluate::Values,
    scheduler::{Command, Scheduler, Signal},
};
use crate::{
    Answer, ArtifactStore, EventKind, EventSink, Expression, Plan, PlannedStep, Progress,
    ProgressSink, Record, RunReport, RunStatus, Scope, Step, StepError, StepReport, StepStatus,
};

/// How long a cancelled tool has to notice before it is left behind.
const CANCEL_GRACE: Duration = Duration::from_millis(80);

/// Runs plans over a [`Dispatcher`].
#[derive(Clone)]
pub struct Executor {
    dispatcher: Arc<dyn Dispatcher>,
    store: Arc<dyn ArtifactStore>,
    in_flight_limit: usize,
}

/// What a run needs besides its plan.
pub struct RunContext<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The inputs and the results of earlier rounds.
    pub scope: &'a Scope,
    /// Who watches.
    pub events: &'a EventSink,
    /// Stops the run.
    pub cancel: &'a CancellationToken,
}

impl Executor {
    /// An executor with at most 64 steps in flight.
    #[must_use]
    pub fn new(dispatcher: Arc<dyn Dispatcher>, store: Arc<dyn ArtifactStore>) -> Self {
        Self {
            dispatcher,
            store,
            in_flight_limit: 64,
        }
    }

    /// Sets how many steps may be in flight at once; at least one.
    #[must_use]
    pub fn with_in_flight_limit(mut self, limit: usize) -> Self {
        self.in_flight_limit = limit.max(1);
        self
    }

    /// Runs a plan to its end.
    ///
    /// Dropping the future stops the run: steps in flight are aborted.
    pub async fn run(&self, plan: &Plan, context: &RunContext<'_>) -> RunReport {
        let started = Instant::now();
        context.events.emit(EventKind::Planned {
            steps: planned_steps(plan),
        });
        let mut running = Running::new(self, plan, context);
        running.drive().await;
        running.into_report(started).await
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

/// One run while it lasts.
struct Running<'a> {
    executor: &'a Executor,
    context: &'a RunContext<'a>,
    steps: Vec<&'a Step>,
    plan: &'a Plan,
    scheduler: Scheduler,
    values: Values,
    reports: Vec<Option<StepReport>>,
    tasks: JoinSet<Finished>,
    /// Which step a task belongs to, for tasks that panic.
    owners: HashMap<Id, (usize, Instant)>,
    cancel: CancellationToken,
}

/// What a step's task comes back with.
struct Finished {
    step: usize,
    elapsed: Duration,
    outcome: StepOutcome,
}

impl<'a> Running<'a> {
    fn new(executor: &'a Executor, plan: &'a Plan, context: &'a RunContext<'a>) -> Self {
        let steps: Vec<&Step> = plan.steps().collect();
        Self {
            scheduler: Scheduler::new(&plan.dependencies(), executor.in_flight_limit),
            values: Values::of_scope(context.scope),
            reports: vec![None; steps.len()],
            tasks: JoinSet::new(),
            owners: HashMap::new(),
            cancel: context.cancel.child_token(),
            executor,
            context,
            steps,
            plan,
        }
    }

    async fn drive(&mut self) {
        if self.context.cancel.is_cancelled() {
            self.stop();
        }
        let commands = self.scheduler.start();
        self.obey(commands);
        while !self.tasks.is_empty() {
            tokio::select! {
                // A tool that notices the cancel first must not make its dependents look skipped.
                biased;
                () = self.context.cancel.cancelled(), if !self.cancel_seen() => self.stop(),
                Some(joined) = self.tasks.join_next_with_id() => self.collect(joined),
                () = tokio::time::sleep(CANCEL_GRACE), if self.cancel_seen() => {
                    // Whoever has not noticed by now is left behind.
                    self.tasks.abort_all();
                }
            }
        }
    }

    fn cancel_seen(&self) -> bool {
        self.scheduler.is_cancelled()
    }

    fn stop(&mut self) {
        let commands = self.scheduler.signal(Signal::Cancel);
        self.obey(commands);
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Start(step) => self.start(step),
                Command::Skip { step, because } => {
                    let cause = &self.steps[because].id;
                    let error = StepError::new(
                        "needs_failed_step",
                        format!("it needs {cause}, which gave nothing"),
                        None,
                    );
                    self.settle(step, StepStatus::Skipped, Duration::ZERO, Some(error));
                }
                Command::Cancel(step) => {
                    self.settle(step, StepStatus::Cancelled, Duration::ZERO, None);
                }
            }
        }
    }

    fn start(&mut self, index: usize) {
        let step = self.steps[index];
        self.context.events.emit(EventKind::StepStarted {
            step: step.id.clone(),
            tool: step.capability.clone(),
        });
        let task = StepTask {
            call: StepCall::of_step(self.context.run, step),
            arguments: self.values.arguments_of(step),
            time_limit: step.time_limit,
            store: Arc::clone(&self.executor.store),
            dispatcher: Arc::clone(&self.executor.dispatcher),
            control: StepControl {
                cancel: self.cancel.child_token(),
                progress: progress_sink(self.context.events.clone(), step.id.clone()),
            },
        };
        let started = Instant::now();
        let handle = self.tasks.spawn(async move {
            let outcome = task.run().await;
            Finished {
                step: index,
                elapsed: started.elapsed(),
                outcome,
            }
        });
        self.owners.insert(handle.id(), (index, started));
    }

    fn collect(&mut self, joined: Result<(Id, Finished), tokio::task::JoinError>) {
        let finished = match joined {
            Ok((id, finished)) => {
                self.owners.remove(&id);
                finished
            }
            Err(failure) => {
                let Some((step, started)) = self.owners.remove(&failure.id()) else {
                    return;
                };
                let outcome = if failure.is_cancelled() {
                    StepOutcome::Cancelled
                } else {
                    StepOutcome::failed(StepError::new(
                        "panicked",
                        "the tool stopped on a defect of its own",
                        Some("report it, with the file that it was given"),
                    ))
                };
                Finished {
                    step,
                    elapsed: started.elapsed(),
                    outcome,
                }
            }
        };
        self.record(finished);
    }

    fn record(&mut self, finished: Finished) {
        let Finished {
            step,
            elapsed,
            outcome,
        } = finished;
        let success = match outcome {
            StepOutcome::Done { provider, outputs } => {
                self.values
                    .insert_step(&self.steps[step].id, outputs.clone());
                self.settle(step, StepStatus::Done, elapsed, None);
                self.complete(step, Some(provider), outputs);
                true
            }
            _ if self.cancel_seen() => {
                self.settle(step, StepStatus::Cancelled, elapsed, None);
                false
            }
            StepOutcome::Failed { provider, error } => {
                self.settle(step, StepStatus::Failed, elapsed, Some(error));
                self.complete(step, provider, Record::new());
                false
            }
            StepOutcome::Cancelled => {
                let error = StepError::new("stopped", "the tool stopped of its own accord", None);
                self.settle(step, StepStatus::Failed, elapsed, Some(error));
                false
            }
        };
        let commands = self.scheduler.signal(Signal::Finished { step, success });
        self.obey(commands);
    }

    fn settle(
        &mut self,
        index: usize,
        status: StepStatus,
        elapsed: Duration,
        error: Option<StepError>,
    ) {
        let step = self.steps[index];
        let ms = elapsed.as_secs_f64() * 1e3;
        self.context.events.emit(EventKind::StepFinished {
            step: step.id.clone(),
            tool: step.capability.clone(),
            status,
            ms,
            error: error.clone(),
        });
        self.reports[index] = Some(StepReport {
            id: step.id.clone(),
            tool: step.capability.clone(),
            provider: step.provider.clone(),
            status,
            started_ms: 0.0,
            ms,
            attempts: u32::from(!elapsed.is_zero()),
            outputs: Record::new(),
            error,
            question: None,
            children: Vec::new(),
        });
    }

    fn complete(&mut self, index: usize, provider: Option<String>, outputs: Record) {
        if let Some(report) = &mut self.reports[index] {
            report.outputs = outputs;
            report.provider = provider.or(report.provider.take());
        }
    }

    async fn into_report(self, started: Instant) -> RunReport {
        let mut answer = Vec::new();
        for expression in self.plan.answer() {
            if let Some(value) = self
                .values
                .evaluate(expression, &*self.executor.store)
                .await
            {
                answer.push(answer_of(value, expression, &self.steps));
            }
        }
        let steps: Vec<StepReport> = self.reports.into_iter().flatten().collect();
        let missing = self.plan.answer().len() - answer.len();
        let status = overall(&steps, answer.len(), missing);
        RunReport {
            run: self.context.run.to_owned(),
            status,
            steps,
            answer,
            ms: started.elapsed().as_secs_f64() * 1e3,
        }
    }
}

fn answer_of(value: crate::Value, expression: &Expression, steps: &[&Step]) -> Answer {
    let source = match expression {
        Expression::Reference(reference) => steps.iter().find(|step| step.id == reference.root),
        _ => None,
    };
    Answer {
        step: source.map(|step| step.id.clone()),
        tool: source.map(|step| step.capability.clone()),
        value,
    }
}

/// What the steps and the answer come to; a run that did every step and cannot give all of its answer is partial.
fn overall(steps: &[StepReport], answers: usize, missing: usize) -> RunStatus {
    let cancelled = steps
        .iter()
        .any(|step| step.status == StepStatus::Cancelled);
    let done = steps.iter().filter(|step| step.status.is_success()).count();
    if cancelled {
        RunStatus::Cancelled
    } else if done == steps.len() && missing == 0 {
        RunStatus::Succeeded
    } else if done == 0 || answers == 0 {
        RunStatus::Failed
    } else {
        RunStatus::Partial
    }
}

fn progress_sink(events: EventSink, step: String) -> ProgressSink {
    Arc::new(move |Progress { fraction, message }| {
        events.emit(EventKind::StepProgress {
            step: step.clone(),
            fraction,
            message,
        });
    })
}

/// What one step's task owns.
struct StepTask {
    call: StepCall,
    arguments: evaluate::PendingArguments,
    time_limit: Option<Duration>,
    store: Arc<dyn ArtifactStore>,
    dispatcher: Arc<dyn Dispatcher>,
    control: StepControl,
}

impl StepTask {
    async fn run(mut self) -> StepOutcome {
        match self.arguments.conform(&*self.store).await {
            Ok(arguments) => self.call.arguments = arguments,
            Err(error) => return StepOutcome::failed(error),
        }
        let cancel = self.control.cancel.clone();
        let dispatch = self.dispatcher.dispatch(self.call, self.control);
        let Some(limit) = self.time_limit else {
            return dispatch.await;
        };
        match tokio::time::timeout(limit, dispatch).await {
            Ok(outcome) => outcome,
            Err(_) => {
                cancel.cancel();
                StepOutcome::failed(StepError::new(
                    "timed_out",
                    format!("the step took longer than {} s", limit.as_secs_f64()),
                    Some("give the step a larger `timeout_s`"),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! One run while it lasts: obeys the scheduler, keeps the tasks, and puts the report together.

mod endings;

use std::{
    collections::BTreeMap, future::pending, panic::AssertUnwindSafe, pin::pin, sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    CANCEL_GRACE, Executor, RunContext,
    call::{Call, Ended, key_of},
    evaluate::KnownValues,
    repair::Repairs,
    scheduler::{Command, Scheduler},
    shared::Shared,
};
use crate::{
    Accepted, Addition, Defect, EventKind, GrowingPlan, PlannedStep, RunReport, Step, StepError,
    StepReport, StepStatus, Value,
};

/// The expected time of a call of which nothing is known, in microseconds.
const UNKNOWN_DURATION: u64 = 1_000;

/// One run while it lasts.
pub(super) struct Running<'a> {
    pub(super) context: &'a RunContext<'a>,
    pub(super) shared: Arc<Shared>,
    pub(super) scheduler: Scheduler,
    values: KnownValues,
    pub(super) nodes: Vec<Node>,
    /// The nodes of steps, in the order of the plan.
    steps: Vec<usize>,
    /// The node that all steps with effects of a growing plan wait for.
    gate: Option<usize>,
    tasks: JoinSet<Finished>,
    pub(super) repairs: Repairs,
    /// Whether a step waits for a person.
    is_waiting: bool,
}

/// What the scheduler's numbers stand for.
pub(super) struct Node {
    /// `None` for the gate.
    pub step: Option<Arc<Step>>,
    /// The node whose item it is for, and which one.
    pub child: Option<(usize, usize)>,
    /// The items that the step goes over, and what their calls came to.
    items: Vec<Value>,
    children: BTreeMap<usize, StepReport>,
    pub report: Option<StepReport>,
}

/// What a task comes back with.
struct Finished {
    node: usize,
    /// Whether it only made again what was lost from the store.
    repair: bool,
    ended: Ended,
}

/// What a growing plan adds to a run.
pub(super) struct Growth<'g> {
    pub plan: GrowingPlan<'g>,
    pub additions: mpsc::Receiver<Addition>,
}

impl<'a> Running<'a> {
    pub(super) fn new(executor: &Executor, context: &'a RunContext<'a>) -> Self {
        Self {
            shared: Arc::new(Shared::new(executor, context)),
            scheduler: Scheduler::new(executor.in_flight_limit, executor.item_limit),
            values: KnownValues::of_scope(context.scope),
            nodes: Vec::new(),
            steps: Vec::new(),
            gate: None,
            tasks: JoinSet::new(),
            repairs: Repairs::default(),
            is_waiting: false,
            context,
        }
    }

    /// Adds steps that wait for others by their positions in the plan.
    pub(super) fn add(&mut self, steps: Vec<(Arc<Step>, Vec<usize>)>) {
        // Items that are ready and have not started have numbers already.
        self.nodes
            .resize_with(self.scheduler.len(), || Node::of(None, None));
        let first = self.nodes.len();
        let known = self.steps.len();
        let mut batch = Vec::with_capacity(steps.len());
        for (step, positions) in steps {
            let mut dependencies: Vec<usize> = positions
                .into_iter()
                .map(|position| match self.steps.get(position) {
                    Some(&node) if position < known => node,
                    _ => first + position - known,
                })
                .collect();
            if step.has_effects() {
                dependencies.extend(self.gate);
            }
            batch.push((dependencies, self.expected(&step)));
            self.steps.push(self.nodes.len());
            self.nodes.push(Node::of(Some(step), None));
        }
        let commands = self.scheduler.add(batch);
        self.obey(commands);
    }

    /// Runs until nothing is left to do.
    pub(super) async fn drive(&mut self) {
        self.drive_with(None).await;
    }

    /// Runs while steps arrive, and until nothing is left to do.
    pub(super) async fn drive_growing(&mut self, mut growth: Growth<'_>) -> RunReport {
        if self.context.program.is_none() {
            self.shut_gate();
        }
        self.drive_with(Some(&mut growth)).await;
        if let Some(outcomes) = &self.context.program {
            if self.is_waiting {
                outcomes.stall();
            }
            outcomes.close();
        }
        let (answer, defects) = growth.plan.finish();
        self.report(&answer, defects).await
    }

    async fn drive_with(&mut self, mut growth: Option<&mut Growth<'_>>) {
        let cancel = self.context.cancel.clone();
        let mut cancelled = pin!(cancel.cancelled());
        let mut grace: Option<Instant> = None;
        if cancel.is_cancelled() {
            self.stop(&mut grace);
        }
        while !self.tasks.is_empty() || (growth.is_some() && grace.is_none()) {
            self.tell_a_program_that_waits();
            tokio::select! {
                // A tool that notices the cancel first must not make its dependents look skipped.
                biased;
                () = &mut cancelled, if grace.is_none() => self.stop(&mut grace),
                Some(joined) = self.tasks.join_next(), if !self.tasks.is_empty() => {
                    self.collect(joined);
                    // Whatever else has ended by now needs no round of waiting of its own.
                    while !cancel.is_cancelled() && let Some(joined) = self.tasks.try_join_next() {
                        self.collect(joined);
                    }
                }
                addition = next_addition(growth.as_deref_mut()), if growth.is_some() && grace.is_none() => {
                    if !self.grow(growth.as_deref_mut(), addition) {
                        growth = None;
                    }
                }
                () = until(grace), if grace.is_some() => {
                    // Whoever has not noticed by now is left behind.
                    self.tasks.abort_all();
                    grace = Some(Instant::now() + Duration::from_secs(3600));
                }
            }
        }
        self.settle_the_left_behind();
    }

    /// Takes what a growing plan adds; false once it is complete.
    fn grow(&mut self, growth: Option<&mut Growth<'_>>, addition: Option<Addition>) -> bool {
        let Some(growth) = growth else {
            return false;
        };
        match addition {
            Some(Addition::Step(step)) => {
                let id = step.id.clone();
                let accepted = growth.plan.offer(*step);
                if let Some(outcomes) = &self.context.program {
                    if accepted.is_empty() {
                        outcomes.put(&refused(id, &growth.plan.take_defects()));
                    }
                    outcomes.arrived();
                }
                for Accepted { step, dependencies } in accepted {
                    self.context.events.emit(EventKind::StepAdded {
                        step: self.planned(&step, &dependencies),
                    });
                    self.add(vec![(Arc::new(step), dependencies)]);
                }
                true
            }
            Some(Addition::Answer(answer)) => {
                growth.plan.set_answer(answer);
                true
            }
            Some(Addition::End) => {
                let sound = growth.plan.is_sound();
                self.open_gate(sound);
                false
            }
            None => {
                self.open_gate(false);
                false
            }
        }
    }

    fn planned(&self, step: &Step, dependencies: &[usize]) -> PlannedStep {
        let names = dependencies.iter().filter_map(|&position| {
            let node = self.steps.get(position)?;
            Some(self.nodes[*node].step.as_ref()?.id.clone())
        });
        PlannedStep {
            id: step.id.clone(),
            tool: step.capability.clone(),
            after: names.collect(),
            why: step.why.clone(),
        }
    }

    /// The gate counts as started until the plan is complete; it takes no place.
    fn shut_gate(&mut self) {
        self.gate = Some(self.nodes.len());
        self.nodes.push(Node::of(None, None));
        let commands = self.scheduler.add(vec![(Vec::new(), 0)]);
        debug_assert_eq!(commands.len(), 1, "the gate waits for nothing");
        self.scheduler.suspended(self.nodes.len() - 1);
    }

    fn open_gate(&mut self, sound: bool) {
        if let Some(gate) = self.gate.take() {
            let commands = self.scheduler.finished(gate, sound);
            self.obey(commands);
        }
    }

    fn expected(&self, step: &Step) -> u64 {
        let expected = &self.context.expected;
        let milliseconds = expected
            .get(&step.id)
            .or_else(|| expected.get(&step.capability));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast from a float saturates"
        )]
        milliseconds.map_or(UNKNOWN_DURATION, |&ms| (ms * 1e3) as u64)
    }

    /// Where nothing runs and a step waits for a person, a program that waits for steps waits in vain.
    fn tell_a_program_that_waits(&self) {
        if let Some(outcomes) = &self.context.program
            && self.is_waiting
            && self.tasks.is_empty()
        {
            outcomes.stall();
        }
    }

    fn cancel_seen(&self) -> bool {
        self.scheduler.is_cancelled()
    }

    fn stop(&mut self, grace: &mut Option<Instant>) {
        *grace = Some(Instant::now() + CANCEL_GRACE);
        let commands = self.scheduler.cancel();
        self.obey(commands);
    }

    pub(super) fn obey(&mut self, commands: Vec<Command>) {
        let mut open = std::collections::VecDeque::from(commands);
        while let Some(command) = open.pop_front() {
            match command {
                Command::Start(node) => open.extend(self.start(node)),
                Command::StartItem { node, parent, item } => {
                    self.ensure_item(node, parent, item);
                    open.extend(self.start(node));
                }
                Command::Collect(node) => open.extend(self.collect_items(node)),
                Command::Skip { node, because } => self.skip(node, because),
                Command::Cancel(node) => {
                    self.settle(node, self.blank(node, StepStatus::Cancelled));
                }
            }
        }
    }

    /// The node of an item, made when the item first starts.
    fn ensure_item(&mut self, node: usize, parent: usize, item: usize) {
        self.nodes
            .resize_with(self.scheduler.len(), || Node::of(None, None));
        if self.nodes[node].step.is_none() {
            let step = self.nodes[parent].step.clone();
            self.nodes[node] = Node::of(step, Some((parent, item)));
        }
    }

    /// Starts a call, unless the journal holds what it gave.
    fn start(&mut self, node: usize) -> Vec<Command> {
        let Some(step) = self.nodes[node].step.clone() else {
            return Vec::new();
        };
        let child = self.nodes[node].child;
        let key = key_of(&step.id, child.map(|(_, item)| item));
        self.context
            .events
            .emit(EventKind::StepReady { step: key.clone() });
        if let Some(past) = self.context.finished.get(&key)
            && past.status.is_success()
        {
            let past = past.clone();
            self.settle(node, past);
            return self.scheduler.finished(node, true);
        }
        self.spawn_call(node, step, key, false);
        Vec::new()
    }

    /// Makes a call again whose results were lost.
    pub(super) fn spawn_again(&mut self, node: usize, step: Arc<Step>) {
        let key = key_of(&step.id, self.nodes[node].child.map(|(_, item)| item));
        self.spawn_call(node, step, key, true);
    }

    fn spawn_call(&mut self, node: usize, step: Arc<Step>, key: String, repair: bool) {
        let mut values = self.values.of(&step.references());
        if let Some((parent, item)) = self.nodes[node].child
            && let Some(value) = self.nodes[parent].items.get(item)
        {
            values = values.with_item(value.clone(), item);
        }
        let call = Call {
            shared: Arc::clone(&self.shared),
            step,
            key,
            child: self.nodes[node].child.map(|(_, item)| item),
            values,
            priority: self.scheduler.remaining(node),
            afresh: repair,
        };
        self.tasks.spawn(async move {
            let made = AssertUnwindSafe(call.run()).catch_unwind().await;
            let ended = made.unwrap_or_else(|_| call.panicked());
            Finished {
                node,
                repair,
                ended,
            }
        });
    }

    /// Records what a step came to that went over a list; it is finished when that is committed.
    fn spawn_record(&mut self, node: usize, mut report: StepReport) {
        let shared = Arc::clone(&self.shared);
        self.tasks.spawn(async move {
            if let Err(error) = shared.record(&report.id, None, &report).await {
                report.status = StepStatus::Failed;
                report.error = Some(error);
            }
            Finished {
                node,
                repair: false,
                ended: Ended::Settled(Box::new(report)),
            }
        });
    }

    fn collect(&mut self, joined: Result<Finished, JoinError>) {
        // A task that was left behind is settled when the run ends.
        let Ok(Finished {
            node,
            repair,
            ended,
        }) = joined
        else {
            return;
        };
        if repair {
            self.repaired(node, ended);
            return;
        }
        let commands = match ended {
            Ended::Expands(items) => self.expand(node, items),
            Ended::Settled(report) => self.ended(node, *report),
        };
        self.obey(commands);
    }

    fn expand(&mut self, node: usize, items: Vec<Value>) -> Vec<Command> {
        let count = items.len();
        if let Some(step) = &self.nodes[node].step {
            self.context.events.emit(EventKind::StepExpanded {
                step: step.id.clone(),
                items: count,
            });
        }
        self.nodes[node].items = items;
        self.scheduler.expanded(node, count)
    }
}

impl Node {
    fn of(step: Option<Arc<Step>>, child: Option<(usize, usize)>) -> Self {
        Self {
            step,
            child,
            items: Vec::new(),
            children: BTreeMap::new(),
            report: None,
        }
    }
}

/// What a step comes to that is none: whoever waits for it is told why.
fn refused(id: String, defects: &[Defect]) -> StepReport {
    let hint = defects.iter().find_map(|defect| defect.hint.as_deref());
    let messages: Vec<&str> = defects.iter().map(|defect| &*defect.message).collect();
    StepReport::never_ran(id, StepError::new("bad_step", messages.join("; "), hint))
}

/// The next addition; never, where the plan does not grow.
async fn next_addition(growth: Option<&mut Growth<'_>>) -> Option<Addition> {
    match growth {
        Some(growth) => growth.additions.recv().await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

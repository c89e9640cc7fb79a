//! One script while it runs: its calls become steps, and its reads wait for what they give.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use medley_orchestrator::{
    Addition, Artifact, ArtifactStore, Awaited, Capability, Digest, DraftStep, EventKind,
    EventSink, Outcomes, ProgramRun, Registry, StepError, StepReport, StepStatus, StepStream,
    table_rows,
};
use rhai::Position;
use serde_json::{Map as JsonMap, Value as Json};
use tokio_util::sync::CancellationToken;

use super::{
    failure::{Evaluated, Failure, Stop, misuse},
    handle::Handle,
    strand::Strand,
};
use crate::{limits::ScriptLimits, script::Texts};

/// One script while it runs.
pub(crate) struct Run {
    pub texts: Arc<Texts>,
    pub store: Arc<dyn ArtifactStore>,
    pub runtime: tokio::runtime::Handle,
    pub cancel: CancellationToken,
    pub limits: ScriptLimits,
    events: EventSink,
    stream: StepStream,
    outcomes: Outcomes,
    finished: BTreeMap<String, StepReport>,
    operations: AtomicU64,
    /// Threads that run functions beside others.
    pub helpers: AtomicUsize,
    /// Whether a function that runs beside others has ended the script.
    pub is_ended: AtomicBool,
    /// Bytes that were said, emitted and passed to tools.
    sent: AtomicUsize,
    emitted: Mutex<Vec<(Vec<u32>, Json)>>,
    /// The table that was read last; scripts go over one row by row.
    table: Mutex<Option<(Digest, Arc<Rows>)>>,
    made: Mutex<Vec<Arc<Made>>>,
    failed_before: bool,
}

/// The cells of a table, row by row.
pub(crate) type Rows = Vec<Vec<String>>;

/// A step that the script made.
#[derive(Debug)]
pub(crate) struct Made {
    pub id: String,
    pub capability: Arc<Capability>,
    /// The steps that it takes something from.
    needs: Vec<Arc<Made>>,
    /// Whether the script was told what became of it.
    told: AtomicBool,
}

/// A call of a tool, checked.
pub(crate) struct Call {
    pub capability: Arc<Capability>,
    pub arguments: JsonMap<String, Json>,
    pub needs: Vec<Arc<Made>>,
    /// The module that calls, or nothing for the script itself.
    pub module: String,
    pub position: Position,
}

impl Run {
    pub(crate) fn new(
        run: &ProgramRun<'_>,
        texts: Arc<Texts>,
        store: Arc<dyn ArtifactStore>,
        limits: ScriptLimits,
    ) -> Self {
        Self {
            texts,
            store,
            runtime: tokio::runtime::Handle::current(),
            cancel: run.cancel.clone(),
            limits,
            events: run.events.clone(),
            stream: run.stream.clone(),
            outcomes: run.outcomes.clone(),
            finished: run.finished.clone(),
            operations: AtomicU64::new(0),
            helpers: AtomicUsize::new(0),
            is_ended: AtomicBool::new(false),
            sent: AtomicUsize::new(0),
            emitted: Mutex::default(),
            table: Mutex::default(),
            made: Mutex::default(),
            failed_before: run.failed_before,
        }
    }

    /// Counts an operation; says why the script must stop, if it must.
    pub(crate) fn count(&self) -> Option<Stop> {
        let done = self.operations.fetch_add(1, Ordering::Relaxed);
        if done >= self.limits.operations {
            let message = format!(
                "the script did {} operations, all that it may",
                self.limits.operations
            );
            return Some(Stop::Limit(message));
        }
        if self.is_ended.load(Ordering::Relaxed) {
            return Some(Stop::Together);
        }
        if self.sent.load(Ordering::Relaxed) > self.limits.sent {
            return Some(self.sent_too_much());
        }
        self.cancel.is_cancelled().then_some(Stop::Cancelled)
    }

    /// Makes a step of a call, and gives a handle on what it will give.
    pub(crate) fn call(self: &Arc<Self>, call: Call) -> Evaluated<Handle> {
        let Call {
            capability,
            arguments,
            needs,
            module,
            position,
        } = call;
        let at = self.texts.locate(&module, position);
        let number = self.texts.number(&module);
        let id = Strand::name_step(&capability.name, number, position, at);
        let written = serde_json::to_vec(&(&capability.name, &arguments)).unwrap_or_default();
        let digest = Digest::of(&written);
        self.check_way(&id, &capability.name, digest)?;
        let made = Arc::new(Made {
            id: id.clone(),
            capability: Arc::clone(&capability),
            needs,
            told: AtomicBool::new(false),
        });
        let step = DraftStep {
            args: arguments,
            why: Some(match module.as_str() {
                "" => format!("line {}", at.0),
                module => format!("line {} of {module}", at.0),
            }),
            call: Some(digest),
            ..DraftStep::new(id, capability.name.clone())
        };
        self.send(written.len())?;
        if !self.outcomes.announce() {
            return Err(self.closed().into());
        }
        lock(&self.made).push(Arc::clone(&made));
        if !self.stream.send_blocking(Addition::Step(Box::new(step))) {
            lock(&self.made).pop();
            return Err(self.closed().into());
        }
        Ok(Handle::of_step(self, made))
    }

    /// Counts what leaves the script.
    fn send(&self, bytes: usize) -> Result<(), Stop> {
        let sent = self.sent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        match sent > self.limits.sent {
            true => Err(self.sent_too_much()),
            false => Ok(()),
        }
    }

    fn sent_too_much(&self) -> Stop {
        Stop::Limit(format!(
            "the script said, emitted and passed on more than {} bytes, all that it may",
            self.limits.sent
        ))
    }

    /// Why no more steps are taken.
    fn closed(&self) -> Stop {
        match self.cancel.is_cancelled() {
            true => Stop::Cancelled,
            false => Stop::Steps,
        }
    }

    /// What stands at this place in the record of the run must be this call.
    fn check_way(&self, id: &str, tool: &str, digest: Digest) -> Result<(), Stop> {
        let Some(past) = self.finished.get(id) else {
            return Ok(());
        };
        let message = if past.tool != tool {
            format!(
                "when the script was interrupted, {} was called here",
                past.tool
            )
        } else if past.call.is_some_and(|call| call != digest) {
            format!("when the script was interrupted, {tool} was called here with other arguments")
        } else {
            return Ok(());
        };
        Err(Stop::AnotherWay(message))
    }

    /// Waits for a step; what it did not give is an error.
    pub(crate) fn wait(&self, made: &Made) -> Evaluated<Arc<StepReport>> {
        let report = match self.outcomes.get(&made.id) {
            Some(report) => report,
            None => match self.outcomes.wait(&made.id) {
                Awaited::Report(report) => report,
                Awaited::Stalled => return Err(Stop::Waiting.into()),
                Awaited::Closed => return Err(self.closed().into()),
            },
        };
        match report.status {
            StepStatus::Done | StepStatus::Cached => Ok(report),
            StepStatus::Waiting => Err(Stop::Waiting.into()),
            StepStatus::Cancelled => Err(Stop::Cancelled.into()),
            StepStatus::Failed | StepStatus::Skipped => Err(self.told(made).into()),
        }
    }

    /// Why a step gave nothing: the failure of the step that it needs, if that is why. The script knows it from now on.
    fn told(&self, made: &Made) -> Failure {
        made.told.store(true, Ordering::Relaxed);
        for needed in &made.needs {
            let report = self.outcomes.get(&needed.id);
            if report.is_some_and(|report| !report.status.is_success()) {
                return self.told(needed);
            }
        }
        let report = self.outcomes.get(&made.id);
        let error = report.and_then(|report| report.error.clone());
        Failure {
            error: error.unwrap_or_else(|| StepError::new("failed", "it gave nothing", None)),
            tool: made.capability.name.clone(),
            step: made.id.clone(),
        }
    }

    /// The rows of a table, read once while nothing else is read.
    pub(crate) fn rows(&self, table: &Artifact) -> Evaluated<Arc<Rows>> {
        let mut kept = lock(&self.table);
        if let Some((of, rows)) = &*kept
            && *of == table.id
        {
            return Ok(Arc::clone(rows));
        }
        let content = self.runtime.block_on(self.store.read(&table.id));
        let content = content.map_err(|error| misuse(error.to_string()))?;
        let rows = table_rows(&content, &table.mime).map_err(|error| misuse(error.to_string()))?;
        let rows = Arc::new(rows);
        *kept = Some((table.id, Arc::clone(&rows)));
        Ok(rows)
    }

    /// Keeps a part of the answer.
    pub(crate) fn emit(&self, part: Json) -> Evaluated<()> {
        self.send(part.to_string().len())?;
        lock(&self.emitted).push((Strand::moment(), part));
        Ok(())
    }

    /// The parts of the answer, in the order in which they would have come one by one.
    pub(crate) fn answer(&self) -> Vec<Json> {
        let mut emitted = std::mem::take(&mut *lock(&self.emitted));
        emitted.sort_by(|one, other| one.0.cmp(&other.0));
        emitted.into_iter().map(|(_, part)| part).collect()
    }

    /// Tells whoever watches.
    pub(crate) fn say(&self, message: &str) -> Result<(), Stop> {
        self.send(message.len())?;
        self.events.emit(EventKind::Log {
            message: message.to_owned(),
        });
        Ok(())
    }

    /// Hands over the answer, and says that no more steps come; without an answer, it is what no other step takes.
    pub(crate) fn end(&self, answer: Option<Vec<Json>>) {
        if let Some(answer) = answer {
            let _ = self.stream.send_blocking(Addition::Answer(answer));
        }
        let _ = self.stream.send_blocking(Addition::End);
    }

    /// Waits for all steps; gives those that failed without the script having been told, or that the run waits.
    pub(crate) fn untold(&self) -> Result<Vec<String>, Stop> {
        let made = lock(&self.made).clone();
        let mut untold = Vec::new();
        for step in &made {
            match self.outcomes.wait(&step.id) {
                Awaited::Stalled => return Err(Stop::Waiting),
                Awaited::Closed => return Err(self.closed()),
                Awaited::Report(report) => match report.status {
                    StepStatus::Waiting => return Err(Stop::Waiting),
                    StepStatus::Cancelled => return Err(Stop::Cancelled),
                    StepStatus::Failed if !step.told.load(Ordering::Relaxed) => {
                        untold.push(step.id.clone());
                    }
                    _ => {}
                },
            }
        }
        Ok(untold)
    }

    /// A step that was finished before the run was interrupted, and that the script did not come by this time.
    pub(crate) fn passed_over(&self) -> Option<String> {
        if self.failed_before {
            return None;
        }
        let made = lock(&self.made);
        let known: HashSet<&str> = made.iter().map(|step| step.id.as_str()).collect();
        let mut finished = self.finished.keys();
        finished
            .find(|step| !known.contains(step.as_str()))
            .cloned()
    }

    /// How many steps were made.
    pub(crate) fn made(&self) -> usize {
        lock(&self.made).len()
    }
}

/// The capabilities that scripts can call, by name.
pub(crate) fn callable(registry: &Registry) -> BTreeMap<String, Arc<Capability>> {
    registry
        .entries()
        .filter(|entry| entry.usable_provider().is_some())
        .map(|entry| {
            (
                entry.capability.name.clone(),
                Arc::new(entry.capability.clone()),
            )
        })
        .collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

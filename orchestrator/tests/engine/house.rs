//! An engine with the test tools, a store, a journal and a dispatcher of either way.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use medley_orchestrator::{
    Agent, AgentError, Assignment, Decision, DiskStore, Dispatcher, DraftPlan, Event, EventSink,
    Executor, GivenPlan, Journal, JournalOptions, LocalDispatcher, Outcome, Permission, Planner,
    Policy, ProcessDispatcher, Refined, Refiner, Refining, Registry, Request, RunHistory, RunKind,
    RunReport, SqliteJournal, StepReport, StepStatus,
};
use tokio_util::sync::CancellationToken;

use crate::{tools, workers::step_worker};

/// Where tools run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    InProcess,
    Processes,
}

/// An engine; a second one on the same folder is the same house after a restart.
pub(crate) struct House {
    pub folder: Arc<tempfile::TempDir>,
    pub journal: Arc<SqliteJournal>,
    way: Way,
    policy: Policy,
    refiner: Arc<dyn Refiner>,
}

struct Silent;

#[async_trait::async_trait]
impl Refiner for Silent {
    async fn refine(&self, _: &Refining<'_>) -> Refined {
        Refined::default()
    }
}

impl House {
    pub(crate) fn new(way: Way) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let policy = Policy {
            writes: Permission::Allow,
            ..Policy::default()
        };
        Self::open(way, folder, policy)
    }

    fn open(way: Way, folder: Arc<tempfile::TempDir>, policy: Policy) -> Self {
        let path = folder.path().join("journal.sqlite");
        let journal = SqliteJournal::open(path, JournalOptions::default()).unwrap();
        Self {
            folder,
            journal: Arc::new(journal),
            way,
            policy,
            refiner: Arc::new(Silent),
        }
    }

    pub(crate) fn refined_by(mut self, refiner: Arc<dyn Refiner>) -> Self {
        self.refiner = refiner;
        self
    }

    pub(crate) async fn history(&self, run: &str) -> RunHistory {
        self.journal.load_run(run).await.unwrap()
    }

    pub(crate) fn asking_before_writing(mut self) -> Self {
        self.policy.writes = Permission::Ask;
        self
    }

    /// The same folder, opened by another process later.
    pub(crate) fn restarted(self) -> Self {
        let Self {
            folder,
            journal,
            way,
            policy,
            refiner,
        } = self;
        drop(journal);
        Self::open(way, folder, policy).refined_by(refiner)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> DiskStore {
        DiskStore::new(self.folder.path().join("store"))
    }

    fn agent(&self, planner: Arc<dyn Planner>) -> Agent {
        let registry: Arc<Registry> = Arc::new(tools::registry().unwrap());
        let store = Arc::new(self.store());
        let dispatcher: Arc<dyn Dispatcher> = match self.way {
            Way::InProcess => Arc::new(LocalDispatcher::new(Arc::clone(&registry), store.clone())),
            Way::Processes => {
                let store = self.folder.path().join("store");
                Arc::new(ProcessDispatcher::new(step_worker(&store), 1))
            }
        };
        let journal: Arc<dyn Journal> = self.journal.clone();
        let executor = Executor::new(dispatcher, store)
            .with_journal(journal)
            .with_policy(self.policy);
        Agent::new(registry, planner, executor, Arc::clone(&self.refiner))
    }

    /// Starts a run, which goes on in a task of its own.
    pub(crate) fn start(&self, run: &str, plan: serde_json::Value) -> Started {
        let draft = DraftPlan::from_json_text(&plan.to_string()).unwrap();
        let assignment = Assignment::new(run, RunKind::Exec, Request::default());
        self.carry_out(Arc::new(GivenPlan::new(draft)), assignment)
    }

    /// Starts a run for which `planner` decides.
    pub(crate) fn ask(&self, run: &str, planner: Arc<dyn Planner>) -> Started {
        let assignment = Assignment::new(run, RunKind::Ask, Request::default());
        self.carry_out(planner, assignment)
    }

    /// Goes on with a run for which `planner` decides.
    pub(crate) async fn ask_again(&self, run: &str, planner: Arc<dyn Planner>) -> Started {
        let history = self.journal.load_run(run).await.unwrap();
        self.carry_out(planner, Assignment::resume(history))
    }

    /// Starts what is assigned.
    pub(crate) fn carry_out(&self, planner: Arc<dyn Planner>, assignment: Assignment) -> Started {
        let agent = self.agent(planner);
        let (events, stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        let stopped = cancel.clone();
        let work = tokio::spawn(async move { agent.answer(assignment, &events, &stopped).await });
        Started {
            work,
            events: stream,
            cancel,
        }
    }

    pub(crate) async fn run(&self, run: &str, plan: serde_json::Value) -> RunReport {
        self.start(run, plan).report().await
    }

    pub(crate) async fn resume(&self, run: &str) -> RunReport {
        let history = self.journal.load_run(run).await.unwrap();
        assert!(
            history
                .turns
                .iter()
                .any(|turn| serde_json::from_value::<Decision>(turn.decision.clone()).is_ok())
        );
        let assignment = Assignment::resume(history);
        let planner = Arc::new(GivenPlan::new(DraftPlan::default()));
        self.carry_out(planner, assignment).report().await
    }
}

/// A run on its way.
pub(crate) struct Started {
    work: tokio::task::JoinHandle<Result<Outcome, AgentError>>,
    events: medley_orchestrator::EventStream,
    pub cancel: CancellationToken,
}

impl Started {
    /// Waits for an event that `is_it`.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Event) -> bool) {
        while let Some(event) = self.events.recv().await {
            if is_it(&event) {
                return;
            }
        }
    }

    pub(crate) async fn outcome(self) -> Result<Outcome, AgentError> {
        self.work.await.unwrap()
    }

    /// What the run comes to.
    pub(crate) async fn report(self) -> RunReport {
        let outcome = self.outcome().await.unwrap();
        outcome.rounds.into_iter().next().expect("one round")
    }

    /// Ends the run as if its handle was dropped.
    pub(crate) async fn abandon(self) {
        self.work.abort();
        let _ = self.work.await;
    }
}

pub(crate) fn statuses(report: &RunReport) -> BTreeMap<&str, StepStatus> {
    report
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.status))
        .collect()
}

pub(crate) fn code(step: &StepReport) -> &str {
    step.error.as_ref().map_or("", |error| error.code.as_str())
}

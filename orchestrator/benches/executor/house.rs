//! An engine with a tool that does nothing, or waits.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use medley_orchestrator::{
    ArtifactStore, Assignment, CallContext, Capability, DiskStore, DraftPlan, DraftStep, Event,
    EventSink, Executor, Journal as _, JournalOptions, LocalDispatcher, Output, Parameter, Plan,
    Profile, Provider, Record, Registration, Registry, Request, RunContext, RunKind, RunReport,
    Scope, SqliteJournal, ToolError, Value, ValueType, Visibility,
};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// What is recorded of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// Nothing.
    Nothing,
    /// Everything, in a journal that does not wait for the disk.
    Unsynced,
}

/// Waits for as long as it is told, and gives how long that was.
struct Wait(Profile);

#[async_trait]
impl Provider for Wait {
    fn profile(&self) -> &Profile {
        &self.0
    }

    async fn call(&self, inputs: Record, _: &CallContext) -> Result<Record, ToolError> {
        if let Some(Value::Number(ms)) = inputs.get("ms") {
            tokio::time::sleep(Duration::from_secs_f64(ms / 1e3)).await;
        }
        let number = inputs.get("number").cloned().unwrap_or(Value::Integer(0));
        Ok([("number".to_owned(), number)].into())
    }
}

fn capability() -> Capability {
    let parameter = |name: &str, value_type| Parameter {
        name: name.to_owned(),
        value_type,
        required: false,
        default: None,
        description: String::new(),
    };
    Capability {
        name: "wait".to_owned(),
        version: 1,
        purpose: "Waits.".to_owned(),
        phrases: Vec::new(),
        parameters: vec![
            parameter("number", ValueType::integer()),
            parameter("ms", ValueType::number()),
            parameter("after", ValueType::list(ValueType::integer())),
        ],
        outputs: vec![Output {
            name: "number".to_owned(),
            value_type: ValueType::integer(),
            optional: false,
            description: String::new(),
        }],
        visibility: Visibility::Shown,
    }
}

pub(crate) struct House {
    runtime: Runtime,
    registry: Arc<Registry>,
    pub(crate) executor: Executor,
    journal: Option<Arc<SqliteJournal>>,
    scope: Scope,
    _folder: tempfile::TempDir,
}

impl House {
    pub(crate) fn new(recording: Recording) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(folder.path()));
        let profile = serde_json::from_value(serde_json::json!({"id": "wait", "revision": "1",
            "determinism": if recording == Recording::Nothing { "deterministic" } else { "recorded" }}));
        let wait = Wait(profile.expect("a sound profile"));
        let mut registry = Registry::new();
        registry
            .register(Registration::new(capability(), wait))
            .expect("a sound tool");
        let registry = Arc::new(registry);
        let dispatcher = LocalDispatcher::new(Arc::clone(&registry), Arc::clone(&store));
        let journal = (recording == Recording::Unsynced).then(|| {
            let path = folder.path().join("journal.sqlite");
            let journal = SqliteJournal::open(path, JournalOptions::default());
            Arc::new(journal.expect("a journal"))
        });
        let mut executor = Executor::new(Arc::new(dispatcher), store);
        if let Some(journal) = &journal {
            executor = executor.with_journal(journal.clone());
        }
        Self {
            runtime: Runtime::new().expect("a runtime"),
            executor,
            journal,
            scope: Scope::of_request(&Request::default()),
            registry,
            _folder: folder,
        }
    }

    /// A plan of steps that do nothing.
    pub(crate) fn plan(&self, graph: &[Vec<usize>]) -> Plan {
        self.plan_of(graph, &[])
    }

    /// A plan of steps that wait for so many milliseconds.
    pub(crate) fn plan_of(&self, graph: &[Vec<usize>], waits: &[f64]) -> Plan {
        let steps = graph.iter().enumerate().map(|(id, parents)| {
            let after: Vec<String> = parents.iter().map(|step| format!("$s{step}")).collect();
            let step = DraftStep::new(format!("s{id}"), "wait")
                .with("number", id)
                .with("after", after);
            match waits.get(id) {
                Some(ms) => step.with("ms", *ms),
                None => step,
            }
        });
        let draft = DraftPlan {
            steps: steps.collect(),
            answer: Some(Vec::new()),
            ..DraftPlan::default()
        };
        Plan::validate(&draft, &self.registry, &self.scope).expect("a sound plan")
    }

    /// Runs a plan with events on; somebody reads them.
    pub(crate) fn run(
        &self,
        plan: &Plan,
        expected: BTreeMap<String, f64>,
    ) -> (RunReport, Vec<Event>) {
        let (events, mut stream) = EventSink::channel();
        let reader = self.runtime.spawn(async move {
            let mut seen = Vec::new();
            while let Some(event) = stream.recv().await {
                seen.push(event);
            }
            seen
        });
        let (executor, scope, plan) = (self.executor.clone(), self.scope.clone(), plan.clone());
        let name = uuid::Uuid::now_v7().to_string();
        let events = self.recorded(&name, events);
        // On a worker, as the agent runs it: the main thread would be woken for every step.
        let run = self.runtime.spawn(async move {
            let cancel = CancellationToken::new();
            let context = RunContext {
                expected,
                ..RunContext::new(&name, &scope, &events, &cancel)
            };
            executor.run(&plan, &context).await
        });
        let report = self.runtime.block_on(run).expect("the run does not panic");
        let seen = self.runtime.block_on(reader).expect("the reader neither");
        (report, seen)
    }

    /// Begins the run in the journal, which copies the events too.
    fn recorded(&self, run: &str, events: EventSink) -> EventSink {
        let Some(journal) = &self.journal else {
            return events;
        };
        let assignment = Assignment::new(run, RunKind::Exec, Request::default());
        self.runtime
            .block_on(journal.begin_run(&assignment.run))
            .expect("the journal takes it");
        let (journal, run) = (Arc::clone(journal), run.to_owned());
        events.with_tap(Arc::new(move |event| journal.note_event(&run, event)))
    }

    /// How long a run of a plan takes.
    pub(crate) fn time(&self, plan: &Plan) -> Duration {
        let started = Instant::now();
        let (report, events) = self.run(plan, BTreeMap::new());
        let took = started.elapsed();
        assert_eq!(report.steps.len(), plan.len());
        assert!(events.len() > plan.len());
        took
    }
}

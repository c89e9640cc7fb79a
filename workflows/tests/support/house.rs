//! Runs scripts as the agent does.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{
    Agent, AgentError, Assignment, Bounds, DiskStore, EventSink, Executor, Journal, JournalOptions,
    LocalDispatcher, Outcome, Part, Program, Refined, Refiner, Refining, Request, Response,
    RunHistory, RunKind, SqliteJournal,
};
use medley_workflows::{GivenScript, ScriptLimits, ScriptRunner};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::tools::{Calls, registry};

/// A home for runs of scripts.
pub(crate) struct House {
    pub(crate) folder: TempDir,
    pub(crate) journal: Arc<SqliteJournal>,
    pub(crate) calls: Calls,
    pub(crate) limits: ScriptLimits,
    pub(crate) bounds: Bounds,
    pub(crate) in_flight: usize,
}

/// What a run came to.
pub(crate) struct Told {
    pub(crate) outcome: Outcome,
}

impl House {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let journal = SqliteJournal::open(path, JournalOptions::default()).unwrap();
        Self {
            folder,
            journal: Arc::new(journal),
            calls: Arc::default(),
            limits: ScriptLimits::default(),
            bounds: Bounds::default(),
            in_flight: 64,
        }
    }

    pub(crate) fn store(&self) -> Arc<DiskStore> {
        Arc::new(DiskStore::new(self.folder.path().join("store")))
    }

    pub(crate) async fn history(&self, run: &str) -> RunHistory {
        self.journal.load_run(run).await.unwrap()
    }

    pub(crate) async fn answer(&self, run: &str, question: &str, answer: &str) {
        let kept = self.journal.record_answer(run, question, answer).await;
        kept.unwrap();
    }

    pub(crate) fn agent(&self, text: &str) -> Agent {
        let program = Program {
            name: "test.rhai".to_owned(),
            text: text.to_owned(),
            ..Program::default()
        };
        self.agent_of(program)
    }

    pub(crate) fn agent_of(&self, program: Program) -> Agent {
        let registry = Arc::new(registry(&self.calls));
        let store = self.store();
        let dispatcher = LocalDispatcher::new(Arc::clone(&registry), store.clone());
        let executor = Executor::new(Arc::new(dispatcher), store.clone())
            .with_journal(self.journal.clone())
            .with_in_flight_limit(self.in_flight);
        let runner = ScriptRunner {
            store,
            limits: self.limits.clone(),
        };
        let planner = Arc::new(GivenScript::new(program, runner));
        Agent {
            bounds: self.bounds,
            ..Agent::new(registry, planner, executor, Arc::new(Plain))
        }
    }

    pub(crate) async fn run(&self, text: &str) -> Told {
        self.try_run(text).await.unwrap()
    }

    pub(crate) async fn try_run(&self, text: &str) -> Result<Told, AgentError> {
        let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
        self.carry_out(self.agent(text), assignment, &CancellationToken::new())
            .await
    }

    pub(crate) async fn resume(&self, text: &str, run: &str) -> Told {
        let assignment = Assignment::resume(self.history(run).await);
        self.carry_out(self.agent(text), assignment, &CancellationToken::new())
            .await
            .unwrap()
    }

    pub(crate) async fn carry_out(
        &self,
        agent: Agent,
        assignment: Assignment,
        cancel: &CancellationToken,
    ) -> Result<Told, AgentError> {
        let outcome = agent
            .answer(assignment, &EventSink::ignored(), cancel)
            .await?;
        Ok(Told { outcome })
    }
}

impl Told {
    /// The words of the answer, a line a part.
    pub(crate) fn words(&self) -> String {
        let parts = self.outcome.response.parts.iter();
        let words: Vec<&str> = parts
            .map(|part| match part {
                Part::Text { text } => text.as_str(),
                Part::Artifact { name, .. } => name.as_str(),
            })
            .collect();
        words.join("\n")
    }

    /// All notes in one text.
    pub(crate) fn notes(&self) -> String {
        self.outcome.response.notes.join("\n")
    }

    /// What a step came to, in milliseconds from its start to its end since the round began.
    pub(crate) fn span(&self, tool: &str, nth: usize) -> (f64, f64) {
        let steps = self.outcome.rounds[0].steps.iter();
        let step = steps.filter(|step| step.tool == tool).nth(nth).unwrap();
        (step.started_ms, step.started_ms + step.ms)
    }
}

/// Puts values down one after the other.
struct Plain;

#[async_trait]
impl Refiner for Plain {
    async fn refine(&self, refining: &Refining<'_>) -> Refined {
        let answers = refining.rounds.iter().flat_map(|round| &round.answer);
        let parts = answers.map(|answer| Part::Text {
            text: answer.value.to_string(),
        });
        Refined {
            response: Response {
                parts: parts.collect(),
                ..Response::default()
            },
            by_model: false,
        }
    }
}

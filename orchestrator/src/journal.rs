//! What must survive the process: runs, turns, steps, events and answers.
//!
//! The contract, and [`SqliteJournal`], which keeps it. A step is finished once its record is committed.

mod cache;
mod columns;
mod failure;
mod history;
mod lock;
mod notes;
mod outline;
mod reader;
mod runs;
mod schema;
mod sessions;
mod sqlite;
mod steps;
mod task;
mod writer;

#[cfg(test)]
mod tests;

pub use cache::CacheUsage;
pub use lock::RunLock;
pub use runs::RunSummary;
pub use sessions::{OpenRun, SessionHistory, SessionSummary};
pub use sqlite::{Durability, JournalOptions, SqliteJournal};

use std::collections::BTreeMap;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Digest, Event, Record, Request, RunStatus, StepReport};

/// Keeps what must survive the process.
///
/// Methods return once what they keep is committed, except [`note_event`](Journal::note_event).
#[async_trait]
pub trait Journal: Send + Sync {
    /// Keeps a run before anything of it happens.
    ///
    /// # Errors
    /// When it cannot be kept; then the run must not begin.
    async fn begin_run(&self, run: &RunRecord) -> Result<(), JournalError>;

    /// Keeps a turn before any of its steps starts.
    ///
    /// # Errors
    /// When it cannot be kept; then its steps must not start.
    async fn commit_turn(&self, run: &str, turn: &TurnRecord) -> Result<(), JournalError>;

    /// Keeps how a step ended. A step that is recorded again replaces its record.
    ///
    /// # Errors
    /// When it cannot be kept.
    async fn record_step(&self, run: &str, step: &StepRecord) -> Result<(), JournalError>;

    /// Keeps a copy of an event; in order, without waiting, and without loss while the journal works.
    fn note_event(&self, run: &str, event: &Event);

    /// Keeps the answer to a question.
    ///
    /// # Errors
    /// When it cannot be kept.
    async fn record_answer(
        &self,
        run: &str,
        question: &str,
        answer: &str,
    ) -> Result<(), JournalError>;

    /// Keeps what a run came to. Events noted before are committed too.
    ///
    /// # Errors
    /// When it cannot be kept.
    async fn finish_run(&self, run: &str, status: RunStatus) -> Result<(), JournalError>;

    /// What is known of an unfinished or finished run.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`], or that it cannot be read.
    async fn load_run(&self, run: &str) -> Result<RunHistory, JournalError>;

    /// The outputs that a step of this identity gave before, whichever run it was in. Marks them as used now.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn cached(&self, identity: &Digest) -> Result<Option<CachedStep>, JournalError>;

    /// How long a call of each capability takes, in milliseconds: a moving average.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn durations(&self) -> Result<BTreeMap<String, f64>, JournalError>;
}

/// What asked for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// A request, which a planner turns into steps.
    Ask,
    /// A plan that somebody wrote.
    Exec,
    /// A workflow: a program that somebody wrote.
    Workflow,
}

/// A run as it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// The run's id; ids sort by time.
    pub id: String,
    /// What asked for it.
    pub kind: RunKind,
    /// The session that it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// What was asked for, with its attachments.
    pub request: Request,
    /// When it began, in milliseconds since 1970 UTC.
    pub began_at: u64,
}

/// One decision of a planner, or the plan that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TurnRecord {
    /// Counts from 0 in its run.
    pub index: u32,
    /// What the decision was made from.
    pub request_digest: Digest,
    /// The decision.
    pub decision: Json,
    /// What it cost; empty without a language model.
    #[serde(default)]
    pub usage: Json,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// The round of the agent loop, from 0.
    pub round: u32,
    /// The step, or a child of a step that goes over a list: `s2` or `s2[3]`.
    pub key: String,
    /// Its identity, where its result may be used again by others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Digest>,
    /// What came of it.
    pub report: StepReport,
}

/// Outputs that were given before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CachedStep {
    /// Who gave them.
    pub provider: String,
    /// What was given.
    pub outputs: Record,
}

/// Everything that the journal holds of a run, except its events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunHistory {
    /// As it began.
    pub run: RunRecord,
    /// What it came to, if it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
    /// When it ended, in milliseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// Its turns, in order.
    pub turns: Vec<TurnRecord>,
    /// Its steps, in the order in which they ended.
    pub steps: Vec<StepRecord>,
    /// Answers by question.
    pub answers: BTreeMap<String, String>,
}

/// Why the journal cannot keep or give something.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct JournalError {
    /// What sort of failure it is.
    pub kind: JournalErrorKind,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: String,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What sort of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalErrorKind {
    /// There is no such run.
    UnknownRun,
    /// The beginning of an id fits several runs.
    AmbiguousRun,
    /// There is no room on disk.
    Full,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// Another process holds the file for too long.
    Locked,
    /// The file is damaged, or no journal.
    Damaged,
    /// A newer Medley wrote the file.
    Newer,
    /// The run is alive in another process.
    Alive,
    /// Anything else.
    Other,
}

impl JournalError {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            JournalErrorKind::UnknownRun => "unknown_run",
            JournalErrorKind::AmbiguousRun => "ambiguous_run",
            JournalErrorKind::Full => "disk_full",
            JournalErrorKind::ReadOnly => "journal_read_only",
            JournalErrorKind::Locked => "journal_locked",
            JournalErrorKind::Damaged => "journal_damaged",
            JournalErrorKind::Newer => "journal_newer",
            JournalErrorKind::Alive => "run_alive",
            JournalErrorKind::Other => "journal_failed",
        }
    }
}

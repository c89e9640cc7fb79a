//! Looking through the runs that are kept, and removing them.

use rusqlite::{Connection, Row, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{Count, Json, Word};
use super::failure::Stop;
use super::{JournalError, JournalErrorKind, RunKind, SqliteJournal, history};
use crate::{Event, Request, RunStatus};

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// The run's id.
    pub id: String,
    /// What asked for it.
    pub kind: RunKind,
    /// The session that it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The words that were asked.
    pub text: String,
    /// What it came to, if it ended or waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RunStatus>,
    /// When it began, in milliseconds since 1970 UTC.
    pub began_at: u64,
    /// When it ended, in milliseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<u64>,
    /// How many of its steps are recorded; the calls of a step that goes over a list count as one.
    pub steps: u64,
}

impl SqliteJournal {
    /// The runs that are kept, at most `limit`, the newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, JournalError> {
        self.reader
            .read(move |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id, kind, session, request, status, began_at, ended_at,
                         (SELECT count(*) FROM steps WHERE run = runs.number AND instr(key, '[') = 0)
                     FROM runs ORDER BY began_at DESC, number DESC LIMIT ?1",
                )?;
                let rows = statement.query_map([Count(limit as u64)], summary)?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    /// The id of the run that began last.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`] where none is kept, or that it cannot be read.
    pub async fn last_run(&self) -> Result<String, JournalError> {
        let last = self.runs(1).await?.pop();
        last.map(|run| run.id).ok_or_else(|| JournalError {
            kind: JournalErrorKind::UnknownRun,
            message: "no run is kept yet".to_owned(),
            hint: "`medley ask` and `medley exec` begin one".to_owned(),
            source: None,
        })
    }

    /// The id of the one run whose id begins with `prefix`.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`], [`JournalErrorKind::AmbiguousRun`], or that it cannot be read.
    pub async fn find_run(&self, prefix: &str) -> Result<String, JournalError> {
        let prefix = prefix.to_owned();
        self.reader
            .read(move |connection| find(connection, &prefix))
            .await
    }

    /// The events of a run that are committed, in the order in which they were noted. A run that was resumed
    /// counts them from 0 again.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`], or that they cannot be read.
    pub async fn events_of(&self, run: &str) -> Result<Vec<Event>, JournalError> {
        let run = run.to_owned();
        self.reader
            .read(move |connection| history::events(connection, &run))
            .await
    }

    /// Forgets a run with all that is known of it. What it gave to the cache stays.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`], or that it cannot be written.
    pub async fn remove_run(&self, run: &str) -> Result<(), JournalError> {
        self.writer.settle().await?;
        let run = run.to_owned();
        self.writer
            .write(move |connection| {
                match connection.execute("DELETE FROM runs WHERE id = ?1", [&run])? {
                    0 => Err(JournalError::unknown_run(&run).into()),
                    _ => Ok(()),
                }
            })
            .await
    }
}

fn summary(row: &Row<'_>) -> rusqlite::Result<RunSummary> {
    Ok(RunSummary {
        id: row.get(0)?,
        kind: row.get::<_, Word<_>>(1)?.0,
        session: row.get(2)?,
        text: row.get::<_, Json<Request>>(3)?.0.text,
        status: row.get::<_, Option<Word<_>>>(4)?.map(|word| word.0),
        began_at: row.get::<_, Count>(5)?.0,
        ended_at: row.get::<_, Option<Count>>(6)?.map(|time| time.0),
        steps: row.get::<_, Count>(7)?.0,
    })
}

fn find(connection: &Connection, prefix: &str) -> Result<String, Stop> {
    const SHOWN: u8 = 3;
    let mut statement = connection.prepare_cached(
        "SELECT id FROM runs WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id <> ?1, id LIMIT ?2",
    )?;
    let ids = statement
        .query_map(params![prefix, SHOWN + 1], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<String>>>()?;
    match ids.as_slice() {
        [] => Err(JournalError::unknown_run(prefix).into()),
        [id] => Ok(id.clone()),
        // A whole id may begin another one.
        [id, ..] if id == prefix => Ok(id.clone()),
        several => {
            let more = if several.len() > usize::from(SHOWN) {
                ", ..."
            } else {
                ""
            };
            let shown: Vec<&str> = several
                .iter()
                .take(SHOWN.into())
                .map(String::as_str)
                .collect();
            Err(JournalError {
                kind: JournalErrorKind::AmbiguousRun,
                message: format!("`{prefix}` fits several runs: {}{more}", shown.join(", ")),
                hint: "give more of the id".to_owned(),
                source: None,
            }
            .into())
        }
    }
}

//! The rows of sessions: what each turn added, and what was answered for the rest of a session.

use rusqlite::{Connection, OptionalExtension, params};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{Artifacts, Count, Json, Word};
use super::failure::Stop;
use super::sqlite::{milliseconds, now};
use super::{JournalError, JournalErrorKind, SqliteJournal};
use crate::{Effects, Request, RunStatus, SessionTurn, StandingAnswers};

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SessionSummary {
    /// The session's id; ids sort by time.
    pub id: String,
    /// The words that it began with.
    pub text: String,
    /// How many turns it has.
    pub turns: u64,
    /// When it began, in milliseconds since 1970 UTC.
    pub began_at: u64,
    /// When its last turn began, in milliseconds since 1970 UTC.
    pub last_at: u64,
}

/// What is kept of a session.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SessionHistory {
    /// What its turns added, in order.
    pub turns: Vec<SessionTurn>,
    /// The last run, if there was one.
    pub last_run: Option<String>,
    /// The last run, if what it added was never kept: it was stopped, or waits for an answer.
    pub open: Option<OpenRun>,
    /// What was answered for the rest of the session.
    pub standing: StandingAnswers,
}

/// A run that a session can go on with.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenRun {
    /// The run.
    pub id: String,
    /// What was asked for.
    pub request: Request,
    /// What it came to, if it got that far.
    pub status: Option<RunStatus>,
}

impl SqliteJournal {
    /// Keeps what a turn added to its session, in place of what was kept of it before.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`], or that it cannot be kept.
    pub async fn keep_session_turn(
        &self,
        run: &str,
        turn: &SessionTurn,
    ) -> Result<(), JournalError> {
        let (run, turn) = (run.to_owned(), turn.clone());
        let keep = move |connection: &Connection| {
            let mut artifacts = Artifacts::default();
            artifacts.extend(turn.artifacts.iter().map(|known| &known.artifact));
            let rows = connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO session_turns (run, artifacts, turn)
                     SELECT number, ?2, ?3 FROM runs WHERE id = ?1",
                )?
                .execute(params![run, artifacts, Json(&turn)])?;
            match rows {
                0 => Err(JournalError::unknown_run(&run).into()),
                _ => Ok(()),
            }
        };
        self.writer.write(keep).await
    }

    /// Keeps whether a tool may do something for the rest of a session.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn keep_standing_answer(
        &self,
        session: &str,
        tool: &str,
        effects: Effects,
        may: bool,
    ) -> Result<(), JournalError> {
        let (session, tool) = (session.to_owned(), tool.to_owned());
        let keep = move |connection: &Connection| {
            connection
                .prepare_cached("INSERT OR IGNORE INTO sessions (id, created) VALUES (?1, ?2)")?
                .execute(params![session, milliseconds(now())])?;
            connection
                .prepare_cached("INSERT OR REPLACE INTO standing_answers VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![session, tool, Word(effects), may])?;
            Ok(())
        };
        self.writer.write(keep).await
    }

    /// What is kept of a session; empty, if there is none with this id.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn load_session(&self, session: &str) -> Result<SessionHistory, JournalError> {
        let session = session.to_owned();
        self.reader
            .read(move |connection| load(connection, &session))
            .await
    }

    /// The sessions that are kept, at most `limit`, the one with the newest turn first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn sessions(&self, limit: usize) -> Result<Vec<SessionSummary>, JournalError> {
        self.reader
            .read(move |connection| list(connection, "", limit))
            .await
    }

    /// The id of the one session whose id begins with `prefix`; the one with the newest turn, where it is empty.
    ///
    /// # Errors
    /// [`JournalErrorKind::UnknownRun`] where there is none, [`JournalErrorKind::AmbiguousRun`], or that it cannot be
    /// read.
    pub async fn find_session(&self, prefix: &str) -> Result<String, JournalError> {
        let wanted = prefix.to_owned();
        let mut found = self
            .reader
            .read(move |connection| list(connection, &wanted, 2))
            .await?;
        let refused = |kind, message, hint: &str| JournalError {
            kind,
            message,
            hint: hint.to_owned(),
            source: None,
        };
        let whole = found.iter().position(|session| session.id == prefix);
        match (found.len(), whole) {
            (0, _) if prefix.is_empty() => Err(refused(
                JournalErrorKind::UnknownRun,
                "no session is kept yet".to_owned(),
                "`medley chat` begins one",
            )),
            (0, _) => Err(refused(
                JournalErrorKind::UnknownRun,
                format!("there is no session `{prefix}`"),
                "`medley chat --list` shows the sessions that are kept",
            )),
            (2, None) if !prefix.is_empty() => Err(refused(
                JournalErrorKind::AmbiguousRun,
                format!("`{prefix}` fits several sessions"),
                "give more of the id",
            )),
            (_, place) => Ok(found.swap_remove(place.unwrap_or(0)).id),
        }
    }
}

fn load(connection: &Connection, session: &str) -> Result<SessionHistory, Stop> {
    let snapshot = connection.unchecked_transaction()?;
    let turns = snapshot
        .prepare_cached(
            "SELECT turn FROM session_turns JOIN runs ON runs.number = run
             WHERE session = ?1 ORDER BY runs.number",
        )?
        .query_map([session], |row| Ok(row.get::<_, Json<_>>(0)?.0))?
        .collect::<rusqlite::Result<_>>()?;
    let last = snapshot
        .prepare_cached(
            "SELECT id, request, status, EXISTS (SELECT 1 FROM session_turns WHERE run = runs.number)
             FROM runs WHERE session = ?1 ORDER BY runs.number DESC LIMIT 1",
        )?
        .query_row([session], |row| {
            let open = OpenRun {
                id: row.get(0)?,
                request: row.get::<_, Json<_>>(1)?.0,
                status: row.get::<_, Option<Word<_>>>(2)?.map(|word| word.0),
            };
            let is_kept: bool = row.get(3)?;
            Ok((open.id.clone(), (!is_kept).then_some(open)))
        })
        .optional()?;
    let mut standing = StandingAnswers::default();
    let mut statement = snapshot
        .prepare_cached("SELECT tool, effects, may FROM standing_answers WHERE session = ?1")?;
    let mut rows = statement.query([session])?;
    while let Some(row) = rows.next()? {
        let (tool, effects): (String, Word<Effects>) = (row.get(0)?, row.get(1)?);
        standing.remember(tool, effects.0, row.get(2)?);
    }
    let (last_run, open) = last.unzip();
    Ok(SessionHistory {
        turns,
        last_run,
        open: open.flatten(),
        standing,
    })
}

/// Sessions whose ids begin with `prefix`; one that never had a turn is none.
fn list(connection: &Connection, prefix: &str, limit: usize) -> Result<Vec<SessionSummary>, Stop> {
    let mut statement = connection.prepare_cached(
        "SELECT of.session, turns, of.began_at, last_at, request
         FROM (SELECT session, count(*) AS turns, min(began_at) AS began_at, max(began_at) AS last_at,
                   min(number) AS first, max(number) AS last
               FROM runs WHERE session IS NOT NULL AND substr(session, 1, length(?1)) = ?1
               GROUP BY session) AS of
             JOIN runs ON runs.number = first
         ORDER BY of.session <> ?1, last DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![prefix, Count(limit as u64)], |row| {
        Ok(SessionSummary {
            id: row.get(0)?,
            turns: row.get::<_, Count>(1)?.0,
            began_at: row.get::<_, Count>(2)?.0,
            last_at: row.get::<_, Count>(3)?.0,
            text: row.get::<_, Json<Request>>(4)?.0.text,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

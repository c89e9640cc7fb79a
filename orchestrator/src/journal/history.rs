//! The rows of one run: how it began, what was decided, noted and answered, and what it came to.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{Artifacts, Bytes, Count, Json, JsonLines, Text, Word};
use super::failure::Stop;
use super::sqlite::{milliseconds, now};
use super::{JournalError, RunHistory, RunRecord, StepRecord, TurnRecord};
use crate::{Event, RunStatus};

/// Begins a run that is not there yet.
pub(super) fn begin(connection: &Connection, run: &RunRecord) -> Result<(), Stop> {
    if number_of(connection, &run.id)?.is_some() {
        return Err(JournalError::other(
            format!("there is a run `{}` already", run.id),
            "go on with it by `medley runs resume`, or begin one with another id",
        )
        .into());
    }
    if let Some(session) = &run.session {
        connection
            .prepare_cached("INSERT OR IGNORE INTO sessions (id, created) VALUES (?1, ?2)")?
            .execute(params![session, Count(run.began_at)])?;
    }
    let mut artifacts = Artifacts::default();
    artifacts.extend(run.request.named_files().map(|(_, artifact)| artifact));
    connection
        .prepare_cached(
            "INSERT INTO runs (id, kind, session, began_at, artifacts, request)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            run.id,
            Word(run.kind),
            run.session,
            Count(run.began_at),
            artifacts,
            Json(&run.request),
        ])?;
    Ok(())
}

/// Keeps a turn, in place of one with the same index.
pub(super) fn keep_turn(connection: &Connection, run: &str, turn: &TurnRecord) -> Result<(), Stop> {
    let rows = connection
        .prepare_cached(
            "INSERT OR REPLACE INTO turns (run, position, request_digest, decision, usage)
             SELECT number, ?2, ?3, ?4, ?5 FROM runs WHERE id = ?1",
        )?
        .execute(params![
            run,
            turn.index,
            Bytes(turn.request_digest),
            Json(&turn.decision),
            Json(&turn.usage),
        ])?;
    known(rows, run)
}

/// Keeps an answer, in place of one to the same question.
pub(super) fn keep_answer(
    connection: &Connection,
    run: &str,
    question: &str,
    answer: &str,
) -> Result<(), Stop> {
    let rows = connection
        .prepare_cached(
            "INSERT OR REPLACE INTO answers (run, question, answer, given_at)
             SELECT number, ?2, ?3, ?4 FROM runs WHERE id = ?1",
        )?
        .execute(params![run, question, answer, milliseconds(now())])?;
    known(rows, run)
}

/// Keeps what a run came to. One that waits for an answer has not ended.
pub(super) fn finish(connection: &Connection, run: &str, status: RunStatus) -> Result<(), Stop> {
    let ended_at = (status != RunStatus::Waiting).then(|| milliseconds(now()));
    let rows = connection
        .prepare_cached("UPDATE runs SET status = ?2, ended_at = ?3 WHERE id = ?1")?
        .execute(params![run, Word(status), ended_at])?;
    known(rows, run)
}

/// Keeps events of a run, one a line.
pub(super) fn keep_events(
    connection: &Connection,
    run: &str,
    lines: &[u8],
) -> rusqlite::Result<()> {
    let rows = connection
        .prepare_cached(
            "INSERT INTO events (run, batch, lines)
             SELECT number, (SELECT coalesce(max(batch) + 1, 0) FROM events WHERE run = number), ?2
             FROM runs WHERE id = ?1",
        )?
        .execute(params![run, Text(lines)])?;
    if rows == 0 {
        tracing::error!(
            run,
            "events of a run that never began, or was removed, are not kept"
        );
    }
    Ok(())
}

/// The events of a run, in the order in which they were noted.
pub(super) fn events(connection: &Connection, run: &str) -> Result<Vec<Event>, Stop> {
    let number = known_number(connection, run)?;
    let mut statement =
        connection.prepare_cached("SELECT lines FROM events WHERE run = ?1 ORDER BY batch")?;
    let mut rows = statement.query([number])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.extend(row.get::<_, JsonLines<_>>(0)?.0);
    }
    Ok(events)
}

/// Everything of a run but its events, as of one moment.
pub(super) fn load(connection: &Connection, run: &str) -> Result<RunHistory, Stop> {
    let snapshot = connection.unchecked_transaction()?;
    let number = known_number(&snapshot, run)?;
    let turns = snapshot
        .prepare_cached(
            "SELECT position, request_digest, decision, usage FROM turns WHERE run = ?1 ORDER BY position",
        )?
        .query_map([number], |row| {
            Ok(TurnRecord {
                index: row.get(0)?,
                request_digest: row.get::<_, Bytes>(1)?.0,
                decision: row.get::<_, Json<_>>(2)?.0,
                usage: row.get::<_, Json<_>>(3)?.0,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let steps = snapshot
        .prepare_cached(
            "SELECT round, key, identity, report FROM steps WHERE run = ?1 ORDER BY number",
        )?
        .query_map([number], |row| {
            Ok(StepRecord {
                round: row.get(0)?,
                key: row.get(1)?,
                identity: row.get::<_, Option<Bytes>>(2)?.map(|bytes| bytes.0),
                report: row.get::<_, Json<_>>(3)?.0,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let answers = snapshot
        .prepare_cached("SELECT question, answer FROM answers WHERE run = ?1")?
        .query_map([number], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let history = snapshot
        .prepare_cached(
            "SELECT id, kind, session, request, began_at, status, ended_at FROM runs WHERE number = ?1",
        )?
        .query_row([number], |row| {
            Ok(RunHistory {
                run: RunRecord {
                    id: row.get(0)?,
                    kind: row.get::<_, Word<_>>(1)?.0,
                    session: row.get(2)?,
                    request: row.get::<_, Json<_>>(3)?.0,
                    began_at: row.get::<_, Count>(4)?.0,
                },
                status: row.get::<_, Option<Word<_>>>(5)?.map(|word| word.0),
                ended_at: row.get::<_, Option<Count>>(6)?.map(|time| time.0),
                turns,
                steps,
                answers,
            })
        })?;
    Ok(history)
}

fn known(rows: usize, run: &str) -> Result<(), Stop> {
    match rows {
        0 => Err(JournalError::unknown_run(run).into()),
        _ => Ok(()),
    }
}

fn known_number(connection: &Connection, run: &str) -> Result<i64, Stop> {
    number_of(connection, run)?.ok_or_else(|| JournalError::unknown_run(run).into())
}

fn number_of(connection: &Connection, run: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT number FROM runs WHERE id = ?1")?
        .query_row([run], |row| row.get(0))
        .optional()
}

//! What the end of a step leaves behind: its report, and what the cache may give again.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{Connection, params};

use super::columns::{Artifacts, Bytes};
use super::failure::Stop;
use super::notes::Note;
use super::sqlite::now;
use super::{CachedStep, JournalError, StepRecord};
use crate::{Digest, StepReport, StepStatus};

/// A row that is too large for SQLite would fail all who share its transaction.
const REPORT_BYTES: usize = 64 << 20;

/// A step's record, made ready by who asks for it, so that the writer has less to do.
pub(super) struct StepRow {
    run: String,
    round: u32,
    key: String,
    identity: Option<Digest>,
    artifacts: Artifacts,
    report: String,
}

impl StepRow {
    /// Refuses a report that no row can hold.
    pub(super) fn of(run: &str, step: &StepRecord) -> Result<Self, JournalError> {
        let mut artifacts = Artifacts::default();
        collect(&step.report, &mut artifacts);
        Ok(Self {
            run: run.to_owned(),
            round: step.round,
            key: step.key.clone(),
            identity: step.identity,
            artifacts,
            report: json(&step.key, &step.report)?,
        })
    }

    /// Writes it.
    pub(super) fn keep(&self, connection: &Connection) -> Result<(), Stop> {
        let rows = connection
            .prepare_cached(
                "INSERT OR REPLACE INTO steps (run, round, key, identity, artifacts, report)
                 SELECT number, ?2, ?3, ?4, ?5, ?6 FROM runs WHERE id = ?1",
            )?
            .execute(params![
                self.run,
                self.round,
                self.key,
                self.identity.map(Bytes),
                self.artifacts,
                self.report,
            ])?;
        if rows == 0 {
            return Err(JournalError::unknown_run(&self.run).into());
        }
        Ok(())
    }
}

/// What the end of a step tells beyond its run.
pub(super) fn notes(step: &StepRecord) -> impl Iterator<Item = Note> {
    let report = &step.report;
    let is_done = report.status == StepStatus::Done;
    let gave = step
        .identity
        .filter(|_| is_done)
        .map(|identity| Note::Gave {
            identity,
            step: Arc::new(CachedStep {
                provider: report.provider.clone().unwrap_or_default(),
                outputs: report.outputs.clone(),
            }),
            at: now(),
        });
    // A step that goes over a list takes as long as all its calls; those are recorded themselves.
    let is_call = report.children.is_empty() && report.attempts > 0;
    let took = (is_done && is_call && report.ms.is_finite()).then(|| Note::Took {
        capability: report.tool.clone(),
        ms: report.ms,
    });
    gave.into_iter().chain(took)
}

/// The mean duration of each capability's calls.
pub(super) fn durations(connection: &Connection) -> Result<BTreeMap<String, f64>, Stop> {
    let mut statement = connection.prepare_cached("SELECT capability, mean_ms FROM durations")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn collect(report: &StepReport, artifacts: &mut Artifacts) {
    artifacts.add(&report.outputs);
    for child in &report.children {
        collect(child, artifacts);
    }
}

fn json(key: &str, value: &impl serde::Serialize) -> Result<String, JournalError> {
    let text = serde_json::to_string(value).map_err(|failure| JournalError {
        source: Some(Box::new(failure)),
        ..JournalError::other(
            format!("what step `{key}` gave has no JSON form"),
            "this is a defect of its tool; use another one",
        )
    })?;
    if text.len() > REPORT_BYTES {
        return Err(JournalError::other(
            format!(
                "what step `{key}` gave takes {} MiB, and the journal keeps at most {} MiB a step",
                text.len() >> 20,
                REPORT_BYTES >> 20
            ),
            "let its tool give large values as files",
        ));
    }
    Ok(text)
}

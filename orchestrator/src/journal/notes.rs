//! What is kept without anybody waiting for it: gathered for a moment, so that it costs a row for many.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{cache, history};
use crate::{Digest, Event};

/// The part that the newest call has in the mean duration.
const ALPHA: f64 = 0.2;

/// Something to be kept.
pub(super) enum Note {
    /// Something happened in a run.
    Event {
        /// The run.
        run: String,
        /// What happened.
        event: Event,
    },
    /// An entry of the cache was used.
    Used {
        /// Its identity.
        identity: Digest,
        /// When, since 1970.
        at: Duration,
    },
    /// A call came to its end.
    Took {
        /// The capability.
        capability: String,
        /// How long it took, in milliseconds.
        ms: f64,
    },
}

/// Notes as they will lie in the tables.
#[derive(Default)]
pub(super) struct Notes {
    /// By run, one a line.
    events: HashMap<String, Vec<u8>>,
    used: HashMap<Digest, Duration>,
    /// By capability.
    durations: BTreeMap<String, Mean>,
}

impl Notes {
    /// Adds a note that was made after all others.
    pub(super) fn take(&mut self, note: Note) {
        match note {
            Note::Event { run, event } => {
                let lines = self.events.entry(run).or_default();
                let before = lines.len();
                match serde_json::to_writer(&mut *lines, &event) {
                    Ok(()) => lines.push(b'\n'),
                    Err(failure) => {
                        lines.truncate(before);
                        tracing::error!(%failure, ?event, "an event has no JSON form");
                    }
                }
            }
            Note::Used { identity, at } => {
                self.used.insert(identity, at);
            }
            Note::Took { capability, ms } => {
                let mean = self.durations.entry(capability);
                mean.or_insert_with(|| Mean::new(ms)).take(ms);
            }
        }
    }

    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty() && self.used.is_empty() && self.durations.is_empty()
    }

    /// Writes them.
    pub(super) fn keep(&self, connection: &Connection) -> rusqlite::Result<()> {
        for (run, lines) in &self.events {
            history::keep_events(connection, run, lines)?;
        }
        for (identity, at) in &self.used {
            cache::mark_used(connection, identity, *at)?;
        }
        for (capability, mean) in &self.durations {
            mean.keep(connection, capability)?;
        }
        Ok(())
    }
}

/// What some calls do to a moving average, whatever it was before.
struct Mean {
    first: f64,
    count: u32,
    /// The part that the average before still has.
    weight: f64,
    sum: f64,
}

impl Mean {
    /// Before the first call, which an average that is not there yet begins with.
    fn new(first: f64) -> Self {
        Self {
            first,
            count: 0,
            weight: 1.0,
            sum: 0.0,
        }
    }

    fn take(&mut self, ms: f64) {
        self.count += 1;
        self.weight *= 1.0 - ALPHA;
        self.sum += ALPHA * (ms - self.sum);
    }

    fn keep(&self, connection: &Connection, capability: &str) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO durations (capability, mean_ms, count) VALUES (?1, ?2 * ?3 + ?4, ?5)
                 ON CONFLICT DO UPDATE SET
                     mean_ms = mean_ms * ?3 + ?4, count = count + excluded.count",
            )?
            .execute(params![
                capability,
                self.first,
                self.weight,
                self.sum,
                self.count
            ])?;
        Ok(())
    }
}

//! What is kept without anybody waiting for it: gathered for a moment, so that many share rows, pages and a commit.

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::Arc,
    time::Duration,
};

use rusqlite::{Connection, params};

use super::{CachedStep, cache, history};
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
    /// A step gave outputs that may be given again.
    Gave {
        /// The step's identity.
        identity: Digest,
        /// What it gave.
        step: Arc<CachedStep>,
        /// When, since 1970.
        at: Duration,
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

/// Notes as they are made.
#[derive(Default)]
pub(super) struct Made {
    notes: Vec<Note>,
    /// What was given and is not in the cache's table yet.
    fresh: HashMap<Digest, Arc<CachedStep>>,
}

impl Made {
    /// Adds a note, and says how many there are now.
    pub(super) fn add(&mut self, note: Note) -> usize {
        if let Note::Gave { identity, step, .. } = &note {
            self.fresh.insert(*identity, Arc::clone(step));
        }
        self.notes.push(note);
        self.notes.len()
    }

    /// How many were made.
    pub(super) fn len(&self) -> usize {
        self.notes.len()
    }

    /// Takes all out. What was given can be found until it is [`forgotten`](Self::forget).
    pub(super) fn take(&mut self) -> Vec<Note> {
        mem::take(&mut self.notes)
    }

    /// What was given under this identity and is not in the table yet.
    pub(super) fn find(&self, identity: &Digest) -> Option<&Arc<CachedStep>> {
        self.fresh.get(identity)
    }

    /// Leaves to the table what is in it now.
    pub(super) fn forget(&mut self, kept: &Notes) {
        for (identity, (step, _)) in &kept.entries {
            if self
                .find(identity)
                .is_some_and(|fresh| Arc::ptr_eq(fresh, step))
            {
                self.fresh.remove(identity);
            }
        }
    }
}

/// Notes as they will lie in the tables.
#[derive(Default)]
pub(super) struct Notes {
    entries: HashMap<Digest, (Arc<CachedStep>, Duration)>,
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
            Note::Gave { identity, step, at } => {
                self.entries.insert(identity, (step, at));
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
        self.entries.is_empty()
            && self.events.is_empty()
            && self.used.is_empty()
            && self.durations.is_empty()
    }

    /// Writes them.
    pub(super) fn keep(&self, connection: &Connection) -> rusqlite::Result<()> {
        for (run, lines) in &self.events {
            history::keep_events(connection, run, lines)?;
        }
        for (identity, (step, at)) in &self.entries {
            cache::keep(connection, identity, step, *at)?;
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

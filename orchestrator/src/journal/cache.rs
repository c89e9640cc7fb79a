//! Outputs that are used again across runs, and what of them may go.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{Artifacts, Bytes, Count, Json};
use super::failure::Stop;
use super::sqlite::milliseconds;
use super::{CachedStep, JournalError, SqliteJournal};
use crate::{Digest, Record};

/// What kept runs refer to.
const OF_RUNS: &str = "SELECT artifacts FROM runs WHERE artifacts IS NOT NULL
    UNION ALL SELECT artifacts FROM steps WHERE artifacts IS NOT NULL
    UNION ALL SELECT artifacts FROM session_turns WHERE artifacts IS NOT NULL";
/// What entries refer to.
const OF_CACHE: &str = "SELECT artifacts FROM cache WHERE artifacts IS NOT NULL";

/// What the cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct CacheUsage {
    /// How many calls' outputs.
    pub entries: u64,
    /// What they take, artifacts included; an artifact that several entries share counts once.
    pub bytes: u64,
    /// The part of `bytes` that can be evicted: entries none of whose artifacts a kept run refers to.
    pub evictable_bytes: u64,
}

impl SqliteJournal {
    /// What the cache holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn cache_usage(&self) -> Result<CacheUsage, JournalError> {
        self.writer.settle().await?;
        self.reader
            .read(|connection| Ok(Inventory::of(connection)?.usage()))
            .await
    }

    /// Forgets all entries, and says how many there were. What kept runs refer to stays referenced.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn clear_cache(&self) -> Result<usize, JournalError> {
        self.writer.settle().await?;
        self.writer
            .write(|connection| Ok(connection.execute("DELETE FROM cache", [])?))
            .await
    }

    /// Forgets entries, the least recently used first, until those that can be evicted take at most
    /// `limit_bytes`, and says how many went. An entry stays while a kept run refers to one of its artifacts.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn prune_cache(&self, limit_bytes: u64) -> Result<usize, JournalError> {
        self.writer.settle().await?;
        self.writer
            .write(move |connection| {
                let evicted = Inventory::of(connection)?.evict(limit_bytes);
                let mut forget =
                    connection.prepare_cached("DELETE FROM cache WHERE identity = ?1")?;
                for identity in &evicted {
                    forget.execute([Bytes(*identity)])?;
                }
                Ok(evicted.len())
            })
            .await
    }

    /// Every artifact that a kept run or an entry of the cache refers to.
    ///
    /// The store needs no others, except those that a live run wrote and has not recorded yet: who collects
    /// garbage spares young files.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn referenced_artifacts(&self) -> Result<HashSet<Digest>, JournalError> {
        self.writer.settle().await?;
        self.reader
            .read(|connection| {
                let mut digests = referenced(connection, OF_RUNS)?;
                digests.extend(referenced(connection, OF_CACHE)?);
                Ok(digests)
            })
            .await
    }
}

/// Keeps outputs that were given at `at`, in place of those that were given before.
pub(super) fn keep(
    connection: &Connection,
    identity: &Digest,
    step: &CachedStep,
    at: Duration,
) -> rusqlite::Result<()> {
    let mut artifacts = Artifacts::default();
    artifacts.add(&step.outputs);
    let outputs = match serde_json::to_string(&step.outputs) {
        Ok(outputs) => outputs,
        Err(failure) => {
            tracing::error!(%failure, %identity, "outputs have no JSON form and are not cached");
            return Ok(());
        }
    };
    connection
        .prepare_cached(
            "INSERT INTO cache (identity, last_used, created, bytes, provider, artifacts, outputs)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET last_used = excluded.last_used, created = excluded.created,
                 bytes = excluded.bytes, provider = excluded.provider,
                 artifacts = excluded.artifacts, outputs = excluded.outputs",
        )?
        .execute(params![
            Bytes(*identity),
            nanoseconds(at),
            milliseconds(at),
            Count(outputs.len() as u64),
            step.provider,
            artifacts,
            outputs,
        ])?;
    Ok(())
}

/// The entry of this identity.
pub(super) fn find(connection: &Connection, identity: &Digest) -> Result<Option<CachedStep>, Stop> {
    let found = connection
        .prepare_cached("SELECT provider, outputs FROM cache WHERE identity = ?1")?
        .query_row([Bytes(*identity)], |row| {
            Ok(CachedStep {
                provider: row.get(0)?,
                outputs: row.get::<_, Json<Record>>(1)?.0,
            })
        });
    Ok(found.optional()?)
}

/// Says that the entry of this identity was used at `at`.
pub(super) fn mark_used(
    connection: &Connection,
    identity: &Digest,
    at: Duration,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE cache SET last_used = ?2 WHERE identity = ?1")?
        .execute(params![Bytes(*identity), nanoseconds(at)])?;
    Ok(())
}

fn nanoseconds(time: Duration) -> Count {
    Count(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// All artifacts that the rows of a query refer to.
fn referenced(connection: &Connection, query: &str) -> Result<HashSet<Digest>, Stop> {
    let mut statement = connection.prepare(query)?;
    let mut rows = statement.query([])?;
    let mut digests = HashSet::new();
    while let Some(row) = rows.next()? {
        digests.extend(row.get::<_, Artifacts>(0)?.0.into_keys());
    }
    Ok(digests)
}

/// All entries, to count and to choose from.
struct Inventory {
    /// The least recently used first.
    entries: Vec<Held>,
}

struct Held {
    identity: Digest,
    bytes: u64,
    artifacts: Artifacts,
    /// Whether a kept run refers to one of its artifacts.
    is_kept: bool,
}

impl Inventory {
    fn of(connection: &Connection) -> Result<Self, Stop> {
        let kept = referenced(connection, OF_RUNS)?;
        let mut statement = connection
            .prepare("SELECT identity, bytes, artifacts FROM cache ORDER BY last_used")?;
        let entries = statement.query_map([], |row| {
            let (Bytes(identity), Count(bytes), artifacts) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let Artifacts(digests) = &artifacts;
            Ok(Held {
                identity,
                bytes,
                is_kept: digests.keys().any(|digest| kept.contains(digest)),
                artifacts,
            })
        })?;
        let entries = entries.collect::<rusqlite::Result<_>>()?;
        Ok(Self { entries })
    }

    fn usage(&self) -> CacheUsage {
        CacheUsage {
            entries: self.entries.len() as u64,
            bytes: Weighed::of(self.entries.iter()).bytes,
            evictable_bytes: Weighed::of(self.evictable()).bytes,
        }
    }

    fn evictable(&self) -> impl Iterator<Item = &Held> {
        self.entries.iter().filter(|entry| !entry.is_kept)
    }

    /// Chooses what must go so that what could go takes at most `limit_bytes`.
    fn evict(&self, limit_bytes: u64) -> Vec<Digest> {
        let mut left = Weighed::of(self.evictable());
        let mut evicted = Vec::new();
        for entry in self.evictable() {
            if left.bytes <= limit_bytes {
                break;
            }
            left.remove(entry);
            evicted.push(entry.identity);
        }
        evicted
    }
}

/// What entries take; an artifact that they share counts once.
#[derive(Default)]
struct Weighed {
    bytes: u64,
    sharers: HashMap<Digest, u32>,
}

impl Weighed {
    fn of<'a>(entries: impl Iterator<Item = &'a Held>) -> Self {
        let mut weighed = Self::default();
        for entry in entries {
            weighed.bytes = weighed.bytes.saturating_add(entry.bytes);
            for (digest, size) in &entry.artifacts.0 {
                let sharers = weighed.sharers.entry(*digest).or_default();
                *sharers += 1;
                if *sharers == 1 {
                    weighed.bytes = weighed.bytes.saturating_add(*size);
                }
            }
        }
        weighed
    }

    fn remove(&mut self, entry: &Held) {
        self.bytes = self.bytes.saturating_sub(entry.bytes);
        for (digest, size) in &entry.artifacts.0 {
            let sharers = self.sharers.entry(*digest).or_default();
            *sharers = sharers.saturating_sub(1);
            if *sharers == 0 {
                self.bytes = self.bytes.saturating_sub(*size);
            }
        }
    }
}

//! What is kept of runs: their history, and results that may be used again.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use medley_orchestrator::{
    CacheUsage, DiskStore, Journal as _, JournalError, JournalOptions, RunHistory, RunLock,
    RunSummary, SessionSummary, SqliteJournal,
};

use crate::MedleyError;

/// What no run and no known result refers to is removed from the store once it is this old: a run that goes on may have
/// written it and not yet recorded it.
const YOUNG: Duration = Duration::from_secs(3_600);

/// The history of runs, and results that may be used again. Nothing is opened before it is needed.
pub struct Records {
    path: Option<PathBuf>,
    /// Where runs that are alive are locked.
    locks: PathBuf,
    limit: u64,
    store: Arc<DiskStore>,
    journal: OnceLock<Arc<SqliteJournal>>,
}

/// How much is kept, and how much of it was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Removed {
    /// Results that are no longer known.
    pub results: usize,
    /// Files that were removed from the store.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Records {
    /// Records in the journal at `path`, if any; known results are kept up to `limit` bytes.
    pub(crate) fn new(
        path: Option<PathBuf>,
        locks: PathBuf,
        limit: u64,
        store: Arc<DiskStore>,
    ) -> Self {
        Self {
            path,
            locks,
            limit,
            store,
            journal: OnceLock::new(),
        }
    }

    /// The journal; nothing, if nothing is recorded.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn journal(&self) -> Result<Option<Arc<SqliteJournal>>, JournalError> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        if let Some(journal) = self.journal.get() {
            return Ok(Some(Arc::clone(journal)));
        }
        let opened = SqliteJournal::open(path, JournalOptions::default())?;
        Ok(Some(Arc::clone(
            self.journal.get_or_init(|| Arc::new(opened)),
        )))
    }

    pub(crate) fn opened(&self) -> Result<Arc<SqliteJournal>, MedleyError> {
        self.journal()?.ok_or(MedleyError::NotRecorded)
    }

    /// The runs, newest first.
    ///
    /// # Errors
    /// When nothing is recorded, or the journal cannot be read.
    pub async fn runs(&self, limit: usize) -> Result<Vec<RunSummary>, MedleyError> {
        Ok(self.opened()?.runs(limit).await?)
    }

    /// The id that starts like this; without a start, the newest run's.
    ///
    /// # Errors
    /// When there is none, or several start like this.
    pub async fn find(&self, start: Option<&str>) -> Result<String, MedleyError> {
        let journal = self.opened()?;
        Ok(match start {
            Some(start) => journal.find_run(start).await?,
            None => journal.last_run().await?,
        })
    }

    /// The sessions, at most `limit`, the one with the newest turn first.
    ///
    /// # Errors
    /// When nothing is recorded, or the journal cannot be read.
    pub async fn sessions(&self, limit: usize) -> Result<Vec<SessionSummary>, MedleyError> {
        Ok(self.opened()?.sessions(limit).await?)
    }

    /// What is known of a run.
    ///
    /// # Errors
    /// When there is no such run.
    pub async fn history(&self, run: &str) -> Result<RunHistory, MedleyError> {
        Ok(self.opened()?.load_run(run).await?)
    }

    /// Says that a run is alive in this process, until the lock is dropped.
    ///
    /// # Errors
    /// When it is alive elsewhere.
    pub(crate) fn lock(&self, run: &str) -> Result<RunLock, JournalError> {
        RunLock::acquire(&self.locks, run)
    }

    /// Forgets a run. Its files stay until the store is pruned.
    ///
    /// # Errors
    /// When there is no such run, or it is alive.
    pub async fn remove(&self, run: &str) -> Result<(), MedleyError> {
        let _ours = self.lock(run)?;
        Ok(self.opened()?.remove_run(run).await?)
    }

    /// How many results are known, and what they take.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn cache_usage(&self) -> Result<CacheUsage, MedleyError> {
        Ok(self.opened()?.cache_usage().await?)
    }

    /// The most bytes that known results may take.
    #[must_use]
    pub const fn cache_limit(&self) -> u64 {
        self.limit
    }

    /// Forgets the results that were not used for longest until the rest takes at most `limit` bytes, and removes files
    /// that neither a kept run nor a known result refers to.
    ///
    /// # Errors
    /// When the journal or the store fails.
    pub async fn prune(&self, limit: u64) -> Result<Removed, MedleyError> {
        let journal = self.opened()?;
        let results = journal.prune_cache(limit).await?;
        self.collect(&journal, results).await
    }

    /// Forgets all known results; what kept runs refer to stays.
    ///
    /// # Errors
    /// When the journal or the store fails.
    pub async fn clear(&self) -> Result<Removed, MedleyError> {
        let journal = self.opened()?;
        let results = journal.clear_cache().await?;
        self.collect(&journal, results).await
    }

    pub(crate) async fn keep_within_limit(&self) -> Result<(), MedleyError> {
        let journal = self.opened()?;
        if journal.cache_usage().await?.evictable_bytes > self.limit {
            self.prune(self.limit).await?;
        }
        Ok(())
    }

    async fn collect(
        &self,
        journal: &SqliteJournal,
        results: usize,
    ) -> Result<Removed, MedleyError> {
        let kept = journal.referenced_artifacts().await?;
        let collected = self.store.remove_unreferenced(kept, YOUNG).await?;
        Ok(Removed {
            results,
            files: collected.files,
            bytes: collected.bytes,
        })
    }
}

//! The journal in a SQLite file, which several processes may share.
//!
//! One thread writes, in groups; reads go over a connection of their own. What the rows are, `steps`, `history`,
//! `runs` and `cache` know.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::columns::Count;
use super::failure::Stop;
use super::notes::Note;
use super::reader::Reader;
use super::steps::StepRow;
use super::writer::Writer;
use super::{
    CachedStep, Journal, JournalError, RunHistory, RunRecord, StepRecord, TurnRecord, cache,
    history, schema, steps,
};
use crate::{Digest, Event, RunStatus};

/// How a journal works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalOptions {
    /// What a commit survives.
    pub durability: Durability,
    /// How long to wait while another process writes.
    pub busy_timeout: Duration,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            durability: Durability::default(),
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however it comes. A power cut may take the last commits, but leaves the file sound.
    #[default]
    Unsynced,
    /// A power cut too; every commit waits for the disk.
    Synced,
}

/// A journal in a SQLite file. Dropped, it commits what was noted.
///
/// Steps, turns, answers and the state of runs are committed before their methods return. Events, entries of the
/// cache and durations are gathered for up to 50 ms; a process that is killed loses those of its last moment.
/// What cannot be kept stays in memory, and the next method that waits for a commit fails with the reason.
///
/// Its futures are cancel-safe: what was handed to a method is kept even if nobody waits for it.
pub struct SqliteJournal {
    // Dropped first, so that the writer is the last to close the file and tidies it.
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

impl SqliteJournal {
    /// Opens the journal at `path`, and makes it and its folder if they are not there.
    ///
    /// # Errors
    /// When it cannot be written, is locked, damaged or of a newer version; each with the way out.
    pub fn open(path: impl Into<PathBuf>, options: JournalOptions) -> Result<Self, JournalError> {
        let path: Arc<Path> = path.into().into();
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|failure| JournalError::system(folder, failure))?;
        }
        let (connection, reader) = connect(&path, options).map_err(|stop| stop.at(&path))?;
        Ok(Self {
            reader,
            writer: Writer::start(connection, path)?,
        })
    }
}

/// Time since 1970 UTC.
pub(super) fn now() -> Duration {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// A time as most columns hold it.
pub(super) fn milliseconds(time: Duration) -> Count {
    Count(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn connect(path: &Arc<Path>, options: JournalOptions) -> Result<(Connection, Reader), Stop> {
    let mut writing = open(path, options)?;
    schema::inspect(&writing, path)?;
    if writing.is_readonly("main")? {
        let denied = std::io::ErrorKind::PermissionDenied.into();
        return Err(JournalError::system(path, denied).into());
    }
    use_write_ahead_log(&writing, options.busy_timeout)?;
    schema::migrate(&mut writing, path)?;
    let reading = open(path, options)?;
    let reader = Reader::new(reading, Arc::clone(path), options.busy_timeout)?;
    Ok((writing, reader))
}

fn open(path: &Path, options: JournalOptions) -> Result<Connection, Stop> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(64);
    let synchronous = match options.durability {
        Durability::Unsynced => "NORMAL",
        Durability::Synced => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // In pages: the log is carried over a few times in 10,000 steps, because each time waits for the disk.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    // In bytes: what a very large transaction leaves of the log.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    // Negative means KiB: a full group stays in memory until it is committed.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Turning the log on needs the file alone, and SQLite does not wait for that by itself.
fn use_write_ahead_log(connection: &Connection, patience: Duration) -> Result<(), Stop> {
    let began = Instant::now();
    loop {
        let set = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match set {
            Ok(mode) => {
                if mode != "wal" {
                    tracing::warn!(
                        mode,
                        "this file system has no write-ahead log; the journal is slower"
                    );
                }
                return Ok(());
            }
            Err(failure)
                if failure.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && began.elapsed() < patience =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            Err(failure) => return Err(failure.into()),
        }
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn begin_run(&self, run: &RunRecord) -> Result<(), JournalError> {
        let run = run.clone();
        self.writer
            .write(move |connection| history::begin(connection, &run))
            .await
    }

    async fn commit_turn(&self, run: &str, turn: &TurnRecord) -> Result<(), JournalError> {
        let (run, turn) = (run.to_owned(), turn.clone());
        self.writer
            .write(move |connection| history::keep_turn(connection, &run, &turn))
            .await
    }

    async fn record_step(&self, run: &str, step: &StepRecord) -> Result<(), JournalError> {
        let row = StepRow::of(run, step)?;
        steps::notes(step).for_each(|note| self.writer.note(note));
        self.writer
            .write(move |connection| row.keep(connection))
            .await
    }

    fn note_event(&self, run: &str, event: &Event) {
        self.writer.note(Note::Event {
            run: run.to_owned(),
            event: event.clone(),
        });
    }

    async fn record_answer(
        &self,
        run: &str,
        question: &str,
        answer: &str,
    ) -> Result<(), JournalError> {
        let (run, question, answer) = (run.to_owned(), question.to_owned(), answer.to_owned());
        self.writer
            .write(move |connection| history::keep_answer(connection, &run, &question, &answer))
            .await
    }

    async fn finish_run(&self, run: &str, status: RunStatus) -> Result<(), JournalError> {
        self.writer.settle().await?;
        let run = run.to_owned();
        self.writer
            .write(move |connection| history::finish(connection, &run, status))
            .await
    }

    async fn load_run(&self, run: &str) -> Result<RunHistory, JournalError> {
        let run = run.to_owned();
        self.reader
            .read(move |connection| history::load(connection, &run))
            .await
    }

    async fn cached(&self, identity: &Digest) -> Result<Option<CachedStep>, JournalError> {
        let identity = *identity;
        let found = match self.writer.find(&identity) {
            Some(fresh) => Some(CachedStep::clone(&fresh)),
            None => {
                let look_up = move |connection: &Connection| cache::find(connection, &identity);
                self.reader.glance(look_up).await?
            }
        };
        if found.is_some() {
            self.writer.note(Note::Used {
                identity,
                at: now(),
            });
        }
        Ok(found)
    }

    async fn durations(&self) -> Result<BTreeMap<String, f64>, JournalError> {
        self.writer.settle().await?;
        self.reader.read(steps::durations).await
    }
}

//! The one thread that writes: what waits in its queue shares a transaction, so that a commit costs each little.

use std::{
    hint, mem,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::failure::Stop;
use super::notes::{Made, Note, Notes};
use super::task::{Caller, Task, Write};
use super::{CachedStep, JournalError};
use crate::Digest;

/// At most so many writes share a transaction, so that the first does not wait for all.
const GROUP: usize = 1024;

/// How long the thread stays awake for more. A chain of steps writes again right after each answer, and to wake
/// the thread would make each step wait a fifth longer.
const LINGERING: Duration = Duration::from_micros(50);

/// How long whoever waits alone for a commit stays awake for it. A commit takes less than to put a thread to sleep and
/// to wake it.
const PATIENCE: Duration = Duration::from_micros(60);

/// How long notes are gathered. A process that is killed loses no more than these.
const GATHERING: Duration = Duration::from_millis(50);

/// So many notes are kept at once.
const MANY: usize = 8192;

/// Queues writes; dropped, it commits what is queued.
pub(super) struct Writer {
    path: Arc<Path>,
    queue: Option<mpsc::Sender<Item>>,
    /// How many wait for a commit.
    waiting: AtomicUsize,
    made: Arc<Mutex<Made>>,
    thread: Option<JoinHandle<()>>,
}

enum Item {
    /// Somebody waits for it.
    Write(Box<dyn Write>),
    /// Somebody waits for the notes that were made before.
    Settle(Caller<()>),
    /// There are notes, the first ones or many.
    Noted,
}

impl Writer {
    /// Starts the thread, which writes over `connection` to the journal at `path`.
    pub(super) fn start(connection: Connection, path: Arc<Path>) -> Result<Self, JournalError> {
        let (queue, items) = mpsc::channel();
        let made = Arc::default();
        let desk = Desk {
            connection,
            path: Arc::clone(&path),
            writes: Vec::new(),
            settlers: Vec::new(),
            made: Arc::clone(&made),
            notes: Notes::default(),
            since: None,
            is_due: false,
            is_stuck: false,
        };
        let thread = thread::Builder::new()
            .name("medley-journal".to_owned())
            .spawn(move || desk.serve(&items))
            .map_err(|failure| JournalError::system(&path, failure))?;
        Ok(Self {
            path,
            queue: Some(queue),
            waiting: AtomicUsize::new(0),
            made,
            thread: Some(thread),
        })
    }

    /// Does `work` in a transaction, and returns what it gives once that is committed.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, JournalError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let task = Task::new(work, caller);
        self.ask(Item::Write(Box::new(task)), answer).await
    }

    /// Returns once all notes that were made before are committed.
    pub(super) async fn settle(&self) -> Result<(), JournalError> {
        let (caller, answer) = oneshot::channel();
        self.ask(Item::Settle(caller), answer).await
    }

    /// Keeps `note` within a moment.
    pub(super) fn note(&self, note: Note) {
        let count = lock(&self.made).add(note);
        // Waking the thread for every note would cost more than the note.
        let is_news = count == 1 || count.is_multiple_of(MANY);
        if is_news && self.put(Item::Noted).is_none() {
            tracing::error!(path = %self.path.display(), "the journal's writer has stopped");
        }
    }

    /// What was noted as given under this identity, if it is not in the table yet.
    pub(super) fn find(&self, identity: &Digest) -> Option<Arc<CachedStep>> {
        lock(&self.made).find(identity).cloned()
    }

    async fn ask<T>(
        &self,
        item: Item,
        answer: oneshot::Receiver<Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        let waits = Waits::among(&self.waiting);
        // A queue that is closed drops the item, and the answer tells.
        let _ = self.put(item);
        let began = Instant::now();
        while answer.is_empty() && waits.is_alone() && began.elapsed() < PATIENCE {
            // Whatever else can run here does so meanwhile.
            tokio::task::yield_now().await;
        }
        answer.await.unwrap_or_else(|_| {
            Err(JournalError::other(
                format!(
                    "the writer of the journal at {} has stopped",
                    self.path.display()
                ),
                "start Medley again; what was committed is kept",
            ))
        })
    }

    fn put(&self, item: Item) -> Option<()> {
        self.queue.as_ref()?.send(item).ok()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(path = %self.path.display(), "the journal's writer had panicked");
        }
    }
}

/// Somebody who waits for a commit.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }

    fn is_alone(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 1
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where the thread works.
struct Desk {
    connection: Connection,
    path: Arc<Path>,
    writes: Vec<Box<dyn Write>>,
    /// Who waits for the notes.
    settlers: Vec<Caller<()>>,
    /// Notes as they are made.
    made: Arc<Mutex<Made>>,
    /// Notes that were taken from there, and are not kept yet.
    notes: Notes,
    /// Since when there are notes.
    since: Option<Instant>,
    /// Whether notes were gathered for long enough, or somebody waits for them.
    is_due: bool,
    /// Whether notes could not be kept. They go with the next write then, so that who waits for it learns.
    is_stuck: bool,
}

impl Desk {
    fn serve(mut self, items: &mpsc::Receiver<Item>) {
        while let Ok(first) = self.wait(items) {
            first
                .into_iter()
                .chain(items.try_iter().take(GROUP))
                .for_each(|item| self.take(item));
            self.is_due |= self.since.is_some_and(|since| since.elapsed() >= GATHERING);
            let is_asked = !self.writes.is_empty() || !self.settlers.is_empty();
            if is_asked || (self.is_due && !self.is_stuck) {
                self.commit();
            }
        }
        self.is_due = true;
        self.commit();
    }

    /// The next item; none once notes were gathered for long enough.
    fn wait(&self, items: &mpsc::Receiver<Item>) -> Result<Option<Item>, mpsc::RecvError> {
        let began = Instant::now();
        while began.elapsed() < LINGERING {
            if let Ok(item) = items.try_recv() {
                return Ok(Some(item));
            }
            hint::spin_loop();
        }
        let Some(since) = self.since else {
            return items.recv().map(Some);
        };
        match items.recv_timeout(GATHERING.saturating_sub(since.elapsed())) {
            Ok(item) => Ok(Some(item)),
            Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(mpsc::RecvError),
        }
    }

    fn take(&mut self, item: Item) {
        match item {
            Item::Write(write) => self.writes.push(write),
            Item::Settle(caller) => {
                self.settlers.push(caller);
                self.is_due = true;
            }
            Item::Noted if self.is_stuck => {}
            Item::Noted => {
                self.since.get_or_insert_with(Instant::now);
                let many = lock(&self.made).len() >= MANY;
                self.is_due |= many;
            }
        }
    }

    fn commit(&mut self) {
        let with_notes = self.is_due || self.is_stuck;
        if with_notes {
            let made = lock(&self.made).take();
            made.into_iter().for_each(|note| self.notes.take(note));
        }
        let mut writes = mem::take(&mut self.writes);
        let committed = self.try_commit(&mut writes, with_notes).map_err(Arc::new);
        if let Err(failure) = &committed {
            tracing::warn!(path = %self.path.display(), %failure, "the journal could not commit");
        }
        if with_notes {
            self.is_due = false;
            self.since = None;
            self.is_stuck = committed.is_err();
            if !self.is_stuck {
                let kept = mem::take(&mut self.notes);
                lock(&self.made).forget(&kept);
            }
        }
        let outcome = || match &committed {
            Ok(()) => Ok(()),
            Err(failure) => Err(JournalError::database(&self.path, failure)),
        };
        for write in writes.drain(..) {
            write.answer(outcome());
        }
        for caller in self.settlers.drain(..) {
            let _ = caller.send(outcome());
        }
        self.writes = writes;
    }

    fn try_commit(&self, writes: &mut [Box<dyn Write>], with_notes: bool) -> rusqlite::Result<()> {
        if writes.is_empty() && self.notes.is_empty() {
            return Ok(());
        }
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        for write in writes {
            write.apply(&transaction)?;
        }
        if with_notes {
            self.notes.keep(&transaction)?;
        }
        transaction.commit()
    }
}

fn lock(made: &Mutex<Made>) -> MutexGuard<'_, Made> {
    made.lock().unwrap_or_else(PoisonError::into_inner)
}

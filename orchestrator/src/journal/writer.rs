//! The one thread that writes: what waits in its queue shares a transaction, so that a commit costs each little.

use std::{
    mem,
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use super::JournalError;
use super::failure::Stop;
use super::notes::{Note, Notes};

/// At most so many writes share a transaction, so that the first does not wait for all.
const GROUP: usize = 4096;

/// How long notes are gathered. A process that is killed loses no more than these.
const GATHERING: Duration = Duration::from_millis(20);

/// So many notes are kept at once.
const MANY: usize = 8192;

/// Queues writes; dropped, it commits what is queued.
pub(super) struct Writer {
    path: Arc<Path>,
    queue: Option<mpsc::Sender<Item>>,
    notes: Arc<Mutex<Vec<Note>>>,
    thread: Option<JoinHandle<()>>,
}

enum Item {
    /// Somebody waits for it.
    Write(Box<dyn Write>),
    /// The same, and all notes made before it are kept with it.
    Settle(Box<dyn Write>),
    /// There are notes, the first ones or many.
    Noted,
}

/// A write that somebody waits for.
trait Write: Send {
    /// Does it. An error stops everything in the transaction.
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Tells who waits, once it is committed or cannot be.
    fn answer(self: Box<Self>, committed: Result<(), JournalError>);
}

struct Task<T, W> {
    work: Option<W>,
    outcome: Option<Result<T, JournalError>>,
    caller: oneshot::Sender<Result<T, JournalError>>,
}

impl<T, W> Write for Task<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> Result<T, Stop> + Send,
{
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        self.outcome = match self.work.take().map(|work| work(connection)) {
            Some(Ok(value)) => Some(Ok(value)),
            Some(Err(Stop::Refused(refusal))) => Some(Err(refusal)),
            Some(Err(Stop::Failed(failure))) => return Err(failure),
            None => None,
        };
        Ok(())
    }

    fn answer(self: Box<Self>, committed: Result<(), JournalError>) {
        let answer = match (committed, self.outcome) {
            (Err(failure), _) => Err(failure),
            (Ok(()), Some(outcome)) => outcome,
            // Dropping the sender says that the write was not done.
            (Ok(()), None) => return,
        };
        // Who no longer waits loses nothing: what was asked for is kept.
        let _ = self.caller.send(answer);
    }
}

impl Writer {
    /// Starts the thread, which writes over `connection` to the journal at `path`.
    pub(super) fn start(connection: Connection, path: Arc<Path>) -> Result<Self, JournalError> {
        let (queue, items) = mpsc::channel();
        let notes = Arc::default();
        let desk = Desk {
            connection,
            path: Arc::clone(&path),
            writes: Vec::new(),
            made: Arc::clone(&notes),
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
            notes,
            thread: Some(thread),
        })
    }

    /// Does `work` in a transaction, and returns what it gives once that is committed.
    pub(super) async fn write<T, W>(&self, work: W) -> Result<T, JournalError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        self.queue_write(Item::Write, work).await
    }

    /// The same; all notes that were made before are committed with it.
    pub(super) async fn settle<T, W>(&self, work: W) -> Result<T, JournalError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        self.queue_write(Item::Settle, work).await
    }

    /// Keeps `note` within a moment.
    pub(super) fn note(&self, note: Note) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(note);
        // Waking the thread for every note would cost more than the note.
        let is_news = notes.len() == 1 || notes.len().is_multiple_of(MANY);
        drop(notes);
        if is_news && self.put(Item::Noted).is_none() {
            tracing::error!(path = %self.path.display(), "the journal's writer has stopped");
        }
    }

    async fn queue_write<T, W>(
        &self,
        item: fn(Box<dyn Write>) -> Item,
        work: W,
    ) -> Result<T, JournalError>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let task = Task {
            work: Some(work),
            outcome: None,
            caller,
        };
        // A queue that is closed drops the task, and the answer tells.
        let _ = self.put(item(Box::new(task)));
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

/// Where the thread works.
struct Desk {
    connection: Connection,
    path: Arc<Path>,
    writes: Vec<Box<dyn Write>>,
    /// Notes as they are made.
    made: Arc<Mutex<Vec<Note>>>,
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
            if !self.writes.is_empty() || (self.is_due && !self.is_stuck) {
                self.commit();
            }
        }
        self.is_due = true;
        self.commit();
    }

    /// The next item; none once notes were gathered for long enough.
    fn wait(&self, items: &mpsc::Receiver<Item>) -> Result<Option<Item>, mpsc::RecvError> {
        let spin: u64 = std::env::var("SPIN")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(0);
        let began = Instant::now();
        while began.elapsed() < Duration::from_micros(spin) {
            if let Ok(item) = items.try_recv() {
                return Ok(Some(item));
            }
            for _ in 0..20 {
                std::hint::spin_loop();
            }
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
            Item::Settle(write) => {
                self.writes.push(write);
                self.is_due = true;
            }
            Item::Noted if self.is_stuck => {}
            Item::Noted => {
                self.since.get_or_insert_with(Instant::now);
                let many = self.made().len() >= MANY;
                self.is_due |= many;
            }
        }
    }

    fn made(&self) -> std::sync::MutexGuard<'_, Vec<Note>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&mut self) {
        let with_notes = self.is_due || self.is_stuck;
        if with_notes {
            let made = mem::take(&mut *self.made());
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
                self.notes = Notes::default();
            }
        }
        for write in writes.drain(..) {
            write.answer(match &committed {
                Ok(()) => Ok(()),
                Err(failure) => Err(JournalError::database(&self.path, failure)),
            });
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

//! A piece of work for the writer, done before its transaction is committed and answered after.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::JournalError;
use super::failure::Stop;

/// Who waits for an answer.
pub(super) type Caller<T> = oneshot::Sender<Result<T, JournalError>>;

/// A write that somebody waits for.
pub(super) trait Write: Send {
    /// Does it. An error stops everything in the transaction.
    fn apply(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Tells who waits, once it is committed or cannot be.
    fn answer(self: Box<Self>, committed: Result<(), JournalError>);
}

/// Work whose outcome is told once it is committed.
pub(super) struct Task<T, W> {
    work: Option<W>,
    outcome: Option<Result<T, JournalError>>,
    caller: Caller<T>,
}

impl<T, W> Task<T, W> {
    /// Work that is not done yet.
    pub(super) fn new(work: W, caller: Caller<T>) -> Self {
        Self {
            work: Some(work),
            outcome: None,
            caller,
        }
    }
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

//! Reads beside the writer: the write-ahead log lets both work at once.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, TryLockError},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode};

use super::JournalError;
use super::failure::Stop;

/// A connection that only reads.
#[derive(Clone)]
pub(super) struct Reader {
    path: Arc<Path>,
    connection: Arc<Mutex<Connection>>,
    patience: Duration,
}

impl Reader {
    /// Reads the journal at `path` over `connection`, and waits for `patience` if it is locked.
    pub(super) fn new(
        connection: Connection,
        path: Arc<Path>,
        patience: Duration,
    ) -> Result<Self, Stop> {
        connection.pragma_update(None, "query_only", true)?;
        // Only reads off the async threads may wait for a lock.
        connection.busy_timeout(Duration::ZERO)?;
        Ok(Self {
            path,
            connection: Arc::new(Mutex::new(connection)),
            patience,
        })
    }

    /// Reads off the async threads.
    pub(super) async fn read<T, L>(&self, look: L) -> Result<T, JournalError>
    where
        T: Send + 'static,
        L: FnOnce(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        let reader = self.clone();
        tokio::task::spawn_blocking(move || {
            let connection = reader
                .connection
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let work = || {
                connection.busy_timeout(reader.patience)?;
                let outcome = look(&connection);
                connection.busy_timeout(Duration::ZERO)?;
                outcome
            };
            work().map_err(|stop| stop.at(&reader.path))
        })
        .await
        .unwrap_or_else(|failure| {
            Err(JournalError::other(
                format!("reading the journal was stopped: {failure}"),
                "try again",
            ))
        })
    }

    /// A look-up of a few microseconds, here and now where nobody is in the way. A hop to another thread would
    /// cost several times as much.
    pub(super) async fn glance<T, L>(&self, look: L) -> Result<T, JournalError>
    where
        T: Send + 'static,
        L: Fn(&Connection) -> Result<T, Stop> + Send + 'static,
    {
        match self.try_glance(&look) {
            Some(outcome) => outcome.map_err(|stop| stop.at(&self.path)),
            None => self.read(look).await,
        }
    }

    fn try_glance<T>(
        &self,
        look: &impl Fn(&Connection) -> Result<T, Stop>,
    ) -> Option<Result<T, Stop>> {
        let connection = match self.connection.try_lock() {
            Ok(connection) => connection,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        match look(&connection) {
            Err(Stop::Failed(failure))
                if failure.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                None
            }
            outcome => Some(outcome),
        }
    }
}

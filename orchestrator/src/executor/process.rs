//! Runs calls in other processes, which get nothing but serialised calls.
//!
//! A tool that crashes, eats all memory or does not stop takes down its worker and the calls beside it there, never
//! this process. Artifacts do not cross: workers find them by digest in the store that they share with this process.
//!
//! ```text
//! ProcessDispatcher ─ Connection ─ Supervision ═ stdin, stdout, stderr ═ worker process: serve_standard_streams
//!        │                                                                   └ what its tools start
//!        └ Connection ─ Supervision ═ ...
//! ```

mod connection;
mod failure;
mod group;
mod last_words;
pub(super) mod protocol;
mod supervision;

use std::{
    ffi::OsString,
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use self::{
    connection::{Connection, Outgoing, Ticket},
    failure::WorkerFailure,
    protocol::{Order, encode},
};
use super::{Dispatcher, StepCall, StepControl, StepOutcome};

/// A run must stop within 100 ms; the rest is for ending the processes.
const CANCEL_GRACE: Duration = Duration::from_millis(80);

/// How a worker process is started. Its program ends in [`serve_standard_streams`](crate::serve_standard_streams).
#[derive(Clone)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What is added to this process's environment, by name.
    pub environment: Vec<(OsString, OsString)>,
}

/// Calls providers in child processes that are started when they are needed and then kept.
///
/// Several calls may be in flight on each worker. A call goes to the worker with the fewest; another is started while
/// none is idle and the limit allows it. When a worker dies, the calls that it had fail with the code `worker_died`
/// and the next call starts another.
///
/// A cancelled call has 80 ms to end by itself. If it does not, it is given up, and its worker is killed with all that
/// it started (on Unix) as soon as no other call is in flight there; meanwhile the worker gets no new calls.
///
/// Dropping the dispatcher kills its workers. When this process dies, even by SIGKILL, they end by themselves.
pub struct ProcessDispatcher {
    command: WorkerCommand,
    workers: usize,
    cancel_grace: Duration,
    next_id: AtomicU64,
    connections: Mutex<Vec<Arc<Connection>>>,
}

impl ProcessDispatcher {
    /// Calls over at most `workers` processes at once, at least one; none is started yet.
    #[must_use]
    pub fn new(command: WorkerCommand, workers: usize) -> Self {
        Self {
            command,
            workers: workers.max(1),
            cancel_grace: CANCEL_GRACE,
            next_id: AtomicU64::new(0),
            connections: Mutex::default(),
        }
    }

    /// Sets how long a cancelled call has to end by itself.
    #[must_use]
    pub const fn with_cancel_grace(mut self, grace: Duration) -> Self {
        self.cancel_grace = grace;
        self
    }

    fn begin(&self, call: StepCall, control: &StepControl) -> Result<Ticket, WorkerFailure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let order = Order::Call {
            id,
            call: Box::new(call),
        };
        let mut outgoing = Outgoing {
            id,
            line: encode(&order).map_err(WorkerFailure::Call)?,
            progress: Arc::clone(&control.progress),
        };
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| !connection.is_closed());
        while let Some(connection) = self.least_loaded(&connections) {
            match connection.begin(outgoing) {
                Ok(ticket) => return Ok(ticket),
                // It ended between the look and the call.
                Err(back) => outgoing = back,
            }
        }
        let (connection, ticket) = supervision::start(&self.command, self.cancel_grace, outgoing)?;
        connections.push(connection);
        Ok(ticket)
    }

    /// The worker to call, unless one should be started.
    fn least_loaded<'a>(&self, connections: &'a [Arc<Connection>]) -> Option<&'a Arc<Connection>> {
        let open = || {
            connections
                .iter()
                .filter_map(|connection| Some((connection.load()?, connection)))
        };
        let (load, connection) = open().min_by_key(|(load, _)| *load)?;
        (load == 0 || open().count() >= self.workers).then_some(connection)
    }
}

#[async_trait]
impl Dispatcher for ProcessDispatcher {
    async fn dispatch(&self, call: StepCall, control: StepControl) -> StepOutcome {
        if control.cancel.is_cancelled() {
            return StepOutcome::Cancelled;
        }
        let mut ticket = match self.begin(call, &control) {
            Ok(ticket) => ticket,
            Err(failure) => return failure.outcome(""),
        };
        tokio::select! {
            outcome = ticket.outcome() => return outcome,
            () = control.cancel.cancelled() => {}
        }
        ticket.cancel();
        ticket.outcome().await
    }
}

impl Drop for ProcessDispatcher {
    fn drop(&mut self) {
        let connections = self
            .connections
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for connection in connections {
            connection.end();
        }
    }
}

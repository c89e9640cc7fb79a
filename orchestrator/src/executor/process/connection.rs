//! One worker process, as those who call it see it: calls in, outcomes out, and what became of the worker.
//!
//! Knows nothing of pipes and process ids; those are with [`supervision`](super::supervision).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};
use tokio_util::sync::CancellationToken;

use super::{
    super::StepOutcome,
    protocol::{Order, encode},
};
use crate::{Progress, ProgressSink};

/// A call that is ready to be sent.
pub(super) struct Outgoing {
    pub(super) id: u64,
    /// The encoded [`Order::Call`] of that id.
    pub(super) line: Vec<u8>,
    pub(super) progress: ProgressSink,
}

/// A running worker process.
pub(super) struct Connection {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    /// How long the worker has to answer a call that was cancelled before it is no longer counted on.
    grace: Duration,
    ending: CancellationToken,
    runtime: Handle,
    state: Mutex<State>,
}

struct State {
    stage: Stage,
    in_flight: HashMap<u64, InFlight>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Takes calls.
    Open,
    /// Finishes the calls that it has and is then ended, because it ends already or a call that was given up runs on.
    Retired,
    /// The process is gone.
    Closed,
}

impl State {
    fn retire(&mut self) {
        if self.stage == Stage::Open {
            self.stage = Stage::Retired;
        }
    }
}

struct InFlight {
    reply: oneshot::Sender<StepOutcome>,
    progress: ProgressSink,
    cancelled: bool,
}

impl Connection {
    /// A worker to whom `lines` are written, on the runtime that is running now.
    pub(super) fn new(lines: mpsc::UnboundedSender<Vec<u8>>, grace: Duration) -> Self {
        Self {
            lines,
            grace,
            ending: CancellationToken::new(),
            runtime: Handle::current(),
            state: Mutex::new(State {
                stage: Stage::Open,
                in_flight: HashMap::new(),
            }),
        }
    }

    /// Gives the worker a call; gives it back if the worker takes no more.
    pub(super) fn begin(self: &Arc<Self>, call: Outgoing) -> Result<Ticket, Outgoing> {
        let mut state = self.state();
        if state.stage != Stage::Open {
            return Err(call);
        }
        let (reply, outcome) = oneshot::channel();
        let in_flight = InFlight {
            reply,
            progress: call.progress,
            cancelled: false,
        };
        state.in_flight.insert(call.id, in_flight);
        self.write(call.line);
        Ok(Ticket {
            connection: Arc::clone(self),
            id: call.id,
            outcome,
        })
    }

    /// How many calls are in flight, if the worker takes more.
    pub(super) fn load(&self) -> Option<usize> {
        let state = self.state();
        (state.stage == Stage::Open).then_some(state.in_flight.len())
    }

    /// Whether the process is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.state().stage == Stage::Closed
    }

    /// Asks for the process to be killed.
    pub(super) fn end(&self) {
        self.ending.cancel();
    }

    /// Comes back once [`Connection::end`] was called.
    pub(super) async fn wait_for_end(&self) {
        self.ending.cancelled().await;
    }

    /// Takes the worker's answer to a call. An answer to a call that was given up comes too late for anyone.
    pub(super) fn settle(&self, id: u64, outcome: StepOutcome) {
        let mut state = self.state();
        if let Some(call) = state.in_flight.remove(&id) {
            // Whoever dropped the receiver does not want to know.
            let _ = call.reply.send(outcome);
            self.end_if_spent(&state);
        }
    }

    /// Passes on how far a call has come, while somebody waits for it.
    pub(super) fn forward(&self, id: u64, progress: Progress) {
        let sink = match self.state().in_flight.get(&id) {
            Some(call) if !call.reply.is_closed() => Arc::clone(&call.progress),
            _ => return,
        };
        sink(progress);
    }

    /// Takes no more calls; those in flight go on.
    pub(super) fn retire(&self) {
        self.state().retire();
    }

    /// Stops waiting for a call that may go on regardless. Only the end of its process ends it for sure.
    pub(super) fn give_up(&self, id: u64, outcome: StepOutcome) {
        let mut state = self.state();
        if let Some(call) = state.in_flight.remove(&id) {
            let _ = call.reply.send(outcome);
            state.retire();
            self.end_if_spent(&state);
        }
    }

    /// Takes note that the process is gone; every call that is still in flight failed with it.
    pub(super) fn close(&self, failure: &StepOutcome) {
        let mut state = self.state();
        state.stage = Stage::Closed;
        for (_, call) in state.in_flight.drain() {
            let outcome = if call.cancelled {
                StepOutcome::Cancelled
            } else {
                failure.clone()
            };
            let _ = call.reply.send(outcome);
        }
    }

    /// Tells the worker once that a call is no longer wanted, and gives it up if no answer follows.
    fn cancel(self: &Arc<Self>, id: u64) {
        let mut state = self.state();
        let Some(call) = state.in_flight.get_mut(&id) else {
            return;
        };
        if std::mem::replace(&mut call.cancelled, true) {
            return;
        }
        if let Ok(line) = encode(&Order::Cancel { id }) {
            self.write(line);
        }
        let connection = Arc::clone(self);
        self.runtime.spawn(async move {
            tokio::time::sleep(connection.grace).await;
            connection.give_up(id, StepOutcome::Cancelled);
        });
    }

    fn end_if_spent(&self, state: &State) {
        if state.stage == Stage::Retired && state.in_flight.is_empty() {
            self.end();
        }
    }

    fn write(&self, line: Vec<u8>) {
        // A worker that is gone is noticed by its supervision, which settles its calls.
        let _ = self.lines.send(line);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call in flight. Dropping it cancels the call.
pub(super) struct Ticket {
    connection: Arc<Connection>,
    id: u64,
    outcome: oneshot::Receiver<StepOutcome>,
}

impl Ticket {
    /// How the call ended.
    pub(super) async fn outcome(&mut self) -> StepOutcome {
        // Every call is answered before its sender goes; without an answer nobody wants it any more.
        (&mut self.outcome).await.unwrap_or(StepOutcome::Cancelled)
    }

    /// Says that the result is no longer wanted; the outcome follows within the grace time.
    pub(super) fn cancel(&self) {
        self.connection.cancel(self.id);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.cancel();
    }
}

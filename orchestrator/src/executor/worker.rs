//! The other side of a process dispatcher: takes calls, runs each in a task of its own, and says what became of it.
//!
//! Knows nothing of who asks; when the input ends, whoever asked is gone, and so is the reason to go on.

mod standard_streams;

use std::{collections::HashMap, io, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, Stream, StreamExt, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::mpsc,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub use standard_streams::serve_standard_streams;

use super::{
    Dispatcher, StepCall, StepControl, StepOutcome,
    process::protocol::{EncodeError, Order, Reply, decode, encode, read_line},
};
use crate::{Progress, ProgressSink, Spending, StepError};

/// How many messages may wait to be written. Progress beyond that is dropped, outcomes wait.
const QUEUE_LIMIT: usize = 4_096;

/// How long cancelled calls have to end when the input has ended.
const PARTING_GRACE: Duration = Duration::from_millis(80);

/// Runs the calls that come in over `input` with `dispatcher`, until `input` ends.
///
/// Then the calls in flight are cancelled, and aborted if they do not end at once. A call that panics is a failed
/// outcome with the code `panicked`. Progress is dropped rather than keeping a tool waiting for a slow reader.
/// Programs that are started as workers call [`serve_standard_streams`] instead.
///
/// # Errors
/// When `input` or `output` fails, or `input` holds a line that is longer than a message may be or is none.
pub async fn serve(
    dispatcher: Arc<dyn Dispatcher>,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let lines = stream::unfold(BufReader::new(input), |mut reader| async {
        let line = read_line(&mut reader).await.transpose()?;
        Some((line, reader))
    });
    serve_lines(dispatcher, lines, output).await
}

async fn serve_lines(
    dispatcher: Arc<dyn Dispatcher>,
    lines: impl Stream<Item = io::Result<Vec<u8>>>,
    mut output: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    // Before the first call, which may well be the last thing that this process does.
    output.write_all(&ready()?).await?;
    output.flush().await?;
    let (outbox, queue) = mpsc::channel(QUEUE_LIMIT);
    let parting = CancellationToken::new();
    let finished = CancellationToken::new();
    let mut calls = Calls {
        dispatcher,
        outbox,
        parting: parting.clone(),
        tokens: HashMap::new(),
        running: JoinSet::new(),
    };
    let working = async {
        let ended = tokio::select! {
            ended = calls.listen(lines) => ended,
            () = parting.cancelled() => Ok(()),
        };
        parting.cancel();
        let _ = timeout(PARTING_GRACE, calls.drain()).await;
        drop(calls);
        finished.cancel();
        ended
    };
    let writing = async {
        let written = write_queue(queue, output, &finished).await;
        parting.cancel();
        written
    };
    // Both in this task, so that tools which block every thread of the runtime cannot keep them from running.
    let (ended, written) = tokio::join!(working, writing);
    ended.and(written)
}

/// Writes what is queued until `finished`, and then what is left.
async fn write_queue(
    mut queue: mpsc::Receiver<Vec<u8>>,
    mut output: impl AsyncWrite + Unpin,
    finished: &CancellationToken,
) -> io::Result<()> {
    loop {
        let line = tokio::select! {
            line = queue.recv() => line,
            () = finished.cancelled() => {
                // A tool that blocks its thread may hold a sender for long; nobody waits for it.
                queue.close();
                queue.recv().await
            }
        };
        let Some(line) = line else { break };
        output.write_all(&line).await?;
        if queue.is_empty() {
            output.flush().await?;
        }
    }
    output.flush().await
}

fn ready() -> io::Result<Vec<u8>> {
    encode(&Reply::Ready).map_err(io::Error::other)
}

/// The calls in flight.
struct Calls {
    dispatcher: Arc<dyn Dispatcher>,
    outbox: mpsc::Sender<Vec<u8>>,
    parting: CancellationToken,
    tokens: HashMap<u64, CancellationToken>,
    running: JoinSet<u64>,
}

impl Calls {
    async fn listen(&mut self, lines: impl Stream<Item = io::Result<Vec<u8>>>) -> io::Result<()> {
        let mut lines = std::pin::pin!(lines);
        loop {
            tokio::select! {
                line = lines.next() => match line {
                    Some(line) => self.receive(line?).await?,
                    None => return Ok(()),
                },
                Some(Ok(id)) = self.running.join_next() => {
                    self.tokens.remove(&id);
                }
            }
        }
    }

    async fn receive(&mut self, line: Vec<u8>) -> io::Result<()> {
        match decode(line).await {
            Ok(Order::Call { id, call }) => self.start(id, *call),
            Ok(Order::Cancel { id }) => {
                if let Some(token) = self.tokens.get(&id) {
                    token.cancel();
                }
            }
            Err(error) => {
                let Some(id) = error.id else {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                };
                let outcome = StepOutcome::failed(StepError {
                    causes: vec![error.to_string()],
                    ..StepError::new(
                        "worker_garbled",
                        "the worker process cannot read the call",
                        Some("use a worker of the same version"),
                    )
                });
                let outbox = self.outbox.clone();
                self.running.spawn(async move {
                    let _ = outbox.send(line_of(id, outcome)).await;
                    id
                });
            }
        }
        Ok(())
    }

    fn start(&mut self, id: u64, call: StepCall) {
        let cancel = self.parting.child_token();
        self.tokens.insert(id, cancel.clone());
        let outbox = self.outbox.clone();
        let control = StepControl {
            cancel,
            progress: progress_sink(id, outbox.clone()),
            spending: Spending::unlimited(),
        };
        let dispatcher = Arc::clone(&self.dispatcher);
        self.running.spawn(async move {
            let dispatch = AssertUnwindSafe(dispatcher.dispatch(call, control));
            let outcome = dispatch
                .catch_unwind()
                .await
                .unwrap_or_else(|_| StepOutcome::failed(panicked()));
            // Without a reader there is nobody to tell.
            let _ = outbox.send(line_of(id, outcome)).await;
            id
        });
    }

    async fn drain(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

fn progress_sink(id: u64, outbox: mpsc::Sender<Vec<u8>>) -> ProgressSink {
    Arc::new(move |progress: Progress| {
        if let Ok(line) = encode(&Reply::Progress { id, progress }) {
            let _ = outbox.try_send(line);
        }
    })
}

/// The message that a call ended, or that its outcome cannot be told.
fn line_of(id: u64, outcome: StepOutcome) -> Vec<u8> {
    let reply = Reply::Outcome { id, outcome };
    encode(&reply)
        .or_else(|error| {
            let outcome = StepOutcome::failed(untold(&error));
            encode(&Reply::Outcome { id, outcome })
        })
        .unwrap_or_default()
}

fn untold(error: &EncodeError) -> StepError {
    let code = match error {
        EncodeError::TooLarge => "outcome_too_large",
        EncodeError::Malformed(_) => "bad_output",
    };
    StepError {
        causes: vec![error.to_string()],
        ..StepError::new(
            code,
            "the result cannot be given back by the worker process",
            Some("keep large results in the store, as artifacts"),
        )
    }
}

fn panicked() -> StepError {
    StepError::new(
        "panicked",
        "the tool stopped on a defect of its own",
        Some("report it, with the file that it was given"),
    )
}

#[cfg(test)]
mod tests;

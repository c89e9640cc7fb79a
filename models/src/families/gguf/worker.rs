//! The thread that owns a loaded network: it answers requests one after the other until nobody can make any.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
};

use medley_orchestrator::{ChatDelta, ChatError, Lease, Usage};
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tokio_util::sync::CancellationToken;

use super::{
    error::{GgufError, Problem},
    generation::{Decoder, Order, Piece},
    header::Header,
    metadata::Metadata,
    network::Network,
};

/// A request in the queue.
pub(super) struct Job {
    pub(super) order: Order,
    pub(super) cancel: CancellationToken,
    pub(super) deltas: UnboundedSender<Result<ChatDelta, ChatError>>,
}

/// A loaded network; dropping it ends its thread.
pub(super) struct Loaded {
    /// None only while dropping.
    jobs: Mutex<Option<Sender<Job>>>,
    /// None only while dropping.
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
    /// Its memory, given back when it is gone.
    _lease: Lease,
}

impl Loaded {
    /// Loads the network on a new thread, and returns when it takes requests.
    pub(super) async fn load(header: Arc<Header>, lease: Lease) -> Result<Self, GgufError> {
        let path = header.path.clone();
        let (report, loaded) = oneshot::channel();
        let (jobs, queue) = channel();
        let thread = thread::Builder::new()
            .name("gguf".to_owned())
            .spawn(move || match open(&header) {
                Ok(mut decoder) => {
                    if report.send(Ok(())).is_ok() {
                        serve(&mut decoder, &header, &queue);
                    }
                }
                // Nobody is left to tell if the channel is closed.
                Err(problem) => drop(report.send(Err(problem))),
            })
            .map_err(|error| Problem::Read(error).at(&path))?;
        let outcome = loaded.await.unwrap_or(Err(Problem::Gone));
        outcome.map_err(|problem| problem.at(&path))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            thread: Some(thread),
            path,
            _lease: lease,
        })
    }

    /// Queues a request.
    pub(super) fn send(&self, job: Job) -> Result<(), GgufError> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let sent = jobs.as_ref().and_then(|jobs| jobs.send(job).ok());
        sent.ok_or_else(|| Problem::Gone.at(&self.path))
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        let jobs = self.jobs.get_mut().unwrap_or_else(PoisonError::into_inner);
        drop(jobs.take());
        // The memory is free when the thread is gone, which takes no longer than the token that it is at.
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has closed its callers' streams.
            let _ = thread.join();
        }
    }
}

fn open(header: &Header) -> Result<Decoder, Problem> {
    let mut metadata = Metadata::open(&header.path)?;
    let network = Network::load(&mut metadata, &header.shape)?;
    Ok(Decoder::new(network, header.shape.clone()))
}

fn serve(decoder: &mut Decoder, header: &Header, queue: &Receiver<Job>) {
    for job in queue {
        // A defect in a kernel must not take the model from those who ask next; whoever asked sees the stream break off.
        let answered = catch_unwind(AssertUnwindSafe(|| answer(decoder, header, job)));
        if answered.is_err() {
            decoder.forget();
        }
    }
}

fn answer(decoder: &mut Decoder, header: &Header, job: Job) {
    let Job {
        order,
        cancel,
        deltas,
    } = job;
    let mut usage = Usage {
        input_tokens: order.prompt.len() as u64,
        ..Usage::default()
    };
    // A stream that nobody reads is seen by `cancelled`, not here.
    let send = |delta| drop(deltas.send(Ok(delta)));
    let cancelled = || cancel.is_cancelled() || deltas.is_closed();
    let mut emit = |piece| match piece {
        Piece::Text(text) => send(ChatDelta::Text { text }),
        Piece::Written(count) => usage.output_tokens = count as u64,
    };
    let finish = decoder.reply(order, &header.tokenizer, &cancelled, &mut emit);
    match finish {
        Ok(reason) => {
            send(ChatDelta::Usage { usage });
            send(ChatDelta::Finish { reason });
        }
        Err(broken) => {
            let error = broken.into_error(&header.name, &header.path);
            // Likewise.
            drop(deltas.send(Err(error)));
        }
    }
}

//! The handle that callers hold: it sends work to the model's worker and waits for the answer.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread::{self, JoinHandle};

use medley_orchestrator::Lease;
use ndarray::{ArrayD, ArrayViewD};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::batch::Job;
use super::block_on::block_on;
use crate::ModelError;

/// What a model says about itself.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// For each input, its axes; `None` where the size is free.
    pub(super) inputs: Vec<Vec<Option<usize>>>,
    /// The same for each output.
    pub(super) outputs: Vec<Vec<Option<usize>>>,
    /// The model's own key-value notes.
    pub(super) metadata: HashMap<String, String>,
}

/// A loaded model; dropping it ends its worker and frees the model.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) facts: Facts,
    /// `None` only while dropping.
    pub(super) jobs: Option<Sender<Job>>,
    /// `None` only while dropping.
    pub(super) worker: Option<JoinHandle<()>>,
    /// Its memory, given back when it is gone.
    pub(super) _lease: Lease,
}

impl Loaded {
    pub(super) fn is_alive(&self) -> bool {
        self.worker
            .as_ref()
            .is_some_and(|worker| !worker.is_finished())
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // The worker ends when its queue closes. It is waited for, because a process that exits
        // while the library frees a session on another thread may crash in the library.
        drop(self.jobs.take());
        if let Some(worker) = self.worker.take()
            && worker.thread().id() != thread::current().id()
        {
            // A worker that panicked has already failed its callers.
            let _ = worker.join();
        }
    }
}

/// A handle to a loaded model; clones share it, and the last one to go unloads it.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) loaded: Arc<Loaded>,
}

impl Session {
    pub(super) fn new(loaded: Arc<Loaded>) -> Self {
        Self { loaded }
    }

    /// Runs the model on `input` and waits for its first output.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the library refuses the input, [`ModelError::WorkerGone`] if
    /// the model's thread has ended, [`ModelError::InferenceCancelled`] as soon as `cancel` is set.
    pub fn run(
        &self,
        input: ArrayD<f32>,
        cancel: &CancellationToken,
    ) -> Result<ArrayD<f32>, ModelError> {
        self.run_with(input, cancel, |output| output.to_owned())
    }

    /// Runs the model on `input` and hands the output to `read` without copying it.
    ///
    /// `read` runs on the model's thread, so it should be short; it is for outputs that are much
    /// larger than what is wanted of them.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_with<R, F>(
        &self,
        input: ArrayD<f32>,
        cancel: &CancellationToken,
        read: F,
    ) -> Result<R, ModelError>
    where
        R: Send + 'static,
        F: FnOnce(ArrayViewD<'_, f32>) -> R + Send + 'static,
    {
        block_on(self.run_with_async(input, cancel, read))
    }

    /// As [`Session::run_with`], without blocking the thread.
    ///
    /// Cancel-safe: a dropped call that has not started is skipped by the worker.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub async fn run_with_async<R, F>(
        &self,
        input: ArrayD<f32>,
        cancel: &CancellationToken,
        read: F,
    ) -> Result<R, ModelError>
    where
        R: Send + 'static,
        F: FnOnce(ArrayViewD<'_, f32>) -> R + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        // Also set when the caller drops this future, so that nothing runs for nobody.
        let abandoned = cancel.child_token();
        let _guard = abandoned.clone().drop_guard();
        let job = Job {
            input,
            cancel: abandoned,
            answer: Box::new(move |output| {
                // A caller that no longer waits needs no answer.
                let _ = sender.send(output.map(read));
            }),
        };
        self.loaded
            .jobs
            .as_ref()
            .and_then(|jobs| jobs.send(job).ok())
            .ok_or_else(|| self.gone())?;
        match cancel.run_until_cancelled(receiver).await {
            None => Err(ModelError::InferenceCancelled),
            Some(Err(_)) => Err(self.gone()),
            Some(Ok(answer)) => answer,
        }
    }

    /// The model file.
    pub fn path(&self) -> &Path {
        &self.loaded.path
    }

    /// The model's own note under `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.loaded.facts.metadata.get(key).map(String::as_str)
    }

    /// The axes of each input; `None` where the size is free.
    pub fn inputs(&self) -> &[Vec<Option<usize>>] {
        &self.loaded.facts.inputs
    }

    /// The axes of each output; `None` where the size is free.
    pub fn outputs(&self) -> &[Vec<Option<usize>>] {
        &self.loaded.facts.outputs
    }

    fn gone(&self) -> ModelError {
        ModelError::WorkerGone {
            path: self.loaded.path.clone(),
        }
    }
}

//! The pool: whoever asks for a model file gets the one session that has it loaded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{fs, thread};

use medley_orchestrator::{Lease, Ledger, Resources};

use super::session::{Loaded, Session};
use super::worker;
use super::{OnnxRuntime, batch};
use crate::ModelError;

/// How sessions compute.
#[derive(Clone, Copy, Debug)]
pub struct SessionsOptions {
    /// Threads that one inference may use; 0 lets the library choose.
    pub threads: usize,
    /// Rows (axis 0) that may run together when calls wait at the same time; 1 turns batching off.
    pub max_batch: usize,
}

impl Default for SessionsOptions {
    fn default() -> Self {
        Self {
            threads: thread::available_parallelism().map_or(1, usize::from),
            max_batch: batch::DEFAULT_ROWS,
        }
    }
}

/// A place in the pool; its lock is held while the model loads, so that others wait for that load.
type Slot = Arc<Mutex<Weak<Loaded>>>;

/// A pool of ONNX sessions; a model stays loaded as long as someone holds a [`Session`] of it.
#[derive(Debug)]
pub struct Sessions {
    runtime: OnnxRuntime,
    options: SessionsOptions,
    ledger: Ledger,
    slots: Mutex<HashMap<PathBuf, Slot>>,
}

impl Sessions {
    /// An empty pool on the given library; what is loaded takes its memory from `ledger`.
    pub fn new(runtime: OnnxRuntime, options: SessionsOptions, ledger: Ledger) -> Self {
        Self {
            runtime,
            options,
            ledger,
            slots: Mutex::default(),
        }
    }

    /// Opens the model at `model`; blocks while it loads, here or on another thread.
    ///
    /// # Errors
    /// [`ModelError::ModelLoad`] if the file cannot be read or is no model for this library, [`ModelError::NoMemory`]
    /// if it does not fit beside what is loaded and running.
    pub fn open(&self, model: &Path) -> Result<Session, ModelError> {
        let path = model
            .canonicalize()
            .map_err(|error| ModelError::ModelLoad {
                path: model.to_owned(),
                problem: error.to_string(),
            })?;
        let slot = self
            .slots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(path.clone())
            .or_default()
            .clone();
        let mut place = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = place.upgrade().filter(|loaded| loaded.is_alive()) {
            return Ok(Session::new(loaded));
        }
        let lease = self.lease(&path)?;
        let loaded = Arc::new(worker::start(&self.runtime, path, self.options, lease)?);
        *place = Arc::downgrade(&loaded);
        Ok(Session::new(loaded))
    }

    /// Takes the memory for a model: its file and half as much again for what it computes with.
    fn lease(&self, model: &Path) -> Result<Lease, ModelError> {
        let bytes = fs::metadata(model).map_or(0, |facts| facts.len());
        let wanted = Resources {
            memory: bytes + bytes / 2,
            ..Resources::default()
        };
        self.ledger
            .lease_making_room(&wanted)
            .ok_or_else(|| ModelError::NoMemory {
                path: model.to_owned(),
                bytes: wanted.memory,
            })
    }

    /// Opens several models at the same time, in the order given.
    ///
    /// # Errors
    /// As [`Sessions::open`]; the first error in order.
    pub fn open_all<const N: usize>(&self, models: [&Path; N]) -> Result<[Session; N], ModelError> {
        let opened = thread::scope(|scope| {
            models
                .map(|model| scope.spawn(move || self.open(model)))
                .map(thread::ScopedJoinHandle::join)
        });
        let mut sessions = Vec::with_capacity(N);
        for (opened, model) in opened.into_iter().zip(models) {
            // A thread that panicked has opened nothing.
            sessions.push(opened.unwrap_or_else(|_| Err(gone(model)))?);
        }
        let path = models.first().copied().unwrap_or(Path::new(""));
        sessions.try_into().map_err(|_| gone(path))
    }
}

fn gone(model: &Path) -> ModelError {
    ModelError::WorkerGone {
        path: model.to_owned(),
    }
}

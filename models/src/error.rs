//! What can go wrong between a model file and an answer.
//!
//! Knows nothing of the tools that use the models; each message says what happened and, where a
//! person can do something about it, the way out.

use std::path::PathBuf;

/// An error of a model, of the library that runs it, or of one inference.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The ONNX Runtime library could not be loaded.
    #[error(
        "ONNX Runtime could not be loaded from {path}: {message}; \
         point ORT_DYLIB_PATH at a library of version 1.24 or later"
    )]
    RuntimeLoad {
        /// The library that was tried.
        path: PathBuf,
        /// What the loader said.
        message: String,
    },
    /// A second, different ONNX Runtime library was asked for.
    #[error(
        "ONNX Runtime is already loaded from {loaded}, so {asked} cannot be used in this process; \
         start a new process to change the library"
    )]
    RuntimeAlreadyLoaded {
        /// The library in use.
        loaded: PathBuf,
        /// The library that was asked for.
        asked: PathBuf,
    },
    /// A model file could not be read or is not a model that the library understands.
    #[error("model {path} could not be loaded: {message}; fetch it again if it is damaged")]
    ModelLoad {
        /// The model file.
        path: PathBuf,
        /// What the library said.
        message: String,
    },
    /// A model loads, but is not of the family that was expected.
    #[error("model {path} does not fit: {message}; use the model that the catalogue names")]
    UnexpectedModel {
        /// The model file.
        path: PathBuf,
        /// What is different.
        message: String,
    },
    /// One inference failed.
    #[error("inference with {path} failed: {message}")]
    Inference {
        /// The model file.
        path: PathBuf,
        /// What the library said.
        message: String,
    },
    /// The thread that owns a model has ended; the model has to be opened again.
    #[error("the worker of {path} has ended; open the model again")]
    WorkerGone {
        /// The model file.
        path: PathBuf,
    },
    /// A picture cannot be worked on.
    #[error("the picture cannot be read: {message}")]
    Picture {
        /// What is wrong with it.
        message: String,
    },
    /// The caller cancelled the work.
    #[error("cancelled")]
    Cancelled,
}

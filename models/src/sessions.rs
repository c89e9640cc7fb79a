//! ONNX models in memory: one library a process, one load a model, one queue a session.
//!
//! [`OnnxRuntime`] is the native library, [`Sessions`] the pool, [`Session`] a handle to a loaded
//! model. A model lives on its own worker thread, because the library wants one owner for each
//! session; callers queue there, and calls of equal shape that wait together run as one batch.
//! Nothing outside this module sees a type of `ort`. Knows nothing of what the arrays mean.

mod batch;
mod block_on;
mod pool;
mod runtime;
mod session;
mod worker;

pub use pool::{Sessions, SessionsOptions};
pub use runtime::OnnxRuntime;
pub use session::Session;

#[cfg(test)]
pub(crate) mod tests;

//! Where files, native libraries and sessions come from, and the model families that run on them.

pub mod families;
pub mod sessions;

mod error;

pub use error::ModelError;

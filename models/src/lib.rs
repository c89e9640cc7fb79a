//! medley-models

pub mod processing;

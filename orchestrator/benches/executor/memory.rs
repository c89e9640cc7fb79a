//! How much memory many large artifacts take.

/// 10,000 steps that make 1 MB each.
pub(crate) fn many_artifacts() {}

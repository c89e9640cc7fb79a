//! medley-models

//! medley-workflows

//! medley-tests

//! medley

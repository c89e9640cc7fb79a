//! medley-tools

//! medley-generators

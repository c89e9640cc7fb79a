//! medley-planners

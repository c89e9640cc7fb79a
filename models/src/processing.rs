//! What happens to pictures and samples before and after a model sees them; knows no model.

pub mod picture;

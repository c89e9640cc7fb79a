//! What happens to pictures, samples and text before and after a model sees them; knows no model.

pub mod language;
pub mod picture;

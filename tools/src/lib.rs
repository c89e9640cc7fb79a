//! Tools that perceive and transform.

mod language_identification;

pub use language_identification::LanguageIdentification;

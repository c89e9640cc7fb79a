//! From a request to steps, and from what was done to an answer.
//!
//! [`EmbeddedPlanner`] plans without a language model: the clauses of a request are matched to capabilities by
//! sentence embeddings and words, and a search over the types of the tools connects them. [`Controller`]
//! plans with one. [`LanguageRefiner`] writes the answer with a language model, and [`TemplateRefiner`] puts the results
//! in order without. Which tools there are is not known here: all read it off the registry. [`repair`](fn@repair)
//! mends the drafts of any planner, and [`evaluation`] measures how good plans are.
#![forbid(unsafe_code)]

mod controller;
pub mod dialect;
mod embedded;
pub mod evaluation;
mod excerpts;
mod refiner;
mod repair;
mod template_refiner;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
#[path = "../tests/support/scripted.rs"]
mod scripted;

pub use controller::{Controller, ControllerOptions, Example, ExampleError, PlanForm};
pub use embedded::{EmbeddedPlanner, Encoder, LazyEncoder, RetrievalError, Retriever};
pub use refiner::LanguageRefiner;
pub use repair::{Hints, Nearest, Repair, RepairCode, Repaired, repair};
pub use template_refiner::TemplateRefiner;

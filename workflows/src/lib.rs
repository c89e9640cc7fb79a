//! Workflows: plain scripts that grow a graph, one step a call.
//!
//! A script is read and checked ([`Script`]), and run by a [`ScriptRunner`]: each call of a tool becomes a step at once,
//! and reading what it gives waits. What a step is and how it runs is known only through `medley-orchestrator`.
#![forbid(unsafe_code)]

mod arguments;
mod author;
mod catalogue;
mod definitions;
mod engine;
mod error;
mod limits;
mod manifest;
mod runner;
mod script;
mod source;

pub use author::{ProgramAuthor, Review};
pub use catalogue::Bundled;
pub use definitions::definitions;
pub use error::{Place, ScriptError, ScriptErrors};
pub use limits::ScriptLimits;
pub use manifest::{InputNote, Manifest};
pub use runner::{GivenScript, ScriptRunner, functions};
pub use script::{ModuleError, Script, gather};

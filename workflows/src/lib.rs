//! Workflows: plain scripts that grow a graph, one step a call.
//!
//! This crate holds the contract of a workflow, what it says of itself before it runs. Running scripts comes here; what
//! a step is and how it runs is known only through `medley-orchestrator`.
#![forbid(unsafe_code)]

use medley_orchestrator::{Kind, Parameter, Registry};
use serde::{Deserialize, Serialize};

/// What a workflow says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The workflow's name in snake case.
    pub name: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// The arguments that it takes besides files.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// The kinds of the files that it works on, in order.
    #[serde(default)]
    pub inputs: Vec<Kind>,
    /// The capabilities that it calls.
    #[serde(default)]
    pub calls: Vec<String>,
}

impl Manifest {
    /// The capabilities that the workflow calls and that nothing here can provide.
    #[must_use]
    pub fn missing<'a>(&'a self, registry: &Registry) -> Vec<&'a str> {
        let can_run = |name: &str| {
            registry
                .get(name)
                .is_some_and(|entry| entry.usable_provider().is_some())
        };
        self.calls
            .iter()
            .map(String::as_str)
            .filter(|name| !can_run(name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_says_what_is_missing() {
        let manifest = Manifest {
            name: "read_aloud".to_owned(),
            purpose: "Reads a document out loud".to_owned(),
            parameters: Vec::new(),
            inputs: vec![Kind::Image],
            calls: vec!["ocr".to_owned(), "text_to_speech".to_owned()],
        };
        assert_eq!(
            manifest.missing(&Registry::new()),
            ["ocr", "text_to_speech"]
        );
    }
}

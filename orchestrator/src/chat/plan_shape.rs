//! What a plan may be made of, for models that can be held to it.

use serde::{Deserialize, Serialize};

use crate::{Capability, Registry, Request, ValueType, Visibility};

/// The tools and inputs that a plan may be made of, and how long it may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanShape {
    /// The tools, each with its parameters and outputs.
    pub capabilities: Vec<Capability>,
    /// What is there before the first step: `input1`, `input2`, ..., files of the session and `request`, with their types.
    pub inputs: Vec<(String, ValueType)>,
    /// The most steps.
    pub max_steps: usize,
    /// The most characters of a string that the model makes up.
    pub max_string: usize,
}

impl PlanShape {
    /// All tools that planners are shown, and the files of a request.
    #[must_use]
    pub fn of(registry: &Registry, request: &Request) -> Self {
        let mut inputs: Vec<_> = request
            .named_files()
            .map(|(name, artifact)| (name, ValueType::artifact(artifact.kind)))
            .collect();
        inputs.push(("request".to_owned(), ValueType::String));
        Self {
            capabilities: registry
                .entries()
                .map(|entry| entry.capability.clone())
                .filter(|capability| capability.visibility == Visibility::Shown)
                .collect(),
            inputs,
            max_steps: 16,
            max_string: 200,
        }
    }
}

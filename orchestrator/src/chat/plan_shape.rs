//! What a plan may be made of, for models that can be held to it.

use serde::{Deserialize, Serialize};

use crate::{Capability, Known, Output, Registry, Request, Scope, ValueType, Visibility};

/// The tools and inputs that a plan may be made of, and how long it may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanShape {
    /// The tools, each with its parameters and outputs.
    pub capabilities: Vec<Capability>,
    /// What is there before the first step: `input1`, `input2`, ..., files of the session and `request`, with their types.
    pub inputs: Vec<(String, ValueType)>,
    /// Steps that are there before the first one, with what each gave: of earlier rounds, or taken already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<(String, Vec<Output>)>,
    /// Whether `{"done":true}` may stand in place of a plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_be_done: bool,
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
            earlier: Vec::new(),
            may_be_done: false,
            max_steps: 16,
            max_string: 200,
        }
    }

    /// Adds the steps that a scope knows.
    #[must_use]
    pub fn after(mut self, scope: &Scope) -> Self {
        for name in scope.names() {
            if let Some(Known::Step { outputs, values }) = scope.get(name) {
                let given = outputs.iter();
                let given = given.filter(|output| values.contains_key(&output.name));
                self.earlier
                    .push((name.to_owned(), given.cloned().collect()));
            }
        }
        self
    }
}

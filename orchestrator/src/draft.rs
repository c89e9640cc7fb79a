//! What a planner says, unchecked: steps with arguments that may refer to anything.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::Defect;

/// One step as a planner wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DraftStep {
    /// A name for the step: letters, digits and underscores, not starting with a digit.
    pub id: String,
    /// The capability, as `name` or `name@version`.
    pub tool: String,
    /// The provider, where the choice is not Medley's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The arguments: values, references such as `$s1.text`, and text with `${s1}` in it.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub args: serde_json::Map<String, Json>,
    /// Why the step is there, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Steps that must end before this one starts, though it takes nothing from them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// How long the step may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<f64>,
    /// Keys that steps do not have; each is a defect.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: BTreeMap<String, Json>,
}

impl DraftStep {
    /// A step that calls `tool`.
    #[must_use]
    pub fn new(id: impl Into<String>, tool: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            tool: tool.into(),
            ..Self::default()
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn with(mut self, parameter: impl Into<String>, value: impl Into<Json>) -> Self {
        self.args.insert(parameter.into(), value.into());
        self
    }

    /// Says why the step is there.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }
}

/// A whole plan as somebody wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftPlan {
    /// The steps, in any order.
    pub steps: Vec<DraftStep>,
    /// What the answer is made of, in reading order; by default what no other step takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Vec<Json>>,
    /// What could not be read of it; validation reports it with the rest.
    #[serde(skip)]
    #[schemars(skip)]
    pub malformed: Vec<Defect>,
}

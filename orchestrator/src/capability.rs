//! What can be done: the task names that planners see, apart from who does them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Value, ValueType};

/// A task, with typed parameters and named outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capability {
    /// The field's name of the task in snake case, such as `ocr`.
    pub name: String,
    /// Rises when the parameters or outputs change their meaning.
    pub version: u32,
    /// What it is for, in one line.
    pub purpose: String,
    /// Ways in which people ask for it, in English; planners match requests against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phrases: Vec<String>,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it gives, the first being the primary output.
    pub outputs: Vec<Output>,
    /// Whether planners are shown it.
    #[serde(default)]
    pub visibility: Visibility,
}

impl Capability {
    /// The parameter with this name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }

    /// The output with this name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<&Output> {
        self.outputs.iter().find(|output| output.name == name)
    }

    /// The output that a bare reference to a step means where `wanted` is expected:
    /// the primary one where it fits, else the only one that does.
    #[must_use]
    pub fn output_for(&self, wanted: &ValueType) -> Option<&Output> {
        let primary = self.outputs.first()?;
        if wanted.accepts(&primary.value_type) {
            return Some(primary);
        }
        let mut fitting = self
            .outputs
            .iter()
            .filter(|output| wanted.accepts(&output.value_type));
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

/// Who is shown a capability.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Planners and people.
    #[default]
    Shown,
    /// Only plans that name it.
    Internal,
}

/// One thing that a capability takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "of")]
    pub value_type: ValueType,
    /// Whether a call without it is a defect.
    pub required: bool,
    /// What it is when it is left out, if that is a fixed value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What it means, with its unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// One thing that a capability gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Output {
    /// The name.
    pub name: String,
    /// The type.
    #[serde(rename = "of")]
    pub value_type: ValueType,
    /// Whether a result may lack it.
    #[serde(default)]
    pub optional: bool,
    /// What it means, with its unit.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

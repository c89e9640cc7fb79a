//! What a planner says, unchecked: steps with arguments that may refer to anything.

mod renaming;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Defect, Digest};

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
    /// Calls the tool once for each item of this list; arguments refer to `$item` and `$index`, which counts from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_each: Option<Json>,
    /// What becomes of a step that goes over a list when a call for an item fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
    /// Runs the step only if this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<DraftCondition>,
    /// How often a call that failed is tried again where that can help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<DraftRetry>,
    /// How long a call may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<f64>,
    /// How long a call may go without progress, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_s: Option<f64>,
    /// Keys that steps do not have; each is a defect.
    #[serde(flatten)]
    #[schemars(skip)]
    pub unknown: BTreeMap<String, Json>,
    /// What a program called it with, so that the program is known to go the same way when it runs again.
    #[serde(skip)]
    #[schemars(skip)]
    pub call: Option<Digest>,
}

/// What becomes of a step that goes over a list when a call for an item fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The step fails once the calls for the other items have ended.
    #[default]
    Fail,
    /// The item is left out of the results.
    Omit,
}

/// A condition as a planner wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftCondition {
    /// What is judged: a reference, mostly.
    pub value: Json,
    /// How.
    pub is: Comparison,
    /// What it is compared with, for comparisons that need something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Json>,
}

/// How a condition judges a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// Text without words, a list without items, or nothing at all.
    Empty,
    /// The opposite.
    NotEmpty,
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less than.
    Lt,
    /// Less or equal.
    Le,
    /// Greater than.
    Gt,
    /// Greater or equal.
    Ge,
    /// Text that holds a text, whatever its case, or a list that holds an item.
    Contains,
}

impl Comparison {
    /// Whether there must be something to compare with.
    #[must_use]
    pub const fn needs_operand(self) -> bool {
        !matches!(self, Self::Empty | Self::NotEmpty)
    }
}

/// How often a call is tried again: a number of times, or with the first delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "it is neither a number nor an object with `times` and `delay_s`"
)]
pub enum DraftRetry {
    /// So many further attempts.
    Times(u32),
    /// So many further attempts, the first after a delay that doubles from one to the next.
    Delayed {
        /// Further attempts.
        times: u32,
        /// Seconds before the first of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay_s: Option<f64>,
    },
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

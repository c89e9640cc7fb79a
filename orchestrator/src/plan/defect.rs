//! What is wrong with a draft, for programs and for people.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that is wrong with a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Defect {
    /// What sort of defect it is.
    pub code: DefectCode,
    /// The step, where it is one step's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The argument, where it is one argument's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What sort of defect it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DefectCode {
    /// The text is not a plan.
    MalformedPlan,
    /// There are no steps.
    EmptyPlan,
    /// There are more steps than a plan may have.
    TooManySteps,
    /// A step's id is no name.
    MalformedId,
    /// Two steps, or a step and an input, share a name.
    DuplicateId,
    /// A step has a key that steps do not have.
    UnknownKey,
    /// There is no such capability.
    UnknownTool,
    /// The capability was not chosen from the request, and only such may be called now.
    ToolNotChosen,
    /// The capability has another version.
    UnknownVersion,
    /// The capability has no such provider.
    UnknownProvider,
    /// No provider of the capability could run here.
    UnavailableTool,
    /// A required parameter has no argument.
    MissingArgument,
    /// The capability has no such parameter.
    UnknownArgument,
    /// An argument cannot be read.
    MalformedArgument,
    /// An argument does not fit its parameter.
    WrongType,
    /// A number is outside the range that its parameter allows.
    OutOfRange,
    /// A reference names nothing.
    UnknownReference,
    /// A reference names an output or a field that is not there.
    UnknownOutput,
    /// Steps wait for each other.
    Cycle,
    /// The time limit is no time.
    MalformedTimeLimit,
}

impl Defect {
    /// A defect of the draft as a whole.
    pub fn new(code: DefectCode, message: impl Into<String>) -> Self {
        Self {
            code,
            step: None,
            argument: None,
            message: message.into(),
            hint: None,
        }
    }

    /// Says which step.
    #[must_use]
    pub fn in_step(mut self, step: &str) -> Self {
        self.step = Some(step.to_owned()).filter(|step| !step.is_empty());
        self
    }

    /// Says which argument.
    #[must_use]
    pub fn in_argument(mut self, argument: &str) -> Self {
        self.argument = Some(argument.to_owned());
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(formatter, "{step}")?;
            if let Some(argument) = &self.argument {
                write!(formatter, ".{argument}")?;
            }
            formatter.write_str(": ")?;
        }
        formatter.write_str(&self.message)
    }
}

/// Everything that is wrong with a draft; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the plan has {}: {}", count(.0.len()), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Defects(pub Vec<Defect>);

fn count(defects: usize) -> String {
    if defects == 1 {
        "1 defect".to_owned()
    } else {
        format!("{defects} defects")
    }
}

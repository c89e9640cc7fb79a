//! Why a call failed, told apart for the model, the person and the operator.

use std::{borrow::Cow, error::Error, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolErrorKind {
    /// The same call may succeed later.
    Transient,
    /// The same call fails again.
    Permanent,
    /// The result was no longer wanted.
    Cancelled,
    /// The call goes on once a person has answered.
    Question,
}

/// Why a call failed.
#[derive(Debug)]
pub struct ToolError {
    kind: ToolErrorKind,
    code: Cow<'static, str>,
    for_model: String,
    hint: Option<String>,
    choices: Vec<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ToolError {
    /// The same call fails again. `for_model` may be read by a language model: no paths, no keys.
    pub fn permanent(code: impl Into<Cow<'static, str>>, for_model: impl Into<String>) -> Self {
        Self {
            kind: ToolErrorKind::Permanent,
            code: code.into(),
            for_model: for_model.into(),
            hint: None,
            choices: Vec::new(),
            source: None,
        }
    }

    /// The same call may succeed later.
    pub fn transient(code: impl Into<Cow<'static, str>>, for_model: impl Into<String>) -> Self {
        Self {
            kind: ToolErrorKind::Transient,
            ..Self::permanent(code, for_model)
        }
    }

    /// An argument is of the right type but makes no sense, such as a crop outside its picture.
    pub fn bad_argument(parameter: &str, for_model: impl fmt::Display) -> Self {
        Self::permanent("bad_argument", format!("`{parameter}`: {for_model}"))
    }

    /// The call cannot go on without an answer from a person. It is called again with the answer in
    /// [`CallContext::answer`](crate::CallContext::answer). Without choices, anything can be answered.
    pub fn question(text: impl Into<String>, choices: Vec<String>) -> Self {
        Self {
            kind: ToolErrorKind::Question,
            choices,
            ..Self::permanent("question", text)
        }
    }

    /// The result was no longer wanted.
    #[must_use]
    pub fn cancelled() -> Self {
        Self {
            kind: ToolErrorKind::Cancelled,
            ..Self::permanent("cancelled", "the run was cancelled")
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the cause, for the operator.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether trying again can help.
    #[must_use]
    pub const fn kind(&self) -> ToolErrorKind {
        self.kind
    }

    /// A stable name of the failure in snake case.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// What a model, and everyone else, may read.
    #[must_use]
    pub fn for_model(&self) -> &str {
        &self.for_model
    }

    /// What can be answered, if this is a question.
    #[must_use]
    pub fn choices(&self) -> &[String] {
        &self.choices
    }

    /// The way out, where there is one.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.for_model)
    }
}

impl Error for ToolError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        let mut failure = Self::permanent(error.code(), error.to_string());
        failure.hint = error.hint();
        failure.caused_by(error)
    }
}

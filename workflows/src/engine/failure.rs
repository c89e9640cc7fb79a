//! How a script is told that something went wrong: what it may catch, and what ends it.

use std::fmt;

use medley_orchestrator::StepError;
use rhai::{Dynamic, EvalAltResult, Position};

use crate::error::ScriptError;

/// What a script can catch: `catch (error)` gives it, with `error.code`, `.message`, `.hint`, `.tool` and `.step`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub error: StepError,
    /// The capability, if a step failed.
    pub tool: String,
    /// The step, if one failed.
    pub step: String,
}

/// What ends a script at once; it cannot be caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The run was stopped.
    Cancelled,
    /// A step asks a person something.
    Waiting,
    /// The script did more than it may.
    Limit(String),
    /// The script made all the steps that a run may have.
    Steps,
    /// The script does not go the way that it went before it was interrupted.
    AnotherWay(String),
    /// A function that runs beside this one has ended the script.
    Together,
}

pub(crate) type Evaluated<T> = Result<T, Box<EvalAltResult>>;

impl Failure {
    pub(crate) fn new(code: &str, message: impl Into<String>, hint: Option<&str>) -> Self {
        Self {
            error: StepError::new(code, message, hint),
            tool: String::new(),
            step: String::new(),
        }
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        Self::new(error.code, error.message, error.hint.as_deref())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tool.as_str() {
            "" => formatter.write_str(&self.error.message),
            tool => write!(formatter, "{tool} failed: {}", self.error.message),
        }
    }
}

impl From<Failure> for Box<EvalAltResult> {
    fn from(failure: Failure) -> Self {
        // The engine fills in where the function was called.
        EvalAltResult::ErrorRuntime(Dynamic::from(failure), Position::NONE).into()
    }
}

impl From<Stop> for Box<EvalAltResult> {
    fn from(stop: Stop) -> Self {
        EvalAltResult::ErrorTerminated(Dynamic::from(stop), Position::NONE).into()
    }
}

/// What a value cannot be used for.
pub(crate) fn misuse(message: impl Into<String>) -> Box<EvalAltResult> {
    Failure::new("bad_value", message, None).into()
}

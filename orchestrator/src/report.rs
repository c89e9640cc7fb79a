//! What came of a run: every step in exactly one state, with why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Defect, Digest, Question, Record, StoreError, ToolError, Value};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// The run.
    pub run: String,
    /// What it comes to.
    pub status: RunStatus,
    /// Every step, in the order of the plan.
    pub steps: Vec<StepReport>,
    /// What the plan's `answer` names and could be had, in reading order.
    pub answer: Vec<Answer>,
    /// Why parts of the answer are not there, as far as no step's failure says why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<String>,
    /// What was wrong with steps that arrived while the run went on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<Defect>,
    /// Wall time in milliseconds.
    pub ms: f64,
}

impl RunReport {
    /// The report of the step with this id.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&StepReport> {
        self.steps.iter().find(|step| step.id == id)
    }
}

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// Every step was done.
    Succeeded,
    /// Some steps were done, and some were not.
    Partial,
    /// No step that the answer needs was done.
    Failed,
    /// The run was stopped.
    Cancelled,
    /// A step waits for an answer; the run goes on when it is given.
    Waiting,
}

/// A value that the answer is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// The step that made it; absent for an input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The capability of that step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// The value.
    pub value: Value,
}

/// What came of one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepReport {
    /// The step's name in the plan.
    pub id: String,
    /// The capability.
    pub tool: String,
    /// Who did it, or would have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What became of it.
    pub status: StepStatus,
    /// When it started, in milliseconds since its round began.
    #[serde(default)]
    pub started_ms: f64,
    /// Time from start to end, in milliseconds; 0 if it never started.
    pub ms: f64,
    /// How often it was tried; 0 if no provider was called.
    #[serde(default)]
    pub attempts: u32,
    /// What it gave.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub outputs: Record,
    /// Why it gave nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<StepError>,
    /// What it waits for an answer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Its calls, one an item, if it goes over a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<StepReport>,
    /// A digest of what a program called it with: when the program runs again, the same call must stand there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Digest>,
}

impl StepReport {
    /// The report of a step that was refused before it ran.
    pub(crate) fn never_ran(id: String, error: StepError) -> Self {
        Self {
            id,
            tool: String::new(),
            provider: None,
            status: StepStatus::Failed,
            started_ms: 0.0,
            ms: 0.0,
            attempts: 0,
            outputs: Record::new(),
            error: Some(error),
            question: None,
            children: Vec::new(),
            call: None,
        }
    }

    /// Whether it never ran because a condition does not hold, its own or that of a step that it needs.
    #[must_use]
    pub fn is_not_taken(&self) -> bool {
        self.status == StepStatus::Skipped
            && self.error.as_ref().is_some_and(|error| {
                [StepError::NOT_TAKEN, StepError::NEEDS_NOT_TAKEN].contains(&error.code.as_str())
            })
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It ran and gave its outputs.
    Done,
    /// Its outputs were known.
    Cached,
    /// It ran and gave an error.
    Failed,
    /// It never ran, because a step that it needs did not give its outputs, or its condition does not hold.
    Skipped,
    /// It was stopped, or the run ended before it started.
    Cancelled,
    /// It waits for an answer.
    Waiting,
}

impl StepStatus {
    /// Whether the step's outputs are there.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Done | Self::Cached)
    }
}

/// Why a step gave nothing; safe to show to a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepError {
    /// A stable name in snake case.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The artifact that could not be had, if that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Box<Digest>>,
    /// The causes, outermost first, for the operator; not for models.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

impl StepError {
    /// The code of a step whose condition does not hold.
    pub const NOT_TAKEN: &'static str = "not_taken";
    /// The code of a step that needs one whose condition does not hold.
    pub const NEEDS_NOT_TAKEN: &'static str = "needs_step_not_taken";
    /// The code of a step that needs one that failed.
    pub const NEEDS_FAILED: &'static str = "needs_failed_step";

    /// An error with a way out.
    pub fn new(code: &str, message: impl Into<String>, hint: Option<&str>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            hint: hint.map(str::to_owned),
            artifact: None,
            causes: Vec::new(),
        }
    }
}

impl From<&ToolError> for StepError {
    fn from(error: &ToolError) -> Self {
        let first = std::error::Error::source(error);
        let causes = std::iter::successors(first, |cause| cause.source());
        Self {
            code: error.code().to_owned(),
            message: error.for_model().to_owned(),
            hint: error.hint().map(str::to_owned),
            artifact: first
                .and_then(|cause| cause.downcast_ref::<StoreError>())
                .and_then(StoreError::artifact)
                .map(Box::new),
            causes: causes.map(ToString::to_string).collect(),
        }
    }
}

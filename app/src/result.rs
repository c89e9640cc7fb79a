//! The JSON object that `ask` and `exec` print; programs build on it, so tests hold its schema stable.

use medley_orchestrator::{
    Decline, Defect, Defects, Event, Outcome, Question, Record, RunStatus, Spent, StepError,
    StepReport, StepStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ExportError, MedleyError};

/// What came of a request or a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunResult {
    /// The run; empty if it never began.
    pub run: String,
    /// What it comes to.
    pub status: RunStatus,
    /// The answer, in reading order.
    pub answer: Vec<AnswerPart>,
    /// Every step.
    pub steps: Vec<StepResult>,
    /// What it cost.
    pub usage: Usage,
    /// What else the person should know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What the person has to say before anything can run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Why there is no answer, or why a part of it is not where it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Everything that is wrong with the plan, if that is why nothing ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<Defect>,
}

/// A part of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnswerPart {
    /// Words, up to 64 KiB of them; longer text is a file.
    Text {
        /// The words.
        text: String,
    },
    /// A file.
    Artifact {
        /// The BLAKE3 digest of the bytes.
        id: String,
        /// What it is.
        kind: medley_orchestrator::Kind,
        /// The MIME type.
        mime: String,
        /// Where it was put; absent if it could not be written, and then it is in the store only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
    },
}

/// A line of what `--json-events` prints: events in order, and the result at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StreamLine {
    /// Something that happened.
    Event(Event),
    /// What came of it all.
    Result(ResultEvent),
}

/// The last line of what `--json-events` prints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ResultEvent {
    /// Always `result`.
    pub event: ResultTag,
    /// The object that `--json` prints.
    #[serde(flatten)]
    pub result: RunResult,
}

/// Always `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResultTag {
    /// The one value.
    Result,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepResult {
    /// The step's name in the plan.
    pub id: String,
    /// The capability.
    pub tool: String,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// What became of it.
    pub status: StepStatus,
    /// Time from start to end, in milliseconds.
    pub ms: f64,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// What it gave, by name; artifacts are objects with the key `$artifact`.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub outputs: Record,
    /// Why it gave nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// What it waits for an answer to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Its calls, one an item, if it goes over a list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<StepResult>,
}

/// Why something is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// A stable name in snake case.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What a run cost; empty without a language model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// How often a model was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanges: Option<u64>,
    /// Tokens that models read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens that models wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// What that costs in US dollars, where prices are configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dollars: Option<f64>,
}

impl From<Spent> for Usage {
    fn from(spent: Spent) -> Self {
        if spent.exchanges == 0 {
            return Self::default();
        }
        Self {
            exchanges: Some(spent.exchanges),
            input_tokens: Some(spent.usage.input_tokens),
            output_tokens: Some(spent.usage.output_tokens),
            dollars: (spent.dollars > 0.0).then_some(spent.dollars),
        }
    }
}

impl RunResult {
    /// The result of an outcome whose answer's files were put where `answer` says.
    #[must_use]
    pub fn new(outcome: &Outcome, answer: Vec<AnswerPart>) -> Self {
        Self {
            run: outcome.run.clone(),
            status: outcome.status,
            answer,
            steps: outcome
                .rounds
                .iter()
                .flat_map(|round| &round.steps)
                .map(StepResult::from)
                .collect(),
            usage: outcome.spent.into(),
            notes: outcome.response.notes.clone(),
            question: outcome.response.question.clone(),
            error: outcome.response.declined.as_ref().map(Failure::from),
            defects: Vec::new(),
        }
    }

    /// Says which files of the answer could not be written.
    #[must_use]
    pub fn with_export_failures(mut self, failures: &[ExportError]) -> Self {
        if let Some(first) = failures.first() {
            self.error = Some(Failure {
                code: first.code().to_owned(),
                message: first.to_string(),
                hint: first.hint(),
            });
        }
        self
    }

    /// The result of a request that nothing here can do.
    #[must_use]
    pub fn of_decline(decline: &Decline) -> Self {
        Self::of_failure(decline.into())
    }

    /// The result of a request that came to nothing.
    #[must_use]
    pub fn of_error(error: &MedleyError) -> Self {
        let failure = Failure {
            code: error.code().to_owned(),
            message: error.to_string(),
            hint: error.hint(),
        };
        let defects = match error {
            MedleyError::Plan(Defects(defects)) | MedleyError::PlannersPlan(Defects(defects)) => {
                defects.clone()
            }
            _ => Vec::new(),
        };
        Self {
            defects,
            ..Self::of_failure(failure)
        }
    }

    /// The result where nothing ran.
    #[must_use]
    pub const fn of_failure(failure: Failure) -> Self {
        Self {
            run: String::new(),
            status: RunStatus::Failed,
            answer: Vec::new(),
            steps: Vec::new(),
            usage: Usage {
                exchanges: None,
                input_tokens: None,
                output_tokens: None,
                dollars: None,
            },
            notes: Vec::new(),
            question: None,
            error: Some(failure),
            defects: Vec::new(),
        }
    }
}

impl From<&Decline> for Failure {
    fn from(decline: &Decline) -> Self {
        Self {
            code: "declined".to_owned(),
            message: decline.reason.clone(),
            hint: nearest(decline),
        }
    }
}

fn nearest(decline: &Decline) -> Option<String> {
    if decline.nearest.is_empty() {
        return None;
    }
    let names: Vec<_> = decline
        .nearest
        .iter()
        .map(|each| {
            format!(
                "{} ({})",
                each.capability,
                each.purpose.trim_end_matches('.')
            )
        })
        .collect();
    Some(format!("what comes nearest: {}", names.join("; ")))
}

impl From<&StepReport> for StepResult {
    fn from(step: &StepReport) -> Self {
        Self {
            id: step.id.clone(),
            tool: step.tool.clone(),
            provider: step.provider.clone(),
            status: step.status,
            ms: (step.ms * 1e3).round() / 1e3,
            outputs: step.outputs.clone(),
            error: step.error.as_ref().map(Failure::from),
            attempts: step.attempts,
            question: step.question.clone(),
            children: step.children.iter().map(Self::from).collect(),
        }
    }
}

impl From<&StepError> for Failure {
    fn from(error: &StepError) -> Self {
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }
}

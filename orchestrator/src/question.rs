//! What a run asks a person, and goes on from when it is answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that only a person can decide; the step that asks waits for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// A name that is unique in the run; the same question has the same id when the run is resumed.
    pub id: String,
    /// The step that asks; empty where the planner does.
    pub step: String,
    /// What sort of answer is wanted.
    pub kind: QuestionKind,
    /// The question.
    pub text: String,
    /// What can be answered; anything, where it is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// What sort of answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// Words that the step goes on with.
    Clarify,
    /// Leave to do something: `yes` or `no`.
    Approve,
}

impl Question {
    /// The id of the question about the part of a request that has this number.
    #[must_use]
    pub fn id_of_part(number: usize) -> String {
        format!("request.{number}.clarify")
    }

    /// A question about the request itself.
    #[must_use]
    pub fn about_request(part: usize, text: impl Into<String>, choices: Vec<String>) -> Self {
        Self {
            id: Self::id_of_part(part),
            step: String::new(),
            kind: QuestionKind::Clarify,
            text: text.into(),
            choices,
        }
    }

    /// The answer that gives leave.
    pub const YES: &str = "yes";
    /// The answer that refuses it.
    pub const NO: &str = "no";
}

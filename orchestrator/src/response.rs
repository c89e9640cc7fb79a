//! What Medley answers with: text and artifacts in the order in which they should be read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Artifact, Decline, Question};

/// An answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Response {
    /// The parts, in reading order.
    pub parts: Vec<Part>,
    /// What the person should know besides, such as an attachment that no step used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Set when the request was declined and nothing ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<Decline>,
    /// Set when the person has to say what is meant before anything can run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A picture, a sound or another file.
    Artifact {
        /// The file.
        artifact: Artifact,
        /// What it is, in a few words fit for a file name, such as `sign-grayscale`.
        name: String,
    },
}

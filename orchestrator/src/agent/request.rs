//! What a person asked for, with the files that came with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Artifact;

/// What a person asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The words. Plans refer to them as `$request`.
    pub text: String,
    /// The files, in the order given. Plans refer to them as `$input1`, `$input2` and so on.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
}

/// A file that came with a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attachment {
    /// The file's name, without its folder.
    pub name: String,
    /// The file in the store.
    pub artifact: Artifact,
}

impl Request {
    /// The name by which plans refer to the attachment at `index`, counted from 0: `input1` and so on.
    #[must_use]
    pub fn input_name(index: usize) -> String {
        format!("input{}", index + 1)
    }
}

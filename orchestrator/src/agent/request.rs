//! What a person asked for, with the files that came with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Conversation;
use crate::Artifact;

/// What a person asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The words. Plans refer to them as `$request`.
    pub text: String,
    /// The files, in the order given. Plans refer to them as `$input1`, `$input2` and so on.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// What the session knows that it belongs to. Plans refer to its files by their names: `$img1`.
    #[serde(default, skip_serializing_if = "Conversation::is_none")]
    pub conversation: Conversation,
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

    /// Every file that plans may refer to, by name: the attachments, also by their names in the session, and what the
    /// session has from before.
    pub fn named_files(&self) -> impl Iterator<Item = (String, &Artifact)> {
        let attached = self.attachments.iter().enumerate();
        let attached = attached.map(|(index, file)| (Self::input_name(index), &file.artifact));
        let names = self.conversation.attached_as.iter().cloned();
        let also = names.zip(self.attachments.iter().map(|file| &file.artifact));
        let earlier = self.conversation.artifacts.iter();
        let earlier = earlier.map(|known| (known.name.clone(), &known.artifact));
        attached.chain(also).chain(earlier)
    }
}

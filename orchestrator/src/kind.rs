//! The closed set of artifact kinds, so that every seam agrees on what a file can be.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an artifact is to a person, whatever its encoding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// UTF-8 text.
    Text,
    /// A still picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures, with or without sound.
    Video,
    /// Places in a picture, as [`Regions`](crate::Regions) in JSON.
    Regions,
    /// Rows and columns.
    Table,
    /// Any JSON document.
    Json,
    /// Bytes that are none of the above.
    File,
}

impl Kind {
    /// Every kind, in the order in which they are documented.
    pub const ALL: [Self; 8] = [
        Self::Text,
        Self::Image,
        Self::Audio,
        Self::Video,
        Self::Regions,
        Self::Table,
        Self::Json,
        Self::File,
    ];

    /// The name used in plans, schemas and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Regions => "regions",
            Self::Table => "table",
            Self::Json => "json",
            Self::File => "file",
        }
    }

    /// The kind with this name, as [`Kind::name`] gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

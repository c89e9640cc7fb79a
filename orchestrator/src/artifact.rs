//! What a file is once Medley holds it: measured, typed and named by its content.
//!
//! An [`Artifact`] is a description; the bytes stay behind the
//! [`ArtifactStore`](crate::ArtifactStore).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, Kind};

/// Immutable bytes in the store, described.
///
/// In JSON it is an object with the key `$artifact`, which no plain record can have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// The digest of the bytes.
    #[serde(rename = "$artifact")]
    pub id: Digest,
    /// What the bytes are to a person.
    pub kind: Kind,
    /// The MIME type of the bytes.
    pub mime: String,
    /// What was measured of them.
    #[serde(default)]
    pub facts: Facts,
}

/// What was measured of an artifact's bytes; absent where it does not apply.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Facts {
    /// Size in bytes.
    pub bytes: u64,
    /// Width in pixels of the upright picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels of the upright picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Length in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Samples per second and channel, in Hz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    /// Channels of sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u16>,
}

impl Facts {
    /// The facts of an upright picture of `width` by `height` pixels; the store fills in the size.
    #[must_use]
    pub fn picture(width: u32, height: u32) -> Self {
        Self {
            width: Some(width),
            height: Some(height),
            ..Self::default()
        }
    }

    /// The facts of a sound; the store fills in the size.
    #[must_use]
    pub fn sound(duration_s: f64, sample_rate: u32, channels: u16) -> Self {
        Self {
            duration_s: Some(duration_s),
            sample_rate: Some(sample_rate),
            channels: Some(channels),
            ..Self::default()
        }
    }
}

/// What a [`Probe`] measured of bytes that come from outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// What the bytes are.
    pub kind: Kind,
    /// Their MIME type, from the content and not from a file name.
    pub mime: String,
    /// What was measured.
    pub facts: Facts,
}

/// Why bytes from outside are not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProbeError {
    /// A stable name of the defect, in snake case.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: String,
}

/// Measures bytes at the door, before they become an artifact.
///
/// The orchestrator knows no format; the crate that does implements this.
pub trait Probe: Send + Sync {
    /// Says what `content` is; `name` is the file's name, which may be wrong about its content.
    ///
    /// # Errors
    /// When the bytes are empty, damaged beyond use, too large, or not what the name promises.
    fn probe(&self, name: &str, content: &[u8]) -> Result<Probed, ProbeError>;
}

//! Why there is no speech, with the way out.

use crate::{ModelError, native::espeak::EspeakError};

/// Why there is no speech.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpeechError {
    /// The library and its voices cannot be had.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The library failed, or was cancelled.
    #[error(transparent)]
    Espeak(#[from] EspeakError),
    /// The text is empty.
    #[error("there is no text to speak")]
    Empty,
    /// No voice speaks the language.
    #[error("no voice speaks {name} (`{tag}`)")]
    NoVoice {
        /// The language's name in English.
        name: String,
        /// The language as it was asked for.
        tag: String,
        /// Codes of the languages that have a voice.
        speakable: Vec<String>,
    },
    /// No variant has that name.
    #[error("no voice is called `{given}`{}", nearest(.near))]
    UnknownVariant {
        /// The name as given.
        given: String,
        /// Names that look like it.
        near: Vec<String>,
        /// Every name.
        known: Vec<String>,
    },
    /// Speed or pitch is beyond what can be spoken.
    #[error("{name} is {given}; it must lie between {least} and {most}")]
    OutOfRange {
        /// `rate` or `pitch`.
        name: &'static str,
        /// The value as given.
        given: f64,
        /// The least that can be spoken.
        least: f64,
        /// The most that can be spoken.
        most: f64,
    },
}

impl SpeechError {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Model(ModelError::Cancelled { .. }) | Self::Espeak(EspeakError::Cancelled) => {
                "cancelled"
            }
            Self::Model(_) => "voices_missing",
            Self::Espeak(EspeakError::VoiceRefused { .. }) => "voice_refused",
            Self::Espeak(_) => "speech_failed",
            Self::Empty => "no_text",
            Self::NoVoice { .. } => "no_voice",
            Self::UnknownVariant { .. } => "unknown_voice",
            Self::OutOfRange { .. } => "out_of_range",
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Model(error) => error.hint(),
            Self::Espeak(EspeakError::PathTooLong { .. }) => {
                Some("set MEDLEY_HOME to a folder with a shorter path".to_owned())
            }
            Self::Espeak(EspeakError::Load { .. } | EspeakError::Data { .. }) => Some(
                "run `medley models verify espeak-ng`; `medley models pull espeak-ng` fetches it"
                    .to_owned(),
            ),
            Self::NoVoice { speakable, .. } => Some(format!(
                "translate the text first, or choose one of: {}",
                speakable.join(", ")
            )),
            Self::UnknownVariant { known, .. } => {
                Some(format!("choose one of: {}", known.join(", ")))
            }
            Self::Espeak(_) | Self::Empty | Self::OutOfRange { .. } => None,
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Model(error) if error.is_transient())
    }
}

fn nearest(near: &[String]) -> String {
    if near.is_empty() {
        String::new()
    } else {
        format!("; near it are {}", near.join(", "))
    }
}

//! espeak-ng, a speech synthesiser in C, as a function from text to samples.
//!
//! The library keeps one set of global variables, and what it has spoken before changes how it speaks next. So one
//! process-wide lock lets one call in at a time, and every call loads the library anew and unloads it again, which
//! takes about a millisecond: the same text then gives the same samples, the very ones that the program `espeak-ng`
//! writes. Where a platform keeps libraries loaded, samples may differ inaudibly between calls.
//!
//! Knows nothing of languages beyond the library's own codes, and nothing of sound files.

mod functions;
mod session;

use std::{
    ffi::CString,
    path::{Path, PathBuf},
};

use tokio_util::sync::CancellationToken;

use session::Session;

/// Speed that the library calls normal, in words per minute.
pub const NORMAL_WORDS_PER_MINUTE: u32 = 175;

/// Pitch that the library calls normal, on its scale of 0 to 100.
pub const NORMAL_PITCH: u32 = 50;

/// An espeak-ng library and its voice data; nothing is loaded until a method is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Espeak {
    library: PathBuf,
    data: Option<PathBuf>,
}

/// What a library is and what it can speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The library's version, such as `1.52.0`.
    pub version: String,
    /// Samples per second of everything that it speaks, in Hz.
    pub sample_rate: u32,
    /// Voices, each for one language.
    pub voices: Vec<Voice>,
    /// Manners of speaking that a voice can take on.
    pub variants: Vec<Voice>,
}

/// A voice, or a variant of all voices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// Its name, such as `German`.
    pub name: String,
    /// Codes of the languages that it speaks, with a priority each: the lower, the better it fits.
    pub languages: Vec<(u8, String)>,
    /// Its file, such as `gmw/de`, or `!v/f2` for a variant; unique.
    pub identifier: String,
}

impl Voice {
    /// The name of a variant as it is appended to a voice: `f2` of `!v/f2`.
    #[must_use]
    pub fn variant_name(&self) -> &str {
        self.identifier
            .rsplit_once('/')
            .map_or(self.identifier.as_str(), |(_, name)| name)
    }
}

/// What to speak, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utterance<'a> {
    /// Plain text; markup and control characters have no meaning.
    pub text: &'a str,
    /// The identifier of a voice, such as `gmw/de`.
    pub voice: &'a str,
    /// The name of a variant, such as `f2`.
    pub variant: Option<&'a str>,
    /// Speed, from 80; [`NORMAL_WORDS_PER_MINUTE`] is normal.
    pub words_per_minute: u32,
    /// Pitch, 0 to 100; [`NORMAL_PITCH`] is normal.
    pub pitch: u32,
}

/// Why espeak-ng did not speak.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EspeakError {
    /// The library is not there, is damaged, or lacks a function.
    #[error("the library {} cannot be loaded", library.display())]
    Load {
        /// The library.
        library: PathBuf,
        /// What the system said.
        source: libloading::Error,
    },
    /// The library cuts off paths that are longer than it expects.
    #[error("the path of the voice data is too long for espeak-ng ({} bytes, at most {limit}): {}", path.as_os_str().len(), path.display())]
    PathTooLong {
        /// The folder with the voice data.
        path: PathBuf,
        /// The longest path that works, in bytes.
        limit: usize,
    },
    /// The library does not find its voice data, or found other data than it was told to use.
    #[error("espeak-ng cannot read its voice data{}", place(data.as_deref()))]
    Data {
        /// The folder with the voice data; absent where the library looks for it itself.
        data: Option<PathBuf>,
    },
    /// The library would not speak with this voice, and would have gone on with another one.
    #[error("espeak-ng refuses the voice `{voice}`")]
    VoiceRefused {
        /// The voice, with its variant.
        voice: String,
    },
    /// The library refused a call.
    #[error("espeak-ng failed to {action} (error {code})")]
    Call {
        /// What it was to do.
        action: &'static str,
        /// What it returned.
        code: i32,
    },
    /// The result was no longer wanted.
    #[error("speaking was cancelled")]
    Cancelled,
}

fn place(data: Option<&Path>) -> String {
    data.map_or_else(String::new, |path| format!(" in {}", path.display()))
}

impl Espeak {
    /// The library file (or the name that the system's loader knows it by) with the folder `espeak-ng-data`.
    ///
    /// Without `data` the library looks where it was built to look.
    #[must_use]
    pub fn new(library: impl Into<PathBuf>, data: Option<PathBuf>) -> Self {
        Self {
            library: library.into(),
            data,
        }
    }

    /// What the library can speak.
    ///
    /// # Errors
    /// [`EspeakError::Load`], [`EspeakError::PathTooLong`] and [`EspeakError::Data`].
    pub fn describe(&self) -> Result<Description, EspeakError> {
        let session = Session::open(&self.library, self.data.as_deref())?;
        Ok(Description {
            version: session.version(),
            sample_rate: session.sample_rate(),
            voices: session.voices(),
            variants: session.variants(),
        })
    }

    /// Speaks, giving signed 16-bit samples of one channel at [`Description::sample_rate`].
    ///
    /// Blocks for about a two-hundredth of the time that the speech takes. It can be cancelled at any moment.
    ///
    /// # Errors
    /// Those of [`Espeak::describe`]; [`EspeakError::VoiceRefused`] when the library would speak with another voice;
    /// [`EspeakError::Cancelled`] once `cancel` is cancelled.
    pub fn synthesise(
        &self,
        utterance: &Utterance<'_>,
        cancel: &CancellationToken,
    ) -> Result<Vec<i16>, EspeakError> {
        if cancel.is_cancelled() {
            return Err(EspeakError::Cancelled);
        }
        let session = Session::open(&self.library, self.data.as_deref())?;
        session.select(utterance.voice, utterance.variant)?;
        session.set_rate(utterance.words_per_minute)?;
        session.set_pitch(utterance.pitch)?;
        session.speak(&plain(utterance.text), cancel)
    }
}

/// Text without control characters: Ctrl-A starts a command to the library, and NUL ends a string.
fn plain(text: &str) -> CString {
    let blank = |each: char| {
        if each.is_control() && each != '\n' && each != '\t' {
            ' '
        } else {
            each
        }
    };
    let text: String = text.chars().map(blank).collect();
    CString::new(text).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;

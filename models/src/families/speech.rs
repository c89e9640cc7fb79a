//! Speech out of text: chooses a voice for a language and speaks passage by passage.
//!
//! The voices are those of espeak-ng, out of the asset `espeak-ng` or from the system. Knows nothing of sound files or
//! of the tools that ask for speech.

mod error;
mod passages;
mod voices;

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use crate::{
    ModelError, Models,
    assets::{AssetState, AssetStatus, Readiness},
    native::espeak::{Description, Espeak, NORMAL_PITCH, NORMAL_WORDS_PER_MINUTE, Utterance},
    processing::language::LanguageTag,
};

pub use error::SpeechError;
use passages::passages;
use voices::{VoiceTable, variant_for, voice_for};

/// The asset that holds the library and its voices.
pub const ASSET: &str = "espeak-ng";

/// Where a library and its voice data are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpeechFiles {
    /// The library, as a path or as the name that the system's loader knows it by.
    pub library: PathBuf,
    /// The folder `espeak-ng-data`; where it is absent, the library knows where to look.
    pub data: Option<PathBuf>,
}

impl SpeechFiles {
    /// The files of the asset, fetched if they are not here.
    ///
    /// # Errors
    /// Those of [`AssetStore::ensure`](crate::AssetStore::ensure).
    pub fn of_asset(models: &Models, cancel: &CancellationToken) -> Result<Self, ModelError> {
        let asset = models.assets().ensure(ASSET, cancel)?;
        Ok(Self {
            library: asset.file("library")?,
            data: Some(asset.file("data")?),
        })
    }

    /// The system's own library, if there is one.
    #[must_use]
    pub fn of_system() -> Self {
        Self {
            library: PathBuf::from(if cfg!(target_os = "macos") {
                "libespeak-ng.1.dylib"
            } else if cfg!(windows) {
                "libespeak-ng.dll"
            } else {
                "libespeak-ng.so.1"
            }),
            data: None,
        }
    }
}

/// How to speak.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner<'a> {
    /// The language of the text.
    pub language: &'a LanguageTag,
    /// A variant of the voice, such as `f2`, or a word for one, such as `female`.
    pub voice: Option<&'a str>,
    /// Speed as a factor of normal, 0.5 to 3.
    pub rate: f64,
    /// Pitch as a factor of normal, 0 to 2.
    pub pitch: f64,
}

impl<'a> Manner<'a> {
    /// The plain voice of a language at its normal speed and pitch.
    #[must_use]
    pub const fn plain(language: &'a LanguageTag) -> Self {
        Self {
            language,
            voice: None,
            rate: 1.0,
            pitch: 1.0,
        }
    }
}

/// A stretch of speech, in the order of the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Passage {
    /// Signed 16-bit samples of one channel, at [`SpeechSynthesizer::sample_rate`].
    pub samples: Vec<i16>,
    /// The part of the text that is spoken once this is played, 0 to 1.
    pub fraction: f32,
}

/// Speaks text with the voices of one library.
#[derive(Debug)]
pub struct SpeechSynthesizer {
    espeak: Espeak,
    description: Description,
    table: VoiceTable,
}

impl SpeechSynthesizer {
    /// Loads a library once to see what it can speak.
    ///
    /// # Errors
    /// [`SpeechError::Espeak`] when the library or its data cannot be used.
    pub fn load(files: &SpeechFiles) -> Result<Self, SpeechError> {
        let espeak = Espeak::new(&files.library, files.data.clone());
        let description = espeak.describe()?;
        Ok(Self {
            espeak,
            description,
            table: VoiceTable::embedded(),
        })
    }

    /// Loads the asset, fetching it at first use; where it cannot be had, the system's library.
    ///
    /// # Errors
    /// Why the asset cannot be had, when the system has no library either; [`SpeechError::Espeak`] when the asset
    /// cannot be used.
    pub fn open(models: &Models, cancel: &CancellationToken) -> Result<Self, SpeechError> {
        match SpeechFiles::of_asset(models, cancel) {
            Ok(files) => Self::load(&files),
            Err(error @ (ModelError::Cancelled { .. } | ModelError::NamedPath { .. })) => {
                Err(error.into())
            }
            Err(error) => match Self::load(&SpeechFiles::of_system()) {
                Ok(synthesizer) => {
                    tracing::warn!(%error, "speaking with the system's espeak-ng");
                    Ok(synthesizer)
                }
                Err(_) => Err(error.into()),
            },
        }
    }

    /// Version of the library, such as `1.52.0`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.description.version
    }

    /// Samples per second, in Hz.
    #[must_use]
    pub const fn sample_rate(&self) -> u32 {
        self.description.sample_rate
    }

    /// Codes of the languages that have a voice, as the library calls them.
    #[must_use]
    pub fn languages(&self) -> Vec<&str> {
        voices::codes(&self.description)
    }

    /// Names of the variants that every voice can take on.
    #[must_use]
    pub fn variants(&self) -> Vec<&str> {
        voices::variants(&self.description)
    }

    /// Speaks `text` passage by passage, each of up to a few minutes, cut between sentences.
    ///
    /// Passages are computed as they are taken; each blocks for about a two-hundredth of its length in time. Between
    /// two of them other calls get their turn at the library.
    ///
    /// # Errors
    /// Before anything is spoken: [`SpeechError::Empty`], [`SpeechError::NoVoice`], [`SpeechError::UnknownVariant`],
    /// [`SpeechError::OutOfRange`]. Of a passage: [`SpeechError::Espeak`], which is how cancelling ends it.
    pub fn speak<'a>(
        &'a self,
        text: &'a str,
        manner: &Manner<'_>,
        cancel: &'a CancellationToken,
    ) -> Result<impl Iterator<Item = Result<Passage, SpeechError>> + 'a, SpeechError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SpeechError::Empty);
        }
        let voice = voice_for(&self.description, &self.table, manner.language)?;
        let variant = manner
            .voice
            .map(|name| variant_for(&self.description, &self.table, name))
            .transpose()?;
        let rate = factor("rate", manner.rate, 0.5, 3.0)?;
        let pitch = factor("pitch", manner.pitch, 0.0, 2.0)?;
        let (words_per_minute, pitch) = (
            times(NORMAL_WORDS_PER_MINUTE, rate),
            times(NORMAL_PITCH, pitch),
        );
        let mut spoken = 0;
        Ok(passages(text).map(move |passage| {
            let utterance = Utterance {
                text: passage,
                voice: &voice.identifier,
                variant: variant.map(|variant| variant.variant_name()),
                words_per_minute,
                pitch,
            };
            let samples = self.espeak.synthesise(&utterance, cancel)?;
            spoken += passage.len();
            #[expect(clippy::cast_precision_loss, reason = "shown to people")]
            let fraction = spoken as f32 / text.len() as f32;
            Ok(Passage { samples, fraction })
        }))
    }
}

/// Whether speech could be made now; where there is no asset for this platform, the system's library stands in.
#[must_use]
pub fn readiness(models: &Models) -> Readiness {
    let unsupported = |status: AssetStatus| status.state == AssetState::Unsupported;
    if models.assets().status(ASSET).is_ok_and(unsupported) {
        return match SpeechSynthesizer::load(&SpeechFiles::of_system()) {
            Ok(_) => Readiness::Ready,
            Err(error) => Readiness::Unavailable {
                reason: error.to_string(),
                hint: "install espeak-ng with the system's package manager".to_owned(),
            },
        };
    }
    models.assets().readiness(&[ASSET])
}

fn factor(name: &'static str, given: f64, least: f64, most: f64) -> Result<f64, SpeechError> {
    if (least..=most).contains(&given) {
        Ok(given)
    } else {
        Err(SpeechError::OutOfRange {
            name,
            given,
            least,
            most,
        })
    }
}

/// A scale's normal value times a factor between 0 and 3.
fn times(normal: u32, factor: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "both are small and positive"
    )]
    let scaled = (f64::from(normal) * factor).round() as u32;
    scaled
}

#[cfg(test)]
mod tests;

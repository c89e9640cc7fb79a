//! `text_to_speech`: reads a text out loud, in the language that it is in or that is asked for.
//!
//! Knows how speech becomes a WAV file and an artifact; voices and languages are found by `medley-models`.

mod wave;

use std::sync::Arc;

use async_trait::async_trait;
use medley_models::{
    Models,
    assets::Readiness,
    families::speech::{ASSET, Manner, SpeechError, SpeechSynthesizer, readiness},
    processing::language::{LanguageTag, identify, language},
    readable_bytes,
};
use medley_orchestrator::{
    About, AudioArtifact, CallContext, Facts, Health, Kind, Tool, ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use wave::Wave;

/// The longest text in bytes: some twenty hours of speech, less where the sound's own limit ends it.
const LONGEST_TEXT: usize = 1 << 20;

/// Reads text out loud.
pub struct TextToSpeech {
    models: Models,
    synthesizer: OnceCell<Arc<SpeechSynthesizer>>,
}

/// What to say, and how.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Input {
    /// The text to read out loud.
    pub text: String,
    /// The language of the text, as a code or a name (`de`, `pt-BR`, `German`, `中文`); detected where it is left out.
    pub language: Option<String>,
    /// The voice: `female`, `male`, or a variant of espeak-ng such as `f2`, `m3` or `whisper`.
    pub voice: Option<String>,
    /// Speed as a factor: 1 is normal, 2 is twice as fast.
    #[schemars(range(min = 0.5, max = 3.0))]
    pub rate: Option<f64>,
    /// Pitch as a factor: 1 is normal, below is lower, above is higher.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub pitch: Option<f64>,
}

/// The sound.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    /// The spoken text: WAV, 16 bits, one channel.
    pub audio: AudioArtifact,
    /// The language that it is spoken in, as a code.
    pub language: String,
}

impl TextToSpeech {
    /// A tool that takes its voices from `models` when it is first called.
    #[must_use]
    pub fn new(models: Models) -> Self {
        Self {
            models,
            synthesizer: OnceCell::new(),
        }
    }

    async fn synthesizer(
        &self,
        context: &CallContext,
    ) -> Result<Arc<SpeechSynthesizer>, ToolError> {
        let load = || {
            let models = self.models.clone();
            let cancel = context.cancellation().clone();
            context.compute(move || {
                SpeechSynthesizer::open(&models, &cancel)
                    .map(Arc::new)
                    .map_err(tool_error)
            })
        };
        self.synthesizer.get_or_try_init(load).await.cloned()
    }
}

#[async_trait]
impl Tool for TextToSpeech {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        let assets = self.models.assets();
        let version = assets
            .catalogue()
            .entry(ASSET)
            .map_or("unknown", |entry| entry.version.as_str());
        About::new(
            "text_to_speech",
            "Reads a text out loud and gives the sound",
        )
        .phrases(&[
            "say it out loud",
            "read it aloud",
            "speak this text",
            "read the text to me",
            "pronounce the words",
            "make a voice recording of the text",
            "turn the text into speech",
            "text to speech",
            "say it in German",
            "read it with a female voice",
            "speak slowly",
        ])
        .provider("espeak-ng", format!("1-{version}"))
        .computes(1, 64 << 20)
    }

    fn health(&self) -> Health {
        match readiness(&self.models) {
            Readiness::Ready => Health::Healthy,
            Readiness::NeedsFetch { bytes } => Health::NeedsFetch {
                what: format!("espeak-ng with its voices ({})", readable_bytes(bytes)),
            },
            Readiness::Unavailable { reason, hint } => Health::Unavailable { reason, hint },
        }
    }

    fn environment(&self) -> String {
        self.models.assets().environment(&[ASSET])
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        check_length(&input.text)?;
        let tag = tag_of(&input)?;
        let language = tag.to_string();
        let synthesizer = self.synthesizer(context).await?;
        let task = context.clone();
        let wave = context
            .compute(move || speak(&synthesizer, &input, &tag, &task))
            .await?;
        let facts = Facts::sound(wave.seconds, wave.sample_rate, wave.channels);
        let audio = context
            .write(Kind::Audio, "audio/wav", facts, wave.content)
            .await?;
        Ok(Output {
            audio: audio.into(),
            language,
        })
    }
}

/// Nothing to say, or too much of it, is said before anything is loaded.
fn check_length(text: &str) -> Result<(), ToolError> {
    if text.trim().is_empty() {
        return Err(tool_error(SpeechError::Empty));
    }
    if text.len() > LONGEST_TEXT {
        let message = format!(
            "the text is {} long; at most {} can be spoken at once",
            readable_bytes(text.len() as u64),
            readable_bytes(LONGEST_TEXT as u64)
        );
        return Err(ToolError::permanent("text_too_long", message)
            .with_hint("shorten or summarise the text, or speak it in parts"));
    }
    Ok(())
}

/// The language that is asked for, else the text's own; English where a text gives no sign of any.
fn tag_of(input: &Input) -> Result<LanguageTag, ToolError> {
    if let Some(name) = input
        .language
        .as_deref()
        .filter(|name| !name.trim().is_empty())
    {
        return name.parse().map_err(|error| {
            ToolError::bad_argument("language", error)
                .with_hint("give a code such as `de` or `pt-BR`, or a name such as `German`; leave it out to have it detected")
        });
    }
    identify(&input.text)
        .map(|found| found.language)
        .or_else(|| language("en"))
        .map(LanguageTag::from)
        .ok_or_else(|| ToolError::permanent("no_language", "the table of languages is empty"))
}

fn speak(
    synthesizer: &SpeechSynthesizer,
    input: &Input,
    tag: &LanguageTag,
    context: &CallContext,
) -> Result<Wave, ToolError> {
    let manner = Manner {
        language: tag,
        voice: input.voice.as_deref(),
        rate: input.rate.unwrap_or(1.0),
        pitch: input.pitch.unwrap_or(1.0),
    };
    let passages = synthesizer
        .speak(&input.text, &manner, context.cancellation())
        .map_err(tool_error)?;
    let stretches = passages.map(|passage| {
        let passage = passage.map_err(tool_error)?;
        context.progress(Some(passage.fraction), "speaking");
        Ok(passage.samples)
    });
    let wave = Wave::write(synthesizer.sample_rate(), stretches)?;
    if wave.silent {
        return Err(ToolError::permanent(
            "no_text",
            "nothing in the text can be spoken in this language",
        )
        .with_hint("give a text with words or numbers, or another language"));
    }
    Ok(wave)
}

fn tool_error(error: SpeechError) -> ToolError {
    let made = match (&error, error.code()) {
        (_, "cancelled") => return ToolError::cancelled(),
        (SpeechError::UnknownVariant { .. }, _) => ToolError::bad_argument("voice", &error),
        (SpeechError::NoVoice { .. }, _) => ToolError::bad_argument("language", &error),
        (SpeechError::OutOfRange { name, .. }, _) => ToolError::bad_argument(name, &error),
        (SpeechError::Espeak(_), code) => ToolError::permanent(code, "the speech library failed"),
        (_, code) if error.is_transient() => ToolError::transient(code, error.to_string()),
        (_, code) => ToolError::permanent(code, error.to_string()),
    };
    let hinted = match error.hint() {
        Some(hint) => made.with_hint(hint),
        None => made,
    };
    hinted.caused_by(error)
}

#[cfg(test)]
mod tests;

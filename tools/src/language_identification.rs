//! `language_identification`: says which language a text is in, and how sure that is.
//!
//! The judgement is made in `medley-models`, where other tools ask for it too; this is its typed signature.

use async_trait::async_trait;
use medley_models::processing::language::identify;
use medley_orchestrator::{About, CallContext, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Says which language a text is in.
#[derive(Debug, Clone, Copy)]
pub struct LanguageIdentification;

/// A text.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The text to look at.
    pub text: String,
}

/// Its language.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The language as a code of ISO 639-1 where it has one, else of ISO 639-3.
    pub language: String,
    /// The language's name in English.
    pub name: String,
    /// How sure that is, 0 to 1; a few words in a script that many languages share tell little.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// The script that most of the text is in, such as `Latin` or `Han`.
    pub script: String,
}

#[async_trait]
impl Tool for LanguageIdentification {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new(
            "language_identification",
            "Says which language a text is written in",
        )
        .phrases(&[
            "what language is this",
            "which language is the text in",
            "detect the language",
            "identify the language",
            "is this Spanish or Portuguese",
        ])
        .provider("whatlang", "1")
    }

    async fn call(&self, input: Input, _context: &CallContext) -> Result<Output, ToolError> {
        if input.text.trim().is_empty() {
            return Err(
                ToolError::permanent("no_text", "there is no text to look at")
                    .with_hint("give a text with at least a word"),
            );
        }
        let found = identify(&input.text).ok_or_else(|| {
            ToolError::permanent("no_letters", "the text has no letters in a known script")
                .with_hint("numbers and signs belong to no language; give a text with words")
        })?;
        Ok(Output {
            language: found.language.code.clone(),
            name: found.language.english.clone(),
            confidence: (found.confidence * 1_000.0).round() / 1_000.0,
            script: found.script,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use medley_orchestrator::{DiskStore, Registry};
    use tokio_util::sync::CancellationToken;

    use super::*;

    async fn identify(text: &str) -> Result<Output, ToolError> {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::open(folder.path()).unwrap();
        let context = CallContext::new(Arc::new(store), CancellationToken::new(), Arc::new(|_| {}));
        let text = text.to_owned();
        LanguageIdentification.call(Input { text }, &context).await
    }

    #[tokio::test]
    async fn scripts_and_words_tell_the_language() {
        for (text, language, name, script) in [
            ("你好，世界", "zh", "Chinese", "Han"),
            ("こんにちは世界", "ja", "Japanese", "Hiragana"),
            ("안녕하세요", "ko", "Korean", "Hangul"),
            ("Добрый день, как дела?", "ru", "Russian", "Cyrillic"),
            ("مرحبا كيف حالك", "ar", "Arabic", "Arabic"),
            ("Das Wetter ist heute schön.", "de", "German", "Latin"),
        ] {
            let found = identify(text).await.unwrap();
            assert_eq!(
                (
                    found.language.as_str(),
                    found.name.as_str(),
                    found.script.as_str()
                ),
                (language, name, script)
            );
        }
    }

    #[tokio::test]
    async fn confidence_is_honest_about_short_texts() {
        let long = "Il gatto dorme sul divano e non vuole uscire perché fuori piove da tre giorni.";
        assert!(identify(long).await.unwrap().confidence > 0.9);
        assert!(identify("Il gatto").await.unwrap().confidence < 0.6);
        assert!(identify("Zorbl").await.unwrap().confidence < 0.1);
    }

    #[tokio::test]
    async fn nothing_to_look_at_is_an_error_with_a_way_out() {
        for (text, code) in [
            ("", "no_text"),
            (" \n", "no_text"),
            ("12 + 30 = 42", "no_letters"),
        ] {
            let error = identify(text).await.unwrap_err();
            assert_eq!(error.code(), code);
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn the_registry_takes_it() {
        let mut registry = Registry::new();
        registry.register(LanguageIdentification).unwrap();
        let capability = &registry.get("language_identification").unwrap().capability;
        let outputs: Vec<&str> = capability
            .outputs
            .iter()
            .map(|each| each.name.as_str())
            .collect();
        assert_eq!(outputs, ["language", "name", "confidence", "script"]);
    }
}

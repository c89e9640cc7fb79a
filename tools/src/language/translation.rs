//! `translation`: puts a text into another language, with a language model.

use std::sync::Arc;

use async_trait::async_trait;
use medley_models::processing::language::LanguageTag;
use medley_orchestrator::{About, CallContext, ChatModel, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::writer::{Writer, some};

const RULES: &str = include_str!("../../prompts/translation.txt");

/// Puts a text into another language.
pub struct Translation(Writer);

impl Translation {
    /// Translates with `model`.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self(Writer::new(model))
    }
}

/// A text, and the language that it is wanted in.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The text to translate.
    pub text: String,
    /// The language to translate into: a code such as `fr` or `pt-BR`, or a name such as `French`.
    pub to: String,
    /// The language that the text is in, where it is known.
    pub from: Option<String>,
}

/// The text in the other language.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The translation.
    pub text: String,
}

#[async_trait]
impl Tool for Translation {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        self.0.about(
            About::new("translation", "Translates a text into another language").phrases(&[
                "translate the text into French",
                "translate it to German",
                "what does it mean in English",
                "give me a translation",
                "put this sentence into Spanish",
                "make a Chinese version of the text",
                "in Japanese, please",
            ]),
        )
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let text = some("text", &input.text)?;
        let to = called("to", &input.to)?;
        let from = input.from.as_deref().map(|from| called("from", from));
        let from = from.transpose()?;
        let from = from.map(|from| format!("It is in {from}. "));
        let rules = RULES
            .trim_end()
            .replace("{to}", &to)
            .replace("{from}", &from.unwrap_or_default());
        let text = self.0.write(rules, text, Some(0.0), context).await?;
        Ok(Output { text })
    }
}

/// A language as models know it: its English name, and the region where one was told.
fn called(parameter: &str, name: &str) -> Result<String, ToolError> {
    let tag: LanguageTag = name.parse().map_err(|error| {
        ToolError::bad_argument(parameter, error)
            .with_hint("give a code such as `fr` or `zh`, or a name such as `French`")
    })?;
    let english = &tag.language().english;
    Ok(match tag.region() {
        Some(_) => format!("{english} ({tag})"),
        None => english.clone(),
    })
}

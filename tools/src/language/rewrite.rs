//! `rewrite`: says the same in another way, with a language model.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ChatModel, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::writer::{Writer, some};

const RULES: &str = include_str!("../../prompts/rewrite.txt");

/// Says the same in another way.
pub struct Rewrite(Writer);

impl Rewrite {
    /// Rewrites with `model`.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self(Writer::new(model))
    }
}

/// How a text reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// As in an official letter.
    Formal,
    /// As among friends.
    Casual,
    /// Warm and kind.
    Friendly,
    /// In short sentences and common words.
    Simple,
    /// Without a needless word.
    Concise,
    /// With more detail, but no new facts.
    Detailed,
    /// As in an advertisement.
    Persuasive,
    /// With images and rhythm.
    Poetic,
}

impl Style {
    const fn meaning(self) -> &'static str {
        match self {
            Self::Formal => "formal, as in an official letter",
            Self::Casual => "casual, as among friends",
            Self::Friendly => "friendly, warm and kind",
            Self::Simple => "simple: short sentences and common words",
            Self::Concise => "concise, without a needless word",
            Self::Detailed => "more detailed, without new facts",
            Self::Persuasive => "persuasive, as in an advertisement",
            Self::Poetic => "poetic, with images and rhythm",
        }
    }
}

/// A text, and how it should read.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The text to rewrite.
    pub text: String,
    /// How it should read; clear and correct, unless it is said otherwise.
    pub style: Option<Style>,
    /// The most words that it may have.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_words: Option<u32>,
    /// Anything else that it should be, in words.
    pub instruction: Option<String>,
}

/// The text in its new words.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The new text.
    pub text: String,
}

#[async_trait]
impl Tool for Rewrite {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        self.0.about(
            About::new("rewrite", "Rewrites a text in another style or length").phrases(&[
                "rewrite the text",
                "make the text more formal",
                "rephrase it in simple words",
                "put it in a friendlier tone",
                "correct the grammar of the text",
                "reword the caption to at most ten words",
                "polish this letter",
            ]),
        )
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let text = some("text", &input.text)?;
        let mut how = match input.style {
            Some(style) => format!(" so that it is {}", style.meaning()),
            None if input.instruction.is_none() => " so that it is clear and correct".to_owned(),
            None => String::new(),
        };
        if let Some(words) = input.max_words {
            how.push_str(&format!(", in at most {words} words"));
        }
        let mut unless = "";
        if let Some(instruction) = input.instruction.as_deref().map(str::trim) {
            // It is the plan's, and still stays on its line and within its quotation marks.
            how.push_str(&format!(", as is asked here: {instruction:?}"));
            unless = ", but for what is asked";
        }
        let rules = RULES
            .trim_end()
            .replace("{unless}", unless)
            .replace("{how}", &how);
        let text = self.0.write(rules, text, Some(0.0), context).await?;
        Ok(Output { text })
    }
}

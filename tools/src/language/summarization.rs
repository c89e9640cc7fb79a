//! `summarization`: makes a text shorter, with a language model.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ChatModel, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::writer::{Writer, some};

const RULES: &str = include_str!("../../prompts/summarization.txt");

/// Makes a text shorter.
pub struct Summarization(Writer);

impl Summarization {
    /// Summarizes with `model`.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self(Writer::new(model))
    }
}

/// A text, and how short it is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The text to summarize.
    pub text: String,
    /// The most words that the summary may have; about a fifth of the text, unless it is said otherwise.
    #[schemars(range(min = 1, max = 10_000))]
    pub max_words: Option<u32>,
}

/// The text in short.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The summary.
    pub text: String,
}

#[async_trait]
impl Tool for Summarization {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        self.0
            .about(About::new("summarization", "Summarizes a text").phrases(&[
                "summarize the text",
                "give me a summary",
                "sum up the article in 50 words",
                "what are the main points",
                "make a short version of the document",
                "shorten the report",
                "tldr",
            ]))
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let text = some("text", &input.text)?;
        let length = match input.max_words {
            Some(words) => format!(" in at most {words} words"),
            None => " in about a fifth of its length, and at least in a sentence".to_owned(),
        };
        let rules = RULES.trim_end().replace("{length}", &length);
        let text = self.0.write(rules, text, Some(0.0), context).await?;
        Ok(Output { text })
    }
}

//! `summarization`: makes a text shorter, with a language model.
//!
//! A text that is longer than the model can read is summarized passage by passage, and the summaries are put together.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ChatErrorKind, ChatModel, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::writer::{Cut, Writer, some};

const RULES: &str = include_str!("../../prompts/summarization.txt");

/// What is said where the text is the summaries of the parts of a longer one.
const RULES_OF_PARTS: &str = include_str!("../../prompts/summarization_of_parts.txt");

/// How long a summary is if nobody says.
const A_FIFTH: &str = " in about a fifth of its length, and at least in a sentence";

/// Passages are not made shorter than this many tokens when a model refuses them for their length.
const LEAST: u64 = 64;

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
        let mut most = None;
        loop {
            let cut = self.0.cut(text.to_owned(), most).await?;
            let fewer = cut.most.min(cut.tokens) / 2;
            match self.summarize(cut, input.max_words, context).await {
                // The model can read less than was thought.
                Err(error)
                    if error.code() == ChatErrorKind::ContextTooLong.code() && fewer >= LEAST =>
                {
                    most = Some(fewer)
                }
                summary => return summary.map(|text| Output { text }),
            }
        }
    }
}

impl Summarization {
    /// The summary of a text that is cut; its passages are summarized until what is left needs no cut.
    async fn summarize(
        &self,
        mut cut: Cut,
        max_words: Option<u32>,
        context: &CallContext,
    ) -> Result<String, ToolError> {
        let wanted = max_words.map(|words| format!(" in at most {words} words"));
        let mut rules = RULES.replace("{length}", wanted.as_deref().unwrap_or(A_FIFTH));
        while cut.passages.len() > 1 {
            let summaries = self.summarize_each(&cut.passages, context).await?;
            let shorter = self.0.cut(summaries, Some(cut.most)).await?;
            let is_shorter = 4 * shorter.tokens <= 3 * cut.tokens;
            if shorter.passages.len() > 1 && !is_shorter {
                let message = "the language model does not make the parts of the text shorter";
                let hint = "give it a shorter text, or use a model that can read more at once";
                return Err(ToolError::permanent("too_long", message).with_hint(hint));
            }
            cut = shorter;
            // The summaries of the parts are as short as the whole is to be, unless somebody says otherwise.
            rules = RULES_OF_PARTS.replace("{length}", wanted.as_deref().unwrap_or_default());
        }
        let text = cut.passages.concat();
        self.0
            .write(rules.trim_end().to_owned(), &text, Some(0.0), context)
            .await
    }

    /// The summaries of passages, one after the other as paragraphs.
    async fn summarize_each(
        &self,
        passages: &[String],
        context: &CallContext,
    ) -> Result<String, ToolError> {
        let rules = RULES.trim_end().replace("{length}", A_FIFTH);
        let mut summaries = Vec::with_capacity(passages.len());
        for (passage, number) in passages.iter().zip(1..) {
            let of = passages.len();
            let show = |end: String| {
                context.progress(
                    Some(share(number - 1, of)),
                    format!("part {number} of {of}: {end}"),
                );
            };
            let summary = self
                .0
                .write_showing(rules.clone(), passage, Some(0.0), context, &show)
                .await?;
            summaries.push(summary);
        }
        Ok(summaries.join("\n\n"))
    }
}

/// How much of the passages is done; what puts the summaries together counts as one more.
#[expect(clippy::cast_precision_loss, reason = "there are few passages")]
fn share(done: usize, of: usize) -> f32 {
    done as f32 / (of + 1) as f32
}

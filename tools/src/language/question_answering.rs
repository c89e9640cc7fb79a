//! `question_answering`: answers a question from a text, with a language model.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ChatModel, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::writer::{Writer, some};

const RULES: &str = include_str!("../../prompts/question_answering.txt");

/// Answers a question from a text.
pub struct QuestionAnswering(Writer);

impl QuestionAnswering {
    /// Answers with `model`.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self(Writer::new(model))
    }
}

/// A question, and where its answer stands.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// The question.
    pub question: String,
    /// The text that holds the answer.
    pub context: String,
}

/// The answer.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The answer, or that the text does not hold it.
    pub answer: String,
}

#[async_trait]
impl Tool for QuestionAnswering {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        self.0.about(
            About::new("question_answering", "Answers a question from a text").phrases(&[
                "answer the question from the text",
                "how much is the total on the receipt",
                "who wrote this according to the document",
                "when does the shop open, going by the sign",
                "what does the letter say about the rent",
                "look up the answer in the text",
            ]),
        )
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let question = some("question", &input.question)?;
        let text = some("context", &input.context)?;
        // The question comes last, where no text can pretend to be another one behind it.
        let asked = format!("Context:\n{text}\n\nEnd of the context. Question:\n{question}");
        let rules = RULES.trim_end().to_owned();
        let answer = self.0.write(rules, &asked, Some(0.0), context).await?;
        Ok(Output { answer })
    }
}

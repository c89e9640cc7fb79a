//! `text_generation`: writes a text of any sort, with a language model.

use std::sync::Arc;

use async_trait::async_trait;
use medley_orchestrator::{About, CallContext, ChatModel, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::writer::{Writer, some};

const RULES: &str = include_str!("../../prompts/text_generation.txt");

/// Writes a text of any sort.
pub struct TextGeneration(Writer);

impl TextGeneration {
    /// Writes with `model`.
    #[must_use]
    pub fn new(model: Arc<dyn ChatModel>) -> Self {
        Self(Writer::new(model))
    }
}

/// What is wanted.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Input {
    /// What to write, such as `a haiku about rain`.
    pub prompt: String,
}

/// The text.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub struct Output {
    /// The text.
    pub text: String,
}

#[async_trait]
impl Tool for TextGeneration {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        self.0.about(
            About::new("text_generation", "Writes a text of any sort").phrases(&[
                "write a poem about the sea",
                "write me a short story",
                "compose an email to the landlord",
                "draft a letter",
                "make up a slogan",
                "write a birthday card",
                "come up with a title",
            ]),
        )
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let prompt = some("prompt", &input.prompt)?;
        // Whoever wants two poems wants two different ones: the model chooses as it does.
        let rules = RULES.trim_end().to_owned();
        let text = self.0.write(rules, prompt, None, context).await?;
        Ok(Output { text })
    }
}

//! The seam to language models: messages, tools or a schema in; a stream of deltas out.
//!
//! Who is behind it, an endpoint or a file on the disk, planners, refiners and correctors do not know.

mod budget;
mod chain;
mod error;
mod plan_shape;
mod recording;
mod reply;
mod request;
pub mod telemetry;
mod watched;

use std::pin::Pin;

use async_trait::async_trait;
use futures::Stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use budget::{Budget, Spending, Spent, TokenCounter};
pub use chain::ModelChain;
pub use error::{ChatError, ChatErrorKind};
pub use plan_shape::PlanShape;
pub use recording::{Recorder, RecordingError, Replay, Scrubber};
pub use reply::{ChatDelta, ChatReply, FinishReason, ToolCall, Usage};
pub use request::{
    ChatRequest, ChatTool, Content, Message, Picture, ResponseFormat, Role, ToolChoice,
};

/// What a model says, piece by piece. It ends after the last delta, or after an error.
pub type ChatStream = Pin<Box<dyn Stream<Item = Result<ChatDelta, ChatError>> + Send>>;

/// A language model.
#[async_trait]
pub trait ChatModel: Send + Sync {
    /// What is known of it.
    fn profile(&self) -> &ChatProfile;

    /// Asks the model. Dropping the future or the stream stops it, and so does `cancel`, which ends the stream with
    /// [`ChatErrorKind::Cancelled`].
    ///
    /// # Errors
    /// When the model cannot be asked; what goes wrong later comes in the stream.
    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError>;

    /// How many tokens a text takes, where the model's own tokenizer is at hand.
    fn count_tokens(&self, _text: &str) -> Option<u64> {
        None
    }
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChatProfile {
    /// What it is called in the configuration.
    pub name: String,
    /// What it is called where it runs.
    pub model: String,
    /// Whether it runs on another machine.
    pub remote: bool,
    /// What it can do.
    pub supports: ChatSupport,
    /// How many tokens a request and its reply may take together, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// What it costs; nothing, where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

/// What a model can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChatSupport {
    /// It sees pictures.
    pub vision: bool,
    /// It calls tools.
    pub tools: bool,
    /// It keeps to a JSON schema.
    pub schema: bool,
    /// It keeps to the grammar of plans over the tools at hand.
    pub plans: bool,
}

impl Default for ChatSupport {
    /// What most endpoints do: tools, and no more.
    fn default() -> Self {
        Self {
            vision: false,
            tools: true,
            schema: false,
            plans: false,
        }
    }
}

/// What a model costs, in US dollars a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// For what it reads.
    pub input: f64,
    /// For what it writes.
    pub output: f64,
}

impl Price {
    /// What this much use costs, in US dollars.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no bill has 2^52 tokens")]
    pub fn of(&self, usage: Usage) -> f64 {
        (usage.input_tokens as f64 * self.input + usage.output_tokens as f64 * self.output) / 1e6
    }
}

#[cfg(test)]
mod tests;

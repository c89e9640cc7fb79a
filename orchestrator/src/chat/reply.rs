//! What a model says.

use futures::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChatError, ChatStream};

/// A piece of what a model says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "delta", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatDelta {
    /// More of its text.
    Text {
        /// The text.
        text: String,
    },
    /// More of what it thinks before it speaks.
    Reasoning {
        /// The text.
        text: String,
    },
    /// More of a call of a tool.
    ToolCall {
        /// Which of its calls, from 0.
        index: usize,
        /// The call's id; once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The tool's name; once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// More of its arguments, which together are JSON.
        #[serde(default)]
        arguments: String,
    },
    /// Which model it is, as it says itself.
    Model {
        /// The model.
        model: String,
        /// What it calls this reply.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
    },
    /// How much was read and written.
    Usage {
        /// How much.
        usage: Usage,
    },
    /// Why it stopped.
    Finish {
        /// Why.
        reason: FinishReason,
    },
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It had said everything.
    Stop,
    /// It had said as much as it may.
    Length,
    /// It calls tools.
    ToolCalls,
    /// It, or whoever watches it, will not say more.
    Refused,
}

impl FinishReason {
    /// As traces name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::Refused => "content_filter",
        }
    }
}

/// How many tokens were read and written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Tokens that were read.
    pub input_tokens: u64,
    /// Tokens that were written.
    pub output_tokens: u64,
    /// Whether they were counted here, because the model did not say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

impl Usage {
    /// Both together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.input_tokens + self.output_tokens
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.estimated |= other.estimated;
    }
}

/// A call of a tool that a model made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The call's id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments as JSON text, as the model wrote them.
    pub arguments: String,
}

/// All that a model said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatReply {
    /// Its text.
    pub text: String,
    /// What it thought before it spoke.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// The tools that it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Which model it is, as it says itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it calls this reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How much was read and written, if anybody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Why it stopped, if anybody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<FinishReason>,
}

impl ChatReply {
    /// Takes a piece.
    pub fn take(&mut self, delta: ChatDelta) {
        match delta {
            ChatDelta::Text { text } => self.text.push_str(&text),
            ChatDelta::Reasoning { text } => self.reasoning.push_str(&text),
            ChatDelta::ToolCall {
                index,
                id,
                name,
                arguments,
            } => {
                if self.tool_calls.len() <= index {
                    self.tool_calls.resize_with(index + 1, ToolCall::default);
                }
                let call = &mut self.tool_calls[index];
                call.id.push_str(&id.unwrap_or_default());
                call.name.push_str(&name.unwrap_or_default());
                call.arguments.push_str(&arguments);
            }
            ChatDelta::Model { model, id } => {
                self.model = Some(model);
                self.id = id.or(self.id.take());
            }
            ChatDelta::Usage { usage } => self.usage = Some(usage),
            ChatDelta::Finish { reason } => self.finish = Some(reason),
        }
    }

    /// Waits for all that a model says.
    ///
    /// # Errors
    /// The stream's first.
    pub async fn collect(mut stream: ChatStream) -> Result<Self, ChatError> {
        let mut reply = Self::default();
        while let Some(delta) = stream.next().await {
            reply.take(delta?);
        }
        Ok(reply)
    }
}

//! Why a model gave no reply, told apart by the way out.

use std::{error::Error, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the way out depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChatErrorKind {
    /// The key is missing, wrong or may not do this.
    Auth,
    /// There is no credit left.
    Quota,
    /// Too much was asked in too little time.
    RateLimited,
    /// The request is longer than the model can read.
    ContextTooLong,
    /// The model, or whoever watches it, does not answer this.
    Refused,
    /// The model is not there, or the address is wrong.
    NotFound,
    /// The model does not know something that the request has.
    Unsupported,
    /// It may work the next time.
    Transient,
    /// What came back cannot be understood.
    Malformed,
    /// The run's budget of tokens or money is spent.
    BudgetSpent,
    /// The policy does not allow it.
    Denied,
    /// Nobody waits for the reply.
    Cancelled,
}

impl ChatErrorKind {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Quota => "quota",
            Self::RateLimited => "rate_limited",
            Self::ContextTooLong => "context_too_long",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Unsupported => "unsupported",
            Self::Transient => "transient",
            Self::Malformed => "malformed",
            Self::BudgetSpent => "budget_spent",
            Self::Denied => "denied",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::RateLimited | Self::Transient)
    }

    /// Whether another model may do better.
    #[must_use]
    pub const fn may_fall_back(self) -> bool {
        !matches!(self, Self::Cancelled | Self::BudgetSpent)
    }
}

/// Why a model gave no reply. It never holds a key.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ChatError {
    /// What the way out depends on.
    pub kind: ChatErrorKind,
    /// What is wrong, with the model's name.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// When to try again, where somebody said.
    pub retry_after: Option<Duration>,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl ChatError {
    /// An error without a way out of its own.
    pub fn new(kind: ChatErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            retry_after: None,
            source: None,
        }
    }

    /// Nobody waits for the reply.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(ChatErrorKind::Cancelled, "the request was cancelled")
    }

    /// The same error with a way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

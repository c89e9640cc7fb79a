//! Several models for one role: the next one is asked when one fails.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use super::{ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatRequest, ChatStream};
use crate::{Permission, Policy};

/// Models in the order in which they are asked.
///
/// The next one is asked as long as nothing was said. Nothing leaves the machine because a model here failed, unless
/// the policy says so.
pub struct ModelChain {
    first: Arc<dyn ChatModel>,
    others: Vec<Arc<dyn ChatModel>>,
    policy: Policy,
}

impl ModelChain {
    /// A chain that begins with `first`.
    #[must_use]
    pub fn new(first: Arc<dyn ChatModel>, others: Vec<Arc<dyn ChatModel>>, policy: Policy) -> Self {
        Self {
            first,
            others,
            policy,
        }
    }

    /// Why a model may not be asked, if it may not.
    fn denial(&self, model: &ChatProfile) -> Option<ChatError> {
        if !model.remote {
            return None;
        }
        let name = &model.name;
        if self.policy.network != Permission::Allow {
            let message =
                format!("`{name}` is on another machine, and the policy does not allow it");
            let hint = "set `network = \"allow\"` under [policy], or use a model of this machine";
            return Some(ChatError::new(ChatErrorKind::Denied, message).with_hint(hint));
        }
        let leaves = !self.first.profile().remote && !self.policy.network_fallback;
        leaves.then(|| {
            let message =
                format!("`{name}` is on another machine, and may not step in for one here");
            let hint = "set `network_fallback = true` under [policy] to allow it";
            ChatError::new(ChatErrorKind::Denied, message).with_hint(hint)
        })
    }

    async fn ask(
        &self,
        model: &dyn ChatModel,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        if let Some(denial) = self.denial(model.profile()) {
            return Err(denial);
        }
        let mut stream = model.chat(request, cancel).await?;
        // A failure before the first word is as good as one before the stream.
        let mut before = Vec::new();
        while let Some(item) = stream.next().await {
            let says_something = !matches!(item, Ok(ChatDelta::Model { .. }));
            before.push(Ok(item?));
            if says_something {
                break;
            }
        }
        Ok(Box::pin(stream::iter(before).chain(stream)))
    }
}

#[async_trait]
impl ChatModel for ModelChain {
    fn profile(&self) -> &ChatProfile {
        self.first.profile()
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let mut failed: Option<ChatError> = None;
        for model in std::iter::once(&self.first).chain(&self.others) {
            match self.ask(&**model, request, cancel).await {
                Ok(stream) => return Ok(stream),
                Err(error) if !error.kind.may_fall_back() => return Err(error),
                Err(error) => {
                    tracing::warn!(model = model.profile().name, %error, "a model gave no reply");
                    failed = Some(match failed {
                        None => error,
                        Some(first) => both(first, &error),
                    });
                }
            }
        }
        Err(failed.unwrap_or_else(ChatError::cancelled))
    }

    fn count_tokens(&self, text: &str) -> Option<u64> {
        self.first.count_tokens(text)
    }
}

/// The first failure, which says what became of the others too.
fn both(first: ChatError, next: &ChatError) -> ChatError {
    ChatError {
        message: format!("{first}; then {next}"),
        hint: first.hint.or_else(|| next.hint.clone()),
        ..first
    }
}

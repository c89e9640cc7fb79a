//! What a run may spend on language models, and what it has spent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{
    ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatReply, ChatRequest,
    ChatStream, Price, Usage,
    watched::{Watch, watched},
};

/// What a run may spend; what is absent is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Tokens, read and written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dollars: Option<f64>,
}

/// What was spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// Tokens.
    #[serde(flatten)]
    pub usage: Usage,
    /// US dollars.
    pub dollars: f64,
    /// How often a model was asked.
    pub exchanges: u64,
}

/// Counts the tokens of a text where the model does not say.
pub type TokenCounter = Arc<dyn Fn(&str) -> u64 + Send + Sync>;

/// What a run has spent and may spend; clones share it.
#[derive(Clone)]
pub struct Spending {
    budget: Budget,
    counter: TokenCounter,
    spent: Arc<Mutex<Spent>>,
}

impl Spending {
    /// Nothing is spent yet.
    #[must_use]
    pub fn new(budget: Budget, counter: TokenCounter) -> Self {
        Self::resumed(budget, counter, Spent::default())
    }

    /// Nothing is limited.
    #[must_use]
    pub fn unlimited() -> Self {
        Self::new(Budget::default(), Self::rough_counter())
    }

    /// Counts a token for four bytes, where nothing better is at hand.
    #[must_use]
    pub fn rough_counter() -> TokenCounter {
        Arc::new(|text| text.len().div_ceil(4) as u64)
    }

    /// Counts on from what a run had spent when it stopped.
    #[must_use]
    pub fn resumed(budget: Budget, counter: TokenCounter, spent: Spent) -> Self {
        Self {
            budget,
            counter,
            spent: Arc::new(Mutex::new(spent)),
        }
    }

    /// What was spent so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        *self.lock()
    }

    /// The same model, whose use is counted here; it is not asked once the budget is spent.
    #[must_use]
    pub fn meter(&self, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        Arc::new(Metered {
            model,
            spending: self.clone(),
        })
    }

    /// How many tokens are left; none, where they are not limited.
    fn tokens_left(&self) -> Option<u64> {
        let limit = self.budget.tokens?;
        Some(limit.saturating_sub(self.spent().usage.total()))
    }

    fn check(&self) -> Result<(), ChatError> {
        let spent = self.spent();
        let gone = |what: String| {
            Err(ChatError::new(
                ChatErrorKind::BudgetSpent,
                format!("the run may spend {what} on language models, and has"),
            )
            .with_hint("raise [budget] in the configuration, and resume the run"))
        };
        match self.budget {
            Budget {
                tokens: Some(limit),
                ..
            } if spent.usage.total() >= limit => gone(format!("{limit} tokens")),
            Budget {
                dollars: Some(limit),
                ..
            } if spent.dollars >= limit => gone(format!("{limit} US dollars")),
            _ => Ok(()),
        }
    }

    fn add(&self, usage: Usage, price: Option<Price>) {
        let mut spent = self.lock();
        spent.usage += usage;
        spent.dollars += price.map_or(0.0, |price| price.of(usage));
        spent.exchanges += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Spending {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Spending")
            .field("budget", &self.budget)
            .field("spent", &self.spent())
            .finish_non_exhaustive()
    }
}

/// A model whose use is counted.
struct Metered {
    model: Arc<dyn ChatModel>,
    spending: Spending,
}

impl Metered {
    fn count(&self, text: &str) -> u64 {
        let own = self.model.count_tokens(text);
        own.unwrap_or_else(|| (self.spending.counter)(text))
    }

    fn count_request(&self, request: &ChatRequest) -> u64 {
        let messages = request.messages.iter().map(|message| {
            let calls = message.tool_calls.iter();
            let calls: u64 = calls.map(|call| self.count(&call.arguments)).sum();
            self.count(&message.text()) + calls
        });
        let tools = request
            .tools
            .iter()
            .map(|tool| self.count(&tool.description) + self.count(&tool.parameters.to_string()));
        messages.chain(tools).sum()
    }
}

#[async_trait]
impl ChatModel for Metered {
    fn profile(&self) -> &ChatProfile {
        self.model.profile()
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        self.spending.check()?;
        let mut request = request.clone();
        if let Some(left) = self.spending.tokens_left() {
            // What is read counts too, but nobody knows how much before it is.
            let left = u32::try_from(left).unwrap_or(u32::MAX).max(1);
            request.max_tokens = Some(request.max_tokens.map_or(left, |wanted| wanted.min(left)));
        }
        let stream = self.model.chat(&request, cancel).await?;
        let meter = Meter {
            model: Self {
                model: Arc::clone(&self.model),
                spending: self.spending.clone(),
            },
            request,
            reply: ChatReply::default(),
        };
        Ok(watched(stream, meter))
    }

    fn count_tokens(&self, text: &str) -> Option<u64> {
        self.model.count_tokens(text)
    }
}

/// Adds up one exchange.
struct Meter {
    model: Metered,
    request: ChatRequest,
    reply: ChatReply,
}

impl Watch for Meter {
    fn see(&mut self, item: &Result<ChatDelta, ChatError>) {
        if let Ok(delta) = item {
            self.reply.take(delta.clone());
        }
    }

    fn end(&mut self, _: bool) {
        let usage = self.reply.usage.unwrap_or_else(|| {
            let calls = self.reply.tool_calls.iter();
            let calls: u64 = calls.map(|call| self.model.count(&call.arguments)).sum();
            Usage {
                input_tokens: self.model.count_request(&self.request),
                output_tokens: self.model.count(&self.reply.text)
                    + self.model.count(&self.reply.reasoning)
                    + calls,
                estimated: true,
            }
        });
        self.model.spending.add(usage, self.model.profile().price);
    }
}

//! One trace span for each exchange with a language model, named as OpenTelemetry's conventions for generative AI say.
//!
//! Names: <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/>. What was asked and said stays out of
//! spans, and so do keys. Where spans go is for the subscriber to decide.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use futures::Stream;
use tracing::{Span, field};

use super::{
    ChatDelta, ChatError, ChatProfile, ChatRequest, ChatStream, FinishReason, ResponseFormat, Usage,
};

/// What is done: `chat`.
pub const OPERATION_NAME: &str = "gen_ai.operation.name";
/// Who runs the model, as in `openai`; [`provider_of_host`] knows some.
pub const PROVIDER_NAME: &str = "gen_ai.provider.name";
/// The model that was asked for.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// The most tokens of the reply.
pub const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
/// The temperature.
pub const REQUEST_TEMPERATURE: &str = "gen_ai.request.temperature";
/// The share of the likeliest tokens that are chosen from.
pub const REQUEST_TOP_P: &str = "gen_ai.request.top_p";
/// The seed.
pub const REQUEST_SEED: &str = "gen_ai.request.seed";
/// Whether the reply was asked for piece by piece.
pub const REQUEST_STREAM: &str = "gen_ai.request.stream";
/// What the reply must look like: `text` or `json`.
pub const OUTPUT_TYPE: &str = "gen_ai.output.type";
/// What the model calls its reply.
pub const RESPONSE_ID: &str = "gen_ai.response.id";
/// The model that replied, as it says itself.
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// Why the model stopped, a list of one.
pub const RESPONSE_FINISH_REASONS: &str = "gen_ai.response.finish_reasons";
/// Seconds from the request to the first piece of the reply.
pub const RESPONSE_TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
/// Tokens that were read.
pub const USAGE_INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens that were written.
pub const USAGE_OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// The host that was asked.
pub const SERVER_ADDRESS: &str = "server.address";
/// The port that was asked.
pub const SERVER_PORT: &str = "server.port";
/// Why there is no reply, one of the codes of [`ChatErrorKind`](super::ChatErrorKind).
pub const ERROR_TYPE: &str = "error.type";

/// The name of a span for subscribers that export to OpenTelemetry.
const EXPORTED_NAME: &str = "otel.name";
/// The kind of a span for subscribers that export to OpenTelemetry.
const EXPORTED_KIND: &str = "otel.kind";
/// The outcome of a span for subscribers that export to OpenTelemetry.
const EXPORTED_STATUS: &str = "otel.status_code";

/// Hosts whose provider has a name in the conventions.
const PROVIDERS: [(&str, &str); 9] = [
    ("api.anthropic.com", "anthropic"),
    ("api.deepseek.com", "deepseek"),
    ("api.groq.com", "groq"),
    ("api.mistral.ai", "mistral_ai"),
    ("api.openai.com", "openai"),
    ("api.perplexity.ai", "perplexity"),
    ("api.x.ai", "x_ai"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("openai.azure.com", "azure.ai.openai"),
];

/// The provider behind a host, where the conventions have a name for it.
#[must_use]
pub fn provider_of_host(host: &str) -> Option<&'static str> {
    let known = PROVIDERS.iter().find(|(known, _)| {
        let before = host.strip_suffix(known);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    });
    known.map(|(_, provider)| *provider)
}

/// The span of one exchange. It ends when it is dropped, and is filled then.
#[derive(Debug)]
pub struct ExchangeSpan {
    span: Span,
    asked: Instant,
    first: Option<Instant>,
    usage: Option<Usage>,
    finish: Option<FinishReason>,
}

impl ExchangeSpan {
    /// Begins it, with what is known before the model is asked.
    #[must_use]
    pub fn begin(provider: &str, profile: &ChatProfile, request: &ChatRequest) -> Self {
        let span = tracing::info_span!(
            "chat",
            { EXPORTED_NAME } = format_args!("chat {}", profile.model),
            { EXPORTED_KIND } = if profile.remote { "client" } else { "internal" },
            { EXPORTED_STATUS } = field::Empty,
            { OPERATION_NAME } = "chat",
            { PROVIDER_NAME } = provider,
            { REQUEST_MODEL } = profile.model.as_str(),
            { REQUEST_MAX_TOKENS } = request.max_tokens,
            { REQUEST_TEMPERATURE } = request.temperature,
            { REQUEST_TOP_P } = request.top_p,
            { REQUEST_SEED } = request.seed,
            { REQUEST_STREAM } = true,
            { OUTPUT_TYPE } = output_type(&request.format),
            { RESPONSE_ID } = field::Empty,
            { RESPONSE_MODEL } = field::Empty,
            { RESPONSE_FINISH_REASONS } = field::Empty,
            { RESPONSE_TIME_TO_FIRST_CHUNK } = field::Empty,
            { USAGE_INPUT_TOKENS } = field::Empty,
            { USAGE_OUTPUT_TOKENS } = field::Empty,
            { SERVER_ADDRESS } = field::Empty,
            { SERVER_PORT } = field::Empty,
            { ERROR_TYPE } = field::Empty,
        );
        Self {
            span,
            asked: Instant::now(),
            first: None,
            usage: None,
            finish: None,
        }
    }

    /// Notes which host is asked.
    #[must_use]
    pub fn at(self, host: &str, port: Option<u16>) -> Self {
        self.span.record(SERVER_ADDRESS, host);
        self.span.record(SERVER_PORT, port);
        self
    }

    /// The span, to do work in.
    #[must_use]
    pub const fn span(&self) -> &Span {
        &self.span
    }

    /// Notes a piece of the reply.
    pub fn take(&mut self, delta: &ChatDelta) {
        self.first.get_or_insert_with(Instant::now);
        match delta {
            ChatDelta::Model { model, id } => {
                self.span.record(RESPONSE_MODEL, model);
                self.span.record(RESPONSE_ID, id.as_deref());
            }
            ChatDelta::Usage { usage } => self.usage = Some(*usage),
            ChatDelta::Finish { reason } => self.finish = Some(*reason),
            _ => {}
        }
    }

    /// Notes why there is no reply, or no more of it.
    pub fn fail(&mut self, error: &ChatError) {
        self.span.record(ERROR_TYPE, error.kind.code());
        self.span.record(EXPORTED_STATUS, "ERROR");
    }

    /// The same stream; the span lasts as long as it, and learns what it says.
    #[must_use]
    pub fn over(self, stream: ChatStream) -> ChatStream {
        Box::pin(Traced { stream, span: self })
    }
}

impl Drop for ExchangeSpan {
    fn drop(&mut self) {
        if let Some(first) = self.first {
            let seconds = first.duration_since(self.asked).as_secs_f64();
            self.span.record(RESPONSE_TIME_TO_FIRST_CHUNK, seconds);
        }
        if let Some(usage) = self.usage {
            self.span.record(USAGE_INPUT_TOKENS, usage.input_tokens);
            self.span.record(USAGE_OUTPUT_TOKENS, usage.output_tokens);
        }
        if let Some(reason) = self.finish {
            let reasons = field::debug([reason.name()]);
            self.span.record(RESPONSE_FINISH_REASONS, reasons);
        }
    }
}

struct Traced {
    stream: ChatStream,
    span: ExchangeSpan,
}

impl Stream for Traced {
    type Item = Result<ChatDelta, ChatError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = self.stream.as_mut().poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(delta))) => self.span.take(delta),
            Poll::Ready(Some(Err(error))) => self.span.fail(error),
            Poll::Ready(None) | Poll::Pending => {}
        }
        next
    }
}

const fn output_type(format: &ResponseFormat) -> &'static str {
    match format {
        ResponseFormat::Text => "text",
        ResponseFormat::Json | ResponseFormat::Schema { .. } | ResponseFormat::Plan(_) => "json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_known_by_its_host_or_a_host_below_it() {
        assert_eq!(provider_of_host("api.openai.com"), Some("openai"));
        let azure = provider_of_host("mine.openai.azure.com");
        assert_eq!(azure, Some("azure.ai.openai"));
        assert_eq!(provider_of_host("notapi.openai.com"), None);
        assert_eq!(provider_of_host("127.0.0.1"), None);
    }
}

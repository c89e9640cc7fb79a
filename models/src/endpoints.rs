//! Language models behind an address: one client for every server that speaks OpenAI's Chat Completions.
//!
//! llama.cpp, Ollama, vLLM, LM Studio, OpenRouter and many more do, each with deviations, which are borne here: what
//! comes out is the same [`ChatDelta`](medley_orchestrator::ChatDelta)s and the same kinds of error for all. Which
//! endpoint answers what, and what a refused request falls back to, is not known here.

mod body;
mod calls;
mod chunk;
mod client;
mod error;
mod exchange;
mod identity;
mod key;
mod lines;
mod reading;
mod request;
mod settings;
mod told;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use backon::{BackoffBuilder, ExponentialBuilder};
use medley_orchestrator::{
    ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatRequest, ChatStream, Content,
    ResponseFormat,
    gen_ai::{self, ExchangeSpan},
};
use reqwest::{
    Client, Request, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use error::EndpointError;
pub use key::SecretKey;
pub use settings::{EndpointSettings, LengthField};

use body::Body;
use exchange::Exchange;
use identity::{Identity, is_in_vain};
use request::Dialect;
use told::Told;

/// The longest wait that a server may ask for before a request is sent again; whoever asks for more is taken at his
/// word, and the request fails.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How much of an error is read, and for how long.
const ERROR_BYTES: usize = 64 << 10;
const ERROR_PATIENCE: Duration = Duration::from_secs(5);

/// A language model behind an address.
pub struct Endpoint {
    settings: EndpointSettings,
    profile: ChatProfile,
    url: Url,
    headers: HeaderMap,
    client: Client,
    identity: Arc<Identity>,
    /// Whether the server is asked for usage; not, once it has refused the question.
    ask_usage: AtomicBool,
}

impl Endpoint {
    /// Takes settings and the key that they name; asks nobody yet.
    ///
    /// # Errors
    /// [`EndpointError::Address`] or [`EndpointError::Header`] if the settings cannot be used;
    /// [`EndpointError::Client`] if this machine cannot make connections.
    pub fn new(settings: EndpointSettings, key: Option<SecretKey>) -> Result<Self, EndpointError> {
        let url = settings.chat_url()?;
        let profile = settings.profile(&url);
        let headers = headers(&settings, key.as_ref())?;
        if key.is_some() && profile.remote && url.scheme() == "http" {
            tracing::warn!(
                endpoint = settings.name,
                "its key travels without encryption"
            );
        }
        Ok(Self {
            client: client::shared(profile.remote)?,
            identity: Arc::new(Identity::new(&settings, &url, key)),
            profile,
            url,
            headers,
            settings,
            ask_usage: AtomicBool::new(true),
        })
    }

    /// What it was made from.
    #[must_use]
    pub const fn settings(&self) -> &EndpointSettings {
        &self.settings
    }

    /// What the model is not set up for is refused before anything is sent.
    fn check(&self, request: &ChatRequest) -> Result<(), ChatError> {
        let supports = self.profile.supports;
        let mut contents = request.messages.iter().flat_map(|message| &message.content);
        if !supports.vision && contents.any(|part| matches!(part, Content::Picture { .. })) {
            return Err(self.identity.unsupported("a picture", "vision"));
        }
        if !supports.tools && !request.tools.is_empty() {
            return Err(self.identity.unsupported("tools", "tools"));
        }
        if !supports.schema && matches!(request.format, ResponseFormat::Schema { .. }) {
            return Err(self.identity.unsupported("a JSON schema", "schema"));
        }
        Ok(())
    }

    /// Asks until the model speaks, as often as may help.
    async fn ask(&self, request: &ChatRequest) -> Result<Exchange, ChatError> {
        let mut pauses = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(500))
            .with_max_times(self.settings.max_retries)
            .with_jitter()
            .build();
        loop {
            let error = match self.attempt(request).await {
                Ok(exchange) => return Ok(exchange),
                Err(error) => error,
            };
            let Some(pause) = pauses.next().filter(|_| may_help(&error)) else {
                return Err(error);
            };
            let pause = error.retry_after.map_or(pause, |asked| asked.max(pause));
            tracing::debug!(
                endpoint = self.settings.name,
                kind = error.kind.code(),
                ?pause,
                "asking again"
            );
            sleep(pause).await;
        }
    }

    async fn attempt(&self, request: &ChatRequest) -> Result<Exchange, ChatError> {
        let response = self.send(request).await?;
        Exchange::open(response, &self.identity, self.settings.idle_timeout()).await
    }

    /// Sends the request, a second time without the question for usage if that is what the server refuses.
    async fn send(&self, request: &ChatRequest) -> Result<Response, ChatError> {
        loop {
            let asks_usage = self.ask_usage.load(Ordering::Relaxed);
            let response = self.send_once(self.prepare(request, asks_usage)?).await?;
            let status = response.status();
            if status.is_success() {
                return Ok(response);
            }
            let headers = response.headers().clone();
            let told = read_error(response).await;
            let refuses = matches!(
                status,
                StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY
            );
            if !(asks_usage && refuses && told.mentions("stream_options")) {
                return Err(self.identity.rejected(status, &headers, &told));
            }
            self.ask_usage.store(false, Ordering::Relaxed);
        }
    }

    async fn send_once(&self, request: Request) -> Result<Response, ChatError> {
        let sent = timeout(self.settings.idle_timeout(), self.client.execute(request)).await;
        let response = sent.map_err(|_| self.identity.silent())?;
        response.map_err(|error| self.identity.unreachable(error))
    }

    fn prepare(&self, request: &ChatRequest, ask_usage: bool) -> Result<Request, ChatError> {
        let body = request::Body::of(
            request,
            Dialect {
                model: &self.settings.model,
                length_field: self.settings.length_field,
                ask_usage,
            },
        );
        let body = serde_json::to_vec(&body).map_err(|error| {
            ChatError::new(ChatErrorKind::Unsupported, "the request has no JSON form")
                .with_source(error)
        })?;
        let mut prepared = Request::new(reqwest::Method::POST, self.url.clone());
        prepared.headers_mut().clone_from(&self.headers);
        *prepared.body_mut() = Some(body.into());
        Ok(prepared)
    }

    fn span(&self, request: &ChatRequest) -> ExchangeSpan {
        let host = self.url.host_str().unwrap_or_default();
        let provider = gen_ai::provider_of_host(host).unwrap_or(&self.settings.name);
        ExchangeSpan::begin(provider, &self.profile, request)
            .at(host, self.url.port_or_known_default())
    }
}

#[async_trait]
impl ChatModel for Endpoint {
    fn profile(&self) -> &ChatProfile {
        &self.profile
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        self.check(request)?;
        let mut span = self.span(request);
        let asking = self.ask(request).instrument(span.span().clone());
        let asked = cancel.run_until_cancelled(asking).await;
        match asked.unwrap_or_else(|| Err(ChatError::cancelled())) {
            Ok(exchange) => Ok(span.over(exchange.stream(cancel.clone()))),
            Err(error) => {
                span.fail(&error);
                Err(error)
            }
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Whether a request may succeed when it is sent again after a bearable wait.
fn may_help(error: &ChatError) -> bool {
    let bearable = error.retry_after.is_none_or(|wait| wait <= LONGEST_WAIT);
    error.kind.is_transient() && bearable && !is_in_vain(error)
}

async fn read_error(response: Response) -> Told {
    let mut body = Body::new(response, ERROR_PATIENCE);
    let bytes = body.read_to_end(ERROR_BYTES).await.unwrap_or_default();
    Told::read(&String::from_utf8_lossy(&bytes))
}

fn headers(
    settings: &EndpointSettings,
    key: Option<&SecretKey>,
) -> Result<HeaderMap, EndpointError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let accepted = HeaderValue::from_static("text/event-stream, application/json");
    headers.insert(ACCEPT, accepted);
    if let Some(key) = key {
        headers.insert(AUTHORIZATION, key.header());
    }
    for (name, value) in &settings.headers {
        let wrong = || EndpointError::Header {
            name: settings.name.clone(),
            header: name.clone(),
        };
        let header = HeaderName::try_from(name).map_err(|_| wrong())?;
        headers.insert(header, HeaderValue::try_from(value).map_err(|_| wrong())?);
    }
    Ok(headers)
}

//! Who an error is about, and what a person can do about it.

use std::{
    error::Error,
    io, iter,
    time::{Duration, SystemTime},
};

use medley_orchestrator::{ChatError, ChatErrorKind};
use reqwest::{StatusCode, Url, header::HeaderMap};

use super::{
    EndpointSettings, SecretKey,
    body::Broken,
    settings::is_loopback,
    told::{Told, shortened},
};

/// What errors need to know of an endpoint. All text from outside passes through here, and leaves without the key.
#[derive(Debug)]
pub(super) struct Identity {
    name: String,
    model: String,
    /// Where chats are posted to, without what may be secret in it.
    address: String,
    near: bool,
    key: Option<SecretKey>,
    key_variable: Option<String>,
    patience: Duration,
}

impl Identity {
    pub(super) fn new(settings: &EndpointSettings, url: &Url, key: Option<SecretKey>) -> Self {
        let mut shown = url.clone();
        shown.set_query(None);
        Self {
            name: settings.name.clone(),
            model: settings.model.clone(),
            address: shown.to_string(),
            near: is_loopback(url),
            key,
            key_variable: settings.key_variable.clone(),
            patience: settings.idle_timeout(),
        }
    }

    /// The server answered with a status other than success.
    pub(super) fn rejected(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        told: &Told,
    ) -> ChatError {
        let said = match headers
            .get("location")
            .and_then(|value| value.to_str().ok())
        {
            Some(place) if status.is_redirection() => format!("moved to {place}"),
            _ if told.message.is_empty() => {
                status.canonical_reason().unwrap_or("no reason").to_owned()
            }
            _ => told.message.clone(),
        };
        let mut error = self.told(
            told,
            Some(status.as_u16()),
            &format!("HTTP {}: {said}", status.as_u16()),
        );
        error.retry_after = retry_after(headers).or(error.retry_after);
        error
    }

    /// The server said in the middle of its reply what went wrong.
    pub(super) fn interrupted(&self, told: &Told) -> ChatError {
        let said = if told.message.is_empty() {
            "an error without a message"
        } else {
            &told.message
        };
        self.told(told, None, said)
    }

    /// The server could not be reached.
    pub(super) fn unreachable(&self, error: reqwest::Error) -> ChatError {
        let error = error.without_url();
        let what = if error.is_timeout() {
            "the connection takes too long"
        } else if causes(&error).any(is_refusal) {
            "nobody listens there"
        } else if error.is_connect() {
            "the connection fails"
        } else {
            "the request breaks off"
        };
        let hint = if self.near {
            "start the server, for example with `llama-server --port 8080` or `ollama serve`, or correct `base_url`"
        } else {
            "check the network, the proxy variables and `base_url`"
        };
        let message = format!("{what}: {}", root(&error));
        self.error(ChatErrorKind::Transient, &message)
            .with_hint(hint)
            .with_source(error)
    }

    /// The reply ended before its end.
    pub(super) fn broken(&self, broken: Broken) -> ChatError {
        match broken {
            Broken::Silent => self.silent(),
            Broken::Cut(error) => {
                let error = error.without_url();
                let message = format!(
                    "the connection was cut in the middle of the reply: {}",
                    root(&error)
                );
                self.error(ChatErrorKind::Transient, &message)
                    .with_hint("try again; if it happens often, look at the server's log and at what lies between")
                    .with_source(error)
            }
            Broken::NotText => self.malformed("the reply is not UTF-8"),
            Broken::EndlessLine => self.malformed("a line of the reply does not end"),
        }
    }

    /// Nothing came for too long.
    pub(super) fn silent(&self) -> ChatError {
        let message = format!("nothing came for {} s", self.patience.as_secs_f64());
        self.error(ChatErrorKind::Transient, &message)
            .with_hint(
                "look whether the server is still at work, or raise `idle_timeout_s` if it takes that long",
            )
            .with_source(Silence)
    }

    /// The reply is at its end too early.
    pub(super) fn ended_early(&self, how: &str) -> ChatError {
        self.error(ChatErrorKind::Transient, how)
            .with_hint("try again; if it happens often, look at the server's log")
    }

    /// What came is not what Chat Completions are.
    pub(super) fn malformed(&self, what: &str) -> ChatError {
        self.error(ChatErrorKind::Malformed, what).with_hint(format!(
            "check that `base_url` is an OpenAI-compatible server, and neither a web page nor a proxy's login; asked was {}",
            self.address
        ))
    }

    /// The model cannot do something that the request needs.
    pub(super) fn unsupported(&self, what: &str, field: &str) -> ChatError {
        let message = format!("the request has {what}, which this model is not set up for");
        self.error(ChatErrorKind::Unsupported, &message)
            .with_hint(format!(
                "choose another model, or set `supports.{field} = true` if this one can do it"
            ))
    }

    /// A text from outside as it may be shown.
    pub(super) fn shown(&self, text: &str) -> String {
        let clean = self.key.as_ref().map(|key| key.scrub(text));
        shortened(clean.as_deref().unwrap_or(text))
    }

    fn told(&self, told: &Told, status: Option<u16>, said: &str) -> ChatError {
        let kind = told.kind(status);
        let mut error = self.error(kind, said).with_hint(self.way_out(kind, told));
        error.retry_after = told.wait();
        error
    }

    fn error(&self, kind: ChatErrorKind, what: &str) -> ChatError {
        let place = match kind {
            ChatErrorKind::Transient | ChatErrorKind::NotFound | ChatErrorKind::Malformed => {
                format!(" at {}", self.address)
            }
            _ => String::new(),
        };
        let message = format!(
            "endpoint '{}', model '{}'{place}: {}",
            self.name,
            self.model,
            self.shown(what)
        );
        ChatError::new(kind, message)
    }

    fn way_out(&self, kind: ChatErrorKind, told: &Told) -> String {
        match kind {
            ChatErrorKind::Auth => self.way_to_a_key(),
            ChatErrorKind::Quota => "add credit to the account, or choose another endpoint".to_owned(),
            ChatErrorKind::RateLimited => "try again later, or ask less at once".to_owned(),
            ChatErrorKind::ContextTooLong => {
                "shorten the request, give fewer files or tools, or choose a model with a larger context".to_owned()
            }
            ChatErrorKind::Refused => "word the request differently, or choose another model".to_owned(),
            ChatErrorKind::NotFound => self.way_to_the_model(told),
            ChatErrorKind::Unsupported => {
                "choose another model, or correct what the endpoint `supports` in its settings".to_owned()
            }
            _ => "try again; if it happens often, look at the server's log or status page".to_owned(),
        }
    }

    fn way_to_a_key(&self) -> String {
        match (&self.key, &self.key_variable) {
            (None, None) => {
                "name the environment variable that holds a key as `key_variable`".to_owned()
            }
            (None, Some(variable)) => format!("set {variable} to a key of this endpoint"),
            (Some(_), None) => "check the key, and whether it may use this model".to_owned(),
            (Some(_), Some(variable)) => {
                format!("check the key in {variable}, and whether it may use this model")
            }
        }
    }

    fn way_to_the_model(&self, told: &Told) -> String {
        let models = self.address.replace("/chat/completions", "/models");
        if told.mentions(&self.model) || told.mentions("model") {
            format!(
                "check the model's name '{}': {models} lists what there is",
                self.model
            )
        } else {
            "check `base_url`: it is all that comes before /chat/completions, often ending in /v1"
                .to_owned()
        }
    }
}

/// The cause of an error that is about waiting in vain.
#[derive(Debug, thiserror::Error)]
#[error("the idle timeout is over")]
struct Silence;

/// Whether asking again at once is no use: nobody listens, or whoever does was waited for long enough.
pub(super) fn is_in_vain(error: &(dyn Error + 'static)) -> bool {
    causes(error).any(|cause| is_refusal(cause) || cause.is::<Silence>())
}

fn is_refusal(cause: &(dyn Error + 'static)) -> bool {
    let failure = cause.downcast_ref::<io::Error>();
    failure.is_some_and(|failure| failure.kind() == io::ErrorKind::ConnectionRefused)
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| error.source())
}

/// The last of the causes, which says what happened.
fn root(error: &(dyn Error + 'static)) -> String {
    causes(error)
        .last()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// When to try again: milliseconds (OpenAI, Azure), seconds or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    if let Some(milliseconds) = text("retry-after-ms").and_then(|text| text.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(milliseconds / 1000.0).ok();
    }
    let text = text("retry-after")?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

//! What a person says about an endpoint.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use medley_orchestrator::{ChatProfile, ChatSupport, Price};
use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::EndpointError;

/// The path that a chat is posted to, behind the base.
const CHAT: [&str; 2] = ["chat", "completions"];

/// One model behind one address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSettings {
    /// What it is called in the configuration.
    pub name: String,
    /// Where its server is, as in `http://127.0.0.1:8080`; `/v1` is added where there is no path.
    pub base_url: String,
    /// What the server calls the model.
    pub model: String,
    /// The environment variable that holds the key. The key itself has no place in settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_variable: Option<String>,
    /// What the model can do.
    #[serde(default)]
    pub supports: ChatSupport,
    /// How many tokens a request and its reply may take together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u64>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// More headers for each request. They are no place for secrets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Where a request says how long its reply may be.
    #[serde(default)]
    pub length_field: LengthField,
    /// How many seconds the server may be silent, before its first word and between words.
    #[serde(default = "default_idle_timeout")]
    pub idle_timeout_s: u64,
    /// How often a request is sent again when it may work the next time and nothing was said yet.
    #[serde(default = "default_retries")]
    pub max_retries: usize,
}

/// Where a request says how long its reply may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthField {
    /// `max_tokens`, which most servers know.
    #[default]
    MaxTokens,
    /// `max_completion_tokens`, which OpenAI's reasoning models insist on.
    MaxCompletionTokens,
}

/// Models that think in silence take minutes to their first word, and so do large prompts on a processor.
const fn default_idle_timeout() -> u64 {
    300
}

const fn default_retries() -> usize {
    2
}

impl EndpointSettings {
    /// A model behind an address, and the usual for all else.
    pub fn new(
        name: impl Into<String>,
        base_url: impl Into<String>,
        model: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            base_url: base_url.into(),
            model: model.into(),
            key_variable: None,
            supports: ChatSupport::default(),
            context_tokens: None,
            price: None,
            headers: BTreeMap::new(),
            length_field: LengthField::default(),
            idle_timeout_s: default_idle_timeout(),
            max_retries: default_retries(),
        }
    }

    /// How long the server may be silent.
    #[must_use]
    pub const fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_s)
    }

    /// What is known of the model; `url` is the endpoint's.
    pub(super) fn profile(&self, url: &Url) -> ChatProfile {
        ChatProfile {
            name: self.name.clone(),
            model: self.model.clone(),
            remote: !is_loopback(url),
            supports: self.supports,
            context_tokens: self.context_tokens,
            price: self.price,
        }
    }

    /// Where chats are posted to.
    pub(super) fn chat_url(&self) -> Result<Url, EndpointError> {
        let problem = |problem: &str| EndpointError::Address {
            name: self.name.clone(),
            problem: problem.to_owned(),
        };
        let mut url =
            Url::parse(self.base_url.trim()).map_err(|error| problem(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(problem("it begins with neither http:// nor https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(problem("it has a user or a password in it"));
        }
        url.set_fragment(None);
        let mut path: Vec<String> = url
            .path_segments()
            .into_iter()
            .flatten()
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect();
        if path.ends_with(&CHAT.map(str::to_owned)) {
            path.truncate(path.len() - CHAT.len());
        }
        if path.is_empty() {
            path.push("v1".to_owned());
        }
        path.extend(CHAT.map(str::to_owned));
        url.set_path(&path.join("/"));
        Ok(url)
    }
}

/// Whether a server is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    if host == "localhost" || host.ends_with(".localhost") {
        return true;
    }
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok_and(|address| {
        // A server that listens everywhere is often written down as it was told to listen.
        address.is_loopback() || address.is_unspecified() || is_mapped_loopback(address)
    })
}

fn is_mapped_loopback(address: IpAddr) -> bool {
    let mapped = match address {
        IpAddr::V6(address) => Ipv6Addr::to_ipv4_mapped(&address),
        IpAddr::V4(_) => None,
    };
    mapped.is_some_and(|address| address.is_loopback())
}

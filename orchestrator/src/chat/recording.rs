//! Exchanges in a file: recorded as they happen, and replayed in place of the model.
//!
//! One exchange a line, as JSON: the request, what came back, and how it ended. Secrets are taken out of both.

use std::{
    collections::{HashMap, VecDeque},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures::stream;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{
    ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatRequest, ChatStream,
    watched::{Watch, watched},
};
use crate::Digest;

/// What stands in place of a secret.
const SCRUBBED: &str = "[secret]";

/// Takes secrets out of what is kept.
#[derive(Clone, Default)]
pub struct Scrubber {
    secrets: Arc<[String]>,
}

impl Scrubber {
    /// Takes out these; what is shorter than eight characters is no secret.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut secrets: Vec<String> = secrets
            .into_iter()
            .filter(|secret| secret.len() >= 8)
            .collect();
        // The longer first, so that none leaves the rest of another behind.
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self {
            secrets: secrets.into(),
        }
    }

    /// The text without them.
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &*self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), SCRUBBED);
            }
        }
        text
    }

    /// The value without them, in its strings and names.
    fn scrub_json(&self, value: serde_json::Value) -> serde_json::Value {
        use serde_json::Value as Json;
        match value {
            Json::String(text) => Json::String(self.scrub(&text)),
            Json::Array(items) => items
                .into_iter()
                .map(|item| self.scrub_json(item))
                .collect(),
            Json::Object(fields) => fields
                .into_iter()
                .map(|(name, field)| (self.scrub(&name), self.scrub_json(field)))
                .collect(),
            other => other,
        }
    }

    fn scrubbed<T: Serialize + serde::de::DeserializeOwned>(
        &self,
        value: &T,
    ) -> serde_json::Result<T> {
        serde_json::from_value(self.scrub_json(serde_json::to_value(value)?))
    }
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Scrubber({} secrets)", self.secrets.len())
    }
}

/// One exchange with a model.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Exchange {
    /// What the model is called in the configuration.
    name: String,
    /// What it is called where it runs.
    model: String,
    request: ChatRequest,
    deltas: Vec<ChatDelta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<RecordedError>,
    /// Whether whoever asked went away before the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    /// How long it took, in milliseconds.
    ms: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RecordedError {
    kind: ChatErrorKind,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<f64>,
}

impl RecordedError {
    fn of(error: &ChatError) -> Self {
        Self {
            kind: error.kind,
            message: error.message.clone(),
            hint: error.hint.clone(),
            retry_after_s: error.retry_after.map(|wait| wait.as_secs_f64()),
        }
    }

    fn restore(self) -> ChatError {
        ChatError {
            hint: self.hint,
            retry_after: self
                .retry_after_s
                .and_then(|wait| Duration::try_from_secs_f64(wait).ok()),
            ..ChatError::new(self.kind, self.message)
        }
    }
}

/// A recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be opened.
    #[error("the recording {} cannot be opened", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of it is malformed.
    #[error("line {line} of the recording {} is malformed", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// Writes exchanges to a file; clones share it.
#[derive(Debug, Clone)]
pub struct Recorder {
    file: Arc<Mutex<File>>,
    scrubber: Scrubber,
}

impl Recorder {
    /// Appends to the file at `path`, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn append(path: &Path, scrubber: Scrubber) -> Result<Self, RecordingError> {
        let file = File::options().create(true).append(true).open(path);
        let file = file.map_err(|source| RecordingError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            file: Arc::new(Mutex::new(file)),
            scrubber,
        })
    }

    /// The same model, whose exchanges are recorded.
    #[must_use]
    pub fn record(&self, model: Arc<dyn ChatModel>) -> Arc<dyn ChatModel> {
        Arc::new(Recorded {
            model,
            recorder: self.clone(),
        })
    }

    fn write(&self, exchange: &Exchange) {
        let written = self
            .scrubber
            .scrubbed(exchange)
            .and_then(|exchange| serde_json::to_string(&exchange))
            .map_err(io::Error::from)
            .and_then(|line| {
                let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(file, "{line}")
            });
        if let Err(error) = written {
            tracing::error!(%error, "an exchange with a language model could not be recorded");
        }
    }
}

/// A model whose exchanges are recorded.
struct Recorded {
    model: Arc<dyn ChatModel>,
    recorder: Recorder,
}

#[async_trait]
impl ChatModel for Recorded {
    fn profile(&self) -> &ChatProfile {
        self.model.profile()
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let profile = self.profile();
        let mut recording = Recording {
            recorder: self.recorder.clone(),
            began: Instant::now(),
            exchange: Exchange {
                name: profile.name.clone(),
                model: profile.model.clone(),
                request: request.clone(),
                deltas: Vec::new(),
                error: None,
                cut: false,
                ms: 0.0,
            },
        };
        match self.model.chat(request, cancel).await {
            Ok(stream) => Ok(watched(stream, recording)),
            Err(error) => {
                recording.exchange.error = Some(RecordedError::of(&error));
                recording.end(true);
                Err(error)
            }
        }
    }

    fn count_tokens(&self, text: &str) -> Option<u64> {
        self.model.count_tokens(text)
    }
}

/// One exchange while it lasts.
struct Recording {
    recorder: Recorder,
    began: Instant,
    exchange: Exchange,
}

impl Watch for Recording {
    fn see(&mut self, item: &Result<ChatDelta, ChatError>) {
        match item {
            Ok(delta) => self.exchange.deltas.push(delta.clone()),
            Err(error) => self.exchange.error = Some(RecordedError::of(error)),
        }
    }

    fn end(&mut self, whole: bool) {
        self.exchange.cut = !whole && self.exchange.error.is_none();
        self.exchange.ms = self.began.elapsed().as_secs_f64() * 1e3;
        self.recorder.write(&self.exchange);
    }
}

/// Gives what was recorded, in place of models.
#[derive(Debug, Clone)]
pub struct Replay {
    exchanges: Arc<Mutex<HashMap<Digest, VecDeque<Exchange>>>>,
    scrubber: Scrubber,
    path: Arc<Path>,
}

impl Replay {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or a line is malformed.
    pub fn open(path: &Path, scrubber: Scrubber) -> Result<Self, RecordingError> {
        let text = fs::read_to_string(path).map_err(|source| RecordingError::Io {
            path: path.to_owned(),
            source,
        })?;
        let mut exchanges: HashMap<Digest, VecDeque<Exchange>> = HashMap::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let exchange: Exchange =
                serde_json::from_str(line).map_err(|source| RecordingError::Malformed {
                    path: path.to_owned(),
                    line: index + 1,
                    source,
                })?;
            let key = exchange.request.digest();
            exchanges.entry(key).or_default().push_back(exchange);
        }
        Ok(Self {
            exchanges: Arc::new(Mutex::new(exchanges)),
            scrubber,
            path: path.into(),
        })
    }

    /// A model in whose place the recording speaks.
    #[must_use]
    pub fn replace(&self, profile: ChatProfile) -> Arc<dyn ChatModel> {
        Arc::new(Replayed {
            profile,
            replay: self.clone(),
        })
    }

    /// The next exchange with this request; the last one again where there are no more.
    fn next(&self, request: &ChatRequest) -> Option<Exchange> {
        let key = self.scrubber.scrubbed(request).ok()?.digest();
        let mut exchanges = self
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = exchanges.get_mut(&key)?;
        if known.len() > 1 {
            known.pop_front()
        } else {
            known.front().cloned()
        }
    }
}

struct Replayed {
    profile: ChatProfile,
    replay: Replay,
}

#[async_trait]
impl ChatModel for Replayed {
    fn profile(&self) -> &ChatProfile {
        &self.profile
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        _: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let Some(exchange) = self.replay.next(request) else {
            let path = self.replay.path.display();
            return Err(ChatError::new(
                ChatErrorKind::NotFound,
                format!(
                    "the recording {path} has no such request to `{}`",
                    self.profile.name
                ),
            )
            .with_hint("record it again with --record"));
        };
        let error = exchange.error.map(RecordedError::restore);
        if exchange.deltas.is_empty()
            && let Some(error) = error
        {
            return Err(error);
        }
        let deltas = exchange.deltas.into_iter().map(Ok);
        Ok(Box::pin(stream::iter(deltas.chain(error.map(Err)))))
    }
}

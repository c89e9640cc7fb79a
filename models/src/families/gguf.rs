//! A language model from a GGUF file on this machine, through candle.
//!
//! The header (shape, tokenizer, chat template) is read at first use and stays; the weights are loaded when a reply is
//! wanted and let go when somebody waits for their memory. A thread of its own answers requests in their order. Planners
//! and prompts are not known here.

mod constraint;
mod error;
mod file;
mod generation;
mod header;
mod metadata;
mod network;
mod plan_grammar;
mod prompt;
mod reply_text;
mod sampling;
mod shape;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod tokenizer;
mod worker;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use futures::{FutureExt, stream};
use medley_orchestrator::{
    ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatRequest, ChatStream,
    ChatSupport, Content, Lease, Ledger, Resources, ToolChoice,
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::file::{Fetch, HubFile, NotAHubFile};
use self::{
    error::{GgufError, Problem},
    file::Place,
    generation::Order,
    header::Header,
    worker::{Job, Loaded},
};
use crate::Resident;

/// The tokens of a request and its reply together, where the settings do not say.
const CONTEXT: usize = 8192;

/// Which file, and how it is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalChatSettings {
    /// What the model is called in the configuration.
    pub name: String,
    /// A GGUF file, or a directory that holds exactly one. A `tokenizer.json` beside it goes before its own tokenizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// A GGUF file on the model hub, which is fetched before its first use; `path` goes before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hub: Option<HubFile>,
    /// The branch, tag or commit on the hub; `main` where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The most tokens that a request and its reply take together, 8,192 where it is absent; never more than the model
    /// was made for. Memory for so many is set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<usize>,
}

/// A language model in a GGUF file of the architectures `llama`, `qwen2` and `qwen3`.
pub struct LocalChat {
    model: Arc<Model>,
    ledger: Ledger,
    loaded: Resident<Loaded>,
}

/// The model without its weights.
struct Model {
    settings: LocalChatSettings,
    place: Place,
    /// What is known before the file is read.
    assumed: ChatProfile,
    known: OnceLock<Known>,
}

/// What the file says of itself.
struct Known {
    header: Arc<Header>,
    profile: ChatProfile,
}

impl LocalChat {
    /// A model that takes its memory from `ledger`. Reads nothing.
    #[must_use]
    pub fn new(settings: LocalChatSettings, ledger: &Ledger) -> Self {
        let path = settings.path.clone().unwrap_or_default();
        Self::at(settings, Place::Here(path), ledger)
    }

    /// A model whose file is fetched before its first use. Reads nothing.
    #[must_use]
    pub fn fetched(settings: LocalChatSettings, fetch: Fetch, ledger: &Ledger) -> Self {
        let called = settings.hub.clone().map(String::from).unwrap_or_default();
        let called = PathBuf::from(called);
        Self::at(settings, Place::Fetched { called, fetch }, ledger)
    }

    fn at(settings: LocalChatSettings, place: Place, ledger: &Ledger) -> Self {
        let assumed = profile(&settings, place.path(), None);
        Self {
            model: Arc::new(Model {
                settings,
                place,
                assumed,
                known: OnceLock::new(),
            }),
            ledger: ledger.clone(),
            loaded: Resident::new(ledger),
        }
    }

    async fn start(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        check(request, &self.model.settings.name)?;
        let (header, order) = self.order(request.clone(), cancel).await?;
        let load = async || {
            let lease = self.lease(&header).await?;
            Loaded::load(Arc::clone(&header), lease).await
        };
        let loaded = self.loaded.get_or_load(load).await?;
        let (sender, deltas) = unbounded_channel();
        let stop = cancel.child_token();
        let reply = Replying {
            _stop: stop.clone().drop_guard(),
            deltas,
            cancel: cancel.clone(),
            used: InUse {
                loaded: Some(loaded),
                resident: self.loaded.clone(),
            },
            header,
            ended: false,
        };
        reply.used.send(Job {
            order,
            cancel: stop,
            deltas: sender,
        })?;
        Ok(Box::pin(stream::unfold(reply, Replying::next)))
    }

    /// The header, and what is to be done for the request. It computes, so it has a thread to itself.
    async fn order(
        &self,
        request: ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<(Arc<Header>, Order), ChatError> {
        let model = Arc::clone(&self.model);
        let cancel = cancel.clone();
        let prepare = move || {
            let header = model.header(&cancel)?;
            let order = header.order(&request)?;
            Ok((header, order))
        };
        match tokio::task::spawn_blocking(prepare).await {
            Ok(prepared) => prepared,
            Err(_) => Err(Problem::Gone.at(self.model.place.path()).into()),
        }
    }

    /// Takes the memory; idle sessions make room for it, and what runs is not waited for.
    async fn lease(&self, header: &Header) -> Result<Lease, GgufError> {
        let wanted = Resources {
            memory: header.memory(),
            ..Resources::default()
        };
        let lease = match self.ledger.admit(&wanted, 0).now_or_never() {
            Some(Ok(lease)) => Ok(lease),
            Some(Err(unfit)) => Err(Problem::Unfit(unfit)),
            None => Err(Problem::NoMemory {
                bytes: wanted.memory,
            }),
        };
        lease.map_err(|problem| problem.at(&header.path))
    }
}

#[async_trait]
impl ChatModel for LocalChat {
    fn profile(&self) -> &ChatProfile {
        let known = self.model.known.get();
        known.map_or(&self.model.assumed, |known| &known.profile)
    }

    /// Requests are answered one after the other. The tokens that end a reply are not counted.
    ///
    /// # Errors
    /// When the file is not usable, its memory cannot be had, or the request is not one for this model; what goes wrong
    /// while it writes comes in the stream. Cancel-safe.
    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let started = cancel.run_until_cancelled(self.start(request, cancel));
        started.await.unwrap_or_else(|| Err(ChatError::cancelled()))
    }

    /// Reads the header if that was not done yet, which may take a second; fetches nothing.
    fn count_tokens(&self, text: &str) -> Option<u64> {
        if self.model.known.get().is_none() && !self.model.place.is_here() {
            return None;
        }
        let header = self.model.header(&CancellationToken::new()).ok()?;
        let count = header.tokenizer.count(text)?;
        u64::try_from(count).ok()
    }
}

impl Model {
    /// Reads the header, if that was not done yet. Blocks, a second for a large vocabulary, or for as long as it takes to
    /// fetch the file.
    fn header(&self, cancel: &CancellationToken) -> Result<Arc<Header>, GgufError> {
        if let Some(known) = self.known.get() {
            return Ok(Arc::clone(&known.header));
        }
        let path = self.place.locate(cancel)?;
        let most = self.settings.context_tokens.unwrap_or(CONTEXT);
        let header = Arc::new(Header::read(&path, &self.settings.name, most)?);
        let profile = profile(&self.settings, &path, Some(header.context));
        let known = self.known.get_or_init(|| Known { header, profile });
        Ok(Arc::clone(&known.header))
    }
}

fn profile(settings: &LocalChatSettings, path: &Path, context: Option<usize>) -> ChatProfile {
    let file = path.file_name().unwrap_or(path.as_os_str());
    ChatProfile {
        name: settings.name.clone(),
        model: file.to_string_lossy().into_owned(),
        remote: false,
        supports: ChatSupport {
            vision: false,
            tools: false,
            schema: constraint::SCHEMAS,
            plans: constraint::PLANS,
        },
        context_tokens: context.map(|tokens| tokens as u64),
        price: None,
    }
}

/// Refuses what such a model cannot do.
fn check(request: &ChatRequest, name: &str) -> Result<(), ChatError> {
    let unsupported = |what: &str| {
        let message = format!("model {name} runs on this machine and {what}");
        let hint = "choose a model whose settings say that it can";
        Err(ChatError::new(ChatErrorKind::Unsupported, message).with_hint(hint))
    };
    let mut contents = request.messages.iter().flat_map(|message| &message.content);
    if contents.any(|content| matches!(content, Content::Picture { .. })) {
        return unsupported("cannot see pictures");
    }
    match request.tool_choice {
        ToolChoice::Auto | ToolChoice::None => Ok(()),
        ToolChoice::Required | ToolChoice::Named(_) => unsupported("cannot be made to call tools"),
    }
}

/// A reply that is being written.
struct Replying {
    /// Stops the work when nobody reads any more; before the weights are given back, which waits for the work.
    _stop: DropGuard,
    deltas: UnboundedReceiver<Result<ChatDelta, ChatError>>,
    cancel: CancellationToken,
    used: InUse,
    header: Arc<Header>,
    ended: bool,
}

impl Replying {
    async fn next(mut self) -> Option<(Result<ChatDelta, ChatError>, Self)> {
        if self.ended {
            return None;
        }
        let next = self.cancel.run_until_cancelled(self.deltas.recv()).await;
        let next = match next {
            None => Err(ChatError::cancelled()),
            Some(None) => Err(Problem::Gone.at(&self.header.path).into()),
            Some(Some(next)) => next,
        };
        self.ended = matches!(next, Err(_) | Ok(ChatDelta::Finish { .. }));
        Some((next, self))
    }
}

/// Loaded weights while a reply needs them.
struct InUse {
    /// None only while dropping.
    loaded: Option<Arc<Loaded>>,
    resident: Resident<Loaded>,
}

impl InUse {
    fn send(&self, job: Job) -> Result<(), GgufError> {
        self.loaded
            .as_ref()
            .map_or(Ok(()), |loaded| loaded.send(job))
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        if let Some(loaded) = self.loaded.take() {
            self.resident.rest(loaded);
        }
    }
}

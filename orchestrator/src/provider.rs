//! Who does a task: one implementation of a capability, and what it is given to do it with.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    Artifact, ArtifactStore, Digest, Facts, Kind, Record, Regions, Resources, Spending, ToolError,
};

/// One implementation of a capability.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What a scheduler and a cache need to know of it before it is called.
    fn profile(&self) -> &Profile;

    /// Whether it could run now; asked when the registry is frozen, so it must answer at once.
    fn health(&self) -> Health {
        Health::Healthy
    }

    /// What the result depends on besides the inputs and the revision: model files, native library, device. Two calls
    /// with the same inputs in the same environment count as the same; asked when a plan is validated, so it must
    /// answer at once.
    fn environment(&self) -> String {
        String::new()
    }

    /// What a call with these inputs takes of the machine.
    fn resources(&self, inputs: &Record) -> Resources {
        let _ = inputs;
        self.profile().resources.clone()
    }

    /// Does the task. `inputs` conform to the capability's parameters.
    ///
    /// # Errors
    /// A [`ToolError`] says whether trying again can help.
    async fn call(&self, inputs: Record, context: &CallContext) -> Result<Record, ToolError>;
}

/// What is known of a provider without calling it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// A name that is unique among the providers of the capability, such as `pp-ocr`.
    pub id: String,
    /// Changes whenever the same inputs may give another result.
    pub revision: String,
    /// What it does to the world.
    #[serde(default)]
    pub effects: Effects,
    /// Whether the same inputs give the same result.
    #[serde(default)]
    pub determinism: Determinism,
    /// How long one call may take before it is stopped; a step may say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<Duration>,
    /// How long one call may go without progress before it is stopped; a step may say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_limit: Option<Duration>,
    /// What a call takes of the machine, whatever its inputs.
    #[serde(default)]
    pub resources: Resources,
}

/// What a call does to the world outside the store.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Effects {
    /// Nothing.
    #[default]
    Pure,
    /// It speaks to another machine.
    Network,
    /// It changes something that outlives the run.
    Writes,
}

/// Whether the same inputs give the same result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Determinism {
    /// Always.
    #[default]
    Deterministic,
    /// With the same seed.
    Seeded,
    /// Within one run, where the first result is kept.
    Recorded,
    /// Never.
    Volatile,
}

/// Whether a provider could run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// It can run.
    Healthy,
    /// It can run after something is fetched at first use.
    NeedsFetch {
        /// What, and how much.
        what: String,
    },
    /// It cannot run here.
    Unavailable {
        /// Why.
        reason: String,
        /// The way out.
        hint: String,
    },
}

impl Health {
    /// Whether a plan may count on the provider.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        !matches!(self, Self::Unavailable { .. })
    }
}

/// How far a call has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// The part that is done, 0 to 1, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f32>,
    /// What is being done.
    pub message: String,
}

/// Takes the progress of one call; never blocks.
pub type ProgressSink = Arc<dyn Fn(Progress) + Send + Sync>;

/// What a call is given besides its inputs.
#[derive(Clone)]
pub struct CallContext {
    store: Arc<dyn ArtifactStore>,
    cancel: CancellationToken,
    progress: ProgressSink,
    attempt: u32,
    seed: u64,
    idempotency_key: Option<Digest>,
    answer: Option<Arc<str>>,
    spending: Spending,
}

impl CallContext {
    /// A context for one call.
    #[must_use]
    pub fn new(
        store: Arc<dyn ArtifactStore>,
        cancel: CancellationToken,
        progress: ProgressSink,
    ) -> Self {
        Self {
            store,
            cancel,
            progress,
            attempt: 1,
            seed: 0,
            idempotency_key: None,
            answer: None,
            spending: Spending::unlimited(),
        }
    }

    /// The same context for another attempt, with the step's seed.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32, seed: u64) -> Self {
        self.attempt = attempt;
        self.seed = seed;
        self
    }

    /// The same context with a key for effects: the same for every attempt at the same step of the same run.
    #[must_use]
    pub const fn with_idempotency_key(mut self, key: Digest) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// The same context with the answer to the question that the call asked before.
    #[must_use]
    pub fn with_answer(mut self, answer: Option<&str>) -> Self {
        self.answer = answer.map(Arc::from);
        self
    }

    /// The same context with what the run may spend on language models.
    #[must_use]
    pub fn with_spending(mut self, spending: Spending) -> Self {
        self.spending = spending;
        self
    }

    /// What the run may spend on language models: whoever asks one meters it here.
    #[must_use]
    pub const fn spending(&self) -> &Spending {
        &self.spending
    }

    /// The key by which a service can tell a repeated effect from a new one, where there is a run.
    #[must_use]
    pub const fn idempotency_key(&self) -> Option<&Digest> {
        self.idempotency_key.as_ref()
    }

    /// The answer to the question that the call asked with [`ToolError::question`], once it is there.
    #[must_use]
    pub fn answer(&self) -> Option<&str> {
        self.answer.as_deref()
    }

    /// Which attempt this is, from 1.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The seed of everything random in this call.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// The token that is cancelled when the result is no longer wanted.
    #[must_use]
    pub const fn cancellation(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Ends the call early if its result is no longer wanted.
    ///
    /// # Errors
    /// [`ToolError::cancelled`] once the token is cancelled.
    pub fn check_cancelled(&self) -> Result<(), ToolError> {
        if self.cancel.is_cancelled() {
            Err(ToolError::cancelled())
        } else {
            Ok(())
        }
    }

    /// Says how far the call has come.
    pub fn progress(&self, fraction: Option<f32>, message: impl Into<String>) {
        (self.progress)(Progress {
            fraction,
            message: message.into(),
        });
    }

    /// The bytes of an artifact, verified.
    ///
    /// # Errors
    /// When the store cannot give them, or they are not what their digest says.
    pub async fn read(&self, artifact: &Artifact) -> Result<Vec<u8>, ToolError> {
        Ok(self.store.read(&artifact.id).await?)
    }

    /// An artifact as a file to read from the start, verified; for what is too large for memory.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub async fn open(&self, artifact: &Artifact) -> Result<std::fs::File, ToolError> {
        Ok(self.store.open(&artifact.id).await?)
    }

    /// Puts what `source` gives into the store, piece by piece; for what is too large for memory.
    ///
    /// # Errors
    /// When the store cannot take it, or `source` cannot be read.
    pub async fn write_from(
        &self,
        kind: Kind,
        mime: &str,
        facts: Facts,
        source: impl std::io::Read + Send + 'static,
    ) -> Result<Artifact, ToolError> {
        let source = Box::new(source);
        Ok(self.store.write_from(kind, mime, facts, source).await?)
    }

    /// The text of a text artifact.
    ///
    /// # Errors
    /// When it cannot be read, or is not UTF-8.
    pub async fn read_text(&self, artifact: &Artifact) -> Result<String, ToolError> {
        String::from_utf8(self.read(artifact).await?).map_err(|_| {
            ToolError::permanent("not_utf8", "the text is not UTF-8")
                .with_hint("save the file as UTF-8 and attach it again")
        })
    }

    /// The regions in a regions artifact.
    ///
    /// # Errors
    /// When they cannot be read, or are malformed.
    pub async fn read_regions(&self, artifact: &Artifact) -> Result<Regions, ToolError> {
        serde_json::from_slice(&self.read(artifact).await?).map_err(|error| {
            ToolError::permanent("malformed_regions", "the regions are malformed").caused_by(error)
        })
    }

    /// Puts bytes into the store; the size in `facts` is filled in.
    ///
    /// # Errors
    /// When the store cannot take them.
    pub async fn write(
        &self,
        kind: Kind,
        mime: &str,
        facts: Facts,
        content: Vec<u8>,
    ) -> Result<Artifact, ToolError> {
        Ok(self.store.write(kind, mime, facts, content).await?)
    }

    /// Puts regions into the store.
    ///
    /// # Errors
    /// When the store cannot take them.
    pub async fn write_regions(&self, regions: &Regions) -> Result<Artifact, ToolError> {
        let content = serde_json::to_vec(regions).map_err(|error| {
            ToolError::permanent("malformed_regions", "the regions cannot be written")
                .caused_by(error)
        })?;
        let facts = Facts::picture(regions.width, regions.height);
        self.write(Kind::Regions, Regions::MIME, facts, content)
            .await
    }

    /// Runs work that computes off the async threads; a panic in it becomes an error.
    ///
    /// # Errors
    /// What `work` returns, or that it panicked. Not cancel-safe: `work` runs on, so it should watch
    /// [`CallContext::cancellation`] itself.
    pub async fn compute<T, F>(&self, work: F) -> Result<T, ToolError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, ToolError> + Send + 'static,
    {
        self.check_cancelled()?;
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(failure) => Err(ToolError::permanent(
                "panicked",
                "the tool stopped on a defect of its own",
            )
            .with_hint("report it, with the file that it was given")
            .caused_by(failure)),
        }
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallContext")
            .field("attempt", &self.attempt)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

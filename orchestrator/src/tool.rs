//! The comfortable way to write a provider: a function from one struct to another.
//!
//! Parameters, outputs and their descriptions are read off the structs' JSON schemas, so that a tool is written
//! once. A [`Tool`] becomes a capability with one provider through [`Registration`].

mod adapter;
mod artifacts;
mod schema;

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

pub use artifacts::{
    AudioArtifact, FileArtifact, ImageArtifact, JsonArtifact, RegionsArtifact, TableArtifact,
    TextArtifact, VideoArtifact,
};
pub use schema::SchemaError;

use crate::{CallContext, Determinism, Effects, Health, Resources, ToolError, Visibility};

/// A capability with its implementation, as a function over typed structs.
///
/// The doc comment of a field of `Input` or `Output` becomes the description that planners and people read.
/// Optional parameters are `Option`s or have `#[serde(default)]`; the first field of `Output` is the primary output.
/// Artifacts are fields of the types in this module, such as [`ImageArtifact`].
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    /// What the tool takes.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What the tool gives.
    type Output: Serialize + JsonSchema + Send;

    /// What the tool is.
    fn about(&self) -> About;

    /// Whether the tool could run now; must answer at once.
    fn health(&self) -> Health {
        Health::Healthy
    }

    /// What the result depends on besides the input and the revision: model files, native library, device; must
    /// answer at once.
    fn environment(&self) -> String {
        String::new()
    }

    /// Does the work.
    ///
    /// # Errors
    /// A [`ToolError`] says whether trying again can help.
    async fn call(
        &self,
        input: Self::Input,
        context: &CallContext,
    ) -> Result<Self::Output, ToolError>;
}

/// What a tool is, apart from its types.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct About {
    /// The capability's name in snake case.
    pub name: &'static str,
    /// What it is for, in one line.
    pub purpose: &'static str,
    /// The capability's version.
    pub version: u32,
    /// Ways in which people ask for it, in English.
    pub phrases: &'static [&'static str],
    /// The provider's name.
    pub provider: &'static str,
    /// Changes whenever the same inputs may give another result.
    pub revision: String,
    /// What it does to the world.
    pub effects: Effects,
    /// Whether the same inputs give the same result.
    pub determinism: Determinism,
    /// How long a call may take.
    pub time_limit: Option<Duration>,
    /// How long a call may go without progress.
    pub idle_limit: Option<Duration>,
    /// What a call takes of the machine.
    pub resources: Resources,
    /// Who is shown it.
    pub visibility: Visibility,
}

impl About {
    /// A pure, deterministic tool.
    pub fn new(name: &'static str, purpose: &'static str) -> Self {
        Self {
            name,
            purpose,
            version: 1,
            phrases: &[],
            provider: "builtin",
            revision: "1".to_owned(),
            effects: Effects::Pure,
            determinism: Determinism::Deterministic,
            time_limit: None,
            idle_limit: None,
            resources: Resources::default(),
            visibility: Visibility::Shown,
        }
    }

    /// Sets how people ask for it.
    pub const fn phrases(mut self, phrases: &'static [&'static str]) -> Self {
        self.phrases = phrases;
        self
    }

    /// Sets the provider's name and revision.
    pub fn provider(mut self, id: &'static str, revision: impl Into<String>) -> Self {
        self.provider = id;
        self.revision = revision.into();
        self
    }

    /// Sets how long a call may take.
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Sets how long a call may go without progress.
    pub const fn idle_limit(mut self, limit: Duration) -> Self {
        self.idle_limit = Some(limit);
        self
    }

    /// Sets how many threads a call computes with, and how many bytes of memory it takes.
    pub const fn computes(mut self, threads: u32, memory: u64) -> Self {
        self.resources.threads = threads;
        self.resources.memory = memory;
        self
    }

    /// Sets what it does to the world.
    pub const fn effects(mut self, effects: Effects) -> Self {
        self.effects = effects;
        self
    }

    /// Sets whether the same inputs give the same result.
    pub const fn determinism(mut self, determinism: Determinism) -> Self {
        self.determinism = determinism;
        self
    }
}

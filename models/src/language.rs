//! Which language models there are, and which of them does what.
//!
//! Models are tables of the configuration: an endpoint has a `base_url`, a model of this machine a `path`. A key alone
//! selects nothing. Nothing is loaded or asked before a model is used.

mod counter;
mod settings;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use medley_orchestrator::{
    ChatModel, ChatProfile, Ledger, ModelChain, Policy, Recorder, RecordingError, Replay, Scrubber,
};

pub use counter::count_tokens;
pub use settings::{LanguageSettings, ModelRole, ModelSettings, Names};

use tokio_util::sync::CancellationToken;

use crate::assets::AssetStore;
use crate::endpoints::{Endpoint, EndpointSettings, SecretKey};
use crate::families::gguf::{LocalChat, LocalChatSettings};

/// What the environment's model is called.
pub const ENVIRONMENT: &str = "environment";

/// The language models that are configured; clones share them.
#[derive(Clone)]
pub struct LanguageModels {
    models: BTreeMap<String, Arc<dyn ChatModel>>,
    settings: Arc<LanguageSettings>,
    policy: Policy,
}

/// What is done with every exchange.
#[derive(Debug, Clone, Default)]
pub enum Tape {
    /// Nothing.
    #[default]
    Off,
    /// It is added to this file.
    Record(PathBuf),
    /// It is taken from this file; no model is asked.
    Replay(PathBuf),
}

/// The language models cannot be used as they are configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LanguageError {
    /// No model has this name.
    #[error("there is no language model `{name}`")]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A model's table cannot be used.
    #[error("the language model `{name}` cannot be used: {problem}")]
    Unusable {
        /// The model.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// A recording cannot be used.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

impl LanguageError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { known, .. } if known.is_empty() => {
                Some("add a table [llm.NAME] with `base_url` or `path` to the configuration".into())
            }
            Self::Unknown { known, .. } => Some(format!("there are: {}", known.join(", "))),
            Self::Unusable { name, .. } => Some(format!(
                "correct the table [llm.{name}] in the configuration"
            )),
            Self::Recording(_) => None,
        }
    }
}

impl LanguageModels {
    /// The models of `settings`. Keys are read by `variable`, which knows the environment.
    ///
    /// # Errors
    /// When a table cannot be used, a role names a model that is not there, or the tape cannot be opened.
    pub fn new(
        settings: LanguageSettings,
        tape: &Tape,
        policy: Policy,
        ledger: &Ledger,
        assets: &AssetStore,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, LanguageError> {
        let mut models: BTreeMap<String, Arc<dyn ChatModel>> = BTreeMap::new();
        let mut secrets = Vec::new();
        for (name, table) in &settings.llm {
            let model: Arc<dyn ChatModel> = match table {
                ModelSettings::Endpoint(endpoint) => {
                    let variables = endpoint.key_variable.iter();
                    let key = variables.filter_map(|name| variable(name)).next();
                    secrets.extend(key.clone());
                    let endpoint = EndpointSettings {
                        name: name.clone(),
                        ..EndpointSettings::clone(endpoint)
                    };
                    let key = key.map(|key| SecretKey::new(&key)).transpose();
                    let made = key.and_then(|key| Endpoint::new(endpoint, key));
                    Arc::new(made.map_err(|error| unusable(name, &error))?)
                }
                ModelSettings::Local(local) => {
                    let local = LocalChatSettings {
                        name: name.clone(),
                        ..LocalChatSettings::clone(local)
                    };
                    Arc::new(local_model(local, ledger, assets))
                }
            };
            models.insert(name.clone(), model);
        }
        let models = taped(models, tape, Scrubber::new(secrets))?;
        let this = Self {
            models,
            settings: Arc::new(settings),
            policy,
        };
        for names in this.settings.roles.values() {
            names
                .iter()
                .try_for_each(|name| this.find(name).map(drop))?;
        }
        if let Some(chosen) = &this.settings.chosen {
            this.find(chosen)?;
        }
        Ok(this)
    }

    /// What is known of each model, by name.
    pub fn profiles(&self) -> impl Iterator<Item = &ChatProfile> {
        self.models.values().map(|model| model.profile())
    }

    /// The roles that a model has.
    #[must_use]
    pub fn roles_of(&self, name: &str) -> Vec<ModelRole> {
        let has = |role: &ModelRole| self.names_of(*role).iter().any(|each| each == name);
        ModelRole::ALL.into_iter().filter(has).collect()
    }

    /// The model of a role, which falls back to the next one that is named for it; none, if none is selected.
    #[must_use]
    pub fn of_role(&self, role: ModelRole) -> Option<Arc<dyn ChatModel>> {
        let names = self.names_of(role);
        let mut models = names
            .iter()
            .filter_map(|name| self.models.get(name).cloned());
        let first = models.next()?;
        Some(Arc::new(ModelChain::new(
            first,
            models.collect(),
            self.policy,
        )))
    }

    /// The model of this name, within the policy.
    ///
    /// # Errors
    /// When there is none.
    pub fn named(&self, name: &str) -> Result<Arc<dyn ChatModel>, LanguageError> {
        let model = Arc::clone(self.find(name)?);
        Ok(Arc::new(ModelChain::new(model, Vec::new(), self.policy)))
    }

    fn find(&self, name: &str) -> Result<&Arc<dyn ChatModel>, LanguageError> {
        self.models.get(name).ok_or_else(|| LanguageError::Unknown {
            name: name.to_owned(),
            known: self.models.keys().cloned().collect(),
        })
    }

    /// What was chosen for everything, else what is named for the role, else the only model there is.
    fn names_of(&self, role: ModelRole) -> Vec<String> {
        if let Some(chosen) = &self.settings.chosen {
            return vec![chosen.clone()];
        }
        if self.models.contains_key(ENVIRONMENT) {
            return vec![ENVIRONMENT.to_owned()];
        }
        let roles = &self.settings.roles;
        let named = roles.get(&role).or_else(|| roles.get(&ModelRole::Default));
        if let Some(named) = named {
            return named.iter().cloned().collect();
        }
        match self.models.keys().next() {
            Some(only) if self.models.len() == 1 => vec![only.clone()],
            _ => Vec::new(),
        }
    }
}

impl std::fmt::Debug for LanguageModels {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LanguageModels")
            .field("models", &self.models.keys())
            .finish_non_exhaustive()
    }
}

/// What the asset of a model is called whose file comes from the hub.
fn asset_name(model: &str) -> String {
    let legal = |each: char| each.is_ascii_alphanumeric() || "-._".contains(each);
    format!("llm-{}", model.replace(|each| !legal(each), "-"))
}

/// A model of this machine; one from the hub is fetched when it is first asked.
fn local_model(settings: LocalChatSettings, ledger: &Ledger, assets: &AssetStore) -> LocalChat {
    if settings.path.is_some() {
        return LocalChat::new(settings, ledger);
    }
    let asset = asset_name(&settings.name);
    let assets = assets.clone();
    let fetch = move |cancel: &CancellationToken| assets.ensure(&asset, cancel)?.file("file");
    LocalChat::fetched(settings, Arc::new(fetch), ledger)
}

fn unusable(name: &str, problem: &impl ToString) -> LanguageError {
    LanguageError::Unusable {
        name: name.to_owned(),
        problem: problem.to_string(),
    }
}

fn taped(
    models: BTreeMap<String, Arc<dyn ChatModel>>,
    tape: &Tape,
    scrubber: Scrubber,
) -> Result<BTreeMap<String, Arc<dyn ChatModel>>, LanguageError> {
    let each = |wrap: &dyn Fn(Arc<dyn ChatModel>) -> Arc<dyn ChatModel>| {
        models
            .iter()
            .map(|(name, model)| (name.clone(), wrap(Arc::clone(model))))
            .collect()
    };
    Ok(match tape {
        Tape::Off => models,
        Tape::Record(path) => {
            let recorder = Recorder::append(path, scrubber)?;
            each(&|model| recorder.record(model))
        }
        Tape::Replay(path) => {
            let replay = Replay::open(path, scrubber)?;
            each(&|model| replay.replace(model.profile().clone()))
        }
    })
}

#[cfg(test)]
mod tests;

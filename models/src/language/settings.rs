//! The part of the configuration that is about language models.

use std::collections::BTreeMap;

use medley_orchestrator::Budget;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{ENVIRONMENT, asset_name};
use crate::catalogue::{Entry, Hub};
use crate::endpoints::EndpointSettings;
use crate::families::gguf::LocalChatSettings;

/// Where the models of a key are, if only a model is named.
const OPENAI: &str = "https://api.openai.com/v1";

/// What a server's only model is called, if nobody says.
const UNNAMED: &str = "default";

/// The part of the configuration that is about language models.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LanguageSettings {
    /// The models, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub llm: BTreeMap<String, ModelSettings>,
    /// Which models do what, the preferred first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<ModelRole, Names>,
    /// What a run may spend.
    pub budget: Budget,
    /// The model that was chosen for everything.
    #[serde(skip)]
    pub chosen: Option<String>,
}

impl LanguageSettings {
    /// Adds the model that `MEDLEY_LLM_BASE_URL` and `MEDLEY_LLM_MODEL` name, if they do; it then has all roles. Its key
    /// is in `OPENAI_API_KEY`, which alone selects nothing.
    #[must_use]
    pub fn with_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let base_url = variable("MEDLEY_LLM_BASE_URL");
        let model = variable("MEDLEY_LLM_MODEL");
        if base_url.is_some() || model.is_some() {
            let base_url = base_url.unwrap_or_else(|| OPENAI.to_owned());
            let model = model.unwrap_or_else(|| UNNAMED.to_owned());
            let endpoint = EndpointSettings {
                key_variable: Some("OPENAI_API_KEY".to_owned()),
                ..EndpointSettings::new(ENVIRONMENT, base_url, model)
            };
            let endpoint = ModelSettings::Endpoint(Box::new(endpoint));
            self.llm.insert(ENVIRONMENT.to_owned(), endpoint);
        }
        self
    }
}

impl LanguageSettings {
    /// What can be fetched from the hub for these models, so that it is listed, pulled and verified as all assets are.
    #[must_use]
    pub fn assets(&self) -> Vec<Entry> {
        let local = self.llm.iter().filter_map(|(name, table)| match table {
            ModelSettings::Local(local) if local.path.is_none() => Some((name, local)),
            _ => None,
        });
        local
            .filter_map(|(name, local)| {
                let file = local.hub.as_ref()?;
                let revision = local.revision.clone().unwrap_or_else(|| "main".to_owned());
                let hub = Hub {
                    repo: file.repository.clone(),
                    revision,
                };
                let purpose = format!("the language model {name}");
                Some(Entry::of_hub_file(
                    &asset_name(name),
                    &purpose,
                    hub,
                    &file.file,
                ))
            })
            .collect()
    }
}

/// What a language model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// Whatever is not named.
    Default,
    /// It plans.
    Planner,
    /// It puts answers together.
    Refiner,
    /// It looks at pictures.
    Vision,
    /// It corrects what would be hallucinated.
    Corrector,
    /// It makes texts shorter.
    Summary,
}

impl ModelRole {
    /// The roles that models have.
    pub const ALL: [Self; 5] = [
        Self::Planner,
        Self::Refiner,
        Self::Vision,
        Self::Corrector,
        Self::Summary,
    ];

    /// As it is written in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Planner => "planner",
            Self::Refiner => "refiner",
            Self::Vision => "vision",
            Self::Corrector => "corrector",
            Self::Summary => "summary",
        }
    }
}

/// One name, or several in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several; the next one steps in when one fails.
    Several(Vec<String>),
}

impl Names {
    /// The names, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, String> {
        match self {
            Self::One(name) => std::slice::from_ref(name).iter(),
            Self::Several(names) => names.iter(),
        }
    }
}

/// One model's table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ModelSettings {
    /// It is asked over HTTP.
    Endpoint(Box<EndpointSettings>),
    /// It is a file of this machine.
    Local(Box<LocalChatSettings>),
}

impl<'de> Deserialize<'de> for ModelSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = serde_json::Map::deserialize(deserializer)?;
        // A table is called by its key.
        table.insert("name".to_owned(), "".into());
        // Told apart by one key, so that what is wrong with the others is said.
        let has = |key: &str| table.contains_key(key);
        let kind = (has("base_url"), has("path") || has("hub"));
        let table = serde_json::Value::Object(table);
        if kind.0 {
            let endpoint = serde_json::from_value(table).map_err(de::Error::custom)?;
            Ok(Self::Endpoint(endpoint))
        } else if kind.1 {
            let local = serde_json::from_value(table).map_err(de::Error::custom)?;
            Ok(Self::Local(local))
        } else {
            Err(de::Error::custom(
                "a language model needs `base_url` (an endpoint), or `path` or `hub` (a GGUF file)",
            ))
        }
    }
}

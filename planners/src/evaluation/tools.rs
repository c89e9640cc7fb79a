//! A list of tools in TaskBench's format as capabilities that plans can be made over.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use medley_orchestrator::{
    CallContext, Capability, Kind, Output, Parameter, Profile, Provider, Record, Registration,
    Registry, RegistryError, ToolError, ValueType, Visibility,
};
use serde::Deserialize;

/// The tools of a benchmark.
#[derive(Debug, Clone)]
pub struct ToolList {
    tools: BTreeMap<String, BenchmarkTool>,
    /// Ids by the names of their capabilities.
    ids: BTreeMap<String, String>,
}

/// A tool as the benchmark describes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct BenchmarkTool {
    pub id: String,
    #[serde(default)]
    pub desc: String,
    #[serde(rename = "input-type")]
    pub input_type: Vec<String>,
    #[serde(rename = "output-type")]
    pub output_type: Vec<String>,
}

/// Why a list of tools cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolListError {
    /// It is not JSON of the right shape.
    #[error(
        "the list of tools cannot be read; it is {{\"nodes\": [{{\"id\", \"desc\", \"input-type\", \"output-type\"}}]}}"
    )]
    Format(#[from] serde_json::Error),
    /// Two tools would have one name.
    #[error("the tools `{0}` and `{1}` differ in punctuation only; rename one of them")]
    SameName(String, String),
    /// A name that no capability can have.
    #[error("a tool cannot be registered")]
    Registry(#[from] RegistryError),
}

impl ToolList {
    /// Reads a list of tools: `{"nodes": [{"id", "desc", "input-type", "output-type"}]}`.
    ///
    /// # Errors
    /// When it is something else, or two tools would have one name.
    pub fn from_json_text(text: &str) -> Result<Self, ToolListError> {
        #[derive(Deserialize)]
        struct File {
            nodes: Vec<BenchmarkTool>,
        }
        let file: File = serde_json::from_str(text)?;
        let mut list = Self {
            tools: BTreeMap::new(),
            ids: BTreeMap::new(),
        };
        for tool in file.nodes {
            let name = capability_name(&tool.id);
            if let Some(other) = list.ids.insert(name, tool.id.clone()) {
                return Err(ToolListError::SameName(other, tool.id));
            }
            list.tools.insert(tool.id.clone(), tool);
        }
        Ok(list)
    }

    /// Every tool as a capability: `Text-to-Image` becomes `text_to_image`.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        self.tools.values().map(BenchmarkTool::capability).collect()
    }

    /// A registry of the tools. Plans over it can be made and checked; none of its tools can run.
    ///
    /// # Errors
    /// When a tool's name is none that a capability can have.
    pub fn registry(&self) -> Result<Registry, ToolListError> {
        let mut registry = Registry::new();
        for capability in self.capabilities() {
            registry.register(Registration::new(capability, OnPaper::default()))?;
        }
        Ok(registry)
    }

    /// The benchmark's name of a capability.
    #[must_use]
    pub fn id_of(&self, capability: &str) -> Option<&str> {
        self.ids.get(capability).map(String::as_str)
    }

    pub(super) fn get(&self, id: &str) -> Option<&BenchmarkTool> {
        self.tools.get(id)
    }

    /// The tool that a capability stands for.
    pub(super) fn of_capability(&self, capability: &str) -> Option<&BenchmarkTool> {
        self.get(self.id_of(capability)?)
    }
}

impl BenchmarkTool {
    fn capability(&self) -> Capability {
        let names = self.parameter_names();
        let parameters = names.into_iter().zip(&self.input_type);
        let outputs = self.output_type.iter().take(1);
        Capability {
            name: capability_name(&self.id),
            version: 1,
            purpose: self.desc.clone(),
            phrases: Vec::new(),
            parameters: parameters
                .map(|(name, of)| Parameter {
                    name,
                    value_type: value_type(of),
                    required: true,
                    default: None,
                    description: String::new(),
                })
                .collect(),
            outputs: outputs
                .map(|of| Output {
                    name: of.to_lowercase(),
                    value_type: value_type(of),
                    optional: false,
                    description: String::new(),
                })
                .collect(),
            visibility: Visibility::Shown,
        }
    }

    /// The names of the parameters: their types, with a number where a type comes more than once.
    pub(super) fn parameter_names(&self) -> Vec<String> {
        let mut taken = BTreeSet::new();
        let inputs = self.input_type.iter().map(|of| of.to_lowercase());
        inputs
            .map(|of| {
                let numbered = (2..).map(|number| format!("{of}_{number}"));
                let mut names = std::iter::once(of.clone()).chain(numbered);
                names
                    .find(|name| taken.insert(name.clone()))
                    .unwrap_or_default()
            })
            .collect()
    }
}

/// Pictures, sounds and videos are artifacts; a text or an address is text.
fn value_type(of: &str) -> ValueType {
    match Kind::from_name(&of.to_lowercase()) {
        Some(kind @ (Kind::Image | Kind::Audio | Kind::Video)) => ValueType::artifact(kind),
        _ => ValueType::String,
    }
}

/// A name in lower case, with one underscore for each run of other characters.
pub(super) fn capability_name(id: &str) -> String {
    let words: Vec<String> = id
        .split(|each: char| !each.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

/// A provider of a tool that exists on paper only.
struct OnPaper {
    profile: Profile,
}

impl Default for OnPaper {
    fn default() -> Self {
        Self {
            profile: Profile {
                id: "on-paper".to_owned(),
                revision: "1".to_owned(),
                ..Profile::default()
            },
        }
    }
}

#[async_trait]
impl Provider for OnPaper {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    async fn call(&self, _: Record, _: &CallContext) -> Result<Record, ToolError> {
        let error = ToolError::permanent("on_paper", "a tool of a benchmark cannot run");
        Err(error.with_hint("plan over tools that are installed"))
    }
}

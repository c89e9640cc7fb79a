//! A list of tools in TaskBench's format as capabilities that plans can be made over.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use medley_orchestrator::{
    CallContext, Capability, Kind, Output, Parameter, Profile, Provider, Record, Registration,
    Registry, RegistryError, ToolError, ValueType, Visibility,
};
use serde::Deserialize;

/// What a tool gives whose output nobody describes.
const RESULT: &str = "result";

/// What a tool takes whose inputs nobody describes.
const INPUT: &str = "input";

/// The tools of a benchmark.
#[derive(Debug, Clone)]
pub struct ToolList {
    tools: BTreeMap<String, BenchmarkTool>,
    /// Ids by the names of their capabilities.
    ids: BTreeMap<String, String>,
}

/// A tool as the benchmark describes it: by the types that go in and come out, or by named parameters.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct BenchmarkTool {
    pub id: String,
    #[serde(default)]
    pub desc: String,
    #[serde(default, rename = "input-type")]
    pub input_type: Option<Vec<String>>,
    #[serde(default, rename = "output-type")]
    pub output_type: Option<Vec<String>>,
    #[serde(default)]
    pub parameters: Vec<BenchmarkParameter>,
}

/// A parameter with a name of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct BenchmarkParameter {
    pub name: String,
    #[serde(default, rename = "type")]
    pub of: Option<String>,
    #[serde(default)]
    pub desc: String,
}

/// Why a list of tools cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolListError {
    /// It is not JSON of the right shape.
    #[error(
        "the list of tools cannot be read; it is {{\"nodes\": [{{\"id\", \"desc\", \"input-type\", \"output-type\"}}]}}, \
         or {{\"id\", \"desc\", \"parameters\": [{{\"name\", \"type\", \"desc\"}}]}} for tools without types"
    )]
    Format(#[from] serde_json::Error),
    /// There is none.
    #[error("there is no tool in the list")]
    Empty,
    /// Plans could not name a tool.
    #[error("plans cannot name the tool `{0}`; give it a name that begins with a Latin letter")]
    Nameless(String),
    /// Two tools would have one name.
    #[error("the tools `{0}` and `{1}` differ in punctuation only; rename one of them")]
    SameName(String, String),
    /// A name that no capability can have.
    #[error("a tool cannot be registered")]
    Registry(#[from] RegistryError),
}

impl ToolList {
    /// Reads a list of tools: `{"nodes": [{"id", "desc", "input-type", "output-type"}]}`, or with `parameters` in place
    /// of the types, `[{"name", "type", "desc"}]`.
    ///
    /// # Errors
    /// When it is something else or has no tool, plans could not name one, or two tools would have one name.
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
            if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
                return Err(ToolListError::Nameless(tool.id));
            }
            if let Some(other) = list.ids.insert(name, tool.id.clone()) {
                return Err(ToolListError::SameName(other, tool.id));
            }
            list.tools.insert(tool.id.clone(), tool);
        }
        match list.tools.is_empty() {
            true => Err(ToolListError::Empty),
            false => Ok(list),
        }
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

    /// Whether it has this tool, whichever way TaskBench writes its name.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.ids.contains_key(&capability_name(id))
    }

    /// Whether plans are told apart by the types of what they pass on. Where no tool says what it gives, TaskBench
    /// compares links and the names of arguments instead.
    #[must_use]
    pub fn has_types(&self) -> bool {
        let mut tools = self.tools.values();
        tools.any(|tool| tool.output_type.is_some())
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
        Capability {
            name: capability_name(&self.id),
            version: 1,
            purpose: self.desc.clone(),
            phrases: Vec::new(),
            parameters: self.parameters(),
            outputs: self.output().into_iter().collect(),
            visibility: Visibility::Shown,
        }
    }

    fn parameters(&self) -> Vec<Parameter> {
        let parameter = |name: &str, value_type, description: &str, required| Parameter {
            name: name.to_owned(),
            value_type,
            required,
            default: None,
            description: description.to_owned(),
        };
        if self.is_named() {
            let named = self.parameters.iter();
            return named
                .map(|each| {
                    let of = each.of.as_deref().map_or(ValueType::Any, value_type);
                    parameter(&each.name, of, &each.desc, true)
                })
                .collect();
        }
        match &self.input_type {
            Some(types) => {
                let names = self.parameter_names();
                let typed = names.iter().zip(types);
                typed
                    .map(|(name, of)| parameter(name, value_type(of), "", true))
                    .collect()
            }
            None => vec![parameter(INPUT, ValueType::Any, "", false)],
        }
    }

    /// What it gives: the first of its types; nothing where it says that there is none.
    fn output(&self) -> Option<Output> {
        let output = |name: String, value_type| Output {
            name,
            value_type,
            optional: false,
            description: String::new(),
        };
        match &self.output_type {
            Some(types) => {
                let first = types.first()?;
                Some(output(first.to_lowercase(), value_type(first)))
            }
            None => Some(output(RESULT.to_owned(), ValueType::Any)),
        }
    }

    /// Whether its parameters have names of their own, which plans write beside the values.
    pub(super) const fn is_named(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// The names of the parameters: their own, or their types with a number where a type comes more than once.
    pub(super) fn parameter_names(&self) -> Vec<String> {
        if self.is_named() {
            let named = self.parameters.iter();
            return named.map(|each| each.name.clone()).collect();
        }
        let Some(types) = &self.input_type else {
            return vec![INPUT.to_owned()];
        };
        let mut taken = BTreeSet::new();
        let inputs = types.iter().map(|of| of.to_lowercase());
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

/// Pictures, sounds and videos are artifacts; a text, an address or a date is text.
fn value_type(of: &str) -> ValueType {
    let of = of.to_lowercase();
    match Kind::from_name(&of) {
        Some(kind @ (Kind::Image | Kind::Audio | Kind::Video)) => ValueType::artifact(kind),
        _ => match of.as_str() {
            "integer" | "int" => ValueType::integer(),
            "number" | "float" => ValueType::number(),
            "boolean" | "bool" => ValueType::Boolean,
            "any" | "" => ValueType::Any,
            _ => ValueType::String,
        },
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

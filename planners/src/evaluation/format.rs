//! The files of TaskBench: requests with the plans that people made, and the plans of a model, one JSON object a line.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;

/// A request with the plan that is right for it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sample {
    /// The request's id.
    pub id: String,
    /// What the plan looks like.
    #[serde(rename = "type")]
    pub plan_type: PlanType,
    /// The request.
    pub instruction: String,
    /// The calls, not always in the order in which they run.
    pub nodes: Vec<TaskNode>,
    /// Pairs of tools, the second taking what the first gives.
    pub links: Vec<(String, String)>,
}

impl Sample {
    /// The right plan.
    #[must_use]
    pub fn plan(&self) -> TaskPlan {
        let links = self.links.iter().cloned();
        TaskPlan {
            task_nodes: self.nodes.clone(),
            task_links: links
                .map(|(source, target)| TaskLink { source, target })
                .collect(),
        }
    }
}

/// What a plan looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanType {
    /// One call.
    Single,
    /// Calls one after the other.
    Chain,
    /// Anything else.
    Dag,
}

impl PlanType {
    /// The name in the files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Chain => "chain",
            Self::Dag => "dag",
        }
    }
}

/// A plan in TaskBench's format.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TaskPlan {
    /// The calls.
    pub task_nodes: Vec<TaskNode>,
    /// Which call takes what another gives.
    pub task_links: Vec<TaskLink>,
}

/// A call in TaskBench's format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskNode {
    /// The tool's name.
    pub task: String,
    /// What it is given, in the order of its inputs; `<node-j>` stands for what call `j` gives, counted from 0.
    pub arguments: Vec<Json>,
}

/// A dependency in TaskBench's format: two names of tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskLink {
    /// The tool that gives.
    pub source: String,
    /// The tool that takes.
    pub target: String,
}

/// What a model planned for a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// The request's id.
    pub id: String,
    /// The plan; nothing, where it is none, as when a call has no tool.
    pub plan: Option<TaskPlan>,
}

impl Prediction {
    /// A plan for the request with this id.
    #[must_use]
    pub fn new(id: impl Into<String>, plan: TaskPlan) -> Self {
        Self {
            id: id.into(),
            plan: Some(plan),
        }
    }
}

/// A line that is not what the file should hold.
#[derive(Debug, thiserror::Error)]
#[error("line {line} is not usable: {source}; every line is one JSON object")]
pub struct FormatError {
    /// The line, counted from 1.
    line: usize,
    /// What is wrong with it.
    #[source]
    source: serde_json::Error,
}

/// Reads requests with their right plans.
///
/// # Errors
/// When a line is not `{"id", "type", "instruction", "nodes", "links"}`.
pub fn samples(text: &str) -> Result<Vec<Sample>, FormatError> {
    lines(text)
}

/// Reads plans: `{"id", "task_nodes", "task_links"}`, or the two inside `result`.
///
/// A plan that TaskBench's program cannot read is kept without a plan, so that it can be counted.
///
/// # Errors
/// When a line is no JSON object with an `id`.
pub fn predictions(text: &str) -> Result<Vec<Prediction>, FormatError> {
    let lines: Vec<PredictionLine> = lines(text)?;
    Ok(lines.into_iter().map(PredictionLine::read).collect())
}

fn lines<T: DeserializeOwned>(text: &str) -> Result<Vec<T>, FormatError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            serde_json::from_str(line).map_err(|source| FormatError {
                line: index + 1,
                source,
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct PredictionLine {
    id: String,
    #[serde(default)]
    result: Option<Json>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Json>,
}

impl PredictionLine {
    fn read(self) -> Prediction {
        let rest = Json::Object(self.rest);
        Prediction {
            plan: read_plan(self.result.as_ref().unwrap_or(&rest)),
            id: self.id,
        }
    }
}

fn read_plan(json: &Json) -> Option<TaskPlan> {
    let nodes = json.get("task_nodes")?.as_array()?;
    let links = json.get("task_links").and_then(Json::as_array);
    Some(TaskPlan {
        task_nodes: nodes.iter().map(read_node).collect::<Option<_>>()?,
        task_links: links.into_iter().flatten().filter_map(read_link).collect(),
    })
}

fn read_node(json: &Json) -> Option<TaskNode> {
    let arguments = match json.get("arguments") {
        None => Vec::new(),
        Some(Json::Array(items)) => items.clone(),
        // TaskBench's program takes a text apart into letters, and an object into its keys.
        Some(Json::String(text)) => text.chars().map(|each| each.to_string().into()).collect(),
        Some(Json::Object(fields)) => fields.keys().cloned().map(Json::String).collect(),
        Some(Json::Null | Json::Bool(_) | Json::Number(_)) => return None,
    };
    Some(TaskNode {
        task: json.get("task")?.as_str()?.to_owned(),
        arguments,
    })
}

/// A link whose ends are names or numbers; others are none.
fn read_link(json: &Json) -> Option<TaskLink> {
    let end = |key: &str| match json.get(key)? {
        Json::String(name) => Some(name.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Some(TaskLink {
        source: end("source")?,
        target: end("target")?,
    })
}

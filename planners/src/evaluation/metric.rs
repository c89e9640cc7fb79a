//! Precision and recall of tools, edges and arguments, counted over all plans and put together as F1.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    arguments::{Tag, kind_of, tag, text_of},
    format::{PlanType, Prediction, Sample, TaskNode, TaskPlan},
    tools::ToolList,
};

/// How plans agree with the right ones, 0 to 100.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Scores {
    /// F1 of the tools.
    pub node_f1: f64,
    /// F1 of the pairs of tools of which the second takes what the first gives.
    pub edge_f1: f64,
    /// F1 of the types of arguments; of their names, where tools have no types.
    pub type_f1: f64,
    /// F1 of the arguments, letter by letter.
    pub value_f1: f64,
    /// How many plans were compared.
    pub n: usize,
    /// How many were no plans; they count in nothing else.
    pub invalid: usize,
    /// The same for each type of plan; empty inside one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_type: BTreeMap<PlanType, Scores>,
}

/// Where edges are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Edges {
    /// In the `<node-j>` tags of arguments, as TaskBench does for tools that pass things on.
    #[default]
    Tags,
    /// In `task_links`, as TaskBench does for tools without types, and for plans that hold no tags; names count as they
    /// are written.
    Links,
}

impl Edges {
    /// Where TaskBench reads them for these tools.
    #[must_use]
    pub fn usual_for(tools: &ToolList) -> Self {
        if tools.has_types() {
            Self::Tags
        } else {
            Self::Links
        }
    }
}

/// What the name of a tool that there is not counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Invented {
    /// Nothing, as in TaskBench.
    #[default]
    Ignored,
    /// A tool that is wrong.
    Wrong,
}

/// How plans are compared; as TaskBench does, by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measure {
    /// Where edges are read.
    pub edges: Edges,
    /// What invented names count as.
    pub invented: Invented,
}

/// Compares plans with the right ones, by request; a request without a plan costs nothing.
#[must_use]
pub fn evaluate(
    samples: &[Sample],
    predictions: &[Prediction],
    tools: &ToolList,
    measure: Measure,
) -> Scores {
    let by_id: BTreeMap<&str, &Prediction> = predictions
        .iter()
        .map(|prediction| (prediction.id.as_str(), prediction))
        .collect();
    let mut counts: BTreeMap<PlanType, Counts> = BTreeMap::new();
    for sample in samples {
        let Some(prediction) = by_id.get(sample.id.as_str()) else {
            continue;
        };
        let counts = counts.entry(sample.plan_type).or_default();
        match &prediction.plan {
            Some(plan) => counts.add(&sample.plan(), plan, tools, measure),
            None => counts.invalid += 1,
        }
    }
    let mut all = Counts::default();
    for each in counts.values() {
        all.merge(each);
    }
    Scores {
        by_type: counts
            .iter()
            .map(|(plan_type, counts)| (*plan_type, counts.scores()))
            .collect(),
        ..all.scores()
    }
}

/// What was counted over some plans.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    nodes: Tally,
    edges: Tally,
    types: Tally,
    values: Tally,
    n: usize,
    invalid: usize,
}

impl Counts {
    fn add(&mut self, gold: &TaskPlan, plan: &TaskPlan, tools: &ToolList, measure: Measure) {
        self.n += 1;
        let known = |plan| names(plan, tools, measure.invented);
        self.nodes.compare(&known(gold), &known(plan));
        self.edges
            .compare(&edges(gold, measure.edges), &edges(plan, measure.edges));
        let (gold, plan) = (arguments(gold, tools), arguments(plan, tools));
        self.types.compare(&types(&gold), &types(&plan));
        self.values.compare(&gold, &plan);
    }

    fn merge(&mut self, other: &Self) {
        self.nodes.merge(other.nodes);
        self.edges.merge(other.edges);
        self.types.merge(other.types);
        self.values.merge(other.values);
        self.n += other.n;
        self.invalid += other.invalid;
    }

    fn scores(&self) -> Scores {
        Scores {
            node_f1: self.nodes.f1(),
            edge_f1: self.edges.f1(),
            type_f1: self.types.f1(),
            value_f1: self.values.f1(),
            n: self.n,
            invalid: self.invalid,
            by_type: BTreeMap::new(),
        }
    }
}

/// How many were right, and how many there were on both sides.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    right: usize,
    gold: usize,
    predicted: usize,
}

impl Tally {
    fn compare<T: Ord>(&mut self, gold: &BTreeSet<T>, predicted: &BTreeSet<T>) {
        self.right += gold.intersection(predicted).count();
        self.gold += gold.len();
        self.predicted += predicted.len();
    }

    fn merge(&mut self, other: Self) {
        self.right += other.right;
        self.gold += other.gold;
        self.predicted += other.predicted;
    }

    /// In per cent; zero, where there was nothing to find and nothing was.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts are far below the numbers that a float cannot hold"
    )]
    fn f1(self) -> f64 {
        match self.gold + self.predicted {
            0 => 0.0,
            all => 200.0 * self.right as f64 / all as f64,
        }
    }
}

/// The tools of a plan, each once.
fn names(plan: &TaskPlan, tools: &ToolList, invented: Invented) -> BTreeSet<String> {
    plan.task_nodes
        .iter()
        .map(|node| compared_name(&node.task, tools))
        .filter(|name| invented == Invented::Wrong || tools.get(name).is_some())
        .collect()
}

/// The pairs of tools that a plan connects, each once.
fn edges(plan: &TaskPlan, source: Edges) -> BTreeSet<(String, String)> {
    match source {
        Edges::Links => plan
            .task_links
            .iter()
            .map(|link| (link.source.clone(), link.target.clone()))
            .collect(),
        Edges::Tags => plan
            .task_nodes
            .iter()
            .enumerate()
            .flat_map(|(place, node)| {
                let sources = node.arguments.iter().filter_map(move |argument| {
                    match tag(&text_of(argument)?)? {
                        Tag::Node(source) if source != place => plan.task_nodes.get(source),
                        _ => None,
                    }
                });
                // TaskBench leaves the name of the one that takes as it is.
                sources.map(|source| (spaced(&source.task), node.task.clone()))
            })
            .collect(),
    }
}

/// An argument as it is compared: tool, type, value.
type Compared = (String, String, String);

fn arguments(plan: &TaskPlan, tools: &ToolList) -> BTreeSet<Compared> {
    let mut found = BTreeSet::new();
    for (place, node) in plan.task_nodes.iter().enumerate() {
        for argument in &node.arguments {
            let compared = compared(argument, place, &plan.task_nodes, tools);
            found.extend(compared.map(|(of, value)| (compared_name(&node.task, tools), of, value)));
        }
    }
    found
}

/// The type and value of an argument; nothing for what cannot be read, and for a call that refers to itself.
fn compared(
    argument: &serde_json::Value,
    place: usize,
    nodes: &[TaskNode],
    tools: &ToolList,
) -> Option<(String, String)> {
    if !tools.has_types() {
        return named(argument);
    }
    let text = text_of(argument)?;
    match tag(&text) {
        None => Some((kind_of(&text).name().to_owned(), text)),
        Some(Tag::Broken) => None,
        Some(Tag::Node(source)) if source == place => None,
        Some(Tag::Node(source)) => {
            let name = spaced(&nodes.get(source)?.task);
            let types = tools.get(&name).and_then(|tool| tool.output_type.as_ref());
            let of = types.and_then(|types| types.first());
            Some((of.cloned().unwrap_or_else(|| "other".to_owned()), name))
        }
    }
}

fn types(arguments: &BTreeSet<Compared>) -> BTreeSet<(&str, &str)> {
    arguments
        .iter()
        .map(|(task, of, _)| (task.as_str(), of.as_str()))
        .collect()
}

/// The name and value of an argument, which is what TaskBench compares where tools have no types.
fn named(argument: &serde_json::Value) -> Option<(String, String)> {
    let name = argument.get("name")?.as_str()?.to_owned();
    let value = match argument.get("value")? {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some((name, value))
}

/// A tool's name as it is compared; TaskBench takes an underscore for a space only where tools have types.
fn compared_name(name: &str, tools: &ToolList) -> String {
    if tools.has_types() {
        spaced(name)
    } else {
        name.to_owned()
    }
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

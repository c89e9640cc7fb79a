//! A plan that exists is valid: acyclic, of known capabilities, with types that agree and references that resolve.

mod check;
mod defect;
mod growing;
mod parse;
mod resolve;
mod step;
mod validate;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use petgraph::{
    Direction, acyclic::Acyclic, data::Build, graph::NodeIndex, stable_graph::StableDiGraph,
    visit::NodeIndexable,
};

pub use defect::{Defect, DefectCode, Defects};
pub use growing::{Accepted, Addition, GrowingPlan};
pub use step::{Argument, Candidate, Condition, ForEach, Retry, Step};

use crate::{
    DraftPlan, Expression, Output, Record, Registry, Request, RunReport, StepReport, Value,
};

/// The most steps that a plan may have.
pub const STEP_LIMIT: usize = 10_000;

/// The most items that a step may go over.
pub const CHILD_LIMIT: usize = 1_000;

/// A valid plan: only validation can make one.
#[derive(Debug, Clone)]
pub struct Plan {
    graph: StableDiGraph<Arc<Step>, ()>,
    order: Vec<NodeIndex>,
    answer: Vec<Expression>,
}

impl Plan {
    /// Checks a draft, and reports all of its defects at once.
    ///
    /// # Errors
    /// Every defect, each with a code, the step and the way out.
    pub fn validate(
        draft: &DraftPlan,
        registry: &Registry,
        scope: &Scope,
    ) -> Result<Self, Defects> {
        validate::validate(draft, registry, scope)
    }

    /// How many steps there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no steps.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The steps in the order in which they were written.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.order.iter().map(|&node| &*self.graph[node])
    }

    /// The steps, shared, in the order in which they were written.
    pub(crate) fn shared_steps(&self) -> impl Iterator<Item = Arc<Step>> {
        self.order.iter().map(|&node| Arc::clone(&self.graph[node]))
    }

    /// For each step, as written, the positions of the steps that it waits for.
    #[must_use]
    pub fn dependencies(&self) -> Vec<Vec<usize>> {
        let mut positions = vec![0; self.graph.node_bound()];
        for (position, node) in self.order.iter().enumerate() {
            positions[node.index()] = position;
        }
        self.order
            .iter()
            .map(|&node| {
                let mut waits: Vec<usize> = self
                    .graph
                    .neighbors_directed(node, Direction::Incoming)
                    .map(|each| positions[each.index()])
                    .collect();
                waits.sort_unstable();
                waits
            })
            .collect()
    }

    /// What the answer is made of, in reading order. References to steps name an output.
    #[must_use]
    pub fn answer(&self) -> &[Expression] {
        &self.answer
    }

    /// The plan of a program that calls nothing.
    pub(crate) fn empty() -> Self {
        Self {
            graph: StableDiGraph::new(),
            order: Vec::new(),
            answer: Vec::new(),
        }
    }

    /// A plan of checked steps; `edges` run from a step to those that wait for it.
    ///
    /// Returns the first edge that would close a cycle instead, if there is one.
    fn assemble(
        steps: Vec<Step>,
        edges: &[(usize, usize)],
        answer: Vec<Expression>,
    ) -> Result<Self, (usize, usize)> {
        let mut graph = Acyclic::<StableDiGraph<Arc<Step>, ()>>::new();
        let order: Vec<NodeIndex> = steps
            .into_iter()
            .map(|step| graph.add_node(Arc::new(step)))
            .collect();
        for &(from, to) in edges {
            graph
                .try_update_edge(order[from], order[to], ())
                .map_err(|_| (from, to))?;
        }
        Ok(Self {
            graph: graph.into_inner(),
            order,
            answer,
        })
    }
}

/// The names that a plan may refer to besides its own steps.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    names: BTreeMap<String, Known>,
    /// The capabilities that may be called; absent = all.
    chosen: Option<Arc<BTreeSet<String>>>,
}

/// What a name in a [`Scope`] stands for.
#[derive(Debug, Clone)]
pub enum Known {
    /// An input or the request.
    Value(Value),
    /// A step that an earlier round ran.
    Step {
        /// What its capability gives.
        outputs: Vec<Output>,
        /// What it gave.
        values: Record,
    },
}

impl Scope {
    /// The scope of a request: `$request`, `$input1`, `$input2` and so on, and in a session `$img1` and the like.
    #[must_use]
    pub fn of_request(request: &Request) -> Self {
        let mut names = BTreeMap::new();
        names.insert(
            "request".to_owned(),
            Known::Value(Value::from(request.text.as_str())),
        );
        for (name, artifact) in request.named_files() {
            names.insert(name, Known::Value(Value::from(artifact.clone())));
        }
        Self {
            names,
            chosen: None,
        }
    }

    /// What a name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Known> {
        self.names.get(name)
    }

    /// Every name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// Holds plans to these capabilities: whoever writes them has seen what others wrote, and that picks no tool.
    #[must_use]
    pub fn held_to(mut self, chosen: BTreeSet<String>) -> Self {
        self.chosen = Some(Arc::new(chosen));
        self
    }

    /// Whether plans may call this capability.
    #[must_use]
    pub fn allows(&self, capability: &str) -> bool {
        self.chosen
            .as_ref()
            .is_none_or(|chosen| chosen.contains(capability))
    }

    /// The capabilities that plans are held to, if they are.
    #[must_use]
    pub fn chosen(&self) -> Option<&BTreeSet<String>> {
        self.chosen.as_deref()
    }

    /// Adds the steps that a round ran, so that the next may refer to them.
    pub fn add_round(&mut self, plan: &Plan, report: &RunReport) {
        let outcomes: HashMap<&str, &StepReport> = report
            .steps
            .iter()
            .map(|outcome| (outcome.id.as_str(), outcome))
            .collect();
        for step in plan.steps() {
            if let Some(outcome) = outcomes.get(step.id.as_str())
                && outcome.status.is_success()
            {
                let known = Known::Step {
                    outputs: step.outputs.clone(),
                    values: outcome.outputs.clone(),
                };
                self.names.insert(step.id.clone(), known);
            }
        }
    }
}

/// The part of `name@version` before and behind the `@`.
pub(crate) fn split_version(tool: &str) -> (&str, Option<&str>) {
    match tool.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (tool, None),
    }
}

/// The capability that `wanted` was probably meant to name.
pub(crate) fn nearest_name<'a>(
    wanted: &str,
    names: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let folded = fold(wanted);
    // Transposed letters of short names are far apart to Jaro-Winkler.
    let similarity = |name: &str| match strsim::damerau_levenshtein(&folded, name) {
        0 | 1 => 0.99,
        _ => strsim::jaro_winkler(&folded, name),
    };
    names
        .map(|name| (similarity(&fold(name)), name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name)
}

fn fold(name: &str) -> String {
    name.chars()
        .filter(|each| each.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests;

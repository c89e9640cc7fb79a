//! Draws a graph of steps: for people as a tree, for other programs as Mermaid, DOT and JSON.
//!
//! A picture is data that anyone can fill in; it need not come from a plan that is valid. So every step is drawn exactly
//! once whatever the steps say of each other, and no label can break out of the drawing that it stands in.

mod arguments;
mod dot;
mod json;
mod label;
mod mermaid;
mod outline;
mod tree;

use std::{collections::HashMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Plan, RunReport, Step, StepReport, StepStatus};

/// The steps of a plan or a run, with what is worth showing of each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphPicture {
    /// The steps, as written.
    pub steps: Vec<PicturedStep>,
}

/// What is worth showing of a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PicturedStep {
    /// The step's name.
    pub id: String,
    /// The capability.
    pub tool: String,
    /// The steps that it waits for; names that no step of the picture has are not drawn.
    #[serde(default)]
    pub after: Vec<String>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Its arguments, printed and short.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub arguments: String,
    /// What became of it; absent before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StepStatus>,
    /// When it started, in milliseconds since the run began.
    #[serde(default)]
    pub started_ms: f64,
    /// Time from start to end, in milliseconds.
    #[serde(default)]
    pub ms: f64,
    /// How often it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// Who did it, or is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Anything else in a few words: the code of its error, or `for each $s1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// How many calls it made, one an item, if it goes over a list.
    #[serde(default)]
    pub children: usize,
    /// How many of those gave their outputs.
    #[serde(default)]
    pub children_done: usize,
}

/// How a picture is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GraphFormat {
    /// Lines for a terminal, without colours.
    #[default]
    Tree,
    /// A Mermaid flow chart.
    Mermaid,
    /// Graphviz.
    Dot,
    /// `{nodes, edges, critical_path}`.
    Json,
}

/// Why the step may run several times, or not at all.
fn note_of(step: &Step) -> Option<String> {
    let list = step.for_each.as_ref().map(|for_each| {
        let list = arguments::print_expression(&for_each.list);
        format!("for each {list}")
    });
    let condition = step.condition.as_ref().map(|condition| {
        let value = arguments::print_expression(&condition.value);
        let comparison = serde_json::to_value(condition.comparison).unwrap_or_default();
        let comparison = comparison.as_str().unwrap_or_default().replace('_', " ");
        match &condition.operand {
            Some(operand) => format!(
                "when {value} {comparison} {}",
                arguments::print_expression(operand)
            ),
            None => format!("when {value} is {comparison}"),
        }
    });
    let notes: Vec<String> = list.into_iter().chain(condition).collect();
    (!notes.is_empty()).then(|| notes.join(", "))
}

/// A format that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no format; write `tree`, `mermaid`, `dot` or `json`")]
pub struct UnknownGraphFormat(pub String);

impl GraphPicture {
    /// The picture of a plan that has not run.
    #[must_use]
    pub fn of_plan(plan: &Plan) -> Self {
        let ids: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
        let steps = plan.steps().zip(plan.dependencies());
        Self {
            steps: steps
                .map(|(step, waits)| PicturedStep {
                    id: step.id.clone(),
                    tool: step.capability.clone(),
                    after: waits.iter().map(|&wait| ids[wait].to_owned()).collect(),
                    why: step.why.clone(),
                    arguments: arguments::print(&step.arguments),
                    provider: step.provider.clone(),
                    note: note_of(step),
                    ..PicturedStep::default()
                })
                .collect(),
        }
    }

    /// The picture of what is recorded of a run whose steps were never written down as a whole: without edges.
    #[must_use]
    pub fn of_report(report: &RunReport) -> Self {
        let steps = report.steps.iter().map(|step| PicturedStep {
            id: step.id.clone(),
            tool: step.tool.clone(),
            ..PicturedStep::default()
        });
        Self {
            steps: steps.collect(),
        }
        .with_report(report)
    }

    /// Adds what came of each step; a step that the report does not name stays as it is.
    #[must_use]
    pub fn with_report(mut self, report: &RunReport) -> Self {
        let reports = report.steps.iter();
        let reports: HashMap<&str, &StepReport> =
            reports.map(|step| (step.id.as_str(), step)).collect();
        for step in &mut self.steps {
            if let Some(report) = reports.get(step.id.as_str()) {
                step.add_report(report);
            }
        }
        self
    }

    /// Draws the picture; what is drawn ends with a line break.
    #[must_use]
    pub fn draw(&self, format: GraphFormat) -> String {
        match format {
            GraphFormat::Tree => tree::draw(&self.steps),
            GraphFormat::Mermaid => mermaid::draw(&self.steps),
            GraphFormat::Dot => dot::draw(&self.steps),
            GraphFormat::Json => json::draw(&self.steps),
        }
    }
}

impl PicturedStep {
    fn add_report(&mut self, report: &StepReport) {
        let cause = report.error.as_ref().map(|error| error.code.as_str());
        let asked = report.question.as_ref().map(|asked| asked.text.as_str());
        let known = self.note.take();
        let notes: Vec<&str> = [known.as_deref(), cause, asked]
            .into_iter()
            .flatten()
            .collect();
        self.note = (!notes.is_empty()).then(|| notes.join("; "));
        self.status = Some(report.status);
        self.started_ms = report.started_ms;
        self.ms = report.ms;
        self.attempts = report.attempts;
        self.provider = report.provider.clone().or(self.provider.take());
        self.children = report.children.len();
        let children = report.children.iter();
        self.children_done = children.filter(|child| child.status.is_success()).count();
    }

    /// Whether the step took part of the run's time.
    fn ran(&self) -> bool {
        match self.status {
            Some(StepStatus::Done | StepStatus::Cached | StepStatus::Failed) => true,
            Some(StepStatus::Cancelled | StepStatus::Waiting) => self.ms > 0.0,
            Some(StepStatus::Skipped) | None => false,
        }
    }

    fn start(&self) -> f64 {
        finite(self.started_ms)
    }

    fn duration(&self) -> f64 {
        finite(self.ms)
    }

    fn end(&self) -> f64 {
        self.start() + self.duration()
    }
}

/// A time that can be drawn.
fn finite(ms: f64) -> f64 {
    if ms.is_finite() { ms.max(0.0) } else { 0.0 }
}

impl GraphFormat {
    /// The format's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Mermaid => "mermaid",
            Self::Dot => "dot",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for GraphFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for GraphFormat {
    type Err = UnknownGraphFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Tree, Self::Mermaid, Self::Dot, Self::Json]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| UnknownGraphFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests;

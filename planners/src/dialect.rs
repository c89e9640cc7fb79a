//! Reads plans as language models really write them.
//!
//! Models write plans in the form of the paper that they have seen most of, wrap them in prose and Markdown, damage
//! them and are cut off. [`read`] makes a [`DraftPlan`] of any of that, says what it put right, and leaves what cannot
//! be read as defects in the draft, so that validation reports everything at once. Nothing of a plan is evaluated, and
//! which tools there are is known through [`ToolNames`] alone.

mod arguments;
mod drafting;
mod find;
mod hugging_gpt;
mod lowering;
mod objects;
mod own;
mod react;
mod reader;
mod references;
mod repairs;
mod statements;
mod stream;
mod task_bench;
mod tool_calls;
mod tool_names;
mod wrapping;
mod written;

use std::fmt;

use medley_orchestrator::{Defect, DraftPlan};

pub use stream::StreamReader;
pub use tool_calls::read_tool_calls;
pub use tool_names::ToolNames;

use self::{
    drafting::Drafting,
    find::Search,
    lowering::Lowering,
    statements::{Statement, Statements},
    wrapping::Region,
    written::Written,
};

/// What a text says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The plan; what could not be read of it is in its `malformed`.
    pub draft: DraftPlan,
    /// How it was written.
    pub dialect: Dialect,
    /// What was put right, each sort once.
    pub repairs: Vec<String>,
    /// Whether the text ended inside of the plan; the steps before are in the draft.
    pub is_cut: bool,
    /// What the model says to the user instead of calling tools, in dialects that have that.
    pub final_text: Option<String>,
}

impl Reading {
    /// What could not be read.
    #[must_use]
    pub fn defects(&self) -> &[Defect] {
        &self.draft.malformed
    }
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Our own object with `steps` and `answer`.
    Json,
    /// Our own steps, one a line.
    JsonLines,
    /// Calls of tools, as `OpenAI`, Hermes and Qwen have them.
    ToolCalls,
    /// `HuggingGPT`'s list of tasks.
    HuggingGpt,
    /// `TaskBench`'s graph of nodes and links.
    TaskBench,
    /// `LLMCompiler`'s numbered calls.
    LlmCompiler,
    /// `VisProg`'s assignments of modules.
    VisProg,
    /// Assignments and calls in the manner of Python.
    Python,
    /// Thoughts and actions, as `ReAct` and Visual ChatGPT have them.
    ReAct,
    /// None of them: the text holds no plan.
    Unknown,
}

impl Dialect {
    /// Its name, as its authors write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::JsonLines => "JSON Lines",
            Self::ToolCalls => "tool calls",
            Self::HuggingGpt => "HuggingGPT",
            Self::TaskBench => "TaskBench",
            Self::LlmCompiler => "LLMCompiler",
            Self::VisProg => "VisProg",
            Self::Python => "Python",
            Self::ReAct => "ReAct",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Reads the plan in `text`, whatever the dialect and whatever stands around it.
///
/// References of every dialect become ours (`$s1`), and dollars that mean nothing are escaped. Text always gives a
/// reading; one without a plan has a defect that says so. It takes time in proportion to the length of the text.
#[must_use]
pub fn read(text: &str, tools: &ToolNames) -> Reading {
    let Some(said) = wrapping::behind_thoughts(text) else {
        let mut drafting = Drafting::new(tools);
        drafting.is_cut = true;
        drafting.malformed(
            "the model was cut off while it was thinking",
            "let it write more, or think less",
        );
        return drafting.finish(Dialect::Unknown);
    };
    let calls = wrapping::tool_calls(said);
    let mut readings = Vec::new();
    if !calls.is_empty() {
        readings.push(read_objects(&calls, tools));
    }
    if !readings.iter().flatten().any(has_steps) {
        readings.push(react::read(said, tools));
    }
    let whole = [Region {
        text: said,
        is_whole: false,
    }];
    let fenced = wrapping::fenced(said);
    for regions in [fenced.as_slice(), whole.as_slice()] {
        if !readings
            .iter()
            .flatten()
            .any(|reading| has_steps(reading) || reading.final_text.is_some())
        {
            readings.push(read_objects(regions, tools));
        }
        if !readings
            .iter()
            .flatten()
            .any(|reading| has_steps(reading) || reading.final_text.is_some())
        {
            readings.push(read_statements(regions, tools));
        }
    }
    choose(readings.into_iter().flatten().collect(), tools)
}

fn has_steps(reading: &Reading) -> bool {
    !reading.draft.steps.is_empty()
}

/// The last reading is the first that found steps; otherwise the first that found anything.
fn choose(mut readings: Vec<Reading>, tools: &ToolNames) -> Reading {
    let found = readings
        .iter()
        .position(|reading| has_steps(reading) || reading.final_text.is_some());
    match found {
        Some(position) => readings.swap_remove(position),
        None if !readings.is_empty() => readings.swap_remove(0),
        None => {
            let mut drafting = Drafting::new(tools);
            drafting.malformed(
                "the text holds no plan in any form that is known",
                r#"write {"steps":[{"id":"s1","tool":"ocr","args":{"image":"$input1"}}]}"#,
            );
            drafting.finish(Dialect::Unknown)
        }
    }
}

/// Reads the plan in JSON that stands in these regions, if there is one.
fn read_objects(regions: &[Region<'_>], tools: &ToolNames) -> Option<Reading> {
    let mut drafting = Drafting::new(tools);
    let mut search = Search::default();
    for region in regions {
        let calls = spans_of_calls(*region);
        search.add(*region, &calls, &mut drafting.repairs);
    }
    objects::read(search, drafting)
}

/// Where calls stand in a region: JSON in their arguments is no plan.
fn spans_of_calls(region: Region<'_>) -> Vec<(usize, usize)> {
    let mut statements = Statements::new(region.text, 0, region.is_whole);
    let mut spans = Vec::new();
    while let Some(line) = statements.next(&mut repairs::Repairs::default()) {
        if let Statement::Numbered(_, Written::Call(..))
        | Statement::Assigned(_, Written::Call(..))
        | Statement::Bare(Written::Call(..)) = line.statement
        {
            spans.push((line.start, line.end));
        }
    }
    spans
}

/// Reads the program or the numbered calls that stand in these regions, if there are any.
fn read_statements(regions: &[Region<'_>], tools: &ToolNames) -> Option<Reading> {
    let mut lowering = Lowering::new(Drafting::new(tools));
    for region in regions {
        let mut statements = Statements::new(region.text, 0, region.is_whole);
        while let Some(line) = statements.next(&mut lowering.drafting.repairs) {
            if line.is_cut {
                lowering.drafting.is_cut = true;
            } else {
                lowering.take(line.statement);
            }
        }
    }
    let dialect = lowering.dialect();
    (dialect != Dialect::Unknown).then(|| lowering.drafting.finish(dialect))
}

#[cfg(test)]
mod tests;

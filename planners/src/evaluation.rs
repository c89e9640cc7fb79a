//! How good plans are: the metric of TaskBench, so that any planner can be compared with published figures.
//!
//! Requests with plans made by people are read from JSON lines, plans of a model or of a planner are measured against
//! them, and any [`DraftPlan`](medley_orchestrator::DraftPlan) can be written in that format. Which tools there are
//! is read from a file; no tool is known here.
//!
//! Names, edges and arguments are compared as TaskBench's `evaluate.py` does with `--dependency_type resource`, with
//! one exception: where that program cannot read an argument, it counts the one before it again, even one of another
//! plan, so that its figures depend on the order of the file. Here such an argument counts as nothing.
//!
//! Tools that have named parameters and no types are compared as it does with `--ignore_tool_type`: links in place of
//! tags, and the names that arguments are given in place of their types. An argument without a name counts as nothing.

mod arguments;
mod drafts;
mod format;
mod metric;
mod table;
mod tools;

pub use drafts::{attached_files, draft_of, plan_of};
pub use format::{
    FormatError, PlanType, Prediction, Sample, TaskLink, TaskNode, TaskPlan, predictions, samples,
};
pub use metric::{Edges, Invented, Measure, Scores, evaluate};
pub use table::table;
pub use tools::{ToolList, ToolListError};

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::shared;

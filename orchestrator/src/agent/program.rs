//! Programs: what adds steps one call at a time, and reads what they give before it adds the next.
//!
//! A program is committed before it runs and is run again from its beginning when the run is resumed: its steps have the
//! same names then, so that those that were finished are not done again. What language it is in is not known here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Request, StepStream};
use crate::{EventSink, Outcomes, Record, Registry, RunStatus, StepReport};

/// A program that adds steps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Program {
    /// What it is called in messages, such as its file's name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The texts of the modules that it imports, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub modules: BTreeMap<String, String>,
    /// What it was given besides files, by name.
    #[serde(default, skip_serializing_if = "Record::is_empty")]
    pub arguments: Record,
}

/// What a program's run needs.
#[derive(Clone, Copy)]
pub struct ProgramRun<'a> {
    /// The program.
    pub program: &'a Program,
    /// What was asked, and the files that came with it.
    pub request: &'a Request,
    /// What can be done.
    pub registry: &'a Registry,
    /// The run's id.
    pub run: &'a str,
    /// The round of the agent loop, from 0; names of steps are unique in a run.
    pub round: u32,
    /// Takes its steps; closed when no more are taken.
    pub stream: &'a StepStream,
    /// What its steps come to.
    pub outcomes: &'a Outcomes,
    /// What was finished of it before the run was interrupted, by step.
    pub finished: &'a BTreeMap<String, StepReport>,
    /// Whether any of it failed then, or waited: what is done after that may differ this time.
    pub failed_before: bool,
    /// Who watches.
    pub events: &'a EventSink,
    /// Stops it.
    pub cancel: &'a tokio_util::sync::CancellationToken,
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramEnd {
    /// What it comes to; a step that failed and whose failure it dealt with is no failure.
    pub status: RunStatus,
    /// What the person should know, such as why it stopped.
    pub notes: Vec<String>,
}

//! A draft while it is being read, whatever the dialect.

use std::collections::HashSet;

use medley_orchestrator::{Defect, DefectCode, DraftPlan, DraftStep};
use serde_json::Value as Json;

use super::{Dialect, Reading, references, repairs::Repairs, tool_names::ToolNames};

/// What has been read so far.
pub(super) struct Drafting<'a> {
    pub tools: &'a ToolNames,
    pub steps: Vec<DraftStep>,
    pub answer: Option<Vec<Json>>,
    pub final_text: Option<String>,
    pub repairs: Repairs,
    pub defects: Vec<Defect>,
    pub is_cut: bool,
    ids: HashSet<String>,
}

impl<'a> Drafting<'a> {
    pub(super) fn new(tools: &'a ToolNames) -> Self {
        Self {
            tools,
            steps: Vec::new(),
            answer: None,
            final_text: None,
            repairs: Repairs::default(),
            defects: Vec::new(),
            is_cut: false,
            ids: HashSet::new(),
        }
    }

    /// The id that is meant by `written`, or the number of the step.
    pub(super) fn id(&mut self, written: Option<&Json>, number: usize) -> String {
        let written = match written {
            Some(Json::String(text)) => text.clone(),
            Some(Json::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let id = references::legal_id(&written);
        if id.is_empty() {
            return format!("s{number}");
        }
        if id != written {
            self.repairs
                .note("ids that cannot name a step were changed");
        }
        id
    }

    /// Adds a step with the tool and the arguments that are meant.
    pub(super) fn add(
        &mut self,
        id: String,
        tool: &str,
        arguments: Vec<(Option<String>, Json)>,
    ) -> &mut DraftStep {
        let mut step = DraftStep::new(id, self.tools.resolve(tool, &mut self.repairs));
        step.args = self.tools.arrange(&step.tool, arguments, &mut self.repairs);
        self.ids.insert(step.id.clone());
        self.steps.push(step);
        let last = self.steps.len() - 1;
        &mut self.steps[last]
    }

    /// Whether a step with this id has been read.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// Notes what cannot be read.
    pub(super) fn malformed(&mut self, message: impl Into<String>, hint: &str) {
        self.defects
            .push(Defect::new(DefectCode::MalformedPlan, message).with_hint(hint));
    }

    pub(super) fn finish(self, dialect: Dialect) -> Reading {
        Reading {
            draft: DraftPlan {
                steps: self.steps,
                answer: self.answer,
                malformed: self.defects,
            },
            dialect,
            repairs: self.repairs.into_notes(),
            is_cut: self.is_cut,
            final_text: self.final_text,
        }
    }
}

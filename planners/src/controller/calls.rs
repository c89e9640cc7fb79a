//! Steps that a model writes as calls of tools: each is complete when the next begins.

use medley_orchestrator::{DraftPlan, Scope, ToolCall};

use crate::dialect::{ToolNames, read_tool_calls};

/// The calls of one reply while they arrive.
pub(super) struct Calls {
    calls: Vec<ToolCall>,
    /// How many of them were taken.
    taken: usize,
    /// How many steps have such names already.
    before: usize,
}

impl Calls {
    pub(super) fn new(scope: &Scope) -> Self {
        Self {
            calls: Vec::new(),
            taken: 0,
            before: named(scope),
        }
    }

    /// Takes more of a call, and gives the steps that are complete with it.
    pub(super) fn take(
        &mut self,
        index: usize,
        name: Option<String>,
        arguments: &str,
        tools: &ToolNames,
    ) -> DraftPlan {
        let is_next = index >= self.calls.len();
        let complete = match is_next {
            true => self.complete(tools),
            false => DraftPlan::default(),
        };
        if is_next {
            self.calls.push(ToolCall {
                id: format!("s{}", self.before + self.calls.len() + 1),
                ..ToolCall::default()
            });
        }
        if let Some(call) = self.calls.last_mut() {
            call.name.push_str(&name.unwrap_or_default());
            call.arguments.push_str(arguments);
        }
        complete
    }

    /// The steps of calls that were not taken yet, all of which are complete now.
    pub(super) fn complete(&mut self, tools: &ToolNames) -> DraftPlan {
        let fresh = &self.calls[self.taken..];
        self.taken = self.calls.len();
        match fresh {
            [] => DraftPlan::default(),
            fresh => read_tool_calls(fresh, tools).draft,
        }
    }
}

/// The greatest number of a step called `s1`, `s2` and so on.
pub(super) fn named(scope: &Scope) -> usize {
    let numbers = scope.names().filter_map(|name| name.strip_prefix('s'));
    numbers
        .filter_map(|number| number.parse().ok())
        .max()
        .unwrap_or_default()
}

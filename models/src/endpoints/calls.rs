//! Which call a piece of a call belongs to.
//!
//! OpenAI numbers calls, gives id and name in a call's first piece, and the arguments in all. Others give no numbers,
//! or the same number to all calls, repeat id and name in every piece, or have no ids.

use medley_orchestrator::ChatDelta;
use serde::de::IgnoredAny;

use super::chunk::Call;

/// The calls of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Known>);

#[derive(Debug)]
struct Known {
    /// The server's number of it.
    number: Option<i64>,
    id: Option<String>,
    name: String,
    arguments: String,
}

impl Calls {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a piece adds.
    pub(super) fn take(&mut self, call: Call) -> ChatDelta {
        let function = call.function.unwrap_or_default();
        let id = call.id.some();
        let name = function.name.text;
        let arguments = function.arguments.0;
        let number = call.index.filter(|&number| number >= 0);
        if let Some(index) = self.place(number, id.as_deref(), &name) {
            let known = &mut self.0[index];
            known.id = known.id.take().or(id);
            known.arguments.push_str(&arguments);
            let is_late = known.name.is_empty() && !name.is_empty();
            if is_late {
                known.name.clone_from(&name);
            }
            return ChatDelta::ToolCall {
                index,
                id: None,
                name: is_late.then_some(name),
                arguments,
            };
        }
        let index = self.0.len();
        self.0.push(Known {
            number,
            id: id.clone(),
            name: name.clone(),
            arguments: arguments.clone(),
        });
        ChatDelta::ToolCall {
            index,
            // The answer to a call names its id, so each call needs one.
            id: Some(id.unwrap_or_else(|| format!("call_{index}"))),
            name: (!name.is_empty()).then_some(name),
            arguments,
        }
    }

    /// The call that a piece continues; none, if it begins one.
    fn place(&self, number: Option<i64>, id: Option<&str>, name: &str) -> Option<usize> {
        let last = |is_it: &dyn Fn(&Known) -> bool| self.0.iter().rposition(is_it);
        let index = match (number, id) {
            (Some(number), _) => last(&|known| known.number == Some(number)),
            (None, Some(id)) => last(&|known| known.id.as_deref() == Some(id)),
            (None, None) => self.0.len().checked_sub(1),
        }?;
        let known = &self.0[index];
        let other_id = matches!((&known.id, id), (Some(known), Some(id)) if known != id);
        let other_name = !name.is_empty() && !known.name.is_empty() && known.name != name;
        // The same tool may be called twice in a row: without numbers and ids only the end of the arguments tells.
        let untold = number.is_none() && id.is_none() && !name.is_empty();
        let begins = other_id || other_name || (untold && is_whole(&known.arguments));
        (!begins).then_some(index)
    }
}

fn is_whole(arguments: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(arguments).is_ok()
}

//! Which call a piece of a call belongs to.
//!
//! OpenAI numbers calls, gives id and name in a call's first piece, and the arguments in all. Others give no numbers,
//! or the same number to all calls, repeat id and name in every piece, split names, or have no ids.

use medley_orchestrator::ChatDelta;
use serde::de::IgnoredAny;

use super::chunk::Call;

/// The calls of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<Known>);

/// A call, or a piece of one.
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
        let piece = Known {
            number: call.index.filter(|&number| number >= 0),
            id: call.id.some(),
            name: function.name.text,
            arguments: function.arguments.0,
        };
        match self.place(&piece) {
            Some(index) => self.continue_call(index, piece),
            None => self.begin_call(piece),
        }
    }

    fn begin_call(&mut self, piece: Known) -> ChatDelta {
        let index = self.0.len();
        let delta = ChatDelta::ToolCall {
            index,
            // The answer to a call names its id, so each call needs one.
            id: Some(piece.id.clone().unwrap_or_else(|| format!("call_{index}"))),
            name: (!piece.name.is_empty()).then(|| piece.name.clone()),
            arguments: piece.arguments.clone(),
        };
        self.0.push(piece);
        delta
    }

    fn continue_call(&mut self, index: usize, piece: Known) -> ChatDelta {
        let known = &mut self.0[index];
        known.id = known.id.take().or(piece.id);
        known.arguments.push_str(&piece.arguments);
        let adds_name = !piece.name.is_empty() && piece.name != known.name;
        if adds_name {
            known.name.push_str(&piece.name);
        }
        ChatDelta::ToolCall {
            index,
            id: None,
            name: adds_name.then_some(piece.name),
            arguments: piece.arguments,
        }
    }

    /// The call that a piece continues; none, if it begins one.
    fn place(&self, piece: &Known) -> Option<usize> {
        let last = |is_it: &dyn Fn(&Known) -> bool| self.0.iter().rposition(is_it);
        let index = match (piece.number, &piece.id) {
            (Some(number), _) => last(&|known| known.number == Some(number)),
            (None, Some(_)) => last(&|known| known.id == piece.id),
            (None, None) => self.0.len().checked_sub(1),
        }?;
        (!piece.begins_behind(&self.0[index])).then_some(index)
    }
}

impl Known {
    /// Whether it is the first piece of another call than the one that it seems to continue.
    fn begins_behind(&self, known: &Self) -> bool {
        if let (Some(id), Some(known)) = (&self.id, &known.id) {
            return id != known;
        }
        if self.name.is_empty() || known.name.is_empty() {
            return false;
        }
        // A tool may be called twice in a row: without ids, only the end of the arguments tells.
        let other = self.name != known.name;
        match self.number {
            Some(_) => other && is_whole(&known.arguments),
            None => other || is_whole(&known.arguments),
        }
    }
}

fn is_whole(arguments: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(arguments).is_ok()
}

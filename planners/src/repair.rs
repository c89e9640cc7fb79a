//! Mends drafts without a model where it is certain what was meant, and says what it did.
//!
//! Every repair stands on the registry's types or on names that leave no other reading; what is left is returned as
//! the defects that validation finds. Which tools there are, and which model wrote the draft, is not known here.

mod bench;
mod bridges;
mod duplicates;
mod informal;
mod inputs;
mod literals;
mod names;
mod order;
mod parameters;
mod tools;
mod words;

use std::fmt;

use medley_orchestrator::{Defect, Defects, DraftPlan, Plan, Registry, Request, Scope};
use serde::{Deserialize, Serialize};

use self::bench::Bench;

/// How often all repairs are tried again after one of them changed something.
const ROUNDS: usize = 12;

/// A draft after repair.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// The draft; the one that was given, where nothing had to be done.
    pub draft: DraftPlan,
    /// What was done, in order.
    pub repairs: Vec<Repair>,
    /// What is still wrong; empty, if the draft is a plan now.
    pub defects: Vec<Defect>,
}

/// One thing that was changed in a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repair {
    /// What sort of repair it is.
    pub code: RepairCode,
    /// The step.
    pub step: String,
    /// What was changed.
    pub message: String,
}

impl fmt::Display for Repair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.step, self.message)
    }
}

/// What sort of repair it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RepairCode {
    /// A step without an id was given one.
    NamedStep,
    /// A name near a tool's became the tool.
    RenamedTool,
    /// A name near a parameter's became the parameter, or a value went to the parameter that it fits.
    RenamedArgument,
    /// Words that mean a step or a file became a reference.
    Referred,
    /// A literal was written as the type that its parameter has.
    CoercedLiteral,
    /// A missing input became what is at hand.
    FilledInput,
    /// Tools were added that turn what is given into what is needed.
    Bridged,
    /// An argument that no parameter takes was left out.
    DroppedArgument,
    /// A wait for nothing was left out.
    DroppedWait,
    /// A step that says the same as another became the other.
    MergedSteps,
    /// Steps waited for each other, and one of them does not any more.
    BrokenCycle,
    /// The steps were put in an order in which they can run.
    Sorted,
}

/// What a repair may know beyond the draft.
#[derive(Default, Clone, Copy)]
pub struct Hints<'a> {
    /// The request, for the names of its attachments and its words.
    pub request: Option<&'a Request>,
    /// The capability whose meaning is nearest to a name, if one is near enough; asked for names that nothing spells.
    pub nearest: Option<Nearest<'a>>,
}

/// Gives the capability whose meaning is nearest to a name.
pub type Nearest<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Mends what is certain in a draft, and returns what is left as defects.
///
/// A draft that is a plan stays one, and a draft that was repaired is not changed by a second repair.
#[must_use]
pub fn repair(draft: DraftPlan, registry: &Registry, scope: &Scope, hints: &Hints<'_>) -> Repaired {
    let was_valid = Plan::validate(&draft, registry, scope).is_ok();
    let (mended, repairs) = mend(draft.clone(), registry, scope, hints);
    let (draft, repairs, defects) = match Plan::validate(&mended, registry, scope) {
        Ok(_) => (mended, repairs, Vec::new()),
        // Should a repair ever be wrong, a plan is not to become worse by it.
        Err(_) if was_valid => (draft, Vec::new(), Vec::new()),
        Err(Defects(defects)) => (mended, repairs, defects),
    };
    Repaired {
        draft,
        repairs,
        defects,
    }
}

/// Repairs a draft until there is nothing to do.
fn mend(
    mut draft: DraftPlan,
    registry: &Registry,
    scope: &Scope,
    hints: &Hints<'_>,
) -> (DraftPlan, Vec<Repair>) {
    let mut repairs = Vec::new();
    for _ in 0..ROUNDS {
        let mut bench = Bench::new(draft, registry, scope, hints);
        round(&mut bench);
        draft = bench.draft;
        if bench.repairs.is_empty() {
            break;
        }
        repairs.append(&mut bench.repairs);
    }
    (draft, repairs)
}

/// Each repair once. Names come first, since types hang on them; order comes before inputs, since those come from
/// earlier steps.
fn round(bench: &mut Bench<'_>) {
    duplicates::name_steps(bench);
    informal::resolve(bench);
    tools::rename(bench);
    parameters::rename(bench);
    literals::coerce(bench);
    order::break_cycles(bench);
    order::sort(bench);
    parameters::place(bench);
    inputs::fill(bench);
    bridges::convert(bench);
    parameters::drop_unknown(bench);
    order::drop_waits(bench);
    duplicates::merge(bench);
}

#[cfg(test)]
mod tests;

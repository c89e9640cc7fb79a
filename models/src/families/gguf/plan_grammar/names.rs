//! What a plan may refer to so far: the inputs, and the outputs of steps that are there before it or written already.

use std::sync::Arc;

use medley_orchestrator::{
    Capability, Output, Reference, Selector, ValueType, Visibility, is_step_id,
};

/// Every name that a reference may start with, in the order of appearance.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    inputs: Vec<(String, ValueType)>,
    /// Steps that are no part of the plan.
    earlier: Vec<(String, Arc<Capability>)>,
    steps: Vec<(String, Arc<Capability>)>,
    /// How many ids of steps were given out or left out.
    counted: usize,
}

impl Names {
    /// The inputs, and the steps that are there before the plan.
    pub(super) fn new(inputs: &[(String, ValueType)], earlier: &[(String, Vec<Output>)]) -> Self {
        let inputs = inputs.iter().filter(|(name, _)| is_step_id(name));
        let earlier = earlier.iter().filter(|(id, _)| is_step_id(id));
        let mut names = Self {
            inputs: inputs.cloned().collect(),
            earlier: earlier
                .map(|(id, outputs)| (id.clone(), Arc::new(giving(outputs))))
                .collect(),
            ..Self::default()
        };
        names.count_on();
        names
    }

    /// The id that the next step must have.
    pub(super) fn next_id(&self) -> String {
        format!("s{}", self.counted)
    }

    /// Adds a step under the next id.
    pub(super) fn add(&mut self, capability: Arc<Capability>) {
        self.steps.push((self.next_id(), capability));
        self.count_on();
    }

    /// Goes on to the next id that nothing has.
    fn count_on(&mut self) {
        self.counted += 1;
        while self.is_taken(&self.next_id()) {
            self.counted += 1;
        }
    }

    fn is_taken(&self, id: &str) -> bool {
        let inputs = self.inputs.iter().map(|(name, _)| name);
        let earlier = self.earlier.iter().map(|(name, _)| name);
        inputs.chain(earlier).any(|name| name == id)
    }

    /// The ids of the steps, in order.
    pub(super) fn steps(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.steps.iter().map(|(id, _)| id.as_str())
    }

    /// Every reference whose value fits, the latest first.
    ///
    /// Where `bare`, `$s1` is offered where it means an output that fits, and `$s1.regions` where another output does;
    /// otherwise all outputs are named. Where a list does not fit and its items do, its first item is offered.
    pub(super) fn fitting(&self, wanted: &ValueType, bare: bool) -> Vec<String> {
        let steps = self.steps.iter().rev().chain(self.earlier.iter().rev());
        let outputs =
            steps.flat_map(|(id, capability)| fitting_outputs(id, capability, wanted, bare));
        let inputs = self.inputs.iter().filter_map(|(name, given)| {
            let reference = Reference::to(name);
            fitting_value(reference, given, wanted)
        });
        outputs
            .chain(inputs)
            .map(|reference| reference.to_string())
            .collect()
    }
}

/// What a step gives, as far as references to it go.
fn giving(outputs: &[Output]) -> Capability {
    Capability {
        name: String::new(),
        version: 1,
        purpose: String::new(),
        phrases: Vec::new(),
        parameters: Vec::new(),
        outputs: outputs.to_vec(),
        visibility: Visibility::Internal,
    }
}

fn fitting_outputs(
    id: &str,
    capability: &Capability,
    wanted: &ValueType,
    bare: bool,
) -> Vec<Reference> {
    let meant = capability.output_for(wanted).filter(|_| bare);
    let bare = meant.map(|_| Reference::to(id));
    let is_meant = |output: &Output| meant.is_some_and(|meant| meant.name == output.name);
    let named = capability.outputs.iter().filter(|output| {
        // Only what reads as a field can be named.
        is_word(&output.name) && !is_meant(output)
    });
    let named = named.filter_map(|output| {
        let reference = Reference {
            root: id.to_owned(),
            selectors: vec![Selector::Field(output.name.clone())],
        };
        fitting_value(reference, &output.value_type, wanted)
    });
    bare.into_iter().chain(named).collect()
}

/// A reference to a value of type `given`, or to its first item, where that fits.
fn fitting_value(
    mut reference: Reference,
    given: &ValueType,
    wanted: &ValueType,
) -> Option<Reference> {
    if wanted.accepts(given) {
        return Some(reference);
    }
    let first = Selector::Index(0);
    let item = given.select(&first)?;
    reference.selectors.push(first);
    wanted.accepts(&item).then_some(reference)
}

fn is_word(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|each| each.is_ascii_alphanumeric() || each == '_')
}

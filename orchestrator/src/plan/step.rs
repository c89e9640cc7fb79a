//! A step of a valid plan: everything that running it needs, resolved and typed.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use crate::{
    Capability, Comparison, Digest, Effects, Expression, OnError, Output, Profile, Provider,
    Record, Reference, Resources, ValueType,
};

/// A step of a valid plan.
#[derive(Debug, Clone)]
pub struct Step {
    /// The step's name.
    pub id: String,
    /// The capability that it calls.
    pub capability: String,
    /// That capability's version.
    pub version: u32,
    /// The provider, if the plan insists on one.
    pub provider: Option<String>,
    /// The providers that may do it, the preferred first; the next one is tried when one fails.
    pub candidates: Arc<[Candidate]>,
    /// The arguments with the types that they must conform to, by parameter. References to steps name an output.
    pub arguments: BTreeMap<String, Argument>,
    /// The names and types of what it gives, the primary first; lists, if it goes over a list.
    pub outputs: Vec<Output>,
    /// The list that it goes over, a call an item.
    pub for_each: Option<ForEach>,
    /// What must hold for it to run.
    pub condition: Option<Condition>,
    /// How often a call is tried again.
    pub retry: Retry,
    /// How long a call may take.
    pub time_limit: Option<Duration>,
    /// How long a call may go without progress.
    pub idle_limit: Option<Duration>,
    /// Why the step is there.
    pub why: Option<String>,
    /// What a program called it with.
    pub call: Option<Digest>,
}

/// A provider that may do a step.
#[derive(Clone)]
pub struct Candidate {
    /// What is known of it; its revision says the environment too.
    pub profile: Profile,
    provider: Arc<dyn Provider>,
}

impl Candidate {
    pub(super) fn new(provider: Arc<dyn Provider>) -> Self {
        let mut profile = provider.profile().clone();
        profile.revision.push_str(&provider.environment());
        Self { profile, provider }
    }

    /// What a call with these inputs takes of the machine.
    #[must_use]
    pub fn resources(&self, inputs: &Record) -> Resources {
        self.provider.resources(inputs)
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.profile.fmt(formatter)
    }
}

/// An argument of a valid step.
#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    /// What the plan says.
    pub expression: Expression,
    /// What the parameter wants.
    pub value_type: ValueType,
    /// Whether the call cannot do without it.
    pub required: bool,
}

/// A list that a step goes over.
#[derive(Debug, Clone, PartialEq)]
pub struct ForEach {
    /// The list.
    pub list: Expression,
    /// What becomes of the step when a call for an item fails.
    pub on_error: OnError,
}

impl ForEach {
    /// The name of the item in arguments.
    pub const ITEM: &'static str = "item";
    /// The name of its position in arguments, from 0.
    pub const INDEX: &'static str = "index";
}

/// What must hold for a step to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// What is judged.
    pub value: Expression,
    /// How.
    pub comparison: Comparison,
    /// What it is compared with.
    pub operand: Option<Expression>,
}

impl Condition {
    /// Whether it judges each item of a list rather than the step as a whole.
    #[must_use]
    pub fn is_per_item(&self) -> bool {
        let names_item = |reference: &&Reference| {
            reference.root == ForEach::ITEM || reference.root == ForEach::INDEX
        };
        self.references().iter().any(names_item)
    }

    /// Every reference in it.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let mut references = Vec::new();
        for expression in self.expressions() {
            expression.collect_references(&mut references);
        }
        references
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        std::iter::once(&self.value).chain(&self.operand)
    }
}

/// How often a call that failed is tried again, where trying again can help.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Further attempts; by default two, and none for what changes the world.
    pub times: Option<u32>,
    /// The delay before the first of them, doubled from one to the next, with jitter.
    pub delay: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            times: None,
            delay: Duration::from_millis(200),
        }
    }
}

impl Step {
    pub(super) fn of_capability(id: &str, capability: &Capability) -> Self {
        Self {
            id: id.to_owned(),
            capability: capability.name.clone(),
            version: capability.version,
            provider: None,
            candidates: Arc::new([]),
            arguments: BTreeMap::new(),
            outputs: Vec::new(),
            for_each: None,
            condition: None,
            retry: Retry::default(),
            time_limit: None,
            idle_limit: None,
            why: None,
            call: None,
        }
    }

    /// Whether any provider that may do it does something to the world.
    #[must_use]
    pub fn has_effects(&self) -> bool {
        let pure = |candidate: &Candidate| candidate.profile.effects == Effects::Pure;
        !self.candidates.iter().all(pure)
    }

    /// Every reference in the step: in its arguments, its list and its condition.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let arguments = self.arguments.values().map(|argument| &argument.expression);
        let lists = self.for_each.iter().map(|for_each| &for_each.list);
        let condition = self.condition.iter().flat_map(Condition::expressions);
        let mut references = Vec::new();
        for expression in arguments.chain(lists).chain(condition) {
            expression.collect_references(&mut references);
        }
        references
    }
}

//! The draft while it is mended, and what every repair asks of it.

use std::collections::BTreeSet;

use medley_orchestrator::{
    Capability, DraftPlan, DraftStep, Expression, ForEach, Kind, Known, Output, Reference,
    Registry, Request, Scope, Selector, Value, ValueType, check,
};
use serde_json::Value as Json;

use super::{Hints, Repair, RepairCode};
use crate::embedded::holdings::gives;

/// A draft under repair.
pub(super) struct Bench<'a> {
    pub registry: &'a Registry,
    pub scope: &'a Scope,
    pub hints: Hints<'a>,
    pub draft: DraftPlan,
    pub repairs: Vec<Repair>,
    /// The tools that planners see.
    pub capabilities: Vec<Capability>,
    /// Those that make something of one thing, and so may be added.
    pub converters: Vec<Capability>,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        draft: DraftPlan,
        registry: &'a Registry,
        scope: &'a Scope,
        hints: &Hints<'a>,
    ) -> Self {
        let capabilities: Vec<Capability> = registry.plannable().cloned().collect();
        let required = |each: &&Capability| {
            let parameters = each.parameters.iter();
            parameters.filter(|parameter| parameter.required).count() == 1
        };
        Self {
            registry,
            scope,
            hints: *hints,
            draft,
            repairs: Vec::new(),
            converters: capabilities.iter().filter(required).cloned().collect(),
            capabilities,
        }
    }

    pub(super) fn record(&mut self, code: RepairCode, place: usize, message: String) {
        let step = self.step(place).id.clone();
        self.repairs.push(Repair {
            code,
            step,
            message,
        });
    }

    pub(super) fn len(&self) -> usize {
        self.draft.steps.len()
    }

    pub(super) fn step(&self, place: usize) -> &DraftStep {
        &self.draft.steps[place]
    }

    /// The capability that a step names.
    pub(super) fn capability(&self, place: usize) -> Option<&'a Capability> {
        let tool = self.step(place).tool.as_str();
        let name = tool.split_once('@').map_or(tool, |(name, _)| name);
        self.registry.get(name).map(|entry| &entry.capability)
    }

    /// Whether a step calls its tool once for each item of a list, so that its arguments are not what they seem.
    pub(super) fn goes_over_list(&self, place: usize) -> bool {
        self.step(place).for_each.is_some()
    }

    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        self.draft.steps.iter().position(|step| step.id == id)
    }

    /// Whether a name stands for something.
    pub(super) fn knows(&self, place: usize, root: &str) -> bool {
        let local = self.goes_over_list(place) && is_local(root);
        local || self.place_of(root).is_some() || self.scope.get(root).is_some()
    }

    /// The attachments, and behind them what the session has, the newest first: how plans refer to them, their names
    /// and their kinds.
    pub(super) fn attachments(&self) -> Vec<(String, String, Kind)> {
        let request = self.hints.request;
        let named = request.map_or(&[][..], |request| &request.attachments);
        let known = request.map_or(&[][..], |request| &request.conversation.artifacts);
        let earlier = known.iter().rev();
        let earlier =
            earlier.map(|file| (file.name.clone(), file.label.clone(), file.artifact.kind));
        (0..)
            .map(Request::input_name)
            .map_while(|id| match self.scope.get(&id) {
                Some(Known::Value(Value::Artifact(artifact))) => Some((id, artifact.kind)),
                _ => None,
            })
            .enumerate()
            .map(|(index, (id, kind))| {
                let name = named.get(index).map(|attachment| attachment.name.clone());
                (id, name.unwrap_or_default(), kind)
            })
            .chain(earlier)
            .collect()
    }

    /// The text of the request.
    pub(super) fn request_text(&self) -> Option<&str> {
        match self.scope.get("request") {
            Some(Known::Value(Value::String(text))) => Some(text),
            _ => None,
        }
    }

    /// The steps that a step takes from or waits for.
    pub(super) fn sources(&self, place: usize) -> BTreeSet<usize> {
        roots(self.step(place))
            .iter()
            .filter_map(|root| self.place_of(root))
            .collect()
    }

    /// Every step that a step comes after, however far back.
    pub(super) fn ancestors(&self, place: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open = vec![place];
        while let Some(next) = open.pop() {
            for source in self.sources(next) {
                if found.insert(source) {
                    open.push(source);
                }
            }
        }
        found
    }

    /// The steps that take something from a step.
    pub(super) fn consumers(&self, place: usize) -> Vec<usize> {
        let id = self.step(place).id.as_str();
        (0..self.len())
            .filter(|&other| other != place)
            .filter(|&other| {
                let args = self.step(other).args.values();
                args.flat_map(references).any(|each| each.root == id)
            })
            .collect()
    }

    /// What a step gives, as far as its tool is known.
    pub(super) fn outputs(&self, place: usize) -> Option<Vec<Output>> {
        let mut outputs = self.capability(place)?.outputs.clone();
        if self.goes_over_list(place) {
            for output in &mut outputs {
                output.value_type = ValueType::list(output.value_type.clone());
            }
        }
        Some(outputs)
    }

    /// The types that a reference may stand for, the most likely first; nothing, where it stands for nothing.
    pub(super) fn types_of(&self, reference: &Reference) -> Option<Vec<ValueType>> {
        let select = |of: &ValueType, selectors: &[Selector]| {
            let mut selectors = selectors.iter();
            selectors.try_fold(of.clone(), |each, selector| each.select(selector))
        };
        let outputs = match self.place_of(&reference.root) {
            Some(place) => match self.outputs(place) {
                Some(outputs) => outputs,
                None => return Some(vec![ValueType::Any]),
            },
            None => match self.scope.get(&reference.root)? {
                Known::Value(value) => {
                    return select(&ValueType::of(value), &reference.selectors).map(|of| vec![of]);
                }
                Known::Step { outputs, .. } => outputs.clone(),
            },
        };
        if let Some((Selector::Field(name), rest)) = reference.selectors.split_first() {
            let output = outputs.iter().find(|output| output.name == *name)?;
            return select(&output.value_type, rest).map(|of| vec![of]);
        }
        let types = outputs.iter();
        Some(
            types
                .filter_map(|output| select(&output.value_type, &reference.selectors))
                .collect(),
        )
    }

    /// Whether validation takes an argument for a parameter of type `wanted`.
    pub(super) fn fits(&self, place: usize, json: &Json, wanted: &ValueType) -> bool {
        match Expression::from_json(json) {
            Ok(Expression::Literal(value)) => check(&value, wanted).is_ok(),
            Ok(Expression::Reference(reference)) => {
                if self.goes_over_list(place) && is_local(&reference.root) {
                    return true;
                }
                let types = self.types_of(&reference).unwrap_or_default();
                let mut fitting = types.iter().map(|of| wanted.accepts(of));
                fitting.next() == Some(true) || fitting.filter(|fits| *fits).count() == 1
            }
            Ok(Expression::Template(_)) => wanted.accepts(&ValueType::String),
            // What is inside is for validation.
            Ok(Expression::List(_) | Expression::Record(_)) => true,
            Err(_) => false,
        }
    }

    /// Whether what an argument refers to is what `wanted` asks for, rather than what can be printed as it.
    pub(super) fn supplies(&self, json: &Json, wanted: &ValueType) -> bool {
        let Some(reference) = whole_reference(json) else {
            return false;
        };
        let types = self.types_of(&reference).unwrap_or_default();
        types.first().is_some_and(|of| suits(of, wanted))
    }

    /// An id that nothing has yet.
    pub(super) fn fresh_id(&self) -> String {
        (1..)
            .map(|number| format!("s{number}"))
            .find(|id| self.place_of(id).is_none() && self.scope.get(id).is_none())
            .unwrap_or_default()
    }
}

/// Whether a value of type `given` is what `wanted` asks for, and validation takes it.
pub(super) fn suits(given: &ValueType, wanted: &ValueType) -> bool {
    gives(given, wanted) && wanted.accepts(given)
}

/// Whether a name is bound only inside a step that goes over a list.
fn is_local(root: &str) -> bool {
    root == ForEach::ITEM || root == ForEach::INDEX
}

/// The reference that an argument is, if it is nothing else.
pub(super) fn whole_reference(json: &Json) -> Option<Reference> {
    match Expression::from_json(json) {
        Ok(Expression::Reference(reference)) => Some(reference),
        _ => None,
    }
}

/// Every reference in an argument.
pub(super) fn references(json: &Json) -> Vec<Reference> {
    Expression::from_json(json)
        .map(|expression| expression.references().into_iter().cloned().collect())
        .unwrap_or_default()
}

/// Every name that a step refers to.
pub(super) fn roots(step: &DraftStep) -> BTreeSet<String> {
    let condition = step.when.iter();
    let condition = condition.flat_map(|when| std::iter::once(&when.value).chain(&when.to));
    let written = step.args.values().chain(&step.for_each).chain(condition);
    let waits = step.after.iter().map(|id| id.trim_start_matches('$'));
    written
        .flat_map(references)
        .map(|reference| reference.root)
        .chain(waits.map(str::to_owned))
        .collect()
}

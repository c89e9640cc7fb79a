//! A plan that grows while it runs: steps are checked one by one as they arrive.
//!
//! A step is accepted once everything that it refers to is; until then it is held. Accepted steps never change, so the
//! same step sent again is no defect, and another one under its name is. What is still held at the end is a defect.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{
    STEP_LIMIT, Scope, Step,
    check::{Candidates, check_keys, check_step},
    defect::{Defect, DefectCode},
    resolve::{Declared, Resolver, roots},
    validate::{check_id, duplicate, primary_output, too_many_steps},
};
use crate::{DraftStep, Expression, Registry, ValueType};

/// One piece of a growing plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Addition {
    /// A step.
    Step(Box<DraftStep>),
    /// What the answer is made of; the last one counts.
    Answer(Vec<Json>),
    /// The plan is complete. A plan that stops without it was cut: its steps run, but none that changes the world.
    End,
}

/// A step that was accepted, with the positions of the steps that it waits for.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The step.
    pub step: Step,
    /// Positions among the accepted steps, in the order of their acceptance.
    pub dependencies: Vec<usize>,
}

/// Checks steps as they arrive.
pub struct GrowingPlan<'a> {
    candidates: Candidates<'a>,
    scope: &'a Scope,
    declared: BTreeMap<String, Declared>,
    accepted: BTreeMap<String, DraftStep>,
    /// Positions that another accepted step refers to.
    referred: BTreeSet<usize>,
    held: Vec<DraftStep>,
    answer: Option<Vec<Json>>,
    defects: Vec<Defect>,
}

impl<'a> GrowingPlan<'a> {
    /// An empty plan.
    #[must_use]
    pub fn new(registry: &'a Registry, scope: &'a Scope) -> Self {
        Self {
            candidates: Candidates::new(registry, scope),
            scope,
            declared: BTreeMap::new(),
            accepted: BTreeMap::new(),
            referred: BTreeSet::new(),
            held: Vec::new(),
            answer: None,
            defects: Vec::new(),
        }
    }

    /// Takes a step, and gives those that are accepted now: none if it is held or has a defect, several if others
    /// waited for it.
    pub fn offer(&mut self, step: DraftStep) -> Vec<Accepted> {
        let mut accepted = Vec::new();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            if !self.is_new(&step) {
                continue;
            }
            if !self.missing(&step).is_empty() {
                self.held.push(step);
                continue;
            }
            let Some(taken) = self.check(&step) else {
                continue;
            };
            accepted.push(taken);
            let waiting = std::mem::take(&mut self.held);
            let (freed, held) = waiting
                .into_iter()
                .partition(|held| self.missing(held).is_empty());
            self.held = held;
            open.extend::<Vec<_>>(freed);
        }
        accepted
    }

    /// Sets what the answer is made of.
    pub fn set_answer(&mut self, answer: Vec<Json>) {
        self.answer = Some(answer);
    }

    /// Takes out what is wrong so far. What was held is forgotten, so that it may be offered again in another form.
    pub fn take_defects(&mut self) -> Vec<Defect> {
        self.refuse_held();
        std::mem::take(&mut self.defects)
    }

    /// Ends the plan: what the answer is made of, and everything that was wrong.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Expression>, Vec<Defect>) {
        self.refuse_held();
        let answer = self.answer();
        (answer, self.defects)
    }

    /// What still refers to something that is not there will not be accepted.
    fn refuse_held(&mut self) {
        for step in std::mem::take(&mut self.held) {
            let resolver = Resolver::new(&self.declared, self.scope);
            for name in self.missing(&step) {
                self.defects
                    .push(resolver.unknown_reference(&name).in_step(&step.id));
            }
        }
    }

    /// Whether nothing is wrong so far and nothing is held.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.defects.is_empty() && self.held.is_empty()
    }

    /// How many steps were accepted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accepted.len()
    }

    /// Whether no step was accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// Whether a step is neither an accepted one sent again nor one under a name that is taken.
    fn is_new(&mut self, step: &DraftStep) -> bool {
        match self.accepted.get(&step.id) {
            None => true,
            Some(known) => {
                if known != step {
                    self.defects.push(duplicate(step, "another step"));
                }
                false
            }
        }
    }

    /// What the step refers to and is not there yet.
    fn missing(&self, step: &DraftStep) -> Vec<String> {
        roots(step)
            .into_iter()
            .filter(|name| {
                self.scope.get(name).is_none() && !self.declared.contains_key(name.as_str())
            })
            .collect()
    }

    fn check(&mut self, step: &DraftStep) -> Option<Accepted> {
        let position = self.accepted.len();
        let mut defects = Vec::new();
        if position >= STEP_LIMIT {
            defects.push(too_many_steps(position + 1));
        }
        if let Err(defect) = check_id(step, position, self.scope) {
            defects.push(defect);
        }
        check_keys(step, &mut defects);
        let resolver = Resolver::new(&self.declared, self.scope);
        let checked = self
            .candidates
            .entry(step, &mut defects)
            .map(|entry| check_step(step, entry, &self.candidates, &resolver, &mut defects));
        let dependencies: Vec<usize> = roots(step)
            .iter()
            .filter_map(|name| resolver.position(name))
            .collect();
        let checked = checked.filter(|_| defects.is_empty());
        self.defects.extend(defects);
        let checked = checked?;
        let declared = Declared {
            position,
            outputs: Some(checked.outputs.as_slice().into()),
        };
        self.declared.insert(step.id.clone(), declared);
        self.accepted.insert(step.id.clone(), step.clone());
        self.referred.extend(&dependencies);
        Some(Accepted {
            step: checked,
            dependencies,
        })
    }

    /// What the answer names, else the primary outputs of the steps that no other waits for.
    fn answer(&mut self) -> Vec<Expression> {
        let resolver = Resolver::new(&self.declared, self.scope);
        if let Some(written) = &self.answer {
            let mut answer = Vec::with_capacity(written.len());
            for json in written {
                match resolver.argument(json, &ValueType::Any) {
                    Ok(expression) => answer.push(expression),
                    Err(defect) => self.defects.push(defect.in_argument("answer")),
                }
            }
            return answer;
        }
        let mut leaves: Vec<(usize, Expression)> = self
            .declared
            .iter()
            .filter(|(_, declared)| !self.referred.contains(&declared.position))
            .filter_map(|(id, declared)| {
                let primary = declared.outputs.as_ref()?.first()?;
                Some((declared.position, primary_output(id, primary)))
            })
            .collect();
        leaves.sort_by_key(|(position, _)| *position);
        leaves
            .into_iter()
            .map(|(_, expression)| expression)
            .collect()
    }
}

impl Addition {
    /// Reads one line of a streamed plan: a step, or `{"answer": [...]}` as the last one.
    ///
    /// # Errors
    /// When the line is neither.
    pub fn from_json_line(line: &str) -> Result<Self, Defect> {
        let malformed = |message: String| {
            Defect::new(DefectCode::MalformedPlan, message)
                .with_hint(r#"write a step a line, and {"answer": ["$s1"]} as the last"#)
        };
        let json: Json = serde_json::from_str(line)
            .map_err(|error| malformed(format!("the line is not JSON: {error}")))?;
        if let Some(Json::Array(answer)) = json.get("answer")
            && json.get("id").is_none()
        {
            return Ok(Self::Answer(answer.clone()));
        }
        serde_json::from_value(json)
            .map(|step| Self::Step(Box::new(step)))
            .map_err(|error| malformed(error.to_string()))
    }
}

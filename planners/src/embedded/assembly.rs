//! The graph: each clause becomes steps, and each step takes what the words, the types and the order suggest.
//!
//! Every attachment is a lane of its own: what is done to "the picture" is done to each attached picture, and a result
//! stays in the lane of the file that it comes from.

mod again;
mod inputs;
mod lanes;
mod recall;
mod reference;

use std::collections::BTreeMap;

use medley_orchestrator::{
    Capability, Comparison, DraftCondition, DraftPlan, DraftStep, Kind, Parameter, Request, Value,
    ValueType, check,
};
use serde_json::{Map, Value as Json};

use super::{
    arguments::{self, Filling, Several, is_content, is_text},
    clauses::Clause,
    files::Files,
    holdings::{Choice, Holding},
    interpret::Reading,
    vocabulary::{Arguments, Vocabulary},
};

/// Why a clause cannot become steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Obstacle {
    /// What the step works on is not there.
    Input {
        /// The parameter.
        parameter: Box<Parameter>,
    },
    /// The clause does not say something that the step needs.
    Argument {
        /// The parameter.
        parameter: Box<Parameter>,
    },
    /// The clause says a value that the parameter does not allow.
    OutOfRange {
        /// The parameter.
        parameter: Box<Parameter>,
        /// The value.
        given: String,
    },
    /// The clause names a file that cannot be it.
    NoSuchFile {
        /// Which one, counted from 1.
        ordinal: i64,
    },
    /// The clause calls a file of the session by a name that none has.
    NoSuchName {
        /// The name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The clause asks for words in a language, and there are none yet.
    NothingToSay,
    /// The clause can mean several files of the session.
    Ambiguous {
        /// Which ones.
        lanes: Vec<usize>,
    },
}

/// A plan while it is written.
pub(super) struct Assembly<'a> {
    capabilities: &'a [Capability],
    request: &'a Request,
    vocabulary: &'a Vocabulary,
    files: Files<'a>,
    /// What the person said when asked, by question.
    answers: &'a BTreeMap<String, String>,
    /// Which part of the request is at work, from 1.
    part: usize,
    /// The files for a step that takes several.
    several: Vec<usize>,
    holdings: Vec<Holding>,
    steps: Vec<Step>,
    /// The lanes of the last clause: what "it" means.
    focus: Vec<Option<usize>>,
    /// The steps that were asked for, in the order of the request.
    asked: Vec<usize>,
}

struct Step {
    draft: DraftStep,
    capability: usize,
    /// What it takes from other steps.
    takes: Vec<usize>,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(
        capabilities: &'a [Capability],
        request: &'a Request,
        vocabulary: &'a Vocabulary,
        answers: &'a BTreeMap<String, String>,
    ) -> Self {
        let files = Files::of(request);
        let holdings = files.iter().enumerate();
        Self {
            capabilities,
            request,
            vocabulary,
            answers,
            part: 1,
            several: (0..files.attached()).collect(),
            holdings: holdings
                .map(|(lane, file)| Holding::of_file(&file.expression, file.kind, lane))
                .collect(),
            files,
            steps: Vec::new(),
            focus: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Says which part of the request comes next, counted from 1.
    pub(super) const fn begin_part(&mut self, part: usize) {
        self.part = part;
    }

    /// Adds the steps that do what a clause asks for.
    pub(super) fn add(&mut self, reading: &Reading, capability: usize) -> Result<(), Obstacle> {
        let clause = &reading.clause;
        let described = &self.capabilities[capability];
        let mut filling = arguments::fill(described, clause, self.vocabulary);
        let words = clause.source(&self.request.text);
        arguments::fill_words(described, words, self.vocabulary, &mut filling);
        check_required(described, &filling, &self.vocabulary.arguments)?;
        check_ranges(described, &filling)?;
        let lanes = self.lanes(reading, capability)?;
        let choice = self.choice(described, clause);
        self.several = match self.first_content(described) {
            Some(content) => match self.files_needed(described, content) {
                Some(needed) => self.several(reading, described, content, needed)?,
                None => (0..self.files.attached()).collect(),
            },
            None => Vec::new(),
        };
        let mut added = Vec::new();
        for &lane in &lanes {
            let arguments = filling.arguments.clone();
            added.push(self.add_step(reading, capability, arguments, lane, choice)?);
            if let Some(several) = &filling.several {
                let first = added.last().copied().unwrap_or_default();
                added.extend(self.add_more(reading, first, several, &filling, lane)?);
            }
        }
        self.asked.extend(added);
        self.focus = lanes;
        Ok(())
    }

    /// Adds a step for each value but the first of a parameter that has several.
    fn add_more(
        &mut self,
        reading: &Reading,
        first: usize,
        several: &Several,
        filling: &Filling,
        lane: Option<usize>,
    ) -> Result<Vec<usize>, Obstacle> {
        let capability = self.steps[first].capability;
        let mut added = Vec::new();
        for value in several.values.iter().skip(1) {
            let parameter = several.parameter.clone();
            let step = if several.alternatives {
                let mut arguments = self.steps[first].draft.args.clone();
                arguments.insert(parameter, value.clone());
                self.push(capability, arguments, lane, &reading.clause)
            } else {
                let mut arguments = filling.arguments.clone();
                arguments.insert(parameter, value.clone());
                self.add_step(reading, capability, arguments, lane, Choice::Latest)?
            };
            added.push(step);
        }
        Ok(added)
    }

    /// Whether a clause could become steps of this capability.
    pub(super) fn try_add(&self, reading: &Reading, capability: usize) -> Result<(), Obstacle> {
        let described = &self.capabilities[capability];
        let filling = arguments::fill(described, &reading.clause, self.vocabulary);
        self.lanes(reading, capability)?;
        check_required(described, &filling, &self.vocabulary.arguments)
    }

    /// Whether a clause says how a capability is to work.
    pub(super) fn says_how(&self, reading: &Reading, capability: usize) -> bool {
        let described = &self.capabilities[capability];
        let filling = arguments::fill(described, &reading.clause, self.vocabulary);
        !filling.arguments.is_empty()
    }

    /// The steps and the answer.
    pub(super) fn finish(self) -> DraftPlan {
        let mut answer = Vec::new();
        for &step in &self.asked {
            let part = self.answer_of(step);
            if !self.is_superseded(step) && !answer.contains(&part) {
                answer.push(part);
            }
        }
        DraftPlan {
            steps: self.steps.into_iter().map(|step| step.draft).collect(),
            answer: Some(answer),
            ..DraftPlan::default()
        }
    }

    /// Adds a step, or finds the equal one that is there.
    fn push(
        &mut self,
        capability: usize,
        arguments: Map<String, Json>,
        lane: Option<usize>,
        clause: &Clause,
    ) -> usize {
        let described = &self.capabilities[capability];
        let equal = self
            .steps
            .iter()
            .position(|step| step.capability == capability && step.draft.args == arguments);
        if let Some(equal) = equal {
            return equal;
        }
        let place = self.steps.len();
        let id = format!("s{}", place + 1);
        let made_from: Vec<String> = arguments
            .values()
            .flat_map(|value| match value {
                Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
                other => other.as_str().into_iter().collect::<Vec<_>>(),
            })
            .map(str::to_owned)
            .collect();
        let takes = self
            .holdings
            .iter()
            .filter(|holding| made_from.contains(&holding.expression))
            .filter_map(|holding| holding.step)
            .collect();
        self.holdings
            .extend(Holding::of_step(described, place, &id, lane, &made_from));
        let mut draft =
            DraftStep::new(id, &described.name).because(clause.source(&self.request.text));
        draft.when = self.found_text(described, &arguments);
        draft.args = arguments;
        self.steps.push(Step {
            draft,
            capability,
            takes,
        });
        place
    }

    /// A step that works on text which another finds has nothing to do where none is found, and that is no failure.
    fn found_text(
        &self,
        capability: &Capability,
        arguments: &Map<String, Json>,
    ) -> Option<DraftCondition> {
        let made = |value: &&Json| {
            self.holdings.iter().any(|holding| {
                holding.step.is_some() && value.as_str() == Some(&holding.expression)
            })
        };
        let value = capability
            .parameters
            .iter()
            .filter(|parameter| parameter.required && is_text(&parameter.value_type))
            .filter_map(|parameter| arguments.get(&parameter.name))
            .find(made)?;
        Some(DraftCondition {
            value: value.clone(),
            is: Comparison::NotEmpty,
            to: None,
        })
    }

    /// Whether a later step that was asked for made the same kind of file out of this one.
    fn is_superseded(&self, step: usize) -> bool {
        let kind_of = |place: usize| {
            let capability = &self.capabilities[self.steps[place].capability];
            capability
                .outputs
                .first()
                .map(|output| output.value_type.kinds())
        };
        let own = kind_of(step).filter(|kinds| !kinds.is_empty() && *kinds != [Kind::Text]);
        own.is_some()
            && self
                .asked
                .iter()
                .any(|&later| self.steps[later].takes.contains(&step) && kind_of(later) == own)
    }

    /// What the answer says of a step: its primary output; if that is a bare number, all of its outputs by name.
    fn answer_of(&self, step: usize) -> Json {
        let Step {
            draft, capability, ..
        } = &self.steps[step];
        let outputs = &self.capabilities[*capability].outputs;
        let bare = outputs.first().is_some_and(|output| {
            matches!(
                output.value_type,
                ValueType::Integer { .. } | ValueType::Number { .. } | ValueType::Boolean
            )
        });
        if !bare || outputs.len() == 1 {
            return Json::String(format!("${}", draft.id));
        }
        let lines: Vec<String> = outputs
            .iter()
            .filter(|output| !output.optional && output.value_type.kinds().is_empty())
            .map(|output| format!("{}: ${{{}.{}}}", output.name, draft.id, output.name))
            .collect();
        Json::String(lines.join("\n"))
    }
}

fn check_required(
    capability: &Capability,
    filling: &Filling,
    rules: &Arguments,
) -> Result<(), Obstacle> {
    let missing = capability.parameters.iter().find(|parameter| {
        parameter.required
            && parameter.default.is_none()
            && !is_content(parameter, rules)
            && !filling.arguments.contains_key(&parameter.name)
    });
    missing.map_or(Ok(()), |parameter| {
        Err(Obstacle::Argument {
            parameter: Box::new(parameter.clone()),
        })
    })
}

/// A number that cannot be is said here, with the clause, rather than by the plan that it would spoil.
fn check_ranges(capability: &Capability, filling: &Filling) -> Result<(), Obstacle> {
    let fits = |parameter: &Parameter, json: &Json| {
        Value::from_json(json.clone())
            .is_ok_and(|value| check(&value, &parameter.value_type).is_ok())
    };
    for (name, json) in &filling.arguments {
        if let Some(parameter) = capability.parameter(name)
            && !fits(parameter, json)
        {
            return Err(Obstacle::OutOfRange {
                parameter: Box::new(parameter.clone()),
                given: json.to_string(),
            });
        }
    }
    Ok(())
}

fn missing(parameter: &Parameter) -> Obstacle {
    Obstacle::Input {
        parameter: Box::new(parameter.clone()),
    }
}

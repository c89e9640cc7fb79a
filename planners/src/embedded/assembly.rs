//! The graph: each clause becomes steps, and each step takes what the words, the types and the order suggest.
//!
//! Every attachment is a lane of its own: what is done to "the picture" is done to each attached picture, and a result
//! stays in the lane of the file that it comes from.

mod reference;

use medley_orchestrator::{Capability, DraftPlan, DraftStep, Kind, Parameter, Request, ValueType};
use serde_json::{Map, Value as Json};

use self::reference::{Lanes, lanes_named};
use super::{
    arguments::{self, Filling, Several, is_content, is_text, quotations},
    bridge::{Production, Search, Source},
    clauses::{Clause, Joint},
    holdings::{Choice, Holding},
    interpret::Reading,
    vocabulary::Vocabulary,
};

/// Why a clause cannot become steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Obstacle {
    /// What the step works on is not there.
    Input {
        /// The parameter.
        parameter: Parameter,
    },
    /// The clause does not say something that the step needs.
    Argument {
        /// The parameter.
        parameter: Parameter,
    },
    /// The clause names a file that cannot be it.
    NoSuchFile {
        /// Which one, counted from 1.
        ordinal: i64,
    },
}

/// A plan while it is written.
pub(super) struct Assembly<'a> {
    capabilities: &'a [Capability],
    request: &'a Request,
    vocabulary: &'a Vocabulary,
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
    ) -> Self {
        let inputs = 0..request.attachments.len();
        Self {
            capabilities,
            request,
            vocabulary,
            holdings: inputs
                .map(|index| Holding::of_attachment(request, index))
                .collect(),
            steps: Vec::new(),
            focus: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// Adds the steps that do what a clause asks for.
    pub(super) fn add(&mut self, reading: &Reading, capability: usize) -> Result<(), Obstacle> {
        let clause = &reading.clause;
        let described = &self.capabilities[capability];
        let filling = arguments::fill(described, clause, self.vocabulary);
        check_required(described, &filling, &self.vocabulary.arguments)?;
        let lanes = self.lanes(reading, capability)?;
        let choice = self.choice(described, clause);
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
        self.lanes(reading, capability).map(drop)
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
        }
    }

    /// The lanes that a clause works on.
    fn lanes(&self, reading: &Reading, capability: usize) -> Result<Vec<Option<usize>>, Obstacle> {
        let clause = &reading.clause;
        let described = &self.capabilities[capability];
        let Some(content) = self.first_content(described) else {
            return Ok(vec![None]);
        };
        if is_text(&content.value_type) && !quotations(clause).is_empty() {
            return Ok(vec![None]);
        }
        let kind_named = clause
            .words()
            .find_map(|word| self.vocabulary.words.kind_of(word))
            .filter(|kind| *kind != Kind::Text);
        let of_kind = || self.lanes_of_kind(kind_named);
        let named = lanes_named(clause, self.request, &self.vocabulary.words, kind_named)?;
        let (meant, others) = match named {
            Lanes::Named(lanes) => (lanes.into_iter().map(Some).collect(), Vec::new()),
            Lanes::Last if !self.focus.is_empty() => (self.focus.clone(), of_kind()),
            Lanes::Last | Lanes::All => (of_kind(), Vec::new()),
        };
        if let Some(needed) = self.files_needed(described, content) {
            let fitting = self.direct(&self.lanes_of_kind(None), content).len();
            let enough = fitting >= needed;
            return enough.then(|| vec![None]).ok_or_else(|| missing(content));
        }
        for lanes in [meant, others] {
            let usable = self.usable(reading, described, content, &lanes);
            if !usable.is_empty() {
                return Ok(usable);
            }
        }
        if is_text(&content.value_type) && self.literal(clause).is_some() {
            return Ok(vec![None]);
        }
        Err(missing(content))
    }

    /// How many files one step takes, where it takes several of one kind.
    fn files_needed(&self, capability: &Capability, content: &Parameter) -> Option<usize> {
        if matches!(content.value_type, ValueType::List { .. }) {
            return Some(1);
        }
        let kinds = content.value_type.kinds();
        let alike = self
            .contents(capability)
            .filter(|other| !kinds.is_empty() && other.value_type.kinds() == kinds)
            .count();
        (alike > 1).then_some(alike)
    }

    /// The lanes that have what a step works on, else those in which more steps can make it.
    fn usable(
        &self,
        reading: &Reading,
        capability: &Capability,
        content: &Parameter,
        lanes: &[Option<usize>],
    ) -> Vec<Option<usize>> {
        let direct = self.direct(lanes, content);
        if !direct.is_empty() {
            return direct;
        }
        let choice = self.choice(capability, &reading.clause);
        let reachable = |lane: &Option<usize>| {
            let search = self.search(reading, *lane, choice);
            search.source(content, None, self.bridge_length()).is_some()
        };
        lanes.iter().copied().filter(reachable).collect()
    }

    fn lanes_of_kind(&self, kind: Option<Kind>) -> Vec<Option<usize>> {
        let all = || (0..self.request.attachments.len()).map(Some);
        let of_kind: Vec<Option<usize>> = all()
            .filter(|lane| {
                lane.is_some_and(|lane| Some(self.request.attachments[lane].artifact.kind) == kind)
            })
            .collect();
        if of_kind.is_empty() {
            all().collect()
        } else {
            of_kind
        }
    }

    /// The lanes in which something fits a parameter as it is.
    fn direct(&self, lanes: &[Option<usize>], parameter: &Parameter) -> Vec<Option<usize>> {
        let item = match &parameter.value_type {
            ValueType::List { items } => Parameter {
                value_type: (**items).clone(),
                ..parameter.clone()
            },
            _ => parameter.clone(),
        };
        let has = |lane: Option<usize>| {
            self.holdings
                .iter()
                .any(|holding| holding.lane == lane && holding.fits(&item))
        };
        let mut direct: Vec<Option<usize>> =
            lanes.iter().copied().filter(|lane| has(*lane)).collect();
        if direct.is_empty() && has(None) {
            direct.push(None);
        }
        direct
    }

    fn contents<'b>(&'b self, capability: &'b Capability) -> impl Iterator<Item = &'b Parameter> {
        capability.parameters.iter().filter(|parameter| {
            parameter.required && is_content(parameter, &self.vocabulary.arguments)
        })
    }

    fn first_content<'b>(&'b self, capability: &'b Capability) -> Option<&'b Parameter> {
        self.contents(capability).next()
    }

    const fn bridge_length(&self) -> usize {
        self.vocabulary.settings.bridge_length
    }

    /// Whether a clause means the file as it came or what was made of it.
    fn choice(&self, capability: &Capability, clause: &Clause) -> Choice {
        let words = &self.vocabulary.words;
        let says = |list: &std::collections::BTreeSet<String>| {
            clause.words().any(|word| list.contains(word))
        };
        if says(&words.original) {
            return Choice::Original;
        }
        if clause.joint == Joint::Then || says(&words.pronouns) {
            return Choice::Latest;
        }
        // "A black and white copy" stands beside the other results; "rotate and crop" is one chain.
        let chains = self.is_transform(capability) && !says(&words.copy);
        let named = clause
            .tokens
            .iter()
            .any(|token| matches!(token.kind, super::tokens::TokenKind::File(_)));
        if chains && !named {
            Choice::Latest
        } else {
            Choice::Original
        }
    }

    /// Whether a capability gives the kind of file that it takes.
    fn is_transform(&self, capability: &Capability) -> bool {
        let given = capability
            .outputs
            .first()
            .map(|output| output.value_type.kinds());
        let taken = self
            .first_content(capability)
            .map(|parameter| parameter.value_type.kinds());
        given.is_some_and(|given| !given.is_empty() && Some(given) == taken)
    }

    fn search<'b>(
        &'b self,
        reading: &'b Reading,
        lane: Option<usize>,
        choice: Choice,
    ) -> Search<'b> {
        Search {
            capabilities: self.capabilities,
            holdings: &self.holdings,
            rules: &self.vocabulary.arguments,
            lane,
            choice,
            likeness: Box::new(|capability| reading.likeness(capability)),
        }
    }

    /// Adds one step with everything that it needs, and returns its place.
    fn add_step(
        &mut self,
        reading: &Reading,
        capability: usize,
        mut arguments: Map<String, Json>,
        lane: Option<usize>,
        choice: Choice,
    ) -> Result<usize, Obstacle> {
        let clause = &reading.clause;
        let described = &self.capabilities[capability];
        let contents: Vec<Parameter> = self.contents(described).cloned().collect();
        let texts = contents
            .iter()
            .filter(|each| is_text(&each.value_type))
            .count();
        let quoted = quotations(clause);
        let mut quoted_for = texts.saturating_sub(quoted.len());
        let mut quoted = quoted.into_iter();
        let mut picture: Option<String> = None;
        let mut used: Vec<String> = Vec::new();
        for parameter in contents {
            let text = is_text(&parameter.value_type);
            if text
                && quoted_for == 0
                && let Some(literal) = quoted.next()
            {
                arguments.insert(parameter.name, Json::String(escape(literal)));
                continue;
            }
            quoted_for = quoted_for.saturating_sub(usize::from(text));
            let value = match &parameter.value_type {
                ValueType::List { .. } => self.every(&parameter, choice),
                _ => self.take(reading, &parameter, lane, choice, picture.as_deref(), &used)?,
            };
            if let Json::String(expression) = &value {
                if parameter.value_type.kinds() == [Kind::Image] {
                    picture.get_or_insert_with(|| expression.clone());
                }
                used.push(expression.clone());
            }
            arguments.insert(parameter.name, value);
        }
        Ok(self.push(capability, arguments, lane, clause))
    }

    /// The value of a parameter, made by more steps where it is not at hand.
    fn take(
        &mut self,
        reading: &Reading,
        parameter: &Parameter,
        lane: Option<usize>,
        choice: Choice,
        picture: Option<&str>,
        used: &[String],
    ) -> Result<Json, Obstacle> {
        if lane.is_none()
            && let Some(other) = self.unused(parameter, used)
        {
            return Ok(Json::String(other));
        }
        let source =
            self.search(reading, lane, choice)
                .source(parameter, picture, self.bridge_length());
        match source {
            Some(source) => Ok(Json::String(self.realise(source, lane, &reading.clause))),
            None if is_text(&parameter.value_type) => self
                .literal(&reading.clause)
                .map(|literal| Json::String(escape(&literal)))
                .ok_or_else(|| missing(parameter)),
            None => Err(missing(parameter)),
        }
    }

    /// For steps that take several files: the first that fits and is not taken yet.
    fn unused(&self, parameter: &Parameter, used: &[String]) -> Option<String> {
        (0..self.request.attachments.len())
            .filter_map(|lane| {
                let fits =
                    |holding: &&Holding| holding.lane == Some(lane) && holding.fits(parameter);
                self.holdings.iter().rfind(fits)
            })
            .map(|holding| holding.expression.clone())
            .find(|expression| !used.contains(expression))
    }

    /// All that fit the items of a list, one a lane.
    fn every(&self, parameter: &Parameter, choice: Choice) -> Json {
        let ValueType::List { items } = &parameter.value_type else {
            return Json::Null;
        };
        let item = Parameter {
            value_type: (**items).clone(),
            ..parameter.clone()
        };
        let lanes = (0..self.request.attachments.len()).map(Some);
        lanes
            .filter_map(|lane| super::holdings::choose(&self.holdings, &item, lane, choice, None))
            .map(|holding| Json::String(holding.expression.clone()))
            .collect()
    }

    fn realise(&mut self, source: Source, lane: Option<usize>, clause: &Clause) -> String {
        let production = match source {
            Source::Expression(expression) => return expression,
            Source::Made(production) => production,
        };
        let Production {
            capability,
            output,
            inputs,
            ..
        } = production;
        let mut arguments = Map::new();
        for (parameter, source) in inputs {
            let expression = self.realise(source, lane, clause);
            arguments.insert(parameter, Json::String(expression));
        }
        let step = self.push(capability, arguments, lane, clause);
        let made = self
            .holdings
            .iter()
            .find(|holding| holding.step == Some(step) && holding.name == output);
        made.map(|holding| holding.expression.clone())
            .unwrap_or_default()
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
        draft.args = arguments;
        self.steps.push(Step {
            draft,
            capability,
            takes,
        });
        place
    }

    /// The words that a clause itself gives as text: what stands behind its verb.
    fn literal(&self, clause: &Clause) -> Option<String> {
        reference::literal(clause, self.request, self.vocabulary)
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
    rules: &super::vocabulary::Arguments,
) -> Result<(), Obstacle> {
    let missing = capability.parameters.iter().find(|parameter| {
        parameter.required
            && parameter.default.is_none()
            && !is_content(parameter, rules)
            && !filling.arguments.contains_key(&parameter.name)
    });
    missing.map_or(Ok(()), |parameter| {
        Err(Obstacle::Argument {
            parameter: parameter.clone(),
        })
    })
}

fn missing(parameter: &Parameter) -> Obstacle {
    Obstacle::Input {
        parameter: parameter.clone(),
    }
}

/// Text as a literal of a plan, where a dollar may begin a reference.
fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

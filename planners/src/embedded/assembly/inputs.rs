//! What a step takes: what is at hand, what more steps make, or words of the clause itself.

use medley_orchestrator::{Kind, Parameter, ValueType};
use serde_json::{Map, Value as Json};

use super::{
    super::{
        arguments::{is_text, quotations},
        bridge::{Production, Search, Source},
        clauses::Clause,
        holdings::{Choice, Holding, choose},
        interpret::Reading,
    },
    Assembly, Obstacle, missing, reference,
};

impl Assembly<'_> {
    /// Adds one step with everything that it needs, and returns its place.
    pub(super) fn add_step(
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
            if arguments.contains_key(&parameter.name) {
                continue;
            }
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
    pub(super) fn take(
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
    pub(super) fn unused(&self, parameter: &Parameter, used: &[String]) -> Option<String> {
        self.several
            .iter()
            .filter_map(|lane| {
                let fits =
                    |holding: &&Holding| holding.lane == Some(*lane) && holding.fits(parameter);
                self.holdings.iter().rfind(fits)
            })
            .map(|holding| holding.expression.clone())
            .find(|expression| !used.contains(expression))
    }

    /// All that fit the items of a list, one a lane.
    pub(super) fn every(&self, parameter: &Parameter, choice: Choice) -> Json {
        let ValueType::List { items } = &parameter.value_type else {
            return Json::Null;
        };
        let item = Parameter {
            value_type: (**items).clone(),
            ..parameter.clone()
        };
        let lanes = self.several.iter().copied().map(Some);
        lanes
            .filter_map(|lane| choose(&self.holdings, &item, lane, choice, None))
            .map(|holding| Json::String(holding.expression.clone()))
            .collect()
    }

    pub(super) fn search<'b>(
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

    pub(super) const fn bridge_length(&self) -> usize {
        self.vocabulary.settings.bridge_length
    }

    pub(super) fn realise(
        &mut self,
        source: Source,
        lane: Option<usize>,
        clause: &Clause,
    ) -> String {
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

    /// The words that a clause itself gives as text: what stands behind its verb.
    pub(super) fn literal(&self, clause: &Clause) -> Option<String> {
        reference::literal(clause, self.request, self.vocabulary)
    }
}

/// Text as a literal of a plan, where a dollar may begin a reference.
fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

//! Values of the wrong type: the shortest chain of tools that turns them into the right one, if there is only one.

use std::sync::LazyLock;

use medley_orchestrator::{DraftStep, Parameter, ValueType};
use serde_json::Value as Json;

use super::{
    RepairCode,
    bench::{Bench, whole_reference},
};
use crate::embedded::{
    bridge::{Production, Search, Source},
    holdings::{Choice, Holding},
    vocabulary::Vocabulary,
};

/// The most tools in a row that are added.
const LENGTH: usize = 3;

/// How much more a way must cost than the best before that one is certain.
const TIE: f32 = 0.6;

/// More than any way costs.
const FORBIDDEN: f32 = -100.0;

/// What is known of words; the planner without a model reads the same.
pub(super) fn vocabulary() -> Option<&'static Vocabulary> {
    static VOCABULARY: LazyLock<Option<Vocabulary>> = LazyLock::new(|| Vocabulary::built_in().ok());
    VOCABULARY.as_ref()
}

/// Adds tools between a value and a parameter that does not take it.
pub(super) fn convert(bench: &mut Bench<'_>) {
    let mut place = 0;
    while place < bench.len() {
        let before = bench.len();
        if let Some(capability) = bench.capability(place) {
            for parameter in &capability.parameters {
                let at = place + (bench.len() - before);
                convert_argument(bench, at, parameter);
            }
        }
        place += 1 + bench.len() - before;
    }
}

fn convert_argument(bench: &mut Bench<'_>, place: usize, parameter: &Parameter) {
    let Some(json) = bench.step(place).args.get(&parameter.name).cloned() else {
        return;
    };
    if bench.goes_over_list(place) || bench.fits(place, &json, &parameter.value_type) {
        return;
    }
    let Some(production) = chain(bench, &json, parameter) else {
        return;
    };
    let mut target = place;
    let value = insert(bench, &production, &mut target);
    let tool = &bench.converters[production.capability].name;
    let message = format!("`{}` is what `{tool}` makes of {json}", parameter.name);
    bench.draft.steps[target]
        .args
        .insert(parameter.name.clone(), value.into());
    bench.record(RepairCode::Bridged, target, message);
}

/// Adds the steps of a production before `place`, which moves back with them; returns a reference to the last.
fn insert(bench: &mut Bench<'_>, production: &Production, place: &mut usize) -> String {
    let mut args = serde_json::Map::new();
    for (name, source) in &production.inputs {
        let value = match source {
            Source::Expression(expression) => expression.clone(),
            Source::Made(inner) => insert(bench, inner, place),
        };
        args.insert(name.clone(), value.into());
    }
    let id = bench.fresh_id();
    let tool = bench.converters[production.capability].name.clone();
    let step = DraftStep {
        args,
        ..DraftStep::new(&id, tool)
    };
    bench.draft.steps.insert(*place, step);
    *place += 1;
    format!("${id}")
}

/// The only shortest chain of tools that turns what `json` refers to into what `parameter` takes.
pub(super) fn chain(bench: &Bench<'_>, json: &Json, parameter: &Parameter) -> Option<Production> {
    let reference = whole_reference(json)?;
    let value_type = bench.types_of(&reference)?.into_iter().next()?;
    if value_type == ValueType::Any {
        return None;
    }
    let holding = Holding {
        expression: reference.to_string(),
        value_type,
        name: String::new(),
        lane: None,
        step: None,
        primary: true,
        made_from: Vec::new(),
    };
    let (length, best) = (1..=LENGTH)
        .find_map(|length| Some((length, search(bench, &holding, parameter, length, None)?)))?;
    let mut tools = Vec::new();
    tools_of(&best, &mut tools);
    let rival = tools.into_iter().any(|tool| {
        let other = search(bench, &holding, parameter, length, Some(tool));
        other.is_some_and(|other| other.cost < best.cost + TIE)
    });
    (!rival).then_some(best)
}

fn search(
    bench: &Bench<'_>,
    holding: &Holding,
    parameter: &Parameter,
    length: usize,
    without: Option<usize>,
) -> Option<Production> {
    let search = Search {
        capabilities: &bench.converters,
        holdings: std::slice::from_ref(holding),
        rules: &vocabulary()?.arguments,
        lane: None,
        choice: Choice::Latest,
        likeness: Box::new(move |tool| match without {
            Some(without) if without == tool => FORBIDDEN,
            _ => 0.0,
        }),
    };
    match search.source(parameter, None, length)? {
        Source::Made(production) => Some(production),
        // What is there fits by its kind; why it was refused is for validation to say.
        Source::Expression(_) => None,
    }
}

fn tools_of(production: &Production, tools: &mut Vec<usize>) {
    tools.push(production.capability);
    for (_, source) in &production.inputs {
        if let Source::Made(inner) = source {
            tools_of(inner, tools);
        }
    }
}

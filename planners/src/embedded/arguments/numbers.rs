//! Numbers with units, sizes, boxes and words for amounts, given to the parameters that they are for.

use std::{collections::BTreeSet, ops::Range};

use medley_orchestrator::{Capability, Parameter, ValueType};
use serde_json::{Map, Value as Json};

use super::super::{
    clauses::Clause,
    tokens::{Token, TokenKind},
    vocabulary::{Arguments, NumberRule},
};

/// A number in a clause.
#[derive(Debug, Clone)]
struct Quantity {
    value: f64,
    unit: Option<String>,
    /// The place of the number among the tokens.
    at: usize,
    /// The place behind the number and its unit.
    end: usize,
}

/// How many tokens a word may be away from the number that it belongs to.
const REACH: usize = 6;

/// The numbers that the clause gives to parameters of the capability.
pub(super) fn fill(
    capability: &Capability,
    clause: &Clause,
    rules: &Arguments,
) -> Map<String, Json> {
    let tokens = &clause.tokens;
    let mut quantities = quantities(tokens, rules);
    let mut arguments = Map::new();
    fill_box(capability, tokens, &mut quantities, &mut arguments);
    fill_size(capability, tokens, &mut quantities, &mut arguments);

    let numeric: Vec<(&Parameter, &NumberRule)> = capability
        .parameters
        .iter()
        .filter(|parameter| is_numeric(&parameter.value_type))
        .filter(|parameter| !arguments.contains_key(&parameter.name))
        .filter_map(|parameter| Some((parameter, rule_for(parameter, capability, rules)?)))
        .collect();
    for (parameter, rule) in nearest_pairs(&numeric, &mut quantities, tokens, &mut arguments) {
        // "Shrink it to a width of 300" gives a width, and no factor besides.
        let told = rule.cues.is_empty() && !arguments.is_empty();
        if let Some(value) = without_number(rule, tokens).filter(|_| !told) {
            arguments.insert(parameter.name.clone(), json(value, &parameter.value_type));
        }
    }
    fill_by_name(capability, &quantities, clause, &mut arguments);
    arguments
}

fn quantities(tokens: &[Token], rules: &Arguments) -> Vec<Quantity> {
    tokens
        .iter()
        .enumerate()
        .filter_map(|(at, token)| {
            let value = token.number()?;
            let unit = tokens.get(at + 1).filter(|next| next.is_word());
            let is_size = |place: usize| {
                tokens
                    .get(place)
                    .is_some_and(|each| each.number().is_some())
            };
            let unit = unit
                .filter(|unit| !(unit.text == "x" && is_size(at + 2)))
                .and_then(|word| {
                    let known = rules
                        .units
                        .iter()
                        .find(|(_, names)| names.contains(&word.text));
                    known.map(|(unit, _)| unit.clone())
                });
            let end = at + 1 + usize::from(unit.is_some());
            Some(Quantity {
                value,
                unit,
                at,
                end,
            })
        })
        .collect()
}

fn rule_for<'a>(
    parameter: &Parameter,
    capability: &Capability,
    rules: &'a Arguments,
) -> Option<&'a NumberRule> {
    let fits = |rule: &&NumberRule| rule.names.contains(&parameter.name);
    let own = |rule: &&NumberRule| rule.capabilities.contains(&capability.name);
    let general = |rule: &&NumberRule| rule.capabilities.is_empty();
    rules
        .number
        .iter()
        .filter(fits)
        .find(own)
        .or_else(|| rules.number.iter().filter(fits).find(general))
}

/// Gives each parameter the number whose words are nearest, and returns the parameters that got none.
fn nearest_pairs<'a>(
    numeric: &[(&'a Parameter, &'a NumberRule)],
    quantities: &mut Vec<Quantity>,
    tokens: &[Token],
    arguments: &mut Map<String, Json>,
) -> Vec<(&'a Parameter, &'a NumberRule)> {
    let mut left: Vec<(&Parameter, &NumberRule)> = numeric.to_vec();
    loop {
        let best = left
            .iter()
            .enumerate()
            .flat_map(|(place, (_, rule))| {
                quantities
                    .iter()
                    .enumerate()
                    .filter_map(move |(number, quantity)| {
                        Some((distance(rule, quantity, tokens)?, place, number))
                    })
            })
            .min();
        let Some((_, place, number)) = best else {
            return left;
        };
        let (parameter, rule) = left.remove(place);
        let quantity = quantities.remove(number);
        let value = value_of(rule, &quantity, tokens);
        arguments.insert(parameter.name.clone(), json(value, &parameter.value_type));
    }
}

/// How far a number is from the words of a rule; nothing if it cannot be meant.
fn distance(rule: &NumberRule, quantity: &Quantity, tokens: &[Token]) -> Option<usize> {
    let unit_fits = match &quantity.unit {
        Some(unit) => rule.units.contains_key(unit) || (rule.units.is_empty() && unit == "pixel"),
        None => true,
    };
    if !unit_fits {
        return None;
    }
    let is_cue = |token: &&Token| token.is_word() && rule.cues.contains(&token.text);
    // "300 pixels wide" is nearer than "width of 300", and that nearer than what begins behind a number.
    let behind = tokens[quantity.end..]
        .iter()
        .take(REACH)
        .take_while(|token| token.is_word())
        .position(|token| is_cue(&token))
        .map(|gap| if gap == 0 { 0 } else { 2 * gap + 4 });
    let before = tokens[..quantity.at]
        .iter()
        .rev()
        .take(REACH)
        .take_while(|token| token.is_word())
        .position(|token| is_cue(&token))
        .map(|gap| 2 * gap + 1);
    let by_unit = quantity.unit.is_some().then_some(4 * REACH);
    let by_capability =
        (rule.without_cue || rule.cues.is_empty() && quantity.unit.is_some()).then_some(5 * REACH);
    [behind, before, by_unit, by_capability]
        .into_iter()
        .flatten()
        .min()
}

/// The value that a number stands for.
fn value_of(rule: &NumberRule, quantity: &Quantity, tokens: &[Token]) -> f64 {
    let factor = quantity
        .unit
        .as_ref()
        .and_then(|unit| rule.units.get(unit))
        .copied();
    // "By 20" of a proportion can only be per cent.
    let implied = rule
        .units
        .get("percent")
        .copied()
        .filter(|_| quantity.value.abs() >= 5.0);
    let amount = quantity.value * factor.or(implied).unwrap_or(1.0);
    let direction = direction(rule, quantity.at, tokens);
    let word_before = quantity
        .at
        .checked_sub(1)
        .map(|before| tokens[before].text.as_str());
    let compared = tokens
        .get(quantity.end)
        .is_some_and(|next| rule.more.contains(&next.text) || rule.less.contains(&next.text));
    match (rule.base, direction) {
        (Some(base), Some(sign)) if quantity.unit.as_deref() != Some("factor") => {
            if compared || word_before != Some("to") {
                base + sign * amount
            } else {
                amount
            }
        }
        (None, Some(sign)) => sign * amount,
        _ => amount,
    }
}

/// Whether the words nearest to `at` make the value rise (1) or fall (-1); those between the same commas go first.
fn direction(rule: &NumberRule, at: usize, tokens: &[Token]) -> Option<f64> {
    let sign = |token: &Token| {
        let word = token.is_word().then_some(&token.text)?;
        if rule.more.contains(word) {
            Some(1.0)
        } else {
            rule.less.contains(word).then_some(-1.0)
        }
    };
    let nearest = |places: Range<usize>| {
        places
            .filter_map(|place| Some((place.abs_diff(at), sign(&tokens[place])?)))
            .min_by_key(|(gap, _)| *gap)
            .map(|(_, sign)| sign)
    };
    let is_break = |token: &Token| matches!(token.kind, TokenKind::Break(_));
    let start = tokens[..at].iter().rposition(is_break).unwrap_or(0);
    let end = tokens[at..]
        .iter()
        .position(is_break)
        .map_or(tokens.len(), |gap| at + gap);
    nearest(start..end).or_else(|| nearest(0..tokens.len()))
}

/// What words alone say: "by half", "upside down", "brighter".
fn without_number(rule: &NumberRule, tokens: &[Token]) -> Option<f64> {
    let words = || {
        tokens
            .iter()
            .enumerate()
            .filter(|(_, token)| token.is_word())
    };
    let cue = words().find(|(_, token)| rule.cues.contains(&token.text));
    let is_part = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        before.is_some_and(|before| rule.not_behind.contains(&before.text))
    };
    if let Some((_, token)) =
        words().find(|(at, token)| rule.values.contains_key(&token.text) && !is_part(*at))
    {
        return rule.values.get(&token.text).copied();
    }
    let at = match cue {
        Some((at, _)) => at,
        None if rule.cues.is_empty() => 0,
        None => return None,
    };
    let step = rule.step?;
    Some(rule.base.unwrap_or(0.0) + direction(rule, at, tokens)? * step)
}

/// A box of four numbers, or a size at a place.
fn fill_box(
    capability: &Capability,
    tokens: &[Token],
    quantities: &mut Vec<Quantity>,
    arguments: &mut Map<String, Json>,
) {
    let wanted = capability
        .parameters
        .iter()
        .find(|parameter| takes_box(&parameter.value_type));
    let (Some(parameter), 4) = (wanted, quantities.len()) else {
        return;
    };
    let mut numbers: Vec<f64> = quantities.iter().map(|quantity| quantity.value).collect();
    if size_at(tokens, quantities, 0) {
        // "300 x 200 at 10, 20"
        numbers.rotate_left(2);
    }
    let numbers: Vec<Json> = numbers
        .into_iter()
        .map(|number| json(number, &ValueType::number()))
        .collect();
    arguments.insert(parameter.name.clone(), Json::Array(numbers));
    quantities.clear();
}

fn takes_box(value_type: &ValueType) -> bool {
    match value_type {
        ValueType::Box => true,
        ValueType::OneOf { options } => options.iter().any(takes_box),
        _ => false,
    }
}

/// "640 x 480" as width and height.
fn fill_size(
    capability: &Capability,
    tokens: &[Token],
    quantities: &mut Vec<Quantity>,
    arguments: &mut Map<String, Json>,
) {
    let (Some(width), Some(height)) = (
        capability.parameter("width"),
        capability.parameter("height"),
    ) else {
        return;
    };
    let size = (0..quantities.len()).find(|&place| size_at(tokens, quantities, place));
    let Some(place) = size else {
        return;
    };
    for (parameter, quantity) in [width, height]
        .into_iter()
        .zip(quantities.drain(place..place + 2))
    {
        arguments.insert(
            parameter.name.clone(),
            json(quantity.value, &parameter.value_type),
        );
    }
}

/// Whether the number at `place` and the next are written as a size.
fn size_at(tokens: &[Token], quantities: &[Quantity], place: usize) -> bool {
    let (Some(one), Some(other)) = (quantities.get(place), quantities.get(place + 1)) else {
        return false;
    };
    let between: Vec<&str> = tokens[one.at + 1..other.at]
        .iter()
        .map(|token| token.text.as_str())
        .collect();
    matches!(
        between.as_slice(),
        ["x" | "by"] | ["px" | "pixels", "x" | "by"]
    )
}

/// Numbers for parameters that no rule knows: by a word of their name, or the only one for the only one required.
fn fill_by_name(
    capability: &Capability,
    quantities: &[Quantity],
    clause: &Clause,
    arguments: &mut Map<String, Json>,
) {
    let open: Vec<&Parameter> = capability
        .parameters
        .iter()
        .filter(|parameter| is_numeric(&parameter.value_type))
        .filter(|parameter| !arguments.contains_key(&parameter.name))
        .collect();
    let words: BTreeSet<&str> = clause.words().collect();
    let required: Vec<&&Parameter> = open.iter().filter(|parameter| parameter.required).collect();
    for parameter in &open {
        let named = parameter.name.split('_').any(|word| words.contains(word));
        let only = required.len() == 1 && parameter.required;
        if let ([quantity], true) = (quantities, named || only) {
            arguments.insert(
                parameter.name.clone(),
                json(quantity.value, &parameter.value_type),
            );
            return;
        }
    }
}

fn is_numeric(value_type: &ValueType) -> bool {
    match value_type {
        ValueType::Integer { .. } | ValueType::Number { .. } => true,
        ValueType::OneOf { options } => options.iter().any(is_numeric),
        _ => false,
    }
}

/// A number as JSON, whole where it is, or must be.
fn json(value: f64, value_type: &ValueType) -> Json {
    let rounded = if matches!(value_type, ValueType::Integer { .. }) {
        value.round()
    } else {
        (value * 1e6).round() / 1e6
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and small"
    )]
    if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
        return Json::from(rounded as i64);
    }
    Json::from(rounded)
}

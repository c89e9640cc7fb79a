//! Numbers, choices, languages and colours in a clause as arguments of a capability.
//!
//! What the words mean stands in the data file; here stands how they find their parameters. Files and texts that a
//! step works on are not arguments in this sense: [`assembly`](super::assembly) connects them.

mod numbers;

use medley_orchestrator::{Capability, Parameter, ValueType};
use serde_json::{Map, Value as Json};

use super::{
    clauses::Clause,
    matching::stem,
    tokens::TokenKind,
    vocabulary::{Arguments, Vocabulary},
};

/// The arguments that a clause gives.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Filling {
    /// Arguments by parameter.
    pub arguments: Map<String, Json>,
    /// A parameter for which the clause gives several values.
    pub several: Option<Several>,
}

/// Several values for one parameter: as many steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Several {
    /// The parameter.
    pub parameter: String,
    /// The values, in the order of the clause.
    pub values: Vec<Json>,
    /// Whether each makes a result of its own, rather than one working on the result of the other.
    pub alternatives: bool,
}

/// Reads the arguments of `capability` out of `clause`.
pub(super) fn fill(capability: &Capability, clause: &Clause, vocabulary: &Vocabulary) -> Filling {
    let rules = &vocabulary.arguments;
    let mut filling = Filling {
        arguments: numbers::fill(capability, clause, rules),
        several: None,
    };
    for parameter in &capability.parameters {
        if filling.arguments.contains_key(&parameter.name) {
            continue;
        }
        let mut values = values_of(parameter, clause, rules);
        if values.len() > 1 && filling.several.is_none() {
            filling.several = Some(Several {
                parameter: parameter.name.clone(),
                alternatives: rules.alternatives.contains(&parameter.name),
                values: values.clone(),
            });
        }
        if !values.is_empty() {
            filling
                .arguments
                .insert(parameter.name.clone(), values.swap_remove(0));
        }
    }
    filling
}

/// Gives the words of a clause, as they stand in the request, to the parameters that take them.
pub(super) fn fill_words(
    capability: &Capability,
    words: &str,
    vocabulary: &Vocabulary,
    filling: &mut Filling,
) {
    let rules = &vocabulary.arguments;
    for parameter in &capability.parameters {
        if rules.clause.contains(&parameter.name) && is_text(&parameter.value_type) {
            // A dollar sign of the request is none of the plan's.
            let words = Json::String(words.replace('$', "$$"));
            let arguments = &mut filling.arguments;
            arguments.entry(parameter.name.clone()).or_insert(words);
        }
    }
}

/// Whether a parameter is what a step works on, rather than how.
pub(crate) fn is_content(parameter: &Parameter, rules: &Arguments) -> bool {
    if !parameter.value_type.kinds().is_empty() {
        return true;
    }
    let named = rules.language.names.contains(&parameter.name)
        || rules.clause.contains(&parameter.name)
        || rules
            .word
            .iter()
            .any(|rule| rule.names.contains(&parameter.name));
    parameter.required && !named && is_text(&parameter.value_type)
}

/// Whether values of a type are texts.
pub(crate) fn is_text(value_type: &ValueType) -> bool {
    match value_type {
        ValueType::String => true,
        ValueType::OneOf { options } => options.iter().any(is_text),
        other => other.kinds().contains(&medley_orchestrator::Kind::Text),
    }
}

/// The values that words of the clause stand for.
fn values_of(parameter: &Parameter, clause: &Clause, rules: &Arguments) -> Vec<Json> {
    let allowed = match &parameter.value_type {
        ValueType::Enum { values } => Some(values.as_slice()),
        ValueType::OneOf { options } => options.iter().find_map(|option| match option {
            ValueType::Enum { values } => Some(values.as_slice()),
            _ => None,
        }),
        _ => None,
    };
    let name = &parameter.name;
    let found: Vec<String> = if rules.language.names.contains(name) {
        languages(clause, rules)
    } else if let Some(allowed) = allowed {
        choices(name, allowed, clause, rules)
    } else if let Some(rule) = rules.word.iter().find(|rule| rule.names.contains(name)) {
        let values = clause
            .words()
            .filter_map(|word| rule.values.get(word).cloned());
        values.take(1).collect()
    } else if parameter.value_type == ValueType::Boolean {
        return truth(name, clause).map(Json::Bool).into_iter().collect();
    } else {
        Vec::new()
    };
    found
        .into_iter()
        .filter(|value| allowed.is_none_or(|allowed| allowed.contains(value)))
        .map(Json::String)
        .collect()
}

/// Whether a clause wants what a parameter is named after: "with labels", "without labels".
fn truth(name: &str, clause: &Clause) -> Option<bool> {
    let wanted = stem(name);
    let words: Vec<&str> = clause.words().collect();
    let at = words.iter().position(|word| stem(word) == wanted)?;
    let denied = words[..at]
        .iter()
        .rev()
        .take(2)
        .any(|word| matches!(*word, "without" | "no" | "not"));
    Some(!denied)
}

/// The codes of the languages that the clause says to use.
fn languages(clause: &Clause, rules: &Arguments) -> Vec<String> {
    let rule = &rules.language;
    let words: Vec<&str> = clause.words().collect();
    let mut found = Vec::new();
    let mut listed = false;
    for (at, word) in words.iter().enumerate() {
        let Some((code, _)) = rule.codes.iter().find(|(_, names)| names.contains(*word)) else {
            listed &= matches!(*word, "and" | "a" | "in");
            continue;
        };
        let before = at > 0 && rule.before.contains(words[at - 1]);
        let after = words
            .get(at + 1)
            .is_some_and(|next| rule.after.contains(*next));
        // "In German and French": the second has no word of its own before it.
        listed = before || after || listed;
        if listed && !found.contains(code) {
            found.push(code.clone());
        }
    }
    found
}

/// The allowed values that the clause names, in its order.
fn choices(name: &str, allowed: &[String], clause: &Clause, rules: &Arguments) -> Vec<String> {
    let mut found: Vec<(usize, bool, &String)> = Vec::new();
    for value in allowed {
        let own = value.replace('_', " ");
        found.extend(position(clause, &own).map(|place| (place, false, value)));
        let synonyms = rules
            .choice
            .iter()
            .filter(|choice| choice.value == *value)
            .filter(|choice| choice.names.is_empty() || choice.names.contains(name))
            .flat_map(|choice| &choice.words);
        let place = synonyms.filter_map(|phrase| position(clause, phrase)).min();
        found.extend(place.map(|place| (place, true, value)));
    }
    found.sort_unstable();
    found.dedup_by_key(|(place, ..)| *place);
    // "From png to jpeg" wants the second only.
    let target = found
        .iter()
        .position(|(at, ..)| follows_target(clause, *at));
    if let Some(first) = target {
        found.drain(..first);
    }
    let mut values: Vec<String> = Vec::new();
    for (.., value) in found {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    values
}

/// Where the words of `phrase` stand in the clause, whatever their endings.
fn position(clause: &Clause, phrase: &str) -> Option<usize> {
    let wanted: Vec<String> = phrase.split(' ').map(stem).collect();
    (0..clause.tokens.len()).find(|&start| {
        wanted.iter().enumerate().all(|(offset, word)| {
            clause
                .tokens
                .get(start + offset)
                .is_some_and(|token| token.is_word() && stem(&token.text) == *word)
        })
    })
}

fn follows_target(clause: &Clause, at: usize) -> bool {
    let before = clause.tokens[..at]
        .iter()
        .rev()
        .find(|token| !(token.is_word() && matches!(token.text.as_str(), "a" | "an" | "the")));
    before.is_some_and(|token| matches!(token.text.as_str(), "to" | "as" | "into"))
}

/// The quotations of a clause.
pub(super) fn quotations(clause: &Clause) -> Vec<&str> {
    clause
        .tokens
        .iter()
        .filter(|token| token.kind == TokenKind::Quoted)
        .map(|token| token.text.as_str())
        .collect()
}

#[cfg(test)]
mod tests;

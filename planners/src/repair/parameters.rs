//! Arguments under names that no parameter has: each goes to the parameter that its name or its type means, or out.

use medley_orchestrator::{Capability, Parameter};
use serde_json::Value as Json;

use super::{
    RepairCode,
    bench::{Bench, references, whole_reference},
    bridges,
    informal::{is_in_request, is_unsettled},
    names::nearest,
    words::words,
};

/// Renames arguments whose names are near a parameter's.
pub(super) fn rename(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        let Some(capability) = bench.capability(place) else {
            continue;
        };
        for (name, json) in unknown(bench, place, capability) {
            let parameter = named(bench, place, capability, &name);
            let Some(parameter) = parameter.filter(|parameter| {
                bench.fits(place, &json, &parameter.value_type)
                    || is_unsettled(bench, place, &json)
                    || whole_reference(&json).is_some()
            }) else {
                continue;
            };
            let message = format!("`{name}` is `{}`", parameter.name);
            give(bench, place, &name, parameter, json, message);
        }
    }
}

/// Gives arguments without a parameter to one that they fit; values of later steps before those of earlier ones.
pub(super) fn place(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        let Some(capability) = bench.capability(place) else {
            continue;
        };
        let mut unknown = unknown(bench, place, capability);
        unknown.sort_by_key(|(_, json)| std::cmp::Reverse(latest(bench, json)));
        for (name, json) in unknown {
            if let Some(parameter) = home(bench, place, capability, &json) {
                let message = format!("{json}, given as `{name}`, is `{}`", parameter.name);
                give(bench, place, &name, parameter, json, message);
            }
        }
        wait_for_value(bench, place, capability);
    }
}

/// Leaves out what no parameter takes.
pub(super) fn drop_unknown(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        let Some(capability) = bench.capability(place) else {
            continue;
        };
        for (name, json) in unknown(bench, place, capability) {
            bench.draft.steps[place].args.shift_remove(&name);
            let message = format!("no parameter takes `{name}`, which was {json}");
            bench.record(RepairCode::DroppedArgument, place, message);
        }
    }
}

/// A step that only waits for another, and lacks what that one gives, takes it.
fn wait_for_value(bench: &mut Bench<'_>, place: usize, capability: &Capability) {
    for id in bench.step(place).after.clone() {
        let id = id.trim_start_matches('$').to_owned();
        let json = Json::String(format!("${id}"));
        let lacking = |parameter: &&Parameter| {
            want(bench, place, parameter, &json).is_some_and(|want| want <= Want::Unsettled)
        };
        let taken = is_taken(bench, place, capability, &id);
        let mut parameters = capability.parameters.iter();
        let parameter = parameters
            .find(|parameter| lacking(parameter) && bench.supplies(&json, &parameter.value_type));
        if let (false, Some(parameter), Some(_)) = (taken, parameter, bench.place_of(&id)) {
            let message = format!("`{}` is what `{id}` gives", parameter.name);
            bench.draft.steps[place]
                .args
                .insert(parameter.name.clone(), json);
            bench.record(RepairCode::FilledInput, place, message);
        }
    }
}

fn unknown(bench: &Bench<'_>, place: usize, capability: &Capability) -> Vec<(String, Json)> {
    let args = bench.step(place).args.iter();
    args.filter(|(name, _)| capability.parameter(name).is_none())
        .map(|(name, json)| (name.clone(), json.clone()))
        .collect()
}

fn give(
    bench: &mut Bench<'_>,
    place: usize,
    name: &str,
    parameter: &Parameter,
    json: Json,
    message: String,
) {
    let args = &mut bench.draft.steps[place].args;
    args.shift_remove(name);
    args.insert(parameter.name.clone(), json);
    bench.record(RepairCode::RenamedArgument, place, message);
}

/// The parameter without an argument that a name means: spelt nearly so, or the only one whose words it has.
fn named<'a>(
    bench: &Bench<'_>,
    place: usize,
    capability: &'a Capability,
    name: &str,
) -> Option<&'a Parameter> {
    let args = &bench.step(place).args;
    let free = || {
        let parameters = capability.parameters.iter();
        parameters.filter(|parameter| !args.contains_key(&parameter.name))
    };
    if let Some(near) = nearest(name, free().map(|parameter| parameter.name.as_str())) {
        return capability.parameter(near);
    }
    let written = words(name);
    if written.first().is_some_and(|word| word == "output") {
        return None;
    }
    let mut having = free().filter(|parameter| {
        let own = words(&parameter.name);
        own.iter().all(|word| written.contains(word))
    });
    match (having.next(), having.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The place of the last step that a value comes from.
fn latest(bench: &Bench<'_>, json: &Json) -> Option<usize> {
    let references = references(json);
    references
        .iter()
        .filter_map(|reference| bench.place_of(&reference.root))
        .max()
}

/// How much a parameter needs another value than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Want {
    /// It has none.
    Missing,
    /// It has one that does not fit, or that says nothing.
    Unsettled,
    /// It has words of several that the request does not have.
    MadeUp,
    /// It has what the value itself was made from.
    Repeated,
}

fn want(bench: &Bench<'_>, place: usize, parameter: &Parameter, value: &Json) -> Option<Want> {
    if !parameter.required {
        return None;
    }
    let Some(json) = bench.step(place).args.get(&parameter.name) else {
        return Some(Want::Missing);
    };
    if is_unsettled(bench, place, json) || !bench.fits(place, json, &parameter.value_type) {
        return Some(Want::Unsettled);
    }
    if repeats(bench, json, value) {
        return Some(Want::Repeated);
    }
    let text = json.as_str().filter(|_| references(json).is_empty())?;
    let known = bench.request_text().is_some();
    let made_up = known && words(text).len() > 1 && !is_in_request(bench, text);
    made_up.then_some(Want::MadeUp)
}

/// Whether the step that `value` comes from, or one before it, took `json` already.
fn repeats(bench: &Bench<'_>, json: &Json, value: &Json) -> bool {
    let Some(source) = latest(bench, value) else {
        return false;
    };
    let mut makers = bench.ancestors(source);
    makers.insert(source);
    let from_step = latest(bench, json).is_some_and(|other| !makers.contains(&other));
    let mut makers = makers.into_iter();
    !from_step && makers.any(|maker| bench.step(maker).args.values().any(|arg| arg == json))
}

fn is_taken(bench: &Bench<'_>, place: usize, capability: &Capability, root: &str) -> bool {
    let args = bench.step(place).args.iter();
    let mut known = args.filter(|(name, _)| capability.parameter(name).is_some());
    known.any(|(_, json)| references(json).iter().any(|each| each.root == root))
}

/// The parameter that most needs a value and takes it, else one for which it can be converted.
fn home<'a>(
    bench: &Bench<'_>,
    place: usize,
    capability: &'a Capability,
    json: &Json,
) -> Option<&'a Parameter> {
    let Some(reference) = whole_reference(json) else {
        let mut parameters = capability.parameters.iter();
        return parameters.find(|parameter| {
            parameter.required
                && !bench.step(place).args.contains_key(&parameter.name)
                && !is_unsettled(bench, place, json)
                && bench.fits(place, json, &parameter.value_type)
        });
    };
    if bench.goes_over_list(place) || is_taken(bench, place, capability, &reference.root) {
        return None;
    }
    let wanting = || {
        let parameters = capability.parameters.iter();
        parameters.filter_map(|each| Some((want(bench, place, each, json)?, each)))
    };
    let direct = wanting()
        .filter(|(_, parameter)| bench.supplies(json, &parameter.value_type))
        .min_by_key(|(want, _)| *want);
    let converted = || {
        wanting()
            .filter(|(want, _)| *want != Want::MadeUp)
            .find(|(_, parameter)| bridges::chain(bench, json, parameter).is_some())
    };
    direct.or_else(converted).map(|(_, parameter)| parameter)
}

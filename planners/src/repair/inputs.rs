//! Missing inputs: what is at hand of the type that is needed.

use medley_orchestrator::{Expression, Parameter, ValueType};
use serde_json::Value as Json;

use super::{
    RepairCode,
    bench::{Bench, suits},
    bridges::{self, vocabulary},
    informal::{is_in_request, is_unsettled},
};
use crate::embedded::arguments::{is_content, is_text};

/// Gives every required input that is missing the latest result that fits, else the attachment or the request.
pub(super) fn fill(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        let Some(capability) = bench.capability(place) else {
            continue;
        };
        if bench.goes_over_list(place) {
            continue;
        }
        for parameter in &capability.parameters {
            let given = bench.step(place).args.get(&parameter.name);
            let lacks = given.is_none_or(|json| {
                is_unsettled(bench, place, json) || describes_file(bench, json, parameter)
            });
            if !(lacks && parameter.required && takes_content(parameter)) {
                continue;
            }
            let Some(value) = at_hand(bench, place, parameter) else {
                continue;
            };
            let message = format!("`{}` is {value}", parameter.name);
            bench.draft.steps[place]
                .args
                .insert(parameter.name.clone(), value);
            bench.record(RepairCode::FilledInput, place, message);
        }
    }
}

/// Whether words that the request does not have stand where only a file can.
fn describes_file(bench: &Bench<'_>, json: &Json, parameter: &Parameter) -> bool {
    let literal = matches!(Expression::from_json(json), Ok(Expression::Literal(_)));
    let asked_for = json.as_str().is_some_and(|text| is_in_request(bench, text));
    let wanted = &parameter.value_type;
    literal && !asked_for && !is_text(wanted) && !wanted.kinds().is_empty()
}

/// Whether a parameter is what a step works on, so that a result can be meant.
fn takes_content(parameter: &Parameter) -> bool {
    vocabulary().is_some_and(|vocabulary| is_content(parameter, &vocabulary.arguments))
}

fn at_hand(bench: &Bench<'_>, place: usize, parameter: &Parameter) -> Option<Json> {
    let wanted = &parameter.value_type;
    let fresh = |json: &Json| !bench.step(place).args.values().any(|given| given == json);
    let results = || earlier(bench, place, wanted).into_iter().rev();
    let unused = results()
        .find(|&step| bench.consumers(step).is_empty())
        .map(|step| reference(&bench.step(step).id));
    if let Some(unused) = unused.filter(&fresh) {
        return Some(unused);
    }
    // Beside a file, a text mostly says what to do with it.
    let instruction = is_text(wanted) && works_on_file(bench, place);
    let latest = || results().map(|step| reference(&bench.step(step).id));
    let attached = || {
        let attachments = bench.attachments().into_iter();
        attachments
            .filter(|(.., kind)| suits(&ValueType::artifact(*kind), wanted))
            .map(|(id, ..)| reference(&id))
    };
    let request = || {
        let text = is_text(wanted) && bench.request_text().is_some();
        text.then(|| reference("request"))
    };
    if instruction {
        return request();
    }
    let mut candidates = latest().chain(attached());
    candidates
        .find(fresh)
        .or_else(request)
        .or_else(|| convertible(bench, place, parameter))
}

/// The latest result or attachment that tools can turn into what is needed.
fn convertible(bench: &Bench<'_>, place: usize, parameter: &Parameter) -> Option<Json> {
    let results = (0..place).rev().map(|step| reference(&bench.step(step).id));
    let attachments = bench.attachments().into_iter();
    results
        .chain(attachments.map(|(id, ..)| reference(&id)))
        .find(|json| bridges::chain(bench, json, parameter).is_some())
}

/// The steps before this one whose primary output is what is needed.
fn earlier(bench: &Bench<'_>, place: usize, wanted: &ValueType) -> Vec<usize> {
    (0..place)
        .filter(|&step| {
            let outputs = bench.outputs(step).unwrap_or_default();
            let primary = outputs.first();
            primary.is_some_and(|output| suits(&output.value_type, wanted))
        })
        .collect()
}

fn works_on_file(bench: &Bench<'_>, place: usize) -> bool {
    let capability = bench.capability(place);
    let parameters = capability.map_or(&[][..], |capability| &capability.parameters);
    parameters.iter().any(|parameter| {
        parameter.required && !is_text(&parameter.value_type) && takes_content(parameter)
    })
}

fn reference(id: &str) -> Json {
    Json::String(format!("${id}"))
}

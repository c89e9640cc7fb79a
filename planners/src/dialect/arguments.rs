//! Arguments in the shapes that JSON dialects give them: an object, a list of values or of names with values, text.

use serde_json::Value as Json;

use super::{
    reader::{Reader, Syntax},
    repairs::Repairs,
};

/// Arguments, with their names where they have them.
pub(super) fn of_json(json: Json, repairs: &mut Repairs) -> Vec<(Option<String>, Json)> {
    match json {
        Json::Null => Vec::new(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| (Some(name), value))
            .collect(),
        Json::Array(items) => items
            .into_iter()
            .map(|item| listed(item, repairs))
            .collect(),
        single => vec![(None, single)],
    }
}

/// An argument in a list: a value, `{"name":.., "value":..}`, or an object with one field.
fn listed(item: Json, repairs: &mut Repairs) -> (Option<String>, Json) {
    let Json::Object(mut fields) = item else {
        return (None, item);
    };
    if let Some(Json::String(name)) = fields.get("name").cloned() {
        if let Some(value) = fields.shift_remove("value") {
            return (Some(name), value);
        }
        if fields.len() == 1 {
            repairs.note("arguments with a name and no value were read as values");
            return (None, Json::String(name));
        }
    }
    if fields.len() == 1
        && let Some((name, value)) = fields.clone().into_iter().next()
    {
        return (Some(name), value);
    }
    (None, Json::Object(fields))
}

/// Arguments as JSON text; `None` where the text ends inside of them, if it may.
pub(super) fn of_text(
    text: &str,
    is_whole: bool,
    repairs: &mut Repairs,
) -> Option<Vec<(Option<String>, Json)>> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        let literal = (!text.is_empty()).then(|| (None, Json::String(text.to_owned())));
        return Some(literal.into_iter().collect());
    }
    let mut reader = Reader::new(text, 0, Syntax::Json, repairs).known_whole(is_whole);
    let value = reader.value();
    let is_cut = reader.is_cut();
    let json = value.map_or(Json::Null, |value| value.into_json(repairs));
    (!is_cut).then(|| of_json(json, repairs))
}

//! Values of plans and values of scripts, made of each other.

use std::sync::Arc;

use medley_orchestrator::{Kind, Selector, Value, ValueType, check};
use rhai::{Dynamic, Map};
use serde_json::{Map as JsonMap, Number, Value as Json};

use super::{
    failure::{Evaluated, misuse},
    handle::Handle,
    run::Made,
};

/// A value of a plan for a script; `at` stands for it, and files in it become handles below that.
pub(crate) fn to_script(value: &Value, at: &Handle) -> Evaluated<Dynamic> {
    Ok(match value {
        Value::String(text) => text.into(),
        Value::Integer(whole) => (*whole).into(),
        Value::Number(real) => (*real).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::List(items) => {
            let mut list = rhai::Array::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let part = at.part(Selector::Index(index), item.clone());
                list.push(to_script(item, &part)?);
            }
            list.into()
        }
        Value::Record(record) => {
            let mut map = Map::new();
            for (name, field) in record {
                let part = at.part(Selector::Field(name.clone()), field.clone());
                map.insert(name.as_str().into(), to_script(field, &part)?);
            }
            map.into()
        }
        Value::Artifact(artifact) if artifact.kind == Kind::Text => at.words(value)?.into(),
        Value::Artifact(_) => Dynamic::from(at.clone()),
    })
}

/// A value of JSON for a script.
pub(crate) fn from_json(json: &Json) -> Dynamic {
    match json {
        Json::Null => Dynamic::UNIT,
        Json::Bool(truth) => (*truth).into(),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or(f64::NAN).into(),
        },
        Json::String(text) => text.into(),
        Json::Array(items) => items.iter().map(from_json).collect::<rhai::Array>().into(),
        Json::Object(fields) => {
            let fields = fields.iter();
            let map: Map = fields
                .map(|(name, json)| (name.as_str().into(), from_json(json)))
                .collect();
            map.into()
        }
    }
}

/// A value of a plan that scripts were given, without files.
pub(crate) fn from_value(value: &Value) -> Dynamic {
    from_json(&value.to_json())
}

/// What a script's value is in a plan, with the steps that it takes something from.
pub(crate) fn to_plan(value: &Dynamic, needs: &mut Vec<Arc<Made>>) -> Evaluated<Json> {
    let value = value.flatten_clone();
    if let Some(handle) = value.read_lock::<Handle>() {
        needs.extend(handle.step().cloned());
        return Ok(handle.reference());
    }
    if value.is_unit() {
        return Ok(Json::Null);
    }
    if let Ok(truth) = value.as_bool() {
        return Ok(truth.into());
    }
    if let Ok(whole) = value.as_int() {
        return Ok(whole.into());
    }
    if let Ok(real) = value.as_float() {
        let number = Number::from_f64(real);
        return number
            .map(Json::Number)
            .ok_or_else(|| misuse(format!("{real} cannot be passed to a tool")));
    }
    if let Ok(character) = value.as_char() {
        return Ok(escaped(&character.to_string()));
    }
    if let Ok(text) = value.as_immutable_string_ref() {
        return Ok(escaped(&text));
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().map(|item| to_plan(item, needs));
        return Ok(Json::Array(items.collect::<Evaluated<_>>()?));
    }
    if let Ok(fields) = value.as_map_ref() {
        let mut object = JsonMap::new();
        for (name, field) in fields.iter() {
            if name.starts_with('$') {
                return Err(misuse(format!("`{name}` is no name for a field")));
            }
            let json = to_plan(field, needs)?;
            if !json.is_null() {
                object.insert(name.to_string(), json);
            }
        }
        return Ok(object.into());
    }
    Err(misuse(format!(
        "a {} cannot be passed to a tool",
        value.type_name()
    )))
}

/// Text that is meant as it is: nothing in it refers to anything.
fn escaped(text: &str) -> Json {
    Json::String(text.replace('$', "$$"))
}

/// Why a script's value cannot be what `wanted` says, as far as that is known without waiting.
pub(crate) fn unfit(value: &Dynamic, wanted: &ValueType) -> Evaluated<Option<String>> {
    let value = value.flatten_clone();
    if let Some(handle) = value.read_lock::<Handle>() {
        let fits = handle.may_fit(wanted);
        return Ok((!fits).then(|| format!("expected {wanted}, got {}", handle.told())));
    }
    if holds_handle(&value) {
        return Ok(None);
    }
    let json = match to_plan(&value, &mut Vec::new())? {
        // What is meant as it is was escaped.
        Json::String(text) => Json::String(text.replace("$$", "$")),
        json => json,
    };
    Ok(match (wanted, Value::from_json(json)) {
        // Found places and tables may be written down; pictures and sounds may not.
        (
            ValueType::Artifact {
                kind: Kind::Regions | Kind::Json | Kind::Table,
            },
            Ok(Value::List(_) | Value::Record(_)),
        ) => None,
        (_, Ok(value)) => check(&value, wanted).err().map(|error| error.to_string()),
        (_, Err(error)) => Some(error.to_string()),
    })
}

fn holds_handle(value: &Dynamic) -> bool {
    if let Ok(items) = value.as_array_ref() {
        return items
            .iter()
            .any(|item| item.is::<Handle>() || holds_handle(item));
    }
    if let Ok(fields) = value.as_map_ref() {
        return fields
            .values()
            .any(|field| field.is::<Handle>() || holds_handle(field));
    }
    false
}

/// The same value with everything in it read.
pub(crate) fn settled(value: &Dynamic) -> Evaluated<Dynamic> {
    let value = value.flatten_clone();
    if let Some(handle) = value.read_lock::<Handle>() {
        return handle.read();
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().map(settled);
        return Ok(items.collect::<Evaluated<rhai::Array>>()?.into());
    }
    if let Ok(fields) = value.as_map_ref() {
        let fields = fields.iter();
        let map = fields.map(|(name, field)| Ok((name.clone(), settled(field)?)));
        return Ok(map.collect::<Evaluated<Map>>()?.into());
    }
    Ok(value)
}

/// The same value as the script's own all through; pictures and sounds in it stay handles.
pub(crate) fn plain(value: &Dynamic) -> Evaluated<Dynamic> {
    let value = value.flatten_clone();
    if let Some(handle) = value.read_lock::<Handle>() {
        return handle.plain();
    }
    Ok(value)
}

//! Values of plans and values of scripts, made of each other.

use std::sync::Arc;

use medley_orchestrator::{Kind, Selector, Value, ValueType, check};
use rhai::{Dynamic, Map};
use serde_json::{Map as JsonMap, Number, Value as Json};

use super::{
    failure::{Evaluated, Failure, misuse},
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

/// How deep lists and maps may lie in each other where they leave the script.
const DEPTH: usize = 64;

/// What a script's value is in a plan, with the steps that it takes something from.
pub(crate) fn to_plan(value: &Dynamic, needs: &mut Vec<Arc<Made>>) -> Evaluated<Json> {
    let mut writer = Writer {
        words: escaped,
        handle: |handle: &Handle| {
            needs.extend(handle.step().cloned());
            Ok(handle.reference())
        },
    };
    writer.write(value)
}

/// Text that is meant as it is in a plan: nothing in it refers to anything.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// What a script's value says, in which `handle` says what handles stand for. Words are as they are.
fn to_json(value: &Dynamic, handle: impl FnMut(&Handle) -> Evaluated<Json>) -> Evaluated<Json> {
    let words = str::to_owned;
    Writer { words, handle }.write(value)
}

/// Writes values of scripts as JSON.
struct Writer<F> {
    /// What is written for words.
    words: fn(&str) -> String,
    /// What is written for what handles stand for.
    handle: F,
}

impl<F: FnMut(&Handle) -> Evaluated<Json>> Writer<F> {
    fn write(&mut self, value: &Dynamic) -> Evaluated<Json> {
        self.write_at(&value.flatten_clone(), 0)
    }

    fn write_at(&mut self, value: &Dynamic, depth: usize) -> Evaluated<Json> {
        if depth > DEPTH {
            return Err(misuse(format!(
                "lists and maps lie more than {DEPTH} deep in each other"
            )));
        }
        if let Some(handle) = value.read_lock::<Handle>() {
            return (self.handle)(&handle);
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
                .ok_or_else(|| misuse(format!("{real} cannot leave a script")));
        }
        if let Ok(character) = value.as_char() {
            return Ok((self.words)(character.encode_utf8(&mut [0; 4])).into());
        }
        if let Ok(text) = value.as_immutable_string_ref() {
            return Ok((self.words)(&text).into());
        }
        if let Ok(items) = value.as_array_ref() {
            let items = items.iter().map(|item| self.write_at(item, depth + 1));
            return items.collect();
        }
        if let Ok(fields) = value.as_map_ref() {
            return self.write_fields(&fields, depth);
        }
        Err(misuse(format!(
            "a {} cannot leave a script",
            value.type_name()
        )))
    }

    fn write_fields(&mut self, fields: &Map, depth: usize) -> Evaluated<Json> {
        let mut object = JsonMap::new();
        for (name, field) in fields {
            if name.starts_with('$') {
                return Err(misuse(format!("`{name}` is no name for a field")));
            }
            let json = self.write_at(field, depth + 1)?;
            if !json.is_null() {
                object.insert(name.to_string(), json);
            }
        }
        Ok(object.into())
    }
}

/// What a value says as text: plain words, numbers as plans print them, lists and maps as JSON.
pub(crate) fn text_of(value: &Dynamic) -> Evaluated<String> {
    let value = settled(value)?;
    if let Some(handle) = value.read_lock::<Handle>() {
        return handle.text();
    }
    if value.is_array() || value.is_map() {
        let mut json = to_json(&value, |handle| handle.text().map(Json::String))?;
        shorten(&mut json);
        return Ok(json.to_string());
    }
    if let Some(failure) = value.read_lock::<Failure>() {
        return Ok(failure.to_string());
    }
    Ok(match value.as_float() {
        Ok(real) => Value::Number(real).to_string(),
        Err(_) => value.to_string(),
    })
}

/// A part of an answer: a handle is not waited for, a map is shown as what it is, nothing is left out.
pub(crate) fn to_answer(value: &Dynamic) -> Evaluated<Option<Json>> {
    let value = value.flatten_clone();
    if value.is_map() {
        let mut json = to_json(&settled(&value)?, |handle| handle.text().map(Json::String))?;
        shorten(&mut json);
        return Ok(Some(escaped(&format!("{json:#}")).into()));
    }
    let json = to_plan(&value, &mut Vec::new())?;
    Ok((!json.is_null()).then_some(json))
}

/// Writes whole numbers without a point, as plans do.
fn shorten(json: &mut Json) {
    match json {
        Json::Number(number) => {
            let whole = |real: f64| Value::Number(real).to_string().parse::<i64>().ok();
            if let Some(whole) = number.as_f64().and_then(whole) {
                *number = whole.into();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(shorten),
        Json::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
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
    let json = to_json(&value, |_| Ok(Json::Null))?;
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
    let mut found = false;
    // What cannot leave the script is told by whoever sends it off.
    let _ = to_json(value, |_| {
        found = true;
        Ok(Json::Null)
    });
    found
}

/// The same value with everything in it read.
pub(crate) fn settled(value: &Dynamic) -> Evaluated<Dynamic> {
    settled_at(&value.flatten_clone(), 0)
}

fn settled_at(value: &Dynamic, depth: usize) -> Evaluated<Dynamic> {
    if depth > DEPTH {
        return Ok(value.clone());
    }
    if let Some(handle) = value.read_lock::<Handle>() {
        return handle.read();
    }
    if let Ok(items) = value.as_array_ref() {
        let items = items.iter().map(|item| settled_at(item, depth + 1));
        return Ok(items.collect::<Evaluated<rhai::Array>>()?.into());
    }
    if let Ok(fields) = value.as_map_ref() {
        let fields = fields.iter();
        let map = fields.map(|(name, field)| Ok((name.clone(), settled_at(field, depth + 1)?)));
        return Ok(map.collect::<Evaluated<Map>>()?.into());
    }
    Ok(value.clone())
}

/// The same value as the script's own all through; pictures and sounds in it stay handles.
pub(crate) fn plain(value: &Dynamic) -> Evaluated<Dynamic> {
    let value = value.flatten_clone();
    if let Some(handle) = value.read_lock::<Handle>() {
        return handle.plain();
    }
    Ok(value)
}

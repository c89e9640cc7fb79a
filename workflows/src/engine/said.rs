//! What a script says and asks: `emit`, `progress`, `print`, `text`, `chat` and `ask`.

use std::{any::TypeId, collections::BTreeMap, sync::Arc};

use medley_orchestrator::{Capability, Value};
use rhai::{Array, Dynamic, Engine, ImmutableString, Map, NativeCallContext};
use serde_json::Value as Json;

use super::{
    failure::{Evaluated, Failure},
    handle::Handle,
    run::Run,
    tools::{call_tool, not_running},
    values::{settled, to_plan},
};

/// The capability behind `chat`.
pub(crate) const CHAT: &str = "text_generation";

/// The capability behind `ask`.
pub(crate) const ASK: &str = "ask";

pub(super) fn register(
    engine: &mut Engine,
    capabilities: &BTreeMap<String, Arc<Capability>>,
    run: Option<&Arc<Run>>,
) {
    let any = TypeId::of::<Dynamic>();
    let said = run.cloned();
    engine.register_raw_fn("emit", [any], move |_, arguments| {
        let run = said.as_ref().ok_or_else(|| not_running("emit"))?;
        emit(run, arguments[0])?;
        Ok(Dynamic::UNIT)
    });
    let said = run.cloned();
    engine.register_raw_fn("progress", [any], move |context, arguments| {
        let run = said.as_ref().ok_or_else(|| not_running("progress"))?;
        run.say(text(&context, arguments[0])?);
        Ok(Dynamic::UNIT)
    });
    engine.register_raw_fn("text", [any], move |context, arguments| {
        text(&context, arguments[0]).map(Dynamic::from)
    });
    if let Some(run) = run {
        let said = Arc::clone(run);
        engine.on_print(move |line| said.say(line));
        let said = Arc::clone(run);
        engine.on_debug(move |line, _, _| said.say(line));
    }
    let model = capabilities.get(CHAT).cloned();
    let asked = run.cloned();
    engine.register_raw_fn("chat", [any], move |context, arguments| {
        let run = asked.as_ref().ok_or_else(|| not_running("chat"))?;
        let model = model.as_ref().ok_or_else(|| {
            Failure::new(
                "no_model",
                "no language model is configured, and `chat` needs one",
                Some("name one with `--model`, or in the configuration under [llm]"),
            )
        })?;
        let words = model.parameters.iter().find(|each| each.required);
        let name = words.map_or("prompt", |each| each.name.as_str());
        ask_with(
            run,
            &context,
            model,
            vec![(name.to_owned(), arguments[0].clone())],
        )
    });
    let planner = capabilities.get(ASK).cloned();
    for arity in 1..=2 {
        let planner = planner.clone();
        let asked = run.cloned();
        engine.register_raw_fn("ask", vec![any; arity], move |context, arguments| {
            let run = asked.as_ref().ok_or_else(|| not_running("ask"))?;
            let planner = planner
                .as_ref()
                .ok_or_else(|| Failure::new("no_planner", "there is nobody here to ask", None))?;
            let mut given = vec![("request".to_owned(), arguments[0].clone())];
            if let Some(files) = arguments.get(1) {
                let files = match files.is_array() {
                    true => (*files).clone(),
                    false => Dynamic::from(vec![(*files).clone()]),
                };
                given.push(("files".to_owned(), files));
            }
            ask_with(run, &context, planner, given)
        });
    }
}

fn ask_with(
    run: &Arc<Run>,
    context: &NativeCallContext<'_>,
    capability: &Arc<Capability>,
    given: Vec<(String, Dynamic)>,
) -> Evaluated<Dynamic> {
    let module = run.texts.module(context.call_source());
    call_tool(run, capability, given, module, context.call_position()).map(Dynamic::from)
}

/// Keeps a value as the next part of the answer; a handle is not waited for.
fn emit(run: &Run, value: &Dynamic) -> Evaluated<()> {
    let value = value.flatten_clone();
    if let Ok(items) = value.as_array_ref() {
        for item in items.iter() {
            emit(run, item)?;
        }
        return Ok(());
    }
    if value.is_unit() {
        return Ok(());
    }
    let json = match value.is::<Handle>() {
        true => to_plan(&value, &mut Vec::new())?,
        false => match to_plan(&settled(&value)?, &mut Vec::new())? {
            // A map is shown as what it is.
            Json::Object(fields) => {
                let shown = serde_json::to_string_pretty(&fields).unwrap_or_default();
                Json::String(shown)
            }
            other => other,
        },
    };
    run.emit(json);
    Ok(())
}

/// Writes whole numbers without a point, as plans do.
fn shorten(json: &mut Json) {
    match json {
        Json::Number(number) => {
            if let Some(whole) = number.as_f64().and_then(whole) {
                *number = whole.into();
            }
        }
        Json::Array(items) => items.iter_mut().for_each(shorten),
        Json::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

fn whole(real: f64) -> Option<i64> {
    Value::Number(real).to_string().parse().ok()
}

/// What a value says as text, with everything in it read.
fn text(context: &NativeCallContext<'_>, value: &Dynamic) -> Evaluated<ImmutableString> {
    if let Some(handle) = value.read_lock::<Handle>() {
        return handle.text().map(Into::into);
    }
    let mut read = settled(value)?;
    if read.is_string() {
        return Ok(read.into_immutable_string().unwrap_or_default());
    }
    if read.is::<Array>() || read.is::<Map>() {
        let json = to_plan(&read, &mut Vec::new());
        if let Ok(mut json) = json {
            shorten(&mut json);
            return Ok(json.to_string().replace("$$", "$").into());
        }
    }
    if let Ok(real) = read.as_float() {
        return Ok(Value::Number(real).to_string().into());
    }
    let said = context.call_native_fn_raw("to_string", true, &mut [&mut read])?;
    Ok(said.into_immutable_string().unwrap_or_default())
}

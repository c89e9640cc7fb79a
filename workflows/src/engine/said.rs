//! What a script says and asks: `emit`, `progress`, `print`, `text`, `chat` and `ask`.

use std::{any::TypeId, collections::BTreeMap, sync::Arc};

use medley_orchestrator::Capability;
use rhai::{Dynamic, Engine, NativeCallContext};

use super::{
    failure::{Evaluated, Failure},
    run::Run,
    tools::{call_tool, not_running},
    values::{text_of, to_answer},
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
    engine.register_raw_fn("progress", [any], move |_, arguments| {
        let run = said.as_ref().ok_or_else(|| not_running("progress"))?;
        run.say(&text_of(arguments[0])?)?;
        Ok(Dynamic::UNIT)
    });
    engine.register_raw_fn("text", [any], |_, arguments| {
        text_of(arguments[0]).map(Dynamic::from)
    });
    if let Some(run) = run {
        let said = Arc::clone(run);
        // What is too much is noticed at the next operation.
        engine.on_print(move |line| drop(said.say(line)));
        let said = Arc::clone(run);
        engine.on_debug(move |line, _, _| drop(said.say(line)));
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
        return items.iter().try_for_each(|item| emit(run, item));
    }
    match to_answer(&value)? {
        Some(part) => run.emit(part),
        None => Ok(()),
    }
}

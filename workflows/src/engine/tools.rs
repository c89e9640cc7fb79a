//! Every tool as a function: required arguments by position, or all by name.

use std::{any::TypeId, sync::Arc};

use medley_orchestrator::Capability;
use rhai::{Dynamic, Engine, Map, NativeCallContext, Position};
use serde_json::Map as JsonMap;

use super::{
    failure::{Evaluated, Failure},
    handle::Handle,
    run::{Call, Made, Run},
    values::{self, to_plan},
};
use crate::arguments::{self, by_position, is_named};

/// Adds a tool; without a run, so that scripts can be checked and described.
pub(crate) fn register(engine: &mut Engine, capability: &Arc<Capability>, run: Option<&Arc<Run>>) {
    for arity in arguments::arities(capability) {
        let types = vec![TypeId::of::<Dynamic>(); arity];
        let name = capability.name.clone();
        let capability = Arc::clone(capability);
        let run = run.cloned();
        let call = move |context: NativeCallContext<'_>, arguments: &mut [&mut Dynamic]| {
            let Some(run) = &run else {
                return Err(not_running(&capability.name));
            };
            let given: Vec<Dynamic> = arguments.iter_mut().map(|each| each.clone()).collect();
            let named = name_arguments(&capability, given)?;
            let module = run.texts.module(context.call_source());
            call_tool(run, &capability, named, module, context.call_position()).map(Dynamic::from)
        };
        engine.register_raw_fn(name.as_str(), types, call);
    }
}

pub(crate) fn not_running(name: &str) -> Box<rhai::EvalAltResult> {
    Failure::new(
        "not_running",
        format!("{name} is only described here"),
        None,
    )
    .into()
}

/// Finds out which argument is meant for which parameter.
fn name_arguments(
    capability: &Capability,
    mut given: Vec<Dynamic>,
) -> Evaluated<Vec<(String, Dynamic)>> {
    if let [only] = &mut *given
        && let Ok(map) = only.as_map_ref().map(|map| map.clone())
        && is_named(capability, map.keys().map(|key| key.as_str()))
    {
        return Ok(named(map));
    }
    let parameters = by_position(capability).map(|parameter| parameter.name.clone());
    Ok(parameters.zip(given).collect())
}

fn named(map: Map) -> Vec<(String, Dynamic)> {
    let fields = map.into_iter();
    fields
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

/// Checks a call, and makes a step of it.
pub(crate) fn call_tool(
    run: &Arc<Run>,
    capability: &Arc<Capability>,
    given: Vec<(String, Dynamic)>,
    module: String,
    position: Position,
) -> Evaluated<Handle> {
    let mut needs: Vec<Arc<Made>> = Vec::new();
    let mut taken = JsonMap::new();
    for (name, value) in given {
        let parameter = arguments::parameter(capability, &name).map_err(Failure::from)?;
        if value.is_unit() {
            continue;
        }
        if let Some(why) = values::unfit(&value, &parameter.value_type)? {
            return Err(Failure::from(arguments::misfit(capability, &name, &why)).into());
        }
        taken.insert(name, to_plan(&value, &mut needs)?);
    }
    if let Some(missing) = arguments::missing(capability, |name| taken.contains_key(name)) {
        return Err(Failure::from(missing).into());
    }
    run.call(Call {
        capability: Arc::clone(capability),
        arguments: taken,
        needs,
        module,
        position,
    })
}

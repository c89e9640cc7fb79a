//! Every tool as a function: required arguments by position, or all by name.

use std::{any::TypeId, sync::Arc};

use medley_orchestrator::{Capability, Parameter, ValueType};
use rhai::{Dynamic, Engine, Map, NativeCallContext, Position};
use serde_json::Map as JsonMap;

use super::{
    failure::{Evaluated, Failure},
    handle::Handle,
    run::{Call, Made, Run},
    values::{to_plan, unfit},
};

/// The most arguments that can be given by position.
pub(crate) const BY_POSITION: usize = 8;

/// Adds a tool; without a run, so that scripts can be checked and described.
pub(crate) fn register(engine: &mut Engine, capability: &Arc<Capability>, run: Option<&Arc<Run>>) {
    for arity in arities(capability) {
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

/// With how many arguments a tool can be called: one, which may be the map of all, up to all that are required and
/// one optional after the other.
pub(crate) fn arities(capability: &Capability) -> std::ops::RangeInclusive<usize> {
    let most = capability.parameters.len().clamp(1, BY_POSITION);
    let least = usize::from(capability.parameters.iter().any(|each| each.required));
    least..=most
}

pub(crate) fn not_running(name: &str) -> Box<rhai::EvalAltResult> {
    Failure::new(
        "not_running",
        format!("{name} is only described here"),
        None,
    )
    .into()
}

/// Parameters in the order in which they are given by position: what is required first.
pub(crate) fn by_position(capability: &Capability) -> impl Iterator<Item = &Parameter> {
    let required = capability.parameters.iter().filter(|each| each.required);
    let optional = capability.parameters.iter().filter(|each| !each.required);
    required.chain(optional)
}

/// Whether a single map is all arguments by name, rather than the first of them.
pub(crate) fn is_named<'a>(
    capability: &Capability,
    mut keys: impl Iterator<Item = &'a str>,
) -> bool {
    let takes_maps = by_position(capability).next().is_some_and(|first| {
        matches!(
            first.value_type,
            ValueType::Any
                | ValueType::Record { .. }
                | ValueType::Box
                | ValueType::OneOf { .. }
                | ValueType::Artifact { .. }
        )
    });
    !takes_maps || keys.any(|key| capability.parameter(key).is_some())
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
    let mut arguments = JsonMap::new();
    for (name, value) in given {
        let Some(parameter) = capability.parameter(&name) else {
            return Err(unknown_parameter(capability, &name).into());
        };
        if value.is_unit() {
            continue;
        }
        if let Some(wrong) = unfit(&value, &parameter.value_type)? {
            let message = format!("`{name}` of {}: {wrong}", capability.name);
            return Err(Failure::new("bad_argument", message, None).into());
        }
        arguments.insert(name, to_plan(&value, &mut needs)?);
    }
    let missing: Vec<&str> = capability
        .parameters
        .iter()
        .filter(|each| each.required && !arguments.contains_key(&each.name))
        .map(|each| each.name.as_str())
        .collect();
    if !missing.is_empty() {
        let message = format!("{} needs `{}`", capability.name, missing.join("` and `"));
        return Err(Failure::new("missing_argument", message, None).into());
    }
    run.call(Call {
        capability: Arc::clone(capability),
        arguments,
        needs,
        module,
        position,
    })
}

fn unknown_parameter(capability: &Capability, name: &str) -> Failure {
    let names: Vec<&str> = capability
        .parameters
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    let message = format!("{} has no parameter `{name}`", capability.name);
    let hint = format!("it has {}", names.join(", "));
    Failure::new("unknown_parameter", message, Some(&hint))
}

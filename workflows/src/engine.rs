//! The engine that runs scripts: Rhai, with every tool as a function, within limits.

mod failure;
mod flow;
mod handle;
mod operators;
mod run;
mod said;
mod strand;
mod strings;
pub(crate) mod tools;
mod values;

use std::{collections::BTreeMap, sync::Arc};

use medley_orchestrator::Capability;
use rhai::{Dynamic, Engine, OptimizationLevel};

pub(crate) use self::{
    failure::{Failure, Stop},
    handle::Handle,
    run::{Run, callable},
    said::CHAT,
    strand::Strand,
    values::to_answer,
};
use crate::{limits::ScriptLimits, script::Texts};

/// What scripts know besides tools; a script may not define functions of these names.
pub(crate) const BUILT_IN: [&str; 9] = [
    "ask", "chat", "emit", "map", "parallel", "progress", "text", "wait", "print",
];

/// An engine that reads scripts: it knows what they may call, and runs nothing.
pub(crate) fn reader(
    limits: &ScriptLimits,
    capabilities: &BTreeMap<String, Arc<Capability>>,
) -> Engine {
    let mut engine = bare(limits);
    register(&mut engine, capabilities, None);
    engine
}

/// An engine that runs a script.
pub(crate) fn runner(
    run: &Arc<Run>,
    capabilities: &BTreeMap<String, Arc<Capability>>,
    texts: &Arc<Texts>,
    names: BTreeMap<&'static str, Dynamic>,
) -> Engine {
    let mut engine = bare(&run.limits);
    let counting = Arc::clone(run);
    engine.on_progress(move |_| counting.count().map(Dynamic::from));
    engine.set_module_resolver(Arc::clone(texts).resolver());
    know_names(&mut engine, names);
    register(&mut engine, capabilities, Some(run));
    engine
}

/// Lets functions and modules know what every script knows, as the script itself does.
#[expect(
    deprecated,
    reason = "the engine marks what may change between releases so; ours is pinned"
)]
fn know_names(engine: &mut Engine, names: BTreeMap<&'static str, Dynamic>) {
    engine.on_var(move |name, offset, _| {
        // What has a place of its own is a variable of the script's.
        Ok(names.get(name).filter(|_| offset == 0).cloned())
    });
}

fn bare(limits: &ScriptLimits) -> Engine {
    let mut engine = Engine::new();
    engine
        .set_max_call_levels(limits.calls)
        .set_max_variables(limits.variables)
        .set_max_string_size(limits.text)
        .set_max_array_size(limits.array)
        .set_max_map_size(limits.map)
        .set_max_expr_depths(64, 32)
        .set_max_modules(32)
        .set_max_functions(1_000)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        // What is called, and how often, is part of what a script means.
        .set_optimization_level(OptimizationLevel::None)
        .disable_symbol("eval");
    engine
}

fn register(
    engine: &mut Engine,
    capabilities: &BTreeMap<String, Arc<Capability>>,
    run: Option<&Arc<Run>>,
) {
    operators::register(engine);
    flow::register(engine, run);
    said::register(engine, capabilities, run);
    strings::register(engine);
    let tools = capabilities.values();
    for capability in tools.filter(|tool| !BUILT_IN.contains(&tool.name.as_str())) {
        tools::register(engine, capability, run);
    }
}

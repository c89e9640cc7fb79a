//! Which step comes before which: cycles are broken, forward references sorted, and needless waits left out.

use std::collections::BTreeSet;

use medley_orchestrator::Parameter;

use super::{
    RepairCode,
    bench::{Bench, references, whole_reference},
};

/// Breaks every cycle at the edge that least speaks for.
pub(super) fn break_cycles(bench: &mut Bench<'_>) {
    while let Some((source, target)) = weakest_edge(bench) {
        let id = bench.step(source).id.clone();
        let step = &mut bench.draft.steps[target];
        let takes = |json: &serde_json::Value| references(json).iter().any(|each| each.root == id);
        let arguments = step.args.len();
        step.args.retain(|_, json| !takes(json));
        let waits = step.after.len();
        step.after.retain(|name| name.trim_start_matches('$') != id);
        step.when = step
            .when
            .take()
            .filter(|when| !(takes(&when.value) || when.to.as_ref().is_some_and(takes)));
        step.for_each = step.for_each.take().filter(|list| !takes(list));
        debug_assert!(step.args.len() <= arguments && step.after.len() <= waits);
        bench.record(
            RepairCode::BrokenCycle,
            target,
            format!("it does not wait for `{id}`, which waits for it"),
        );
    }
}

/// Of the edges on cycles, the one to give up: without a fit of types first, then one that points back in the list.
fn weakest_edge(bench: &Bench<'_>) -> Option<(usize, usize)> {
    let ancestors: Vec<BTreeSet<usize>> = (0..bench.len())
        .map(|place| bench.ancestors(place))
        .collect();
    (0..bench.len())
        .filter(|&target| ancestors[target].contains(&target))
        .flat_map(|target| {
            let sources = bench.sources(target).into_iter();
            sources.map(move |source| (source, target))
        })
        .filter(|(source, target)| source == target || ancestors[*source].contains(target))
        .min_by_key(|&(source, target)| {
            let forward = source < target;
            (is_supported(bench, source, target), forward, target, source)
        })
}

/// Whether the types say that a step takes what another gives.
fn is_supported(bench: &Bench<'_>, source: usize, target: usize) -> bool {
    let id = bench.step(source).id.as_str();
    let Some(capability) = bench.capability(target) else {
        return false;
    };
    bench.step(target).args.iter().any(|(name, json)| {
        let taken = whole_reference(json).is_some_and(|each| each.root == id);
        let supplies = |parameter: &Parameter| bench.supplies(json, &parameter.value_type);
        let named = capability.parameter(name);
        let fits = match named {
            Some(parameter) => supplies(parameter),
            None => capability.parameters.iter().any(supplies),
        };
        taken && fits
    })
}

/// Puts steps behind those that they wait for; steps that need not move keep their order.
pub(super) fn sort(bench: &mut Bench<'_>) {
    let sources: Vec<BTreeSet<usize>> =
        (0..bench.len()).map(|place| bench.sources(place)).collect();
    let forward = |place: usize| sources[place].iter().any(|&source| source > place);
    let Some(first) = (0..bench.len()).find(|&place| forward(place)) else {
        return;
    };
    let mut order: Vec<usize> = Vec::with_capacity(bench.len());
    let mut placed = BTreeSet::new();
    while let Some(next) =
        (0..bench.len()).find(|place| !placed.contains(place) && sources[*place].is_subset(&placed))
    {
        placed.insert(next);
        order.push(next);
    }
    if order.len() < bench.len() {
        return;
    }
    let message = "the steps that it waits for come first now".to_owned();
    bench.record(RepairCode::Sorted, first, message);
    let steps = std::mem::take(&mut bench.draft.steps);
    bench.draft.steps = order.iter().map(|&place| steps[place].clone()).collect();
}

/// Leaves out waits for what is not there, and for steps that a step waits for anyway.
pub(super) fn drop_waits(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        for id in bench.step(place).after.clone() {
            let source = bench.place_of(id.trim_start_matches('$'));
            if source.is_some_and(|source| !waits_anyway(bench, place, source, &id)) {
                continue;
            }
            bench.draft.steps[place].after.retain(|each| *each != id);
            let why = match source {
                Some(_) => "it waits for it anyway",
                None => "there is no such step",
            };
            let message = format!("`after` does not name `{id}`: {why}");
            bench.record(RepairCode::DroppedWait, place, message);
        }
    }
}

/// Whether a step would wait for `source` without the entry `id` of its `after`.
fn waits_anyway(bench: &Bench<'_>, place: usize, source: usize, id: &str) -> bool {
    let mut without = bench.step(place).clone();
    without.after.retain(|each| each != id);
    let direct: BTreeSet<usize> = super::bench::roots(&without)
        .iter()
        .filter_map(|root| bench.place_of(root))
        .collect();
    let mut further = direct.iter().map(|&each| bench.ancestors(each));
    direct.contains(&source) || further.any(|ancestors| ancestors.contains(&source))
}

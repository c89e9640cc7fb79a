//! Steps without a name get one, and of steps that say the same one is kept.

use medley_orchestrator::{Determinism, DraftStep, Effects};
use serde_json::Value as Json;

use super::{RepairCode, bench::Bench};

/// Gives every step without an id one that is free.
pub(super) fn name_steps(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        if bench.step(place).id.is_empty() {
            let id = bench.fresh_id();
            bench.draft.steps[place].id = id;
            bench.record(RepairCode::NamedStep, place, "it had no id".to_owned());
        }
    }
}

/// Merges steps that make the same of the same.
pub(super) fn merge(bench: &mut Bench<'_>) {
    let mut later = 1;
    while later < bench.len() {
        let same = (0..later).find(|&earlier| are_one(bench, earlier, later));
        match same {
            Some(earlier) => take_out(bench, earlier, later),
            None => later += 1,
        }
    }
}

fn are_one(bench: &Bench<'_>, earlier: usize, later: usize) -> bool {
    let (one, other) = (bench.step(earlier), bench.step(later));
    let named = |step: &DraftStep| DraftStep {
        id: String::new(),
        why: None,
        ..step.clone()
    };
    let repeatable = one.id == other.id || makes_the_same_again(bench, one);
    repeatable && named(one) == named(other)
}

/// Whether two calls of a step's tool give one result, and do nothing else.
fn makes_the_same_again(bench: &Bench<'_>, step: &DraftStep) -> bool {
    let Some(entry) = bench.registry.get(&step.tool) else {
        return false;
    };
    let mut profiles = entry.providers.iter().map(|provider| provider.profile());
    profiles.all(|profile| {
        profile.effects == Effects::Pure && profile.determinism == Determinism::Deterministic
    })
}

fn take_out(bench: &mut Bench<'_>, earlier: usize, later: usize) {
    let kept = bench.step(earlier).id.clone();
    let gone = bench.draft.steps.remove(later).id;
    bench.record(
        RepairCode::MergedSteps,
        earlier,
        format!("`{gone}` says the same"),
    );
    if kept == gone {
        return;
    }
    for step in &mut bench.draft.steps {
        let condition = step.when.iter_mut();
        let condition =
            condition.flat_map(|when| std::iter::once(&mut when.value).chain(&mut when.to));
        let written = step.args.values_mut();
        for json in written.chain(&mut step.for_each).chain(condition) {
            redirect(json, &gone, &kept);
        }
        for id in &mut step.after {
            if id.trim_start_matches('$') == gone {
                id.clone_from(&kept);
            }
        }
        step.after.dedup();
    }
    for json in bench.draft.answer.iter_mut().flatten() {
        redirect(json, &gone, &kept);
    }
}

/// Makes references to `from` references to `to`.
fn redirect(json: &mut Json, from: &str, to: &str) {
    match json {
        Json::String(text) => *text = redirected(text, from, to),
        Json::Array(items) => items.iter_mut().for_each(|item| redirect(item, from, to)),
        Json::Object(fields) => fields
            .values_mut()
            .for_each(|field| redirect(field, from, to)),
        _ => {}
    }
}

fn redirected(text: &str, from: &str, to: &str) -> String {
    let ends = |rest: &str| {
        let next = rest.chars().next();
        next.is_none_or(|next| !(next.is_ascii_alphanumeric() || next == '_'))
    };
    if let Some(rest) = text
        .strip_prefix('$')
        .and_then(|behind| behind.strip_prefix(from))
        .filter(|rest| ends(rest))
    {
        return format!("${to}{rest}");
    }
    let opening = format!("${{{from}");
    let mut pieces = text.split(opening.as_str());
    let mut changed = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let id = if ends(piece) { to } else { from };
        changed.push_str("${");
        changed.push_str(id);
        changed.push_str(piece);
    }
    changed
}

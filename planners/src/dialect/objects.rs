//! From the JSON that was found to a draft: which of several plans counts, and who reads it.

use serde_json::Value as Json;

use super::{
    Dialect, Reading,
    drafting::Drafting,
    find::{Candidate, Search, Shape},
    hugging_gpt,
    own::OwnSteps,
    react, task_bench, tool_calls,
};

/// Reads the plan among the candidates, if there is one.
pub(super) fn read(search: Search, mut drafting: Drafting<'_>) -> Option<Reading> {
    let Some((shape, chosen)) = choose(search.candidates, &mut drafting) else {
        return search.ends_open.then(|| cut(drafting));
    };
    drafting.is_cut = chosen.iter().any(|candidate| candidate.is_cut);
    drafting.is_cut |= search.ends_open && !shape.is_whole_plan();
    let objects = chosen.into_iter().flat_map(|candidate| candidate.objects);
    add(shape, objects.collect(), &mut drafting);
    Some(drafting.finish(match shape {
        Shape::Plan => Dialect::Json,
        Shape::Graph => Dialect::TaskBench,
        Shape::Step | Shape::Answer => Dialect::JsonLines,
        Shape::Task => Dialect::HuggingGpt,
        Shape::Call => Dialect::ToolCalls,
        Shape::Action => Dialect::ReAct,
    }))
}

/// Nothing of a plan is complete.
fn cut(mut drafting: Drafting<'_>) -> Reading {
    drafting.is_cut = true;
    drafting.malformed(
        "the text ends before there is a step",
        "let the model write more",
    );
    drafting.finish(Dialect::Unknown)
}

/// Adds what objects of one shape say.
pub(super) fn add(shape: Shape, objects: Vec<Json>, drafting: &mut Drafting<'_>) {
    let mut own = OwnSteps::default();
    for object in objects {
        match shape {
            Shape::Plan => own.plan(object, drafting),
            Shape::Graph => task_bench::graph(object, drafting),
            Shape::Step | Shape::Answer => {
                own.line(object, drafting);
            }
            Shape::Task => hugging_gpt::task(object, drafting),
            Shape::Call => tool_calls::call(object, drafting),
            Shape::Action => react::action(object, drafting),
        }
    }
}

/// The last whole plan, or all pieces that are of one sort with the first.
fn choose(
    candidates: Vec<Candidate>,
    drafting: &mut Drafting<'_>,
) -> Option<(Shape, Vec<Candidate>)> {
    let whole = |candidate: &&Candidate| candidate.shape.is_whole_plan();
    if candidates.iter().any(|candidate| whole(&candidate)) {
        // Models correct themselves: the last plan counts, unless it is the one that was cut off.
        let plans: Vec<&Candidate> = candidates.iter().filter(whole).collect();
        let chosen = plans
            .iter()
            .rev()
            .find(|plan| !plan.is_cut)
            .or(plans.last())?;
        if plans.len() > 1 {
            drafting
                .repairs
                .note("there were several plans; the last complete one was read");
        }
        return Some((chosen.shape, vec![(*chosen).clone()]));
    }
    let first = candidates
        .iter()
        .find(|candidate| !candidate.objects.is_empty())
        .or(candidates.first())?
        .shape;
    let is_own = |shape| matches!(shape, Shape::Step | Shape::Answer);
    let fits = |candidate: &Candidate| {
        candidate.shape == first || (is_own(candidate.shape) && is_own(first))
    };
    let mut pieces: Vec<Candidate> = candidates
        .into_iter()
        .filter(|candidate| fits(candidate))
        .collect();
    let lists = pieces
        .iter()
        .filter(|piece| piece.is_list && !piece.objects.is_empty())
        .count();
    if lists > 1 {
        drafting
            .repairs
            .note("there were several plans; the last complete one was read");
        let last = pieces
            .iter()
            .rposition(|piece| piece.is_list && !piece.objects.is_empty() && !piece.is_cut);
        pieces = pieces
            .into_iter()
            .nth(last.unwrap_or_default())
            .into_iter()
            .collect();
    }
    Some((first, pieces))
}

//! From draft to plan: every check, with all defects reported at once.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{algo::tarjan_scc, graph::DiGraph};

use super::{
    Plan, STEP_LIMIT, Scope,
    check::{Candidates, check_keys, check_step, declared_outputs},
    defect::{Defect, DefectCode, Defects},
    resolve::{Declared, Resolver, roots},
};
use crate::{
    DraftPlan, DraftStep, Entry, Expression, Output, Reference, Registry, Selector, ValueType,
    is_step_id,
};

pub(super) fn validate(
    draft: &DraftPlan,
    registry: &Registry,
    scope: &Scope,
) -> Result<Plan, Defects> {
    let mut defects = draft.malformed.clone();
    defects.extend(check_size(draft));
    let candidates = Candidates::new(registry, scope);
    let entries: Vec<Option<&Entry>> = draft
        .steps
        .iter()
        .map(|step| candidates.entry(step, &mut defects))
        .collect();
    let declared = declare(draft, &entries, scope, &mut defects);
    let resolver = Resolver::new(&declared, scope);

    let mut steps = Vec::with_capacity(draft.steps.len());
    let mut edges = BTreeSet::new();
    for (position, (drafted, entry)) in draft.steps.iter().zip(&entries).enumerate() {
        check_keys(drafted, &mut defects);
        for dependency in dependencies(drafted, &resolver, &mut defects) {
            edges.insert((dependency, position));
        }
        if let Some(entry) = entry {
            steps.push(check_step(
                drafted,
                entry,
                &candidates,
                &resolver,
                &mut defects,
            ));
        }
    }
    let edges: Vec<(usize, usize)> = edges.into_iter().collect();
    defects.extend(cycles(draft, &edges));
    let answer = check_answer(draft, &edges, &entries, &resolver, &mut defects);
    if !defects.is_empty() {
        return Err(Defects(defects));
    }
    Plan::assemble(steps, &edges, answer).map_err(|(from, to)| {
        // Cycles were looked for above; this is the second lock on the door.
        let message = format!("steps {from} and {to} wait for each other");
        Defects(vec![Defect::new(DefectCode::Cycle, message)])
    })
}

fn check_size(draft: &DraftPlan) -> Vec<Defect> {
    match draft.steps.len() {
        0 => vec![
            Defect::new(DefectCode::EmptyPlan, "the plan has no steps")
                .with_hint("add at least one step"),
        ],
        count if count > STEP_LIMIT => vec![too_many_steps(count)],
        _ => Vec::new(),
    }
}

pub(super) fn too_many_steps(count: usize) -> Defect {
    Defect::new(
        DefectCode::TooManySteps,
        format!("the plan has {count} steps, more than {STEP_LIMIT}"),
    )
    .with_hint("split it into several plans")
}

/// What each name of the draft stands for.
fn declare(
    draft: &DraftPlan,
    entries: &[Option<&Entry>],
    scope: &Scope,
    defects: &mut Vec<Defect>,
) -> BTreeMap<String, Declared> {
    let mut declared = BTreeMap::new();
    for (position, (step, entry)) in draft.steps.iter().zip(entries).enumerate() {
        if let Err(defect) = check_id(step, position, scope) {
            defects.push(defect);
        }
        if step.id.is_empty() {
            continue;
        }
        let outputs = entry.map(|entry| declared_outputs(step, &entry.capability).into());
        let name = Declared { position, outputs };
        if scope.get(&step.id).is_none() && declared.insert(step.id.clone(), name).is_some() {
            defects.push(duplicate(step, "another step"));
        }
    }
    declared
}

/// Whether a step's id may be its name in this scope.
pub(super) fn check_id(step: &DraftStep, position: usize, scope: &Scope) -> Result<(), Defect> {
    if step.id.is_empty() {
        return Err(Defect::new(DefectCode::MalformedId, "the step has no `id`")
            .in_step(&format!("step {}", position + 1))
            .with_hint("give it a name such as `s1`"));
    }
    if !is_step_id(&step.id) {
        return Err(Defect::new(
            DefectCode::MalformedId,
            format!("`{}` cannot name a step", step.id),
        )
        .in_step(&step.id)
        .with_hint("use letters, digits and underscores, not starting with a digit"));
    }
    if scope.get(&step.id).is_some() {
        return Err(duplicate(step, "an input or an earlier step"));
    }
    Ok(())
}

pub(super) fn duplicate(step: &DraftStep, owner: &str) -> Defect {
    Defect::new(
        DefectCode::DuplicateId,
        format!("`{}` is already the name of {owner}", step.id),
    )
    .in_step(&step.id)
    .with_hint("give the step another id")
}

/// The positions of the steps that `step` waits for, by reference or by `after`.
fn dependencies(
    step: &DraftStep,
    resolver: &Resolver<'_>,
    defects: &mut Vec<Defect>,
) -> Vec<usize> {
    for name in &step.after {
        if resolver.position(name.trim_start_matches('$')).is_none() {
            defects.push(
                resolver
                    .unknown_reference(name)
                    .in_step(&step.id)
                    .in_argument("after"),
            );
        }
    }
    roots(step)
        .iter()
        .filter_map(|name| resolver.position(name))
        .collect()
}

/// Every group of steps that wait for each other.
fn cycles(draft: &DraftPlan, edges: &[(usize, usize)]) -> Vec<Defect> {
    let mut graph = DiGraph::<usize, ()>::new();
    let nodes: Vec<_> = (0..draft.steps.len())
        .map(|position| graph.add_node(position))
        .collect();
    for &(from, to) in edges {
        graph.add_edge(nodes[from], nodes[to], ());
    }
    tarjan_scc(&graph)
        .into_iter()
        .filter(|group| group.len() > 1 || graph.contains_edge(group[0], group[0]))
        .map(|group| {
            let mut members: Vec<usize> = group.into_iter().map(|node| graph[node]).collect();
            members.sort_unstable();
            let names: Vec<_> = members
                .iter()
                .map(|&position| draft.steps[position].id.as_str())
                .collect();
            let message = match names.as_slice() {
                [only] => format!("{only} waits for itself"),
                several => format!("{} wait for each other", several.join(", ")),
            };
            Defect::new(DefectCode::Cycle, message)
                .in_step(names[0])
                .with_hint("take out one of the references between them")
        })
        .collect()
}

fn check_answer(
    draft: &DraftPlan,
    edges: &[(usize, usize)],
    entries: &[Option<&Entry>],
    resolver: &Resolver<'_>,
    defects: &mut Vec<Defect>,
) -> Vec<Expression> {
    let Some(written) = &draft.answer else {
        return leaves(draft, edges, entries);
    };
    let mut answer = Vec::with_capacity(written.len());
    for json in written {
        match resolver.argument(json, &ValueType::Any) {
            Ok(expression) => answer.push(expression),
            Err(defect) => defects.push(defect.in_argument("answer")),
        }
    }
    answer
}

/// The primary outputs of the steps that no other step waits for.
fn leaves(
    draft: &DraftPlan,
    edges: &[(usize, usize)],
    entries: &[Option<&Entry>],
) -> Vec<Expression> {
    let waited_for: BTreeSet<usize> = edges.iter().map(|&(from, _)| from).collect();
    let leaf = |position: &usize| !waited_for.contains(position);
    (0..draft.steps.len())
        .filter(leaf)
        .filter_map(|position| {
            let primary = entries[position]?.capability.outputs.first()?;
            Some(primary_output(&draft.steps[position].id, primary))
        })
        .collect()
}

/// A reference to what a step mainly gives.
pub(super) fn primary_output(step: &str, output: &Output) -> Expression {
    Expression::Reference(Reference {
        root: step.to_owned(),
        selectors: vec![Selector::Field(output.name.clone())],
    })
}

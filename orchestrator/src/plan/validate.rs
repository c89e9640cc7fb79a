//! From draft to plan: every check, with all defects reported at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use petgraph::{algo::tarjan_scc, graph::DiGraph};

use super::{
    Argument, Plan, STEP_LIMIT, Scope, Step,
    defect::{Defect, DefectCode, Defects},
    nearest_name,
    resolve::Resolver,
    split_version,
};
use crate::{
    Capability, DraftPlan, DraftStep, Entry, Expression, Health, Output, Reference, Registry,
    Selector, ValueType, is_step_id,
};

pub(super) fn validate(
    draft: &DraftPlan,
    registry: &Registry,
    scope: &Scope,
) -> Result<Plan, Defects> {
    let mut defects = draft.malformed.clone();
    defects.extend(check_size(draft));
    let positions = index_steps(draft, scope, &mut defects);
    let entries: Vec<Option<&Entry>> = draft
        .steps
        .iter()
        .map(|step| find_entry(step, registry, &mut defects))
        .collect();
    let resolver = Resolver::new(&positions, &entries, scope);

    let mut steps = Vec::with_capacity(draft.steps.len());
    let mut edges = BTreeSet::new();
    for (position, (drafted, entry)) in draft.steps.iter().zip(&entries).enumerate() {
        check_keys(drafted, &mut defects);
        for dependency in dependencies(drafted, &resolver, &mut defects) {
            edges.insert((dependency, position));
        }
        if let Some(entry) = entry {
            steps.push(check_step(drafted, entry, &resolver, &mut defects));
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
        count if count > STEP_LIMIT => vec![
            Defect::new(
                DefectCode::TooManySteps,
                format!("the plan has {count} steps, more than {STEP_LIMIT}"),
            )
            .with_hint("split it into several plans"),
        ],
        _ => Vec::new(),
    }
}

fn index_steps<'a>(
    draft: &'a DraftPlan,
    scope: &Scope,
    defects: &mut Vec<Defect>,
) -> BTreeMap<&'a str, usize> {
    let mut positions = BTreeMap::new();
    for (position, step) in draft.steps.iter().enumerate() {
        if step.id.is_empty() {
            defects.push(
                Defect::new(DefectCode::MalformedId, "the step has no `id`")
                    .in_step(&format!("step {}", position + 1))
                    .with_hint("give it a name such as `s1`"),
            );
            continue;
        }
        if !is_step_id(&step.id) {
            defects.push(
                Defect::new(
                    DefectCode::MalformedId,
                    format!("`{}` cannot name a step", step.id),
                )
                .in_step(&step.id)
                .with_hint("use letters, digits and underscores, not starting with a digit"),
            );
        }
        let taken = scope.get(&step.id).is_some();
        if taken || positions.insert(step.id.as_str(), position).is_some() {
            let owner = if taken {
                "an input or an earlier step"
            } else {
                "another step"
            };
            defects.push(
                Defect::new(
                    DefectCode::DuplicateId,
                    format!("`{}` is already the name of {owner}", step.id),
                )
                .in_step(&step.id)
                .with_hint("give the step another id"),
            );
        }
    }
    positions
}

fn find_entry<'a>(
    step: &DraftStep,
    registry: &'a Registry,
    defects: &mut Vec<Defect>,
) -> Option<&'a Entry> {
    if step.tool.is_empty() {
        defects.push(
            Defect::new(DefectCode::UnknownTool, "the step has no `tool`")
                .in_step(&step.id)
                .with_hint("`medley tools` lists what there is"),
        );
        return None;
    }
    let (name, version) = split_version(&step.tool);
    let Some(entry) = registry.get(name) else {
        let names = registry
            .entries()
            .map(|entry| entry.capability.name.as_str());
        let hint = match nearest_name(name, names) {
            Some(near) => format!("did you mean `{near}`? `medley tools` lists all"),
            None => "`medley tools` lists what there is".to_owned(),
        };
        defects.push(
            Defect::new(
                DefectCode::UnknownTool,
                format!("there is no tool `{name}`"),
            )
            .in_step(&step.id)
            .with_hint(hint),
        );
        return None;
    };
    let current = entry.capability.version;
    if version.is_some_and(|wanted| wanted != current.to_string()) {
        let message = format!(
            "`{}` is not here; `{name}` is at version {current}",
            step.tool
        );
        defects.push(
            Defect::new(DefectCode::UnknownVersion, message)
                .in_step(&step.id)
                .with_hint(format!("write `{name}` or `{name}@{current}`")),
        );
    }
    check_provider(step, entry, registry, defects);
    Some(entry)
}

/// Whoever is to do the step must be there and able to.
fn check_provider(step: &DraftStep, entry: &Entry, registry: &Registry, defects: &mut Vec<Defect>) {
    let name = &entry.capability.name;
    let unable = match &step.provider {
        Some(wanted) => match entry.provider(wanted) {
            Some(provider) => match provider.health() {
                Health::Unavailable { reason, hint } => Some((wanted, reason, hint)),
                _ => None,
            },
            None => {
                defects.push(unknown_provider(step, entry, wanted));
                None
            }
        },
        None => registry
            .unavailable(name)
            .map(|(reason, hint)| (name, reason, hint)),
    };
    if let Some((who, reason, hint)) = unable {
        defects.push(
            Defect::new(
                DefectCode::UnavailableTool,
                format!("`{who}` cannot run here: {reason}"),
            )
            .in_step(&step.id)
            .with_hint(hint),
        );
    }
}

fn unknown_provider(step: &DraftStep, entry: &Entry, wanted: &str) -> Defect {
    let known: Vec<_> = entry
        .providers
        .iter()
        .map(|provider| provider.profile().id.as_str())
        .collect();
    Defect::new(
        DefectCode::UnknownProvider,
        format!("`{}` has no provider `{wanted}`", entry.capability.name),
    )
    .in_step(&step.id)
    .with_hint(format!("it has {}", known.join(", ")))
}

fn check_keys(step: &DraftStep, defects: &mut Vec<Defect>) {
    for key in step.unknown.keys() {
        defects.push(
            Defect::new(DefectCode::UnknownKey, format!("a step has no key `{key}`"))
                .in_step(&step.id)
                .with_hint("a step has id, tool, provider, args, why, after and timeout_s"),
        );
    }
    if let Some(seconds) = step.timeout_s
        && Duration::try_from_secs_f64(seconds).map_or(true, |limit| limit.is_zero())
    {
        defects.push(
            Defect::new(
                DefectCode::MalformedTimeLimit,
                format!("{seconds} seconds is no time limit"),
            )
            .in_step(&step.id)
            .with_hint("give `timeout_s` a number above zero"),
        );
    }
}

/// The positions of the steps that `step` waits for, by reference or by `after`.
fn dependencies(
    step: &DraftStep,
    resolver: &Resolver<'_>,
    defects: &mut Vec<Defect>,
) -> Vec<usize> {
    let mut found = Vec::new();
    for name in &step.after {
        match resolver.position(name.trim_start_matches('$')) {
            Some(position) => found.push(position),
            None => defects.push(
                resolver
                    .unknown_reference(name)
                    .in_step(&step.id)
                    .in_argument("after"),
            ),
        }
    }
    for argument in step.args.values() {
        if let Ok(expression) = Expression::from_json(argument) {
            let roots = expression.references().into_iter();
            found.extend(roots.filter_map(|reference| resolver.position(&reference.root)));
        }
    }
    found
}

fn check_step(
    drafted: &DraftStep,
    entry: &Entry,
    resolver: &Resolver<'_>,
    defects: &mut Vec<Defect>,
) -> Step {
    let capability = &entry.capability;
    let mut step = Step::of_capability(&drafted.id, capability);
    step.provider.clone_from(&drafted.provider);
    step.why.clone_from(&drafted.why);
    step.time_limit = drafted
        .timeout_s
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .or_else(|| {
            let provider = match &drafted.provider {
                Some(wanted) => entry.provider(wanted),
                None => entry.usable_provider(),
            };
            provider?.profile().time_limit
        });
    for parameter in &capability.parameters {
        let json = drafted
            .args
            .get(&parameter.name)
            .filter(|json| !json.is_null());
        match json {
            Some(json) => {
                match resolver.argument(json, &parameter.value_type) {
                    Ok(expression) => {
                        let argument = Argument {
                            expression,
                            value_type: parameter.value_type.clone(),
                            required: parameter.required,
                        };
                        step.arguments.insert(parameter.name.clone(), argument);
                    }
                    Err(defect) => {
                        defects.push(defect.in_step(&drafted.id).in_argument(&parameter.name));
                    }
                };
            }
            None if parameter.required => defects.push(
                Defect::new(
                    DefectCode::MissingArgument,
                    format!("`{}` needs `{}`", capability.name, parameter.name),
                )
                .in_step(&drafted.id)
                .in_argument(&parameter.name)
                .with_hint(format!(
                    "add \"{}\" ({})",
                    parameter.name, parameter.value_type
                )),
            ),
            None => {}
        }
    }
    defects.extend(unknown_arguments(drafted, capability));
    step
}

fn unknown_arguments<'a>(
    drafted: &'a DraftStep,
    capability: &'a Capability,
) -> impl Iterator<Item = Defect> + 'a {
    let names = || capability.parameters.iter().map(|each| each.name.as_str());
    drafted
        .args
        .keys()
        .filter(|name| capability.parameter(name).is_none())
        .map(move |name| {
            let hint = match nearest_name(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it takes {}", names().collect::<Vec<_>>().join(", ")),
            };
            Defect::new(
                DefectCode::UnknownArgument,
                format!("`{}` takes no `{name}`", capability.name),
            )
            .in_step(&drafted.id)
            .in_argument(name)
            .with_hint(hint)
        })
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
            Some(Expression::Reference(output_reference(
                &draft.steps[position].id,
                primary,
            )))
        })
        .collect()
}

fn output_reference(step: &str, output: &Output) -> Reference {
    Reference {
        root: step.to_owned(),
        selectors: vec![Selector::Field(output.name.clone())],
    }
}

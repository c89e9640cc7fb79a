//! What runs before what, where arguments do not say it.

use std::collections::HashSet;

use medley_orchestrator::{Defect, DefectCode};
use serde_json::Value as Json;

use super::Names;
use crate::dialect::{
    drafting::Drafting,
    references::{numbered_id, roots},
};

/// Lets steps wait for others as the links say, unless their arguments say what they wait for.
pub(super) fn apply(links: Vec<Json>, names: &Names, drafting: &mut Drafting<'_>) {
    let speaking: Vec<bool> = drafting
        .steps
        .iter()
        .map(|step| !roots(step).is_empty())
        .collect();
    let mut known = HashSet::new();
    for link in links {
        let Some((source, target)) = ends(&link) else {
            drafting.malformed(
                format!("a link has no source and target: {}", excerpt(&link)),
                r#"a link looks like {"source": "OCR", "target": "Translation"}"#,
            );
            continue;
        };
        // A link that stands twice says nothing more, and may be the same defect.
        if !known.insert((source.clone(), target.clone())) {
            continue;
        }
        let pair = closest(
            &positions(&source, names, drafting),
            &positions(&target, names, drafting),
        );
        match pair {
            Some((_, target)) if speaking[target] => {}
            Some((source, target)) => {
                drafting
                    .repairs
                    .note("links between tools became an order of steps");
                drafting.steps[target]
                    .after
                    .push(numbered_id(&source.to_string()));
            }
            None => drafting.defects.push(
                Defect::new(
                    DefectCode::UnknownReference,
                    format!("the link from `{source}` to `{target}` does not join two nodes"),
                )
                .with_hint("add the node that is missing, or take out the link"),
            ),
        }
    }
}

fn excerpt(json: &Json) -> String {
    json.to_string().chars().take(80).collect()
}

/// The two ends of a link: `{"source", "target"}` or `[source, target]`.
fn ends(link: &Json) -> Option<(String, String)> {
    let name = |json: Option<&Json>| match json? {
        Json::String(name) => Some(name.clone()),
        Json::Number(position) => Some(position.to_string()),
        _ => None,
    };
    let (source, target) = match link {
        Json::Array(pair) => (pair.first(), pair.get(1)),
        _ => (link.get("source"), link.get("target")),
    };
    Some((name(source)?, name(target)?))
}

/// The nodes that an end of a link can mean: by name, by tag or by number.
fn positions(end: &str, names: &Names, drafting: &Drafting<'_>) -> Vec<usize> {
    let named = names.positions(end);
    if !named.is_empty() {
        return named.to_vec();
    }
    let number = end
        .trim_start_matches("<node-")
        .trim_end_matches('>')
        .parse();
    number
        .ok()
        .filter(|number| *number < drafting.steps.len())
        .into_iter()
        .collect()
}

/// The source and the target that stand closest, a source before its target first. Both lists ascend.
fn closest(sources: &[usize], targets: &[usize]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    let mut next = 0;
    for &target in targets {
        while sources.get(next).is_some_and(|source| *source < target) {
            next += 1;
        }
        let before = next.checked_sub(1).map(|at| (sources[at], target));
        best = match (best, before) {
            (Some((source, end)), Some((other, target))) if end - source <= target - other => best,
            (_, Some(_)) => before,
            _ => best,
        };
    }
    best.or_else(|| Some((*sources.first()?, *targets.first()?)))
}

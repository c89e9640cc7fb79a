//! TaskBench's graph: `task_nodes` with `task` and `arguments`, and `task_links` between them by name.
//!
//! `<node-j>` in an argument is the result of node `j`, counted from 0 as the nodes are listed, which need not be the
//! order in which they run. Links say what runs before what; where arguments have no tags, they are all that says it.

mod links;

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use super::{arguments, drafting::Drafting, references, tool_names::fold};

/// Words around the name of a node in arguments such as `output of Text Search`.
const AROUND: [&str; 10] = [
    "the",
    "output",
    "outputs",
    "result",
    "results",
    "of",
    "from",
    "generated",
    "by",
    "step",
];

/// Reads a graph.
pub(super) fn graph(json: Json, drafting: &mut Drafting<'_>) {
    let Json::Object(mut graph) = json else {
        return;
    };
    let mut take = |keys: [&str; 2]| match keys.into_iter().find_map(|key| graph.shift_remove(key))
    {
        Some(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    let nodes = take(["task_nodes", "nodes"]);
    let written_links = take(["task_links", "links"]);
    let reasons = take(["task_steps", "steps"]);
    let names = Names::of(&nodes);
    for (position, node) in nodes.into_iter().enumerate() {
        add_node(position, node, &names, drafting);
    }
    // Some models write a sentence for each node; others divide their sentences otherwise.
    if reasons.len() == drafting.steps.len() {
        for (step, reason) in drafting.steps.iter_mut().zip(reasons) {
            step.why = reason.as_str().map(str::to_owned);
        }
    }
    links::apply(written_links, &names, drafting);
}

/// Where each name stands among the nodes.
struct Names(HashMap<String, Vec<usize>>);

impl Names {
    fn of(nodes: &[Json]) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (position, node) in nodes.iter().enumerate() {
            if let Some(name) = node.get("task").and_then(Json::as_str) {
                names.entry(fold(name)).or_default().push(position);
            }
        }
        Self(names)
    }

    fn positions(&self, name: &str) -> &[usize] {
        self.0.get(&fold(name)).map_or(&[], Vec::as_slice)
    }
}

fn add_node(position: usize, node: Json, names: &Names, drafting: &mut Drafting<'_>) {
    let id = references::numbered_id(&position.to_string());
    let mut node = match node {
        Json::Object(node) => node,
        Json::String(task) => Map::from_iter([("task".to_owned(), Json::String(task))]),
        _ => Map::new(),
    };
    let Some(Json::String(task)) = node.shift_remove("task") else {
        drafting.malformed(
            format!("node {position} does not say which task it is"),
            r#"give it "task", the name of a tool"#,
        );
        // Tags count nodes, so the place is kept.
        drafting.add(id, "", Vec::new());
        return;
    };
    let written = node.shift_remove("arguments").unwrap_or_default();
    let arguments: Vec<_> = arguments::of_json(written, &mut drafting.repairs)
        .into_iter()
        .map(|(name, value)| (name, argument(value, position, names, drafting)))
        .collect();
    drafting.add(id, &task, arguments);
}

fn argument(value: Json, position: usize, names: &Names, drafting: &mut Drafting<'_>) -> Json {
    if let Json::String(text) = &value
        && let Some(meant) = informal(text, names).filter(|meant| *meant != position)
    {
        drafting
            .repairs
            .note("results that were described in words became references");
        return Json::String(format!("${}", references::numbered_id(&meant.to_string())));
    }
    references::from_tags(value)
}

/// The node whose result is described by `text`: `output of Step 1`, `<output_of_Text_Search>`.
fn informal(text: &str, names: &Names) -> Option<usize> {
    // A description is short; what is longer is content.
    if text.len() > 80 {
        return None;
    }
    let words: Vec<String> = text
        .split(|each: char| !each.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let says_result = words
        .iter()
        .any(|word| word.starts_with("output") || word.starts_with("result"));
    if !says_result {
        return None;
    }
    let says_step = words.iter().any(|word| word == "step");
    let rest: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !AROUND.contains(word))
        .collect();
    if says_step && let [number] = rest.as_slice() {
        return number.parse::<usize>().ok()?.checked_sub(1);
    }
    match names.positions(&rest.concat()) {
        [only] => Some(*only),
        _ => None,
    }
}

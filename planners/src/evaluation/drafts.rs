//! From plans in TaskBench's format to drafts of Medley's, and back.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{
    Artifact, Attachment, Digest, DraftPlan, DraftStep, Expression, Facts, Kind, Reference,
    Request, Segment, Value,
};
use serde_json::{Map, Value as Json, json};

use super::{
    arguments::{Tag, kind_of, tag},
    format::{TaskLink, TaskNode, TaskPlan},
    tools::{BenchmarkTool, ToolList, capability_name},
};

/// The request that a benchmark's instruction stands for: the pictures, sounds and videos that it names are attached.
///
/// The artifacts have no content; plans over them can be made and checked only.
#[must_use]
pub fn attached_files(instruction: &str) -> Request {
    let mut names = BTreeSet::new();
    let attachments = instruction
        .split(|each: char| each.is_whitespace() || "'\"`()[]<>".contains(each))
        .map(|word| word.trim_matches(|each: char| ".,;:!?".contains(each)))
        .filter_map(|word| Some((word, file_kind(word)?)))
        .filter(|(word, _)| names.insert(*word))
        .map(|(name, kind)| Attachment {
            name: name.to_owned(),
            artifact: Artifact {
                id: Digest::of(name.as_bytes()),
                kind,
                mime: String::new(),
                facts: Facts::default(),
            },
        })
        .collect();
    Request {
        text: instruction.to_owned(),
        attachments,
        ..Request::default()
    }
}

fn file_kind(word: &str) -> Option<Kind> {
    let (stem, ending) = word.rsplit_once('.')?;
    if stem.is_empty() || !ending.chars().all(|each| each.is_ascii_alphanumeric()) {
        return None;
    }
    match kind_of(&format!(".{}", ending.to_lowercase())) {
        Kind::Text => None,
        kind => Some(kind),
    }
}

/// A plan in TaskBench's format as a draft, with everything that is wrong with it.
///
/// Call `j` becomes the step `s{j+1}`. An argument goes by the parameter in its place, or by the name that it gives
/// itself. A link whose target does not take its source in any argument becomes an argument of its own, `link_1` and
/// so on: a link says that a value goes from one to the other.
#[must_use]
pub fn draft_of(plan: &TaskPlan, tools: &ToolList) -> DraftPlan {
    let mut steps: Vec<DraftStep> = (0..plan.task_nodes.len())
        .map(|place| step_of(place, &plan.task_nodes, tools))
        .collect();
    for link in &plan.task_links {
        add_link(link, &plan.task_nodes, &mut steps, tools);
    }
    DraftPlan {
        steps,
        ..DraftPlan::default()
    }
}

fn step_of(place: usize, nodes: &[TaskNode], tools: &ToolList) -> DraftStep {
    let node = &nodes[place];
    let tool = tools.get(&node.task);
    let names = tool.map(|tool| tool.parameter_names()).unwrap_or_default();
    let mut args = Map::new();
    for (position, argument) in node.arguments.iter().enumerate() {
        let (own_name, value) = named(argument);
        let name = own_name
            .or_else(|| names.get(position).cloned())
            .filter(|name| !args.contains_key(name))
            .unwrap_or_else(|| format!("argument_{}", position + 1));
        args.insert(name, with_references(value, place, nodes.len()));
    }
    let name = match tool {
        Some(tool) => capability_name(&tool.id),
        None => node.task.clone(),
    };
    DraftStep {
        args,
        ..DraftStep::new(step_id(place), name)
    }
}

fn step_id(place: usize) -> String {
    format!("s{}", place + 1)
}

/// The name and value of an argument that is written as `{"name", "value"}`.
fn named(argument: &Json) -> (Option<String>, Json) {
    let name = argument.get("name").and_then(Json::as_str);
    match (name, argument.get("value")) {
        (Some(name), Some(value)) => (Some(name.to_owned()), value.clone()),
        (Some(name), None) => (None, name.into()),
        (None, _) => (None, argument.clone()),
    }
}

/// A text that is a tag of another call becomes a reference, a tag inside a text a part of a template.
fn with_references(value: Json, place: usize, count: usize) -> Json {
    let Json::String(text) = &value else {
        return value;
    };
    let Some(Tag::Node(source)) = tag(text) else {
        return value;
    };
    if source == place || source >= count {
        return value;
    }
    let written = format!("<node-{source}>");
    let id = step_id(source);
    if text.trim() == written {
        format!("${id}").into()
    } else {
        text.replace(&written, &format!("${{{id}}}")).into()
    }
}

fn add_link(link: &TaskLink, nodes: &[TaskNode], steps: &mut [DraftStep], tools: &ToolList) {
    let places = |name: &str| -> Vec<usize> {
        let named = nodes.iter().enumerate();
        named
            .filter(|(_, node)| capability_name(&node.task) == capability_name(name))
            .map(|(place, _)| place)
            .collect()
    };
    for target in places(&link.target) {
        let sources = places(&link.source);
        // Of several steps with one tool, the last before the target is meant.
        let before = sources.iter().rev().find(|source| **source < target);
        let source = before.or(sources.first()).copied();
        let value = match source {
            Some(source) if source == target => continue,
            Some(source) => format!("${}", step_id(source)),
            None => link.source.clone(),
        };
        let step = &mut steps[target];
        if step.args.values().any(|given| *given == *value) {
            continue;
        }
        if let Some(source) = source.filter(|_| !tools.has_types()) {
            step.after.push(step_id(source));
            continue;
        }
        let name = (1..)
            .map(|number| format!("link_{number}"))
            .find(|name| !step.args.contains_key(name))
            .unwrap_or_default();
        step.args.insert(name, value.into());
    }
}

/// A draft in TaskBench's format: references to steps as tags and as links, attachments by their names.
#[must_use]
pub fn plan_of(draft: &DraftPlan, tools: &ToolList, request: &Request) -> TaskPlan {
    let places: BTreeMap<&str, usize> = draft
        .steps
        .iter()
        .enumerate()
        .map(|(place, step)| (step.id.as_str(), place))
        .collect();
    let name = |step: &DraftStep| {
        let known = tools.id_of(&step.tool);
        known.unwrap_or(&step.tool).to_owned()
    };
    let mut links = BTreeSet::new();
    let mut task_nodes = Vec::with_capacity(draft.steps.len());
    for (place, step) in draft.steps.iter().enumerate() {
        let mut writer = Writer {
            places: &places,
            request,
            sources: BTreeSet::new(),
        };
        let is_named = tools
            .of_capability(&step.tool)
            .is_some_and(BenchmarkTool::is_named);
        let arguments = ordered(step, tools).into_iter().map(|(name, json)| {
            let value = writer.argument(json);
            match is_named {
                true => json!({ "name": name, "value": value }),
                false => value,
            }
        });
        task_nodes.push(TaskNode {
            task: name(step),
            arguments: arguments.collect(),
        });
        let after = step.after.iter();
        let after = after.filter_map(|id| places.get(id.trim_start_matches('$')));
        writer.sources.extend(after);
        links.extend(writer.sources.into_iter().map(|source| (source, place)));
    }
    TaskPlan {
        task_links: links
            .into_iter()
            .map(|(source, target)| TaskLink {
                source: task_nodes[source].task.clone(),
                target: task_nodes[target].task.clone(),
            })
            .collect(),
        task_nodes,
    }
}

/// The arguments in the order of the parameters, then those without one.
fn ordered<'a>(step: &'a DraftStep, tools: &ToolList) -> Vec<(&'a String, &'a Json)> {
    let tool = tools.of_capability(&step.tool);
    let names = tool.map(|tool| tool.parameter_names()).unwrap_or_default();
    let known = names
        .iter()
        .filter_map(|name| step.args.get_key_value(name));
    let others = step.args.iter().filter(|(name, _)| !names.contains(name));
    known.chain(others).collect()
}

/// Writes the arguments of one step, and keeps which steps they come from.
struct Writer<'a> {
    places: &'a BTreeMap<&'a str, usize>,
    request: &'a Request,
    sources: BTreeSet<usize>,
}

impl Writer<'_> {
    fn argument(&mut self, json: &Json) -> Json {
        match json {
            Json::Array(items) => items.iter().map(|item| self.argument(item)).collect(),
            Json::String(_) => match Expression::from_json(json) {
                Ok(Expression::Reference(reference)) => self.reference(&reference).into(),
                Ok(Expression::Template(segments)) => {
                    let texts = segments.iter().map(|segment| match segment {
                        Segment::Text(text) => text.clone(),
                        Segment::Reference(reference) => self.reference(reference),
                    });
                    texts.collect::<String>().into()
                }
                Ok(Expression::Literal(Value::String(text))) => text.to_string().into(),
                _ => json.clone(),
            },
            _ => json.clone(),
        }
    }

    fn reference(&mut self, reference: &Reference) -> String {
        let root = reference.root.as_str();
        if let Some(&place) = self.places.get(root) {
            self.sources.insert(place);
            return format!("<node-{place}>");
        }
        if root == "request" {
            return self.request.text.clone();
        }
        let mut attachments = self.request.attachments.iter().enumerate();
        attachments
            .find(|(index, _)| Request::input_name(*index) == root)
            .map_or_else(
                || reference.to_string(),
                |(_, attachment)| attachment.name.clone(),
            )
    }
}

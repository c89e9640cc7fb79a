//! `ReAct` and its relatives: `Thought:`, `Action:`, `Action Input:`, `Observation:`, `Final Answer:`, `AI:`.
//!
//! What a model writes behind `Observation:` it has made up, and so is whatever it concludes from that: reading ends there.

mod input;

use serde_json::Value as Json;

use super::{
    Dialect, Reading, arguments,
    drafting::Drafting,
    find, objects,
    references::escaped,
    tool_names::{ToolNames, fold},
    wrapping::Region,
};

/// What a section of the text is, by the label in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Thought,
    Action,
    Input,
    Observation,
    Final,
}

/// The labels, the longer ones first.
const LABELS: [(&str, Label); 8] = [
    ("action input", Label::Input),
    ("final answer", Label::Final),
    ("observation", Label::Observation),
    ("thought", Label::Thought),
    ("action", Label::Action),
    ("answer", Label::Final),
    ("ai", Label::Final),
    ("plan", Label::Thought),
];

/// Reads actions and the final answer, if the text has any.
pub(super) fn read(text: &str, tools: &ToolNames) -> Option<Reading> {
    let sections = sections(text);
    let is_agent = sections.iter().any(|(label, content)| match label {
        Label::Action => !content.trim().is_empty(),
        Label::Final => sections.len() > 1 || text.to_ascii_lowercase().contains("final answer:"),
        _ => false,
    });
    if !is_agent {
        return None;
    }
    let mut drafting = Drafting::new(tools);
    let mut thought = None;
    let mut sections = sections.into_iter().peekable();
    while let Some((label, content)) = sections.next() {
        match label {
            Label::Thought => thought = reason(&content),
            Label::Action => {
                let input = sections.next_if(|(label, _)| *label == Label::Input);
                let is_last = sections.peek().is_none();
                let before = drafting.steps.len();
                take_action(
                    &content,
                    input.map(|(_, input)| input),
                    is_last,
                    &mut drafting,
                );
                if let Some(step) = drafting.steps.get_mut(before) {
                    step.why = thought.take();
                }
            }
            Label::Input => {}
            Label::Observation => {
                if sections.peek().is_some() {
                    drafting
                        .repairs
                        .note("what the model made up behind `Observation:` was left out");
                }
                break;
            }
            Label::Final => {
                drafting.final_text = Some(content.trim().to_owned());
                break;
            }
        }
    }
    Some(drafting.finish(Dialect::ReAct))
}

/// Reads an action in one object: `{"action":.., "action_input":..}`.
pub(super) fn action(json: Json, drafting: &mut Drafting<'_>) {
    let Some(tool) = json.get("action").and_then(Json::as_str).map(str::to_owned) else {
        return drafting.malformed(
            "an action does not say which tool it calls",
            r#"give it "action", the name of a tool"#,
        );
    };
    let input = ["action_input", "input", "arguments", "args"]
        .into_iter()
        .find_map(|key| json.get(key).cloned())
        .unwrap_or_default();
    if says_final(&tool) {
        drafting.final_text = Some(
            input
                .as_str()
                .map_or_else(|| input.to_string(), str::to_owned),
        );
        return;
    }
    let arguments = match input {
        Json::String(text) => input::read(&text, &tool, true, drafting).unwrap_or_default(),
        other => arguments::of_json(other, &mut drafting.repairs)
            .into_iter()
            .map(|(name, value)| (name, escaped(value)))
            .collect(),
    };
    let id = format!("s{}", drafting.steps.len() + 1);
    drafting.add(id, &tool, arguments);
}

fn says_final(tool: &str) -> bool {
    matches!(fold(tool).as_str(), "finalanswer" | "finish")
}

/// The labelled sections of a text, without the lines of fences.
fn sections(text: &str) -> Vec<(Label, String)> {
    let mut sections: Vec<(Label, String)> = Vec::new();
    for line in text.lines() {
        if let Some((label, content)) = labelled(line) {
            sections.push((label, content.to_owned()));
        } else if !line.trim_start().starts_with("```")
            && let Some((_, content)) = sections.last_mut()
        {
            content.push('\n');
            content.push_str(line);
        }
    }
    sections
}

/// The label of a line, which may be numbered and in bold, and what is behind it.
fn labelled(line: &str) -> Option<(Label, &str)> {
    let start = line.trim_start_matches(|each: char| {
        each.is_whitespace() || matches!(each, '*' | '#' | '>' | '-')
    });
    LABELS.iter().find_map(|(name, label)| {
        let written = start.get(..name.len())?;
        let behind = start[name.len()..]
            .trim_start_matches(|each: char| each == ' ' || each == '*' || each.is_ascii_digit());
        let content = behind.strip_prefix(':')?.trim_start_matches('*');
        // `ai:` in lower case begins sentences of other sorts.
        let is_label = written.eq_ignore_ascii_case(name) && (*name != "ai" || written == "AI");
        is_label.then(|| (*label, content.trim_start()))
    })
}

/// The first line of a thought, unless it only says that a tool is needed.
fn reason(thought: &str) -> Option<String> {
    let line = thought
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    (!line.contains("Do I need to use a tool?")).then(|| line.to_owned())
}

fn take_action(content: &str, input: Option<String>, is_last: bool, drafting: &mut Drafting<'_>) {
    let content = content.trim();
    if let Some(start) = content
        .find(['{', '['])
        .filter(|start| *start == 0 && find::is_opening(content))
    {
        let region = Region {
            text: content,
            is_whole: !is_last,
        };
        let found = find::read_at(region, start, &mut drafting.repairs);
        drafting.is_cut |= found.is_cut;
        if let Some(candidate) = found.candidate {
            objects::add(candidate.shape, candidate.objects, drafting);
        }
        return;
    }
    let line = content.lines().next().unwrap_or_default();
    let written = line.trim().trim_matches(['`', '"', '\'', '*', '.', ' ']);
    let (tool, inside) = parts(written);
    if matches!(
        fold(tool).as_str(),
        "" | "none" | "na" | "notool" | "notoolneeded"
    ) {
        return;
    }
    let input = match (inside, input) {
        (Some(inside), _) => inside.to_owned(),
        (None, Some(input)) => input,
        (None, None) if is_last => {
            drafting.is_cut = true;
            return;
        }
        (None, None) => String::new(),
    };
    if says_final(tool) {
        drafting.final_text = Some(input.trim().to_owned());
        return;
    }
    let tool = drafting.tools.resolve(tool, &mut drafting.repairs);
    let Some(arguments) = input::read(&input, &tool, !is_last, drafting) else {
        drafting.is_cut = true;
        return;
    };
    let id = format!("s{}", drafting.steps.len() + 1);
    drafting.add(id, &tool, arguments);
}

/// The tool and the input of `tool[input]` or `tool(input)`.
fn parts(written: &str) -> (&str, Option<&str>) {
    let opening = written.find(['[', '(']).filter(|at| *at > 0);
    match opening {
        // `Image Search (by Image)` is a name: no space stands before the bracket of a call.
        Some(at) if !written[..at].ends_with(' ') => {
            let inside = &written[at + 1..];
            (
                &written[..at],
                Some(inside.strip_suffix([']', ')']).unwrap_or(inside)),
            )
        }
        _ => (written.trim_matches(['[', ']']), None),
    }
}

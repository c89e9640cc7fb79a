//! Calls of tools as chat models make them, in fields of their own or as text (`<tool_call>{"name", "arguments"}`).
//!
//! Their arguments are in our own form: `$input1` and `$s1` are references.

use medley_orchestrator::ToolCall;
use serde_json::Value as Json;

use super::{Dialect, Reading, arguments, drafting::Drafting, references, tool_names::ToolNames};

/// Reads calls that arrived as calls: a step each, in their order.
#[must_use]
pub fn read_tool_calls(calls: &[ToolCall], tools: &ToolNames) -> Reading {
    let mut drafting = Drafting::new(tools);
    for call in calls {
        add(
            Some(&call.id),
            &call.name,
            Json::String(call.arguments.clone()),
            &mut drafting,
        );
    }
    drafting.finish(Dialect::ToolCalls)
}

/// Reads a call that stands in text, with its parts in `function` or not.
pub(super) fn call(json: Json, drafting: &mut Drafting<'_>) {
    let id = json.get("id").and_then(Json::as_str).map(str::to_owned);
    let mut call = match json {
        Json::Object(mut fields) => match fields.shift_remove("function") {
            Some(Json::Object(function)) => function,
            _ => fields,
        },
        _ => serde_json::Map::new(),
    };
    let Some(Json::String(name)) = call.shift_remove("name") else {
        drafting.malformed(
            format!(
                "call {} does not say which tool it calls",
                drafting.steps.len() + 1
            ),
            r#"a call looks like {"name": "ocr", "arguments": {"image": "$input1"}}"#,
        );
        return;
    };
    let written = ["arguments", "parameters", "args", "input"]
        .into_iter()
        .find_map(|key| call.shift_remove(key));
    add(id.as_deref(), &name, written.unwrap_or_default(), drafting);
}

fn add(id: Option<&str>, tool: &str, arguments: Json, drafting: &mut Drafting<'_>) {
    let legal = references::legal_id(id.unwrap_or_default());
    let is_own = !legal.is_empty() && Some(legal.as_str()) == id && !drafting.knows(&legal);
    let id = if is_own { legal } else { free_id(drafting) };
    let arguments = match arguments {
        // Nothing can follow: where calls have fields of their own, the model has ended them.
        Json::String(text) => {
            arguments::of_text(&text, true, &mut drafting.repairs).unwrap_or_default()
        }
        json => arguments::of_json(json, &mut drafting.repairs),
    };
    drafting.add(id, tool, arguments);
}

fn free_id(drafting: &Drafting<'_>) -> String {
    let mut id = format!("s{}", drafting.steps.len() + 1);
    while drafting.knows(&id) {
        id.push('_');
    }
    id
}

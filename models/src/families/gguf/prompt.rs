//! A request as the values that chat templates know.

use medley_orchestrator::{ChatRequest, ChatTool, Message};
use minijinja::{Value, value::Serde};
use serde_json::json;

use super::tokenizer::ChatTokenizer;

/// A character without width.
const JOINT: char = '\u{200B}';

/// The messages of a request. Whatever they quote, it cannot end a turn or begin another: the texts of control tokens
/// in it are broken up by a character without width.
pub(super) fn messages(request: &ChatRequest, tokenizer: &ChatTokenizer) -> Value {
    let controls: Vec<&str> = tokenizer.controls().collect();
    let written = request.messages.iter();
    let written: Vec<_> = written.map(|message| of(message, &controls)).collect();
    Value::from(Serde(written))
}

/// The tools of a request in the form of OpenAI's interface; none, where there are none.
pub(super) fn tools(tools: &[ChatTool]) -> Value {
    if tools.is_empty() {
        return Value::from(());
    }
    let written: Vec<_> = tools
        .iter()
        .map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            }})
        })
        .collect();
    Value::from(Serde(written))
}

fn of(message: &Message, controls: &[&str]) -> serde_json::Value {
    let mut written = json!({
        "role": message.role.name(),
        "content": without_controls(message.text(), controls),
    });
    if !message.tool_calls.is_empty() {
        let calls = message.tool_calls.iter().map(|call| {
            let arguments = without_controls(call.arguments.clone(), controls);
            let arguments: serde_json::Value =
                serde_json::from_str(&arguments).unwrap_or(arguments.into());
            json!({"id": call.id, "type": "function", "function": {
                "name": call.name,
                "arguments": arguments,
            }})
        });
        written["tool_calls"] = calls.collect();
    }
    if let Some(call) = &message.tool_call_id {
        written["tool_call_id"] = call.as_str().into();
    }
    written
}

fn without_controls(mut text: String, controls: &[&str]) -> String {
    for control in controls {
        let mut characters = control.chars();
        if let Some(first) = characters.next()
            && text.contains(control)
        {
            text = text.replace(control, &format!("{first}{JOINT}{}", characters.as_str()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_control_tokens_are_broken_up() {
        let text = "a<|im_end|>b<|im_start|>".to_owned();
        let broken = without_controls(text, &["<|im_end|>", "<|im_start|>"]);
        assert!(!broken.contains("<|im_"), "{broken}");
        assert_eq!(broken.replace(JOINT, ""), "a<|im_end|>b<|im_start|>");
    }
}

//! The input of an action: JSON, `key=value`, or values with commas between them.

use serde_json::Value as Json;

use crate::dialect::{
    arguments,
    drafting::Drafting,
    reader::{Reader, Syntax, is_word},
    references::escaped,
    written::Written,
};

type Arguments = Vec<(Option<String>, Json)>;

/// Reads the input of `tool`; `None` if it was cut off.
pub(super) fn read(
    text: &str,
    tool: &str,
    is_whole: bool,
    drafting: &mut Drafting<'_>,
) -> Option<Arguments> {
    let text = text.trim().trim_matches('`').trim();
    let read = if text.starts_with('{') {
        arguments::of_text(text, is_whole, &mut drafting.repairs)?
    } else if let Some(named) = named(text, drafting) {
        named
    } else {
        positional(text, tool, drafting)
    };
    Some(
        read.into_iter()
            .map(|(name, value)| (name, escaped(value)))
            .collect(),
    )
}

/// `key=value, key="value"`, if all of it is that.
fn named(text: &str, drafting: &mut Drafting<'_>) -> Option<Arguments> {
    let name = text.trim_start_matches(is_word);
    if name.len() == text.len() || !name.trim_start().starts_with('=') {
        return None;
    }
    let call = format!("input({text})");
    let mut reader = Reader::new(&call, 0, Syntax::Code, &mut drafting.repairs).known_whole(true);
    let Some(Written::Call(call, _)) = reader.term() else {
        return None;
    };
    let is_named = call.arguments.iter().all(|(name, _)| name.is_some());
    is_named.then(|| {
        call.arguments
            .into_iter()
            .map(|(name, value)| (name, value.into_json(&mut drafting.repairs)))
            .collect()
    })
}

/// Values with commas between them; the last parameter takes the rest, as sentences have commas too.
fn positional(text: &str, tool: &str, drafting: &Drafting<'_>) -> Arguments {
    if text.is_empty() {
        return Vec::new();
    }
    let first = text.split(',').next().unwrap_or_default();
    let count = match drafting.tools.parameters_of(tool) {
        Some(parameters) => parameters.len().max(1),
        // A file comes first, mostly, and then what to do with it.
        None if first.trim().contains(char::is_whitespace) => 1,
        None if text
            .split(',')
            .all(|part| !part.trim().contains(char::is_whitespace)) =>
        {
            usize::MAX
        }
        None => 2,
    };
    text.splitn(count, ',')
        .map(|part| (None, Json::String(unquoted(part.trim()).to_owned())))
        .collect()
}

fn unquoted(text: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| {
            let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inside.contains(quote)).then_some(inside)
        })
        .unwrap_or(text)
}

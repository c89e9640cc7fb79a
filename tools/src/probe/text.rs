//! Whether bytes are text, and of which sort.

use medley_orchestrator::{Facts, Kind, Probed};

use super::Name;

/// The description of `content` if it is UTF-8 text.
///
/// That it is text is in the bytes; that it is a table, only in the name. A document is JSON if its name says so and
/// it can be parsed.
pub(super) fn text(name: &Name, content: &[u8]) -> Option<Probed> {
    let text = str::from_utf8(content).ok()?;
    if text.chars().any(is_binary) {
        return None;
    }
    let (kind, mime) = match name.extension.as_str() {
        "csv" => (Kind::Table, "text/csv"),
        "tsv" => (Kind::Table, "text/tab-separated-values"),
        "json" if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => {
            (Kind::Json, "application/json")
        }
        "md" | "markdown" => (Kind::Text, "text/markdown"),
        "html" | "htm" => (Kind::Text, "text/html"),
        _ => (Kind::Text, "text/plain"),
    };
    Some(Probed {
        kind,
        mime: mime.to_owned(),
        facts: Facts::default(),
    })
}

/// Whether a character has no place in text: control characters except white space, the bell, backspace and escape of
/// terminal output, and the form feed.
fn is_binary(character: char) -> bool {
    character.is_control()
        && !matches!(
            character,
            '\t' | '\n' | '\r' | '\u{07}' | '\u{08}' | '\u{0c}' | '\u{1b}' | '\u{80}'..='\u{9f}'
        )
}

//! What stands around a plan: thoughts, Markdown fences and tags.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Region<'a> {
    pub text: &'a str,
    /// Whether something behind it shows that it ends where it should.
    pub is_whole: bool,
}

/// The text behind what a model thought before it spoke; `None` if it was still thinking when it was cut.
pub(super) fn behind_thoughts(text: &str) -> Option<&str> {
    let start = text.trim_start();
    if let Some(thoughts) = start.strip_prefix("<think>") {
        return thoughts.split_once("</think>").map(|(_, said)| said);
    }
    // Templates of some models write the first tag themselves.
    let said = text.find("</think>").and_then(|at| {
        let behind = &text[at + "</think>".len()..];
        let stands_alone = text[..at].ends_with('\n') || behind.starts_with(['\n', '\r']);
        stands_alone.then_some(behind)
    });
    Some(said.unwrap_or(text))
}

/// What stands between Markdown's fences.
pub(super) fn fenced(text: &str) -> Vec<Region<'_>> {
    let mut regions = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("```") {
        let behind = rest[at..].trim_start_matches('`');
        let inside = behind.trim_start_matches(|each: char| {
            each.is_ascii_alphanumeric() || matches!(each, '_' | '+' | '-')
        });
        let end = closing_fence(inside);
        let content = &inside[..end.unwrap_or(inside.len())];
        regions.push(Region {
            text: content,
            is_whole: end.is_some(),
        });
        rest = inside[content.len()..].trim_start_matches('`');
    }
    regions
}

/// Where a fence stands at the start of a line or behind a bracket; others are text.
fn closing_fence(inside: &str) -> Option<usize> {
    inside.match_indices("```").map(|(at, _)| at).find(|&at| {
        let before = inside[..at].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with(['\n', '}', ']', ')', '>'])
    })
}

/// What stands between `<tool_call>` tags.
pub(super) fn tool_calls(text: &str) -> Vec<Region<'_>> {
    let mut regions = Vec::new();
    let mut rest = text;
    while let Some((_, inside)) = rest.split_once("<tool_call>") {
        let end = inside.find("</tool_call>");
        regions.push(Region {
            text: &inside[..end.unwrap_or(inside.len())],
            is_whole: end.is_some(),
        });
        rest = end.map_or("", |end| &inside[end..]);
    }
    regions
}

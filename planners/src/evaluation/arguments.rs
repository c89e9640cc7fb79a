//! What an argument of a TaskBench plan is: the output of another call, or a text, picture, sound or video.

use medley_orchestrator::Kind;
use serde_json::Value as Json;

/// The endings of file names by kind, in the order in which TaskBench looks for them.
const ENDINGS: [(Kind, &[&str]); 3] = [
    (
        Kind::Image,
        &["jpg", "png", "jpeg", "gif", "bmp", "tiff", "svg", "ico"],
    ),
    (
        Kind::Audio,
        &["mp3", "wav", "wma", "ogg", "aac", "flac", "aiff", "au"],
    ),
    (
        Kind::Video,
        &[
            "mp4", "avi", "mov", "flv", "wmv", "mkv", "webm", "m4v", "mpg", "mpeg",
        ],
    ),
];

/// The text of an argument: an object is its first value, a list its items with spaces between.
///
/// Nothing, where TaskBench's program stops with an error.
pub(super) fn text_of(argument: &Json) -> Option<String> {
    match argument {
        Json::Object(fields) => words_of(fields.values().next()?),
        other => words_of(other),
    }
}

fn words_of(json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(text.clone()),
        Json::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
            Some(words?.join(" "))
        }
        _ => None,
    }
}

/// What the first `<node-` in a text is followed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// The number of a call, counted from 0.
    Node(usize),
    /// No number.
    Broken,
}

/// The tag in a text, wherever it stands.
pub(super) fn tag(text: &str) -> Option<Tag> {
    let (_, behind) = text.split_once("<node-")?;
    let number = behind.split_once('>').map(|(number, _)| number.trim());
    Some(
        number
            .and_then(|number| number.parse().ok())
            .map_or(Tag::Broken, Tag::Node),
    )
}

/// What a text stands for, judged by the endings of file names anywhere in it; a URL without one is a text.
pub(super) fn kind_of(text: &str) -> Kind {
    ENDINGS
        .iter()
        .find(|(_, endings)| endings.iter().any(|ending| has_ending(text, ending)))
        .map_or(Kind::Text, |(kind, _)| *kind)
}

fn has_ending(text: &str, ending: &str) -> bool {
    text.match_indices('.')
        .any(|(at, _)| text[at + 1..].starts_with(ending))
}

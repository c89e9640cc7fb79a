//! References as each dialect writes them, as references of a plan.

use std::collections::HashSet;

use medley_orchestrator::{DraftStep, Expression, Reference, is_step_id};
use serde_json::Value as Json;

/// The tags that HuggingGPT and TaskBench write before a number, and what closes them behind it.
const TAGS: [(&str, &str); 6] = [
    ("<GENERATED>-", ""),
    ("<generated>-", ""),
    ("<resource>-", ""),
    ("<node-", ">"),
    ("<GENERATED-", ">"),
    ("<resource-", ">"),
];

/// The id of the step that a dialect calls by a number; other names stay.
pub(super) fn numbered_id(written: &str) -> String {
    let is_number = !written.is_empty() && written.bytes().all(|each| each.is_ascii_digit());
    if is_number {
        format!("s{written}")
    } else {
        written.to_owned()
    }
}

/// A name that may be a step's, near to what was written.
pub(super) fn legal_id(written: &str) -> String {
    let written = numbered_id(written.trim().trim_start_matches('$'));
    if is_step_id(&written) || written.is_empty() {
        return written;
    }
    let id: String = written
        .chars()
        .map(|each| {
            if each.is_ascii_alphanumeric() {
                each
            } else {
                '_'
            }
        })
        .collect();
    if is_step_id(&id) {
        id
    } else {
        format!("s_{id}")
    }
}

/// The steps that the arguments of a step refer to.
pub(super) fn roots(step: &DraftStep) -> HashSet<String> {
    step.args
        .values()
        .filter_map(|value| Expression::from_json(value).ok())
        .flat_map(|argument| {
            let references = argument.references();
            references
                .into_iter()
                .map(|each| each.root.clone())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Text in which a dollar means nothing.
pub(super) fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

/// A value in which dollars mean nothing.
pub(super) fn escaped(value: Json) -> Json {
    map_text(value, &|text| Json::String(escape(&text)))
}

/// A value with each of its texts as `change` makes it.
pub(super) fn map_text(value: Json, change: &impl Fn(String) -> Json) -> Json {
    match value {
        Json::String(text) => change(text),
        Json::Array(items) => items
            .into_iter()
            .map(|item| map_text(item, change))
            .collect(),
        Json::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| (name, map_text(field, change)))
            .collect(),
        other => other,
    }
}

/// A reference inside of text.
pub(super) fn braced(reference: &Reference) -> String {
    let written = reference.to_string();
    format!("${{{}}}", written.trim_start_matches('$'))
}

/// A value of a dialect with tags (`<GENERATED>-0`, `<node-0>`), with references in their place.
pub(super) fn from_tags(value: Json) -> Json {
    map_text(value, &|text| text_from_tags(&text))
}

fn text_from_tags(text: &str) -> Json {
    if let Some(reference) = whole_tag(text) {
        return Json::String(reference.to_string());
    }
    let listed: Option<Vec<Json>> = text
        .split(',')
        .map(|part| whole_tag(part).map(|reference| Json::String(reference.to_string())))
        .collect();
    match listed {
        Some(references) => Json::Array(references),
        None => Json::String(template_from_tags(text)),
    }
}

/// A reference whose tag is all of `text`, with what is picked out of it.
fn whole_tag(text: &str) -> Option<Reference> {
    let text = text.trim();
    let (number, length) = tag(text)?;
    Reference::parse(&format!("{}{}", numbered_id(number), &text[length..]))
}

fn template_from_tags(text: &str) -> String {
    let mut template = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        template.push_str(&escape(&rest[..at]));
        rest = &rest[at..];
        let length = match tag(rest) {
            Some((number, length)) => {
                template.push_str(&braced(&Reference::to(numbered_id(number))));
                length
            }
            None => {
                template.push('<');
                1
            }
        };
        rest = &rest[length..];
    }
    template.push_str(&escape(rest));
    template
}

/// The number of the tag that `text` starts with, and the length of the tag.
fn tag(text: &str) -> Option<(&str, usize)> {
    TAGS.iter().find_map(|(before, behind)| {
        let rest = text.strip_prefix(before)?;
        let end = rest
            .find(|each: char| !each.is_ascii_digit())
            .unwrap_or(rest.len());
        (end > 0 && rest[end..].starts_with(behind))
            .then(|| (&rest[..end], before.len() + end + behind.len()))
    })
}

/// Text in which `$1` and `${1}` are references where `is_known` holds for their id, and dollars mean nothing elsewhere.
pub(super) fn from_dollars(text: &str, is_known: impl Fn(&str) -> bool) -> String {
    let mut template = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        template.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match dollar(rest).filter(|(reference, _)| is_known(&reference.root)) {
            Some((reference, length)) => {
                template.push_str(&braced(&reference));
                rest = &rest[length..];
            }
            None => template.push_str("$$"),
        }
    }
    template.push_str(rest);
    template
}

/// The reference that `text` starts with behind its dollar, and its length.
fn dollar(text: &str) -> Option<(Reference, usize)> {
    if let Some(inside) = text.strip_prefix('{') {
        // A reference is short: what is longer is text.
        let end = inside
            .char_indices()
            .take(100)
            .find(|(_, each)| *each == '}')?
            .0;
        let inside = inside[..end].trim().trim_start_matches('$');
        return Some((parse(inside)?, end + 2));
    }
    let end = text
        .find(|each: char| !each.is_ascii_digit())
        .unwrap_or(text.len());
    let mut behind = text[end..].chars();
    // `$5.00` and `$5,000` are money.
    let is_amount = matches!(behind.next(), Some('.' | ','))
        && behind.next().is_some_and(|each| each.is_ascii_digit());
    (end > 0 && !is_amount).then(|| (Reference::to(numbered_id(&text[..end])), end))
}

/// A reference without its dollar, by a number or a name.
pub(super) fn parse(text: &str) -> Option<Reference> {
    let end = text
        .find(|each: char| !each.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    Reference::parse(&format!("{}{rest}", numbered_id(number)))
}

//! Which files, and which words, a clause refers to.

use std::collections::BTreeSet;

use medley_orchestrator::{Kind, Request};

use super::{
    super::{
        clauses::{Clause, Joint},
        files::Files,
        tokens::{Break, Token, TokenKind},
        vocabulary::{Vocabulary, Words},
    },
    Obstacle,
};

/// The attachments that a clause refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// These, by name or by number.
    Named(Vec<usize>),
    /// Whatever the last clause was about.
    Last,
    /// All of them.
    All,
}

/// Reads names, numbers ("the second picture") and pronouns.
pub(super) fn lanes_named(
    clause: &Clause,
    files: &Files<'_>,
    words: &Words,
    kind: Option<Kind>,
) -> Result<Lanes, Obstacle> {
    let mut named: Vec<usize> = Vec::new();
    for token in &clause.tokens {
        match token.kind {
            TokenKind::File(index) => named.push(index),
            TokenKind::Ordinal(ordinal) => {
                named.push(nth(files, ordinal, kind).ok_or(Obstacle::NoSuchFile { ordinal })?);
            }
            _ => {}
        }
    }
    if !named.is_empty() {
        named.dedup();
        return Ok(Lanes::Named(named));
    }
    // "Blur b.png, then rotate by 90 degrees" needs no pronoun.
    let says = |list: &BTreeSet<String>| clause.words().any(|word| list.contains(word));
    let named_kind = clause.words().any(|word| words.kind_of(word).is_some());
    let last = says(&words.pronouns)
        || !says(&words.every) && (clause.joint == Joint::Then || !named_kind);
    Ok(if last { Lanes::Last } else { Lanes::All })
}

/// The file that a number word means; -1 is the last.
pub(super) fn nth(files: &Files<'_>, ordinal: i64, kind: Option<Kind>) -> Option<usize> {
    let is_of_kind = |lane: &usize| {
        let file = files.get(*lane);
        kind.is_none_or(|kind| kind == Kind::File || file.is_some_and(|file| file.kind == kind))
    };
    let of_kind: Vec<usize> = files.counted().into_iter().filter(is_of_kind).collect();
    match usize::try_from(ordinal) {
        Ok(place) => of_kind.get(place.checked_sub(1)?).copied(),
        Err(_) => of_kind.last().copied(),
    }
}

/// Text that a clause gives without quotation marks: what stands behind a colon, else an address, else what stands behind
/// the verb, without words that say how ("out loud", "in German").
pub(super) fn literal(
    clause: &Clause,
    request: &Request,
    vocabulary: &Vocabulary,
) -> Option<String> {
    let tokens = &clause.tokens;
    let colon = tokens
        .iter()
        .position(|token| token.kind == TokenKind::Break(Break::Colon));
    let is_address = |token: &Token| token.kind == TokenKind::Address;
    let range = match (colon, tokens.iter().position(is_address)) {
        (Some(colon), _) => tokens.get(colon + 1..)?,
        (None, Some(address)) => tokens.get(address..=address)?,
        (None, None) => without_manner(tokens.get(1..)?, vocabulary),
    };
    let (first, last) = (range.first()?, range.last()?);
    let text = request
        .text
        .get(first.source.start..last.source.end)?
        .trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn without_manner<'a>(tokens: &'a [Token], vocabulary: &Vocabulary) -> &'a [Token] {
    let rules = &vocabulary.arguments.language;
    let words = &vocabulary.words;
    let manner = |token: &Token| {
        let language = rules
            .codes
            .values()
            .any(|names| names.contains(&token.text));
        language
            || rules.after.contains(&token.text)
            || words.manner.contains(&token.text)
            || words.pronouns.contains(&token.text)
            || words.again.contains(&token.text)
            || words.stop.contains(&token.text)
            || words.kind_of(&token.text).is_some()
    };
    let start = tokens.iter().position(|token| !manner(token));
    let end = tokens.iter().rposition(|token| !manner(token));
    match (start, end) {
        (Some(start), Some(end)) => &tokens[start..=end],
        _ => &[],
    }
}

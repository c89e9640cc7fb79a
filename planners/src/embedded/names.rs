//! Words that are plainly names of files, by their endings, and name no file that is there.
//!
//! What shall be made may be called anything ("save it as out.png"), and so may text that is said or written. Any other
//! name is of a file that the person believes to be there, and no other file stands in for it.

use std::ops::Range;

use super::{
    clauses::longest_match,
    tokens::{Break, Token, TokenKind},
    vocabulary::Words,
};

/// Makes one token of each name of a file that is not there, and of each name of what shall be made its ending.
pub(super) fn mark(tokens: &mut Vec<Token>, request: &str, words: &Words) {
    for source in names(request, words) {
        // Chinese objects do not stand where they come from.
        let within =
            |token: &Token| token.source.end > source.start && token.source.start < source.end;
        let Some(first) = tokens.iter().position(within) else {
            continue;
        };
        let count = tokens[first..]
            .iter()
            .take_while(|token| within(token))
            .count();
        let inside = &tokens[first..first + count];
        let known = |token: &Token| {
            matches!(
                token.kind,
                TokenKind::File(_) | TokenKind::Quoted | TokenKind::Address
            )
        };
        if count == 0 || inside.iter().any(known) || follows_colon(&tokens[..first]) {
            continue;
        }
        let name = &request[source.clone()];
        let made = is_made(&tokens[..first], words);
        let token = Token {
            text: if made {
                ending(name).unwrap_or_default().to_lowercase()
            } else {
                name.to_owned()
            },
            kind: if made {
                TokenKind::Word
            } else {
                TokenKind::Absent
            },
            source,
        };
        tokens.splice(first..first + count, [token]);
    }
}

/// The name in a clause of a file that is not there.
pub(super) fn absent(tokens: &[Token]) -> Option<&str> {
    let absent = tokens.iter().find(|token| token.kind == TokenKind::Absent);
    absent.map(|token| token.text.as_str())
}

/// Where words stand that end as names of files do.
fn names(request: &str, words: &Words) -> Vec<Range<usize>> {
    let belongs = |each: char| {
        each.is_ascii_alphanumeric()
            || "._-/\\~".contains(each)
            || !each.is_ascii() && each.is_alphabetic() && !super::chinese::is_han(each)
    };
    let mut found = Vec::new();
    let mut start = 0;
    for part in request.split_inclusive(|each: char| !belongs(each)) {
        let word = part.trim_end_matches(|each: char| !belongs(each) || each == '.');
        // "example.com/x.png" is an address.
        let address = word
            .split_once('/')
            .is_some_and(|(host, _)| host.trim_start_matches('.').contains('.'));
        if !address
            && ending(word).is_some_and(|ending| words.endings.contains(&ending.to_lowercase()))
        {
            found.push(start..start + word.len());
        }
        start += part.len();
    }
    found
}

/// What stands behind the last full stop of a name.
fn ending(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    stem.ends_with(char::is_alphanumeric).then_some(ending)
}

/// Whether what stands before a name says that it is what something shall be called: "save it as", "to".
fn is_made(before: &[Token], words: &Words) -> bool {
    let rules = &words.naming;
    let ends_with = |phrases: &[String]| {
        (1..=3_usize.min(before.len())).any(|length| {
            let tail = &before[before.len() - length..];
            longest_match(tail, 0, phrases) == Some(length)
        })
    };
    let is_break = |token: &Token| matches!(token.kind, TokenKind::Break(_));
    let start = before
        .iter()
        .rposition(is_break)
        .map_or(0, |place| place + 1);
    // "Listen to", "compare it to".
    let towards = || {
        let mut words = before[start..].iter().filter(|token| token.is_word());
        words.any(|token| rules.towards.contains(&token.text))
    };
    ends_with(&rules.called) || ends_with(&rules.into) && !towards()
}

/// Whether text stands here that is to be said or written: "say: a.png".
fn follows_colon(before: &[Token]) -> bool {
    let last = before
        .iter()
        .rfind(|token| matches!(token.kind, TokenKind::Break(_)));
    last.is_some_and(|token| token.kind == TokenKind::Break(Break::Colon))
}

//! Words and numbers that count files: "the second picture", "read the first", "picture 2".
//!
//! They tell which file is meant, and nothing of what is to be done with it: for the choice of a tool, and among its
//! numbers, they do not count.

use medley_orchestrator::Kind;

use super::{
    tokens::{Break, Token, TokenKind},
    vocabulary::{Arguments, Vocabulary, Words},
};

/// The greatest number that is taken to count files.
const MOST: f64 = 12.0;

/// Makes ordinals of the words and numbers that count files.
pub(super) fn mark(tokens: &mut Vec<Token>, vocabulary: &Vocabulary) {
    let words = &vocabulary.words;
    join_endings(tokens, words);
    for at in 0..tokens.len() {
        if let Some(ordinal) = ordinal(&tokens[at], words)
            && counts(tokens, at, words)
        {
            tokens[at].kind = TokenKind::Ordinal(ordinal);
        }
    }
    for at in 0..tokens.len() {
        number_behind(tokens, at, vocabulary);
    }
}

/// Makes one word of "2" and "nd".
fn join_endings(tokens: &mut Vec<Token>, words: &Words) {
    for at in (1..tokens.len()).rev() {
        let (number, ending) = (&tokens[at - 1], &tokens[at]);
        let adjacent = number.source.end == ending.source.start && number.number().is_some();
        let word = format!("{}{}", number.text, ending.text);
        if adjacent && words.ordinals.contains_key(&word) {
            let end = ending.source.end;
            tokens.remove(at);
            tokens[at - 1].source.end = end;
            tokens[at - 1].text = word;
            tokens[at - 1].kind = TokenKind::Word;
        }
    }
}

fn ordinal(token: &Token, words: &Words) -> Option<i64> {
    token
        .is_word()
        .then(|| words.ordinals.get(&token.text).copied())?
}

/// Whether the number word at `at` counts files: "the second picture", "the second one", and "the second" where no other
/// thing follows that it could count.
fn counts(tokens: &[Token], at: usize, words: &Words) -> bool {
    let mut next = at + 1;
    // "The first and the second picture": what the last counts, the others count.
    let listed = |token: &&Token| {
        matches!(token.kind, TokenKind::Break(Break::Comma))
            || matches!(token.text.as_str(), "and" | "or" | "the")
    };
    while tokens.get(next).filter(listed).is_some() {
        next += 1;
    }
    if next > at + 1
        && tokens
            .get(next)
            .is_some_and(|next| ordinal(next, words).is_some())
    {
        return counts(tokens, next, words);
    }
    let stands_alone = at > 0 && tokens[at - 1].text == "the";
    let next = tokens[at + 1..].iter().find(|next| next.text != "the");
    match next.filter(|next| next.is_word()) {
        Some(next) => {
            let word = &next.text;
            let kind = words.kind_of(word);
            let counted = word == "one" || kind.is_some_and(|kind| kind != Kind::Text);
            let counts_nothing =
                words.stop.contains(word) || words.manner.contains(word) || word.ends_with("ly");
            counted || kind.is_none() && stands_alone && counts_nothing
        }
        None => stands_alone,
    }
}

/// Makes an ordinal of the number behind a word for files: "picture 2", "image number 3", "pictures 1 and 2".
fn number_behind(tokens: &mut [Token], at: usize, vocabulary: &Vocabulary) {
    let words = &vocabulary.words;
    let is = |place: usize, list: &[&str]| {
        tokens
            .get(place)
            .is_some_and(|token| token.is_word() && list.contains(&token.text.as_str()))
    };
    let noun = tokens[at].is_word() && words.numbered.contains(&tokens[at].text);
    let determined = at > 0 && is(at - 1, &["the", "a", "this", "my", "its", "each", "every"]);
    let called = is(at + 1, &["number", "no", "nr"]);
    if !noun || determined && !called {
        return;
    }
    let several = tokens[at].text.ends_with('s');
    let mut place = at + 1 + usize::from(called);
    while let Some(ordinal) = number_of_file(tokens, place, &vocabulary.arguments) {
        tokens[place].kind = TokenKind::Ordinal(ordinal);
        let joined = tokens.get(place + 1).is_some_and(|token| {
            matches!(token.kind, TokenKind::Break(Break::Comma)) || token.text == "and"
        });
        if !(several && joined) {
            return;
        }
        place += 2;
    }
}

/// The number at `at`, if it is small, whole and measures nothing.
fn number_of_file(tokens: &[Token], at: usize, rules: &Arguments) -> Option<i64> {
    let token = tokens.get(at)?;
    let value = match token.number() {
        Some(value) => value,
        None if token.text == "one" => 1.0,
        None => token.text.strip_prefix('#')?.parse().ok()?,
    };
    let measures = tokens.get(at + 1).is_some_and(|next| {
        let is_unit = rules.units.values().any(|names| names.contains(&next.text));
        next.is_word() && is_unit
    });
    let fits = value.fract() == 0.0 && (1.0..=MOST).contains(&value) && !measures;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "checked to be whole and small"
    )]
    fits.then_some(value as i64)
}

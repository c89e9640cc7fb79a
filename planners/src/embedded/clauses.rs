//! A request as clauses, one action each, as far as the words alone tell.

use super::{
    denial::{Denial, Denials, Form},
    tokens::{Break, Token, TokenKind},
    vocabulary::Words,
};

/// How a clause is joined to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// It is the first, or begins a sentence.
    Sentence,
    /// A comma or "and".
    And,
    /// "Then" and the like: it works on the last result.
    Then,
}

/// Words that may ask for one action.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clause {
    /// The words, without polite beginnings.
    pub tokens: Vec<Token>,
    /// How it is joined to the one before.
    pub joint: Joint,
    /// Whether it begins with a word that begins an action.
    pub has_verb: bool,
    /// Whether it says what shall not be done.
    pub denied: bool,
}

impl Clause {
    /// The words as they stand in the request.
    pub(super) fn source<'a>(&self, request: &'a str) -> &'a str {
        let start = self.tokens.iter().map(|token| token.source.start).min();
        let end = self.tokens.iter().map(|token| token.source.end).max();
        match (start, end) {
            (Some(start), Some(end)) => request.get(start..end).unwrap_or_default().trim(),
            _ => "",
        }
    }

    /// Adds the words of the clause behind this one, with a comma between.
    pub(super) fn absorb(&mut self, other: Self) {
        let end = self.tokens.last().map_or(0, |last| last.source.end);
        self.tokens.push(Token {
            text: String::new(),
            kind: TokenKind::Break(Break::Comma),
            source: end..end,
        });
        self.tokens.extend(other.tokens);
        self.has_verb |= other.has_verb;
    }

    /// Every word, in order.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.tokens
            .iter()
            .filter(|token| token.is_word())
            .map(|token| token.text.as_str())
    }
}

/// Splits tokens where a new action may begin. `starts_action` knows words that begin one.
pub(super) fn split(
    tokens: &[Token],
    words: &Words,
    starts_action: &dyn Fn(&str) -> bool,
) -> Vec<Clause> {
    let mut clauses = Vec::new();
    let mut current: Vec<Token> = Vec::new();
    let mut joint = Joint::Sentence;
    let mut denied: Option<Form> = None;
    let denials = Denials {
        tokens,
        words,
        starts_action,
    };
    let finish = |tokens: Vec<Token>, joint: Joint, denied: Option<Form>| Clause {
        denied: denied.is_some(),
        ..clause(tokens, joint, words, starts_action)
    };
    let mut at = 0;
    while at < tokens.len() {
        if let Some(length) = longest_match(tokens, at, &words.together) {
            current.extend_from_slice(&tokens[at..at + length]);
            at += length;
            continue;
        }
        if let Some((denial, length)) = denials.begins(at, &current, clauses.is_empty()) {
            if let Denial::Denied(form) = denial {
                if !current.is_empty() {
                    clauses.push(finish(std::mem::take(&mut current), joint, denied));
                    joint = Joint::And;
                }
                denied = Some(form);
            }
            at += length;
            continue;
        }
        let (next, length) = match boundary(tokens, at, words, starts_action) {
            (None, length) if denials.turns(at) => (Some(Joint::And), length),
            found => found,
        };
        match next {
            None => current.push(tokens[at].clone()),
            Some(next) => {
                if current.is_empty() {
                    joint = stronger(joint, next);
                } else {
                    clauses.push(finish(std::mem::take(&mut current), joint, denied));
                    joint = next;
                }
                denied = denied.filter(|form| denials.goes_on(*form, at, length));
            }
        }
        at += length;
    }
    clauses.push(finish(current, joint, denied));
    clauses.retain(|clause| !clause.tokens.is_empty());
    clauses
}

/// The joint at `at`, if there is one, and how many tokens it or the token there takes.
fn boundary(
    tokens: &[Token],
    at: usize,
    words: &Words,
    starts_action: &dyn Fn(&str) -> bool,
) -> (Option<Joint>, usize) {
    if joins_ordinals(tokens, at, words) {
        return (None, 1);
    }
    if let Some(length) = longest_match(tokens, at, &words.then) {
        return (Some(Joint::Then), length);
    }
    if let Some(length) = longest_match(tokens, at, &words.also) {
        return (Some(Joint::And), length);
    }
    let is_number = |token: Option<&Token>| token.is_some_and(|token| token.number().is_some());
    let joint = match tokens[at].kind {
        TokenKind::Break(Break::Sentence) => Some(Joint::Sentence),
        TokenKind::Break(Break::Comma) => {
            let in_list = at > 0 && is_number(tokens.get(at - 1)) && is_number(tokens.get(at + 1));
            (!in_list).then_some(Joint::And)
        }
        TokenKind::Break(Break::Colon) => {
            let is_action = |token: &Token| token.is_word() && starts_action(&token.text);
            // "Say: do not enter" is said.
            let said = at > 0
                && is_action(&tokens[at - 1])
                && longest_match(tokens, at + 1, &words.denial.phrases).is_some();
            (!said && tokens.get(at + 1).is_some_and(is_action)).then_some(Joint::And)
        }
        _ => None,
    };
    (joint, 1)
}

/// Whether what stands at `at` only joins two files: "the first and the second".
fn joins_ordinals(tokens: &[Token], at: usize, words: &Words) -> bool {
    let is_ordinal = |token: &Token| matches!(token.kind, TokenKind::Ordinal(_));
    let tells = |token: &&Token| token.text != "the" && !words.numbered.contains(&token.text);
    let before = tokens[..at].iter().rfind(tells);
    let behind = tokens[at + 1..].iter().find(tells);
    let joins = tokens[at].text == "and" || tokens[at].kind == TokenKind::Break(Break::Comma);
    joins && before.is_some_and(is_ordinal) && behind.is_some_and(is_ordinal)
}

const fn stronger(one: Joint, other: Joint) -> Joint {
    match (one, other) {
        (Joint::Then, _) | (_, Joint::Then) => Joint::Then,
        (Joint::Sentence, _) | (_, Joint::Sentence) => Joint::Sentence,
        (Joint::And, Joint::And) => Joint::And,
    }
}

fn clause(
    mut tokens: Vec<Token>,
    joint: Joint,
    words: &Words,
    starts_action: &dyn Fn(&str) -> bool,
) -> Clause {
    while let Some(length) = longest_match(&tokens, 0, &words.lead_ins) {
        tokens.drain(..length);
    }
    let translated = tokens
        .iter()
        .any(|token| token.kind == TokenKind::Translated);
    let reach = if translated { tokens.len() } else { 1 };
    let has_verb = tokens
        .iter()
        .take(reach)
        .any(|token| token.is_word() && starts_action(&token.text));
    Clause {
        tokens,
        joint,
        has_verb,
        denied: false,
    }
}

/// How many tokens the longest of `phrases` takes at `at`, if one stands there.
pub(super) fn longest_match(tokens: &[Token], at: usize, phrases: &[String]) -> Option<usize> {
    phrases
        .iter()
        .filter_map(|phrase| matches_at(tokens, at, phrase))
        .max()
}

fn matches_at(tokens: &[Token], at: usize, phrase: &str) -> Option<usize> {
    let mut length = 0;
    for word in phrase.split(' ') {
        let token = tokens.get(at + length)?;
        if !token.is_word() || token.text != word {
            return None;
        }
        length += 1;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::super::{tokens::tokenize, vocabulary::Vocabulary};
    use super::*;

    fn clauses(text: &str) -> Vec<(String, Joint)> {
        let vocabulary = Vocabulary::built_in().unwrap();
        let tokens = tokenize(text, &[], &vocabulary);
        let starts = |word: &str| vocabulary.words.verbs.contains(word);
        split(&tokens, &vocabulary.words, &starts)
            .iter()
            .map(|clause| (clause.source(text).to_owned(), clause.joint))
            .collect()
    }

    #[test]
    fn connectors_and_sentences_end_clauses() {
        use Joint::{And, Sentence, Then};
        let found = clauses(
            "Please read the sign and say it out loud, then blur it; after that, flip it. Also crop it",
        );
        let expected = [
            ("read the sign", Sentence),
            ("say it out loud", And),
            ("blur it", Then),
            ("flip it", Then),
            ("crop it", Sentence),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((text, joint), (wanted, expected)) in found.iter().zip(expected) {
            assert_eq!((text.as_str(), *joint), (wanted, expected));
        }
    }

    #[test]
    fn what_belongs_together_stays_together() {
        for text in [
            "make a black and white copy",
            "crop it to 10, 20, 30, 40",
            "say 'one, two and three'",
            "resize it to 1.5 times its size",
        ] {
            assert_eq!(clauses(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_shall_not_be_done_is_denied_up_to_where_it_ends() {
        let vocabulary = Vocabulary::built_in().unwrap();
        let starts = |word: &str| vocabulary.words.verbs.contains(word);
        for (text, denied) in [
            ("do not crop, blur or flip it, read it", "crop|blur|flip it"),
            ("read it without saying it and flip it", "saying it"),
            ("don't crop it and blur it instead", "crop it"),
            ("read it, not the first page", "the first page"),
            ("say do not enter", ""),
            ("say: do not enter", ""),
            ("don't forget to flip it", ""),
            ("why not flip it", ""),
            ("make it brighter, not too bright", ""),
            ("say 'never flip it'", ""),
            ("draw boxes without labels", ""),
        ] {
            let tokens = tokenize(text, &[], &vocabulary);
            let clauses = split(&tokens, &vocabulary.words, &starts);
            let found: Vec<&str> = clauses
                .iter()
                .filter(|clause| clause.denied)
                .map(|clause| clause.source(text))
                .collect();
            assert_eq!(found.join("|"), denied, "{text}");
        }
    }

    #[test]
    fn chinese_connectors_do_the_same() {
        let found = clauses("读出牌子上的字，然后把图片变成黑白的");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[1], ("把图片变成黑白的".to_owned(), Joint::Then));
    }
}

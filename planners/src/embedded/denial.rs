//! Words that say that something shall not be done: "do not rotate it", "without cropping it", "not in German".
//!
//! Each denies what follows up to the end of its clause, and what is joined to that by "or" or "and". It knows words and
//! their order only; what would have been done, it does not know.

use super::{
    clauses::longest_match,
    tokens::{Break, Token, TokenKind},
    vocabulary::Words,
};

/// How a clause is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// "Do not rotate it."
    Plain,
    /// "Without rotating it."
    Participle,
}

/// What words of denial do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    /// What follows shall not be done.
    Denied(Form),
    /// They ask for it all the same: "do not forget to", "do not only".
    Undone,
}

/// A request while denials are looked for.
pub(super) struct Denials<'a> {
    pub tokens: &'a [Token],
    pub words: &'a Words,
    pub starts_action: &'a dyn Fn(&str) -> bool,
}

impl Denials<'_> {
    /// The denial that begins at `at`, and how many tokens say it. `current` is what the clause there has already, and
    /// `first` whether there is no clause before.
    pub(super) fn begins(
        &self,
        at: usize,
        current: &[Token],
        first: bool,
    ) -> Option<(Denial, usize)> {
        let rules = &self.words.denial;
        let starts = self.is_lead_in(current);
        let before = current.last();
        if let Some(length) = longest_match(self.tokens, at, &rules.phrases) {
            let undone = longest_match(self.tokens, at + length, &rules.undone);
            return match undone {
                Some(undone) if starts => Some((Denial::Undone, length + undone)),
                None if starts => Some((Denial::Denied(Form::Plain), length)),
                // "Say do not enter" is said.
                None if self.may_break(at, before) && self.is_action(at + length) => {
                    Some((Denial::Denied(Form::Plain), length))
                }
                _ => None,
            };
        }
        if let Some(length) = longest_match(self.tokens, at, &rules.participle) {
            let denies = self.is_participle(at + length) && !before.is_some_and(|it| self.says(it));
            return denies.then_some((Denial::Denied(Form::Participle), length));
        }
        let length = longest_match(self.tokens, at, &rules.contrast)?;
        let action = (starts || self.may_break(at, before)) && self.is_action(at + length);
        let contrast = current.is_empty() && !first && self.excludes(at + length);
        (action || contrast).then_some((Denial::Denied(Form::Plain), length))
    }

    /// Whether "but" at `at` begins something new, as in "but do not crop it".
    pub(super) fn turns(&self, at: usize) -> bool {
        let rules = &self.words.denial;
        let Some(length) = longest_match(self.tokens, at, &rules.but) else {
            return false;
        };
        let mut next = at + length;
        while let Some(length) = longest_match(self.tokens, next, &self.words.lead_ins) {
            next += length;
        }
        let denies = longest_match(self.tokens, next, &rules.phrases).is_some();
        let contrast = longest_match(self.tokens, next, &rules.contrast);
        denies
            || self.is_action(next)
            || contrast.is_some_and(|length| self.excludes(next + length))
    }

    /// Whether what is joined at `at` by `length` tokens is denied with what stands before.
    pub(super) fn goes_on(&self, form: Form, at: usize, length: usize) -> bool {
        let rules = &self.words.denial;
        let or = |token: &Token| token.is_word() && rules.or.contains(&token.text);
        let behind = self.tokens.get(at + length..).unwrap_or_default();
        let is_break = |token: &&Token| matches!(token.kind, TokenKind::Break(_));
        let joined = || behind.iter().take_while(|token| !is_break(token));
        match self.tokens[at].kind {
            TokenKind::Break(Break::Colon) => true,
            // "Do not crop, flip or rotate it."
            TokenKind::Break(Break::Comma) => joined().any(or),
            _ if or(&self.tokens[at]) => true,
            _ if longest_match(self.tokens, at, &rules.and) == Some(length) => {
                let instead = joined().any(|token| rules.instead.contains(&token.text));
                !instead && (form == Form::Plain || self.is_participle(at + length))
            }
            _ => false,
        }
    }

    /// Whether words are no more than a polite beginning.
    fn is_lead_in(&self, mut current: &[Token]) -> bool {
        while let Some(length) = longest_match(current, 0, &self.words.lead_ins) {
            current = &current[length..];
        }
        current.is_empty()
    }

    /// Whether a clause may end before `at` without any mark.
    fn may_break(&self, at: usize, before: Option<&Token>) -> bool {
        let Some(before) = before else {
            return true;
        };
        match before.kind {
            TokenKind::File(_) | TokenKind::Ordinal(_) | TokenKind::Quoted => true,
            _ if !before.is_word() || self.is_form_of_action(&before.text) => false,
            // A Chinese object may stand before what is to be done with it.
            _ => {
                self.tokens[at].kind == TokenKind::Translated
                    || self.words.pronouns.contains(&before.text)
                    || self.words.kind_of(&before.text).is_some()
            }
        }
    }

    /// Whether what stands behind `token` may be what it says.
    fn says(&self, token: &Token) -> bool {
        let breaks = matches!(token.kind, TokenKind::Break(_));
        breaks || token.is_word() && self.is_form_of_action(&token.text)
    }

    /// Whether the words from `at` on name a thing rather than a degree, as in "not in German".
    fn excludes(&self, at: usize) -> bool {
        let behind = self.tokens.get(at..).unwrap_or_default();
        let mut words = behind.iter().take_while(|token| token.is_word()).peekable();
        let degree = &self.words.denial.degree;
        words.peek().is_some() && !words.any(|token| degree.contains(&token.text))
    }

    fn is_action(&self, mut at: usize) -> bool {
        if self.tokens.get(at).is_some_and(|token| token.text == "to") {
            at += 1;
        }
        let token = self.tokens.get(at).filter(|token| token.is_word());
        token.is_some_and(|token| self.is_form_of_action(&token.text))
    }

    fn is_participle(&self, at: usize) -> bool {
        let token = self.tokens.get(at).filter(|token| token.is_word());
        token
            .is_some_and(|token| token.text.ends_with("ing") && self.is_form_of_action(&token.text))
    }

    /// Whether a word begins an action, in whatever form: "rotate", "rotates", "rotated", "cropping".
    fn is_form_of_action(&self, word: &str) -> bool {
        let starts = self.starts_action;
        let ending = |ending: &&str| {
            let root = word.strip_suffix(*ending)?;
            let mut letters = root.chars().rev();
            let doubled = letters.next().is_some() && letters.next() == root.chars().next_back();
            let short = root.strip_suffix(char::is_alphabetic).filter(|_| doubled);
            Some(starts(root) || starts(&format!("{root}e")) || short.is_some_and(starts))
        };
        starts(word)
            || ["ing", "ed", "es", "s"]
                .iter()
                .filter_map(ending)
                .any(|is| is)
    }
}

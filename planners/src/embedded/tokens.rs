//! A request as words, numbers, quotations, files and breaks, each with the place that it came from.
//!
//! Chinese words become English ones here, so that everything behind works on one language.

use std::ops::Range;

use super::{chinese, vocabulary::Vocabulary};

/// A piece of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    /// The word in lower-case English; for a quotation, what is quoted.
    pub text: String,
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the request.
    pub source: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TokenKind {
    /// A word.
    Word,
    /// A Chinese word as English.
    Translated,
    /// A character that no phrase of the table has.
    Unknown,
    /// A number.
    Number(f64),
    /// Text in quotation marks.
    Quoted,
    /// The attachment with this index, by its name.
    File(usize),
    /// The file with this number, counted from 1; -1 is the last.
    Ordinal(i64),
    /// The name of a file that is not there.
    Absent,
    /// Where something is to be found in the web.
    Address,
    /// A mark between words.
    Break(Break),
}

/// A mark between words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// The end of a sentence.
    Sentence,
    /// A comma.
    Comma,
    /// A colon.
    Colon,
}

impl Token {
    pub(super) fn is_word(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Translated)
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self.kind {
            TokenKind::Number(value) => Some(value),
            _ => None,
        }
    }
}

/// Splits `text` into tokens; `names` are the names of the attachments.
pub(super) fn tokenize(text: &str, names: &[&str], vocabulary: &Vocabulary) -> Vec<Token> {
    let mut scanner = Scanner {
        text,
        names,
        vocabulary,
        at: 0,
        tokens: Vec::new(),
    };
    while scanner.at < text.len() {
        scanner.step();
    }
    let mut tokens = scanner.tokens;
    chinese::reorder(&mut tokens, &vocabulary.words);
    tokens
}

struct Scanner<'a> {
    text: &'a str,
    names: &'a [&'a str],
    vocabulary: &'a Vocabulary,
    at: usize,
    tokens: Vec<Token>,
}

impl Scanner<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, text: impl Into<String>, kind: TokenKind, length: usize) {
        self.tokens.push(Token {
            text: text.into(),
            kind,
            source: self.at..self.at + length,
        });
        self.at += length;
    }

    /// Takes one token, or passes over what is none.
    fn step(&mut self) {
        let Some(first) = self.rest().chars().next() else {
            self.at = self.text.len();
            return;
        };
        if let Some((index, length)) = self.file() {
            self.push("", TokenKind::File(index), length);
        } else if let Some((quoted, length)) = self.quotation(first) {
            let kind = self.quoted_kind(&quoted);
            self.push(quoted, kind, length);
        } else if let Some(length) = address(self.rest()) {
            let address = self.rest()[..length].to_owned();
            self.push(address, TokenKind::Address, length);
        } else if let Some((value, length)) = self.number(first) {
            self.push(value.to_string(), TokenKind::Number(value), length);
        } else if chinese::is_han(first) {
            self.chinese(first);
        } else if first.is_alphanumeric() || first == '#' {
            self.word(first);
        } else {
            self.mark(first);
        }
    }

    /// An attachment's name, where it stands as a word of its own.
    fn file(&self) -> Option<(usize, usize)> {
        if self.follows_letter() {
            return None;
        }
        self.names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| {
                let candidate = self.rest().get(..name.len())?;
                let behind = self.rest()[name.len()..].chars().next();
                let ends = !behind.is_some_and(|next| next.is_ascii_alphanumeric());
                (!name.is_empty() && ends && candidate.eq_ignore_ascii_case(name))
                    .then_some((index, name.len()))
            })
            .max_by_key(|(_, length)| *length)
    }

    fn follows_letter(&self) -> bool {
        self.text[..self.at]
            .chars()
            .next_back()
            .is_some_and(|before| before.is_ascii_alphanumeric())
    }

    /// What stands in quotation marks may be the name of a file, or an address.
    fn quoted_kind(&self, quoted: &str) -> TokenKind {
        let named = |name: &&str| !name.is_empty() && name.eq_ignore_ascii_case(quoted);
        match self.names.iter().position(named) {
            Some(index) => TokenKind::File(index),
            None if address(quoted) == Some(quoted.len()) => TokenKind::Address,
            None => TokenKind::Quoted,
        }
    }

    fn quotation(&self, first: char) -> Option<(String, usize)> {
        let close = match first {
            '"' => '"',
            '\u{201c}' | '\u{201d}' => '\u{201d}',
            '\u{2018}' => '\u{2019}',
            '\u{300c}' => '\u{300d}',
            '\u{300e}' => '\u{300f}',
            '\u{ab}' => '\u{bb}',
            '\'' | '`' if !self.follows_letter() => first,
            _ => return None,
        };
        let inside = &self.rest()[first.len_utf8()..];
        // An apostrophe between letters closes nothing.
        let end = inside.char_indices().find(|&(at, each)| {
            let letter_behind = inside[at + each.len_utf8()..]
                .chars()
                .next()
                .is_some_and(char::is_alphanumeric);
            each == close && !(close == '\'' && letter_behind)
        })?;
        let quoted = inside.get(..end.0)?.trim();
        let length = first.len_utf8() + end.0 + close.len_utf8();
        (!quoted.is_empty()).then(|| (quoted.to_owned(), length))
    }

    fn number(&self, first: char) -> Option<(f64, usize)> {
        let sign = matches!(first, '-' | '\u{2212}' | '+') && !self.follows_letter();
        let start = if sign { first.len_utf8() } else { 0 };
        let digits = &self.rest()[start..];
        if !digits.starts_with(|each: char| each.is_ascii_digit()) {
            return chinese::number(self.rest(), &self.vocabulary.chinese);
        }
        if self.follows_letter() && !self.follows_cross() {
            return None;
        }
        if let Some((value, length)) = self.grouped(digits) {
            let value = if sign && first != '+' { -value } else { value };
            return Some((value, start + length));
        }
        let mut length = 0;
        for (at, each) in digits.char_indices() {
            let next_is_digit =
                digits[at + each.len_utf8()..].starts_with(|next: char| next.is_ascii_digit());
            match each {
                '0'..='9' => length = at + 1,
                '.' if next_is_digit && !digits[..at].contains('.') => {}
                _ => break,
            }
        }
        length += exponent(&digits[length..]);
        let value: f64 = digits[..length].parse().ok()?;
        // What no number can hold fits nowhere, and is said to.
        let value = value.min(1e300);
        let negative = sign && first != '+';
        Some((if negative { -value } else { value }, start + length))
    }

    /// A number with commas between groups of three digits, and its length; "at 100,200" and four groups are lists.
    fn grouped(&self, digits: &str) -> Option<(f64, usize)> {
        let end = digits
            .find(|each: char| !each.is_ascii_digit() && each != ',')
            .unwrap_or(digits.len());
        let whole = digits[..end].trim_end_matches(',');
        let groups: Vec<&str> = whole.split(',').collect();
        let (first, others) = groups.split_first()?;
        let grouped = (1..=3).contains(&first.len())
            && !first.starts_with('0')
            && (1..=2).contains(&others.len())
            && others.iter().all(|group| group.len() == 3);
        let place = self.tokens.last().is_some_and(|last| last.text == "at");
        let before = self.text[..self.at].strip_suffix(',').unwrap_or_default();
        let listed = before.ends_with(|each: char| each.is_ascii_digit());
        if !grouped || place || listed {
            return None;
        }
        let fraction = digits[whole.len()..].strip_prefix('.').map_or(0, |behind| {
            behind.chars().take_while(char::is_ascii_digit).count()
        });
        let length = whole.len() + if fraction > 0 { 1 + fraction } else { 0 };
        let value = digits[..length].replace(',', "").parse().ok()?;
        Some((value, length))
    }

    /// Whether the last token is the `x` of `640x480`.
    fn follows_cross(&self) -> bool {
        self.tokens
            .last()
            .is_some_and(|last| last.text == "x" && last.source.end == self.at)
    }

    fn chinese(&mut self, first: char) {
        let found = chinese::longest_phrase(self.rest(), &self.vocabulary.chinese);
        match found.map(|(length, english)| (length, english.to_owned())) {
            Some((length, english)) => {
                for word in english.split_whitespace() {
                    self.tokens.push(Token {
                        text: word.to_owned(),
                        kind: TokenKind::Translated,
                        source: self.at..self.at + length,
                    });
                }
                self.at += length;
            }
            None => self.push(first, TokenKind::Unknown, first.len_utf8()),
        }
    }

    fn word(&mut self, first: char) {
        let after_number = self
            .tokens
            .last()
            .is_some_and(|last| last.number().is_some() && last.source.end == self.at);
        let cross = matches!(first, 'x' | 'X')
            && self.rest()[1..].starts_with(|next: char| next.is_ascii_digit());
        if after_number && cross {
            self.push("x", TokenKind::Word, 1);
            return;
        }
        let rest = self.rest();
        let mut length = first.len_utf8();
        for (at, each) in rest.char_indices().skip(1) {
            let next = rest[at + each.len_utf8()..].chars().next();
            let joins = next.is_some_and(|next| match each {
                '\'' | '\u{2019}' => next.is_ascii_alphanumeric(),
                '_' | '.' => next.is_ascii_lowercase() || next.is_ascii_digit(),
                _ => false,
            });
            if chinese::is_han(each) || !(each.is_alphanumeric() || joins) {
                break;
            }
            length = at + each.len_utf8();
        }
        let mut word = rest[..length].to_lowercase().replace('\u{2019}', "'");
        if let Some(owner) = word.strip_suffix("'s") {
            word = owner.to_owned();
        }
        match self.vocabulary.words.numbers.get(&word) {
            Some(&value) => self.push(word, TokenKind::Number(value), length),
            None => self.push(word, TokenKind::Word, length),
        }
    }

    fn mark(&mut self, first: char) {
        let length = first.len_utf8();
        let spaced = self.text[..self.at].ends_with(' ') && self.rest()[length..].starts_with(' ');
        match first {
            '.' | '!' | '?' | ';' | '\n' | '。' | '！' | '？' | '；' => {
                self.push("", TokenKind::Break(Break::Sentence), length);
            }
            ',' | '，' | '、' => self.push("", TokenKind::Break(Break::Comma), length),
            '-' | '–' | '—' if spaced => {
                self.push("", TokenKind::Break(Break::Comma), length);
            }
            ':' | '：' => self.push("", TokenKind::Break(Break::Colon), length),
            '%' | '％' => self.push("percent", TokenKind::Word, length),
            '°' => self.push("degrees", TokenKind::Word, length),
            '×' => self.push("x", TokenKind::Word, length),
            '&' => self.push("and", TokenKind::Word, length),
            _ => self.at += length,
        }
    }
}

/// How long the exponent is that stands behind digits.
fn exponent(text: &str) -> usize {
    let Some(behind) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let digits = behind.strip_prefix(['+', '-']).unwrap_or(behind);
    let rest = digits.trim_start_matches(|each: char| each.is_ascii_digit());
    let ends = !rest.starts_with(char::is_alphanumeric);
    if ends && rest.len() < digits.len() {
        text.len() - rest.len()
    } else {
        0
    }
}

/// How long the address is that a text begins with.
fn address(text: &str) -> Option<usize> {
    let opens = ["http://", "https://", "www."];
    opens.iter().find(|opening| text.starts_with(**opening))?;
    let end = text
        .find(|each: char| each.is_whitespace() || "'\"`<>()[]\u{201d}".contains(each))
        .unwrap_or(text.len());
    let address = text[..end].trim_end_matches(|each: char| ".,;:!?".contains(each));
    Some(address.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let vocabulary = Vocabulary::built_in().unwrap();
        tokenize(text, &["sign.png", "My Photo.jpg"], &vocabulary)
            .into_iter()
            .map(|token| match token.kind {
                TokenKind::File(index) => format!("<{index}>"),
                TokenKind::Quoted => format!("[{}]", token.text),
                TokenKind::Break(mark) => format!("{mark:?}"),
                _ => token.text,
            })
            .collect()
    }

    #[test]
    fn sizes_and_units_are_taken_apart() {
        assert_eq!(
            words("640x480, 300px 50% 90° 1.5 -20"),
            [
                "640", "x", "480", "Comma", "300", "px", "50", "percent", "90", "degrees", "1.5",
                "-20"
            ]
        );
    }

    #[test]
    fn numbers_are_read_whole() {
        assert_eq!(words("1,000 12,345.5 1e3"), ["1000", "12345.5", "1000"]);
        let list = ["100", "Comma", "200", "Comma", "300", "Comma", "400"];
        assert_eq!(words("100,200,300,400"), list);
        assert_eq!(words("at 100,200"), ["at", "100", "Comma", "200"]);
        assert_eq!(words("2em"), ["2", "em"]);
    }

    #[test]
    fn files_and_quotations_are_whole() {
        assert_eq!(
            words("Read SIGN.png. Say 'it's \"on\"' about my photo.jpg"),
            [
                "read",
                "<0>",
                "Sentence",
                "say",
                "[it's \"on\"]",
                "about",
                "<1>"
            ]
        );
        assert_eq!(words("don't signs.png"), ["don't", "signs.png"]);
    }

    #[test]
    fn an_open_quotation_is_no_quotation() {
        assert_eq!(words("say \"hello"), ["say", "hello"]);
    }

    #[test]
    fn any_text_is_taken_apart_within_its_bounds() {
        let vocabulary = Vocabulary::built_in().unwrap();
        for text in [
            "", "'", "-", "百", "é'é", "1.", "1.é", "x9", "9x", "\u{2212}", "\u{201c}", "把",
            "👍 好",
        ] {
            for token in tokenize(text, &["", "é"], &vocabulary) {
                assert!(text.get(token.source.clone()).is_some(), "{text}");
            }
        }
    }
}

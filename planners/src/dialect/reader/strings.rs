//! Text in quotation marks of any sort, with the escapes of JSON, Python and Markdown.

use super::{Reader, Syntax};

/// Whether text can begin with `each`.
pub(super) fn is_quote(each: char) -> bool {
    matches!(
        each,
        '"' | '\'' | '`' | '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{201e}' | '\u{ab}'
    )
}

/// Whether text that began with `quote` can end with `each`.
fn can_close(quote: char, each: char) -> bool {
    match quote {
        '\u{201c}' | '\u{201d}' | '\u{201e}' => matches!(each, '\u{201c}' | '\u{201d}' | '"'),
        '\u{2018}' => matches!(each, '\u{2019}' | '\''),
        '\u{ab}' => each == '\u{bb}',
        _ => each == quote,
    }
}

impl Reader<'_, '_> {
    /// The text in the quotation marks that are next.
    pub(super) fn string(&mut self, quote: char) -> String {
        if let Some(mark) = ["\"\"\"", "'''"]
            .into_iter()
            .find(|mark| self.rest().starts_with(mark))
        {
            return self.block(mark);
        }
        self.pass(quote);
        if quote != '"' && self.syntax == Syntax::Json {
            self.repairs
                .note("other quotation marks were read as JSON's");
        }
        let mut text = String::new();
        loop {
            text.push_str(
                self.take_while(|each| each != '\\' && each != '\n' && !can_close(quote, each)),
            );
            match self.peek() {
                None => {
                    self.end_of_text();
                    return text;
                }
                Some('\\') => self.escape(&mut text, false),
                Some('\n') => {
                    self.repairs.note("line breaks stood in text as they are");
                    self.pass('\n');
                    text.push('\n');
                }
                Some(close) => {
                    self.pass(close);
                    if self.closes(close, text.chars().next_back()) {
                        return text;
                    }
                    self.repairs
                        .note("quotation marks stood in text as they are");
                    text.push(close);
                }
            }
        }
    }

    /// Whether the quotation mark just passed ends its text, by what follows it.
    fn closes(&self, mark: char, before: Option<char>) -> bool {
        let rest = self.rest();
        let next = rest.chars().next();
        if self.syntax == Syntax::Code {
            let in_word = mark == '\''
                && before.is_some_and(char::is_alphanumeric)
                && next.is_some_and(char::is_alphanumeric);
            return !in_word;
        }
        let behind = rest.trim_start();
        let blank = &rest[..rest.len() - behind.len()];
        blank.contains('\n')
            || behind.chars().next().is_none_or(|next| {
                matches!(next, ',' | ':' | '}' | ']' | ')' | '#' | ';' | '=')
                    || is_quote(next) && next != '\''
            })
            || behind.starts_with("//")
            || behind.starts_with("/*")
    }

    /// Text between triple quotation marks.
    fn block(&mut self, mark: &str) -> String {
        self.repairs.note("text stood in triple quotation marks");
        self.at += mark.len();
        let rest = self.rest();
        let (text, length) = match rest.find(mark) {
            Some(end) => (&rest[..end], end + mark.len()),
            None => {
                self.end_of_text();
                (rest, rest.len())
            }
        };
        self.at += length;
        text.to_owned()
    }

    /// Passes a backslash and what it stands before.
    pub(super) fn escape(&mut self, text: &mut String, is_raw: bool) {
        self.pass('\\');
        let Some(escaped) = self.peek() else {
            return;
        };
        self.pass(escaped);
        match escaped {
            _ if is_raw => text.extend(['\\', escaped]),
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'u' => self.code_point(text),
            '\n' => {}
            '"' | '\\' | '/' => text.push(escaped),
            _ if escaped.is_ascii_punctuation() => {
                self.repairs
                    .note("backslashes before punctuation were left out");
                text.push(escaped);
            }
            _ => {
                self.repairs
                    .note("backslashes that escape nothing were kept");
                text.extend(['\\', escaped]);
            }
        }
    }

    /// The character of an escape with four hexadecimal digits, or of two such escapes that make a pair.
    fn code_point(&mut self, text: &mut String) {
        let Some(unit) = self.hexadecimal() else {
            self.repairs
                .note("backslashes that escape nothing were kept");
            text.push_str("\\u");
            return;
        };
        let mut units = vec![unit];
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with("\\u") {
            self.at += 2;
            units.extend(self.hexadecimal());
        }
        text.push_str(&String::from_utf16_lossy(&units));
    }

    fn hexadecimal(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|each| each.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }
}

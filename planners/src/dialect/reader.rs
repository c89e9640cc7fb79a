//! Reads values and calls as language models write them.
//!
//! It is written here because plans mix JSON with calls, Python literals and variables, a stream must know when a value
//! is complete, and callers want to know what was put right. Crates that mend JSON (`llm_json`, `jsonrepair`,
//! `json-repair`) give a string of JSON and read no calls; JSON5 readers and partial readers (`json5`, `jiter`) stop at
//! the first damage.

mod code;
mod strings;

pub(super) use code::is_word;

use serde_json::Number;

use super::{repairs::Repairs, written::Written};

/// Deeper nesting is no plan.
const DEPTH_LIMIT: usize = 48;

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON and what resembles it.
    Json,
    /// Calls with Python's literals.
    Code,
}

/// A place in a text, and what has been found out on the way there.
pub(super) struct Reader<'text, 'notes> {
    text: &'text str,
    at: usize,
    syntax: Syntax,
    /// The brackets that are awaited, innermost last.
    awaited: Vec<char>,
    /// Whether the text is known to end where it should, so that only brackets can be missing.
    is_whole: bool,
    is_cut: bool,
    is_too_deep: bool,
    repairs: &'notes mut Repairs,
}

impl<'text, 'notes> Reader<'text, 'notes> {
    pub(super) fn new(
        text: &'text str,
        at: usize,
        syntax: Syntax,
        repairs: &'notes mut Repairs,
    ) -> Self {
        Self {
            text,
            at,
            syntax,
            awaited: Vec::new(),
            is_whole: false,
            is_cut: false,
            is_too_deep: false,
            repairs,
        }
    }

    /// Says that nothing can be missing behind the text but brackets and quotation marks.
    pub(super) fn known_whole(mut self, is_whole: bool) -> Self {
        self.is_whole = is_whole;
        self
    }

    /// Where it has got to.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether the text ended inside of what was read.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether brackets were nested too deeply to go on.
    pub(super) fn is_too_deep(&self) -> bool {
        self.is_too_deep
    }

    /// Whether nothing but a comment or a mark follows on the line.
    pub(super) fn at_end_of_line(&self) -> bool {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default().trim_start();
        line.is_empty() || line.starts_with(['#', ';', '`', '<']) || line.starts_with("//")
    }

    fn rest(&self) -> &'text str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn pass(&mut self, each: char) {
        self.at += each.len_utf8();
    }

    /// Passes `each` if it is next.
    fn passes(&mut self, each: char) -> bool {
        let is_next = self.peek() == Some(each);
        if is_next {
            self.pass(each);
        }
        is_next
    }

    /// Passes what `wanted` holds for.
    fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'text str {
        let rest = self.rest();
        let end = rest.find(|each| !wanted(each)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Passes white space and comments; outside of brackets, code ends with its line.
    fn skip_blank(&mut self) {
        loop {
            let stays_in_line = self.syntax == Syntax::Code && self.awaited.is_empty();
            self.take_while(|each| each.is_whitespace() && !(stays_in_line && each == '\n'));
            let rest = self.rest();
            if rest.starts_with("//") || rest.starts_with('#') {
                self.take_while(|each| each != '\n');
            } else if let Some(inside) = rest.strip_prefix("/*") {
                self.at += inside.find("*/").map_or(rest.len(), |end| end + 4);
            } else {
                return;
            }
            self.repairs.note("comments were left out");
        }
    }

    /// The value that is next.
    pub(super) fn value(&mut self) -> Option<Written> {
        self.skip_blank();
        if self.syntax == Syntax::Code {
            return self.expression();
        }
        match self.peek()? {
            '{' => Some(self.object()),
            '[' => Some(self.list('[', ']')),
            '(' => Some(self.list('(', ')')),
            quote if strings::is_quote(quote) => Some(Written::Text(self.string(quote))),
            _ => self.bare(),
        }
    }

    /// Passes an opening bracket; false where that is too deep, and then nothing more is read.
    fn open(&mut self, bracket: char, closing: char) -> bool {
        self.pass(bracket);
        self.awaited.push(closing);
        if self.awaited.len() > DEPTH_LIMIT {
            self.is_too_deep = true;
            self.is_cut = true;
        }
        !self.is_too_deep
    }

    /// Whether the container that awaits `closing` ends here; passes its bracket. Behind an item, a comma is expected.
    fn ends(&mut self, closing: char, is_behind_item: bool) -> bool {
        let has_comma = self.take_separators();
        loop {
            self.take_separators();
            let Some(next) = self.peek() else {
                self.end_of_text();
                return true;
            };
            if self.is_too_deep {
                return true;
            }
            if next == closing {
                self.pass(next);
                return true;
            }
            if !matches!(next, '}' | ']' | ')') {
                if is_behind_item && !has_comma {
                    self.repairs.note("commas were missing");
                }
                return false;
            }
            if self.awaited.contains(&next) && !self.is_stray(closing) {
                self.repairs.note("closing brackets were missing");
                return true;
            }
            self.repairs
                .note("closing brackets that close nothing were left out");
            self.pass(next);
        }
    }

    /// Whether a `}` in a list of objects closes nothing: another object follows, which no object could hold there.
    fn is_stray(&self, closing: char) -> bool {
        let behind = self
            .rest()
            .strip_prefix('}')
            .unwrap_or_default()
            .trim_start();
        closing == ']'
            && behind
                .strip_prefix(',')
                .is_some_and(|next| next.trim_start().starts_with('{'))
    }

    fn take_separators(&mut self) -> bool {
        self.skip_blank();
        let start = self.at;
        while let Some(each @ (',' | ';')) = self.peek() {
            self.pass(each);
            self.skip_blank();
            if matches!(self.peek(), Some('}' | ']' | ')' | ',')) && self.syntax == Syntax::Json {
                self.repairs.note("commas too many were left out");
            }
        }
        self.at > start
    }

    fn end_of_text(&mut self) {
        if self.is_whole {
            self.repairs.note("closing brackets were missing");
        } else {
            self.is_cut = true;
        }
    }

    /// The items of a list; one that the text ends in is left out.
    fn list(&mut self, bracket: char, closing: char) -> Written {
        let mut items = Vec::new();
        if self.open(bracket, closing) {
            while !self.ends(closing, !items.is_empty()) {
                let before = self.at;
                let item = self.value();
                if self.is_cut {
                    break;
                }
                match item {
                    Some(Written::Text(text)) if text == "..." => {
                        self.repairs.note("dots in a list were left out");
                    }
                    item => items.extend(item),
                }
                self.go_on_from(before);
            }
        }
        self.awaited.pop();
        Written::List(items)
    }

    /// Passes what nothing could be made of, so that reading always ends.
    fn go_on_from(&mut self, before: usize) {
        if self.at == before
            && let Some(stray) = self.peek()
        {
            self.repairs
                .note("characters that mean nothing were left out");
            self.pass(stray);
        }
    }

    /// The fields of an object; text and numbers that the text ends in are left out.
    fn object(&mut self) -> Written {
        let mut fields = Vec::new();
        if self.open('{', '}') {
            self.skip_blank();
            if self.peek() == Some('{') {
                self.repairs.note("doubled braces were read as one");
                let inside = self.object();
                self.ends('}', false);
                self.awaited.pop();
                return inside;
            }
            while !self.ends('}', !fields.is_empty()) {
                if matches!(self.peek(), Some('{')) {
                    self.repairs.note("closing brackets were missing");
                    break;
                }
                let before = self.at;
                if let Some(field) = self.field() {
                    fields.push(field);
                }
                if self.is_cut {
                    break;
                }
                self.go_on_from(before);
            }
        }
        self.awaited.pop();
        Written::Object(fields)
    }

    fn field(&mut self) -> Option<(String, Written)> {
        let key = self.key();
        self.skip_blank();
        if !self.passes(':') && !self.passes('=') {
            if self.peek().is_none() {
                self.end_of_text();
            }
            self.repairs.note("keys without a value were left out");
            return None;
        }
        self.take_while(|each| matches!(each, '>' | '='));
        self.skip_blank();
        if matches!(self.peek(), Some(',' | '}')) {
            return Some((key, Written::Null));
        }
        let value = self.value()?;
        let is_container = matches!(value, Written::List(_) | Written::Object(_));
        (!self.is_cut || is_container).then_some((key, value))
    }

    fn key(&mut self) -> String {
        if let Some(quote) = self.peek().filter(|next| strings::is_quote(*next)) {
            return self.string(quote);
        }
        self.repairs.note("keys stood without quotation marks");
        let key =
            self.take_while(|each| !matches!(each, ':' | '=' | ',' | '{' | '}' | '[' | ']' | '\n'));
        key.trim().replace('\\', "")
    }

    /// A literal or text without quotation marks, up to the end of its item.
    fn bare(&mut self) -> Option<Written> {
        let in_tuple = self.awaited.last() == Some(&')');
        let rest = self.rest();
        let mut before = ' ';
        let end = rest
            .char_indices()
            .find(|&(at, each)| {
                let comment =
                    before.is_whitespace() && (each == '#' || rest[at..].starts_with("//"));
                before = each;
                comment || matches!(each, ',' | '}' | ']' | '\n') || (in_tuple && each == ')')
            })
            .map_or(rest.len(), |(at, _)| at);
        self.at += end;
        if self.at == self.text.len() && !self.awaited.is_empty() {
            self.end_of_text();
        }
        let word = rest[..end].trim();
        (!word.is_empty()).then(|| self.literal(word))
    }

    fn literal(&mut self, word: &str) -> Written {
        if let Some(constant) = constant(word) {
            if !matches!(word, "true" | "false" | "null") {
                self.repairs.note("Python's literals were read as JSON's");
            }
            return constant;
        }
        if let Ok(number) = word.parse::<Number>() {
            return Written::Number(number);
        }
        self.repairs.note("text stood without quotation marks");
        Written::Text(word.replace("\\_", "_"))
    }
}

/// What a word stands for in JSON, Python or JavaScript.
fn constant(word: &str) -> Option<Written> {
    match word {
        "true" | "True" | "TRUE" => Some(Written::Bool(true)),
        "false" | "False" | "FALSE" => Some(Written::Bool(false)),
        "null" | "None" | "NULL" | "undefined" | "NaN" => Some(Written::Null),
        _ => None,
    }
}

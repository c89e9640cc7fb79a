//! Reads what a model writes as it comes: marks and pictures become citations, names of files that do not exist are
//! repaired or left out, and everything else is text.
//!
//! What may still become a mark is held back until that is certain, never longer than a line.

mod code;
mod links;

use super::{citable::Citable, places};

/// Stands where something was left out of a sentence.
const OMISSION: &str = "…";

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words.
    Text(String),
    /// Something that is cited, by its index.
    Cited(usize),
}

/// What is between two fences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fence {
    /// Code, which stays as it is.
    Code(char),
    /// The whole answer; the fences are left out.
    Wrapper(char),
}

/// Reads an answer while it is written.
pub(super) struct Reader<'a> {
    citable: &'a Citable<'a>,
    /// What was not read yet.
    held: String,
    /// White space and opening signs that are said once something follows them.
    before: String,
    /// Whether a citation or an omission was last.
    is_after_mark: bool,
    is_at_line_start: bool,
    fence: Option<Fence>,
    /// What is cited in code stands behind it.
    after_code: Vec<usize>,
    has_said_something: bool,
    left_out: usize,
    pieces: Vec<Piece>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(citable: &'a Citable<'a>) -> Self {
        Self {
            citable,
            held: String::new(),
            before: String::new(),
            is_after_mark: false,
            is_at_line_start: true,
            fence: None,
            after_code: Vec::new(),
            has_said_something: false,
            left_out: 0,
            pieces: Vec::new(),
        }
    }

    /// Reads more; gives what is certain.
    pub(super) fn push(&mut self, text: &str) -> Vec<Piece> {
        self.held.push_str(text);
        while self.step(false) {}
        std::mem::take(&mut self.pieces)
    }

    /// Reads to the end.
    pub(super) fn finish(&mut self) -> Vec<Piece> {
        while self.step(true) {}
        let opened = self.before.trim_end().to_owned();
        self.before.clear();
        if !opened.is_empty() {
            self.raw(&opened);
        }
        for index in std::mem::take(&mut self.after_code) {
            self.pieces.push(Piece::Cited(index));
        }
        std::mem::take(&mut self.pieces)
    }

    /// How many names of what does not exist were left out.
    pub(super) const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Reads one thing; false where more must come first, or nothing is left.
    fn step(&mut self, ended: bool) -> bool {
        let Some(first) = self.held.chars().next() else {
            return false;
        };
        if let Some(Fence::Code(sign)) = self.fence {
            return self.code_line(sign, ended);
        }
        if self.is_at_line_start && matches!(first, '`' | '~') {
            match self.fence_line(first, ended) {
                Some(read) => return read,
                None => self.is_at_line_start = false,
            }
        }
        if self.is_at_line_start && first == '{' {
            match self.call_line(ended) {
                Some(read) => return read,
                None => self.is_at_line_start = false,
            }
        }
        match first {
            '\n' => {
                self.take(1);
                // Signs that opened nothing are said; spaces at the end of a line are not.
                let opened = self.before.trim_end().to_owned();
                self.before.clear();
                self.raw(&format!("{opened}\n"));
                self.is_at_line_start = true;
                self.is_after_mark = false;
                true
            }
            '[' => self.bracket(ended),
            '!' if self.held.len() == 1 && !ended => false,
            '!' if self.held.starts_with("![") => self.link(1, true, ended),
            '<' => self.tag(ended),
            each if each.is_whitespace() => {
                self.take(each.len_utf8());
                if !(self.is_after_mark && self.before.ends_with(char::is_whitespace)) {
                    self.before.push(each);
                }
                true
            }
            '(' | '（' | '*' | '`' | '"' | '“' => self.opening(first),
            _ => self.word(ended),
        }
    }

    fn take(&mut self, bytes: usize) -> String {
        let rest = self.held.split_off(bytes);
        std::mem::replace(&mut self.held, rest)
    }

    /// Says words, and what was held back before them.
    fn say(&mut self, words: &str) {
        let closes =
            |each: char| matches!(each, '.' | ',' | ';' | '!' | '?' | ')' | '。' | '，' | '）');
        if self.is_after_mark && words.starts_with(closes) {
            let kept = self.before.trim_end().len();
            self.before.truncate(kept);
        }
        let text = format!("{}{words}", std::mem::take(&mut self.before));
        self.raw(&text);
        self.is_after_mark = false;
        self.is_at_line_start = false;
    }

    fn raw(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        self.has_said_something |= !text.trim().is_empty();
        match self.pieces.last_mut() {
            Some(Piece::Text(before)) => before.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    fn cite(&mut self, index: usize) {
        // Words stand in the sentence; a file stands behind it, and leaves nothing in it.
        let is_text = self.citable.is_text(index);
        if is_text {
            let before = std::mem::take(&mut self.before);
            self.raw(&before);
        }
        self.pieces.push(Piece::Cited(index));
        self.has_said_something = true;
        self.is_after_mark = !is_text;
        self.is_at_line_start = false;
    }

    fn leave_out(&mut self) {
        tracing::debug!("the language model named something that does not exist");
        self.left_out += 1;
        self.is_after_mark = true;
        self.is_at_line_start = false;
    }

    /// A sign that may open what holds a mark, or close it again.
    fn opening(&mut self, sign: char) -> bool {
        self.take(sign.len_utf8());
        if self.is_after_mark && self.before.ends_with(sign) && sign != '(' && sign != '（' {
            self.before.pop();
        } else {
            self.before.push(sign);
            self.is_at_line_start = false;
        }
        true
    }

    /// Says so much of what turned out to be nothing else.
    fn unfinished(&mut self, bytes: usize, may_go_on: bool) -> bool {
        if may_go_on {
            return false;
        }
        let words = self.take(bytes);
        self.say(&words);
        true
    }

    fn word(&mut self, ended: bool) -> bool {
        let first = self.held.chars().next().map_or(0, char::len_utf8);
        let end = self.held.find(separates).unwrap_or(self.held.len());
        if end == 0 {
            // A sign, or a character of a script without spaces.
            let sign = self.take(first);
            return self.sign(&sign);
        }
        if end == self.held.len() && !ended {
            return false;
        }
        let word = self.take(end);
        let core = word.trim_end_matches(['.', ',', ':', ';', '!', '?', '…']);
        let tail = &word[core.len()..];
        if core.starts_with('$')
            && let Some(index) = self.citable.exactly(core)
        {
            self.cite(index);
            if !tail.is_empty() {
                self.say(tail);
            }
        } else if places::is_place(core) {
            self.place(core);
            self.say_after(tail);
        } else {
            self.say(&word);
        }
        true
    }

    fn sign(&mut self, sign: &str) -> bool {
        let open = match sign {
            ")" => "(",
            "）" => "（",
            "”" => "“",
            _ => "",
        };
        if self.is_after_mark && !open.is_empty() && self.before.ends_with(open) {
            self.before.truncate(self.before.len() - open.len());
        } else {
            self.say(sign);
        }
        true
    }

    /// A name of a file or an address: said where it is known, put right where it is certain, else left out.
    fn place(&mut self, place: &str) {
        if self.citable.is_known(place) {
            return self.say(place);
        }
        let item = self
            .citable
            .instead_of(place)
            .and_then(|index| self.citable.item(index));
        let name = item
            .and_then(|item| item.value.as_artifact())
            .map(|artifact| self.citable.name_of(artifact));
        match name {
            Some(name) => self.say(&name),
            None => {
                self.say(OMISSION);
                self.left_out += 1;
            }
        }
    }

    fn say_after(&mut self, tail: &str) {
        if !tail.is_empty() {
            self.say(tail);
        }
    }
}

/// Whether a word ends before this.
fn separates(each: char) -> bool {
    each.is_whitespace()
        || matches!(
            each,
            '[' | ']'
                | '('
                | ')'
                | '<'
                | '>'
                | '{'
                | '}'
                | '"'
                | '\''
                | '`'
                | '*'
                | '|'
                | '“'
                | '”'
        )
        || each >= '\u{2e80}'
}

#[cfg(test)]
mod tests;

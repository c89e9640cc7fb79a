//! A script's text, made ready for the engine, with the way back from the engine's positions to the person's.
//!
//! What stands in `${...}` inside a text is read through the function `text`, because the engine prints values by
//! itself there and has no way to pass on that one could not be had.

use rhai::Position;

use crate::error::Place;

/// What is written around what stands in `${...}`.
const BEFORE: &str = "text({";
const AFTER: &str = "})";

/// A script's text.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What it is called in messages.
    pub name: String,
    /// As it was written.
    pub text: String,
    /// As the engine reads it.
    pub prepared: String,
    shifts: Vec<Shift>,
}

/// Something that was put into a line.
#[derive(Debug, Clone, Copy)]
struct Shift {
    line: usize,
    /// Where it begins in the prepared text, from 1.
    column: usize,
    length: usize,
}

impl Source {
    pub(crate) fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut writer = Writer::default();
        Scanner::new(&text).run(&mut writer);
        Self {
            name: name.into(),
            prepared: writer.text,
            shifts: writer.shifts,
            text,
        }
    }

    /// Where a position of the engine is in the text as it was written: line and column, from 1.
    pub(crate) fn locate(&self, position: Position) -> Option<(usize, usize)> {
        let line = position.line()?;
        let column = position.position().unwrap_or(1);
        let before = self.shifts.iter().filter(|shift| shift.line == line);
        let shifted: usize = before
            .filter(|shift| shift.column < column)
            .map(|shift| shift.length.min(column - shift.column))
            .sum();
        Some((line, (column - shifted).max(1)))
    }

    /// The same, with the line's text, for messages.
    pub(crate) fn place(&self, position: Position) -> Option<Place> {
        let (line, column) = self.locate(position)?;
        let text = self.text.lines().nth(line - 1).unwrap_or_default();
        Some(Place {
            script: self.name.clone(),
            line,
            column,
            text: text.to_owned(),
        })
    }
}

/// Writes the prepared text, and notes what was put into it.
#[derive(Default)]
struct Writer {
    text: String,
    line: usize,
    column: usize,
    shifts: Vec<Shift>,
}

impl Writer {
    fn push(&mut self, character: char) {
        self.text.push(character);
        if character == '\n' {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
    }

    fn insert(&mut self, text: &str) {
        self.shifts.push(Shift {
            line: self.line + 1,
            column: self.column + 1,
            length: text.len(),
        });
        self.text.push_str(text);
        self.column += text.len();
    }
}

/// Where the scanner is, one inside the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Code, in so many open braces since it began.
    Code { braces: usize },
    /// A text between backticks.
    Template,
}

/// Goes through a script by its lexical rules (The Rhai Book, "Strings and characters" and "Comments").
struct Scanner<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    within: Vec<Within>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.chars().peekable(),
            within: vec![Within::Code { braces: 0 }],
        }
    }

    fn run(mut self, out: &mut Writer) {
        while let Some(character) = self.rest.next() {
            match self.within.last().copied() {
                Some(Within::Template) => self.in_template(character, out),
                _ => self.in_code(character, out),
            }
        }
    }

    fn in_template(&mut self, character: char, out: &mut Writer) {
        out.push(character);
        match character {
            '`' if self.rest.peek() == Some(&'`') => self.copy(1, out),
            '`' => {
                self.within.pop();
            }
            '$' if self.rest.peek() == Some(&'{') => {
                self.copy(1, out);
                out.insert(BEFORE);
                self.within.push(Within::Code { braces: 0 });
            }
            _ => {}
        }
    }

    fn in_code(&mut self, character: char, out: &mut Writer) {
        let depth = self.within.len();
        if let Some(Within::Code { braces }) = self.within.last_mut() {
            match character {
                '{' => *braces += 1,
                '}' if *braces == 0 && depth > 1 => {
                    self.within.pop();
                    out.insert(AFTER);
                }
                '}' => *braces = braces.saturating_sub(1),
                _ => {}
            }
        }
        out.push(character);
        match (character, self.rest.peek()) {
            ('`', _) => self.within.push(Within::Template),
            ('/', Some('/')) => self.copy_line(out),
            ('/', Some('*')) => self.copy_comment(out),
            ('"' | '\'', _) => self.copy_quoted(character, out),
            ('#', Some('#' | '"')) => self.copy_raw(out),
            _ => {}
        }
    }

    fn copy(&mut self, count: usize, out: &mut Writer) {
        for character in self.rest.by_ref().take(count) {
            out.push(character);
        }
    }

    fn copy_line(&mut self, out: &mut Writer) {
        while let Some(character) = self.rest.next_if(|&next| next != '\n') {
            out.push(character);
        }
    }

    /// Comments may stand in comments.
    fn copy_comment(&mut self, out: &mut Writer) {
        let mut open = 1;
        self.copy(1, out);
        while open > 0
            && let Some(character) = self.rest.next()
        {
            out.push(character);
            match (character, self.rest.peek()) {
                ('/', Some('*')) => {
                    open += 1;
                    self.copy(1, out);
                }
                ('*', Some('/')) => {
                    open -= 1;
                    self.copy(1, out);
                }
                _ => {}
            }
        }
    }

    fn copy_quoted(&mut self, quote: char, out: &mut Writer) {
        while let Some(character) = self.rest.next() {
            out.push(character);
            match character {
                '\\' => self.copy(1, out),
                _ if character == quote => return,
                _ => {}
            }
        }
    }

    /// `##"..."##`, the first `#` of which is written.
    fn copy_raw(&mut self, out: &mut Writer) {
        let mut hashes = 1;
        while self.rest.next_if_eq(&'#').is_some() {
            out.push('#');
            hashes += 1;
        }
        if self.rest.next_if_eq(&'"').is_none() {
            return;
        }
        out.push('"');
        let mut closing = None;
        for character in self.rest.by_ref() {
            out.push(character);
            closing = match (character, closing) {
                ('"', _) => Some(0),
                ('#', Some(seen)) => Some(seen + 1),
                _ => None,
            };
            if closing == Some(hashes) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(text: &str) -> String {
        Source::new("a script", text).prepared
    }

    #[test]
    fn only_what_is_interpolated_is_wrapped() {
        assert_eq!(prepared("`a ${b} c`"), "`a ${text({b})} c`");
        assert_eq!(
            prepared("`${ if x { `in ${y}` } else { \"}\" } }`"),
            "`${text({ if x { `in ${text({y})}` } else { \"}\" } })}`"
        );
        for untouched in [
            "\"${a}\"",
            "// `${a}`\nlet b = 1;",
            "/* `${a} /* */ ` */ 1",
            "#\"`${a}\"#",
            "`a `` b`",
            "'`'",
            "let m = #{a: 1}; fn f() { m }",
        ] {
            assert_eq!(prepared(untouched), untouched);
        }
    }

    #[test]
    fn positions_lead_back_to_what_was_written() {
        let source = Source::new("a script", "let a = 1;\nlet b = `x ${a} y`; oops");
        let column = source
            .prepared
            .lines()
            .nth(1)
            .unwrap()
            .find("oops")
            .unwrap()
            + 1;
        let position = Position::new(2, u16::try_from(column).unwrap());
        assert_eq!(source.locate(position), Some((2, 21)));
        assert_eq!(source.locate(Position::new(1, 5)), Some((1, 5)));
        let inside = source.prepared.lines().nth(1).unwrap().find("{a}").unwrap() + 2;
        let inside = Position::new(2, u16::try_from(inside).unwrap());
        assert_eq!(source.locate(inside), Some((2, 14)));
    }
}

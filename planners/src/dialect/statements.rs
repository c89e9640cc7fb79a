//! Splits a text into the statements of a program or of a numbered list of calls, and passes over prose.

use super::{
    reader::{Reader, Syntax, is_word},
    repairs::Repairs,
    written::Written,
};

/// How often a call without its closing bracket may be read to the end of the text.
const OPEN_CALLS: usize = 16;

/// Words that start a line which a plan cannot have.
const CONTROL: [&str; 9] = [
    "for", "while", "if", "elif", "else", "try", "except", "with", "lambda",
];

/// What a line, or several that belong together, say.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Statement {
    /// What the model thinks.
    Thought(String),
    /// `1. call(..)`
    Numbered(u64, Written),
    /// `name = value`
    Assigned(String, Written),
    /// A call by itself.
    Bare(Written),
    /// `return value`
    Returned(Written),
    /// A loop or a condition.
    Control(String),
    /// Nothing of a plan.
    Prose,
}

/// A statement and where it stands.
pub(super) struct Line {
    pub statement: Statement,
    pub start: usize,
    /// Where the text goes on.
    pub end: usize,
    /// Whether the text ended inside of it.
    pub is_cut: bool,
}

/// Reads statement after statement.
pub(super) struct Statements<'text> {
    text: &'text str,
    at: usize,
    is_whole: bool,
    open_calls: usize,
}

impl<'text> Statements<'text> {
    pub(super) fn new(text: &'text str, at: usize, is_whole: bool) -> Self {
        Self {
            text,
            at,
            is_whole,
            open_calls: 0,
        }
    }

    pub(super) fn next(&mut self, repairs: &mut Repairs) -> Option<Line> {
        if self.at >= self.text.len() {
            return None;
        }
        let mut noted = Repairs::default();
        let start = self.at;
        let line_end = start + line(&self.text[start..]).len();
        // A text of calls without their brackets is not read to its end again and again.
        let seen = match self.open_calls > OPEN_CALLS {
            true => &self.text[..line_end],
            false => self.text,
        };
        let mut read = read_line(seen, start, self.is_whole, &mut noted);
        if read.is_cut && self.goes_on_below(start, line_end) {
            noted.note("closing brackets were missing");
            read = read_line(&self.text[..line_end], start, true, &mut noted);
        }
        if read.statement != Statement::Prose {
            repairs.extend(noted);
        }
        // Statements end with their line; what follows on it is a comment or the mark of the end.
        read.end = read.end.max(start);
        read.end += line(&self.text[read.end..]).len();
        read.end = (read.end + 1).min(self.text.len().max(read.end));
        self.at = read.end.max(start + 1);
        Some(read)
    }

    /// Whether a call that the text seems to end in only lacks its bracket: the next line is a statement of its own.
    fn goes_on_below(&mut self, start: usize, line_end: usize) -> bool {
        self.open_calls += 1;
        let first = self.text[start..line_end].trim_end();
        if first.ends_with(['(', ',', '[', '{']) {
            return false;
        }
        let below = self.text[line_end..].trim_start();
        self.open_calls > OPEN_CALLS || is_start(line(below))
    }
}

fn line(text: &str) -> &str {
    text.split_once('\n').map_or(text, |(line, _)| line)
}

/// Whether a line looks like the start of a numbered call or of an assignment.
fn is_start(line: &str) -> bool {
    let (number, rest) = number(line.trim_start());
    let name = rest.len() - rest.trim_start_matches(is_word).len();
    let behind = rest[name..].trim_start();
    name > 0 && ((number.is_some() && behind.starts_with('(')) || behind.starts_with('='))
}

/// The number that a line of a list starts with, and what is behind it.
fn number(line: &str) -> (Option<u64>, &str) {
    let digits = line.len()
        - line
            .trim_start_matches(|each: char| each.is_ascii_digit())
            .len();
    let behind = line[digits..].strip_prefix(['.', ')', ':']);
    match (line[..digits].parse().ok(), behind) {
        (Some(number), Some(behind)) => (Some(number), behind.trim_start()),
        _ => (None, line),
    }
}

fn read_line(text: &str, start: usize, is_whole: bool, repairs: &mut Repairs) -> Line {
    let line = line(&text[start..]);
    let at_rest = |rest: &str| start + line.len() - rest.len();
    let prose = |statement| Line {
        statement,
        start,
        end: start,
        is_cut: false,
    };
    let begun = line.trim_start_matches(|each: char| {
        each.is_whitespace() || matches!(each, '`' | '>' | '*' | '-')
    });
    if let Some(thought) = begun
        .strip_prefix("Thought:")
        .or_else(|| begun.strip_prefix("thought:"))
    {
        return prose(Statement::Thought(thought.trim().to_owned()));
    }
    let (number, rest) = number(begun);
    let rest = rest.trim_start_matches('`');
    if number.is_none() && is_control(rest) {
        return prose(Statement::Control(rest.trim_end().to_owned()));
    }
    let mut reader = |at: usize| {
        let mut reader = Reader::new(text, at, Syntax::Code, repairs).known_whole(is_whole);
        let value = reader.value();
        (
            value,
            reader.position(),
            reader.is_cut(),
            reader.at_end_of_line(),
        )
    };
    let finished = |(value, end, is_cut, _): (Option<Written>, usize, bool, bool),
                    make: &dyn Fn(Written) -> Statement| Line {
        statement: value.map_or(Statement::Prose, make),
        start,
        end,
        is_cut,
    };
    if let Some((target, value)) = assignment(rest) {
        let read = reader(at_rest(value));
        let target = target.to_owned();
        return finished(read, &|value| match number_of(&target) {
            Some(number) => Statement::Numbered(number, value),
            None => Statement::Assigned(target.clone(), value),
        });
    }
    if let Some(value) = rest.strip_prefix("return ") {
        return finished(reader(at_rest(value)), &Statement::Returned);
    }
    if !is_call(rest) {
        return prose(Statement::Prose);
    }
    let read = reader(at_rest(rest));
    match (&read, number) {
        ((Some(Written::Call(..)), ..), Some(number)) => {
            finished(read, &|value| Statement::Numbered(number, value))
        }
        ((Some(Written::Call(..)), _, _, true), None) => finished(read, &Statement::Bare),
        ((Some(_), _, true, _), _) => finished(read, &Statement::Bare),
        // `1. call(..) and more`: the call is what counts.
        ((Some(Written::Raw(source)), end, ..), Some(number)) if *end > start => {
            match call_in_front(source, repairs) {
                Some(call) => Line {
                    statement: Statement::Numbered(number, call),
                    start,
                    end: read.1,
                    is_cut: false,
                },
                None => prose(Statement::Prose),
            }
        }
        _ => prose(Statement::Prose),
    }
}

/// The call that source starts with, whatever follows it.
fn call_in_front(source: &str, repairs: &mut Repairs) -> Option<Written> {
    let mut reader = Reader::new(source, 0, Syntax::Code, repairs);
    reader
        .term()
        .filter(|term| matches!(term, Written::Call(..)) && !reader.is_cut())
}

fn is_control(line: &str) -> bool {
    let word = line
        .split(|each: char| !is_word(each))
        .next()
        .unwrap_or_default();
    CONTROL.contains(&word) && line.trim_end().ends_with(':')
}

/// Whether a line starts with a name and an opening bracket.
fn is_call(line: &str) -> bool {
    let name = line.trim_start_matches(|each| is_word(each) || matches!(each, '.' | '\\'));
    let name = name
        .strip_prefix(' ')
        .filter(|_| line.starts_with("await "))
        .map_or(name, |behind| {
            behind.trim_start_matches(|each| is_word(each) || each == '.')
        });
    name.len() < line.len()
        && name.starts_with('(')
        && !line.starts_with(|each: char| each.is_ascii_digit())
}

/// The two sides of `name = value` or `name: type = value`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let dollar = usize::from(line.starts_with('$'));
    let length = line[dollar..].find(|each| !is_word(each))?;
    let (target, rest) = line.split_at(dollar + length);
    let mut rest = rest.trim_start();
    if let Some(typed) = rest.strip_prefix(':') {
        let end = typed.find('=')?;
        let is_type = typed[..end]
            .chars()
            .all(|each| is_word(each) || " []|,.".contains(each));
        rest = &typed[if is_type { end } else { typed.len() }..];
    }
    let value = rest.strip_prefix('=')?.trim_start();
    let is_assignment = length > 0 && !value.is_empty() && !value.starts_with('=');
    is_assignment.then_some((target, value))
}

/// The number in `$1`.
fn number_of(target: &str) -> Option<u64> {
    target.strip_prefix('$')?.parse().ok()
}

//! Calls, variables and Python's literals.

use medley_orchestrator::{Reference, Selector};
use serde_json::Number;

use super::{Reader, constant, strings};
use crate::dialect::{
    references::numbered_id,
    written::{Call, Written},
};

/// Longer subscripts name no field; without a limit, an open bracket would be looked behind again and again.
const SUBSCRIPT_LIMIT: usize = 64;

impl Reader<'_, '_> {
    /// An expression; what is none is taken as source, up to the end of its item.
    pub(super) fn expression(&mut self) -> Option<Written> {
        let start = self.at;
        let read = self.sum();
        self.skip_blank();
        if self.is_cut || (read.is_some() && self.at_end_of_item()) {
            return read;
        }
        self.at = start;
        self.source().map(Written::Raw)
    }

    fn at_end_of_item(&self) -> bool {
        match self.peek() {
            None | Some(',' | ')' | ']' | '}' | ';' | '\n') => true,
            Some(':') => self.awaited.last() == Some(&'}'),
            // `<END_OF_PLAN>` may follow the last call at once.
            Some('<') => self.awaited.is_empty(),
            _ => false,
        }
    }

    fn sum(&mut self) -> Option<Written> {
        let first = self.term()?;
        self.skip_blank();
        if self.peek() != Some('+') {
            return Some(first);
        }
        let mut terms = vec![first];
        while self.passes('+') {
            self.skip_blank();
            terms.push(self.term()?);
            self.skip_blank();
        }
        Some(Written::Sum(terms))
    }

    /// A value without what may be added to it.
    pub(in crate::dialect) fn term(&mut self) -> Option<Written> {
        let first = self.peek()?;
        match first {
            '{' => Some(self.object()),
            '[' => Some(self.list('[', ']')),
            '(' => Some(self.parenthesis()),
            '$' => self.dollar(),
            quote if strings::is_quote(quote) => Some(Written::Text(self.string(quote))),
            '-' | '+' | '.' | '0'..='9' => self.number(),
            _ if is_word(first) => self.word(),
            _ => None,
        }
    }

    /// A tuple, or a value in brackets.
    fn parenthesis(&mut self) -> Written {
        let start = self.at;
        let list = self.list('(', ')');
        let has_comma = self
            .text
            .get(start..self.at)
            .is_some_and(|source| source.contains(','));
        match list {
            Written::List(mut items) if items.len() == 1 && !has_comma => {
                items.pop().unwrap_or(Written::Null)
            }
            list => list,
        }
    }

    fn number(&mut self) -> Option<Written> {
        let written = self.take_while(|each| {
            each.is_ascii_alphanumeric() || matches!(each, '.' | '-' | '+' | '_')
        });
        let digits = written.trim_start_matches('+').replace('_', "");
        let digits = match digits.strip_prefix('.') {
            Some(fraction) => format!("0.{fraction}"),
            None => digits.trim_end_matches('.').to_owned(),
        };
        digits.parse::<Number>().ok().map(Written::Number)
    }

    /// `$1`, `${1}` or `$name`, each with selectors.
    fn dollar(&mut self) -> Option<Written> {
        self.pass('$');
        let has_braces = self.passes('{');
        let root = self.take_while(is_word);
        if root.is_empty() {
            return None;
        }
        let mut selectors = self.selectors();
        if has_braces {
            if !self.passes('}') {
                return None;
            }
            selectors.extend(self.selectors());
        }
        Some(Written::Reference(Reference {
            root: numbered_id(root),
            selectors,
        }))
    }

    /// `.field`, `[0]` and `["field"]`.
    fn selectors(&mut self) -> Vec<Selector> {
        let mut selectors = Vec::new();
        loop {
            let start = self.at;
            let selector = if self.passes('.') {
                let field = self.take_while(is_word);
                (!field.is_empty()).then(|| Selector::Field(field.to_owned()))
            } else if self.peek() == Some('[') {
                self.subscript()
            } else {
                None
            };
            match selector {
                Some(selector) => selectors.push(selector),
                None => {
                    self.at = start;
                    return selectors;
                }
            }
        }
    }

    fn subscript(&mut self) -> Option<Selector> {
        self.pass('[');
        let mut length = 0;
        let inside = self.take_while(|each| {
            length += 1;
            length <= SUBSCRIPT_LIMIT && !matches!(each, ']' | '\n')
        });
        if !self.passes(']') {
            return None;
        }
        let inside = inside.trim();
        if let Ok(index) = inside.parse() {
            return Some(Selector::Index(index));
        }
        let field = inside.trim_matches(['"', '\'']);
        let is_field =
            field.len() + 2 == inside.len() && !field.is_empty() && field.chars().all(is_word);
        is_field.then(|| Selector::Field(field.to_owned()))
    }

    /// A constant, a string with a prefix, a variable or a call.
    fn word(&mut self) -> Option<Written> {
        let name = self.name();
        if let Some(constant) = constant(&name) {
            return Some(constant);
        }
        if let Some(quote @ ('"' | '\'')) = self.peek()
            && matches!(
                name.as_str(),
                "f" | "F" | "r" | "R" | "b" | "u" | "rf" | "fr"
            )
        {
            let text = self.string(quote);
            let is_format = name.contains(['f', 'F']);
            return Some(if is_format {
                Written::Format(text)
            } else {
                Written::Text(text)
            });
        }
        if name == "await" {
            self.skip_blank();
            return self.term();
        }
        let mut selectors = self.selectors();
        if self.peek() != Some('(') {
            return Some(Written::Variable(Reference {
                root: name,
                selectors,
            }));
        }
        let (receiver, name) = match selectors.pop() {
            None => (None, name),
            Some(Selector::Field(method)) => (Some(name), method),
            Some(Selector::Index(_)) => return None,
        };
        let arguments = self.arguments();
        let selectors = self.selectors();
        // A call of what a call gives is no step.
        (self.peek() != Some('(')).then_some(Written::Call(
            Call {
                receiver,
                name,
                arguments,
            },
            selectors,
        ))
    }

    /// A name, in which Markdown may have escaped underscores.
    pub(in crate::dialect) fn name(&mut self) -> String {
        let mut name = String::new();
        loop {
            name.push_str(self.take_while(is_word));
            if !self.rest().starts_with("\\_") {
                return name;
            }
            self.repairs
                .note("backslashes before punctuation were left out");
            self.at += 1;
        }
    }

    /// What stands between the brackets of a call.
    fn arguments(&mut self) -> Vec<(Option<String>, Written)> {
        let mut arguments = Vec::new();
        if self.open('(', ')') {
            while !self.ends(')', !arguments.is_empty()) {
                let before = self.at;
                let name = self.keyword();
                let value = self.value();
                if self.is_cut {
                    break;
                }
                arguments.extend(value.map(|value| (name, value)));
                self.go_on_from(before);
            }
        }
        self.awaited.pop();
        arguments
    }

    /// The name before `=` or `:`.
    fn keyword(&mut self) -> Option<String> {
        let start = self.at;
        self.take_while(|each| matches!(each, '"' | '\''));
        let name = self.name();
        self.take_while(|each| matches!(each, '"' | '\''));
        self.skip_blank();
        let is_keyword = !name.is_empty()
            && matches!(self.peek(), Some('=' | ':'))
            && !matches!(self.peek_second(), Some('=' | '/'));
        if is_keyword {
            self.at += 1;
            return Some(name);
        }
        self.at = start;
        None
    }

    /// Source up to the end of its item, whatever it is.
    fn source(&mut self) -> Option<String> {
        let stays_in_line = self.awaited.is_empty();
        let mut depth = 0_usize;
        let rest = self.rest();
        let end = rest.find(|each| {
            match each {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                ')' | ']' | '}' => return true,
                ',' => return depth == 0,
                '\n' => return stays_in_line,
                _ => {}
            }
            false
        });
        if end.is_none() && !stays_in_line {
            self.end_of_text();
        }
        let source = &rest[..end.unwrap_or(rest.len())];
        self.at += source.len();
        let source = source.trim();
        (!source.is_empty()).then(|| source.to_owned())
    }
}

/// Whether a name can have `each` in it.
pub(in crate::dialect) fn is_word(each: char) -> bool {
    each.is_alphanumeric() || each == '_'
}

//! Values in arguments: text with references in it, variables, sums of text.

use medley_orchestrator::{Defect, DefectCode, Reference};
use serde_json::Value as Json;

use super::{Binding, Lowering};
use crate::dialect::{Dialect, references, written::Written};

/// The names that VisProg gives to what a program starts from.
const VISPROG_INPUTS: [(&str, &str); 3] =
    [("IMAGE", "input1"), ("LEFT", "input1"), ("RIGHT", "input2")];

impl Lowering<'_> {
    /// The JSON of a value; `None`, with a defect, where it has none.
    pub(super) fn value(&mut self, written: Written, place: &str) -> Option<Json> {
        match written {
            Written::Text(text) => Some(Json::String(self.text(&text))),
            Written::Format(text) => Some(Json::String(self.format(&text))),
            Written::Reference(reference) => Some(Json::String(reference.to_string())),
            Written::Variable(variable) => self.variable(variable, place),
            Written::Raw(source) => self.source(&source, place),
            Written::Call(call, selectors) => {
                Some(self.nested(&references::legal_id(place), call, selectors))
            }
            Written::Sum(terms) => {
                let pieces: Option<Vec<String>> = terms
                    .into_iter()
                    .map(|term| self.piece(term, place))
                    .collect();
                pieces.map(|pieces| Json::String(pieces.concat()))
            }
            Written::List(items) => Some(
                items
                    .into_iter()
                    .filter_map(|item| self.value(item, place))
                    .collect(),
            ),
            Written::Object(fields) => Some(
                fields
                    .into_iter()
                    .filter_map(|(name, field)| Some((name, self.value(field, place)?)))
                    .collect(),
            ),
            scalar @ (Written::Null | Written::Bool(_) | Written::Number(_)) => {
                Some(scalar.into_json(&mut self.drafting.repairs))
            }
        }
    }

    fn text(&self, text: &str) -> String {
        match self.dialect {
            Some(Dialect::LlmCompiler) => self.numbered_text(text),
            Some(Dialect::VisProg) => self.with_braces(text, false),
            _ => references::escape(text),
        }
    }

    /// Text of LLMCompiler: all of it may be a reference, or parts that name an earlier call.
    fn numbered_text(&self, text: &str) -> String {
        let inside = text.trim().strip_prefix('$');
        let whole = inside.and_then(|inside| {
            references::parse(
                inside
                    .strip_prefix('{')
                    .and_then(|inside| inside.strip_suffix('}'))
                    .unwrap_or(inside),
            )
        });
        match whole {
            Some(reference) => reference.to_string(),
            None => references::from_dollars(text, |id| self.drafting.knows(id)),
        }
    }

    /// An f-string.
    fn format(&self, text: &str) -> String {
        self.with_braces(text, true)
    }

    /// Text in which `{name}` is a reference where it names a step. In f-strings, doubled braces are braces.
    fn with_braces(&self, text: &str, is_format: bool) -> String {
        let mut template = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            template.push_str(&references::escape(&rest[..at]));
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if is_format && rest.starts_with(brace) {
                rest = &rest[1..];
                template.push_str(brace);
            } else if let Some((value, behind)) = self.in_braces(rest).filter(|_| brace == "{") {
                template.push_str(&value);
                rest = behind;
            } else {
                template.push_str(brace);
            }
        }
        template.push_str(&references::escape(rest));
        template
    }

    /// What stands for `name}` at the start of `text`, and what is behind it.
    fn in_braces<'t>(&self, text: &'t str) -> Option<(String, &'t str)> {
        // A name is short: what is longer is text.
        let end = text
            .char_indices()
            .take(100)
            .find(|(_, each)| *each == '}')?
            .0;
        let name = text[..end].split(':').next().unwrap_or_default().trim();
        let variable = Reference::parse(name)?;
        let value = match self.bindings.get(&variable.root)? {
            Binding::Step(_) => references::braced(&self.resolved(&variable)?),
            Binding::Value(value) => printed(value)?,
        };
        Some((value, &text[end + 1..]))
    }

    fn variable(&mut self, variable: Reference, place: &str) -> Option<Json> {
        if let Some(reference) = self.resolved(&variable) {
            return Some(Json::String(reference.to_string()));
        }
        if self.dialect == Some(Dialect::LlmCompiler) {
            self.drafting
                .repairs
                .note("text stood without quotation marks");
            return Some(Written::Variable(variable).into_json(&mut self.drafting.repairs));
        }
        if let Some(Binding::Value(value)) = self.bindings.get(&variable.root) {
            let value = value.clone();
            return self.copy(value, place);
        }
        let input = VISPROG_INPUTS
            .iter()
            .find(|(name, _)| self.dialect == Some(Dialect::VisProg) && *name == variable.root);
        let root = input.map_or(variable.root, |(_, input)| (*input).to_owned());
        let selectors = variable.selectors;
        Some(Json::String(Reference { root, selectors }.to_string()))
    }

    /// A value that a variable stands for; copies of copies may grow without end, so there is a limit.
    fn copy(&mut self, value: Json, place: &str) -> Option<Json> {
        let size = value.to_string().len();
        if size > self.copies {
            return self.unreadable("the values of variables are too large", place);
        }
        self.copies -= size;
        Some(value)
    }

    /// Source that is no value: text in LLMCompiler's lists, else a defect.
    fn source(&mut self, source: &str, place: &str) -> Option<Json> {
        if self.dialect == Some(Dialect::LlmCompiler) {
            self.drafting
                .repairs
                .note("text stood without quotation marks");
            return Some(Json::String(self.numbered_text(source)));
        }
        let shown: String = source.chars().take(60).collect();
        self.unreadable(
            &format!("`{shown}` is no value, and nothing in a plan is computed"),
            place,
        )
    }

    fn unreadable<T>(&mut self, message: &str, place: &str) -> Option<T> {
        let number = self.drafting.steps.len() + 1;
        self.drafting.defects.push(
            Defect::new(
                DefectCode::MalformedArgument,
                format!("call {number}: {message}"),
            )
            .in_argument(place)
            .with_hint("write a value, or the name of an earlier result"),
        );
        None
    }

    /// A part of a text that is put together.
    fn piece(&mut self, term: Written, place: &str) -> Option<String> {
        let is_text = matches!(term, Written::Text(_) | Written::Format(_));
        let value = self.value(term, place)?;
        if let (false, Json::String(text)) = (is_text, &value)
            && let Some(reference) = text.strip_prefix('$').and_then(Reference::parse)
        {
            return Some(references::braced(&reference));
        }
        match printed(&value) {
            Some(text) => Some(text),
            None => self.unreadable("a list or an object is no text", place),
        }
    }
}

/// A plain value as text.
fn printed(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Array(_) | Json::Object(_) => None,
        other => Some(other.to_string()),
    }
}

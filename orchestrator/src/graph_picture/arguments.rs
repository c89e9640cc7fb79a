//! Prints the arguments of a step as its plan says them, short enough for a label.

use std::{borrow::Cow, collections::BTreeMap};

use super::label::shorten;
use crate::{Argument, Expression, Segment, Value};

/// The most characters of one argument.
const LIMIT: usize = 32;

/// Items of a list or a record that are looked at; more would not fit.
const ITEMS: usize = 8;

/// `image=$input1, to="fr"`.
pub(super) fn print(arguments: &BTreeMap<String, Argument>) -> String {
    let printed: Vec<String> = arguments
        .iter()
        .map(|(name, argument)| {
            let value = print_expression(&argument.expression);
            format!("{name}={}", shorten(&value, LIMIT))
        })
        .collect();
    printed.join(", ")
}

pub(super) fn print_expression(expression: &Expression) -> String {
    match expression {
        Expression::Literal(value) => print_value(value),
        Expression::Reference(reference) => reference.to_string(),
        Expression::Template(segments) => quote(&print_template(segments)),
        Expression::List(items) => enclose('[', items.iter().map(print_expression), ']'),
        Expression::Record(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| format!("{name}: {}", print_expression(field)));
            enclose('{', fields, '}')
        }
    }
}

fn print_template(segments: &[Segment]) -> String {
    let segments = segments.iter().map(|segment| match segment {
        Segment::Text(text) => text.replace('$', "$$"),
        Segment::Reference(reference) => {
            format!("${{{}}}", reference.to_string().trim_start_matches('$'))
        }
    });
    segments.collect()
}

fn print_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::List(items) => enclose('[', items.iter().map(print_value), ']'),
        Value::Record(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| format!("{name}: {}", print_value(field)));
            enclose('{', fields, '}')
        }
        other => other.to_string(),
    }
}

/// Text in quotes that end even where the text is cut.
fn quote(text: &str) -> String {
    let kept: Cow<'_, str> = shorten(text, LIMIT - 2);
    format!("{kept:?}")
}

fn enclose(open: char, items: impl Iterator<Item = String>, close: char) -> String {
    let items: Vec<String> = items.take(ITEMS).collect();
    format!("{open}{}{close}", items.join(", "))
}

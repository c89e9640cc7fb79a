//! What may be written for a parameter: references that fit its type, and literals of it.

use medley_orchestrator::{Expression, Field, Kind, ValueType, check};
use serde_json::Value as Json;

use super::{names::Names, node::Node, numbers};

/// The most items of a list that the model makes up.
const MAX_ITEMS: usize = 8;

/// How deep lists and records stand in each other.
const MAX_DEPTH: usize = 4;

/// The sides of a box go up to this many pixels.
const MAX_PIXELS: i64 = 65_535;

/// Writes values over the names at hand.
pub(super) struct Values<'a> {
    pub names: &'a Names,
    /// The most characters of a string.
    pub max_string: usize,
}

impl Values<'_> {
    /// A value of this type, if there can be any.
    pub(super) fn of(&self, wanted: &ValueType) -> Option<Node> {
        self.at_depth(wanted, 0)
    }

    fn at_depth(&self, wanted: &ValueType, depth: usize) -> Option<Node> {
        // What a bare reference means inside a list can depend on the types that the list could have instead.
        let references = self.names.fitting(wanted, depth == 0);
        let mut options: Vec<Node> = references
            .into_iter()
            .map(|reference| Node::text(format!("\"{reference}\"")))
            .collect();
        self.add_literals(wanted, depth, &mut options);
        Node::choice(options)
    }

    fn add_literals(&self, wanted: &ValueType, depth: usize, options: &mut Vec<Node>) {
        match wanted {
            ValueType::String | ValueType::Artifact { kind: Kind::Text } => {
                options.push(Node::Quoted(self.max_string));
            }
            ValueType::Artifact { .. } => {}
            ValueType::Integer { minimum, maximum } => {
                options.extend(numbers::integer(*minimum, *maximum));
            }
            ValueType::Number { minimum, maximum } => {
                options.extend(numbers::number(*minimum, *maximum));
            }
            ValueType::Boolean => options.extend([Node::text("true"), Node::text("false")]),
            ValueType::Enum { values } => {
                options.extend(values.iter().filter_map(|word| enum_word(word, wanted)));
            }
            ValueType::Box => options.extend(bounding_box()),
            ValueType::List { items } => options.extend(self.list(items, depth)),
            ValueType::Record { fields } => options.extend(self.record(fields, depth)),
            ValueType::OneOf { options: types } => {
                for each in types {
                    self.add_literals(each, depth, options);
                }
            }
            ValueType::Any => {
                options.push(Node::Quoted(self.max_string));
                options.extend(numbers::number(None, None));
                options.extend([Node::text("true"), Node::text("false")]);
            }
        }
    }

    /// A list of one item or a few.
    fn list(&self, items: &ValueType, depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH {
            return None;
        }
        let item = self.at_depth(items, depth + 1)?;
        let more = Node::sequence([Node::text(","), item.clone()]);
        let more = Node::Repeat(Box::new(more), MAX_ITEMS - 1);
        Some(Node::sequence([
            Node::text("["),
            item,
            more,
            Node::text("]"),
        ]))
    }

    /// A record with all fields that it must have, and those that may be absent and are simple.
    fn record(&self, fields: &[Field], depth: usize) -> Option<Node> {
        if depth >= MAX_DEPTH || fields.iter().any(|field| field.name.starts_with('$')) {
            return None;
        }
        let mut required = Vec::new();
        let mut optional = Vec::new();
        for field in fields {
            if !field.optional {
                let value = self.at_depth(&field.value_type, depth + 1)?;
                required.push(named(&field.name, value));
            } else if is_simple(&field.value_type) {
                let value = self.at_depth(&field.value_type, depth + 1);
                optional.extend(value.map(|value| named(&field.name, value)));
            }
        }
        Some(Node::sequence([
            Node::text("{"),
            entries(required, optional),
            Node::text("}"),
        ]))
    }
}

/// A name with its value, as JSON writes it.
pub(super) fn named(name: &str, value: Node) -> Node {
    Node::sequence([Node::text(format!("{}:", Json::from(name))), value])
}

/// All that is required and then any of what is optional, in order, with commas between.
pub(super) fn entries(required: Vec<Node>, optional: Vec<Node>) -> Node {
    let more = |entry: &Node| Node::sequence([Node::text(","), entry.clone()]).optional();
    if let Some((first, others)) = required.split_first() {
        let others = others
            .iter()
            .flat_map(|entry| [Node::text(","), entry.clone()]);
        let optional = optional.iter().map(more);
        return Node::sequence(std::iter::once(first.clone()).chain(others).chain(optional));
    }
    let starts = optional.iter().enumerate().map(|(index, first)| {
        let behind = optional[index + 1..].iter().map(more);
        Node::sequence(std::iter::once(first.clone()).chain(behind))
    });
    Node::choice(starts.collect()).map_or_else(|| Node::text(""), Node::optional)
}

/// A word of an enum, if a plan reads it as that word.
fn enum_word(word: &str, wanted: &ValueType) -> Option<Node> {
    let written = Json::from(word.replace('$', "$$"));
    match Expression::from_json(&written) {
        Ok(Expression::Literal(value)) if check(&value, wanted).is_ok() => {
            Some(Node::text(written.to_string()))
        }
        _ => None,
    }
}

/// `[x,y,width,height]` in whole pixels.
fn bounding_box() -> Option<Node> {
    let place = numbers::integer(Some(0), Some(MAX_PIXELS))?;
    let size = numbers::integer(Some(1), Some(MAX_PIXELS))?;
    Some(Node::sequence([
        Node::text("["),
        place.clone(),
        Node::text(","),
        place,
        Node::text(","),
        size.clone(),
        Node::text(","),
        size,
        Node::text("]"),
    ]))
}

const fn is_simple(value_type: &ValueType) -> bool {
    matches!(
        value_type,
        ValueType::String
            | ValueType::Integer { .. }
            | ValueType::Number { .. }
            | ValueType::Boolean
            | ValueType::Enum { .. }
    )
}

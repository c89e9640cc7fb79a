//! Arguments as a plan writes them: literals, references (`$s1.text[0]`) and templates (`On it: ${s1}`).
//!
//! Reading them is syntax only; whether a reference resolves is for validation, and nothing is ever evaluated.

use std::fmt;

use serde_json::Value as Json;

use crate::{JsonValueError, Record, Value};

/// An argument of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A value that stands in the plan.
    Literal(Value),
    /// A value from elsewhere in the plan.
    Reference(Reference),
    /// Text with values put in, once.
    Template(Vec<Segment>),
    /// Items, any of which may refer.
    List(Vec<Expression>),
    /// Fields, any of which may refer.
    Record(Vec<(String, Expression)>),
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Segment {
    /// Text as it stands.
    Text(String),
    /// A value, printed.
    Reference(Reference),
}

/// A name in the plan, and what to pick out of its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// A step's id, `inputN` or `request`.
    pub root: String,
    /// What to pick, outermost first.
    pub selectors: Vec<Selector>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `.name`, or `["any name"]`
    Field(String),
    /// `[index]`, from 0.
    Index(usize),
}

/// Text that starts like a reference and does not end like one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// `${` without a reference and `}` behind it.
    #[error(
        "`{0}` is not a reference; write `${{step}}` or `${{step.output}}`, and `$$` for a dollar"
    )]
    Template(String),
    /// `$name.` or `$name[` without more of a reference behind it.
    #[error("`{0}` is not a reference")]
    Reference(String),
    /// A literal that is no value.
    #[error(transparent)]
    Literal(#[from] JsonValueError),
}

impl Expression {
    /// Reads an argument.
    ///
    /// # Errors
    /// When a template is malformed or a literal is no value.
    pub fn from_json(json: &Json) -> Result<Self, ExpressionError> {
        match json {
            Json::String(text) => Self::from_text(text),
            Json::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(Self::from_json)
                    .collect::<Result<_, _>>()?;
                Ok(Self::list_of(items))
            }
            Json::Object(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| Ok((name.clone(), Self::from_json(value)?)))
                    .collect::<Result<_, ExpressionError>>()?;
                Ok(Self::record_of(fields))
            }
            other => Ok(Self::Literal(Value::from_json(other.clone())?)),
        }
    }

    fn from_text(text: &str) -> Result<Self, ExpressionError> {
        if let Some(reference) = text.strip_prefix('$').and_then(Reference::parse) {
            return Ok(Self::Reference(reference));
        }
        if begins_selecting(text) {
            return Err(ExpressionError::Reference(beginning(text)));
        }
        let segments = parse_template(text)?;
        Ok(match segments.as_slice() {
            [] => Self::Literal(Value::from("")),
            [Segment::Text(literal)] => Self::Literal(Value::from(literal.as_str())),
            _ => Self::Template(segments),
        })
    }

    /// A list of literals is itself a literal, so that its type is known as a whole.
    fn list_of(items: Vec<Self>) -> Self {
        let literals: Option<Vec<Value>> = items.iter().map(Self::as_literal).collect();
        literals.map_or(Self::List(items), |values| {
            Self::Literal(Value::List(values))
        })
    }

    fn record_of(fields: Vec<(String, Self)>) -> Self {
        let literals: Option<Record> = fields
            .iter()
            .map(|(name, field)| Some((name.clone(), field.as_literal()?)))
            .collect();
        literals.map_or(Self::Record(fields), |record| {
            Self::Literal(Value::Record(record))
        })
    }

    fn as_literal(&self) -> Option<Value> {
        match self {
            Self::Literal(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// Every reference in this argument, in order.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let mut references = Vec::new();
        self.collect_references(&mut references);
        references
    }

    /// Adds every reference in it to `references`, in order.
    pub(crate) fn collect_references<'a>(&'a self, references: &mut Vec<&'a Reference>) {
        match self {
            Self::Literal(_) => {}
            Self::Reference(reference) => references.push(reference),
            Self::Template(segments) => {
                references.extend(segments.iter().filter_map(|segment| match segment {
                    Segment::Reference(reference) => Some(reference),
                    Segment::Text(_) => None,
                }));
            }
            Self::List(items) => {
                for item in items {
                    item.collect_references(references);
                }
            }
            Self::Record(fields) => {
                for (_, field) in fields {
                    field.collect_references(references);
                }
            }
        }
    }
}

impl Reference {
    /// A reference to a whole step or input.
    #[must_use]
    pub fn to(root: impl Into<String>) -> Self {
        Self {
            root: root.into(),
            selectors: Vec::new(),
        }
    }

    /// Reads `id`, `id.field`, `id[0].field`, `id["any field"]`, without the dollar; all of `text` must be the reference.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text.find(|each: char| !is_word(each)).unwrap_or(text.len());
        let (root, mut rest) = text.split_at(end);
        if !is_step_id(root) {
            return None;
        }
        let mut selectors = Vec::new();
        while !rest.is_empty() {
            let (selector, behind) = parse_selector(rest)?;
            selectors.push(selector);
            rest = behind;
        }
        Some(Self {
            root: root.to_owned(),
            selectors,
        })
    }
}

fn parse_selector(text: &str) -> Option<(Selector, &str)> {
    if let Some(field) = text.strip_prefix('.') {
        let end = field
            .find(|each: char| !is_word(each))
            .unwrap_or(field.len());
        let (name, rest) = field.split_at(end);
        return (!name.is_empty()).then(|| (Selector::Field(name.to_owned()), rest));
    }
    let inside = text.strip_prefix('[')?;
    if let Some(quote) = inside.chars().next().filter(|each| QUOTES.contains(each)) {
        let (name, rest) = inside[1..].split_once(&format!("{quote}]"))?;
        return Some((Selector::Field(name.to_owned()), rest));
    }
    let (index, rest) = inside.split_once(']')?;
    Some((Selector::Index(index.parse().ok()?), rest))
}

/// What may stand around the name of a field.
const QUOTES: [char; 2] = ['"', '\''];

/// Whether a text is a name with the beginning of a selector, as in `$s1.` and `$s1[`.
fn begins_selecting(text: &str) -> bool {
    let Some(behind) = text.strip_prefix('$') else {
        return false;
    };
    let end = behind.find(|each: char| !is_word(each));
    let (root, rest) = end.map_or((behind, ""), |end| behind.split_at(end));
    is_step_id(root) && rest.starts_with(['.', '['])
}

/// As much of a text as an error shows.
fn beginning(text: &str) -> String {
    text.chars().take(40).collect()
}

fn parse_template(text: &str) -> Result<Vec<Segment>, ExpressionError> {
    let mut segments = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        literal.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(after) = behind.strip_prefix('$') {
            literal.push('$');
            rest = after;
        } else if let Some(after) = behind.strip_prefix('{') {
            let malformed = || ExpressionError::Template(beginning(&rest[at..]));
            let (inside, after) = after.split_once('}').ok_or_else(malformed)?;
            let reference = Reference::parse(inside.trim()).ok_or_else(malformed)?;
            if !literal.is_empty() {
                segments.push(Segment::Text(std::mem::take(&mut literal)));
            }
            segments.push(Segment::Reference(reference));
            rest = after;
        } else {
            literal.push('$');
            rest = behind;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        segments.push(Segment::Text(literal));
    }
    Ok(segments)
}

/// Whether `text` may name a step.
#[must_use]
pub fn is_step_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(is_word)
}

const fn is_word(each: char) -> bool {
    each.is_ascii_alphanumeric() || each == '_'
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "${}", self.root)?;
        let mut selectors = self.selectors.iter();
        selectors.try_for_each(|selector| selector.fmt(formatter))
    }
}

impl fmt::Display for Selector {
    /// As plans write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(formatter, "[{index}]"),
            Self::Field(name) if !name.is_empty() && name.chars().all(is_word) => {
                write!(formatter, ".{name}")
            }
            Self::Field(name) => {
                let quote = if name.contains('"') { '\'' } else { '"' };
                write!(formatter, "[{quote}{name}{quote}]")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: Json) -> Expression {
        Expression::from_json(&json).unwrap()
    }

    #[test]
    fn a_string_that_is_wholly_a_reference_is_one() {
        let Expression::Reference(reference) = read(json!("$s1.regions[2].text")) else {
            unreachable!("it is a reference")
        };
        assert_eq!(reference.root, "s1");
        assert_eq!(reference.selectors.len(), 3);
        assert_eq!(reference.to_string(), "$s1.regions[2].text");
    }

    #[test]
    fn any_name_of_a_field_can_be_written_in_quotation_marks() {
        for text in [
            r#"$input1["unit price"][0]"#,
            r#"$input1["价格"]"#,
            r#"$input1['6"']"#,
            "$input1.price[2]",
        ] {
            let Expression::Reference(reference) = read(json!(text)) else {
                unreachable!("{text} is a reference")
            };
            assert_eq!(reference.to_string(), text);
        }
        let plain = Reference::parse(r#"s1["text"]"#).unwrap();
        assert_eq!(plain.to_string(), "$s1.text");
    }

    #[test]
    fn what_begins_as_a_reference_and_is_none_is_an_error() {
        for text in [
            "$input1.unit price",
            "$input1[-1][0]",
            "$input1[item]",
            "$input1[]",
            "$s1[99999999999999999999999]",
            "$input1.价格",
            "$s1. It is",
        ] {
            let error = Expression::from_json(&json!(text)).unwrap_err();
            assert_eq!(error, ExpressionError::Reference(text.to_owned()));
        }
    }

    #[test]
    fn money_and_prose_are_literals() {
        for text in ["$5.00", "$ 5", "a $s1 b", "$", "costs $", "$s1 and"] {
            assert_eq!(
                read(json!(text)),
                Expression::Literal(text.into()),
                "{text}"
            );
        }
        assert_eq!(read(json!("$$s1")), Expression::Literal("$s1".into()));
    }

    #[test]
    fn templates_interpolate_and_say_what_is_wrong() {
        let Expression::Template(segments) = read(json!("On the sign: ${s2}, $$5")) else {
            unreachable!("it is a template")
        };
        assert_eq!(
            segments,
            [
                Segment::Text("On the sign: ".into()),
                Segment::Reference(Reference::to("s2")),
                Segment::Text(", $5".into()),
            ]
        );
        for text in ["${", "${}", "${a b}", "x ${s1"] {
            assert!(Expression::from_json(&json!(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_of_literals_are_literals_and_others_keep_their_references() {
        assert!(matches!(read(json!([1, 2])), Expression::Literal(_)));
        let mixed = read(json!({"a": ["$s1", 2], "b": null}));
        assert_eq!(mixed.references(), [&Reference::to("s1")]);
    }
}

//! The types of parameters and outputs, and which of them fit where.
//!
//! Types say what *can* fit before anything runs; [`conform`](crate::conform) does the same to values.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{Kind, Value, expression::Selector};

/// The type of a parameter or an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ValueType {
    /// Text inside a plan. A text artifact fits, and the other way round.
    String,
    /// A whole number.
    Integer {
        /// The least value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<i64>,
        /// The greatest value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<i64>,
    },
    /// A number; an integer fits.
    Number {
        /// The least value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum: Option<f64>,
        /// The greatest value allowed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        maximum: Option<f64>,
    },
    /// True or false.
    Boolean,
    /// One of a few words.
    Enum {
        /// The words.
        values: Vec<String>,
    },
    /// An artifact of this kind.
    Artifact {
        /// The kind.
        kind: Kind,
    },
    /// An upright rectangle in pixels; an item of regions fits.
    Box,
    /// Any number of items of one type.
    List {
        /// The type of the items.
        items: Box<ValueType>,
    },
    /// Named fields.
    Record {
        /// The fields, in the order in which they are documented.
        fields: Vec<Field>,
    },
    /// Any of several types.
    OneOf {
        /// The types.
        options: Vec<ValueType>,
    },
    /// Anything: what a tool from elsewhere takes or gives.
    Any,
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "of")]
    pub value_type: ValueType,
    /// Whether it may be absent.
    #[serde(default)]
    pub optional: bool,
}

impl ValueType {
    /// The type of one item of [`Regions`](crate::Regions).
    #[must_use]
    pub fn region() -> Self {
        let field = |name: &str, value_type, optional| Field {
            name: name.to_owned(),
            value_type,
            optional,
        };
        Self::Record {
            fields: vec![
                field("box", Self::Box, false),
                field("text", Self::String, true),
                field("label", Self::String, true),
                field("score", Self::number(), true),
                field("polygon", Self::list(Self::list(Self::number())), true),
                field("mask", Self::Any, true),
            ],
        }
    }

    /// Any number.
    #[must_use]
    pub const fn number() -> Self {
        Self::Number {
            minimum: None,
            maximum: None,
        }
    }

    /// Any whole number.
    #[must_use]
    pub const fn integer() -> Self {
        Self::Integer {
            minimum: None,
            maximum: None,
        }
    }

    /// A list of `items`.
    #[must_use]
    pub fn list(items: Self) -> Self {
        Self::List {
            items: Box::new(items),
        }
    }

    /// An artifact of `kind`.
    #[must_use]
    pub const fn artifact(kind: Kind) -> Self {
        Self::Artifact { kind }
    }

    /// The kinds of artifact that fit without conversion.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        match self {
            Self::Artifact { kind } => vec![*kind],
            Self::OneOf { options } => options.iter().flat_map(Self::kinds).collect(),
            Self::List { items } => items.kinds(),
            _ => Vec::new(),
        }
    }

    /// Whether some value of type `given` fits here, after the conversions that [`conform`](crate::conform) does.
    #[must_use]
    pub fn accepts(&self, given: &Self) -> bool {
        match (self, given) {
            (Self::Any, _) | (_, Self::Any) => true,
            (_, Self::OneOf { options }) => options.iter().any(|option| self.accepts(option)),
            (Self::OneOf { options }, _) => options.iter().any(|option| option.accepts(given)),
            (Self::String, _) => given.prints(),
            (Self::Enum { values }, Self::Enum { values: offered }) => {
                offered.iter().any(|value| values.contains(value))
            }
            (Self::Enum { .. }, Self::String)
            | (Self::Integer { .. }, Self::Integer { .. })
            | (Self::Number { .. }, Self::Integer { .. } | Self::Number { .. })
            | (Self::Boolean, Self::Boolean)
            | (Self::Box, Self::Box) => true,
            (Self::Artifact { kind: Kind::Text }, _) if given.prints() => true,
            (Self::Artifact { kind }, Self::Artifact { kind: offered }) => kind == offered,
            (Self::Box, Self::List { items }) => Self::number().accepts(items),
            (Self::Box, Self::Record { fields }) => {
                let has = |name: &str| fields.iter().any(|field| field.name == name);
                has("box") || (has("x") && has("y"))
            }
            (
                Self::List { items },
                Self::Artifact {
                    kind: Kind::Regions,
                },
            ) => items.accepts(&Self::region()),
            (Self::List { items }, Self::Artifact { kind: Kind::Table }) => {
                items.accepts(&Self::list(Self::String))
            }
            (Self::List { items }, Self::List { items: offered }) => items.accepts(offered),
            (Self::Record { fields }, Self::Record { fields: offered }) => {
                fields.iter().all(|field| {
                    offered
                        .iter()
                        .find(|candidate| candidate.name == field.name)
                        .map_or(field.optional, |candidate| {
                            field.value_type.accepts(&candidate.value_type)
                        })
                })
            }
            _ => false,
        }
    }

    /// Whether a value of this type can be written as text.
    fn prints(&self) -> bool {
        match self {
            Self::String
            | Self::Integer { .. }
            | Self::Number { .. }
            | Self::Boolean
            | Self::Enum { .. }
            | Self::Any
            | Self::Artifact { kind: Kind::Text } => true,
            Self::List { items } => items.prints(),
            Self::Record { fields } => fields
                .first()
                .is_some_and(|field| field.value_type.prints()),
            Self::OneOf { options } => options.iter().any(Self::prints),
            Self::Box | Self::Artifact { .. } => false,
        }
    }

    /// The type of what `selector` picks out of a value of this type, if it can pick anything.
    #[must_use]
    pub fn select(&self, selector: &Selector) -> Option<Self> {
        match (self, selector) {
            (Self::Any | Self::Artifact { kind: Kind::Json }, _) => Some(Self::Any),
            (Self::Artifact { kind: Kind::Table }, _) => Some(Self::list(Self::String)),
            (Self::List { items }, Selector::Index(_)) => Some((**items).clone()),
            (
                Self::Artifact {
                    kind: Kind::Regions,
                },
                Selector::Index(_),
            ) => Some(Self::region()),
            (
                Self::Artifact {
                    kind: Kind::Regions,
                },
                Selector::Field(name),
            ) => match name.as_str() {
                "width" | "height" => Some(Self::integer()),
                "items" => Some(Self::list(Self::region())),
                _ => None,
            },
            (Self::Record { fields }, Selector::Field(name)) => fields
                .iter()
                .find(|field| field.name == *name)
                .map(|field| field.value_type.clone()),
            (Self::OneOf { options }, _) => options.iter().find_map(|each| each.select(selector)),
            _ => None,
        }
    }

    /// The type of a value at hand.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::String(_) => Self::String,
            Value::Integer(_) => Self::integer(),
            Value::Number(_) => Self::number(),
            Value::Boolean(_) => Self::Boolean,
            Value::Artifact(artifact) => Self::artifact(artifact.kind),
            Value::List(items) => Self::list(items.first().map_or(Self::Any, Self::of)),
            Value::Record(record) => Self::Record {
                fields: record
                    .iter()
                    .map(|(name, value)| Field {
                        name: name.clone(),
                        value_type: Self::of(value),
                        optional: false,
                    })
                    .collect(),
            },
        }
    }

    /// This type as a JSON schema of the values that a planner may write.
    #[must_use]
    pub fn json_schema(&self) -> Json {
        let range = |name: &str, minimum: Option<Json>, maximum: Option<Json>| {
            let mut schema = serde_json::Map::new();
            schema.insert("type".into(), name.into());
            schema.extend(minimum.map(|least| ("minimum".to_owned(), least)));
            schema.extend(maximum.map(|most| ("maximum".to_owned(), most)));
            Json::Object(schema)
        };
        match self {
            Self::String => serde_json::json!({ "type": "string" }),
            Self::Integer { minimum, maximum } => {
                range("integer", minimum.map(Json::from), maximum.map(Json::from))
            }
            Self::Number { minimum, maximum } => {
                range("number", minimum.map(Json::from), maximum.map(Json::from))
            }
            Self::Boolean => serde_json::json!({ "type": "boolean" }),
            Self::Enum { values } => serde_json::json!({ "type": "string", "enum": values }),
            Self::Artifact { kind } => serde_json::json!({
                "type": "string", "pattern": "^\\$", "description": format!("a reference to {kind}")
            }),
            Self::Box => serde_json::json!({
                "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4,
                "description": "x, y, width and height in pixels"
            }),
            Self::List { items } => {
                serde_json::json!({ "type": "array", "items": items.json_schema() })
            }
            Self::Record { fields } => {
                let properties: serde_json::Map<_, _> = fields
                    .iter()
                    .map(|field| (field.name.clone(), field.value_type.json_schema()))
                    .collect();
                let required: Vec<_> = fields
                    .iter()
                    .filter(|field| !field.optional)
                    .map(|field| &field.name)
                    .collect();
                serde_json::json!({ "type": "object", "properties": properties, "required": required })
            }
            Self::OneOf { options } => {
                let options: Vec<_> = options.iter().map(Self::json_schema).collect();
                serde_json::json!({ "anyOf": options })
            }
            Self::Any => serde_json::json!({}),
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => formatter.write_str("string"),
            Self::Integer { minimum, maximum } => {
                formatter.write_str("integer")?;
                write_range(formatter, minimum.as_ref(), maximum.as_ref())
            }
            Self::Number { minimum, maximum } => {
                formatter.write_str("number")?;
                write_range(formatter, minimum.as_ref(), maximum.as_ref())
            }
            Self::Boolean => formatter.write_str("boolean"),
            Self::Enum { values } => formatter.write_str(&values.join("|")),
            Self::Artifact { kind } => kind.fmt(formatter),
            Self::Box => formatter.write_str("box"),
            Self::List { items } => write!(formatter, "list<{items}>"),
            Self::Record { fields } => {
                formatter.write_str("record{")?;
                for (index, field) in fields.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let mark = if field.optional { "?" } else { "" };
                    write!(
                        formatter,
                        "{comma}{}{mark}: {}",
                        field.name, field.value_type
                    )?;
                }
                formatter.write_str("}")
            }
            Self::OneOf { options } => {
                formatter.write_str("one_of<")?;
                for (index, option) in options.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{option}")?;
                }
                formatter.write_str(">")
            }
            Self::Any => formatter.write_str("any"),
        }
    }
}

fn write_range<T: fmt::Display>(
    formatter: &mut fmt::Formatter<'_>,
    minimum: Option<&T>,
    maximum: Option<&T>,
) -> fmt::Result {
    match (minimum, maximum) {
        (Some(least), Some(most)) => write!(formatter, " {least}..{most}"),
        (Some(least), None) => write!(formatter, " from {least}"),
        (None, Some(most)) => write!(formatter, " up to {most}"),
        (None, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_that_the_design_names_are_accepted() {
        let text = ValueType::artifact(Kind::Text);
        assert!(ValueType::String.accepts(&text));
        assert!(text.accepts(&ValueType::String));
        assert!(ValueType::String.accepts(&ValueType::list(ValueType::number())));
        assert!(ValueType::number().accepts(&ValueType::integer()));
        assert!(ValueType::Box.accepts(&ValueType::region()));
        assert!(
            ValueType::list(ValueType::Box).accepts(&ValueType::artifact(Kind::Regions)),
            "regions iterate as their items"
        );
    }

    #[test]
    fn any_other_mismatch_is_refused() {
        let image = ValueType::artifact(Kind::Image);
        assert!(!image.accepts(&ValueType::String));
        assert!(!ValueType::String.accepts(&image));
        assert!(!ValueType::integer().accepts(&ValueType::number()));
        assert!(!ValueType::integer().accepts(&ValueType::String));
        assert!(!image.accepts(&ValueType::artifact(Kind::Audio)));
    }

    #[test]
    fn an_item_of_regions_has_the_fields_of_a_region() {
        let regions = ValueType::artifact(Kind::Regions);
        let item = regions.select(&Selector::Index(0)).unwrap();
        assert_eq!(
            item.select(&Selector::Field("text".into())),
            Some(ValueType::String)
        );
        assert_eq!(item.select(&Selector::Field("colour".into())), None);
    }
}

//! Values that flow between steps, and their one JSON form.

use std::{collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value as Json;

use crate::Artifact;

/// Named values: the arguments of a call, or its outputs.
pub type Record = BTreeMap<String, Value>;

/// A value in a plan or between two steps. There is no null: what is absent is left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    String(String),
    /// A whole number.
    Integer(i64),
    /// A finite number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// Items in order.
    List(Vec<Value>),
    /// Named fields.
    Record(Record),
    /// Bytes in the store.
    Artifact(Box<Artifact>),
}

/// JSON that no value corresponds to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonValueError {
    /// Null stands where a value is wanted.
    #[error("null is not a value; leave the argument out instead")]
    Null,
    /// A number is beyond what a value can hold.
    #[error("the number {0} is out of range")]
    NumberOutOfRange(String),
    /// An object with the key `$artifact` is not an artifact.
    #[error("not an artifact: {0}")]
    Artifact(String),
}

impl Value {
    /// The JSON form, the same that [`Value::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::String(text) => Json::from(text.as_str()),
            Self::Integer(number) => Json::from(*number),
            Self::Number(number) => Json::from(*number),
            Self::Boolean(truth) => Json::from(*truth),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Record(record) => record
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
            Self::Artifact(artifact) => serde_json::to_value(artifact).unwrap_or(Json::Null),
        }
    }

    /// Reads a value from JSON; fields that are null are left out.
    ///
    /// # Errors
    /// When null stands alone or in a list, a number is out of range, or an artifact is malformed.
    pub fn from_json(json: Json) -> Result<Self, JsonValueError> {
        match json {
            Json::Null => Err(JsonValueError::Null),
            Json::Bool(truth) => Ok(Self::Boolean(truth)),
            Json::String(text) => Ok(Self::String(text)),
            Json::Number(number) => {
                let out_of_range = || JsonValueError::NumberOutOfRange(number.to_string());
                match (number.as_i64(), number.as_f64()) {
                    (Some(whole), _) => Ok(Self::Integer(whole)),
                    (None, Some(real)) if real.is_finite() && !number.is_u64() => {
                        Ok(Self::Number(real))
                    }
                    _ => Err(out_of_range()),
                }
            }
            Json::Array(items) => items
                .into_iter()
                .map(Self::from_json)
                .collect::<Result<_, _>>()
                .map(Self::List),
            Json::Object(fields) if fields.contains_key("$artifact") => {
                serde_json::from_value(Json::Object(fields))
                    .map(Self::Artifact)
                    .map_err(|error| JsonValueError::Artifact(error.to_string()))
            }
            Json::Object(fields) => fields
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| Ok((name, Self::from_json(value)?)))
                .collect::<Result<_, _>>()
                .map(Self::Record),
        }
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The artifact, if this is one.
    #[must_use]
    pub const fn as_artifact(&self) -> Option<&Artifact> {
        match self {
            Self::Artifact(artifact) => Some(artifact),
            _ => None,
        }
    }

    /// Every artifact in this value, in order.
    #[must_use]
    pub fn artifacts(&self) -> Vec<&Artifact> {
        match self {
            Self::Artifact(artifact) => vec![artifact],
            Self::List(items) => items.iter().flat_map(Self::artifacts).collect(),
            Self::Record(record) => record.values().flat_map(Self::artifacts).collect(),
            _ => Vec::new(),
        }
    }
}

/// How a value reads inside a sentence: numbers shortest, lists one item a line.
impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => formatter.write_str(text),
            Self::Integer(number) => number.fmt(formatter),
            Self::Number(number) => number.fmt(formatter),
            Self::Boolean(truth) => truth.fmt(formatter),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        formatter.write_str("\n")?;
                    }
                    item.fmt(formatter)?;
                }
                Ok(())
            }
            Self::Record(record) => match record.values().next() {
                Some(first) => first.fmt(formatter),
                None => Ok(()),
            },
            Self::Artifact(artifact) => write!(formatter, "[{}]", artifact.kind),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl From<Artifact> for Value {
    fn from(artifact: Artifact) -> Self {
        Self::Artifact(Box::new(artifact))
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => serializer.serialize_str(text),
            Self::Integer(whole) => serializer.serialize_i64(*whole),
            Self::Number(real) => serializer.serialize_f64(*real),
            Self::Boolean(truth) => serializer.serialize_bool(*truth),
            Self::List(items) => items.serialize(serializer),
            Self::Record(record) => record.serialize(serializer),
            Self::Artifact(artifact) => artifact.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(Json::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number", "boolean", "array", "object"] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_round_trips_and_keeps_integers_apart_from_numbers() {
        let json = json!({"a": 1, "b": 1.5, "c": ["x", true], "d": {"e": -3}});
        let value = Value::from_json(json.clone()).unwrap();
        assert_eq!(value.to_json(), json);
        let Value::Record(record) = value else {
            unreachable!("an object is a record")
        };
        assert_eq!(record["a"], Value::Integer(1));
        assert_eq!(record["b"], Value::Number(1.5));
    }

    #[test]
    fn null_and_huge_numbers_are_refused() {
        assert_eq!(Value::from_json(json!([null])), Err(JsonValueError::Null));
        assert!(Value::from_json(json!(u64::MAX)).is_err());
        assert_eq!(
            Value::from_json(json!({"a": null})),
            Ok(Value::Record(Record::new()))
        );
    }

    #[test]
    fn values_print_as_the_design_says() {
        assert_eq!(Value::Number(2.0).to_string(), "2");
        let list = Value::List(vec!["a".into(), Value::Integer(2)]);
        assert_eq!(list.to_string(), "a\n2");
    }
}

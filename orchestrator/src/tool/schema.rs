//! Reads parameters and outputs off the JSON schema of a struct.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value as Json};

use super::artifacts::KIND_KEYWORD;
use crate::{Field, Kind, Output, Parameter, Value, ValueType, regions::BOX_KEYWORD};

/// A struct's schema says something that a capability cannot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct SchemaError {
    /// The type or the field.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

/// One property of a struct.
struct Property {
    name: String,
    value_type: ValueType,
    required: bool,
    default: Option<Value>,
    description: String,
}

pub(super) fn parameters_of<T: JsonSchema>() -> Result<Vec<Parameter>, SchemaError> {
    let parameter = |property: Property| Parameter {
        name: property.name,
        value_type: property.value_type,
        required: property.required,
        default: property.default,
        description: property.description,
    };
    Ok(properties_of::<T>()?.into_iter().map(parameter).collect())
}

pub(super) fn outputs_of<T: JsonSchema>() -> Result<Vec<Output>, SchemaError> {
    let output = |property: Property| Output {
        name: property.name,
        value_type: property.value_type,
        optional: !property.required,
        description: property.description,
    };
    let outputs: Vec<_> = properties_of::<T>()?.into_iter().map(output).collect();
    if outputs.is_empty() {
        return Err(SchemaError {
            name: T::schema_name().into_owned(),
            problem: "an output struct needs at least one field".to_owned(),
        });
    }
    Ok(outputs)
}

fn properties_of<T: JsonSchema>() -> Result<Vec<Property>, SchemaError> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let name = T::schema_name();
    let object = schema.as_object().ok_or_else(|| SchemaError {
        name: name.to_string(),
        problem: "is not a struct".to_owned(),
    })?;
    properties(&name, object)
}

fn properties(name: &str, schema: &Map<String, Json>) -> Result<Vec<Property>, SchemaError> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    let Some(declared) = schema.get("properties").and_then(Json::as_object) else {
        return Ok(Vec::new());
    };
    declared
        .iter()
        .map(|(field, schema)| {
            let (value_type, nullable) = read_type(&format!("{name}.{field}"), schema)?;
            let default = schema.get("default").filter(|json| !json.is_null());
            Ok(Property {
                name: field.clone(),
                value_type,
                required: required.contains(&field.as_str()) && !nullable,
                default: default.and_then(|json| Value::from_json(json.clone()).ok()),
                description: text_of(schema, "description"),
            })
        })
        .collect()
}

/// The type that a schema describes, and whether null is allowed beside it.
fn read_type(name: &str, schema: &Json) -> Result<(ValueType, bool), SchemaError> {
    let Json::Object(object) = schema else {
        return Ok((ValueType::Any, false));
    };
    if let Some(kind) = object.get(KIND_KEYWORD).and_then(Json::as_str) {
        let kind = Kind::from_name(kind).ok_or_else(|| SchemaError {
            name: name.to_owned(),
            problem: format!("`{kind}` is no kind"),
        })?;
        return Ok((ValueType::artifact(kind), false));
    }
    if object.contains_key(BOX_KEYWORD) {
        return Ok((ValueType::Box, false));
    }
    if let Some(word) = object.get("const") {
        return Ok((enumeration(std::iter::once(word)), false));
    }
    if let Some(values) = object.get("enum").and_then(Json::as_array) {
        let nullable = values.iter().any(Json::is_null);
        return Ok((enumeration(values.iter()), nullable));
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(options) = object.get(keyword).and_then(Json::as_array) {
            return read_options(name, options);
        }
    }
    read_plain_type(name, object)
}

fn read_options(name: &str, options: &[Json]) -> Result<(ValueType, bool), SchemaError> {
    let is_null = |schema: &&Json| schema.get("type").is_some_and(|each| each == "null");
    let nullable = options.iter().any(|option| is_null(&option));
    let mut types = Vec::new();
    for option in options.iter().filter(|option| !is_null(option)) {
        types.push(read_type(name, option)?.0);
    }
    let value_type = match types.len() {
        1 => types.swap_remove(0),
        _ => merge_enumerations(types),
    };
    Ok((value_type, nullable))
}

/// An enum whose words are documented one by one comes as one option a word.
fn merge_enumerations(types: Vec<ValueType>) -> ValueType {
    let words: Option<Vec<&Vec<String>>> = types
        .iter()
        .map(|each| match each {
            ValueType::Enum { values } => Some(values),
            _ => None,
        })
        .collect();
    match words {
        Some(words) => ValueType::Enum {
            values: words.into_iter().flatten().cloned().collect(),
        },
        None => ValueType::OneOf { options: types },
    }
}

fn read_plain_type(
    name: &str,
    object: &Map<String, Json>,
) -> Result<(ValueType, bool), SchemaError> {
    let names: Vec<&str> = match object.get("type") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => return Ok((ValueType::Any, false)),
    };
    let nullable = names.contains(&"null");
    let plain: Vec<&str> = names.into_iter().filter(|each| *each != "null").collect();
    let value_type = match plain.as_slice() {
        ["string"] => ValueType::String,
        ["boolean"] => ValueType::Boolean,
        ["integer"] => ValueType::Integer {
            minimum: object.get("minimum").and_then(Json::as_i64),
            maximum: object.get("maximum").and_then(Json::as_i64),
        },
        ["number"] => ValueType::Number {
            minimum: object.get("minimum").and_then(Json::as_f64),
            maximum: object.get("maximum").and_then(Json::as_f64),
        },
        ["array"] => {
            let items = object.get("items").unwrap_or(&Json::Bool(true));
            ValueType::list(read_type(name, items)?.0)
        }
        ["object"] => {
            let field = |property: Property| Field {
                name: property.name,
                value_type: property.value_type,
                optional: !property.required,
            };
            let fields: Vec<_> = properties(name, object)?.into_iter().map(field).collect();
            if fields.is_empty() {
                ValueType::Any
            } else {
                ValueType::Record { fields }
            }
        }
        _ => ValueType::Any,
    };
    Ok((value_type, nullable))
}

fn enumeration<'a>(values: impl Iterator<Item = &'a Json>) -> ValueType {
    ValueType::Enum {
        values: values.filter_map(Json::as_str).map(str::to_owned).collect(),
    }
}

/// Doc comments are wrapped at the source's width, which means nothing to a reader.
fn text_of(schema: &Json, keyword: &str) -> String {
    let text = schema.get(keyword).and_then(Json::as_str).unwrap_or("");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{BoundingBox, ImageArtifact};

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        /// Keeps the shape.
        Fit,
        Fill,
    }

    fn two() -> f64 {
        2.0
    }

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is read")]
    struct Input {
        /// The picture to
        /// change.
        image: ImageArtifact,
        /// Width in pixels.
        #[schemars(range(min = 1, max = 100))]
        width: Option<u32>,
        #[serde(default = "two")]
        factor: f64,
        mode: Option<Mode>,
        region: Option<BoundingBox>,
        words: Vec<String>,
    }

    #[test]
    fn a_struct_becomes_parameters() {
        let parameters = parameters_of::<Input>().unwrap();
        let names: Vec<_> = parameters.iter().map(|each| each.name.as_str()).collect();
        assert_eq!(
            names,
            ["image", "width", "factor", "mode", "region", "words"]
        );
        let shown: Vec<_> = parameters
            .iter()
            .map(|each| each.value_type.to_string())
            .collect();
        assert_eq!(
            shown,
            [
                "image",
                "integer 1..100",
                "number",
                "fill|fit",
                "box",
                "list<string>"
            ]
        );
        let required: Vec<_> = parameters.iter().map(|each| each.required).collect();
        assert_eq!(required, [true, false, false, false, false, true]);
        assert_eq!(parameters[0].description, "The picture to change.");
        assert_eq!(parameters[2].default, Some(Value::Number(2.0)));
    }

    #[test]
    fn outputs_keep_their_order_and_need_a_field() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is read")]
        struct Found {
            text: String,
            count: i64,
            note: Option<String>,
        }
        #[derive(JsonSchema)]
        struct Nothing {}
        let outputs = outputs_of::<Found>().unwrap();
        assert_eq!(outputs[0].name, "text");
        assert_eq!(outputs[1].name, "count");
        assert!(outputs[2].optional && !outputs[1].optional);
        assert!(outputs_of::<Nothing>().is_err());
    }
}

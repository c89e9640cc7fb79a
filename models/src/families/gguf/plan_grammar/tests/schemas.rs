//! Replies that are held to a schema are values of it.

use serde_json::{Value as Json, json};

use super::*;

#[test]
fn random_models_write_values_of_a_schema() {
    let schema = json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "maxLength": 12 },
            "count": { "type": "integer", "minimum": 1, "maximum": 40 },
            "kind": { "enum": ["one", "two"] },
            "items": { "type": "array", "items": { "type": "boolean" }, "maxItems": 3 }
        },
        "required": ["name", "count", "kind"],
        "additionalProperties": false
    });
    let validator = jsonschema::validator_for(&schema).unwrap();
    let vocabulary = vocabulary();
    for seed in 0..50 {
        let mut constraint = SchemaConstraint::new(&vocabulary, &schema).unwrap();
        let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, 10_000);
        let value: Json = serde_json::from_str(&reply.unwrap()).unwrap();
        assert!(validator.is_valid(&value), "{value}");
    }
}

#[test]
fn any_object_is_an_object() {
    let vocabulary = vocabulary();
    for seed in 0..5 {
        let mut constraint = SchemaConstraint::any_object(&vocabulary).unwrap();
        let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, 1_000_000);
        let reply = reply.unwrap();
        // JSON has numbers of any size, which `Json` has not.
        let read = serde_json::from_str::<serde::de::IgnoredAny>(&reply);
        assert!(read.is_ok() && reply.starts_with('{'), "{read:?}: {reply}");
    }
}

#[test]
fn a_schema_that_cannot_be_followed_is_refused() {
    let vocabulary = vocabulary();
    for schema in [json!(true), json!({ "type": "colour" })] {
        let error = SchemaConstraint::new(&vocabulary, &schema).err();
        assert!(matches!(error, Some(GrammarError::Schema(_))), "{error:?}");
    }
}

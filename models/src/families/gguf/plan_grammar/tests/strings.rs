//! What the model makes up stays within its bounds, and is read as it is meant.

use medley_orchestrator::{Expression, Field, Output, Parameter, Value, check};

use super::*;

/// A tool that takes one value.
fn tool(value_type: ValueType) -> Capability {
    Capability {
        name: "take".to_owned(),
        version: 1,
        purpose: "Takes a value.".to_owned(),
        phrases: Vec::new(),
        parameters: vec![Parameter {
            name: "value".to_owned(),
            value_type,
            required: true,
            default: None,
            description: String::new(),
        }],
        outputs: vec![Output {
            name: "done".to_owned(),
            value_type: ValueType::Boolean,
            optional: false,
            description: String::new(),
        }],
        visibility: medley_orchestrator::Visibility::Shown,
    }
}

/// What random models write for a value where nothing can be referred to.
fn literals(value_type: &ValueType, max_string: usize) -> Vec<serde_json::Value> {
    let shape = PlanShape {
        capabilities: vec![tool(value_type.clone())],
        inputs: Vec::new(),
        earlier: Vec::new(),
        may_be_done: false,
        max_steps: 1,
        max_string,
    };
    let vocabulary = vocabulary();
    let write = |seed| {
        let mut constraint = PlanConstraint::new(&vocabulary, &shape).unwrap();
        let reply = RandomModel::new(seed).write(&mut constraint, &vocabulary, 10_000);
        read(&reply.unwrap())
            .steps
            .swap_remove(0)
            .args
            .remove("value")
            .unwrap()
    };
    (0..40).map(write).collect()
}

fn is_literal(json: &serde_json::Value, wanted: &ValueType) -> bool {
    match Expression::from_json(json) {
        Ok(Expression::Literal(value)) => check(&value, wanted).is_ok(),
        _ => false,
    }
}

#[test]
fn strings_are_bounded_and_refer_to_nothing() {
    for max_string in [0, 1, 5, 30] {
        let written = literals(&ValueType::String, max_string);
        for json in &written {
            let Ok(Expression::Literal(Value::String(text))) = Expression::from_json(json) else {
                unreachable!("{json} is no literal")
            };
            assert!(text.chars().count() <= max_string, "{json}");
        }
        let dollars = written.iter().filter(|json| json.to_string().contains('$'));
        assert_eq!(dollars.count() > 0, max_string >= 5, "money can be written");
    }
}

#[test]
fn numbers_are_within_their_bounds() {
    let whole = |minimum, maximum| ValueType::Integer { minimum, maximum };
    let real = |minimum, maximum| ValueType::Number { minimum, maximum };
    let types = [
        whole(Some(1), Some(65_535)),
        whole(Some(-120), Some(-7)),
        whole(Some(-3), Some(12)),
        whole(Some(999), Some(1_001)),
        whole(Some(i64::MAX - 3), None),
        whole(None, Some(i64::MIN)),
        whole(None, None),
        real(Some(0.5), Some(3.0)),
        real(Some(0.001), Some(100.0)),
        real(Some(-0.25), Some(-0.125)),
        real(Some(0.07), Some(0.07)),
        real(Some(0.000_1), Some(0.000_2)),
        real(Some(1e300), None),
        real(None, None),
    ];
    for value_type in types {
        for json in literals(&value_type, 10) {
            assert!(is_literal(&json, &value_type), "{json} as {value_type}");
        }
    }
}

#[test]
fn structures_are_what_they_should_be() {
    let field = |name: &str, value_type, optional| Field {
        name: name.to_owned(),
        value_type,
        optional,
    };
    let record = ValueType::Record {
        fields: vec![
            field("box", ValueType::Box, false),
            field("a \"label\"", ValueType::String, true),
        ],
    };
    let words = ["plain", "$dear", "${s1}", "quo\"te", "caf\u{e9}"].map(str::to_owned);
    let types = [
        ValueType::Box,
        ValueType::Boolean,
        ValueType::region(),
        ValueType::list(record),
        ValueType::list(ValueType::list(ValueType::integer())),
        ValueType::Enum {
            values: words.to_vec(),
        },
        ValueType::OneOf {
            options: vec![ValueType::artifact(Kind::Image), ValueType::integer()],
        },
        ValueType::Any,
    ];
    for value_type in types {
        for json in literals(&value_type, 10) {
            assert!(is_literal(&json, &value_type), "{json} as {value_type}");
        }
    }
}

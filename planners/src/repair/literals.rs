//! Literals that mean the right value in the wrong type: "3" for 3, "TRUE" for true, "French" for french.

use medley_orchestrator::{Expression, Value, ValueType, check};
use serde_json::Value as Json;

use super::{RepairCode, bench::Bench, words::fold};

/// Writes literals as the types of their parameters, where they mean a value of it.
pub(super) fn coerce(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        let Some(capability) = bench.capability(place) else {
            continue;
        };
        for parameter in &capability.parameters {
            let Some(json) = bench.step(place).args.get(&parameter.name) else {
                continue;
            };
            let is_literal = matches!(Expression::from_json(json), Ok(Expression::Literal(_)));
            if !is_literal || bench.fits(place, json, &parameter.value_type) {
                continue;
            }
            let Some(meant) = meant(json, &parameter.value_type) else {
                continue;
            };
            let message = format!("`{}` is {meant}, not {json}", parameter.name);
            bench.draft.steps[place]
                .args
                .insert(parameter.name.clone(), meant);
            bench.record(RepairCode::CoercedLiteral, place, message);
        }
    }
}

/// The value of type `wanted` that a literal means.
fn meant(json: &Json, wanted: &ValueType) -> Option<Json> {
    let meant = match wanted {
        ValueType::OneOf { options } => {
            return options.iter().find_map(|each| self::meant(json, each));
        }
        ValueType::Integer { .. } => Json::from(whole_number(json)?),
        ValueType::Number { .. } => Json::from(json.as_str()?.trim().parse::<f64>().ok()?),
        ValueType::Boolean => match json.as_str()?.trim().to_lowercase().as_str() {
            "true" | "yes" => Json::Bool(true),
            "false" | "no" => Json::Bool(false),
            _ => return None,
        },
        ValueType::Enum { values } => {
            let text = fold(json.as_str()?);
            let mut alike = values.iter().filter(|value| fold(value) == text);
            match (alike.next(), alike.next()) {
                (Some(only), None) => Json::from(only.as_str()),
                _ => return None,
            }
        }
        ValueType::List { items } if !json.is_array() => {
            let fits = Value::from_json(json.clone()).ok()?;
            match check(&fits, items) {
                Ok(()) => Json::Array(vec![json.clone()]),
                Err(_) => Json::Array(vec![self::meant(json, items)?]),
            }
        }
        _ => return None,
    };
    let value = Value::from_json(meant.clone()).ok()?;
    check(&value, wanted).is_ok().then_some(meant)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number without fraction below 2^53 is a whole one"
)]
fn whole_number(json: &Json) -> Option<i64> {
    let number = match json {
        Json::String(text) => match text.trim().parse() {
            Ok(whole) => return Some(whole),
            Err(_) => text.trim().parse::<f64>().ok()?,
        },
        other => other.as_f64()?,
    };
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

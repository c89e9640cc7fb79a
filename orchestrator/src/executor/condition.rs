//! Judges the conditions of steps.

use std::cmp::Ordering;

use super::evaluate::Values;
use crate::{
    ArtifactStore, Comparison, Condition, ConformError, Expression, Kind, Value, ValueType,
    conform::{conform, print},
};

/// Whether a condition holds; what is absent counts as empty and is equal to nothing.
pub(super) async fn holds(
    condition: &Condition,
    values: &Values,
    store: &dyn ArtifactStore,
) -> Result<bool, ConformError> {
    let value = present(&condition.value, values, store).await?;
    let operand = match &condition.operand {
        Some(expression) => present(expression, values, store).await?,
        None => None,
    };
    Ok(match (condition.comparison, value, operand) {
        (Comparison::Empty, value, _) => is_empty(value.as_ref()),
        (Comparison::NotEmpty, value, _) => !is_empty(value.as_ref()),
        (Comparison::Ne, Some(value), Some(operand)) => {
            compare(&value, &operand) != Ordering::Equal
        }
        (Comparison::Ne, _, _) => true,
        (_, None, _) | (_, _, None) => false,
        (Comparison::Eq, Some(value), Some(operand)) => {
            compare(&value, &operand) == Ordering::Equal
        }
        (Comparison::Lt, Some(value), Some(operand)) => compare(&value, &operand) == Ordering::Less,
        (Comparison::Le, Some(value), Some(operand)) => {
            compare(&value, &operand) != Ordering::Greater
        }
        (Comparison::Gt, Some(value), Some(operand)) => {
            compare(&value, &operand) == Ordering::Greater
        }
        (Comparison::Ge, Some(value), Some(operand)) => compare(&value, &operand) != Ordering::Less,
        (Comparison::Contains, Some(value), Some(operand)) => contains(&value, &operand),
    })
}

/// The value, as plain as it gets: text artifacts as strings, regions as lists.
async fn present(
    expression: &Expression,
    values: &Values,
    store: &dyn ArtifactStore,
) -> Result<Option<Value>, ConformError> {
    let value = match values.evaluate(expression, store).await {
        Ok(value) => value,
        Err(ConformError::Absent(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let plain = match &value {
        Value::Artifact(artifact) if artifact.kind == Kind::Text => {
            Value::String(print(&value, store).await?)
        }
        Value::Artifact(artifact) if artifact.kind == Kind::Regions => {
            conform(value, &ValueType::list(ValueType::Any), store).await?
        }
        _ => value,
    };
    Ok(Some(plain))
}

fn is_empty(value: Option<&Value>) -> bool {
    match value {
        None => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(Value::List(items)) => items.is_empty(),
        Some(Value::Record(fields)) => fields.is_empty(),
        Some(_) => false,
    }
}

/// Numbers by size where both are numbers, or text that reads as one; anything else as text.
fn compare(one: &Value, other: &Value) -> Ordering {
    match (number(one), number(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        _ => one.to_string().cmp(&other.to_string()),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a comparison beyond 2^53 may be inexact"
        )]
        Value::Integer(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn contains(value: &Value, operand: &Value) -> bool {
    match value {
        Value::List(items) => items.iter().any(|item| match item {
            Value::Record(fields) => fields
                .get("text")
                .is_some_and(|text| contains(text, operand)),
            item => compare(item, operand) == Ordering::Equal,
        }),
        value => {
            let text = value.to_string().to_lowercase();
            text.contains(&operand.to_string().to_lowercase())
        }
    }
}

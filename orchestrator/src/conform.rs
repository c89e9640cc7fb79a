//! Makes a value fit a type, or says why it does not.
//!
//! The conversions are few: a string and a text artifact into each other, numbers, lists and records into text,
//! regions into their items. Everything else is a mismatch. [`check`] judges literals before anything runs;
//! [`conform`] does it to values, reading and writing the store where a conversion needs it.

use crate::{
    Artifact, ArtifactStore, BoundingBox, Facts, Field, Kind, Record, Regions, Selector,
    StoreError, Value, ValueType, table_column, table_rows,
};

/// The most text that moves between a string and an artifact, in bytes.
pub const TEXT_LIMIT: usize = 1 << 20;

/// Why a value does not fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConformError {
    /// The value is of another type.
    #[error("expected {wanted}, got {given}")]
    Mismatch {
        /// The type that is wanted.
        wanted: String,
        /// What is there instead.
        given: String,
    },
    /// A number is outside its range.
    #[error("{given} is not in {wanted}")]
    OutOfRange {
        /// The type that is wanted, with its range.
        wanted: String,
        /// The number.
        given: String,
    },
    /// A text artifact cannot become a string.
    #[error("the text is {0}")]
    Text(&'static str),
    /// Nothing is where a selector points.
    #[error("there is no {0}")]
    Selector(String),
    /// A step gave no value for an optional output.
    #[error("{0} is absent")]
    Absent(String),
    /// A structured artifact is malformed.
    #[error("the {kind} cannot be read")]
    Malformed {
        /// The artifact's kind.
        kind: Kind,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Judges whether a value that stands in a plan fits, without touching a store.
///
/// # Errors
/// [`ConformError::Mismatch`] or [`ConformError::OutOfRange`].
pub fn check(value: &Value, wanted: &ValueType) -> Result<(), ConformError> {
    match (wanted, value) {
        (
            ValueType::String
            | ValueType::Artifact {
                kind: Kind::Text, ..
            },
            _,
        ) if wanted.accepts(&ValueType::of(value)) => Ok(()),
        (ValueType::List { items }, Value::List(values)) => {
            values.iter().try_for_each(|value| check(value, items))
        }
        (ValueType::List { .. }, Value::Artifact(artifact))
            if matches!(artifact.kind, Kind::Regions | Kind::Table) =>
        {
            Ok(())
        }
        (ValueType::Record { fields }, Value::Record(record)) => {
            fields
                .iter()
                .try_for_each(|field| match record.get(&field.name) {
                    Some(value) => check(value, &field.value_type),
                    None if field.optional => Ok(()),
                    None => Err(mismatch(value, wanted)),
                })
        }
        (ValueType::OneOf { options }, _) => {
            if options.iter().any(|option| check(value, option).is_ok()) {
                Ok(())
            } else {
                Err(mismatch(value, wanted))
            }
        }
        _ => convert_plain(value.clone(), wanted).map(drop),
    }
}

/// Makes a value fit.
///
/// # Errors
/// As [`check`], and when the store fails or holds something malformed.
pub async fn conform(
    value: Value,
    wanted: &ValueType,
    store: &dyn ArtifactStore,
) -> Result<Value, ConformError> {
    match (wanted, value) {
        (ValueType::String, value) => print(&value, store).await.map(Value::String),
        (ValueType::Artifact { kind: Kind::Text }, value) => match value {
            Value::Artifact(artifact) if artifact.kind == Kind::Text => {
                Ok(Value::Artifact(artifact))
            }
            other => text_artifact(&other, store).await,
        },
        (ValueType::List { items }, value) => {
            let values = match value {
                Value::List(values) => values,
                Value::Artifact(artifact) if artifact.kind == Kind::Regions => {
                    region_items(&artifact, store).await?
                }
                Value::Artifact(artifact) if artifact.kind == Kind::Table => {
                    let rows = read_rows(&artifact, store).await?;
                    rows.into_iter().map(row).collect()
                }
                other => return Err(mismatch(&other, wanted)),
            };
            let mut conformed = Vec::with_capacity(values.len());
            for value in values {
                conformed.push(Box::pin(conform(value, items, store)).await?);
            }
            Ok(Value::List(conformed))
        }
        (ValueType::Record { fields }, Value::Record(record)) => {
            conform_fields(record, fields, wanted, store).await
        }
        (ValueType::OneOf { options }, value) => {
            // What needs no conversion comes first: a string stays a string where both fit.
            let exact = |option: &&ValueType| convert_plain(value.clone(), option).is_ok();
            let fitting = |option: &&ValueType| check(&value, option).is_ok();
            let chosen = options
                .iter()
                .find(exact)
                .or_else(|| options.iter().find(fitting))
                .ok_or_else(|| mismatch(&value, wanted))?;
            Box::pin(conform(value, chosen, store)).await
        }
        (_, value) => convert_plain(value, wanted),
    }
}

async fn conform_fields(
    mut record: Record,
    fields: &[Field],
    wanted: &ValueType,
    store: &dyn ArtifactStore,
) -> Result<Value, ConformError> {
    for field in fields {
        match record.remove(&field.name) {
            Some(value) => {
                let value = Box::pin(conform(value, &field.value_type, store)).await?;
                record.insert(field.name.clone(), value);
            }
            None if field.optional => {}
            None => return Err(mismatch(&Value::Record(record), wanted)),
        }
    }
    Ok(Value::Record(record))
}

/// The cases that need no store.
fn convert_plain(value: Value, wanted: &ValueType) -> Result<Value, ConformError> {
    let out_of_range = |given: &dyn std::fmt::Display| ConformError::OutOfRange {
        wanted: wanted.to_string(),
        given: given.to_string(),
    };
    match (wanted, value) {
        (ValueType::Any, value) => Ok(value),
        (ValueType::String, Value::String(text)) => Ok(Value::String(text)),
        (ValueType::Boolean, Value::Boolean(truth)) => Ok(Value::Boolean(truth)),
        (ValueType::Integer { minimum, maximum }, value) => {
            let whole = whole_number(&value).ok_or_else(|| mismatch(&value, wanted))?;
            if minimum.is_some_and(|least| whole < least)
                || maximum.is_some_and(|most| whole > most)
            {
                return Err(out_of_range(&whole));
            }
            Ok(Value::Integer(whole))
        }
        (ValueType::Number { minimum, maximum }, value) => {
            let real = match &value {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "a whole number stands for a number"
                )]
                Value::Integer(whole) => *whole as f64,
                Value::Number(real) => *real,
                _ => return Err(mismatch(&value, wanted)),
            };
            if minimum.is_some_and(|least| real < least) || maximum.is_some_and(|most| real > most)
            {
                return Err(out_of_range(&real));
            }
            Ok(value)
        }
        (ValueType::Enum { values }, Value::String(word)) => {
            if values.contains(&word) {
                Ok(Value::String(word))
            } else {
                Err(mismatch(&Value::String(word), wanted))
            }
        }
        (ValueType::Artifact { kind }, Value::Artifact(artifact)) if artifact.kind == *kind => {
            Ok(Value::Artifact(artifact))
        }
        (ValueType::Box, value) => serde_json::from_value::<BoundingBox>(value.to_json())
            .ok()
            .and_then(|bounds| serde_json::to_value(bounds).ok())
            .and_then(|json| Value::from_json(json).ok())
            .ok_or_else(|| mismatch(&value, wanted)),
        (_, value) => Err(mismatch(&value, wanted)),
    }
}

/// `300.0` is how some models write 300.
fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(whole) => Some(*whole),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and small"
        )]
        Value::Number(real) if real.fract() == 0.0 && real.abs() < 9e15 => Some(*real as i64),
        _ => None,
    }
}

fn mismatch(value: &Value, wanted: &ValueType) -> ConformError {
    let given = match value {
        Value::String(text) if text.chars().count() <= 40 => format!("\"{text}\""),
        Value::Integer(_) | Value::Number(_) | Value::Boolean(_) => value.to_string(),
        _ => ValueType::of(value).to_string(),
    };
    ConformError::Mismatch {
        wanted: wanted.to_string(),
        given,
    }
}

/// A value as text: what stands in a sentence, with text artifacts read.
///
/// # Errors
/// When the value, or a part of it, has no text.
pub async fn print(value: &Value, store: &dyn ArtifactStore) -> Result<String, ConformError> {
    match value {
        Value::Artifact(artifact) if artifact.kind == Kind::Text => {
            read_text(artifact, store).await
        }
        Value::Artifact(_) => Err(mismatch(value, &ValueType::String)),
        Value::List(items) => {
            let mut lines = Vec::with_capacity(items.len());
            for item in items {
                lines.push(Box::pin(print(item, store)).await?);
            }
            Ok(lines.join("\n"))
        }
        Value::Record(record) => match record.get("text").or_else(|| record.values().next()) {
            Some(primary) => Box::pin(print(primary, store)).await,
            None => Ok(String::new()),
        },
        other => Ok(other.to_string()),
    }
}

async fn read_text(artifact: &Artifact, store: &dyn ArtifactStore) -> Result<String, ConformError> {
    if artifact.facts.bytes > TEXT_LIMIT as u64 {
        return Err(ConformError::Text(
            "longer than 1 MiB, too long for a plan to carry",
        ));
    }
    String::from_utf8(store.read(&artifact.id).await?).map_err(|_| ConformError::Text("not UTF-8"))
}

async fn text_artifact(value: &Value, store: &dyn ArtifactStore) -> Result<Value, ConformError> {
    let text = print(value, store).await?;
    if text.len() > TEXT_LIMIT {
        return Err(ConformError::Text(
            "longer than 1 MiB, too long for a plan to carry",
        ));
    }
    let artifact = store
        .write(
            Kind::Text,
            "text/plain",
            Facts::default(),
            text.into_bytes(),
        )
        .await?;
    Ok(artifact.into())
}

async fn region_items(
    artifact: &Artifact,
    store: &dyn ArtifactStore,
) -> Result<Vec<Value>, ConformError> {
    let content = store.read(&artifact.id).await?;
    let malformed = |source| ConformError::Malformed {
        kind: Kind::Regions,
        source,
    };
    let regions: Regions = serde_json::from_slice(&content).map_err(malformed)?;
    regions
        .items
        .iter()
        .map(|item| {
            let json = serde_json::to_value(item).map_err(malformed)?;
            Value::from_json(json)
                .map_err(|error| malformed(serde::de::Error::custom(error.to_string())))
        })
        .collect()
}

/// A row of a table as the list of its cells.
fn row(cells: Vec<String>) -> Value {
    Value::List(cells.into_iter().map(Value::String).collect())
}

async fn read_rows(
    artifact: &Artifact,
    store: &dyn ArtifactStore,
) -> Result<Vec<Vec<String>>, ConformError> {
    let content = store.read(&artifact.id).await?;
    table_rows(&content, &artifact.mime).map_err(|error| ConformError::Malformed {
        kind: artifact.kind,
        source: serde::de::Error::custom(error.to_string()),
    })
}

/// What `selector` picks out of `value`, reading structured artifacts from the store. Of a table that is a row by its
/// index, and the cells below a heading by its name.
///
/// # Errors
/// [`ConformError::Selector`] when nothing is there.
pub async fn select(
    value: &Value,
    selector: &Selector,
    store: &dyn ArtifactStore,
) -> Result<Value, ConformError> {
    let missing = || {
        ConformError::Selector(match selector {
            Selector::Field(name) => format!("`{name}` in {}", ValueType::of(value)),
            Selector::Index(index) => format!("item {index} in {}", ValueType::of(value)),
        })
    };
    match (value, selector) {
        (Value::Record(record), Selector::Field(name)) => record.get(name).cloned(),
        (Value::List(items), Selector::Index(index)) => items.get(*index).cloned(),
        (Value::Artifact(artifact), Selector::Index(index)) if artifact.kind == Kind::Regions => {
            region_items(artifact, store).await?.into_iter().nth(*index)
        }
        (Value::Artifact(artifact), _) if matches!(artifact.kind, Kind::Regions | Kind::Json) => {
            let content = store.read(&artifact.id).await?;
            let json: serde_json::Value =
                serde_json::from_slice(&content).map_err(|source| ConformError::Malformed {
                    kind: artifact.kind,
                    source,
                })?;
            let picked = match selector {
                Selector::Field(name) => json.get(name),
                Selector::Index(index) => json.get(index),
            };
            picked.and_then(|json| Value::from_json(json.clone()).ok())
        }
        (Value::Artifact(artifact), _) if artifact.kind == Kind::Table => {
            let rows = read_rows(artifact, store).await?;
            let (count, headings) = (rows.len(), rows.first().cloned().unwrap_or_default());
            let picked = match selector {
                Selector::Field(name) => table_column(&rows, name),
                Selector::Index(index) => rows.into_iter().nth(*index).map(row),
            };
            let missing = || match selector {
                Selector::Field(name) => {
                    format!(
                        "`{name}` among the headings of the table: {}",
                        headings.join(", ")
                    )
                }
                Selector::Index(index) => format!("row {index} in the table, which has {count}"),
            };
            return picked.ok_or_else(|| ConformError::Selector(missing()));
        }
        _ => None,
    }
    .ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DiskStore, Region};

    fn store() -> (tempfile::TempDir, DiskStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::new(folder.path());
        (folder, store)
    }

    #[tokio::test]
    async fn a_string_and_a_text_artifact_become_each_other() {
        let (_folder, store) = store();
        let text = ValueType::artifact(Kind::Text);
        let artifact = conform("héllo".into(), &text, &store).await.unwrap();
        assert!(matches!(&artifact, Value::Artifact(found) if found.kind == Kind::Text));
        let back = conform(artifact, &ValueType::String, &store).await.unwrap();
        assert_eq!(back, "héllo".into());
    }

    #[tokio::test]
    async fn regions_iterate_as_their_items_and_an_item_is_a_box() {
        let (_folder, store) = store();
        let regions = Regions {
            width: 10,
            height: 10,
            items: vec![Region {
                bounds: [1.0, 2.0, 3.0, 4.0],
                text: Some("hi".into()),
                ..Region::default()
            }],
        };
        let content = serde_json::to_vec(&regions).unwrap();
        let artifact = store
            .write(Kind::Regions, Regions::MIME, Facts::default(), content)
            .await
            .unwrap();
        let value = Value::from(artifact);
        let boxes = ValueType::list(ValueType::Box);
        let Value::List(items) = conform(value.clone(), &boxes, &store).await.unwrap() else {
            unreachable!("a list was asked for")
        };
        assert_eq!(items[0].to_json(), serde_json::json!([1.0, 2.0, 3.0, 4.0]));
        let item = select(&value, &Selector::Index(0), &store).await.unwrap();
        let text = select(&item, &Selector::Field("text".into()), &store)
            .await
            .unwrap();
        assert_eq!(text, "hi".into());
        let beyond = select(&value, &Selector::Index(1), &store).await;
        assert!(matches!(beyond, Err(ConformError::Selector(_))));
    }

    #[tokio::test]
    async fn of_a_table_rows_and_columns_are_picked() {
        let (_folder, store) = store();
        let content = b"item,price\ntea,2.50\nmilk,1.10\n".to_vec();
        let table = store.write(Kind::Table, "text/csv", Facts::default(), content);
        let table = Value::from(table.await.unwrap());
        let wanted = ValueType::of(&table);
        for (selector, picked) in [
            (Selector::Index(2), ["milk", "1.10"]),
            (Selector::Field("price".into()), ["2.50", "1.10"]),
        ] {
            let found = select(&table, &selector, &store).await.unwrap();
            assert_eq!(found, Value::List(picked.map(Value::from).to_vec()));
            let declared = wanted.select(&selector).unwrap();
            assert!(check(&found, &declared).is_ok(), "{declared}");
        }
        for selector in [Selector::Index(3), Selector::Field("colour".into())] {
            let missing = select(&table, &selector, &store).await;
            assert!(matches!(missing, Err(ConformError::Selector(_))));
        }
    }

    #[test]
    fn literals_are_judged_by_type_and_range() {
        let percent = ValueType::Integer {
            minimum: Some(1),
            maximum: Some(100),
        };
        assert!(check(&Value::Integer(100), &percent).is_ok());
        assert!(check(&Value::Number(50.0), &percent).is_ok());
        let error = check(&Value::Integer(101), &percent).unwrap_err();
        assert_eq!(error.to_string(), "101 is not in integer 1..100");
        let error = check(&"wide".into(), &percent).unwrap_err();
        assert_eq!(error.to_string(), "expected integer 1..100, got \"wide\"");
        assert!(check(&Value::Number(1.5), &percent).is_err());
        assert!(check(&Value::Integer(3), &ValueType::String).is_ok());
        let image = ValueType::artifact(Kind::Image);
        assert!(check(&"photo.jpg".into(), &image).is_err());
    }
}

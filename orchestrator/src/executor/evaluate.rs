//! Turns arguments into values once the steps that they refer to are done.

use std::{collections::HashMap, sync::Arc};

use crate::{
    ArtifactStore, ConformError, Expression, ForEach, Known, Record, Reference, Scope, Segment,
    Selector, Step, StepError, Value, ValueType,
    conform::{conform, print, select},
};

/// Every value that arguments may refer to by now.
#[derive(Debug, Default)]
pub(super) struct KnownValues {
    by_name: HashMap<Arc<str>, Arc<Value>>,
}

/// The values that one call refers to, shared with whoever else does.
#[derive(Debug, Clone)]
pub(super) struct Values {
    /// In the order of their names.
    by_name: Vec<(Arc<str>, Arc<Value>)>,
}

impl KnownValues {
    pub(super) fn of_scope(scope: &Scope) -> Self {
        let by_name = scope
            .names()
            .filter_map(|name| {
                let value = match scope.get(name)? {
                    Known::Value(value) => value.clone(),
                    Known::Step { values, .. } => Value::Record(values.clone()),
                };
                Some((name.into(), Arc::new(value)))
            })
            .collect();
        Self { by_name }
    }

    pub(super) fn insert_step(&mut self, id: &str, outputs: Record) {
        self.by_name
            .insert(id.into(), Arc::new(Value::Record(outputs)));
    }

    /// What is known of what these refer to, ready to move into a task.
    pub(super) fn of(&self, references: &[&Reference]) -> Values {
        let known = references.iter().filter_map(|reference| {
            let (name, value) = self.by_name.get_key_value(&*reference.root)?;
            Some((Arc::clone(name), Arc::clone(value)))
        });
        Values::new(known.collect())
    }
}

impl Values {
    fn new(mut by_name: Vec<(Arc<str>, Arc<Value>)>) -> Self {
        by_name.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        by_name.dedup_by(|one, other| one.0 == other.0);
        Self { by_name }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let found = self.by_name.binary_search_by(|known| (*known.0).cmp(name));
        Some(&self.by_name[found.ok()?].1)
    }

    /// The same values for the call for one item of a list.
    pub(super) fn with_item(mut self, item: Value, index: usize) -> Self {
        let index = i64::try_from(index).unwrap_or(i64::MAX);
        let named = [(ForEach::ITEM, item), (ForEach::INDEX, index.into())];
        self.by_name
            .extend(named.map(|(name, value)| (name.into(), Arc::new(value))));
        Self::new(self.by_name)
    }

    /// The list that a step goes over.
    pub(super) async fn list(
        &self,
        list: &Expression,
        store: &dyn ArtifactStore,
    ) -> Result<Vec<Value>, StepError> {
        let wanted = ValueType::list(ValueType::Any);
        let given = match self.evaluate(list, store).await {
            Ok(value) => conform(value, &wanted, store).await,
            Err(ConformError::Absent(_)) => return Ok(Vec::new()),
            Err(error) => Err(error),
        };
        match given {
            Ok(Value::List(items)) => Ok(items),
            Ok(other) => Ok(vec![other]),
            Err(error) => Err(argument_error("for_each", &error)),
        }
    }

    /// A step's arguments, each conforming to its parameter.
    ///
    /// An optional argument that refers to an output which is absent is itself absent.
    pub(super) async fn arguments(
        &self,
        step: &Step,
        store: &dyn ArtifactStore,
    ) -> Result<Record, StepError> {
        let mut record = Record::new();
        for (name, argument) in &step.arguments {
            let value = self.evaluate(&argument.expression, store).await;
            let conformed = match value {
                Ok(value) => conform(value, &argument.value_type, store).await,
                Err(error) => Err(error),
            };
            match conformed {
                Ok(value) => {
                    record.insert(name.clone(), value);
                }
                Err(ConformError::Absent(_)) if !argument.required => {}
                Err(error) => return Err(argument_error(name, &error)),
            }
        }
        Ok(record)
    }

    /// The value of an expression.
    pub(super) async fn evaluate(
        &self,
        expression: &Expression,
        store: &dyn ArtifactStore,
    ) -> Result<Value, ConformError> {
        match expression {
            Expression::Literal(value) => Ok(value.clone()),
            Expression::Reference(reference) => self.look_up(reference, store).await,
            Expression::Template(segments) => {
                let mut text = String::new();
                for segment in segments {
                    match segment {
                        Segment::Text(literal) => text.push_str(literal),
                        Segment::Reference(reference) => {
                            let value = self.look_up(reference, store).await?;
                            text.push_str(&print(&value, store).await?);
                        }
                    }
                }
                Ok(Value::String(text))
            }
            Expression::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    values.push(Box::pin(self.evaluate(item, store)).await?);
                }
                Ok(Value::List(values))
            }
            Expression::Record(fields) => {
                let mut record = Record::new();
                for (name, field) in fields {
                    let value = Box::pin(self.evaluate(field, store)).await?;
                    record.insert(name.clone(), value);
                }
                Ok(Value::Record(record))
            }
        }
    }

    async fn look_up(
        &self,
        reference: &Reference,
        store: &dyn ArtifactStore,
    ) -> Result<Value, ConformError> {
        let root = self
            .get(&reference.root)
            .ok_or_else(|| ConformError::Selector(format!("value for {reference}")))?;
        let (mut value, selectors) = match (root, reference.selectors.split_first()) {
            (Value::Record(outputs), Some((Selector::Field(output), rest))) => {
                let output = outputs.get(output);
                let absent = || ConformError::Absent(reference.to_string());
                (output.cloned().ok_or_else(absent)?, rest)
            }
            _ => (root.clone(), &*reference.selectors),
        };
        for selector in selectors {
            value = select(&value, selector, store).await?;
        }
        Ok(value)
    }
}

/// Why an argument cannot be had.
pub(super) fn argument_error(name: &str, error: &ConformError) -> StepError {
    let (code, hint, artifact) = match error {
        ConformError::Store(store) => (store.code(), store.hint(), store.artifact()),
        _ => ("bad_argument", None, None),
    };
    StepError {
        artifact: artifact.map(Box::new),
        ..StepError::new(code, format!("`{name}`: {error}"), hint.as_deref())
    }
}

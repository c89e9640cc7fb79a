//! Turns arguments into values once the steps that they refer to are done.

use std::{collections::HashMap, sync::Arc};

use crate::{
    Argument, ArtifactStore, ConformError, Expression, Known, Record, Reference, Scope, Segment,
    Selector, Step, StepError, Value,
    conform::{conform, print, select},
};

/// Every value that arguments may refer to by now.
pub(super) struct Values {
    /// Shared with the tasks that started: a step sees the values there were when it became ready.
    known: HashMap<String, Arc<Value>>,
}

impl Values {
    pub(super) fn of_scope(scope: &Scope) -> Self {
        let known = scope
            .names()
            .filter_map(|name| {
                let value = match scope.get(name)? {
                    Known::Value(value) => value.clone(),
                    Known::Step { values, .. } => Value::Record(values.clone()),
                };
                Some((name.to_owned(), Arc::new(value)))
            })
            .collect();
        Self { known }
    }

    pub(super) fn insert_step(&mut self, id: &str, outputs: Record) {
        self.known
            .insert(id.to_owned(), Arc::new(Value::Record(outputs)));
    }

    /// A step's arguments with all that they refer to, ready to move into a task.
    pub(super) fn arguments_of(&self, step: &Step) -> PendingArguments {
        let mut known = HashMap::new();
        for argument in step.arguments.values() {
            for reference in argument.expression.references() {
                if let Some(value) = self.known.get(&reference.root) {
                    known.insert(reference.root.clone(), Arc::clone(value));
                }
            }
        }
        PendingArguments {
            arguments: step
                .arguments
                .iter()
                .map(|(name, argument)| (name.clone(), argument.clone()))
                .collect(),
            values: Self { known },
        }
    }

    /// The value of an expression, if all that it refers to is there.
    pub(super) async fn evaluate(
        &self,
        expression: &Expression,
        store: &dyn ArtifactStore,
    ) -> Option<Value> {
        self.try_evaluate(expression, store).await.ok()
    }

    async fn try_evaluate(
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
                    values.push(Box::pin(self.try_evaluate(item, store)).await?);
                }
                Ok(Value::List(values))
            }
            Expression::Record(fields) => {
                let mut record = Record::new();
                for (name, field) in fields {
                    let value = Box::pin(self.try_evaluate(field, store)).await?;
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
            .known
            .get(&reference.root)
            .ok_or_else(|| ConformError::Selector(format!("value for {reference}")))?;
        if let (Value::Record(outputs), Some(Selector::Field(output))) =
            (&**root, reference.selectors.first())
            && !outputs.contains_key(output)
        {
            return Err(ConformError::Absent(reference.to_string()));
        }
        let mut value = Value::clone(root);
        for selector in &reference.selectors {
            value = select(&value, selector, store).await?;
        }
        Ok(value)
    }
}

/// Arguments on their way to a call.
pub(super) struct PendingArguments {
    arguments: Vec<(String, Argument)>,
    values: Values,
}

impl PendingArguments {
    /// The values, each conforming to its parameter.
    ///
    /// An optional argument that refers to an output which is absent is itself absent.
    pub(super) async fn conform(&self, store: &dyn ArtifactStore) -> Result<Record, StepError> {
        let mut record = Record::new();
        for (name, argument) in &self.arguments {
            let value = self.values.try_evaluate(&argument.expression, store).await;
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
}

fn argument_error(name: &str, error: &ConformError) -> StepError {
    let (code, hint) = match error {
        ConformError::Store(store) => (store.code(), store.hint()),
        _ => ("bad_argument", None),
    };
    StepError::new(code, format!("`{name}`: {error}"), hint.as_deref())
}

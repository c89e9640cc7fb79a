//! Handles: what a call of a tool gives at once, and what stands for a file.
//!
//! Passing a handle on makes an edge of the graph; reading it waits.

use std::sync::Arc;

use medley_orchestrator::{
    Attachment, Kind, Record, Reference, Selector, Value, ValueType, print, select, table_column,
};
use rhai::{Array, Dynamic, serde::to_dynamic};
use serde_json::Value as Json;

use super::{
    failure::{Evaluated, Failure, misuse},
    run::{Made, Rows, Run},
    values,
};

/// What stands for a value that a step gives, for a part of one, or for a file.
#[derive(Clone)]
pub(crate) struct Handle {
    run: Arc<Run>,
    root: Root,
    path: Vec<Selector>,
    /// What it stands for, once that was read.
    value: Option<Arc<Value>>,
}

#[derive(Clone)]
enum Root {
    Step(Arc<Made>),
    /// A file, by its name in plans and by its own.
    File {
        reference: Arc<str>,
        name: Arc<str>,
    },
}

impl Handle {
    pub(crate) fn of_step(run: &Arc<Run>, made: Arc<Made>) -> Self {
        Self {
            run: Arc::clone(run),
            root: Root::Step(made),
            path: Vec::new(),
            value: None,
        }
    }

    /// A file that came with the request, by how plans refer to it.
    pub(crate) fn of_file(run: &Arc<Run>, reference: &str, file: &Attachment) -> Self {
        let value = Value::from(file.artifact.clone());
        Self {
            run: Arc::clone(run),
            root: Root::File {
                reference: reference.into(),
                name: file.name.as_str().into(),
            },
            path: Vec::new(),
            value: Some(Arc::new(value)),
        }
    }

    /// The same, one step further in, where that was read.
    pub(crate) fn part(&self, selector: Selector, value: Value) -> Self {
        let mut path = self.path.clone();
        path.push(selector);
        Self {
            run: Arc::clone(&self.run),
            root: self.root.clone(),
            path,
            value: Some(Arc::new(value)),
        }
    }

    /// How plans refer to it.
    pub(crate) fn reference(&self) -> Json {
        let root = match &self.root {
            Root::Step(made) => made.id.clone(),
            Root::File { reference, .. } => reference.to_string(),
        };
        let selectors = self.path.clone();
        Json::String(Reference { root, selectors }.to_string())
    }

    /// Whether two handles stand for the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self.value.as_deref(), other.value.as_deref()) {
            (Some(one), Some(other)) => one == other,
            _ => self.reference() == other.reference(),
        }
    }

    /// The step that it comes from.
    pub(crate) fn step(&self) -> Option<&Arc<Made>> {
        match &self.root {
            Root::Step(made) => Some(made),
            Root::File { .. } => None,
        }
    }

    /// Whether it may fit where `wanted` is expected, as far as that is known without waiting.
    pub(crate) fn may_fit(&self, wanted: &ValueType) -> bool {
        match (&self.value, &self.root) {
            (Some(value), _) => wanted.accepts(&ValueType::of(value)),
            (None, Root::Step(made)) => made.capability.output_for(wanted).is_some(),
            (None, Root::File { .. }) => true,
        }
    }

    /// What it is, in a few words.
    pub(crate) fn told(&self) -> String {
        match (&self.value, &self.root) {
            (Some(value), _) => ValueType::of(value).to_string(),
            (None, Root::Step(made)) => {
                let outputs = made.capability.outputs.iter();
                let outputs: Vec<String> = outputs
                    .map(|output| format!("{} ({})", output.name, output.value_type))
                    .collect();
                format!(
                    "the result of {}: {}",
                    made.capability.name,
                    outputs.join(", ")
                )
            }
            (None, Root::File { name, .. }) => name.to_string(),
        }
    }

    /// Waits; gives what it stands for: words and numbers as they are, files and what is kept in them as handles.
    pub(crate) fn read(&self) -> Evaluated<Dynamic> {
        if self.value.is_some() {
            return self.dynamic();
        }
        let Root::Step(made) = &self.root else {
            return Ok(Dynamic::UNIT);
        };
        let Some(primary) = made.capability.outputs.first() else {
            self.run.wait(made)?;
            return Ok(Dynamic::UNIT);
        };
        self.output(made, &primary.name)
    }

    /// What it stands for as the script's own values all through, where that is possible: found places become an array
    /// of maps, a table an array of rows, JSON what it says.
    pub(crate) fn plain(&self) -> Evaluated<Dynamic> {
        let read = self.read()?;
        match read.read_lock::<Self>().map(|handle| handle.clone()) {
            Some(handle) => handle.opened(),
            None => Ok(read),
        }
    }

    /// A named output, a field, or a fact of a file.
    pub(crate) fn field(&self, name: &str) -> Evaluated<Dynamic> {
        if let (None, Root::Step(made)) = (&self.value, &self.root) {
            if made.capability.output(name).is_some() {
                return self.output(made, name);
            }
            let read = self.read()?;
            if let Some(handle) = read.read_lock::<Self>().map(|handle| handle.clone()) {
                return handle.field(name);
            }
            let field = read
                .as_map_ref()
                .ok()
                .and_then(|map| map.get(name).cloned());
            return field.ok_or_else(|| self.no_field(name));
        }
        if let Some(rows) = self.table()?
            && let Some(column) = table_column(&rows, name)
        {
            let selector = Selector::Field(name.to_owned());
            return values::to_script(&column, &self.part(selector, column.clone()));
        }
        if let ("name", Root::File { name, .. }, []) = (name, &self.root, &*self.path) {
            return Ok(name.to_string().into());
        }
        let Some(Value::Artifact(artifact)) = self.value.as_deref() else {
            return Err(self.no_field(name));
        };
        let selector = Selector::Field(name.to_owned());
        if is_structured(artifact.kind)
            && let Ok(value) = self.select(&selector)
        {
            return values::to_script(&value, &self.part(selector, value.clone()));
        }
        let artifact = serde_json::to_value(&**artifact).unwrap_or_default();
        let facts = artifact.get("facts").and_then(|facts| facts.get(name));
        match facts.or_else(|| artifact.get(name)) {
            Some(fact) if name != "id" => to_dynamic(fact),
            _ => Err(self.no_field(name)),
        }
    }

    /// An item.
    pub(crate) fn item(&self, index: i64) -> Evaluated<Dynamic> {
        let none = || misuse(format!("there is no item {index} in {}", self.told()));
        if let Some(rows) = self.table()? {
            let row = place(index, rows.len()).and_then(|place| rows.get(place));
            return to_dynamic(row.ok_or_else(none)?);
        }
        let plain = self.plain()?;
        if let Ok(items) = plain.as_array_ref() {
            let item = place(index, items.len()).and_then(|place| items.get(place));
            return item.cloned().ok_or_else(none);
        }
        if let Ok(text) = plain.as_immutable_string_ref() {
            let place = usize::try_from(index).map_err(|_| none())?;
            return text.chars().nth(place).map(Dynamic::from).ok_or_else(none);
        }
        Err(misuse(format!("{} has no items", self.told())))
    }

    /// The rows, where it stands for a table.
    fn table(&self) -> Evaluated<Option<Arc<Rows>>> {
        let read = match &self.value {
            Some(_) => None,
            None => Some(self.read()?),
        };
        let handle = read.as_ref().and_then(|read| read.read_lock::<Self>());
        let value = handle.as_ref().map_or(&self.value, |handle| &handle.value);
        match value.as_deref() {
            Some(Value::Artifact(artifact)) if artifact.kind == Kind::Table => {
                self.run.rows(artifact).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The items.
    pub(crate) fn items(&self) -> Evaluated<Array> {
        let plain = self.plain()?;
        plain
            .into_array()
            .map_err(|_| misuse(format!("{} has no items to go over", self.told())))
    }

    /// What it says as text.
    pub(crate) fn text(&self) -> Evaluated<String> {
        let read = self.read()?;
        let Some(handle) = read.read_lock::<Self>().map(|handle| handle.clone()) else {
            return values::text_of(&read);
        };
        match handle.value.as_deref() {
            Some(Value::Artifact(artifact)) => Ok(format!("[{}]", artifact.kind)),
            Some(value) => handle.words(value),
            None => Ok(String::new()),
        }
    }

    fn output(&self, made: &Arc<Made>, name: &str) -> Evaluated<Dynamic> {
        let report = self.run.wait(made)?;
        match report.outputs.get(name) {
            None => Ok(Dynamic::UNIT),
            Some(value) => values::to_script(
                value,
                &self.part(Selector::Field(name.to_owned()), value.clone()),
            ),
        }
    }

    fn dynamic(&self) -> Evaluated<Dynamic> {
        match self.value.as_deref() {
            Some(value) => values::to_script(value, self),
            None => Ok(Dynamic::UNIT),
        }
    }

    /// The content of what is kept in a file, where scripts have values for it.
    fn opened(&self) -> Evaluated<Dynamic> {
        let Some(Value::Artifact(artifact)) = self.value.as_deref() else {
            return self.dynamic();
        };
        let bytes = || {
            let read = self.run.runtime.block_on(self.run.store.read(&artifact.id));
            read.map_err(|error| misuse(error.to_string()))
        };
        let json = |bytes: &[u8]| serde_json::from_slice::<Json>(bytes).ok();
        match artifact.kind {
            Kind::Regions => {
                let items =
                    json(&bytes()?).and_then(|mut json| Some(json.get_mut("items")?.take()));
                to_dynamic(items.unwrap_or_default())
            }
            Kind::Table => to_dynamic(&*self.run.rows(artifact)?),
            Kind::Json => {
                let bytes = bytes()?;
                match json(&bytes) {
                    Some(json) => to_dynamic(json),
                    None => Ok(String::from_utf8_lossy(&bytes).into_owned().into()),
                }
            }
            _ => Ok(Dynamic::from(self.clone())),
        }
    }

    fn select(&self, selector: &Selector) -> Evaluated<Value> {
        let value = self
            .value
            .as_deref()
            .cloned()
            .unwrap_or_else(|| Value::Record(Record::new()));
        self.run
            .runtime
            .block_on(select(&value, selector, &*self.run.store))
            .map_err(|error| misuse(error.to_string()))
    }

    fn no_field(&self, name: &str) -> Box<rhai::EvalAltResult> {
        let message = format!("there is no `{name}` in {}", self.told());
        Failure::new("no_such_field", message, None).into()
    }

    /// The text of a text file, for values that scripts have words for.
    pub(crate) fn words(&self, value: &Value) -> Evaluated<String> {
        self.run
            .runtime
            .block_on(print(value, &*self.run.store))
            .map_err(|error| misuse(error.to_string()))
    }
}

/// Where an item is that is counted from the end if its number is negative.
fn place(index: i64, count: usize) -> Option<usize> {
    let from_end = || count.checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
    usize::try_from(index).ok().or_else(from_end)
}

const fn is_structured(kind: Kind) -> bool {
    matches!(kind, Kind::Regions | Kind::Json | Kind::Table)
}

impl IntoIterator for Handle {
    type Item = Evaluated<Dynamic>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        let items = match self.items() {
            Ok(items) => items.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        items.into_iter()
    }
}

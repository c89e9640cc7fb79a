//! A GGUF file's header: what it says of itself, and where its tensors are.

use std::{fs::File, io::BufReader, path::Path};

use candle_core::{
    Device,
    quantized::{
        QTensor,
        gguf_file::{Content, Value},
    },
};

use super::error::Problem;

/// An open file with its header read.
pub(super) struct Metadata {
    content: Content,
    file: BufReader<File>,
}

impl Metadata {
    pub(super) fn open(path: &Path) -> Result<Self, Problem> {
        let mut file = BufReader::new(File::open(path)?);
        let content =
            Content::read(&mut file).map_err(|error| Problem::NotGguf(error.to_string()))?;
        Ok(Self { content, file })
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.content.metadata.get(key)? {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number of any width.
    pub(super) fn number(&self, key: &str) -> Option<usize> {
        integer(self.content.metadata.get(key)?)
    }

    pub(super) fn required_number(&self, key: &str) -> Result<usize, Problem> {
        self.number(key)
            .ok_or_else(|| Problem::Missing(key.to_owned()))
    }

    pub(super) fn float(&self, key: &str) -> Option<f32> {
        match self.content.metadata.get(key)? {
            Value::F32(value) => Some(*value),
            #[expect(clippy::cast_possible_truncation, reason = "settings need few digits")]
            Value::F64(value) => Some(*value as f32),
            _ => None,
        }
    }

    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        match self.content.metadata.get(key)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn texts(&self, key: &str) -> Option<Vec<&str>> {
        self.list(key, |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(super) fn numbers(&self, key: &str) -> Option<Vec<usize>> {
        self.list(key, integer)
    }

    pub(super) fn floats(&self, key: &str) -> Option<Vec<f32>> {
        self.list(key, |value| match value {
            Value::F32(value) => Some(*value),
            _ => None,
        })
    }

    fn list<'a, T>(&'a self, key: &str, of: impl Fn(&'a Value) -> Option<T>) -> Option<Vec<T>> {
        match self.content.metadata.get(key)? {
            Value::Array(values) => values.iter().map(of).collect(),
            _ => None,
        }
    }

    pub(super) fn has_tensor(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// Rows and columns of a tensor, outermost first.
    pub(super) fn dimensions(&self, name: &str) -> Option<&[usize]> {
        Some(self.content.tensor_infos.get(name)?.shape.dims())
    }

    /// Reads a tensor as it is stored.
    pub(super) fn tensor(&mut self, name: &str) -> Result<QTensor, Problem> {
        if !self.has_tensor(name) {
            return Err(Problem::NotGguf(format!("it has no tensor '{name}'")));
        }
        self.content
            .tensor(&mut self.file, name, &Device::Cpu)
            .map_err(|error| Problem::NotGguf(format!("tensor '{name}': {error}")))
    }
}

fn integer(value: &Value) -> Option<usize> {
    let number = match value {
        Value::U8(number) => u64::from(*number),
        Value::U16(number) => u64::from(*number),
        Value::U32(number) => u64::from(*number),
        Value::U64(number) => *number,
        Value::I8(number) => u64::try_from(*number).ok()?,
        Value::I16(number) => u64::try_from(*number).ok()?,
        Value::I32(number) => u64::try_from(*number).ok()?,
        Value::I64(number) => u64::try_from(*number).ok()?,
        _ => return None,
    };
    usize::try_from(number).ok()
}

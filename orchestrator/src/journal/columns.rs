//! How our types lie in columns. What cannot be read back makes the journal a damaged one.

use std::collections::BTreeMap;

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use serde::de::IntoDeserializer;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Artifact, Digest, Record, Value};

/// A value as JSON text.
pub(super) struct Json<T>(pub T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        serde_json::to_string(&self.0)
            .map(ToSqlOutput::from)
            .map_err(|failure| rusqlite::Error::ToSqlConversionFailure(Box::new(failure)))
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?)
            .map(Self)
            .map_err(FromSqlError::other)
    }
}

/// A word of a closed set as plain text.
pub(super) struct Word<T>(pub T);

impl<T: Serialize> ToSql for Word<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            _ => Err(rusqlite::Error::ToSqlConversionFailure(
                "not a word of a closed set".into(),
            )),
        }
    }
}

impl<T: DeserializeOwned> FromSql for Word<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
            value.as_str()?.into_deserializer();
        T::deserialize(word).map(Self).map_err(FromSqlError::other)
    }
}

/// A digest as its 32 bytes.
pub(super) struct Bytes(pub Digest);

impl ToSql for Bytes {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Bytes {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes: [u8; 32] = value.as_blob()?.try_into().map_err(FromSqlError::other)?;
        Ok(Self(Digest::from(blake3::Hash::from(bytes))))
    }
}

/// Values as JSON, one a line.
pub(super) struct JsonLines<T>(pub Vec<T>);

impl<T: DeserializeOwned> FromSql for JsonLines<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let lines = value.as_str()?.lines().map(serde_json::from_str);
        let values = lines.collect::<Result<_, _>>();
        values.map(Self).map_err(FromSqlError::other)
    }
}

/// Text that is known to be UTF-8.
pub(super) struct Text<'a>(pub &'a [u8]);

impl ToSql for Text<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// A count; SQLite knows signed numbers only.
pub(super) struct Count(pub u64);

impl ToSql for Count {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::try_from(self.0).unwrap_or(i64::MAX).into())
    }
}

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        u64::try_from(number)
            .map(Self)
            .map_err(|_| FromSqlError::OutOfRange(number))
    }
}

/// Which artifacts a row refers to, with their sizes; none is null.
#[derive(Clone, Default)]
pub(super) struct Artifacts(pub BTreeMap<Digest, u64>);

impl Artifacts {
    /// Adds those of a step's outputs.
    pub(super) fn add(&mut self, outputs: &Record) {
        self.extend(outputs.values().flat_map(Value::artifacts));
    }
}

impl<'a> Extend<&'a Artifact> for Artifacts {
    fn extend<I: IntoIterator<Item = &'a Artifact>>(&mut self, artifacts: I) {
        let sized = artifacts
            .into_iter()
            .map(|artifact| (artifact.id, artifact.facts.bytes));
        self.0.extend(sized);
    }
}

impl ToSql for Artifacts {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        if self.0.is_empty() {
            return Ok(rusqlite::types::Null.into());
        }
        let packed = self.0.iter().flat_map(|(digest, bytes)| {
            digest.as_bytes().iter().copied().chain(bytes.to_be_bytes())
        });
        Ok(packed.collect::<Vec<u8>>().into())
    }
}

impl FromSql for Artifacts {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let packed = value.as_blob_or_null()?.unwrap_or_default();
        let (entries, []) = packed.as_chunks::<40>() else {
            let blob_size = packed.len();
            let expected_size = blob_size.next_multiple_of(40);
            return Err(FromSqlError::InvalidBlobSize {
                expected_size,
                blob_size,
            });
        };
        let unpack = |entry: &[u8; 40]| {
            let (digest, bytes) = entry.split_first_chunk::<32>()?;
            let digest = Digest::from(blake3::Hash::from(*digest));
            Some((digest, u64::from_be_bytes(bytes.try_into().ok()?)))
        };
        Ok(Self(entries.iter().filter_map(unpack).collect()))
    }
}

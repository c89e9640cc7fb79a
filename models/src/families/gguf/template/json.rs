//! JSON as Python's `json.dumps(..., ensure_ascii=False)` writes it, which models were trained on.

use std::io::{self, Write};

use minijinja::Value;
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// The value in one line, or in lines indented by so many spaces.
pub(super) fn to_json(value: &Value, indent: Option<usize>) -> Result<String, serde_json::Error> {
    let mut written = Vec::new();
    match indent {
        Some(indent) => {
            let indent = vec![b' '; indent];
            let formatter = PrettyFormatter::with_indent(&indent);
            value.serialize(&mut Serializer::with_formatter(&mut written, formatter))?;
        }
        None => value.serialize(&mut Serializer::with_formatter(&mut written, OneLine))?,
    }
    Ok(String::from_utf8_lossy(&written).into_owned())
}

/// With a space behind each comma and colon.
struct OneLine;

impl Formatter for OneLine {
    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

fn separate<W: ?Sized + Write>(out: &mut W, first: bool) -> io::Result<()> {
    if first { Ok(()) } else { out.write_all(b", ") }
}

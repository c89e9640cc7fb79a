//! Reads the comment at the top of a script.
//!
//! ```text
//! //! Reads pages out loud.
//! //!
//! //! @input image...: the pages, in order
//! //! @arg language: string = "en": the language that they are in
//! //! @arg times: integer?: how often
//! //! @needs image_captioning
//! ```

use medley_orchestrator::{Kind, Parameter, ValueType};

use super::{InputNote, Manifest, value_of};
use crate::error::ScriptError;

impl Manifest {
    /// Reads the comment at the top of a script; one without it says nothing of itself.
    ///
    /// # Errors
    /// What is wrong with a line of it.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self, (usize, ScriptError)> {
        let mut manifest = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        let lines = text.lines().enumerate();
        let header = lines.map_while(|(index, line)| {
            let line = line.trim();
            let said = line.strip_prefix("//!").map(str::trim);
            said.or_else(|| line.is_empty().then_some(""))
                .map(|said| (index + 1, said))
        });
        for (line, said) in header {
            match said.strip_prefix('@') {
                Some(tag) => manifest.take(tag).map_err(|error| (line, error))?,
                None if manifest.purpose.is_empty() => said.clone_into(&mut manifest.purpose),
                None => {}
            }
        }
        Ok(manifest)
    }

    /// Reads what a script says of itself, whether or not it can run.
    ///
    /// # Errors
    /// What is wrong with the comment at its top.
    pub fn of_text(name: &str, text: &str) -> Result<Self, ScriptError> {
        Self::read(name, text).map_err(|(_, error)| error)
    }

    fn take(&mut self, tag: &str) -> Result<(), ScriptError> {
        let (word, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
        match word {
            "input" => self.inputs.push(input(rest)?),
            "arg" => self.parameters.push(parameter(rest)?),
            "needs" => self
                .calls
                .extend(rest.split_whitespace().map(str::to_owned)),
            _ => {
                return Err(malformed(format!("`@{word}` is not known"))
                    .with_hint("there are @input, @arg and @needs"));
            }
        }
        Ok(())
    }
}

fn malformed(message: impl Into<String>) -> ScriptError {
    ScriptError::new("malformed_header", message)
}

/// `image...: the pages`.
fn input(text: &str) -> Result<InputNote, ScriptError> {
    let (kind, description) = text.split_once(':').unwrap_or((text, ""));
    let kind = kind.trim();
    let (kind, many) = match kind.strip_suffix("...") {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let kind = match kind {
        "any" => None,
        _ => Some(Kind::from_name(kind).ok_or_else(|| {
            let kinds: Vec<String> = Kind::ALL.iter().map(ToString::to_string).collect();
            malformed(format!("`{kind}` is no kind of file"))
                .with_hint(format!("write {} or any", kinds.join(", ")))
        })?),
    };
    Ok(InputNote {
        kind,
        many,
        description: description.trim().to_owned(),
    })
}

/// `name: type = default: description`; a type with `?` may be left out.
fn parameter(text: &str) -> Result<Parameter, ScriptError> {
    let form = || {
        malformed(format!("`@arg {text}` cannot be read"))
            .with_hint(r#"write it as `@arg name: string = "default": what it means`"#)
    };
    let (name, rest) = text.split_once(':').ok_or_else(form)?;
    let (declared, description) = split_description(rest);
    let (kind, default) = match declared.split_once('=') {
        Some((kind, default)) => (kind.trim(), Some(default.trim())),
        None => (declared.trim(), None),
    };
    let (kind, optional) = match kind.strip_suffix('?') {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let value_type = type_of(kind).ok_or_else(form)?;
    let default = match default {
        Some(text) => Some(value_of(text.trim_matches('"'), &value_type).map_err(malformed)?),
        None => None,
    };
    Ok(Parameter {
        name: name.trim().to_owned(),
        required: default.is_none() && !optional,
        value_type,
        default,
        description: description.to_owned(),
    })
}

/// Parts at the first colon outside of quotes.
fn split_description(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let colon = text.char_indices().find(|&(_, character)| {
        quoted ^= character == '"';
        character == ':' && !quoted
    });
    match colon {
        Some((at, _)) => (text[..at].trim(), text[at + 1..].trim()),
        None => (text.trim(), ""),
    }
}

fn type_of(name: &str) -> Option<ValueType> {
    Some(match name {
        "string" => ValueType::String,
        "integer" => ValueType::Integer {
            minimum: None,
            maximum: None,
        },
        "number" => ValueType::Number {
            minimum: None,
            maximum: None,
        },
        "boolean" => ValueType::Boolean,
        words if words.contains('|') => ValueType::Enum {
            values: words
                .split('|')
                .map(|word| word.trim().to_owned())
                .collect(),
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_cannot_be_read_says_where() {
        for (text, line) in [
            ("//! x\n//! @agr a: string", 2),
            ("//! @input pictures", 1),
            ("//! @arg a", 1),
            ("//! @arg a: integer = many", 1),
        ] {
            assert_eq!(Manifest::read("a", text).unwrap_err().0, line, "{text}");
        }
    }
}

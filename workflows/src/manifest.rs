//! What a script says of itself in the comment at its top.

mod header;

use medley_orchestrator::{Kind, Parameter, Record, Registry, Request, Value, ValueType, check};
use serde::{Deserialize, Serialize};

use crate::error::ScriptError;

/// What a workflow says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The workflow's name in snake case.
    pub name: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// The arguments that it takes besides files.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// The files that it works on, in order.
    #[serde(default)]
    pub inputs: Vec<InputNote>,
    /// The capabilities that it calls.
    #[serde(default)]
    pub calls: Vec<String>,
}

/// What a workflow says of a file, or of files, that it works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InputNote {
    /// The kind of the file; any, where it does not say.
    pub kind: Option<Kind>,
    /// Whether there may be more than one of them.
    pub many: bool,
    /// What it is.
    pub description: String,
}

impl Manifest {
    /// The capabilities that the workflow calls and that nothing here can provide.
    #[must_use]
    pub fn missing<'a>(&'a self, registry: &Registry) -> Vec<&'a str> {
        let can_run = |name: &str| {
            registry
                .get(name)
                .is_some_and(|entry| entry.usable_provider().is_some())
        };
        self.calls
            .iter()
            .map(String::as_str)
            .filter(|name| !can_run(name))
            .collect()
    }

    /// The arguments with their defaults, from what was given as text or as values.
    ///
    /// # Errors
    /// Every argument that is unknown, missing or does not fit.
    pub fn arguments(&self, given: &[(String, String)]) -> Result<Record, Vec<ScriptError>> {
        let mut errors = Vec::new();
        let mut arguments = Record::new();
        for (name, text) in given {
            let Some(parameter) = self.parameters.iter().find(|each| each.name == *name) else {
                errors.push(self.unknown_argument(name));
                continue;
            };
            match value_of(text, &parameter.value_type) {
                Ok(value) => {
                    arguments.insert(name.clone(), value);
                }
                Err(wrong) => errors.push(ScriptError::new(
                    "bad_argument",
                    format!("the argument `{name}`: {wrong}"),
                )),
            }
        }
        for parameter in &self.parameters {
            if arguments.contains_key(&parameter.name) {
                continue;
            }
            if let Some(default) = &parameter.default {
                arguments.insert(parameter.name.clone(), default.clone());
            } else if parameter.required && !given.iter().any(|(name, _)| *name == parameter.name) {
                let Parameter {
                    name, description, ..
                } = parameter;
                errors.push(
                    ScriptError::new(
                        "missing_argument",
                        format!("the argument `{name}` is missing: {description}"),
                    )
                    .with_hint(format!("give it with `--arg {name}=...`")),
                );
            }
        }
        match errors.is_empty() {
            true => Ok(arguments),
            false => Err(errors),
        }
    }

    fn unknown_argument(&self, name: &str) -> ScriptError {
        let names: Vec<&str> = self
            .parameters
            .iter()
            .map(|each| each.name.as_str())
            .collect();
        let error = ScriptError::new(
            "unknown_argument",
            format!("{} takes no argument `{name}`", self.name),
        );
        match names.is_empty() {
            true => error.with_hint("it takes none; a script declares them with `//! @arg`"),
            false => error.with_hint(format!("it takes {}", names.join(", "))),
        }
    }

    /// What is wrong with the files of a request.
    #[must_use]
    pub fn check_inputs(&self, request: &Request) -> Option<ScriptError> {
        if self.inputs.is_empty() {
            return None;
        }
        let given = request.attachments.len();
        let least = self.inputs.len();
        let is_open = self.inputs.last().is_some_and(|note| note.many);
        if given < least || (given > least && !is_open) {
            let wanted: Vec<String> = self.inputs.iter().map(InputNote::told).collect();
            let plural = if given == 1 { "file was" } else { "files were" };
            let message = format!(
                "{} works on {}, and {given} {plural} attached",
                self.name,
                wanted.join(" and ")
            );
            return Some(
                ScriptError::new("wrong_inputs", message)
                    .with_hint("attach each with `--attach FILE`"),
            );
        }
        request
            .attachments
            .iter()
            .enumerate()
            .find_map(|(index, file)| {
                let note = self.inputs.get(index).or(self.inputs.last())?;
                let wanted = note.kind?;
                (wanted != file.artifact.kind).then(|| {
                    ScriptError::new(
                        "wrong_inputs",
                        format!(
                            "{} is {}, and {} wants {wanted} there",
                            file.name, file.artifact.kind, self.name
                        ),
                    )
                })
            })
    }
}

impl InputNote {
    /// In words, such as `image... (the pages)`.
    #[must_use]
    pub fn told(&self) -> String {
        let kind = self
            .kind
            .map_or_else(|| "a file".to_owned(), |kind| kind.to_string());
        let more = if self.many { "..." } else { "" };
        match self.description.as_str() {
            "" => format!("{kind}{more}"),
            description => format!("{kind}{more} ({description})"),
        }
    }
}

/// A value of a type from its text.
fn value_of(text: &str, value_type: &ValueType) -> Result<Value, String> {
    let wrong = || format!("`{text}` is no {value_type}");
    let value = match value_type {
        ValueType::Integer { .. } => Value::Integer(text.parse().map_err(|_| wrong())?),
        ValueType::Number { .. } => Value::Number(text.parse().map_err(|_| wrong())?),
        ValueType::Boolean => Value::Boolean(text.parse().map_err(|_| wrong())?),
        _ => Value::from(text),
    };
    check(&value, value_type).map_err(|error| error.to_string())?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"//! Reads pages out loud.
//!
//! At length.
//! @input image...: the pages, in order
//! @arg language: string = "a:b": the language: a code
//! @arg times: integer?
//! @arg style: short | long: how
//! @needs image_captioning

let x = 1;
//! @arg not: string
"#;

    #[test]
    fn a_header_is_read() {
        let manifest = Manifest::read("read_aloud", HEADER).unwrap();
        assert_eq!(manifest.purpose, "Reads pages out loud.");
        assert_eq!(manifest.inputs[0].told(), "image... (the pages, in order)");
        assert_eq!(manifest.calls, ["image_captioning"]);
        let names: Vec<_> = manifest.parameters.iter().map(|each| &each.name).collect();
        assert_eq!(names, ["language", "times", "style"]);
        assert_eq!(manifest.parameters[0].default, Some("a:b".into()));
        assert_eq!(manifest.parameters[0].description, "the language: a code");
        assert!(!manifest.parameters[1].required);
        assert_eq!(manifest.missing(&Registry::new()), ["image_captioning"]);
    }

    #[test]
    fn arguments_are_read_by_their_types() {
        let manifest = Manifest::read("a", HEADER).unwrap();
        let given = |pairs: &[(&str, &str)]| {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect();
            manifest.arguments(&pairs)
        };
        let arguments = given(&[("times", "3"), ("style", "long")]).unwrap();
        assert_eq!(arguments["times"], Value::Integer(3));
        assert_eq!(arguments["language"], "a:b".into());
        let errors = given(&[("times", "many"), ("tmies", "3"), ("style", "wide")]).unwrap_err();
        let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "the argument `times`: `many` is no integer",
                "a takes no argument `tmies`",
                "the argument `style`: expected short|long, got \"wide\"",
            ]
        );
        let missing = given(&[]).unwrap_err();
        assert_eq!(
            missing[0].to_string(),
            "the argument `style` is missing: how"
        );
    }
}

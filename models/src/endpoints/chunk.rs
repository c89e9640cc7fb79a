//! What servers send, read as leniently as their deviations ask for.
//!
//! A field that is absent and one that is null are the same. Nothing here decides what it means.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

/// A piece of a reply, or a whole one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    pub(super) id: Spoken,
    pub(super) model: Spoken,
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) choices: Vec<Choice>,
    pub(super) usage: Option<Counted>,
    /// These mean that it is no piece of a reply; what they say is read from the text.
    error: Option<IgnoredAny>,
    detail: Option<IgnoredAny>,
    message: Option<IgnoredAny>,
}

impl Chunk {
    /// Whether it says what went wrong.
    pub(super) const fn is_error(&self) -> bool {
        let says = self.detail.is_some() || self.message.is_some();
        self.error.is_some() || (says && self.choices.is_empty())
    }
}

/// One of the replies; there is never more than one that we ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) index: Option<i64>,
    pub(super) delta: Option<Said>,
    /// In a reply that is sent whole.
    pub(super) message: Option<Said>,
    pub(super) finish_reason: Spoken,
}

/// What is said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) content: Spoken,
    /// DeepSeek, llama.cpp, vLLM.
    pub(super) reasoning_content: Spoken,
    /// OpenRouter, Ollama, newer vLLM, which says it under both names.
    pub(super) reasoning: Spoken,
    /// OpenAI, in place of content that would not have fitted a schema.
    pub(super) refusal: Spoken,
    #[serde(deserialize_with = "null_is_empty")]
    pub(super) tool_calls: Vec<Call>,
    /// What tool calls were before there could be several.
    pub(super) function_call: Option<Function>,
}

/// A piece of a call.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    pub(super) index: Option<i64>,
    pub(super) id: Spoken,
    pub(super) function: Option<Function>,
}

/// Which tool is called with what.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Spoken,
    pub(super) arguments: Arguments,
}

/// How much was read and written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counted {
    pub(super) prompt_tokens: Option<f64>,
    pub(super) completion_tokens: Option<f64>,
    pub(super) input_tokens: Option<f64>,
    pub(super) output_tokens: Option<f64>,
}

/// Text: a string, a number, or parts as Mistral's thinking models send them; empty, where it is absent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) thought: String,
}

impl Spoken {
    /// The text, unless it is empty.
    pub(super) fn some(self) -> Option<String> {
        (!self.text.is_empty()).then_some(self.text)
    }
}

/// Arguments as JSON text, or as the JSON itself, which Ollama's older versions and some gateways send.
#[derive(Debug, Default)]
pub(super) struct Arguments(pub(super) String);

impl<'de> Deserialize<'de> for Spoken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpokenVisitor)
    }
}

struct SpokenVisitor;

impl SpokenVisitor {
    #[expect(clippy::unnecessary_wraps, reason = "the form that visitors have")]
    fn text<E>(text: impl ToString) -> Result<Spoken, E> {
        Ok(Spoken {
            text: text.to_string(),
            thought: String::new(),
        })
    }
}

impl<'de> Visitor<'de> for SpokenVisitor {
    type Value = Spoken;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text, parts of text or null")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Spoken, E> {
        Self::text(text)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Spoken, E> {
        Self::text(value)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Spoken, E> {
        Self::text(value)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Spoken, E> {
        Self::text(value)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Spoken, E> {
        Self::text(value)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Spoken, E> {
        Ok(Spoken::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Spoken, A::Error> {
        let mut all = Spoken::default();
        while let Some(part) = parts.next_element::<Spoken>()? {
            all.text.push_str(&part.text);
            all.thought.push_str(&part.thought);
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut part: A) -> Result<Spoken, A::Error> {
        let mut all = Spoken::default();
        while let Some(field) = part.next_key::<String>()? {
            match field.as_str() {
                "text" => all.text.push_str(&part.next_value::<Spoken>()?.text),
                "thinking" => all.thought.push_str(&part.next_value::<Spoken>()?.text),
                _ => drop(part.next_value::<IgnoredAny>()?),
            }
        }
        Ok(all)
    }
}

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArgumentsVisitor)
    }
}

struct ArgumentsVisitor;

impl<'de> Visitor<'de> for ArgumentsVisitor {
    type Value = Arguments;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("arguments as a JSON text, a JSON object or null")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Arguments, E> {
        Ok(Arguments(text.to_owned()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Arguments, E> {
        Ok(Arguments::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Arguments, A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Arguments(value.to_string()))
    }
}

fn null_is_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

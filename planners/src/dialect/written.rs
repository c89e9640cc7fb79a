//! A value or a call as it stands in a text.

use medley_orchestrator::{Reference, Selector};
use serde_json::{Map, Number, Value as Json};

use super::repairs::Repairs;

/// What the reader makes of a piece of text. Nothing of it is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Written {
    Null,
    Bool(bool),
    Number(Number),
    /// Text in quotation marks, or without them where JSON wants them.
    Text(String),
    /// A Python f-string.
    Format(String),
    /// Source that is no expression.
    Raw(String),
    /// `$1`, `${1}` or `$name`, with what is picked out of it.
    Reference(Reference),
    /// A variable, with what is picked out of it.
    Variable(Reference),
    List(Vec<Written>),
    Object(Vec<(String, Written)>),
    /// A call, with what is picked out of its result.
    Call(Call, Vec<Selector>),
    /// Values with `+` between them.
    Sum(Vec<Written>),
}

/// A call as it stands in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// The variable whose method it is, if any.
    pub receiver: Option<String>,
    pub name: String,
    /// With their names, where they have them.
    pub arguments: Vec<(Option<String>, Written)>,
}

impl Written {
    /// The JSON value; variables and source are text here. The last of equal keys counts.
    pub(super) fn into_json(self, repairs: &mut Repairs) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Number(number) => Json::Number(number),
            Self::Text(text) | Self::Format(text) | Self::Raw(text) => Json::String(text),
            Self::Reference(reference) => Json::String(reference.to_string()),
            Self::Variable(variable) => {
                Json::String(variable.to_string().trim_start_matches('$').to_owned())
            }
            Self::List(items) | Self::Sum(items) => items
                .into_iter()
                .map(|item| item.into_json(repairs))
                .collect(),
            Self::Object(fields) => {
                let mut object = Map::new();
                for (key, value) in fields {
                    let value = value.into_json(repairs);
                    if object.insert(key, value).is_some() {
                        repairs.note("a key stood twice; the last one counts");
                    }
                }
                Json::Object(object)
            }
            Self::Call(call, _) => Json::String(call.name),
        }
    }
}

//! A request as Chat Completions write it.

use medley_orchestrator::{
    ChatRequest, ChatTool, Content, Message, ResponseFormat, Role, ToolCall, ToolChoice,
};
use serde::Serialize;
use serde_json::Value;

use super::LengthField;

/// What differs between servers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect<'a> {
    pub(super) model: &'a str,
    pub(super) length_field: LengthField,
    /// Whether the server is asked to count tokens, which it does not do by itself in a stream.
    pub(super) ask_usage: bool,
}

/// The body of a request.
#[derive(Debug, Serialize)]
pub(super) struct Body<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Typed<Function<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

impl<'a> Body<'a> {
    pub(super) fn of(request: &'a ChatRequest, dialect: Dialect<'a>) -> Self {
        let (max_tokens, max_completion_tokens) = match dialect.length_field {
            LengthField::MaxTokens => (request.max_tokens, None),
            LengthField::MaxCompletionTokens => (None, request.max_tokens),
        };
        let usage = StreamOptions {
            include_usage: true,
        };
        Self {
            model: dialect.model,
            messages: request.messages.iter().map(Said::of).collect(),
            tools: request.tools.iter().map(Function::of).collect(),
            tool_choice: Choice::of(request),
            response_format: Format::of(&request.format),
            max_tokens,
            max_completion_tokens,
            temperature: request.temperature,
            top_p: request.top_p,
            seed: request.seed,
            stop: &request.stop,
            stream: true,
            stream_options: dialect.ask_usage.then_some(usage),
        }
    }
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Debug, Serialize)]
struct Said<'a> {
    role: &'static str,
    content: Option<Contents<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Called<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn of(message: &'a Message) -> Self {
        // A turn that only calls tools has no content, and servers tell that from empty content.
        let is_silent = message.role == Role::Assistant && message.content.is_empty();
        Self {
            role: message.role.name(),
            content: (!is_silent).then(|| Contents::of(message)),
            tool_calls: message.tool_calls.iter().map(Called::of).collect(),
            tool_call_id: message.tool_call_id.as_deref(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Contents<'a> {
    Text(String),
    Parts(Vec<Part<'a>>),
}

impl<'a> Contents<'a> {
    /// Parts only where there is a picture: every server takes a string.
    fn of(message: &'a Message) -> Self {
        let mut content = message.content.iter();
        if !content.any(|part| matches!(part, Content::Picture { .. })) {
            return Self::Text(message.text());
        }
        Self::Parts(message.content.iter().map(Part::of).collect())
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: Link },
}

impl<'a> Part<'a> {
    fn of(content: &'a Content) -> Self {
        match content {
            Content::Text { text } => Self::Text { text },
            Content::Picture { picture } => Self::ImageUrl {
                image_url: Link {
                    url: format!("data:{};base64,{}", picture.mime, picture.base64),
                },
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct Link {
    url: String,
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: CalledFunction<'a>,
}

#[derive(Debug, Serialize)]
struct CalledFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl<'a> Called<'a> {
    fn of(call: &'a ToolCall) -> Self {
        // vLLM and llama.cpp read the arguments back as JSON, which nothing is not.
        let is_empty = call.arguments.trim().is_empty();
        Self {
            id: &call.id,
            kind: "function",
            function: CalledFunction {
                name: &call.name,
                arguments: if is_empty { "{}" } else { &call.arguments },
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct Typed<T> {
    #[serde(rename = "type")]
    kind: &'static str,
    function: T,
}

impl<T> Typed<T> {
    const fn function(function: T) -> Self {
        Self {
            kind: "function",
            function,
        }
    }
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: &'a Value,
}

impl<'a> Function<'a> {
    const fn of(tool: &'a ChatTool) -> Typed<Self> {
        Typed::function(Self {
            name: tool.name.as_str(),
            description: tool.description.as_str(),
            parameters: &tool.parameters,
        })
    }
}

#[derive(Debug, Serialize)]
struct Named<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Choice<'a> {
    Word(&'static str),
    Function(Typed<Named<'a>>),
}

impl<'a> Choice<'a> {
    /// None where the server would do so anyway: a choice without tools is an error to some.
    fn of(request: &'a ChatRequest) -> Option<Self> {
        if request.tools.is_empty() {
            return None;
        }
        match &request.tool_choice {
            ToolChoice::Auto => None,
            ToolChoice::None => Some(Self::Word("none")),
            ToolChoice::Required => Some(Self::Word("required")),
            ToolChoice::Named(name) => Some(Self::Function(Typed::function(Named { name }))),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: Schema<'a> },
}

#[derive(Debug, Serialize)]
struct Schema<'a> {
    name: &'a str,
    strict: bool,
    schema: &'a Value,
}

impl<'a> Format<'a> {
    /// None for text; no endpoint can be held to a plan, which is checked when it has come.
    fn of(format: &'a ResponseFormat) -> Option<Self> {
        match format {
            ResponseFormat::Text | ResponseFormat::Plan(_) => None,
            ResponseFormat::Json => Some(Self::JsonObject),
            ResponseFormat::Schema { name, schema } => Some(Self::JsonSchema {
                json_schema: Schema {
                    name,
                    strict: true,
                    schema,
                },
            }),
        }
    }
}

//! What a server says is wrong, in the many forms that servers say it in.

use std::time::Duration;

use medley_orchestrator::ChatErrorKind;
use serde_json::Value;

/// The longest text that is handed on, in characters.
const LONGEST: usize = 500;

/// Words for a kind of failure, in codes, types and messages, in lower case. The first that is found counts.
///
/// From the documentation and sources of OpenAI, OpenRouter, vLLM, llama.cpp, llama-cpp-python, Ollama,
/// TGI and Gemini.
const WORDS: [(&str, ChatErrorKind); 26] = [
    ("insufficient_quota", ChatErrorKind::Quota),
    ("insufficient credits", ChatErrorKind::Quota),
    ("billing_hard_limit_reached", ChatErrorKind::Quota),
    ("context_length_exceeded", ChatErrorKind::ContextTooLong),
    ("exceed_context_size", ChatErrorKind::ContextTooLong),
    ("maximum context length", ChatErrorKind::ContextTooLong),
    ("max context length", ChatErrorKind::ContextTooLong),
    ("maximum model length", ChatErrorKind::ContextTooLong),
    ("available context size", ChatErrorKind::ContextTooLong),
    ("exceeds the context", ChatErrorKind::ContextTooLong),
    ("exceed context window", ChatErrorKind::ContextTooLong),
    ("exceeds context window", ChatErrorKind::ContextTooLong),
    ("context window exceeds", ChatErrorKind::ContextTooLong),
    ("input token count", ChatErrorKind::ContextTooLong),
    ("`max_new_tokens` must be", ChatErrorKind::ContextTooLong),
    ("prompt is too long", ChatErrorKind::ContextTooLong),
    ("prompt too long", ChatErrorKind::ContextTooLong),
    ("content_filter", ChatErrorKind::Refused),
    ("content_policy", ChatErrorKind::Refused),
    ("responsibleaipolicyviolation", ChatErrorKind::Refused),
    ("moderation", ChatErrorKind::Refused),
    ("flagged", ChatErrorKind::Refused),
    ("rate_limit_exceeded", ChatErrorKind::RateLimited),
    ("invalid_api_key", ChatErrorKind::Auth),
    ("model_not_found", ChatErrorKind::NotFound),
    ("server_error", ChatErrorKind::Transient),
];

/// What a server says is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// In words; empty, if it says nothing.
    pub(super) message: String,
    /// Its codes and types, and what it adds to them.
    codes: String,
    /// The status that it gives in the text.
    status: Option<u16>,
}

impl Told {
    /// Reads a body or an event, whatever it is.
    pub(super) fn read(text: &str) -> Self {
        match serde_json::from_str::<Value>(text) {
            Ok(value) => {
                let mut told = Self::default();
                told.take(&value);
                if told.message.is_empty() && told.codes.is_empty() {
                    told.message = value.to_string();
                }
                told
            }
            Err(_) => Self {
                message: readable(text),
                ..Self::default()
            },
        }
    }

    /// The kind of failure, by the words and the status, the text's own if there is no other.
    pub(super) fn kind(&self, status: Option<u16>) -> ChatErrorKind {
        let status = status.or(self.status);
        // Only a refusal of this very request can be about its length or its content.
        let is_of_request = status.is_none_or(|status| {
            matches!(status, 200 | 400 | 402 | 403 | 404 | 413 | 422 | 429 | 500)
        });
        self.by_words()
            .filter(|_| is_of_request)
            .unwrap_or_else(|| kind_of(status))
    }

    /// Whether it is about something.
    pub(super) fn mentions(&self, word: &str) -> bool {
        self.message.contains(word) || self.codes.contains(word)
    }

    /// How long it asks to wait, as in OpenAI's "Please try again in 1.2s" and Groq's "in 7m12.5s".
    pub(super) fn wait(&self) -> Option<Duration> {
        let (_, said) = self.message.split_once("try again in ")?;
        let end = said.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.');
        seconds(&said[..end.unwrap_or(said.len())])
    }

    fn by_words(&self) -> Option<ChatErrorKind> {
        let codes = self.codes.to_lowercase();
        let message = self.message.to_lowercase();
        WORDS
            .iter()
            .find(|(word, _)| codes.contains(word) || message.contains(word))
            .map(|(_, kind)| *kind)
    }

    fn take(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.say(text),
            // FastAPI lists defects, Gemini's compatible server wraps its error.
            Value::Array(items) => items.iter().for_each(|item| self.take(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.take_field(name, value);
                }
            }
            _ => {}
        }
    }

    fn take_field(&mut self, name: &str, value: &Value) {
        match name {
            "error" | "errors" | "detail" | "message" | "msg" => self.take(value),
            "code" | "status" | "status_code" if value.is_u64() => {
                let status = value.as_u64().and_then(|status| u16::try_from(status).ok());
                self.status = status.filter(|status| (400..600).contains(status));
            }
            // `raw` is what OpenRouter's provider said, `loc` the field that FastAPI rejects.
            "code" | "type" | "param" | "loc" | "metadata" | "innererror" => {
                self.codes.push_str(&value.to_string());
                self.codes.push(' ');
            }
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if !self.message.is_empty() {
            self.message.push_str("; ");
        }
        self.message.push_str(text.trim());
    }
}

/// A text of at most the length that is handed on.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The title of a page, or the text as it is.
fn readable(text: &str) -> String {
    let text = text.trim();
    if !text.starts_with('<') {
        return text.to_owned();
    }
    let title = text
        .split_once("<title>")
        .and_then(|(_, rest)| rest.split_once("</title>"));
    title.map_or_else(
        || "a web page".to_owned(),
        |(title, _)| format!("a web page, '{}'", title.trim()),
    )
}

const fn kind_of(status: Option<u16>) -> ChatErrorKind {
    match status {
        Some(401 | 403 | 407) => ChatErrorKind::Auth,
        Some(402) => ChatErrorKind::Quota,
        Some(300..=399 | 404 | 405 | 410) => ChatErrorKind::NotFound,
        Some(408 | 409 | 425) => ChatErrorKind::Transient,
        Some(413) => ChatErrorKind::ContextTooLong,
        Some(429) => ChatErrorKind::RateLimited,
        Some(400..=499 | 501) => ChatErrorKind::Unsupported,
        _ => ChatErrorKind::Transient,
    }
}

/// `1.5s`, `250ms`, `1m30s` or `2h`.
fn seconds(text: &str) -> Option<Duration> {
    let mut total = 0.0;
    let mut rest = text.trim_end_matches('.');
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let number: f64 = rest[..end].parse().ok()?;
        let behind = &rest[end..];
        let unit_end = behind.find(|letter: char| !letter.is_ascii_alphabetic());
        let (unit, next) = behind.split_at(unit_end.unwrap_or(behind.len()));
        total += number
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = next;
    }
    Duration::try_from_secs_f64(total).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_in_words_is_understood() {
        let wait = |message: &str| Told::read(message).wait().map(|wait| wait.as_secs_f64());
        assert_eq!(wait("Please try again in 1.2s. Visit"), Some(1.2));
        assert_eq!(wait("Please try again in 250ms."), Some(0.25));
        assert_eq!(wait("try again in 7m12.5s"), Some(432.5));
        assert_eq!(wait("try again in a while"), None);
        assert_eq!(wait("try again"), None);
    }

    #[test]
    fn long_texts_are_shortened_between_characters() {
        let text = "\u{e9}".repeat(LONGEST + 1);
        assert_eq!(shortened(&text).chars().count(), LONGEST + 3);
        assert_eq!(shortened("short"), "short");
    }
}

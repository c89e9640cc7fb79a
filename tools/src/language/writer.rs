//! What the tools of a language model share: one question, and the text that comes back.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use medley_models::language::count_tokens;
use medley_orchestrator::{
    About, CallContext, ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest,
    Determinism, Effects, FinishReason, Message, ToolError,
};

use super::passages::Cutter;

/// How long a model may say nothing.
const PATIENCE: Duration = Duration::from_secs(180);

/// The most characters of the text so far that are shown as progress.
const SHOWN: usize = 60;

/// How many tokens a model can read and write if nobody says: fewer than most can.
const CONTEXT: u64 = 8192;

/// Writes texts with a language model.
#[derive(Clone)]
pub(super) struct Writer {
    model: Arc<dyn ChatModel>,
}

impl Writer {
    pub(super) fn new(model: Arc<dyn ChatModel>) -> Self {
        Self { model }
    }

    /// Completes what a tool is with what its model is.
    pub(super) fn about(&self, about: About) -> About {
        let profile = self.model.profile();
        // Another model, or other rules, give other texts.
        let revision = format!("1/{}/{}", profile.name, profile.model);
        // A name says little of what answers to it: a server may have changed its model, and a file may have been replaced.
        let about = about
            .provider("language_model", revision)
            .determinism(Determinism::Recorded)
            .idle_limit(PATIENCE);
        if profile.remote {
            about.effects(Effects::Network)
        } else {
            about
        }
    }

    /// Asks the model to do what `rules` say with `text`; the reply shows as progress while it comes.
    pub(super) async fn write(
        &self,
        rules: String,
        text: &str,
        temperature: Option<f64>,
        context: &CallContext,
    ) -> Result<String, ToolError> {
        let show = |end: String| context.progress(None, end);
        self.write_showing(rules, text, temperature, context, &show)
            .await
    }

    /// The same, where the end of the reply so far is shown by `show`.
    pub(super) async fn write_showing(
        &self,
        rules: String,
        text: &str,
        temperature: Option<f64>,
        context: &CallContext,
        show: &(dyn Fn(String) + Sync),
    ) -> Result<String, ToolError> {
        let is_remote = self.model.profile().remote;
        let request = ChatRequest {
            temperature,
            // Servers differ in the seeds that they take, and promise nothing for them.
            seed: (!is_remote).then(|| context.seed()),
            ..ChatRequest::new(vec![Message::system(rules), Message::user(text)])
        };
        let model = context.spending().meter(Arc::clone(&self.model));
        let mut stream = model
            .chat(&request, context.cancellation())
            .await
            .map_err(failed)?;
        let mut reply = ChatReply::default();
        while let Some(delta) = stream.next().await {
            let delta = delta.map_err(failed)?;
            let is_text = matches!(delta, ChatDelta::Text { .. });
            reply.take(delta);
            if is_text {
                show(end_of(&reply.text));
            }
        }
        whole(&reply)
    }

    /// Cuts a text so that the model can read each passage and has room for rules and reply; `most` tokens each where
    /// it can read less than is known of it.
    pub(super) async fn cut(&self, text: String, most: Option<u64>) -> Result<Cut, ToolError> {
        let model = Arc::clone(&self.model);
        // A model of this machine may have to be opened to count, and a long text takes its time.
        let cutting = tokio::task::spawn_blocking(move || {
            let count = |text: &str| {
                model
                    .count_tokens(text)
                    .unwrap_or_else(|| count_tokens(text))
            };
            // What a model of this machine can read is known once it has counted.
            model.count_tokens("");
            let context = model.profile().context_tokens.unwrap_or(CONTEXT);
            let most = most.unwrap_or(context / 2).max(1);
            // A token is a byte at least.
            if text.len() as u64 <= most {
                return Cut::whole(text, most);
            }
            let cutter = Cutter {
                count: &count,
                most,
            };
            let passages = cutter.passages(&text).into_iter();
            let with_words = passages.filter(|passage| !passage.trim().is_empty());
            Cut {
                passages: with_words.map(str::to_owned).collect(),
                tokens: cutter.tokens(&text),
                most,
            }
        });
        cutting.await.map_err(|failure| {
            ToolError::permanent("not_counted", "the text could not be counted").caused_by(failure)
        })
    }
}

/// A text in passages that a model can read.
pub(super) struct Cut {
    pub passages: Vec<String>,
    /// How many tokens the text takes, or more.
    pub tokens: u64,
    /// The most tokens of a passage.
    pub most: u64,
}

impl Cut {
    fn whole(text: String, most: u64) -> Self {
        Self {
            tokens: text.len() as u64,
            passages: vec![text],
            most,
        }
    }
}

/// The text of a reply that is complete.
fn whole(reply: &ChatReply) -> Result<String, ToolError> {
    match reply.finish {
        Some(FinishReason::Length) => {
            let hint = "give it a shorter text, or let the model write more: `max_tokens` of the model, or [budget]";
            return Err(ToolError::permanent(
                "cut_off",
                "the language model was cut off before the end of its text",
            )
            .with_hint(hint));
        }
        Some(FinishReason::Refused) => {
            return Err(ToolError::permanent(
                "refused",
                "the language model does not answer this",
            ));
        }
        _ => {}
    }
    match reply.text.trim() {
        "" => Err(ToolError::transient(
            "empty_reply",
            "the language model said nothing",
        )),
        text => Ok(text.to_owned()),
    }
}

/// The last words, on one line.
fn end_of(text: &str) -> String {
    let start = text.char_indices().rev().nth(SHOWN - 1);
    let end = &text[start.map_or(0, |(at, _)| at)..];
    end.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn failed(error: ChatError) -> ToolError {
    if error.kind == ChatErrorKind::Cancelled {
        return ToolError::cancelled();
    }
    let failure = match error.kind.is_transient() {
        true => ToolError::transient(error.kind.code(), error.to_string()),
        false => ToolError::permanent(error.kind.code(), error.to_string()),
    };
    match error.hint.clone() {
        Some(hint) => failure.with_hint(hint),
        None => failure,
    }
    .caused_by(error)
}

/// A text that has words, or why there is nothing to do.
pub(super) fn some<'a>(parameter: &str, text: &'a str) -> Result<&'a str, ToolError> {
    match text.trim() {
        "" => Err(ToolError::bad_argument(parameter, "there is no text")
            .with_hint("give a text with at least a word")),
        _ => Ok(text),
    }
}

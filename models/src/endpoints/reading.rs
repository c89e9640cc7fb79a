//! What the events of a reply mean: a state machine, events in and deltas out.

use std::{collections::VecDeque, sync::Arc};

use medley_orchestrator::{ChatDelta, ChatError, FinishReason, Usage};

use super::{
    calls::Calls,
    chunk::{Call, Choice, Chunk, Counted, Said},
    identity::Identity,
    told::Told,
};

/// The event that a stream ends with, where it does.
const DONE: &str = "[DONE]";

/// A reply while it is read.
#[derive(Debug)]
pub(super) struct Reading {
    identity: Arc<Identity>,
    deltas: VecDeque<ChatDelta>,
    calls: Calls,
    /// The last that was said.
    usage: Option<Usage>,
    finish: Option<FinishReason>,
    refused: bool,
    named: bool,
    spoke: bool,
    done: bool,
}

impl Reading {
    pub(super) fn new(identity: Arc<Identity>) -> Self {
        Self {
            identity,
            deltas: VecDeque::new(),
            calls: Calls::default(),
            usage: None,
            finish: None,
            refused: false,
            named: false,
            spoke: false,
            done: false,
        }
    }

    /// The next delta that was read and not handed on.
    pub(super) fn next(&mut self) -> Option<ChatDelta> {
        self.deltas.pop_front()
    }

    /// Whether the model has said anything.
    pub(super) const fn spoke(&self) -> bool {
        self.spoke
    }

    /// Whether the model has said why it stopped: what follows is not needed.
    pub(super) const fn finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether the server has said that nothing follows.
    pub(super) const fn done(&self) -> bool {
        self.done
    }

    /// Reads an event.
    pub(super) fn take(&mut self, event: &str) -> Result<(), ChatError> {
        let event = event.trim();
        if event == DONE {
            self.done = true;
            return Ok(());
        }
        if event.is_empty() || self.done {
            return Ok(());
        }
        let chunk: Chunk =
            serde_json::from_str(event).map_err(|error| self.unreadable(event, &error))?;
        if chunk.is_error() {
            return Err(self.identity.interrupted(&Told::read(event)));
        }
        self.take_chunk(chunk)
    }

    /// The connection is at its end, and so is the reply.
    pub(super) fn close(&mut self) -> Result<(), ChatError> {
        if !(self.spoke || self.done || self.finished()) {
            return Err(self
                .identity
                .ended_early("the server ended the reply without a word"));
        }
        if let Some(usage) = self.usage {
            self.deltas.push_back(ChatDelta::Usage { usage });
        }
        if let Some(reason) = self.reason() {
            self.deltas.push_back(ChatDelta::Finish { reason });
        }
        Ok(())
    }

    /// Why the model stopped; some servers say of a call that the model had said everything.
    fn reason(&self) -> Option<FinishReason> {
        match self.finish {
            Some(_) if self.refused => Some(FinishReason::Refused),
            Some(FinishReason::Stop) if !self.calls.is_empty() => Some(FinishReason::ToolCalls),
            reason => reason,
        }
    }

    fn take_chunk(&mut self, chunk: Chunk) -> Result<(), ChatError> {
        if !self.named
            && let Some(model) = chunk.model.some()
        {
            self.named = true;
            let id = chunk.id.some();
            self.deltas.push_back(ChatDelta::Model { model, id });
        }
        self.usage = chunk.usage.map(usage).or(self.usage);
        for choice in chunk.choices {
            if choice.index.is_none_or(|index| index == 0) {
                self.take_choice(choice)?;
            }
        }
        Ok(())
    }

    fn take_choice(&mut self, choice: Choice) -> Result<(), ChatError> {
        if let Some(said) = choice.delta.or(choice.message) {
            self.take_said(said);
        }
        let Some(reason) = choice.finish_reason.some() else {
            return Ok(());
        };
        // OpenRouter's way to say that its provider failed, where it says no more.
        if reason == "error" {
            return Err(self
                .identity
                .ended_early("the server stopped with an error"));
        }
        self.finish = Some(finish_reason(&reason));
        Ok(())
    }

    fn take_said(&mut self, said: Said) {
        let reasoning = said.reasoning_content.some().or(said.reasoning.some());
        self.push_reasoning(reasoning.unwrap_or_default());
        self.push_reasoning(said.content.thought);
        self.push_text(said.content.text);
        if let Some(refusal) = said.refusal.some() {
            self.refused = true;
            self.push_text(refusal);
        }
        for call in said.tool_calls {
            self.push_call(call);
        }
        if let Some(function) = said.function_call {
            self.push_call(Call {
                index: Some(0),
                function: Some(function),
                ..Call::default()
            });
        }
    }

    fn push_text(&mut self, text: String) {
        if !text.is_empty() {
            self.spoke = true;
            self.deltas.push_back(ChatDelta::Text { text });
        }
    }

    fn push_reasoning(&mut self, text: String) {
        if !text.is_empty() {
            self.spoke = true;
            self.deltas.push_back(ChatDelta::Reasoning { text });
        }
    }

    fn push_call(&mut self, call: Call) {
        self.spoke = true;
        let delta = self.calls.take(call);
        self.deltas.push_back(delta);
    }

    fn unreadable(&self, event: &str, error: &serde_json::Error) -> ChatError {
        if error.is_eof() {
            let how = "the reply breaks off in the middle of a piece";
            return self.identity.ended_early(how);
        }
        let what = format!("a piece of the reply is not a chat completion ({error}): {event}");
        self.identity.malformed(&what)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casts of floats saturate, and no reply has 2^53 tokens"
)]
fn usage(counted: Counted) -> Usage {
    let tokens = |one: Option<f64>, other: Option<f64>| one.or(other).unwrap_or_default() as u64;
    Usage {
        input_tokens: tokens(counted.prompt_tokens, counted.input_tokens),
        output_tokens: tokens(counted.completion_tokens, counted.output_tokens),
        estimated: false,
    }
}

/// What stands behind the words that servers use for why a model stopped.
fn finish_reason(word: &str) -> FinishReason {
    match word.to_ascii_lowercase().as_str() {
        "length" | "max_tokens" | "max_output_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "tool_call" | "tool_use" | "function_call" => FinishReason::ToolCalls,
        "content_filter" | "refusal" | "safety" | "recitation" | "prohibited_content" => {
            FinishReason::Refused
        }
        // `stop`, and what others say for it: `eos`, `eos_token`, `end_turn`, `stop_sequence`.
        _ => FinishReason::Stop,
    }
}

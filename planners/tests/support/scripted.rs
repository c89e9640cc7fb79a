//! A language model that says what a test tells it to, and keeps what it was asked.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use futures::stream;
use medley_orchestrator::{
    ChatDelta, ChatError, ChatErrorKind, ChatModel, ChatProfile, ChatRequest, ChatStream,
    ChatSupport,
};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A piece of what a model says.
pub(crate) enum Say {
    Text(&'static str),
    /// The index, the name and the arguments of a call.
    Call(usize, &'static str, &'static str),
    /// It goes on once the test says so.
    Wait(oneshot::Receiver<()>),
    Fail(ChatErrorKind),
}

/// Gives one reply after another, and keeps what it was asked.
pub(crate) struct Scripted {
    pub(crate) profile: ChatProfile,
    replies: Mutex<VecDeque<Vec<Say>>>,
    asked: Mutex<Vec<ChatRequest>>,
}

pub(crate) fn scripted(replies: Vec<Vec<Say>>) -> Arc<Scripted> {
    Arc::new(Scripted {
        profile: ChatProfile {
            name: "scripted".to_owned(),
            model: "scripted".to_owned(),
            remote: false,
            supports: ChatSupport::default(),
            context_tokens: None,
            price: None,
        },
        replies: Mutex::new(replies.into()),
        asked: Mutex::default(),
    })
}

pub(crate) fn saying(replies: &[&'static str]) -> Arc<Scripted> {
    scripted(replies.iter().map(|reply| vec![Say::Text(reply)]).collect())
}

impl Scripted {
    pub(crate) fn asked(&self) -> Vec<ChatRequest> {
        self.asked.lock().unwrap().clone()
    }

    /// The last thing that the model was told.
    pub(crate) fn told(&self) -> String {
        self.asked().last().unwrap().messages.last().unwrap().text()
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn profile(&self) -> &ChatProfile {
        &self.profile
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        _: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        self.asked.lock().unwrap().push(request.clone());
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = replies.pop_front().expect("a reply for each question");
        Ok(Box::pin(stream::unfold(
            VecDeque::from(reply),
            |mut reply| async {
                loop {
                    match reply.pop_front()? {
                        Say::Text(text) => {
                            let text = text.to_owned();
                            return Some((Ok(ChatDelta::Text { text }), reply));
                        }
                        Say::Call(index, name, arguments) => {
                            let delta = ChatDelta::ToolCall {
                                index,
                                id: None,
                                name: Some(name.to_owned()).filter(|name| !name.is_empty()),
                                arguments: arguments.to_owned(),
                            };
                            return Some((Ok(delta), reply));
                        }
                        Say::Wait(go) => drop(go.await),
                        Say::Fail(kind) => {
                            return Some((Err(ChatError::new(kind, "it fails")), reply));
                        }
                    }
                }
            },
        )))
    }
}

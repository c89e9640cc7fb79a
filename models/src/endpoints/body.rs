//! The bytes of a reply as they come, with an end to waiting for them.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, StreamExt, TryStreamExt};
use reqwest::Response;
use tokio::time::{Instant, Sleep, sleep};

/// Why there are no more bytes, though the reply is not at its end.
#[derive(Debug)]
pub(super) enum Broken {
    /// None came for too long.
    Silent,
    /// The connection was cut.
    Cut(reqwest::Error),
    /// They are not UTF-8.
    NotText,
    /// A line has no end.
    EndlessLine,
}

/// What a reply's bytes are, as far as their first can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A stream of events.
    Events,
    /// One JSON value.
    Json,
    /// A page for people.
    Page,
}

/// The bytes of a reply. Any of them, be it a comment that keeps the connection alive, restarts the wait.
pub(super) struct Body {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>,
    begin: Option<Vec<u8>>,
    patience: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Body {
    pub(super) fn new(response: Response, patience: Duration) -> Self {
        Self {
            bytes: Box::pin(response.bytes_stream().map_ok(Vec::from)),
            begin: None,
            patience,
            deadline: Box::pin(sleep(patience)),
        }
    }

    /// What comes, by its first character. Servers are not to be trusted with naming the type.
    pub(super) async fn form(&mut self) -> Result<Form, Broken> {
        let mut begin = Vec::new();
        let mut form = None;
        while form.is_none() {
            let Some(bytes) = self.next().await else {
                break;
            };
            begin.extend(bytes?);
            form = form_of(&begin);
        }
        self.begin = Some(begin);
        Ok(form.unwrap_or(Form::Events))
    }

    /// All bytes up to a limit; what is behind is left out.
    pub(super) async fn read_to_end(&mut self, limit: usize) -> Result<Vec<u8>, Broken> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await {
            all.extend(bytes?);
            if all.len() >= limit {
                all.truncate(limit);
                break;
            }
        }
        Ok(all)
    }
}

impl Stream for Body {
    type Item = Result<Vec<u8>, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(begin) = self.begin.take() {
            return Poll::Ready(Some(Ok(begin)));
        }
        if let Poll::Ready(next) = self.bytes.as_mut().poll_next(context) {
            let deadline = Instant::now() + self.patience;
            self.deadline.as_mut().reset(deadline);
            return Poll::Ready(next.map(|bytes| bytes.map_err(Broken::Cut)));
        }
        self.deadline
            .as_mut()
            .poll(context)
            .map(|()| Some(Err(Broken::Silent)))
    }
}

fn form_of(begin: &[u8]) -> Option<Form> {
    let text = begin.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(begin);
    text.iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'{' | b'[' => Form::Json,
            b'<' => Form::Page,
            _ => Form::Events,
        })
}

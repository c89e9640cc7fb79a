//! A stream with somebody who sees all that passes, and how it ends.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::Stream;

use super::{ChatDelta, ChatError, ChatStream};

/// Sees what passes.
pub(super) trait Watch: Send + Unpin + 'static {
    /// A piece passes.
    fn see(&mut self, item: &Result<ChatDelta, ChatError>);

    /// Nothing more comes; `whole` unless whoever read it went away before its end. Called once.
    fn end(&mut self, whole: bool);
}

/// The same stream, watched.
pub(super) fn watched(stream: ChatStream, watch: impl Watch) -> ChatStream {
    Box::pin(Watched {
        stream,
        watch,
        has_ended: false,
    })
}

struct Watched<W: Watch> {
    stream: ChatStream,
    watch: W,
    has_ended: bool,
}

impl<W: Watch> Stream for Watched<W> {
    type Item = Result<ChatDelta, ChatError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let item = ready!(self.stream.as_mut().poll_next(context));
        let this = &mut *self;
        match &item {
            Some(item) => this.watch.see(item),
            None => {
                this.has_ended = true;
                this.watch.end(true);
            }
        }
        Poll::Ready(item)
    }
}

impl<W: Watch> Drop for Watched<W> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.watch.end(false);
        }
    }
}

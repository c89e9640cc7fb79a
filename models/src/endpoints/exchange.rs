//! A reply from its first byte to its last delta.

use std::{pin::Pin, sync::Arc, time::Duration};

use eventsource_stream::{EventStream, EventStreamError};
use futures::{Stream, StreamExt, stream};
use medley_orchestrator::{ChatDelta, ChatError, ChatStream};
use reqwest::Response;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{
    body::{Body, Broken, Form},
    identity::Identity,
    lines::Lines,
    reading::Reading,
    told::Told,
};

/// The longest reply in one piece.
const LONGEST_WHOLE: usize = 64 << 20;

/// How much of a page is read to find its title.
const PAGE: usize = 16 << 10;

/// How long the server may take for what follows the model's last word: usage and the end.
const SETTLING: Duration = Duration::from_secs(2);

/// A reply that is being received.
pub(super) struct Exchange {
    events: Pin<Box<dyn Stream<Item = Result<String, Broken>> + Send>>,
    reading: Reading,
    identity: Arc<Identity>,
    ended: bool,
}

impl Exchange {
    /// Begins to receive a reply, and returns when the model has said something or the reply has ended without error.
    pub(super) async fn open(
        response: Response,
        identity: &Arc<Identity>,
        patience: Duration,
    ) -> Result<Self, ChatError> {
        let mut body = Body::new(response, patience);
        let form = body
            .form()
            .await
            .map_err(|broken| identity.broken(broken))?;
        let mut exchange = Self {
            events: Box::pin(stream::empty()),
            reading: Reading::new(Arc::clone(identity)),
            identity: Arc::clone(identity),
            ended: false,
        };
        match form {
            Form::Events => exchange.events = events(body),
            Form::Json => exchange.take_whole(&mut body).await?,
            Form::Page => return Err(page(&mut body, identity).await),
        }
        while !(exchange.ended || exchange.reading.spoke()) {
            exchange.advance().await?;
        }
        Ok(exchange)
    }

    /// The reply as a stream, which `cancel` ends.
    pub(super) fn stream(self, cancel: CancellationToken) -> ChatStream {
        let state = (self, cancel);
        Box::pin(stream::unfold(state, |(mut exchange, cancel)| async move {
            let next = exchange.next(&cancel).await?;
            Some((next, (exchange, cancel)))
        }))
    }

    async fn next(&mut self, cancel: &CancellationToken) -> Option<Result<ChatDelta, ChatError>> {
        loop {
            if let Some(delta) = self.reading.next() {
                return Some(Ok(delta));
            }
            if self.ended {
                return None;
            }
            let advanced = cancel.run_until_cancelled(self.advance()).await;
            if let Err(error) = advanced.unwrap_or_else(|| Err(ChatError::cancelled())) {
                self.end();
                return Some(Err(error));
            }
        }
    }

    /// Reads one event, or the end.
    async fn advance(&mut self) -> Result<(), ChatError> {
        let finished = self.reading.finished();
        let event = if finished {
            timeout(SETTLING, self.events.next()).await.unwrap_or(None)
        } else {
            self.events.next().await
        };
        match event {
            Some(Ok(event)) => self.reading.take(&event)?,
            Some(Err(broken)) if !finished => return Err(self.identity.broken(broken)),
            // All is said: however it ends, it is the end.
            Some(Err(_)) | None => {
                self.end();
                return self.reading.close();
            }
        }
        if self.reading.done() {
            self.end();
            self.reading.close()?;
        }
        Ok(())
    }

    /// Lets go of the connection.
    fn end(&mut self) {
        self.ended = true;
        self.events = Box::pin(stream::empty());
    }

    /// A server that knows no streams sends its reply as one JSON object.
    async fn take_whole(&mut self, body: &mut Body) -> Result<(), ChatError> {
        let bytes = body.read_to_end(LONGEST_WHOLE).await;
        let bytes = bytes.map_err(|broken| self.identity.broken(broken))?;
        let text = String::from_utf8(bytes).map_err(|_| self.identity.broken(Broken::NotText))?;
        let text = text.trim_start_matches('\u{feff}');
        self.reading.take(text)?;
        if !(self.reading.spoke() || self.reading.finished()) {
            let what = format!("the reply is JSON, but no chat completion: {text}");
            return Err(self.identity.malformed(&what));
        }
        self.end();
        self.reading.close()
    }
}

async fn page(body: &mut Body, identity: &Identity) -> ChatError {
    let page = body.read_to_end(PAGE).await.unwrap_or_default();
    let told = Told::read(&String::from_utf8_lossy(&page));
    identity.malformed(&format!("the reply is {}", told.message))
}

fn events(body: Body) -> Pin<Box<dyn Stream<Item = Result<String, Broken>> + Send>> {
    let events = EventStream::new(Lines::new(body));
    Box::pin(events.map(|event| match event {
        Ok(event) => Ok(event.data),
        Err(EventStreamError::Transport(broken)) => Err(broken),
        Err(EventStreamError::Utf8(_) | EventStreamError::Parser(_)) => Err(Broken::NotText),
    }))
}

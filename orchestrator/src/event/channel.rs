//! The way of events from those who make them to the one who watches.

use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Instant,
};

use super::{Event, EventKind, queue::EventQueue};

/// Sees every event as it is emitted, in order. Called while others wait to emit: it must be quick, and emit nothing.
pub type Tap = Arc<dyn Fn(&Event) + Send + Sync>;

/// Where events are put in; cheap to clone, never blocks, and content that nobody listens.
#[derive(Clone)]
pub struct EventSink {
    source: Arc<Source>,
}

/// Where events come out, in order.
///
/// A stream that is not read holds no one up. When 4,096 events wait, only the last progress of each step is kept of what
/// comes then; all other events are.
pub struct EventStream {
    channel: Arc<Mutex<Channel>>,
}

/// What the clones of a sink share; the stream ends when the last of them is gone.
struct Source {
    opened: Instant,
    channel: Arc<Mutex<Channel>>,
}

#[derive(Default)]
struct Channel {
    next_number: u64,
    taps: Vec<Tap>,
    /// Absent when nobody listens.
    queue: Option<EventQueue>,
    has_ended: bool,
    watcher: Option<Waker>,
}

impl EventSink {
    /// A sink with the stream that its events come out of.
    #[must_use]
    pub fn channel() -> (Self, EventStream) {
        let sink = Self::with_queue(Some(EventQueue::default()));
        let channel = Arc::clone(&sink.source.channel);
        (sink, EventStream { channel })
    }

    /// A sink that nobody listens to.
    #[must_use]
    pub fn ignored() -> Self {
        Self::with_queue(None)
    }

    fn with_queue(queue: Option<EventQueue>) -> Self {
        let channel = Channel {
            queue,
            ..Channel::default()
        };
        let source = Source {
            opened: Instant::now(),
            channel: Arc::new(Mutex::new(channel)),
        };
        Self {
            source: Arc::new(source),
        }
    }

    /// Lets `tap` see every event from now on, of this sink and of all its clones, whether or not anybody listens.
    #[must_use]
    pub fn with_tap(self, tap: Tap) -> Self {
        lock(&self.source.channel).taps.push(tap);
        self
    }

    /// Puts an event in.
    pub fn emit(&self, kind: EventKind) {
        // Number, show and queue under one lock, so that the order of numbers is the order of arrival.
        let watcher = {
            let mut channel = lock(&self.source.channel);
            let event = Event {
                seq: channel.next_number,
                at_ms: self.source.opened.elapsed().as_secs_f64() * 1e3,
                kind,
            };
            channel.next_number += 1;
            for tap in &channel.taps {
                tap(&event);
            }
            let Some(queue) = &mut channel.queue else {
                return;
            };
            queue.push(event);
            channel.watcher.take()
        };
        if let Some(watcher) = watcher {
            watcher.wake();
        }
    }
}

impl EventStream {
    /// The next event, once it is there; `None` once all sinks are gone and all events were read. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// The next event, without waiting for it; `None` if there is none now.
    pub fn try_recv(&mut self) -> Option<Event> {
        lock(&self.channel).queue.as_mut()?.pop()
    }

    /// As [`recv`](Self::recv), for a thread that may block; not to be called by a task.
    pub fn blocking_recv(&mut self) -> Option<Event> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut next = pin!(self.recv());
        loop {
            match next.as_mut().poll(&mut context) {
                Poll::Ready(event) => return event,
                Poll::Pending => thread::park(),
            }
        }
    }

    fn poll_recv(&mut self, context: &Context<'_>) -> Poll<Option<Event>> {
        let mut channel = lock(&self.channel);
        let event = channel.queue.as_mut().and_then(EventQueue::pop);
        if event.is_some() || channel.has_ended {
            return Poll::Ready(event);
        }
        channel.watcher = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Wakes a thread that waits for an event.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // Whoever taps may wait for its tap to be gone; what a tap owns is freed after the lock.
        let (watcher, _taps) = {
            let mut channel = lock(&self.channel);
            channel.has_ended = true;
            (channel.watcher.take(), mem::take(&mut channel.taps))
        };
        if let Some(watcher) = watcher {
            watcher.wake();
        }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        // What was not read is freed after the lock.
        let unread = lock(&self.channel).queue.take();
        drop(unread);
    }
}

fn lock(channel: &Mutex<Channel>) -> MutexGuard<'_, Channel> {
    channel.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for EventSink {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EventSink").finish_non_exhaustive()
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("EventStream")
            .finish_non_exhaustive()
    }
}

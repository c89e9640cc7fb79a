//! That events come in order, that a slow watcher costs nothing but progress, and that streams end.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use futures::{FutureExt, poll};

use super::{queue::CHATTER_LIMIT, *};

fn progress(step: &str, fraction: f32) -> EventKind {
    EventKind::StepProgress {
        step: step.to_owned(),
        fraction: Some(fraction),
        message: String::new(),
    }
}

fn started(step: usize) -> EventKind {
    EventKind::StepStarted {
        step: step.to_string(),
        tool: "wait".to_owned(),
    }
}

fn is_progress(event: &Event) -> bool {
    event.kind.chatter_of().is_some()
}

/// All events that are there, in the order in which they come.
fn read(stream: &mut EventStream) -> Vec<Event> {
    std::iter::from_fn(|| stream.try_recv()).collect()
}

fn assert_in_order(events: &[Event]) {
    assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert!(events.windows(2).all(|pair| pair[0].at_ms <= pair[1].at_ms));
}

#[test]
fn a_watcher_that_keeps_up_sees_everything() {
    let (sink, mut stream) = EventSink::channel();
    for index in 0..CHATTER_LIMIT {
        sink.emit(progress("a", 0.5));
        sink.emit(started(index));
        let events = read(&mut stream);
        let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [2 * index as u64, 2 * index as u64 + 1]);
    }
}

#[test]
fn for_a_watcher_that_does_not_read_only_the_last_progress_of_a_step_is_kept() {
    let (sink, mut stream) = EventSink::channel();
    for index in 0..CHATTER_LIMIT {
        sink.emit(started(index));
    }
    for round in 0..10_000_u16 {
        for step in ["a", "b", "c"] {
            sink.emit(progress(step, f32::from(round)));
        }
        if round == 5_000 {
            sink.emit(started(CHATTER_LIMIT));
        }
    }
    sink.emit(progress("a", -1.0));
    let events = read(&mut stream);
    assert_in_order(&events);
    let all_started = events.iter().filter(|event| !is_progress(event)).count();
    assert_eq!(
        all_started,
        CHATTER_LIMIT + 1,
        "nothing but progress is left out"
    );
    let kept: Vec<_> = events
        .into_iter()
        .filter(is_progress)
        .map(|event| event.kind)
        .collect();
    assert_eq!(
        kept,
        [
            progress("b", 9_999.0),
            progress("c", 9_999.0),
            progress("a", -1.0)
        ]
    );
    // It has caught up.
    sink.emit(progress("a", 0.1));
    sink.emit(progress("a", 0.2));
    let events = read(&mut stream);
    assert_eq!(events.len(), 2);
    let emitted = CHATTER_LIMIT as u64 + 30_002;
    assert_eq!([events[0].seq, events[1].seq], [emitted, emitted + 1]);
}

#[test]
fn progress_and_the_rest_stay_in_order_while_the_watcher_catches_up() {
    let (sink, mut stream) = EventSink::channel();
    let mut events = Vec::new();
    for index in 0..20_000_usize {
        sink.emit(progress(["a", "b", "c"][index % 3], 0.0));
        sink.emit(started(index));
        // Slower than they come at first, then faster.
        let reads = if index < 10_000 { 1 } else { 3 };
        events.extend((0..reads).map_while(|_| stream.try_recv()));
    }
    events.extend(read(&mut stream));
    assert_in_order(&events);
    let all_started = events.iter().filter(|event| !is_progress(event)).count();
    assert_eq!(all_started, 20_000);
    assert!(events.len() < 40_000, "it did not keep up for a while");
}

#[tokio::test]
async fn a_wait_that_is_dropped_loses_nothing_and_the_stream_ends_with_the_last_sink() {
    let (sink, mut stream) = EventSink::channel();
    assert!(stream.recv().now_or_never().is_none());
    let other = sink.clone();
    sink.emit(started(0));
    drop(sink);
    other.emit(started(1));
    assert_eq!(stream.recv().await.unwrap().seq, 0);
    {
        let mut next = Box::pin(stream.recv());
        assert_eq!(
            poll!(next.as_mut()).map(|event| event.unwrap().seq),
            std::task::Poll::Ready(1)
        );
    }
    let end = tokio::spawn(async move { stream.recv().await });
    drop(other);
    assert_eq!(end.await.unwrap(), None);
}

#[test]
fn a_thread_may_wait_for_events() {
    let (sink, mut stream) = EventSink::channel();
    let watcher = thread::spawn(move || {
        let events: Vec<Event> = std::iter::from_fn(|| stream.blocking_recv()).collect();
        events.len()
    });
    for index in 0..1_000 {
        sink.emit(started(index));
    }
    drop(sink);
    assert_eq!(watcher.join().unwrap(), 1_000);
}

#[test]
fn a_tap_sees_every_event_in_order_whoever_emits_and_whether_or_not_anybody_listens() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tap: Tap = {
        let seen = Arc::clone(&seen);
        Arc::new(move |event: &Event| seen.lock().unwrap().push(event.clone()))
    };
    let (sink, stream) = EventSink::channel();
    let clone = sink.clone();
    let sink = sink.with_tap(Arc::clone(&tap));
    thread::scope(|scope| {
        for sink in [&sink, &clone] {
            scope.spawn(move || (0..5_000).for_each(|_| sink.emit(progress("a", 0.0))));
        }
    });
    drop(stream);
    clone.emit(started(0));
    let seen_by_one = std::mem::take(&mut *seen.lock().unwrap());
    assert!(
        seen_by_one.iter().map(|event| event.seq).eq(0..10_001),
        "without gaps"
    );
    assert_in_order(&seen_by_one);
    EventSink::ignored().with_tap(tap).emit(started(0));
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[test]
fn a_stream_that_is_gone_is_no_trouble() {
    let (sink, stream) = EventSink::channel();
    sink.emit(started(0));
    drop(stream);
    sink.emit(started(1));
    EventSink::ignored().emit(started(0));
}

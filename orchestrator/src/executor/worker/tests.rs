//! What a worker answers, spoken to line by line.

use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, DuplexStream, Lines, ReadHalf, WriteHalf};

use super::*;
use crate::{DiskStore, LocalDispatcher, fixtures::registry};

struct Parent {
    to_worker: Option<WriteHalf<DuplexStream>>,
    from_worker: Lines<BufReader<ReadHalf<DuplexStream>>>,
    served: tokio::task::JoinHandle<io::Result<()>>,
    _folder: tempfile::TempDir,
}

/// A parent whose pipe holds at most `room` bytes that nobody has read.
async fn parent(dispatcher: Option<Arc<dyn Dispatcher>>, room: usize) -> Parent {
    let folder = tempfile::tempdir().unwrap();
    let dispatcher = dispatcher.unwrap_or_else(|| {
        let store = Arc::new(DiskStore::new(folder.path()));
        Arc::new(LocalDispatcher::new(Arc::new(registry()), store))
    });
    let (ours, theirs) = tokio::io::duplex(room);
    let (input, output) = tokio::io::split(theirs);
    let served = tokio::spawn(serve(dispatcher, input, output));
    let (from_worker, to_worker) = tokio::io::split(ours);
    let mut parent = Parent {
        to_worker: Some(to_worker),
        from_worker: BufReader::new(from_worker).lines(),
        served,
        _folder: folder,
    };
    assert_eq!(parent.hear().await, json!({"type": "ready"}));
    parent
}

impl Parent {
    async fn say(&mut self, message: Json) {
        self.say_line(&message.to_string()).await;
    }

    async fn say_line(&mut self, line: &str) {
        let pipe = self.to_worker.as_mut().unwrap();
        pipe.write_all(format!("{line}\n").as_bytes())
            .await
            .unwrap();
    }

    async fn call(&mut self, id: u64, capability: &str, arguments: Json) {
        let call = json!({
            "run": "run", "step": "s1", "attempt": 1, "capability": capability, "provider": "builtin", "version": 1,
            "arguments": arguments, "seed": 1, "idempotency_key": "0".repeat(64),
        });
        self.say(json!({"type": "call", "id": id, "call": call}))
            .await;
    }

    async fn hear(&mut self) -> Json {
        let line = self.from_worker.next_line().await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Closes the worker's input and returns how it ended.
    async fn leave(mut self) -> io::Result<()> {
        let mut pipe = self.to_worker.take().unwrap();
        pipe.shutdown().await.unwrap();
        self.served.await.unwrap()
    }
}

/// Reports progress without end and without ever waiting, until it is cancelled.
struct Chatty;

#[async_trait::async_trait]
impl Dispatcher for Chatty {
    async fn dispatch(&self, call: StepCall, control: StepControl) -> StepOutcome {
        for _ in 0..call.seed {
            (control.progress)(Progress {
                fraction: None,
                message: "still there".to_owned(),
            });
        }
        StepOutcome::Cancelled
    }
}

#[tokio::test]
async fn calls_run_side_by_side_and_are_told_apart() {
    let mut parent = parent(None, 1 << 16).await;
    // Each ends only while the other is in flight.
    parent.call(1, "meet", json!({})).await;
    parent.call(2, "meet", json!({})).await;
    let mut ids = [parent.hear().await, parent.hear().await];
    ids.sort_by_key(|message| message["id"].as_u64());
    for (message, id) in ids.iter().zip(1..) {
        assert_eq!(message["id"], id);
        assert_eq!(message["outcome"]["outputs"], json!({"text": "met"}));
    }
    parent.leave().await.unwrap();
}

#[tokio::test]
async fn a_panic_is_an_outcome_and_the_worker_goes_on() {
    let mut parent = parent(None, 1 << 16).await;
    parent.call(1, "explode", json!({})).await;
    let message = parent.hear().await;
    assert_eq!(message["outcome"]["error"]["code"], "panicked");
    parent.call(2, "repeat", json!({"text": "hello"})).await;
    assert_eq!(parent.hear().await["outcome"]["outcome"], "done");
    parent.leave().await.unwrap();
}

#[tokio::test]
async fn cancelling_reaches_that_call_alone() {
    let mut parent = parent(None, 1 << 16).await;
    parent.call(1, "linger", json!({})).await;
    parent.call(2, "meet", json!({})).await;
    parent.say(json!({"type": "cancel", "id": 1})).await;
    let message = parent.hear().await;
    assert_eq!(
        message,
        json!({"type": "outcome", "id": 1, "outcome": {"outcome": "cancelled"}})
    );
    parent.call(3, "meet", json!({})).await;
    assert_eq!(parent.hear().await["outcome"]["outcome"], "done");
    // A call that has ended, or never was, is nothing to cancel.
    parent.say(json!({"type": "cancel", "id": 1})).await;
    parent.leave().await.unwrap();
}

#[tokio::test]
async fn the_end_of_the_input_cancels_what_listens_and_aborts_what_does_not() {
    let mut parent = parent(None, 1 << 16).await;
    parent.call(1, "linger", json!({})).await;
    parent.call(2, "hang", json!({})).await;
    let Parent {
        to_worker,
        mut from_worker,
        served,
        _folder,
    } = parent;
    to_worker.unwrap().shutdown().await.unwrap();
    let line = from_worker.next_line().await.unwrap().unwrap();
    let message: Json = serde_json::from_str(&line).unwrap();
    assert_eq!(message["id"], 1);
    assert_eq!(message["outcome"]["outcome"], "cancelled");
    served.await.unwrap().unwrap();
    assert_eq!(from_worker.next_line().await.unwrap(), None);
}

#[tokio::test]
async fn progress_does_not_wait_for_a_slow_reader_and_the_outcome_is_not_lost() {
    let mut parent = parent(Some(Arc::new(Chatty)), 256).await;
    let many = 10 * QUEUE_LIMIT as u64;
    let call = json!({
        "run": "run", "step": "s1", "attempt": 1, "capability": "chat", "provider": "builtin", "version": 1,
        "arguments": {}, "seed": many, "idempotency_key": "0".repeat(64),
    });
    parent
        .say(json!({"type": "call", "id": 1, "call": call}))
        .await;
    let mut heard = 0;
    loop {
        let message = parent.hear().await;
        if message["type"] == "outcome" {
            break;
        }
        heard += 1;
    }
    assert!(heard > 0 && heard < many, "{heard} of {many}");
    parent.leave().await.unwrap();
}

#[tokio::test]
async fn a_call_that_cannot_be_read_fails_alone_and_what_is_no_message_ends_the_worker() {
    let mut parent = parent(None, 1 << 16).await;
    parent
        .say(json!({"type": "call", "id": 5, "call": {"what": "?"}}))
        .await;
    let message = parent.hear().await;
    assert_eq!(message["id"], 5);
    assert_eq!(message["outcome"]["error"]["code"], "worker_garbled");
    parent.say_line("hello").await;
    let failure = parent.served.await.unwrap().unwrap_err();
    assert_eq!(failure.kind(), io::ErrorKind::InvalidData);
}

#[tokio::test]
async fn a_reader_that_is_gone_ends_the_worker() {
    let mut parent = parent(None, 1 << 16).await;
    parent.call(1, "hang", json!({})).await;
    parent.call(2, "repeat", json!({"text": "hello"})).await;
    let Parent {
        to_worker,
        from_worker,
        served,
        _folder,
    } = parent;
    drop((to_worker, from_worker));
    // Whether the end of the input or the broken output is noticed first is open; that it ends is not.
    let _ = served.await.unwrap();
}

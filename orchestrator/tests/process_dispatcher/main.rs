//! Calls over real worker processes: the same results, and nothing left of what does not end.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot set up has failed"
)]

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use medley_orchestrator::{
    Dispatcher, ProcessDispatcher, Progress, StepCall, StepError, StepOutcome, Value, WorkerCommand,
};
use tempfile::TempDir;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use self::calls::{call, control};

#[path = "../support/calls.rs"]
mod calls;
#[path = "../support/tools.rs"]
mod tools;
#[path = "../support/workers.rs"]
mod workers;

mod cancelling;
mod endings;
mod results;

/// Only reached when something that must end does not.
const PATIENCE: Duration = Duration::from_secs(30);

/// A dispatcher with the folder that its workers keep artifacts in.
struct House {
    folder: TempDir,
    dispatcher: Arc<ProcessDispatcher>,
}

fn house(workers: usize) -> House {
    house_of(|command| ProcessDispatcher::new(command, workers))
}

/// One worker, which may take its time to notice a cancel on a busy machine.
fn patient_house() -> House {
    house_of(|command| ProcessDispatcher::new(command, 1).with_cancel_grace(PATIENCE))
}

fn house_of(dispatcher: impl FnOnce(WorkerCommand) -> ProcessDispatcher) -> House {
    let folder = tempfile::tempdir().unwrap();
    let command = workers::step_worker(folder.path());
    House {
        folder,
        dispatcher: Arc::new(dispatcher(command)),
    }
}

/// A call that somebody waits for.
struct Started {
    cancel: CancellationToken,
    progress: mpsc::UnboundedReceiver<Progress>,
    outcome: JoinHandle<StepOutcome>,
}

impl House {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, call: StepCall) -> Started {
        start(&self.dispatcher, call)
    }

    /// Starts a call and comes back when its tool says that it runs.
    async fn start_and_see(&self, call: StepCall) -> Started {
        let mut started = self.start(call);
        let progress = in_time(started.progress.recv()).await;
        assert_eq!(progress.unwrap().message, "started");
        started
    }

    async fn run(&self, call: StepCall) -> StepOutcome {
        in_time(self.start(call).outcome).await.unwrap()
    }

    async fn process_id(&self) -> String {
        text_of(&self.run(call("process_id", [])).await)
    }
}

fn start(dispatcher: &Arc<ProcessDispatcher>, call: StepCall) -> Started {
    let (control, progress) = control();
    let cancel = control.cancel.clone();
    let dispatcher = Arc::clone(dispatcher);
    let outcome = tokio::spawn(async move { dispatcher.dispatch(call, control).await });
    Started {
        cancel,
        progress,
        outcome,
    }
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it does not end")
}

fn path_value(path: &Path) -> Value {
    Value::from(path.to_str().unwrap())
}

fn text_of(outcome: &StepOutcome) -> String {
    match outcome {
        StepOutcome::Done { outputs, .. } => outputs["text"].to_string(),
        other => panic!("it gave nothing: {other:?}"),
    }
}

fn error_of(outcome: StepOutcome) -> StepError {
    match outcome {
        StepOutcome::Failed { error, .. } => error,
        other => panic!("it should have failed: {other:?}"),
    }
}

/// Comes back when nobody holds the lock any more, that is when whoever had it is gone.
async fn unlocked(path: &Path) {
    let path = path.to_owned();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // Not a task of the runtime, which would wait for it even after the test has given up.
    std::thread::spawn(move || sender.send(File::open(path).and_then(|file| file.lock())));
    in_time(receiver).await.unwrap().unwrap();
}

fn is_locked(path: &Path) -> bool {
    let file = File::open(path).unwrap();
    matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

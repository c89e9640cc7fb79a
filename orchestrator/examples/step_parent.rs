//! A program that calls one tool over a worker process and waits, so that a test can kill it in the middle.
//!
//! `step_parent WORKER STORE LOCK` calls `spawn_child` with the lock file and prints every progress message.

use std::{error::Error, path::PathBuf, process::ExitCode, sync::Arc};

use medley_orchestrator::{Dispatcher, ProcessDispatcher, StepOutcome, WorkerCommand};

#[path = "../tests/support/calls.rs"]
mod calls;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(outcome) => eprintln!("step_parent: the call ended: {outcome:?}"),
        Err(error) => eprintln!("step_parent: {error}"),
    }
    ExitCode::FAILURE
}

async fn run() -> Result<StepOutcome, Box<dyn Error>> {
    let [worker, store, lock] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "name the worker, the store and the lock file")?;
    let command = WorkerCommand {
        program: PathBuf::from(worker),
        arguments: vec![store.into()],
        environment: Vec::new(),
    };
    let dispatcher = Arc::new(ProcessDispatcher::new(command, 1));
    let (control, mut progress) = calls::control();
    let call = calls::call("spawn_child", [("lock", lock.into())]);
    let calling = tokio::spawn(async move { dispatcher.dispatch(call, control).await });
    while let Some(progress) = progress.recv().await {
        println!("{}", progress.message);
    }
    Ok(calling.await?)
}

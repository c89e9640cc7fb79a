//! A worker process with the test tools: what a program must do to be called by a process dispatcher, and what the
//! engine's tests call.
//!
//! `step_worker STORE`, with the folder of the artifact store; it speaks over stdin and stdout.

use std::{ffi::OsString, io, process::ExitCode, sync::Arc};

use medley_orchestrator::{DiskStore, LocalDispatcher, serve_standard_streams};

#[path = "../tests/support/tools.rs"]
mod tools;

#[tokio::main]
async fn main() -> ExitCode {
    match run(std::env::args_os().nth(1)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("step_worker: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(store: Option<OsString>) -> io::Result<()> {
    let store = store.ok_or_else(|| io::Error::other("name the folder of the artifact store"))?;
    let registry = tools::registry().map_err(io::Error::other)?;
    let dispatcher = LocalDispatcher::new(Arc::new(registry), Arc::new(DiskStore::new(store)));
    serve_standard_streams(Arc::new(dispatcher)).await
}

//! Finds the programs that tests start.

use std::path::{Path, PathBuf};

use medley_orchestrator::WorkerCommand;

/// The path of one of this package's examples, which `cargo test` builds beside the tests.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in `deps`");
    let program = folder
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not built: run `cargo build -p medley-orchestrator --examples`",
        program.display()
    );
    program
}

/// Starts a worker with the tools of `tools.rs` and the store in `store`.
pub(crate) fn step_worker(store: &Path) -> WorkerCommand {
    WorkerCommand {
        program: example("step_worker"),
        arguments: vec![store.into()],
        environment: Vec::new(),
    }
}

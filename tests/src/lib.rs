//! What the end-to-end tests share: the built command, a home that is fetched into once, and the samples.
//!
//! The tests themselves run the `medley` command as a person would.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// The repository's root.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
}

/// A file in `samples/`.
#[must_use]
pub fn sample(name: &str) -> PathBuf {
    repository().join("samples").join(name)
}

/// The home that tests share, so that models are fetched once a machine and not once a test.
#[must_use]
pub fn shared_home() -> PathBuf {
    std::env::var_os("MEDLEY_TEST_HOME").map_or_else(
        || repository().join("target").join("medley-test-home"),
        PathBuf::from,
    )
}

/// The `medley` command, away from the person's own configuration.
///
/// # Panics
/// When the command was not built; `cargo test --workspace` builds it.
#[must_use]
pub fn medley(home: &Path) -> Command {
    Command::from_std(process(home))
}

/// The same as a process that a test talks with while it runs.
///
/// # Panics
/// As [`medley()`].
#[must_use]
pub fn process(home: &Path) -> std::process::Command {
    let mut command = std::process::Command::new(built("medley"));
    let own = |name: &str| name.starts_with("MEDLEY_") || name == "ORT_DYLIB_PATH";
    for (variable, _) in std::env::vars_os() {
        if variable.to_str().is_some_and(own) {
            command.env_remove(variable);
        }
    }
    command.env_remove("RUST_LOG");
    command
        .env("MEDLEY_HOME", home)
        .env("XDG_CONFIG_HOME", home.join("no-configuration"));
    command
}

/// An executable of the same build as this test, such as `medley` or `examples/own_tool`.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let folder = test
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("."));
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

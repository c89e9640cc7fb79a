//! Workflows through the command: scripts of one's own, those that come with Medley, and runs that were interrupted.

#[path = "../../../models/tests/support/chat_server.rs"]
mod chat_server;

mod bundled;
mod models;
mod own;
mod resuming;
mod tables;

use std::{fs, path::Path};

use medley_tests::{medley, sample, shared_home};
use serde_json::Value as Json;
use tempfile::TempDir;

/// Runs `medley` in a folder, with the models that all tests share.
fn run(folder: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = medley(&shared_home());
    let output = command.current_dir(folder).args(arguments).output();
    output.unwrap()
}

fn result(folder: &Path, arguments: &[&str]) -> Json {
    let output = run(folder, &[arguments, &["--json", "-o", "out"]].concat());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn words(result: &Json) -> Vec<&str> {
    let parts = result["answer"].as_array().unwrap().iter();
    parts.filter_map(|part| part["text"].as_str()).collect()
}

fn files(result: &Json) -> Vec<&str> {
    let parts = result["answer"].as_array().unwrap().iter();
    parts.filter_map(|part| part["path"].as_str()).collect()
}

fn path(name: &str) -> String {
    sample(name).to_str().unwrap().to_owned()
}

fn script(folder: &TempDir, text: &str) -> String {
    let path = folder.path().join("own.rhai");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

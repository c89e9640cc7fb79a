//! The command's own face: help, tools, schemas and exit codes, held stable.

use medley_tests::{medley, repository, shared_home};
use predicates::prelude::*;

/// What the command prints where nothing was fetched.
fn stdout_of(arguments: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let output = medley(home.path()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_lists_the_exit_codes() {
    let help = stdout_of(&["--help"]);
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "130"] {
        assert!(help.contains(&format!("  {code}")), "{code} in {help}");
    }
}

#[test]
fn the_schemas_of_plan_event_and_result_are_stable() {
    insta::assert_snapshot!("plan_schema", stdout_of(&["schema", "plan"]));
    insta::assert_snapshot!("event_schema", stdout_of(&["schema", "event"]));
    insta::assert_snapshot!("result_schema", stdout_of(&["schema", "result"]));
}

#[test]
fn the_list_of_tools_is_stable() {
    insta::assert_snapshot!("tools", stdout_of(&["tools"]));
    insta::assert_snapshot!("tool_ocr", stdout_of(&["tools", "show", "ocr"]));
}

#[test]
fn planners_are_tested_with_the_tools_that_there_are() {
    let listed: serde_json::Value = serde_json::from_str(&stdout_of(&["tools", "--json"])).unwrap();
    let fixture = repository().join("planners/fixtures/capabilities.json");
    let fixture: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(fixture).unwrap()).unwrap();
    let listed: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["capability"].clone())
        .collect();
    assert_eq!(
        listed, fixture,
        "write the capabilities of `medley tools --json` to planners/fixtures/capabilities.json"
    );
}

#[test]
fn an_unknown_tool_is_a_usage_error() {
    medley(&shared_home())
        .args(["tools", "show", "telepathy"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("`medley tools` lists all"));
}

#[test]
fn unknown_arguments_are_usage_errors_and_version_is_printed() {
    medley(&shared_home()).arg("--nonsense").assert().code(2);
    assert!(stdout_of(&["--version"]).starts_with("medley "));
}

#[test]
fn completions_exist_for_every_common_shell() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(
            stdout_of(&["completions", shell]).contains("medley"),
            "{shell}"
        );
    }
}

#[test]
fn models_can_be_listed_without_network() {
    let home = tempfile::tempdir().unwrap();
    let output = medley(home.path())
        .args(["models", "list", "--json"])
        .env("MEDLEY_OFFLINE", "1")
        .output()
        .unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["name"].as_str().unwrap())
        .collect();
    for name in ["onnxruntime", "pp-ocr", "all-minilm-l6-v2", "espeak-ng"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

//! `medley eval taskbench`: plans are compared with those that people made.

#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{fs, path::PathBuf};

use assert_cmd::Command;
use chat_server::{ChatServer, Script};
use medley_tests::{medley, repository, shared_home};
use predicates::prelude::*;
use serde_json::Value as Json;

fn fixture(name: &str) -> PathBuf {
    repository().join("tests/fixtures/taskbench").join(name)
}

fn eval(planner: &str) -> Command {
    let mut command = medley(&shared_home());
    command
        .args(["eval", "taskbench", "--planner", planner, "--gold"])
        .arg(fixture("gold.jsonl"))
        .arg("--tools")
        .arg(fixture("tools.json"));
    command
}

fn predictions() -> String {
    format!("file:{}", fixture("predictions.jsonl").display())
}

fn scores(command: &mut Command) -> Json {
    let output = command
        .arg("--json")
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    serde_json::from_slice(&output).unwrap()
}

#[test]
fn plans_in_a_file_are_compared() {
    let scores = scores(&mut eval(&predictions()));
    // Seven tools were to be found in the two plans that can be read; four were named, three of them right.
    assert_eq!(scores["n"], 2);
    assert_eq!(scores["invalid"], 1);
    let node = scores["node_f1"].as_f64().unwrap();
    assert!((node - 100.0 * 6.0 / 7.0).abs() < 0.01, "{node}");
    assert_eq!(scores["edge_f1"], 0.0);
    assert_eq!(scores["by_type"]["single"]["node_f1"], 100.0);
    assert_eq!(scores["by_type"]["chain"]["invalid"], 1);
}

#[test]
fn repair_is_measured_before_and_after() {
    let mut command = eval(&predictions());
    let assert = command.args(["--repair", "--json"]).assert().success();
    let output = assert.get_output();
    let scores: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(scores["node_f1"], 100.0);
    assert_eq!(scores["edge_f1"], 100.0);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("of 2 plans, 1 were invalid before repair and 0 are after it"),
        "{said}"
    );
}

#[test]
fn edges_can_be_read_from_links_and_invented_names_count() {
    let mut command = eval(&predictions());
    let scores = scores(command.args(["--edges", "links", "--invented", "wrong"]));
    // One of two links is right; one of four names is invented.
    assert_eq!(scores["edge_f1"], 50.0);
    assert_eq!(scores["node_f1"], 75.0);
}

#[test]
fn published_scores_stand_beside_the_table() {
    let mut command = eval(&predictions());
    command.arg("--published").arg(fixture("published.csv"));
    command
        .assert()
        .success()
        .stdout(predicate::str::contains("somebody").and(predicate::str::contains("chain")));
}

#[test]
fn the_embedded_planner_plans_over_tools_that_are_only_described() {
    let scores = scores(&mut eval("embedded"));
    assert_eq!(scores["n"], 4);
    assert!(scores["node_f1"].as_f64().unwrap() > 80.0, "{scores}");
    assert!(scores["edge_f1"].as_f64().unwrap() > 60.0, "{scores}");
}

/// The scores of the plans that a language model makes which answers each request in turn with one of these, and what
/// was said beside them.
async fn scores_of_model(replies: &[&str]) -> (Json, String, ChatServer) {
    let scripts: Vec<Script> = replies.iter().map(|reply| Script::saying(reply)).collect();
    let server = ChatServer::start(scripts).await;
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("config.toml");
    let tables = format!(
        "[llm.desk]\nbase_url = \"{}\"\nmodel = \"small\"\n",
        server.url()
    );
    fs::write(&configuration, tables).unwrap();
    let output = tokio::task::spawn_blocking(move || {
        let mut command = eval("llm");
        command.arg("--json").arg("--config").arg(configuration);
        command.output().unwrap()
    });
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    (
        serde_json::from_slice(&output.stdout).unwrap(),
        said,
        server,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_plans_over_the_tools_of_the_list() {
    let (scores, said, server) = scores_of_model(&[
        r#"{"id":"s1","tool":"photo_sharpener","args":{"image":"$input1"}}
{"answer":["$s1"]}"#,
        r#"{"id":"s1","tool":"letter_reader","args":{"image":"$input1"}}
{"id":"s2","tool":"polite_rewriter","args":{"text":"$s1"}}
{"id":"s3","tool":"text_narrator","args":{"text":"$s2"}}
{"answer":["$s3"]}"#,
        // One of three tools is missing.
        r#"{"id":"s1","tool":"clip_soundtrack","args":{"video":"$input1"}}
{"id":"s2","tool":"sound_mixer","args":{"audio":"$s1","audio_2":"$input2"}}
{"answer":["$s2"]}"#,
        r#"{"decline":"nothing here describes photos"}"#,
    ])
    .await;
    assert_eq!(scores["n"], 4);
    // Of nine tools six are there and no others; of four edges three; of nine types six; of ten values seven.
    for (figure, expected) in [
        ("node_f1", 80.0),
        ("edge_f1", 600.0 / 7.0),
        ("type_f1", 80.0),
        ("value_f1", 1400.0 / 17.0),
    ] {
        let measured = scores[figure].as_f64().unwrap();
        assert!((measured - expected).abs() < 0.01, "{figure}: {scores:#}");
    }
    assert_eq!(scores["by_type"]["dag"]["edge_f1"], 100.0);
    assert!(said.contains("1 requests were declined"), "{said}");
    assert!(!said.contains("embedded planner"), "{said}");
    let received = server.received();
    assert_eq!(received.len(), 4, "a valid plan costs one call");
    let asked = &received[2].body;
    assert!(
        asked.contains("sound_mixer(audio: audio, audio_2: audio)"),
        "{asked}"
    );
    assert!(asked.contains("party.mp4"), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_are_not_the_models_are_said_to_be_none_of_its() {
    let (scores, said, server) = scores_of_model(&["I would rather not write a plan."]).await;
    assert_eq!(scores["n"], 4);
    assert!(
        said.contains("4 of 4 plans are the embedded planner's"),
        "{said}"
    );
    assert_eq!(server.received().len(), 8, "each request is asked twice");
}

/// The command over tools that have named parameters and no types.
fn eval_untyped(planner: &str) -> Command {
    let mut command = medley(&shared_home());
    command
        .args(["eval", "taskbench", "--planner", planner, "--gold"])
        .arg(fixture("errands_gold.jsonl"))
        .arg("--tools")
        .arg(fixture("errands_tools.json"));
    command
}

#[test]
fn tools_without_types_can_be_planned_over_and_measured() {
    let measured = scores(&mut eval_untyped("embedded"));
    assert_eq!(measured["n"], 4);
    assert!(measured["node_f1"].as_f64().unwrap() > 80.0, "{measured}");
    let plans = format!("file:{}", fixture("errands_predictions.jsonl").display());
    let measured = scores(&mut eval_untyped(&plans));
    // Both tools are right, and so is the link between them; of two names of arguments one, and of two values none.
    assert_eq!(measured["node_f1"], 100.0);
    assert_eq!(measured["edge_f1"], 100.0);
    assert_eq!(measured["type_f1"], 50.0);
    assert_eq!(measured["value_f1"], 0.0);
}

#[test]
fn what_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.jsonl");
    fs::write(&broken, "{\"id\": \"1\", \"task_nodes\": []}\n{\"id\": \n").unwrap();
    eval(&format!("file:{}", broken.display()))
        .assert()
        .code(2)
        .stderr(predicate::str::contains("broken.jsonl").and(predicate::str::contains("line 2")));
    eval("file:/nowhere/plans.jsonl")
        .assert()
        .code(2)
        .stderr(predicate::str::contains("/nowhere/plans.jsonl"));
    eval("oracle")
        .assert()
        .code(2)
        .stderr(predicate::str::contains("file:PREDICTIONS"));
    eval("llm")
        .assert()
        .code(2)
        .stderr(predicate::str::contains("no language model plans here"));
}

/// The public sample, where it lies beside the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let path = repository().join("../shared/data/taskbench").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

#[test]
fn real_plans_are_better_after_repair() {
    let Some(gold) = shared("multimedia_sample.jsonl") else {
        return;
    };
    for model in ["CodeLlama-13b", "mistral-7b"] {
        let Some(plans) = shared(&format!("predictions/{model}_direct.json")) else {
            return;
        };
        let measure = |repair: bool| {
            let mut command = medley(&shared_home());
            command.args([
                "eval",
                "taskbench",
                "--edges",
                "links",
                "--invented",
                "wrong",
                "--gold",
            ]);
            command
                .arg(&gold)
                .arg("--tools")
                .arg(gold.with_file_name("multimedia_tools.json"));
            command
                .arg("--planner")
                .arg(format!("file:{}", plans.display()));
            command.args(repair.then_some("--repair"));
            scores(&mut command)
        };
        let (raw, repaired) = (measure(false), measure(true));
        for figure in ["node_f1", "edge_f1"] {
            let better = repaired[figure].as_f64() > raw[figure].as_f64();
            assert!(
                better,
                "{model}: {figure} {} to {}",
                raw[figure], repaired[figure]
            );
        }
    }
}

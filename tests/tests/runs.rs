//! What is kept of runs: listing, showing, resuming, answering, exporting and forgetting them.

use std::{fs, path::Path};

use medley_tests::{medley, sample};
use predicates::prelude::*;
use serde_json::Value as Json;

/// Two picture steps, the second on the first, and a third beside them.
const PLAN: &str = r#"{"steps":[
    {"id":"grey","tool":"grayscale_image","args":{"image":"$input1"}},
    {"id":"small","tool":"resize_image","args":{"image":"$grey","width":64}},
    {"id":"info","tool":"image_info","args":{"image":"$input1"}}]}"#;

fn exec(home: &Path, arguments: &[&str]) -> std::process::Output {
    medley(home)
        .args(["exec", "-", "-q", "-a"])
        .arg(sample("sign.png"))
        .arg("-o")
        .arg(home.join("out"))
        .args(arguments)
        .write_stdin(PLAN)
        .output()
        .unwrap()
}

fn json_of(home: &Path, arguments: &[&str]) -> Json {
    let output = medley(home).args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {output:?}"))
}

fn step_statuses(result: &Json) -> Vec<&str> {
    let steps = result["steps"].as_array().unwrap().iter();
    steps.map(|step| step["status"].as_str().unwrap()).collect()
}

#[test]
fn a_run_is_listed_shown_and_resumed_without_doing_anything_again() {
    let home = tempfile::tempdir().unwrap();
    let first: Json = serde_json::from_slice(&exec(home.path(), &["--json"]).stdout).unwrap();
    assert_eq!(step_statuses(&first), ["done", "done", "done"]);
    let run = first["run"].as_str().unwrap();

    let runs = json_of(home.path(), &["runs", "list", "--json"]);
    assert_eq!(runs[0]["id"], run);
    assert_eq!(runs[0]["status"], "succeeded");

    let shown = medley(home.path()).args(["runs", "show", run]).assert();
    shown.success().stdout(
        predicate::str::contains("grayscale_image").and(predicate::str::contains("critical path")),
    );
    for (format, needle) in [
        ("mermaid", "flowchart"),
        ("dot", "digraph"),
        ("json", "\"edges\""),
    ] {
        medley(home.path())
            .args(["runs", "show", "--last", "--format", format])
            .assert()
            .success()
            .stdout(predicate::str::contains(needle));
    }

    let folder = home.path().join("again");
    let folder = folder.to_str().unwrap();
    let resumed = json_of(
        home.path(),
        &["runs", "resume", "--last", "--json", "-q", "-o", folder],
    );
    assert_eq!(resumed["run"], run);
    let steps = |result: &Json| result["steps"].as_array().unwrap().clone();
    for (before, after) in steps(&first).iter().zip(steps(&resumed)) {
        assert_eq!(before["ms"], after["ms"], "the record, not a second time");
        assert_eq!(before["outputs"], after["outputs"]);
    }
}

#[test]
fn what_was_done_in_one_run_is_known_in_the_next_until_it_is_forgotten() {
    let home = tempfile::tempdir().unwrap();
    exec(home.path(), &[]);
    let second: Json = serde_json::from_slice(&exec(home.path(), &["--json"]).stdout).unwrap();
    assert_eq!(step_statuses(&second), ["cached", "cached", "cached"]);
    let usage = json_of(home.path(), &["cache", "info", "--json"]);
    assert_eq!(usage["results"], 3);
    medley(home.path())
        .args(["cache", "prune", "--limit", "0"])
        .assert()
        .success()
        .stdout(predicate::str::contains("1 results forgotten"));
    // The pictures of a kept run stay known; forgetting all is said in another word.
    let pruned: Json = serde_json::from_slice(&exec(home.path(), &["--json"]).stdout).unwrap();
    assert_eq!(step_statuses(&pruned), ["cached", "cached", "done"]);
    medley(home.path())
        .args(["cache", "clear"])
        .assert()
        .success();
    let third: Json = serde_json::from_slice(&exec(home.path(), &["--json"]).stdout).unwrap();
    assert_eq!(step_statuses(&third), ["done", "done", "done"]);
    medley(home.path())
        .args(["cache", "prune", "--limit", "many"])
        .assert()
        .code(2);
}

#[test]
fn events_are_lines_and_the_last_one_is_the_result() {
    let home = tempfile::tempdir().unwrap();
    let output = exec(home.path(), &["--json-events"]);
    let lines: Vec<Json> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let schema = json_of(home.path(), &["schema", "event"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    for line in &lines {
        assert!(validator.is_valid(line), "{line}");
    }
    assert_eq!(lines[0]["event"], "run_started");
    let result = lines.last().unwrap();
    assert_eq!(result["event"], "result");
    assert_eq!(result["status"], "succeeded");
    assert_eq!(result["steps"].as_array().unwrap().len(), 3);
    for kind in [
        "planned",
        "step_ready",
        "step_started",
        "step_finished",
        "artifact",
        "run_finished",
    ] {
        assert!(lines.iter().any(|line| line["event"] == kind), "{kind}");
    }
}

#[test]
fn a_run_that_asks_ends_with_four_and_goes_on_with_the_answer() {
    let home = tempfile::tempdir().unwrap();
    let configuration = home.path().join("config.toml");
    fs::write(&configuration, "[policy]\npure = \"ask\"\n").unwrap();
    let configured = ["--config", configuration.to_str().unwrap()];
    let asked = exec(home.path(), &[&configured[..], &["--json"]].concat());
    assert_eq!(asked.status.code(), Some(4), "{asked:?}");
    let mut result: Json = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(result["status"], "waiting");
    let run = result["run"].as_str().unwrap().to_owned();
    medley(home.path())
        .args(["runs", "answer", &run, "grey.approve", "perhaps"])
        .args(configured)
        .assert()
        .code(2)
        .stderr(predicate::str::contains("answer yes or no"));
    medley(home.path())
        .args(["runs", "answer", &run, "nothing", "yes"])
        .args(configured)
        .assert()
        .code(2)
        .stderr(predicate::str::contains("grey.approve"));
    for question in ["grey.approve", "info.approve", "small.approve"] {
        let mut arguments = vec!["runs", "answer", &run, question, "yes", "--json", "-q"];
        arguments.extend(configured);
        let output = home.path().join("out").to_str().unwrap().to_owned();
        arguments.extend(["-o", &output]);
        result = json_of(home.path(), &arguments);
    }
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(step_statuses(&result), ["done", "done", "done"]);
}

#[test]
fn a_run_is_exported_with_its_files_and_forgotten() {
    let home = tempfile::tempdir().unwrap();
    exec(home.path(), &[]);
    let folder = home.path().join("exported");
    medley(home.path())
        .args(["runs", "export", "--last", "-o"])
        .arg(&folder)
        .assert()
        .success();
    let record: Json = serde_json::from_slice(&fs::read(folder.join("run.json")).unwrap()).unwrap();
    assert_eq!(record["run"]["steps"].as_array().unwrap().len(), 3);
    for file in record["files"].as_array().unwrap() {
        assert!(Path::new(file["path"].as_str().unwrap()).exists(), "{file}");
    }
    let events = fs::read_to_string(folder.join("events.jsonl")).unwrap();
    assert!(events.lines().count() > 10);
    medley(home.path())
        .args(["runs", "export", "--last", "-o"])
        .arg(&folder)
        .assert()
        .code(2)
        .stderr(predicate::str::contains("run.json is there already"));
    let run = record["run"]["run"]["id"].as_str().unwrap();
    medley(home.path())
        .args(["runs", "rm", run])
        .assert()
        .success();
    for arguments in [vec!["runs", "show", run], vec!["runs", "resume", "--last"]] {
        medley(home.path())
            .args(&arguments)
            .assert()
            .code(2)
            .stderr(predicate::str::contains("hint:"));
    }
}

#[test]
fn events_end_with_a_result_when_nothing_can_be_run_too() {
    let home = tempfile::tempdir().unwrap();
    let output = medley(home.path())
        .args(["exec", "-", "--json-events"])
        .write_stdin(r#"{"steps":[{"id":"a","tool":"no_such_tool"}]}"#)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let last: Json = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"], "result");
    assert_eq!(last["error"]["code"], "invalid_plan", "{last:#}");
}

#[test]
fn a_damaged_journal_is_said_and_nothing_is_lost() {
    let home = tempfile::tempdir().unwrap();
    let journal = home.path().join("journal.sqlite");
    fs::write(
        &journal,
        "this is no database, and long enough to be looked at as one",
    )
    .unwrap();
    let output = exec(home.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("journal") && said.contains("hint:"), "{said}");
    assert!(
        fs::read_to_string(&journal)
            .unwrap()
            .starts_with("this is no")
    );
}

#[test]
fn plans_are_drawn_and_conditions_lists_and_retries_are_understood() {
    let home = tempfile::tempdir().unwrap();
    let plan = r#"{"steps":[
        {"id":"sizes","tool":"resize_image","for_each":[16,32],"args":{"image":"$input1","width":"$item"}},
        {"id":"never","tool":"flip_image","when":{"value":"","is":"not_empty"},"args":{"image":"$input1"},"retry":1},
        {"id":"sized","tool":"image_info","for_each":"$sizes","args":{"image":"$item"}}],
        "answer":["$sized.width","$never"]}"#;
    medley(home.path())
        .args(["exec", "-", "-a"])
        .arg(sample("sign.png"))
        .write_stdin(plan)
        .current_dir(home.path())
        .assert()
        .code(0)
        .stdout("16\n32\n")
        .stderr(predicate::str::contains("never (flip_image) was left out"));
}

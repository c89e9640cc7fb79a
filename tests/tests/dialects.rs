//! `medley exec` with plans as language models write them.

use std::fs;

use medley_tests::{medley, sample, shared_home};
use predicates::prelude::*;
use serde_json::Value as Json;

/// The same two steps in the forms that papers made known, whole and damaged.
const PLANS: [(&str, &str); 9] = [
    (
        "JSON Lines",
        "{\"id\":\"s1\",\"tool\":\"grayscale_image\",\"args\":{\"image\":\"$input1\"}}\n\
         {\"id\":\"s2\",\"tool\":\"image_info\",\"args\":{\"image\":\"$s1\"}}",
    ),
    (
        "JSON in a fence, with comments and trailing commas",
        "Sure! Here is the plan:\n```json\n{\"steps\": [ // two of them\n\
         {\"id\": \"s1\", \"tool\": \"grayscale_image\", \"args\": {\"image\": \"$input1\"},},\n\
         {\"id\": \"s2\", \"tool\": \"image_info\", \"args\": {\"image\": \"$s1\"}},],}\n```\nAnything else?",
    ),
    (
        "HuggingGPT",
        r#"[{"task": "grayscale-image", "id": 0, "dep": [-1], "args": {"image": "$input1"}},
            {"task": "image-info", "id": 1, "dep": [0], "args": {"image": "<GENERATED>-0"}}]"#,
    ),
    (
        "TaskBench",
        r#"{"task_steps": ["Step 1: make it grey", "Step 2: measure it"],
            "task_nodes": [{"task": "Grayscale Image", "arguments": ["$input1"]},
                           {"task": "Image Info", "arguments": ["<node-0>"]}],
            "task_links": [{"source": "Grayscale Image", "target": "Image Info"}]}"#,
    ),
    (
        "LLMCompiler",
        "Thought: first grey, then measure.\n1. grayscale_image(image=\"$input1\")\n2. image_info(image=\"$1\")\n3. join()",
    ),
    (
        "VisProg",
        "GREY=GRAYSCALE_IMAGE(image=\"$input1\")\nINFO=IMAGE_INFO(image=GREY)\nFINAL=RESULT(var=INFO)",
    ),
    (
        "tool calls",
        r#"{"tool_calls": [{"id": "call_1", "type": "function", "function":
            {"name": "image_info", "arguments": "{\"image\": \"$input1\"}"}}]}"#,
    ),
    (
        "ReAct",
        "Thought: Do I need to use a tool? Yes\nAction: image_info\nAction Input: $input1",
    ),
    (
        "single quotes and Python's constants",
        "{'steps': [{'id': 's1', 'tool': 'image_info', 'args': {'image': '$input1'}}]}",
    ),
];

#[test]
fn plans_run_in_every_form_in_which_models_write_them() {
    let folder = tempfile::tempdir().unwrap();
    for (form, plan) in PLANS {
        let output = medley(&shared_home())
            .args(["exec", "-", "--json", "-a"])
            .arg(sample("sign.png"))
            .write_stdin(plan)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let result: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["status"], "succeeded", "{form}: {result:#}");
        let steps = result["steps"].as_array().unwrap();
        let last = steps.last().unwrap();
        assert_eq!(last["tool"], "image_info", "{form}");
        let is_two = steps.len() == 2 && steps[0]["tool"] == "grayscale_image";
        assert!(steps.len() == 1 || is_two, "{form}: {result:#}");
    }
}

#[test]
fn what_was_put_right_is_said() {
    let folder = tempfile::tempdir().unwrap();
    medley(&shared_home())
        .args(["exec", "-", "-a"])
        .arg(sample("sign.png"))
        .write_stdin(r#"[{"task": "greyscale-image", "id": 0, "dep": [-1], "args": {"image": "/photos/sign.jpg"}}]"#)
        .current_dir(folder.path())
        .assert()
        .code(0)
        .stderr(
            predicate::str::contains("read as HuggingGPT")
                .and(predicate::str::contains("put right: "))
                .and(predicate::str::contains("grayscale_image")),
        );
}

#[test]
fn our_own_form_is_put_right_only_when_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    let near = r#"{"steps":[{"id":"s1","tool":"grayscale_picture","args":{"image":"$input1"}}]}"#;
    fs::write(&plan, near).unwrap();
    let exec = |more: &[&str]| {
        let mut command = medley(&shared_home());
        command
            .arg("exec")
            .arg(&plan)
            .args(more)
            .arg("-a")
            .arg(sample("sign.png"))
            .current_dir(folder.path());
        command.assert()
    };
    exec(&[]).code(2).stderr(predicate::str::contains(
        "there is no tool `grayscale_picture`",
    ));
    exec(&["--repair"])
        .code(0)
        .stderr(predicate::str::contains("put right: "));
}

#[test]
fn a_plan_that_was_cut_off_runs_only_when_that_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let cut =
        r#"{"steps":[{"id":"s1","tool":"image_info","args":{"image":"$input1"}},{"id":"s2","to"#;
    let exec = |more: &[&str]| {
        let mut command = medley(&shared_home());
        command
            .args(["exec", "-"])
            .args(more)
            .arg("-a")
            .arg(sample("sign.png"))
            .write_stdin(cut)
            .current_dir(folder.path());
        command.assert()
    };
    exec(&[]).code(2).stderr(
        predicate::str::contains("cut off behind step s1")
            .and(predicate::str::contains("--repair")),
    );
    exec(&["--repair"]).code(0);
}

//! What people type by mistake: it is said what is wrong with it, and nothing runs.

use std::{fs, path::Path};

use medley_tests::{medley, repository, sample, shared_home};

/// What the command said on standard error, and the code that it ended with.
fn said(home: &Path, arguments: &[&str], input: &str) -> (String, Option<i32>) {
    let output = medley(home)
        .args(arguments)
        .write_stdin(input)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (said, output.status.code())
}

#[test]
fn a_long_request_that_nobody_understands_is_not_repeated_whole() {
    let request = "gibberish".repeat(2_000);
    let (said, code) = said(&shared_home(), &["plan", &request], "");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("gibberish") && said.contains('…'), "{said}");
    assert!(said.len() < 1_000, "{} bytes", said.len());
}

#[test]
fn a_text_without_a_plan_is_said_to_have_none() {
    let home = tempfile::tempdir().unwrap();
    for (plan, message) in [
        ("", "the plan is empty"),
        (" \n\n", "the plan is empty"),
        ("I would read the sign first.", "the text holds no plan"),
        ("Action: \nAction Input: ", "the text holds no plan"),
        ("[1, 2", "the plan is not JSON"),
        ("{\"steps\": 3}", "no list `steps`"),
    ] {
        let (said, code) = said(home.path(), &["exec", "-"], plan);
        assert_eq!(code, Some(2), "{plan:?}: {said}");
        assert!(said.contains(message), "{plan:?}: {said}");
    }
}

#[test]
fn a_plan_for_a_file_that_is_not_attached_is_told_to_attach_it() {
    let home = tempfile::tempdir().unwrap();
    let plan = r#"{"steps":[{"id":"s1","tool":"image_info","args":{"image":"$input1"}}]}"#;
    let (alone, code) = said(home.path(), &["exec", "-"], plan);
    assert_eq!(code, Some(2));
    assert!(alone.contains("no file is attached"), "{alone}");
    let (nameless, _) = said(home.path(), &["exec", "-"], "{\"steps\":[{}]}");
    assert!(!nameless.contains("\n  : "), "{nameless}");
    assert!(nameless.contains("the step has no `tool`"), "{nameless}");
}

#[test]
fn a_name_that_the_session_does_not_know_stands_for_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let sign = sample("sign.png");
    let out = folder.path().to_str().unwrap();
    let arguments = ["chat", "-o", out, "-a", sign.to_str().unwrap()];
    let (said, code) = said(&shared_home(), &arguments, "make img9 grey\n/attach\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("speaks of img9"), "{said}");
    assert!(said.contains("it does not say which file"), "{said}");
    let made = fs::read_dir(folder.path()).map(Iterator::count);
    assert_eq!(made.unwrap_or_default(), 0, "nothing was made of img1");
}

#[test]
fn a_measure_over_nothing_is_no_measure() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let fixture = |name: &str| {
        let path = repository().join("tests/fixtures/taskbench").join(name);
        path.to_str().unwrap().to_owned()
    };
    let (gold, tools) = (fixture("gold.jsonl"), fixture("tools.json"));
    let nothing = file("nothing.jsonl", "");
    let no_tools = file("none.json", r#"{"nodes": []}"#);
    let nameless = file("nameless.json", r#"{"nodes": [{"id": "读"}]}"#);
    let plans = format!("file:{nothing}");
    for (gold, tools, planner, message) in [
        (&nothing, &tools, "embedded", "there is no request in it"),
        (&gold, &no_tools, "embedded", "there is no tool in the list"),
        (
            &gold,
            &nameless,
            "embedded",
            "plans cannot name the tool `读`",
        ),
        (
            &gold,
            &tools,
            plans.as_str(),
            "none of the plans is for a request",
        ),
    ] {
        let arguments = ["eval", "taskbench", "--gold", gold, "--tools", tools];
        let arguments = [&arguments[..], &["--planner", planner]].concat();
        let (said, code) = said(&shared_home(), &arguments, "");
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(message), "{said}");
    }
    let predictions = format!("file:{}", fixture("predictions.jsonl"));
    let errands = fixture("errands_tools.json");
    let arguments = ["eval", "taskbench", "--gold", &gold, "--tools", &errands];
    let arguments = [&arguments[..], &["--planner", &predictions]].concat();
    let (said, _) = said(&shared_home(), &arguments, "");
    assert!(
        said.contains("8 tools of the right plans are not in the list, such as `Clip Reverser`"),
        "{said}"
    );
}

//! A language model of this machine as the planner: whatever it writes runs, though its weights are random.

use std::{fs, path::Path};

use medley_tests::{medley, repository, sample, shared_home};
use serde_json::Value as Json;

/// How many tokens the tiny model is said to read; the tools do not fit into the 256 that it was made with.
const CONTEXT: u32 = 16_384;

/// A home with a random model that plans, and writes no answers.
fn home(context: u32) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let made = repository().join("models/fixtures/gguf/qwen2-q8_0.gguf");
    let mut model = fs::read(made).unwrap();
    // The key, the type of its value, and the value.
    let key = b"qwen2.context_length";
    let found = model.windows(key.len()).position(|bytes| bytes == key);
    let value = found.unwrap() + key.len() + size_of::<u32>();
    model[value..value + size_of::<u32>()].copy_from_slice(&context.to_le_bytes());
    fs::write(home.path().join("tiny.gguf"), model).unwrap();
    let path = home.path().join("tiny.gguf");
    let configuration = format!(
        "[llm.tiny]\npath = {path:?}\ncontext_tokens = {context}\n\
         [roles]\nplanner = \"tiny\"\nrefiner = []\nsummary = []\n"
    );
    fs::write(home.path().join("config.toml"), configuration).unwrap();
    home
}

/// Runs the command without the network.
fn command(configured: &Path, arguments: &[&str]) -> std::process::Output {
    command_in(configured, configured, arguments, &["--offline"])
}

/// Runs the command with models and runs in one folder, and the configuration in another.
fn command_in(
    home: &Path,
    configured: &Path,
    arguments: &[&str],
    flags: &[&str],
) -> std::process::Output {
    let mut command = medley(home);
    command
        .current_dir(configured)
        .args(["--config", "config.toml"])
        .args(flags)
        .args(arguments)
        .arg("-a")
        .arg(sample("sign.png"));
    command.output().unwrap()
}

fn json_of(output: &std::process::Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn a_plan_of_a_random_model_is_one_that_can_run() {
    let home = home(CONTEXT);
    let request = "make the sign grey";
    let planned = command(home.path(), &["plan", request, "--shots", "0", "--json"]);
    let said = String::from_utf8_lossy(&planned.stderr).into_owned();
    assert!(planned.status.success(), "{said}");
    assert!(
        !said.contains("without the language model") && !said.contains("left out"),
        "{said}"
    );
    let plan = json_of(&planned);
    assert!(!plan["steps"].as_array().unwrap().is_empty(), "{plan:#}");

    // What the planner printed is what the command takes.
    let file = home.path().join("plan.json");
    fs::write(&file, &planned.stdout).unwrap();
    let run = command(home.path(), &["exec", file.to_str().unwrap(), "--json"]);
    let result = json_of(&run);
    assert_ne!(run.status.code(), Some(2), "no defect: {result:#}");
    let steps = result["steps"].as_array().unwrap();
    assert_eq!(steps.len(), plan["steps"].as_array().unwrap().len());
}

#[test]
fn all_that_it_adds_in_later_rounds_has_names_of_its_own() {
    let home = home(CONTEXT);
    let configuration = home.path().join("config.toml");
    let bounds = "[agent]\nrounds = 3\nshots = 0\nlooks = true\n";
    let known = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, known + bounds).unwrap();
    let output = command(home.path(), &["ask", "make the sign grey", "--json"]);
    let result = json_of(&output);
    let notes = result["notes"].to_string();
    for trouble in ["left out", "without the language model", "were refused"] {
        assert!(!notes.contains(trouble), "{trouble}: {result:#}");
    }
    assert!(result["error"].is_null(), "{result:#}");
    let steps = result["steps"].as_array().unwrap();
    assert!(!steps.is_empty(), "{result:#}");
    let asked = result["usage"]["exchanges"].as_u64().unwrap();
    assert!((2..=3).contains(&asked), "it looks: {result:#}");
}

#[test]
fn where_the_tools_do_not_fit_it_is_planned_without_it_and_said() {
    let home = home(256);
    let asking = ["ask", "make the sign grey", "--json"];
    let alone = json_of(&command(home.path(), &asking));
    let why = alone["error"]["message"].as_str().unwrap();
    assert!(
        why.contains("the model that reads requests cannot be used") && why.contains("256"),
        "neither can plan: {why}"
    );

    let output = command_in(&shared_home(), home.path(), &asking, &[]);
    let result = json_of(&output);
    let notes = result["notes"].to_string();
    assert!(
        notes.contains("without the language model") && notes.contains("256"),
        "{result:#}"
    );
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(result["steps"][0]["tool"], "grayscale_image");
}

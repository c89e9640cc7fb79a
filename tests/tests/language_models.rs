//! Language models through the command: chosen, tested, planned with, recorded and replayed, and no key in any output.

#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{fs, path::Path};

use chat_server::{ChatServer, Script};
use medley_tests::{medley, sample};
use predicates::prelude::*;
use serde_json::{Value as Json, json};

/// A key as people have them; nothing that is written may hold it.
const KEY: &str = "sk-test-0123456789abcdefghij";

const PLAN: &str = r#"{"id":"s1","tool":"image_info","args":{"image":"$input1"}}
{"id":"s2","tool":"grayscale_image","args":{"image":"$input1"}}
{"answer":["$s1","$s2"]}"#;

/// A home with a model called `desk` behind this address.
fn home(url: &str, more: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let configuration = format!(
        "[llm.desk]\nbase_url = \"{url}\"\nmodel = \"small\"\nkey_variable = \"DESK_KEY\"\n\
         supports = {{ tools = true, vision = true }}\nprice = {{ input = 1.0, output = 2.0 }}\n{more}"
    );
    fs::write(home.path().join("config.toml"), configuration).unwrap();
    home
}

/// The command with that home's configuration.
fn command(home: &Path) -> assert_cmd::Command {
    let mut command = medley(home);
    command
        .env("DESK_KEY", KEY)
        .current_dir(home)
        .arg("--config")
        .arg(home.join("config.toml"));
    command
}

async fn run(mut command: assert_cmd::Command) -> std::process::Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn json_of(output: &std::process::Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// Every file below a folder holds no key.
fn holds_no_key(folder: &Path) {
    let mut looked = 0;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            let found = bytes
                .windows(KEY.len())
                .any(|window| window == KEY.as_bytes());
            assert!(!found, "the key is in {}", path.display());
            looked += 1;
        }
    }
    assert!(looked > 3, "the journal and the store are looked at");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_planned_by_the_model_and_its_key_is_nowhere() {
    let server = ChatServer::start([
        Script::saying(PLAN),
        Script::saying("It is 640 pixels wide.\n[[s2]]"),
    ])
    .await;
    let home = home(&server.url(), "");
    let mut asking = command(home.path());
    asking
        .args(["-vv", "ask", "make it grey and tell me its size", "--json"])
        .args(["--record", "exchanges.jsonl"])
        .arg("-a")
        .arg(sample("sign.png"));
    let output = run(asking).await;
    let result = json_of(&output);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    let steps = result["steps"].as_array().unwrap();
    let tools: Vec<_> = steps.iter().map(|step| &step["tool"]).collect();
    assert_eq!(tools, ["image_info", "grayscale_image"]);
    assert_eq!(result["usage"]["input_tokens"], 200, "{result:#}");
    let received = server.received();
    assert_eq!(
        received.len(),
        2,
        "a valid plan costs one call, and the answer one"
    );
    assert_eq!(
        received[0].header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert!(received[0].body.contains("grayscale_image(image: image)"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains(KEY) && !result.to_string().contains(KEY));
    holds_no_key(home.path());

    // The recording speaks in place of the server, which is gone.
    drop(server);
    let mut again = command(home.path());
    again
        .args(["ask", "make it grey and tell me its size", "--json"])
        .args(["--replay", "exchanges.jsonl"])
        .arg("-a")
        .arg(sample("sign.png"));
    let replayed = json_of(&run(again).await);
    assert_eq!(replayed["status"], "succeeded", "{replayed:#}");
    assert_eq!(replayed["steps"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_from_the_model_the_embedded_planner_plans() {
    let refusal = json!({"error": {"message": format!("wrong key {KEY}")}}).to_string();
    let server = ChatServer::start([Script::answer(401, "application/json", &refusal)]).await;
    let home = home(&server.url(), "");
    let mut asking = command(home.path());
    asking
        .env("MEDLEY_ASSET_ALL_MINILM_L6_V2", "")
        .args(["ask", "make the picture grey", "--json", "-a"])
        .arg(sample("sign.png"));
    let result = json_of(&run(asking).await);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    let notes = result["notes"].to_string();
    assert!(notes.contains("without the language model"), "{notes}");
    holds_no_key(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_and_tested() {
    let refusal = r#"{"error":{"message":"Incorrect API key provided"}}"#;
    let scripts = [
        Script::saying("Hello there, and welcome."),
        Script::answer(401, "application/json", refusal),
    ];
    let server = ChatServer::start(scripts).await;
    let more = format!(
        "[llm.other]\nbase_url = \"{}\"\nmodel = \"large\"\n[roles]\nplanner = [\"desk\", \"other\"]\n",
        server.url()
    );
    let home = home(&server.url(), &more);
    let mut listing = command(home.path());
    listing.args(["llm", "list", "--json"]);
    let listed = json_of(&run(listing).await);
    assert_eq!(listed[0]["name"], "desk");
    assert_eq!(listed[0]["roles"], json!(["planner"]));
    assert_eq!(listed[0]["supports"]["vision"], true);
    let mut testing = command(home.path());
    testing.args(["llm", "test", "--json"]);
    let output = run(testing).await;
    assert_eq!(output.status.code(), Some(3), "one of two answers");
    let tested = json_of(&output);
    assert_eq!(tested[0]["reply"]["text"], "Hello there, and welcome.");
    assert!(tested[0]["first_token_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(tested[1]["ok"], false);
    assert!(tested[1]["hint"].as_str().unwrap().contains("key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_a_model_and_a_key_alone_does_not() {
    let server = ChatServer::start([Script::saying("Hello.")]).await;
    let home = tempfile::tempdir().unwrap();
    let mut listing = medley(home.path());
    listing
        .env("OPENAI_API_KEY", KEY)
        .args(["llm", "list", "--json"]);
    assert_eq!(json_of(&run(listing).await), json!([]));
    let mut testing = medley(home.path());
    testing
        .env("OPENAI_API_KEY", KEY)
        .env("MEDLEY_LLM_BASE_URL", server.url())
        .env("MEDLEY_LLM_MODEL", "small")
        .args(["llm", "test", "--json"]);
    let tested = json_of(&run(testing).await);
    assert_eq!(tested[0]["name"], "environment");
    assert_eq!(tested[0]["ok"], true, "{tested:#}");
}

#[test]
fn a_model_that_is_not_there_is_said_with_those_that_are() {
    let home = home("http://127.0.0.1:9", "");
    command(home.path())
        .args(["ask", "anything", "--model", "no-such-model"])
        .assert()
        .code(2)
        .stderr(predicate::str::contains("there are: desk"));
    for (table, problem) in [
        (
            "[llm.x]\nmodel = \"m\"\n",
            "`base_url` (an endpoint), or `path`",
        ),
        (
            "[llm.x]\nbase_url = \"http://127.0.0.1:9\"\nmodel = \"m\"\ncolour = 1\n",
            "colour",
        ),
        ("[roles]\nplanner = \"nobody\"\n", "nobody"),
    ] {
        fs::write(home.path().join("config.toml"), table).unwrap();
        command(home.path())
            .args(["llm", "list"])
            .assert()
            .code(2)
            .stderr(predicate::str::contains(problem));
    }
}

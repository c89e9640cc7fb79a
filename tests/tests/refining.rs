//! Answers that a language model writes, through the command: text and pictures in order, as they come, and once.

#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{fs, path::Path};

use chat_server::{ChatServer, Script};
use medley_tests::{medley, sample, shared_home};
use serde_json::Value as Json;

const PLAN: &str = r#"{"id":"s1","tool":"image_info","args":{"image":"$input1"}}
{"id":"s2","tool":"grayscale_image","args":{"image":"$input1"}}
{"id":"s3","tool":"translation","args":{"text":"A sign","to":"French"}}
{"answer":["$s1","$s2","$s3"]}"#;

const ANSWER: &str = "The sign is 640 pixels wide. In grey it looks like this:\n[[s2.image]]\nIn French it is: [[s3.text]]. I saved it to /tmp/sign.webm.\n";

fn home(url: &str, more: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let configuration = format!("[llm.desk]\nbase_url = \"{url}\"\nmodel = \"small\"\n{more}");
    fs::write(home.path().join("config.toml"), configuration).unwrap();
    home
}

async fn run(home: &Path, arguments: &[&str]) -> std::process::Output {
    run_with(home, home, arguments).await
}

/// Runs the command with models and runs in one folder, and the configuration in another.
async fn run_with(home: &Path, configured: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = medley(home);
    command
        .current_dir(configured)
        .arg("--config")
        .arg(configured.join("config.toml"))
        .args(arguments);
    if arguments[0] == "ask" {
        command.arg("-a").arg(sample("sign.png"));
    }
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn json_of(output: &std::process::Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The plan, the translation, and the answer.
fn scripts() -> [Script; 3] {
    [
        Script::saying(PLAN),
        Script::saying("Un panneau"),
        Script::saying(ANSWER),
    ]
}

const REQUEST: &str = "make the sign grey, tell me its size, and what a sign is in French";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_costs_one_call_and_the_answer_one_and_both_are_kept() {
    let server = ChatServer::start(scripts()).await;
    let home = home(&server.url(), "");
    let result = json_of(&run(home.path(), &["ask", REQUEST, "--json"]).await);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    let answer = result["answer"].as_array().unwrap();
    let kinds: Vec<&Json> = answer.iter().map(|part| &part["type"]).collect();
    assert_eq!(kinds, ["text", "artifact", "text"], "{result:#}");
    assert_eq!(
        answer[0]["text"],
        "The sign is 640 pixels wide. In grey it looks like this:"
    );
    assert!(
        answer[1]["path"]
            .as_str()
            .unwrap()
            .ends_with("sign-grayscale.png")
    );
    assert_eq!(
        answer[2]["text"],
        "In French it is: Un panneau. I saved it to …."
    );
    assert!(
        result["notes"].to_string().contains("does not exist"),
        "{result:#}"
    );
    assert_eq!(
        result["usage"]["exchanges"], 3,
        "the tool's call counts too"
    );
    let received = server.received();
    assert_eq!(received.len(), 3);
    assert!(
        received[2].body.contains("[[s3.text]] \\\"Un panneau\\\""),
        "{}",
        received[2].body
    );

    let again = json_of(&run(home.path(), &["runs", "resume", "--last", "--json"]).await);
    assert_eq!(again["answer"][0], result["answer"][0], "{again:#}");
    assert_eq!(again["answer"][2], result["answer"][2], "{again:#}");
    assert_eq!(server.received().len(), 3, "no model is asked again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_reads_it_as_it_comes_and_once() {
    let server = ChatServer::start(scripts()).await;
    let home = home(&server.url(), "");
    let output = run(home.path(), &["ask", REQUEST]).await;
    let shown = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "The sign is 640 pixels wide. In grey it looks like this:",
            "[image: sign-grayscale]",
            "In French it is: Un panneau. I saved it to …."
        ],
        "{shown}"
    );
    assert!(
        lines[3].starts_with("image: ") && lines[3].ends_with("sign-grayscale.png"),
        "{shown}"
    );
    assert_eq!(lines.len(), 4, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_hears_sentences_or_words_before_the_result() {
    for (flag, least, most) in [(None, 3, 6), (Some("--no-correct"), 12, 40)] {
        let server = ChatServer::start(scripts()).await;
        let home = home(&server.url(), "");
        let mut arguments = vec!["ask", REQUEST, "--json-events"];
        arguments.extend(flag);
        let output = run(home.path(), &arguments).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Json> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let pieces: Vec<&str> = lines
            .iter()
            .filter(|line| line["event"] == "answer_text")
            .map(|line| line["text"].as_str().unwrap())
            .collect();
        assert!(
            (least..=most).contains(&pieces.len()),
            "{flag:?}: {pieces:?}"
        );
        let result = lines.last().unwrap();
        let parts = result["answer"].as_array().unwrap();
        let told: String = parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect();
        assert_eq!(pieces.concat(), told);
        let place = |event: &str| lines.iter().position(|line| line["event"] == event);
        assert!(place("answer_text") < place("answer_artifact"));
        assert!(place("answer_artifact") < place("run_finished"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_at_the_answer_leaves_the_results() {
    let failing = Script::answer(401, "application/json", r#"{"error":{"message":"no"}}"#);
    let server =
        ChatServer::start([Script::saying(PLAN), Script::saying("Un panneau"), failing]).await;
    let home = home(&server.url(), "");
    let result = json_of(&run(home.path(), &["ask", REQUEST, "--json"]).await);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert!(
        result["notes"]
            .to_string()
            .contains("without the language model"),
        "{result:#}"
    );
    assert_eq!(result["answer"][2]["text"], "Un panneau", "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_planner_uses_what_the_model_can_do() {
    let server = ChatServer::start([
        Script::saying("Hallo Welt"),
        Script::saying("It is: [[s1]]"),
    ])
    .await;
    let home = home(&server.url(), "[roles]\nplanner = []\ndefault = \"desk\"\n");
    let request = "translate \"hello world\" into German";
    let arguments = ["ask", request, "--json"];
    let result = json_of(&run_with(&shared_home(), home.path(), &arguments).await);
    assert_eq!(result["steps"][0]["tool"], "translation", "{result:#}");
    assert_eq!(
        result["answer"][0]["text"], "It is: Hallo Welt",
        "{result:#}"
    );
    assert!(server.received()[0].body.contains("into German"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_of_a_model_are_listed_where_there_is_one() {
    let without = tempfile::tempdir().unwrap();
    fs::write(without.path().join("config.toml"), "").unwrap();
    let names = |listed: &Json| -> Vec<String> {
        let entries = listed.as_array().unwrap().iter();
        entries
            .map(|entry| entry["capability"]["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let listed = json_of(&run(without.path(), &["tools", "--json"]).await);
    assert!(!names(&listed).contains(&"translation".to_owned()));
    let with = home("http://127.0.0.1:9", "");
    let listed = json_of(&run(with.path(), &["tools", "--json"]).await);
    for tool in [
        "translation",
        "summarization",
        "question_answering",
        "rewrite",
        "text_generation",
    ] {
        assert!(names(&listed).contains(&tool.to_owned()), "{tool}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn planners_are_tested_with_the_tools_of_a_model_as_they_are() {
    let with = home("http://127.0.0.1:9", "");
    let listed = json_of(&run(with.path(), &["tools", "--json"]).await);
    let fixture = medley_tests::repository().join("planners/fixtures/language_capabilities.json");
    let fixture: Vec<Json> = serde_json::from_str(&fs::read_to_string(fixture).unwrap()).unwrap();
    for capability in fixture {
        let entries = listed.as_array().unwrap().iter();
        let mut same = entries.filter(|entry| entry["capability"] == capability);
        assert!(
            same.next().is_some(),
            "write {} of `medley tools --json` to planners/fixtures/language_capabilities.json",
            capability["name"]
        );
    }
}

//! Workflows that a language model takes part in.

use std::{fs, path::Path};

use serde_json::Value as Json;

use super::{
    chat_server::{ChatServer, Script},
    files, path, result, run, words,
};

/// Writes `config.toml` with the server as the model `desk`, and more behind it.
fn configure(folder: &Path, server: &ChatServer, more: &str) {
    let url = server.url();
    let configuration = format!("[llm.desk]\nbase_url = \"{url}\"\nmodel = \"small\"\n{more}");
    fs::write(folder.join("config.toml"), configuration).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_is_translated_in_place_by_a_language_model() {
    let replies: Vec<Script> = (0..8).map(|_| Script::saying("RUE DU PORT")).collect();
    let server = ChatServer::start(replies).await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &server, "");
    let here = folder.path().to_owned();
    let output = tokio::task::spawn_blocking(move || {
        run(
            &here,
            &[
                "--config",
                "config.toml",
                "run",
                "translate_sign",
                "--arg",
                "to=fr",
                "-a",
                &path("sign.png"),
                "--json",
                "-o",
                "out",
            ],
        )
    });
    let output = output.await.unwrap();
    let told: Json =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    assert_eq!(told["status"], "succeeded", "{told:#}");
    let picture = files(&told)[0].to_owned();
    let here = folder.path().to_owned();
    let read =
        tokio::task::spawn_blocking(move || result(&here, &["run", "read_aloud", "-a", &picture]));
    let read = read.await.unwrap();
    assert!(words(&read)[0].contains("RUE DU PORT"), "{read:#}");
    assert!(!words(&read)[0].contains("HARBOUR"), "{read:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_writes_the_script_for_a_request() {
    let script = "```rhai\nlet grey = grayscale_image(inputs[0]);\nemit(`${wait(grey).width} wide`);\nemit(grey);\n```";
    let server = ChatServer::start([
        Script::saying("emit(orc(1));"),
        Script::saying(script),
        Script::saying(script),
    ])
    .await;
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), &server, "[roles]\nplanner = \"desk\"\n");
    let here = folder.path().to_owned();
    let command = move |arguments: Vec<String>| {
        let here = here.clone();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            run(&here, &[&["--config", "config.toml"], &*arguments].concat())
        })
    };
    let words_of = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let photo = path("photo.jpg");
    let asked = command(words_of(&format!(
        "ask grey --planner program -a {photo} --json -o out"
    )));
    let asked = asked.await.unwrap();
    let told: Json = serde_json::from_slice(&asked.stdout).unwrap_or_else(|_| panic!("{asked:?}"));
    assert_eq!(told["status"], "succeeded", "{told:#}");
    assert_eq!(words(&told), ["1200 wide"]);
    assert_eq!(files(&told).len(), 1);
    let received = server.received();
    assert!(
        received[1].body.contains("did you mean `ocr`"),
        "{}",
        received[1].body
    );

    let planned = command(words_of(&format!("plan grey --planner program -a {photo}")));
    let planned = planned.await.unwrap();
    let shown = String::from_utf8_lossy(&planned.stdout).into_owned();
    assert!(
        shown.starts_with("let grey = grayscale_image"),
        "{planned:?}"
    );

    let reviewed = command(words_of("ask grey --planner program --review"));
    let reviewed = reviewed.await.unwrap();
    assert_eq!(reviewed.status.code(), Some(2), "{reviewed:?}");
    assert!(String::from_utf8_lossy(&reviewed.stderr).contains("asks on a terminal"));
}

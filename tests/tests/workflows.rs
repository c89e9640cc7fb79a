//! Workflows through the command: scripts of one's own, those that come with Medley, and runs that were interrupted.

#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use chat_server::{ChatServer, Script};
use medley_tests::{built, medley, sample, shared_home};
use predicates::prelude::*;
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

#[test]
fn a_script_of_ones_own_runs_with_arguments_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let own = script(
        &folder,
        "//! Makes pictures small.\n//! @input image...: pictures\n//! @arg width: integer = 64: pixels\n\
         import \"common\" as common;\nlet small = map(inputs, |p| resize_image(#{image: p, width: args.width}));\n\
         for picture in small { emit(common::told(wait(picture))); }\nemit(small);",
    );
    let module = "fn told(picture) { `${picture.width} pixels wide` }";
    fs::write(folder.path().join("common.rhai"), module).unwrap();
    let result = result(
        folder.path(),
        &[
            "run",
            &own,
            "--arg",
            "width=32",
            "-a",
            &path("photo.jpg"),
            "-a",
            &path("sign.png"),
        ],
    );
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(words(&result), ["32 pixels wide", "32 pixels wide"]);
    assert_eq!(files(&result).len(), 2);
    for file in files(&result) {
        let (width, _) = image::image_dimensions(folder.path().join(file)).unwrap();
        assert_eq!(width, 32);
    }
}

#[test]
fn tables_are_read_row_by_row_and_by_their_headings() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.csv");
    fs::write(&list, "item,price\ntea,2.50\n\"milk, whole\",1.10\n").unwrap();
    let own = script(
        &folder,
        "//! @input table: what was bought\nlet sum = 0.0;\nfor price in inputs[0].price { sum += parse_float(price); }\n\
         for row in inputs[0] { emit(row[0]); }\nemit(sum);",
    );
    let result = result(folder.path(), &["run", &own, "-a", "list.csv"]);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(words(&result), ["item", "tea", "milk, whole", "3.6"]);

    // Plans pick in the same way.
    let plan = r#"{"id":"s1","tool":"qr_code","args":{"text":"$input1[2][0]"}}
{"answer":["$input1.price[1]","$s1"]}"#;
    fs::write(folder.path().join("plan.jsonl"), plan).unwrap();
    let result = self::result(folder.path(), &["exec", "plan.jsonl", "-a", "list.csv"]);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    assert_eq!(words(&result), ["1.10"]);
    assert_eq!(files(&result).len(), 1);
    assert!(result.get("notes").is_none(), "{result:#}");
}

#[test]
fn headings_of_any_words_are_found_and_what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let list = "name,unit price\ntea,2.50\nmilk\n";
    fs::write(folder.path().join("list.csv"), list).unwrap();
    let own = script(
        &folder,
        "let t = inputs[0];\nemit(t.name[0]);\nemit(t[\"unit price\"]);\nemit(t[-1][0]);\nemit(t.colour);",
    );
    let told = result(folder.path(), &["run", &own, "-a", "list.csv"]);
    assert_eq!(words(&told), ["tea", "2.50", "", "milk"], "{told:#}");
    assert!(told["notes"][0].as_str().unwrap().contains("`colour`"));

    let exec = |plan: &str| {
        fs::write(folder.path().join("plan.jsonl"), plan).unwrap();
        result(folder.path(), &["exec", "plan.jsonl", "-a", "list.csv"])
    };
    let told = exec(
        r#"{"id":"s1","tool":"qr_code","for_each":"$input1","args":{"text":"$item[0]"}}
{"answer":["$s1","$input1['unit price'][0]","$input1[7]"]}"#,
    );
    assert_eq!(told["status"], "partial", "{told:#}");
    assert_eq!((files(&told).len(), words(&told)), (3, vec!["2.50"]));
    let missing = "a part of the answer is missing: there is no row 7 in the table, which has 3";
    assert_eq!(told["notes"][0], missing);
    let told = exec(r#"{"id":"s1","tool":"qr_code","args":{"text":"$input1.unit price"}}"#);
    let defect = &told["defects"][0];
    assert_eq!(
        defect["message"], "`$input1.unit price` is not a reference",
        "{told:#}"
    );
}

#[test]
fn what_a_script_says_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let own = script(&folder, "progress(\"half\");\nprint(\"done\");\nemit(1);");
    let said = |arguments: &[&str]| {
        let output = run(folder.path(), &[&["run", &own], arguments].concat());
        assert_eq!(output.stdout, b"1\n");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(said(&[]), "half\ndone\n");
    assert_eq!(said(&["-q"]), "");
}

/// Runs a command on a terminal of its own, and prints all that the terminal is sent.
const ON_A_TERMINAL: &str = "import pty, sys; pty.spawn(sys.argv[1:])";

#[test]
fn no_terminal_obeys_what_is_said_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let text = "print(\"p\\x1b[3J\");\nemit(\"e\\x1b[4J\");\nthrow \"t\\x1b[5J\";";
    let own = script(&folder, text);
    let mut command = Command::new("python3");
    command
        .args(["-c", ON_A_TERMINAL])
        .arg(built("medley"))
        .args(["run", &own])
        .current_dir(folder.path())
        .env("MEDLEY_HOME", folder.path().join("home"))
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let seen = String::from_utf8(output.stdout).unwrap();
    for part in ["p\u{fffd}[3J", "e\u{fffd}[4J", "t\u{fffd}[5J"] {
        assert!(seen.contains(part), "{part} in {seen:?}");
    }
    // What goes to another program goes there as it is.
    let output = run(folder.path(), &["run", &own]);
    assert_eq!(output.stdout, b"e\x1b[4J\n");
}

#[test]
fn what_is_wrong_is_told_with_its_line_and_nothing_runs() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = |text: &str, arguments: &[&str], told: &str| {
        let own = script(&folder, text);
        let output = run(folder.path(), &[&["run", &own], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(told), "{said}");
    };
    wrong(
        "let a = 1;\nemit(orc(a));",
        &[],
        "  2 | emit(orc(a));\n    |      ^",
    );
    wrong(
        "//! @arg n: integer\nemit(args.n)",
        &[],
        "give it with `--arg n=...`",
    );
    wrong(
        "//! @arg n: integer\nemit(args.n)",
        &["--arg", "n=x"],
        "`x` is no integer",
    );
    wrong("emit(1)", &["--arg", "n=1"], "takes no argument `n`");
    wrong(
        "//! @input image\nemit(inputs[0])",
        &[],
        "works on image, and 0 files were attached",
    );
    wrong(
        "//! @input audio\nemit(1)",
        &["-a", &path("sign.png")],
        "wants audio there",
    );
    wrong(
        "import \"missing\" as m; m::f()",
        &[],
        "the module `missing` cannot be read",
    );
    let missing = run(folder.path(), &["run", "no_such_workflow"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("medley workflow list"));
}

#[test]
fn a_script_that_stops_says_where_and_gives_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let own = script(
        &folder,
        "emit(\"first\");\nlet p = crop_image(#{image: inputs[0], region: [9000, 9000, 10, 10]});\nemit(p.width);",
    );
    let output = run(folder.path(), &["run", &own, "-a", &path("sign.png")]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "first");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("line 3 of own.rhai: crop_image failed"),
        "{said}"
    );
}

#[test]
fn workflows_are_listed_shown_checked_begun_drawn_and_described() {
    let home = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let mut command = medley(home.path());
        command.current_dir(home.path()).args(arguments);
        command.assert()
    };
    command(&["workflow", "new", "thumbs"]).code(0);
    command(&["workflow", "new", "thumbs"])
        .code(2)
        .stderr(predicate::str::contains("is there already"));
    command(&["workflow", "check", "thumbs"])
        .code(0)
        .stdout(predicate::str::contains("it calls resize_image"));
    let listed = command(&["workflow", "list"]).code(0);
    let listed = String::from_utf8_lossy(&listed.get_output().stdout).into_owned();
    for name in [
        "thumbs",
        "read_aloud",
        "redact_text",
        "contact_sheet",
        "qr_codes",
        "receipt_to_table",
    ] {
        assert!(listed.contains(name), "{listed}");
    }
    assert!(
        listed.contains("(needs image_captioning, not here)"),
        "{listed}"
    );
    assert!(listed.contains("(needs translation, not here)"), "{listed}");
    assert!(!listed.contains("cannot run"), "{listed}");
    command(&["workflow", "show", "read_aloud"])
        .code(0)
        .stdout(predicate::str::contains("text_to_speech(#{text: read"));
    command(&["workflow", "graph", "read_aloud", "--format", "mermaid"])
        .code(0)
        .stdout(predicate::str::contains("-->").and(predicate::str::contains("text_to_speech")));
    command(&["workflow", "definitions", "editor"]).code(0);
    let definitions = fs::read_to_string(home.path().join("editor/medley.d.rhai")).unwrap();
    assert!(
        definitions.contains("fn ocr(image: ?) -> Handle;"),
        "{definitions}"
    );
    fs::write(home.path().join("bad.rhai"), "emit(orc(1), 2);").unwrap();
    let checked = command(&["workflow", "check", "bad.rhai", "--json"]).code(2);
    let checked: Json = serde_json::from_slice(&checked.get_output().stdout).unwrap();
    let codes: BTreeSet<&str> = checked["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["code"].as_str().unwrap())
        .collect();
    assert_eq!(
        codes,
        BTreeSet::from(["unknown_function", "wrong_arguments"])
    );
    for needed in ["alt_texts", "meeting_notes"] {
        command(&["run", needed, "-a", &path("sign.png")])
            .code(2)
            .stderr(predicate::str::contains("which is not here"));
    }
}

#[test]
fn the_workflows_that_come_with_medley_run_on_the_samples() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();

    let read = result(
        here,
        &[
            "run",
            "read_aloud",
            "-a",
            &path("sign.png"),
            "-a",
            &path("photo.jpg"),
        ],
    );
    assert_eq!(read["status"], "succeeded", "{read:#}");
    assert!(words(&read)[0].contains("HARBOUR STREET"), "{read:#}");
    assert!(
        words(&read).contains(&"There is no text on photo.jpg."),
        "{read:#}"
    );
    assert!(files(&read)[0].ends_with(".wav"));

    let hidden = result(
        here,
        &[
            "run",
            "redact_text",
            "--arg",
            "word=harbour",
            "-a",
            &path("sign.png"),
        ],
    );
    let hidden = files(&hidden)[0].to_owned();
    let again = result(here, &["run", "read_aloud", "-a", &hidden]);
    assert!(!words(&again)[0].contains("HARBOUR"), "{again:#}");
    assert!(words(&again)[0].contains("OLD TOWN"), "{again:#}");

    let sheet = result(
        here,
        &[
            "run",
            "contact_sheet",
            "-a",
            &path("sign.png"),
            "-a",
            &path("photo.jpg"),
            "-a",
            &path("poster_zh.png"),
        ],
    );
    let (width, height) = image::image_dimensions(here.join(files(&sheet)[0])).unwrap();
    assert!(width > 480 && height > 240, "{width} x {height}");

    let table = result(
        here,
        &["run", "receipt_to_table", "-a", &path("receipt.png")],
    );
    let rows = words(&table).join("\n");
    assert!(
        rows.lines().filter(|row| row.contains(" | ")).count() >= 3,
        "{rows}"
    );
    let csv = files(&table)
        .into_iter()
        .find(|file| file.ends_with(".csv"))
        .unwrap();
    assert!(fs::read_to_string(here.join(csv)).unwrap().lines().count() >= 3);

    let same = result(
        here,
        &[
            "run",
            "compare_screenshots",
            "-a",
            &path("screenshot.png"),
            "-a",
            &path("screenshot.png"),
        ],
    );
    assert_eq!(words(&same), ["The screenshots are the same."]);
    let changed = result(
        here,
        &[
            "run",
            "redact_text",
            "--arg",
            "word=save",
            "-a",
            &path("screenshot.png"),
        ],
    );
    let changed = files(&changed)[0].to_owned();
    let differ = result(
        here,
        &[
            "run",
            "compare_screenshots",
            "-a",
            &path("screenshot.png"),
            "-a",
            &changed,
        ],
    );
    assert!(words(&differ)[0].contains("differ"), "{differ:#}");
    assert_eq!(files(&differ).len(), 1);

    let codes = result(here, &["run", "qr_codes", "-a", &path("notes.txt")]);
    let notes = fs::read_to_string(sample("notes.txt")).unwrap();
    let lines = notes.lines().filter(|line| !line.is_empty()).count();
    assert_eq!(files(&codes).len(), lines + 1, "{codes:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_is_translated_in_place_by_a_language_model() {
    let replies: Vec<Script> = (0..8).map(|_| Script::saying("RUE DU PORT")).collect();
    let server = ChatServer::start(replies).await;
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!(
        "[llm.desk]\nbase_url = \"{}\"\nmodel = \"small\"\n",
        server.url()
    );
    fs::write(folder.path().join("config.toml"), configuration).unwrap();
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
    let configuration = format!(
        "[llm.desk]\nbase_url = \"{}\"\nmodel = \"small\"\n[roles]\nplanner = \"desk\"\n",
        server.url()
    );
    fs::write(folder.path().join("config.toml"), configuration).unwrap();
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

#[test]
fn ask_is_the_planner_as_a_function() {
    let folder = tempfile::tempdir().unwrap();
    let own = script(
        &folder,
        "let grey = ask(\"make it black and white\", inputs[0]);\nemit(resize_image(#{image: grey.files[0], width: 50}));\n\
         try { wait(ask(\"fly me to the moon\")); emit(\"done\"); } catch (error) { emit(error.code); }",
    );
    let told = result(folder.path(), &["run", &own, "-a", &path("photo.jpg")]);
    assert_eq!(told["status"], "succeeded", "{told:#}");
    let (width, _) = image::image_dimensions(folder.path().join(files(&told)[0])).unwrap();
    assert_eq!(width, 50);
    assert_eq!(words(&told), ["not_answered"], "{told:#}");
    let chats = script(&folder, "emit(chat(\"hello\"))");
    let output = run(folder.path(), &["run", &chats]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("needs a language model"));
}

/// A script of many steps that go one after the other and beside each other.
const LONG: &str = "let turned = inputs[0];\nfor i in 0..4 {\n  turned = rotate_image(#{image: turned, degrees: 90});\n  \
                    wait(turned);\n}\nlet all = map(0..8, |i| blur_image(#{image: turned, radius: i + 1}));\nemit(all);";

#[test]
fn a_killed_script_goes_on_when_it_is_run_again_and_repeats_no_finished_step() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let said = folder.path().join("said.txt");
    let own = script(&folder, LONG);
    let start = || {
        let mut command = Command::new(built("medley"));
        command
            .current_dir(folder.path())
            .env("MEDLEY_HOME", &home)
            .env("XDG_CONFIG_HOME", folder.path())
            .args(["run", &own, "-a", &path("photo.jpg"), "-o", "out"])
            .stdout(Stdio::null())
            .stderr(
                fs::File::options()
                    .create(true)
                    .append(true)
                    .open(&said)
                    .unwrap(),
            );
        command.spawn().unwrap()
    };
    let since = Instant::now();
    assert!(start().wait().unwrap().success());
    let takes = since.elapsed();
    fs::remove_dir_all(&home).unwrap();
    let (mut kills, mut is_whole) = (0, false);
    for moment in 0..12 {
        let mut child = start();
        let until = Instant::now() + takes.mul_f64(f64::from(moment) / 12.0);
        while Instant::now() < until && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        is_whole = child.try_wait().unwrap().is_some();
        if is_whole {
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 2, "it was killed {kills} times");
    assert!(is_whole || start().wait().unwrap().success());
    let command = |arguments: &[&str]| {
        let output = medley(&home)
            .current_dir(folder.path())
            .args(arguments)
            .output();
        output.unwrap().stdout
    };
    let runs: Json = serde_json::from_slice(&command(&["runs", "list", "--json"])).unwrap();
    let mut whole = 0;
    let mut went_on_with = 0;
    for run in runs.as_array().unwrap() {
        let id = run["id"].as_str().unwrap();
        command(&["runs", "export", id, "-o", id]);
        let events = fs::read_to_string(folder.path().join(id).join("events.jsonl")).unwrap();
        let mut finished = BTreeSet::new();
        for event in events.lines().filter(|line| !line.is_empty()) {
            let event: Json = serde_json::from_str(event).unwrap();
            let step = event["step"].as_str().unwrap_or_default().to_owned();
            match event["event"].as_str().unwrap() {
                "run_started" => went_on_with = went_on_with.max(finished.len()),
                "step_started" => {
                    assert!(!finished.contains(&step), "{step} was repeated in {id}");
                }
                "step_finished" if event["status"] == "done" => {
                    finished.insert(step);
                }
                _ => {}
            }
        }
        whole += usize::from(finished.len() == 12);
    }
    assert_eq!(whole, 1, "one run did it all, however often it was killed");
    assert!(went_on_with > 0, "it went on with what was finished");
    let said = fs::read_to_string(said).unwrap();
    assert!(said.contains("going on with run"), "{said}");
}

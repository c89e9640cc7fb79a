//! The workflows that come with Medley.

use std::{collections::BTreeSet, fs};

use medley_tests::{medley, sample};
use predicates::prelude::*;
use serde_json::Value as Json;

use super::{files, path, result, words};

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

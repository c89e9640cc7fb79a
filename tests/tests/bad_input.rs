//! What people get wrong, and that each gets a message with the cause and the way out, and the right exit code.

use std::{fs, path::Path};

use medley_tests::{medley, sample, shared_home};
use predicates::prelude::*;

/// Runs in an empty folder, expects `code` and every one of `needles` on standard error, and leaves no file.
fn refuse(arguments: &[&str], code: i32, needles: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let home = shared_home();
    let mut assertion = medley(&home)
        .args(arguments)
        .current_dir(folder.path())
        .assert()
        .code(code);
    for needle in needles {
        assertion = assertion.stderr(predicate::str::contains(*needle));
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

fn refuse_file(name: &str, content: &[u8], code: i32, needles: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    refuse(
        &["ask", "read the sign", "-a", path.to_str().unwrap()],
        code,
        needles,
    );
}

#[test]
fn a_missing_file_and_a_folder() {
    refuse(
        &["ask", "read it", "-a", "nowhere.png"],
        2,
        &["there is no file nowhere.png", "hint:"],
    );
    let folder = sample("");
    refuse(
        &["ask", "read it", "-a", folder.to_str().unwrap()],
        2,
        &["is a folder", "one by one"],
    );
}

#[test]
fn an_empty_file_and_a_file_that_is_not_what_it_says() {
    refuse_file("sign.png", b"", 2, &["empty", "hint:"]);
    refuse_file("sign.png", b"just some words\n", 2, &["text", "hint:"]);
}

#[test]
fn a_truncated_photograph_is_refused_at_the_door() {
    let whole = fs::read(sample("photo.jpg")).unwrap();
    refuse_file(
        "photo.jpg",
        &whole[..whole.len() / 2],
        2,
        &["cut off", "hint:"],
    );
}

#[test]
fn a_header_that_promises_too_many_pixels() {
    let mut picture = Vec::new();
    image::RgbImage::new(2, 2)
        .write_to(
            &mut std::io::Cursor::new(&mut picture),
            image::ImageFormat::Bmp,
        )
        .unwrap();
    // The width and the height of a bitmap, in its header.
    picture[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    picture[22..26].copy_from_slice(&60_000_u32.to_le_bytes());
    refuse_file("huge.bmp", &picture, 2, &["pixels", "hint:"]);
}

#[test]
fn an_empty_request_a_foreign_one_and_an_impossible_one() {
    let sign = sample("sign.png");
    let sign = sign.to_str().unwrap();
    refuse(&["ask", "", "-a", sign], 1, &["sorry:"]);
    refuse(
        &["ask", "Прочитай вывеску вслух", "-a", sign],
        1,
        &["sorry:"],
    );
    refuse(
        &["ask", "order me a pizza with mushrooms"],
        1,
        &["sorry:", "comes nearest"],
    );
}

#[test]
fn a_plan_with_every_defect_lists_them_all_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    fs::write(
        &plan,
        r#"{"steps":[
            {"id":"a","tool":"language_identification","args":{"text":"$b.language"}},
            {"id":"b","tool":"language_identification","args":{"text":"$a.language"}},
            {"id":"c","tool":"telepathy","args":{}},
            {"id":"d","tool":"ocr","args":{}},
            {"id":"e","tool":"resize_image","args":{"image":"$input1","width":"wide"}}]}"#,
    )
    .unwrap();
    refuse(
        &[
            "exec",
            plan.to_str().unwrap(),
            "-a",
            sample("sign.png").to_str().unwrap(),
        ],
        2,
        &[
            "the plan has 4 defects; nothing was run",
            "a, b wait for each other",
            "there is no tool `telepathy`",
            "`ocr` needs `image`",
            "got \"wide\"",
        ],
    );
}

#[test]
fn what_is_no_plan_at_all() {
    refuse(&["exec", "nowhere.json"], 2, &["cannot read the plan"]);
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    fs::write(&plan, "do something nice").unwrap();
    refuse(
        &["exec", plan.to_str().unwrap()],
        2,
        &["holds no plan", "a plan looks like"],
    );
}

#[test]
fn an_output_folder_that_cannot_be_written_stops_the_work_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    refuse(
        &[
            "ask",
            "make it grey",
            "-a",
            sample("sign.png").to_str().unwrap(),
            "-o",
            file.join("out").to_str().unwrap(),
        ],
        1,
        &["cannot write to", "-o"],
    );
}

#[test]
fn a_home_that_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("home");
    fs::write(&file, "in the way").unwrap();
    medley(&file.join("below"))
        .args(["ask", "make it grey", "-a"])
        .arg(sample("sign.png"))
        .current_dir(folder.path())
        .assert()
        .code(2)
        .stderr(predicate::str::contains("artifact store").and(predicate::str::contains("hint:")));
}

#[test]
fn offline_without_models_says_what_is_missing_and_fetches_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    medley(home.path())
        .args(["ask", "read the sign", "-a"])
        .arg(sample("sign.png"))
        .env("MEDLEY_OFFLINE", "1")
        .current_dir(folder.path())
        .assert()
        .code(1)
        .stderr(predicate::str::contains("MEDLEY_OFFLINE").and(predicate::str::contains("hint:")));
    assert!(
        !home.path().join("assets").exists() || is_empty(&home.path().join("assets")),
        "nothing was fetched"
    );
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

#[test]
fn two_processes_at_first_use_fetch_once_and_a_damaged_asset_is_fetched_again() {
    let home = tempfile::tempdir().unwrap();
    let pull = || {
        let mut command = medley(home.path());
        command.args(["models", "pull", "espeak-ng"]);
        std::thread::spawn(move || command.assert().code(0))
    };
    for process in [pull(), pull()] {
        process.join().unwrap();
    }
    let damaged = largest_file(&home.path().join("assets"));
    fs::OpenOptions::new()
        .write(true)
        .open(&damaged)
        .unwrap()
        .set_len(100)
        .unwrap();
    let list = || {
        let output = medley(home.path())
            .args(["models", "list"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines()
            .find(|line| line.starts_with("espeak-ng"))
            .unwrap()
            .to_owned()
    };
    assert!(list().contains("damaged"), "{}", list());
    let folder = tempfile::tempdir().unwrap();
    let plan = r#"{"steps":[{"id":"s1","tool":"text_to_speech","args":{"text":"hello"}}]}"#;
    medley(home.path())
        .args(["exec", "-"])
        .write_stdin(plan)
        .current_dir(folder.path())
        .assert()
        .code(0)
        .stdout(predicate::str::contains("audio: "));
    assert!(list().contains("here"), "{}", list());
}

fn largest_file(folder: &Path) -> std::path::PathBuf {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            } else {
                files.push((entry.metadata().unwrap().len(), entry.path()));
            }
        }
    }
    files.into_iter().max().unwrap().1
}

#[test]
fn a_time_that_cannot_pass_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, "[agent]\ntime_s = -1\n").unwrap();
    refuse(
        &["--config", file.to_str().unwrap(), "tools"],
        2,
        &["-1 is no number of seconds above 0"],
    );
}

#[test]
fn a_malformed_configuration_names_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, "colour = 'red'\n").unwrap();
    refuse(
        &["--config", file.to_str().unwrap(), "tools"],
        2,
        &["configuration", "colour"],
    );
}

#[test]
#[cfg(unix)]
fn a_device_is_not_read_for_ever() {
    refuse(
        &["ask", "read it", "-a", "/dev/zero"],
        2,
        &["is not a file", "hint:"],
    );
}

#[test]
fn a_picture_of_one_pixel_has_no_text_and_that_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dot.png");
    image::RgbImage::new(1, 1).save(&path).unwrap();
    medley(&shared_home())
        .args(["ask", "read the text in the picture", "-a"])
        .arg(&path)
        .current_dir(folder.path())
        .assert()
        .code(0)
        .stdout(predicate::str::contains("No text was found"));
}

#[test]
fn saying_what_is_not_there_is_left_out_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blank.png");
    image::RgbImage::new(64, 48).save(&path).unwrap();
    medley(&shared_home())
        .args(["ask", "read the sign and say it out loud", "-a"])
        .arg(&path)
        .current_dir(folder.path())
        .assert()
        .code(0)
        .stdout(predicate::str::contains("No text was found"))
        .stderr(predicate::str::contains("text_to_speech) was left out"));
}

#[test]
fn json_is_printed_where_nothing_ran_too() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    fs::write(&plan, r#"{"steps":[{"id":"a","tool":"telepathy"}]}"#).unwrap();
    for (arguments, code) in [
        (
            vec!["exec", "--json", plan.to_str().unwrap()],
            "invalid_plan",
        ),
        (vec!["exec", "--json", "nowhere.json"], "not_usable"),
        (
            vec!["ask", "--json", "read it", "-a", "nowhere.png"],
            "attachment_missing",
        ),
    ] {
        let output = medley(&shared_home())
            .args(&arguments)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["error"]["code"], code, "{arguments:?}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

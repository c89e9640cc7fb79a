//! Scripts of one's own: what they are given, say and give, and what is wrong with them.

use std::{
    fs,
    process::{Command, Stdio},
};

use medley_tests::built;

use super::{files, path, result, run, script, words};

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

//! The main job, end to end: the built command, real models, the files in `samples/`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use medley_tests::{built, medley, sample, shared_home};
use serde_json::Value as Json;

/// Runs `medley` with `arguments` and `--json` in an empty folder, and gives the object that it printed.
fn result_of(arguments: &[&str], attachments: &[&str]) -> (Json, tempfile::TempDir) {
    result_in(&shared_home(), arguments, attachments)
}

fn result_in(home: &Path, arguments: &[&str], attachments: &[&str]) -> (Json, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = medley(home);
    command.args(arguments).arg("--json");
    for name in attachments {
        command.arg("--attach").arg(sample(name));
    }
    let output = command.current_dir(folder.path()).output().unwrap();
    let shown = String::from_utf8_lossy(&output.stderr);
    let result = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {output:?} {shown}"));
    (result, folder)
}

fn parts<'a>(result: &'a Json, kind: &str) -> Vec<&'a Json> {
    let answer = result["answer"].as_array().unwrap().iter();
    answer
        .filter(|part| part["type"] == kind || part["kind"] == kind)
        .collect()
}

#[test]
fn read_the_sign_say_it_and_copy_it_in_grey() {
    let (result, folder) = result_of(
        &[
            "ask",
            "Read the sign and say it out loud, and give me a black and white copy",
        ],
        &["sign.png"],
    );
    assert_eq!(result["status"], "succeeded", "{result:#}");
    let text = parts(&result, "text")[0]["text"].as_str().unwrap();
    let truth: Json = serde_json::from_slice(&fs::read(sample("truth.json")).unwrap()).unwrap();
    for line in truth["sign.png"]["rows"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
    {
        let line = line["text"].as_str().unwrap();
        assert!(text.contains(line), "{line:?} is not in {text:?}");
    }

    let sound = folder
        .path()
        .join(parts(&result, "audio")[0]["path"].as_str().unwrap());
    let sound = fs::read(sound).unwrap();
    assert_eq!((&sound[..4], &sound[8..12]), (&b"RIFF"[..], &b"WAVE"[..]));
    assert!(sound.len() > 20_000, "more than a click");

    let picture = parts(&result, "image")[0];
    assert_eq!(parts(&result, "image").len(), 1);
    let path: PathBuf = folder.path().join(picture["path"].as_str().unwrap());
    let grey = image::open(path).unwrap().to_rgb8();
    let original = image::open(sample("sign.png")).unwrap().to_rgb8();
    assert_eq!(grey.dimensions(), original.dimensions());
    assert!(
        grey.pixels()
            .all(|pixel| pixel.0[0] == pixel.0[1] && pixel.0[1] == pixel.0[2])
    );
    assert!(original.pixels().any(|pixel| pixel.0[0] != pixel.0[1]));

    let tools: Vec<_> = result["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["tool"].as_str().unwrap())
        .collect();
    assert_eq!(tools.len(), 3, "{tools:?}");
}

#[test]
fn the_same_request_in_chinese_gives_the_same_plan() {
    let plan = |request: &str| {
        let mut command = medley(&shared_home());
        command
            .args(["plan", request, "--json", "-a"])
            .arg(sample("sign.png"));
        let output = command.output().unwrap();
        let mut plan: Json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        for step in plan["steps"].as_array_mut().unwrap() {
            step.as_object_mut().unwrap().remove("why");
        }
        plan
    };
    let english = plan("read the sign and say it out loud, then make the picture black and white");
    let chinese = plan("读出招牌上的文字并大声念出来，然后把图片变成黑白");
    assert_eq!(english, chinese);
}

#[test]
fn a_picture_without_text_is_an_answer_and_no_error() {
    let (result, _folder) = result_of(&["ask", "read the text in this picture"], &["photo.jpg"]);
    assert_eq!(result["status"], "succeeded", "{result:#}");
    let text = parts(&result, "text")[0]["text"].as_str().unwrap();
    assert!(text.to_lowercase().contains("no text"), "{text:?}");
}

#[test]
fn an_attachment_that_no_step_uses_is_said() {
    let (result, _folder) = result_of(
        &["ask", "make the picture grey"],
        &["sign.png", "notes.txt"],
    );
    assert_eq!(result["status"], "succeeded", "{result:#}");
    let notes = result["notes"].to_string();
    assert!(notes.contains("notes.txt"), "{notes}");
}

#[test]
fn a_plan_file_runs_alone_and_its_failure_is_partial() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    fs::write(
        &plan,
        r#"{"steps":[
            {"id":"grey","tool":"grayscale_image","args":{"image":"$input1"}},
            {"id":"cut","tool":"crop_image","args":{"image":"$grey","region":[90000,90000,10,10]}},
            {"id":"info","tool":"image_info","args":{"image":"$cut"}}],
            "answer":["$grey","$info"]}"#,
    )
    .unwrap();
    // A home of its own, where nothing is known yet.
    let home = folder.path().join("home");
    let exec = ["exec", plan.to_str().unwrap()];
    let (result, _folder) = result_in(&home, &exec, &["sign.png"]);
    assert_eq!(result["status"], "partial", "{result:#}");
    let statuses: Vec<_> = result["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["done", "failed", "skipped"]);
    assert_eq!(parts(&result, "image").len(), 1);
    assert_eq!(result["steps"][1]["error"]["code"], "bad_argument");
}

#[test]
fn the_printed_result_fits_its_own_schema() {
    let schema = medley(&shared_home())
        .args(["schema", "result"])
        .output()
        .unwrap();
    let schema: Json = serde_json::from_slice(&schema.stdout).unwrap();
    let (result, _folder) = result_of(&["ask", "what is the size of this picture"], &["sign.png"]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&result)
        .map(|each| each.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
}

#[test]
fn a_tool_of_ones_own_is_planned_and_run() {
    let example = built("examples/own_tool");
    let output = assert_cmd::Command::new(example)
        .current_dir(medley_tests::repository())
        .env("MEDLEY_HOME", shared_home())
        .output()
        .unwrap();
    let shouted = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{:?}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(shouted.contains("Please drive slowly"), "{shouted}");
    assert!(shouted.contains("PLEASE DRIVE SLOWLY"), "{shouted}");
}

//! Scripts that were killed and are run again.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use medley_tests::{built, medley};
use serde_json::Value as Json;

use super::{path, script};

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

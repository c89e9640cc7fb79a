//! A process that is killed at any moment leaves a run that can be finished, without repeating what was finished.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use medley_tests::{built, medley, sample};
use serde_json::Value as Json;

/// How often each program is killed; 50 times in all.
const KILLS: u32 = 25;

fn in_home(mut command: Command, home: &Path) -> Command {
    for (variable, _) in std::env::vars_os() {
        if variable
            .to_str()
            .is_some_and(|name| name.starts_with("MEDLEY_"))
        {
            command.env_remove(variable);
        }
    }
    command
        .env("MEDLEY_HOME", home)
        .env("XDG_CONFIG_HOME", home.join("no-configuration"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Kills the process the hard way after a while, unless it has ended by then.
fn kill_after(mut child: Child, while_: Duration) {
    std::thread::sleep(while_);
    let _ = child.kill();
    child.wait().unwrap();
}

/// The moments at which a program is killed: spread over the time that it takes, and a little beyond.
fn moments(takes: Duration) -> impl Iterator<Item = Duration> {
    (0..KILLS).map(move |kill| takes.mul_f64(f64::from(kill) * 1.1 / f64::from(KILLS)))
}

/// Every finished step of the newest run, with its record.
fn finished(home: &Path) -> Option<(String, BTreeMap<String, Json>)> {
    let output = medley(home)
        .args(["runs", "show", "--last", "--json"])
        .output()
        .unwrap();
    let history: Json = serde_json::from_slice(&output.stdout).ok()?;
    let run = history["run"]["id"].as_str()?.to_owned();
    let steps = history["steps"].as_array()?.iter();
    let finished = steps
        .filter(|step| step["report"]["status"] == "done")
        .map(|step| {
            (
                step["key"].as_str().unwrap().to_owned(),
                step["report"].clone(),
            )
        });
    Some((run, finished.collect()))
}

#[test]
fn no_finished_step_is_repeated_when_a_killed_run_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let plan = folder.path().join("plan.json");
    let steps: Vec<Json> = (0..20)
        .map(|step| {
            let before: Vec<String> = (step > 1).then(|| format!("s{}", step - 2)).into_iter().collect();
            serde_json::json!({"id": format!("s{step}"), "tool": "append", "args": {"text": format!("s{step}")},
                "after": before})
        })
        .collect();
    fs::write(&plan, serde_json::json!({ "steps": steps }).to_string()).unwrap();
    let start = |file: &Path, action: &str, what: &str| {
        let mut command = in_home(Command::new(built("examples/append_lines")), &home);
        command.arg(file).args([action, what]).spawn().unwrap()
    };
    let whole = folder.path().join("whole");
    let began = Instant::now();
    start(&whole, "run", plan.to_str().unwrap()).wait().unwrap();
    let takes = began.elapsed();
    assert_eq!(fs::read_to_string(&whole).unwrap().lines().count(), 20);

    let mut newest = finished(&home).unwrap().0;
    let mut interrupted = 0;
    for (kill, moment) in moments(takes).enumerate() {
        let file = folder.path().join(format!("killed-{kill}"));
        kill_after(start(&file, "run", plan.to_str().unwrap()), moment);
        let (run, before) = finished(&home).unwrap();
        if run == newest {
            // It was killed before the run began.
            assert!(!file.exists(), "nothing is done before the run is recorded");
            continue;
        }
        newest.clone_from(&run);
        interrupted += u32::from(!before.is_empty() && before.len() < 20);
        let ended = start(&file, "resume", &run).wait().unwrap();
        let lines = fs::read_to_string(&file).unwrap_or_default();
        if !ended.success() {
            assert!(
                before.is_empty(),
                "only a run without a plan cannot be resumed"
            );
            continue;
        }
        for step in 0..20 {
            let name = format!("s{step}");
            let count = lines.lines().filter(|line| *line == name).count();
            if before.contains_key(&name) {
                assert_eq!(
                    count, 1,
                    "{name} was finished and is repeated (kill {kill})"
                );
            } else {
                assert!(
                    (1..=2).contains(&count),
                    "{name}: {count} times (kill {kill})"
                );
            }
        }
    }
    assert!(
        interrupted > 3,
        "only {interrupted} kills hit a run in its middle"
    );
}

#[test]
fn a_killed_command_is_resumed_to_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    fs::write(
        &plan,
        r#"{"steps":[
            {"id":"a","tool":"grayscale_image","args":{"image":"$input1"}},
            {"id":"b","tool":"blur_image","args":{"image":"$a","radius":2}},
            {"id":"c","tool":"rotate_image","args":{"image":"$b","degrees":90}},
            {"id":"d","tool":"flip_image","args":{"image":"$a"}},
            {"id":"e","tool":"resize_image","for_each":[40,80,120],"args":{"image":"$c","width":"$item"}}],
            "answer":["$c","$d","$e"]}"#,
    )
    .unwrap();
    let start = |home: &Path| {
        let mut command = in_home(Command::new(built("medley")), home);
        command
            .arg("exec")
            .arg(&plan)
            .arg("-a")
            .arg(sample("sign.png"))
            .arg("-o")
            .arg(home.join("out"));
        command.spawn().unwrap()
    };
    let whole = folder.path().join("whole");
    let began = Instant::now();
    assert!(start(&whole).wait().unwrap().success());
    let takes = began.elapsed();
    let wanted = resumed_artifacts(&whole);
    assert_eq!(wanted.len(), 5);
    for (kill, moment) in moments(takes).enumerate() {
        let home = folder.path().join(format!("home-{kill}"));
        kill_after(start(&home), moment);
        let Some((_, before)) = finished(&home) else {
            continue;
        };
        let output = medley(&home)
            .args(["runs", "resume", "--last", "--json", "-q", "-o"])
            .arg(home.join("resumed"))
            .output()
            .unwrap();
        let result: Json = serde_json::from_slice(&output.stdout).unwrap();
        if result["error"]["code"] == "nothing_to_resume" {
            assert!(before.is_empty());
            continue;
        }
        assert_eq!(result["status"], "succeeded", "{result:#}");
        assert_eq!(resumed_artifacts(&home), wanted, "kill {kill}");
        let (_, after) = finished(&home).unwrap();
        for (key, report) in before {
            assert_eq!(after[&key], report, "{key} was finished and is repeated");
        }
    }
}

/// The digests of what the newest run answers with.
fn resumed_artifacts(home: &Path) -> Vec<String> {
    let output = medley(home)
        .args(["runs", "resume", "--last", "--json", "-q", "-o"])
        .arg(home.join("looked-at"))
        .output()
        .unwrap();
    let result: Json = serde_json::from_slice(&output.stdout).unwrap();
    let parts = result["answer"].as_array().unwrap().iter();
    parts
        .map(|part| part["id"].as_str().unwrap().to_owned())
        .collect()
}

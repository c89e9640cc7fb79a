//! What goes wrong around a run: interrupts, a full disk, two processes on one home.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use medley_tests::{built, medley, sample};
use predicates::prelude::*;
use serde_json::Value as Json;

fn medley_process(home: &Path) -> Command {
    let mut command = Command::new(built("medley"));
    command
        .env_remove("MEDLEY_OFFLINE")
        .env("MEDLEY_HOME", home)
        .env("XDG_CONFIG_HOME", home.join("no-configuration"))
        .stderr(Stdio::null());
    command
}

/// A plan that takes a while: the same picture blurred in many ways.
fn long_plan(folder: &Path, items: usize) -> std::path::PathBuf {
    let radii: Vec<f64> = (1..=items).map(|item| 3.0 + item as f64 / 100.0).collect();
    let plan = serde_json::json!({"steps": [
        {"id": "blurred", "tool": "blur_image", "for_each": radii, "args": {"image": "$input1", "radius": "$item"}},
        {"id": "sizes", "tool": "image_info", "for_each": "$blurred", "args": {"image": "$item"}}],
        "answer": ["$sizes.width"]});
    let path = folder.join("plan.json");
    fs::write(&path, plan.to_string()).unwrap();
    path
}

#[test]
fn an_interrupt_stops_the_run_which_can_be_resumed() {
    let home = tempfile::tempdir().unwrap();
    let plan = long_plan(home.path(), 60);
    let mut process = medley_process(home.path())
        .arg("exec")
        .arg(&plan)
        .args(["--json-events", "-a"])
        .arg(sample("photo.jpg"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut last = Json::Null;
    let mut interrupted = false;
    let mut run = String::new();
    for line in lines {
        last = serde_json::from_str(&line.unwrap()).unwrap();
        if last["event"] == "run_started" {
            run = last["run"].as_str().unwrap().to_owned();
        }
        if !interrupted && last["event"] == "step_finished" {
            interrupted = true;
            medley(home.path())
                .args(["runs", "rm", &run])
                .assert()
                .failure()
                .stderr(predicate::str::contains("is alive in process"));
            let number = process.id().to_string();
            assert!(
                Command::new("kill")
                    .args(["-INT", &number])
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
    assert!(interrupted);
    assert_eq!(process.wait().unwrap().code(), Some(130));
    assert_eq!(last["event"], "result");
    assert_eq!(last["status"], "cancelled");
    medley(home.path())
        .args(["runs", "resume", "--last", "-q"])
        .assert()
        .success()
        .stdout(predicate::str::contains("\n").count(60));
}

#[test]
fn two_processes_share_one_home() {
    let home = tempfile::tempdir().unwrap();
    let plan = long_plan(home.path(), 8);
    let start = || {
        medley_process(home.path())
            .arg("exec")
            .arg(&plan)
            .arg("-a")
            .arg(sample("sign.png"))
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    for mut process in [start(), start(), start()] {
        assert!(process.wait().unwrap().success());
    }
    let output = medley(home.path())
        .args(["runs", "list", "--json"])
        .output()
        .unwrap();
    let runs: Json = serde_json::from_slice(&output.stdout).unwrap();
    let statuses: Vec<_> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["status"])
        .collect();
    assert_eq!(statuses, ["succeeded", "succeeded", "succeeded"]);
}

/// A file system of a few megabytes, if this process may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }

    fn grow(&self, size: &str) {
        let grown = Command::new("mount")
            .args(["-o", &format!("remount,size={size}")])
            .arg(self.0.path())
            .status();
        assert!(grown.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_said_and_the_run_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::new("600k") else {
        println!("skipped: this process may not mount a small file system");
        return;
    };
    let home = disk.0.path().join("home");
    let folder = tempfile::tempdir().unwrap();
    let plan = long_plan(folder.path(), 20);
    medley(&home)
        .args(["exec", "-q"])
        .arg(&plan)
        .arg("-a")
        .arg(sample("sign.png"))
        .current_dir(folder.path())
        .assert()
        .failure()
        .stderr(
            predicate::str::contains("room")
                .or(predicate::str::contains("full"))
                .and(predicate::str::contains("hint:")),
        );
    disk.grow("60m");
    medley(&home)
        .args(["runs", "resume", "--last", "-q"])
        .current_dir(folder.path())
        .assert()
        .success();
    medley(&home)
        .args(["exec", "-q"])
        .arg(&plan)
        .arg("-a")
        .arg(sample("sign.png"))
        .current_dir(folder.path())
        .assert()
        .success();
}

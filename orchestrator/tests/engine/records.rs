//! What is kept, and what is therefore not done again.

use std::fs;

use medley_orchestrator::{EventKind, Journal, QuestionKind, RunStatus, StepStatus, Value};
use serde_json::json;

use crate::house::{House, Way, statuses};

pub(crate) async fn known_results_are_used_again_after_a_restart(way: Way) {
    let plan = || {
        json!({"steps": [
            {"id": "pure", "tool": "write_artifact", "args": {"bytes": 50, "name": "x"}},
            {"id": "seeded", "tool": "seeded"},
            {"id": "volatile", "tool": "flaky", "args": {"counter": "COUNTER", "succeeds_at": 1}},
        ]})
    };
    let house = House::new(way);
    let mut plan = plan();
    plan["steps"][2]["args"]["counter"] = json!(house.file("counter"));
    let first = house.run("r1", plan.clone()).await;
    assert!(
        statuses(&first)
            .values()
            .all(|status| *status == StepStatus::Done)
    );
    let house = house.restarted();
    let second = house.run("r2", plan).await;
    let statuses = statuses(&second);
    assert_eq!(statuses["pure"], StepStatus::Cached);
    assert_eq!(statuses["seeded"], StepStatus::Cached);
    assert_eq!(statuses["volatile"], StepStatus::Done);
    for step in ["pure", "seeded"] {
        assert_eq!(
            first.step(step).unwrap().outputs,
            second.step(step).unwrap().outputs
        );
    }
}

pub(crate) async fn when_a_step_gives_the_same_again_nothing_below_it_runs(way: Way) {
    let house = House::new(way);
    let path = house.file("lines");
    let plan = json!({"steps": [
        {"id": "again", "tool": "append", "args": {"path": path, "text": "same"}},
        {"id": "below", "tool": "echo", "args": {"text": "$again"}},
    ]});
    house.run("r1", plan.clone()).await;
    let report = house.run("r2", plan).await;
    assert_eq!(
        statuses(&report),
        [("again", StepStatus::Done), ("below", StepStatus::Cached)].into()
    );
    assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 2);
}

pub(crate) async fn a_run_that_was_dropped_goes_on_without_repeating_what_was_finished(way: Way) {
    let house = House::new(way);
    let path = house.file("lines");
    let mut started = house.start(
        "r",
        json!({"steps": [
            {"id": "first", "tool": "append", "for_each": ["a", "b"], "args": {"path": path, "text": "$item"}},
            {"id": "second", "tool": "slow", "args": {"ms": 100, "text": "$first"}},
            {"id": "third", "tool": "append", "args": {"path": path, "text": "$second"}},
        ]}),
    );
    started
        .until(
            |event| matches!(&event.kind, EventKind::StepProgress { step, .. } if step == "second"),
        )
        .await;
    started.abandon().await;
    let house = house.restarted();
    let report = house.resume("r").await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    let mut lines: Vec<String> = fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    assert_eq!(
        lines.len(),
        4,
        "{lines:?}: a and b once, and both again from the third step"
    );
    let again = house.resume("r").await;
    assert_eq!(again.status, RunStatus::Succeeded);
    assert_eq!(again.answer, report.answer);
}

pub(crate) async fn a_damaged_file_is_made_again(way: Way) {
    let house = House::new(way);
    let made = json!({"id": "made", "tool": "write_artifact", "args": {"bytes": 5_000}});
    let first = house.run("r1", json!({"steps": [made]})).await;
    let Value::Artifact(file) = &first.step("made").unwrap().outputs["file"] else {
        unreachable!("it makes a file")
    };
    let path = house.store().path_of(&file.id);
    let mut content = fs::read(&path).unwrap();
    content[100] ^= 1;
    fs::write(&path, &content).unwrap();
    let read = json!({"id": "read", "tool": "read_artifact", "args": {"file": "$made"}});
    let second = house.run("r2", json!({"steps": [made, read]})).await;
    assert_eq!(second.status, RunStatus::Succeeded, "{second:#?}");
    assert_eq!(second.step("made").unwrap().status, StepStatus::Cached);
    assert_eq!(
        second.step("read").unwrap().outputs["bytes"],
        Value::Integer(5_000)
    );
    assert_eq!(fs::read(&path).unwrap()[100], b'.');
}

pub(crate) async fn a_question_suspends_the_run_and_its_answer_goes_on_with_it(way: Way) {
    let house = House::new(way).asking_before_writing();
    let path = house.file("lines");
    let report = house
        .run(
            "r",
            json!({"steps": [
                {"id": "said", "tool": "echo", "args": {"text": "a line"}},
                {"id": "kept", "tool": "append", "args": {"path": path, "text": "$said"}},
            ]}),
        )
        .await;
    assert_eq!(report.status, RunStatus::Waiting);
    assert!(!path.exists(), "nothing was written without leave");
    let question = report.step("kept").unwrap().question.clone().unwrap();
    assert_eq!(question.kind, QuestionKind::Approve);
    let house = house.restarted();
    house
        .journal
        .record_answer("r", &question.id, "yes")
        .await
        .unwrap();
    let report = house.resume("r").await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    assert_eq!(fs::read_to_string(path).unwrap(), "a line\n");
}

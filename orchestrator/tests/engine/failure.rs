//! What goes wrong in a step stays in the step.

use std::time::{Duration, Instant};

use medley_orchestrator::{EventKind, RunStatus, StepStatus};
use serde_json::json;

use crate::house::{House, Way, code, statuses};

pub(crate) async fn each_failure_is_its_step_s_alone(way: Way) {
    let report = House::new(way)
        .run(
            "r",
            json!({"steps": [
                {"id": "fails", "tool": "fail"},
                {"id": "after", "tool": "echo", "args": {"text": "$fails"}},
                {"id": "explodes", "tool": "explode"},
                {"id": "lies", "tool": "wrong"},
                {"id": "fine", "tool": "echo", "args": {"text": "fine"}},
            ]}),
        )
        .await;
    assert_eq!(report.status, RunStatus::Partial);
    let statuses = statuses(&report);
    assert_eq!(statuses["fails"], StepStatus::Failed);
    assert_eq!(statuses["after"], StepStatus::Skipped);
    assert_eq!(statuses["fine"], StepStatus::Done);
    assert_eq!(code(report.step("after").unwrap()), "needs_failed_step");
    assert_eq!(code(report.step("explodes").unwrap()), "panicked");
    assert_eq!(code(report.step("lies").unwrap()), "bad_output");
}

pub(crate) async fn what_fails_for_now_is_tried_again(way: Way) {
    let house = House::new(way);
    let counter = house.file("counter");
    let report = house
        .run(
            "r",
            json!({"steps": [{"id": "s", "tool": "flaky", "retry": {"times": 3, "delay_s": 0.001},
                "args": {"counter": counter, "succeeds_at": 3}}]}),
        )
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    assert_eq!(report.steps[0].attempts, 3);
}

pub(crate) async fn what_was_given_too_little_time_fails(way: Way) {
    let report = House::new(way)
        .run(
            "r",
            json!({"steps": [
                {"id": "listens", "tool": "slow", "timeout_s": 0.05, "retry": 0, "args": {"ms": 60_000}},
                {"id": "does_not", "tool": "stubborn", "timeout_s": 0.05, "retry": 0},
                {"id": "silent", "tool": "slow", "idle_timeout_s": 0.05, "retry": 0, "args": {"ms": 60_001}},
            ]}),
        )
        .await;
    assert_eq!(code(report.step("listens").unwrap()), "timed_out");
    assert_eq!(code(report.step("does_not").unwrap()), "timed_out");
    assert_eq!(code(report.step("silent").unwrap()), "idle");
}

pub(crate) async fn a_cancelled_run_ends_whatever_its_tools_do(way: Way) {
    let house = House::new(way);
    let mut started = house.start(
        "r",
        json!({"steps": [
            {"id": "listens", "tool": "slow", "args": {"ms": 60_000}},
            {"id": "does_not", "tool": "stubborn"},
            {"id": "after", "tool": "echo", "args": {"text": "$listens"}},
        ]}),
    );
    for _ in 0..2 {
        started
            .until(|event| matches!(event.kind, EventKind::StepProgress { .. }))
            .await;
    }
    let asked = Instant::now();
    started.cancel.cancel();
    let report = started.report().await;
    // Ten times what it should be: the machine may be busy, but a tool that never ends must not be waited for.
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(report.status, RunStatus::Cancelled);
    assert!(
        report
            .steps
            .iter()
            .all(|step| step.status == StepStatus::Cancelled),
        "{report:#?}"
    );
    let left = std::fs::read_dir(house.folder.path().join("store/tmp"));
    assert_eq!(left.map_or(0, Iterator::count), 0, "no temporary file");
}

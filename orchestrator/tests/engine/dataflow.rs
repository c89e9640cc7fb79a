//! What flows from step to step.

use medley_orchestrator::{RunStatus, Value};
use serde_json::json;

use crate::house::{House, Way};

pub(crate) async fn values_and_files_flow_between_steps(way: Way) {
    let report = House::new(way)
        .run(
            "r",
            json!({"steps": [
                {"id": "read", "tool": "read_artifact", "args": {"file": "$made"}},
                {"id": "made", "tool": "write_artifact", "args": {"bytes": 300_000}},
                {"id": "said", "tool": "echo", "args": {"text": "${read} bytes"}},
            ]}),
        )
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    assert_eq!(
        report.step("said").unwrap().outputs["text"],
        "300000 bytes".into()
    );
    assert_eq!(report.answer.len(), 1, "only the leaf");
}

pub(crate) async fn independent_steps_are_in_flight_together(way: Way) {
    // Each waits for the other inside its call: one after the other, they would never end.
    let report = House::new(way)
        .run(
            "r",
            json!({"steps": [{"id": "a", "tool": "meet"}, {"id": "b", "tool": "meet"}]}),
        )
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
}

pub(crate) async fn a_step_goes_over_a_list_of_files(way: Way) {
    let report = House::new(way)
        .run(
            "r",
            json!({"steps": [
                {"id": "made", "tool": "write_artifact", "for_each": [10, 20, 30], "args": {"bytes": "$item"}},
                {"id": "read", "tool": "read_artifact", "for_each": "$made", "args": {"file": "$item"}},
            ]}),
        )
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    let sizes: Vec<Value> = [10, 20, 30].map(Value::Integer).into();
    assert_eq!(
        report.step("read").unwrap().outputs["bytes"],
        Value::List(sizes)
    );
}

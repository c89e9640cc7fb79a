//! What becomes of calls that are no longer wanted, and of the workers that do not let go of them.

use super::*;

#[tokio::test]
async fn cancelling_ends_a_call_that_listens_and_its_worker_is_kept() {
    let house = patient_house();
    let worker = house.process_id().await;
    let started = house
        .start_and_see(call("slow", [("ms", Value::Integer(600_000))]))
        .await;
    started.cancel.cancel();
    assert_eq!(
        in_time(started.outcome).await.unwrap(),
        StepOutcome::Cancelled
    );
    assert_eq!(house.process_id().await, worker);
}

#[tokio::test]
async fn dropping_a_call_ends_it_and_its_worker_is_kept() {
    let house = patient_house();
    let worker = house.process_id().await;
    let started = house
        .start_and_see(call("slow", [("ms", Value::Integer(600_000))]))
        .await;
    started.outcome.abort();
    // The sink goes with the call, and the channel is closed with the sink.
    let mut progress = started.progress;
    assert!(in_time(progress.recv()).await.is_none());
    assert_eq!(house.process_id().await, worker);
}

#[tokio::test]
async fn a_call_that_ignores_the_cancel_is_ended_by_killing_its_worker() {
    let house = house(1);
    let worker = house.process_id().await;
    for (tool, more) in [
        ("stubborn", None),
        ("block", Some(("ms", Value::Integer(600_000)))),
    ] {
        let lock = house.path(tool);
        let mut call = call(tool, [("lock", path_value(&lock))]);
        call.arguments
            .extend(more.map(|(name, value)| (name.to_owned(), value)));
        let started = house.start_and_see(call).await;
        assert!(is_locked(&lock), "{tool} runs");
        started.cancel.cancel();
        assert_eq!(
            in_time(started.outcome).await.unwrap(),
            StepOutcome::Cancelled
        );
        unlocked(&lock).await;
    }
    assert_ne!(house.process_id().await, worker);
}

#[tokio::test]
async fn dropping_a_call_that_does_not_listen_kills_its_worker() {
    let house = house(1);
    let lock = house.path("lock");
    let started = house
        .start_and_see(call("stubborn", [("lock", path_value(&lock))]))
        .await;
    started.outcome.abort();
    unlocked(&lock).await;
}

#[tokio::test]
async fn what_a_tool_started_is_killed_with_its_worker() {
    let house = house(1);
    let lock = house.path("lock");
    let started = house
        .start_and_see(call("spawn_child", [("lock", path_value(&lock))]))
        .await;
    assert!(is_locked(&lock), "the child runs");
    started.cancel.cancel();
    assert_eq!(
        in_time(started.outcome).await.unwrap(),
        StepOutcome::Cancelled
    );
    unlocked(&lock).await;
}

#[tokio::test]
async fn a_worker_with_other_calls_is_retired_and_killed_after_the_last() {
    let house = house(1);
    let lock = house.path("lock");
    let other = house
        .start_and_see(call("slow", [("ms", Value::Integer(600_000))]))
        .await;
    let worker = house.process_id().await;
    let stubborn = house
        .start_and_see(call("stubborn", [("lock", path_value(&lock))]))
        .await;
    stubborn.cancel.cancel();
    assert_eq!(
        in_time(stubborn.outcome).await.unwrap(),
        StepOutcome::Cancelled
    );
    assert!(
        !other.outcome.is_finished(),
        "the other call is not disturbed"
    );
    assert!(is_locked(&lock), "the worker lives on for it");
    assert_ne!(house.process_id().await, worker, "new calls go elsewhere");
    other.cancel.cancel();
    assert_eq!(
        in_time(other.outcome).await.unwrap(),
        StepOutcome::Cancelled
    );
    unlocked(&lock).await;
}

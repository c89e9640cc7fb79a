//! What calls over worker processes give, and which worker does them.

use medley_orchestrator::{ArtifactStore, DiskStore, LocalDispatcher};

use super::*;

#[tokio::test]
async fn every_call_gives_what_it_gives_in_process() {
    let house = house(2);
    let store = Arc::new(DiskStore::new(house.folder.path()));
    let local = LocalDispatcher::new(Arc::new(tools::registry().unwrap()), store);
    let counter = |name: &str| ("counter", path_value(&house.path(name)));
    let calls = |place: &str| {
        [
            call(
                "echo",
                [("text", "one\ntwo\u{2028}\"three\" \u{1f980}".into())],
            ),
            call("slow", [("ms", Value::Integer(1)), ("text", "late".into())]),
            call(
                "write_artifact",
                [("bytes", Value::Integer(100_000)), ("name", "a".into())],
            ),
            call("progress", [("count", Value::Integer(3))]),
            call("seeded", []),
            StepCall {
                attempt: 3,
                ..call("seeded", [])
            },
            call("fail", []),
            call("wrong", []),
            call(
                "flaky",
                [counter(place), ("succeeds_at", Value::Integer(2))],
            ),
            call(
                "flaky",
                [counter(place), ("succeeds_at", Value::Integer(2))],
            ),
            call("unheard_of", []),
            StepCall {
                provider: "nobody".to_owned(),
                ..call("echo", [("text", "x".into())])
            },
        ]
    };
    for (here, there) in calls("local").into_iter().zip(calls("remote")) {
        let expected = local.dispatch(here, control().0).await;
        let name = there.capability.clone();
        assert_eq!(house.run(there).await, expected, "{name}");
    }
}

#[tokio::test]
async fn progress_arrives_in_order_and_before_the_outcome() {
    let house = house(1);
    let mut started = house.start(call("progress", [("count", Value::Integer(500))]));
    let outcome = in_time(started.outcome).await.unwrap();
    assert_eq!(text_of(&outcome), "500");
    for done in 1..=500 {
        let progress = started.progress.try_recv().unwrap();
        assert_eq!(progress.message, format!("{done} of 500"));
    }
    assert!(started.progress.try_recv().is_err());
}

#[tokio::test]
async fn calls_on_one_worker_run_side_by_side() {
    let house = house(1);
    // Each ends only while the other is in flight in the same process.
    let first = house.start(call("meet", []));
    let second = house.start(call("meet", []));
    assert_eq!(text_of(&in_time(first.outcome).await.unwrap()), "met");
    assert_eq!(text_of(&in_time(second.outcome).await.unwrap()), "met");
}

#[tokio::test]
async fn workers_are_kept_and_another_is_started_only_while_none_is_idle() {
    let house = house(2);
    let first = house.process_id().await;
    assert_eq!(house.process_id().await, first);
    let busy = house
        .start_and_see(call("slow", [("ms", Value::Integer(600_000))]))
        .await;
    let second = house.process_id().await;
    assert_ne!(second, first);
    let busier = house
        .start_and_see(call("slow", [("ms", Value::Integer(600_000))]))
        .await;
    let third = house.process_id().await;
    assert!([&first, &second].contains(&&third), "there are only two");
    for started in [busy, busier] {
        started.cancel.cancel();
        assert_eq!(
            in_time(started.outcome).await.unwrap(),
            StepOutcome::Cancelled
        );
    }
}

#[tokio::test]
async fn artifacts_cross_by_digest_through_the_shared_folder() {
    let house = house(1);
    let outcome = house
        .run(call(
            "write_artifact",
            [("bytes", Value::Integer(3_000_000)), ("name", "b".into())],
        ))
        .await;
    let StepOutcome::Done { outputs, .. } = outcome else {
        panic!("it should have been written: {outcome:?}")
    };
    let artifact = outputs["file"].as_artifact().unwrap();
    let here = DiskStore::new(house.folder.path());
    assert_eq!(here.read(&artifact.id).await.unwrap().len(), 3_000_000);
    let read = house
        .run(call("read_artifact", [("file", outputs["file"].clone())]))
        .await;
    assert!(
        matches!(&read, StepOutcome::Done { outputs, .. } if outputs["bytes"] == Value::Integer(3_000_000)),
        "{read:?}"
    );
}

#[tokio::test]
async fn what_tools_print_does_not_disturb_the_protocol() {
    let house = house(1);
    let worker = house.process_id().await;
    assert_eq!(
        text_of(&house.run(call("print", [])).await),
        "0",
        "its stdin is empty"
    );
    assert_eq!(house.process_id().await, worker);
}

#[tokio::test]
async fn arguments_and_results_beyond_the_limit_fail_their_call_alone() {
    let house = house(1);
    let worker = house.process_id().await;
    let too_large = 17 << 20;
    let text = Value::from("x".repeat(too_large));
    let failure = error_of(house.run(call("echo", [("text", text)])).await);
    assert_eq!(failure.code, "call_too_large");
    assert!(failure.hint.unwrap().contains("artifact"));
    let bytes = Value::Integer(too_large as i64);
    let failure = error_of(house.run(call("huge", [("bytes", bytes)])).await);
    assert_eq!(failure.code, "outcome_too_large");
    assert!(failure.hint.unwrap().contains("artifacts"));
    assert_eq!(house.process_id().await, worker);
}

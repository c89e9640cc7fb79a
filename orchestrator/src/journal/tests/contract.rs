//! The methods of the trait: what goes in comes out, across a restart.

use super::*;

#[tokio::test]
async fn a_run_comes_back_as_it_was_kept() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 7)).await.unwrap();
    for index in [0, 1] {
        journal.commit_turn("r1", &turn(index)).await.unwrap();
    }
    let steps = [step("s2", "two"), step("s1", "one"), step("s3[0]", "three")];
    for step in &steps {
        journal.record_step("r1", step).await.unwrap();
    }
    journal.record_answer("r1", "q1", "no").await.unwrap();
    journal.record_answer("r1", "q1", "yes").await.unwrap();
    let unfinished = journal.load_run("r1").await.unwrap();
    assert_eq!((unfinished.status, unfinished.ended_at), (None, None));

    journal.finish_run("r1", RunStatus::Partial).await.unwrap();
    drop(journal);
    let history = open(&file_in(&folder)).load_run("r1").await.unwrap();
    assert_eq!(history.run, run("r1", 7));
    assert_eq!(history.turns, [turn(0), turn(1)]);
    assert_eq!(history.steps, steps, "in the order in which they ended");
    assert_eq!(
        history.answers,
        [("q1".to_owned(), "yes".to_owned())].into()
    );
    assert_eq!(history.status, Some(RunStatus::Partial));
    assert!(history.ended_at.is_some());
}

#[tokio::test]
async fn a_step_that_is_recorded_again_replaces_its_record_and_ended_last() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let mut waiting = step("s1", "");
    waiting.report.status = StepStatus::Waiting;
    let other_round = StepRecord {
        round: 1,
        ..step("s1", "later")
    };
    for record in [
        &waiting,
        &step("s2", "two"),
        &other_round,
        &step("s1", "one"),
    ] {
        journal.record_step("r1", record).await.unwrap();
    }
    assert_eq!(
        journal.load_run("r1").await.unwrap().steps,
        [step("s2", "two"), other_round, step("s1", "one")]
    );
}

#[tokio::test]
async fn a_run_that_waits_has_not_ended() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    journal.finish_run("r1", RunStatus::Waiting).await.unwrap();
    let waiting = journal.load_run("r1").await.unwrap();
    assert_eq!(
        (waiting.status, waiting.ended_at),
        (Some(RunStatus::Waiting), None)
    );
    journal
        .finish_run("r1", RunStatus::Succeeded)
        .await
        .unwrap();
    assert!(journal.load_run("r1").await.unwrap().ended_at.is_some());
}

#[tokio::test]
async fn a_run_that_never_began_is_unknown_and_harms_no_other() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let good = step("s1", "one");
    let (kept, unknown) = tokio::join!(
        journal.record_step("r1", &good),
        journal.record_step("r2", &good)
    );
    kept.unwrap();
    for failure in [
        unknown.unwrap_err(),
        journal.commit_turn("r2", &turn(0)).await.unwrap_err(),
        journal.record_answer("r2", "q", "a").await.unwrap_err(),
        journal
            .finish_run("r2", RunStatus::Failed)
            .await
            .unwrap_err(),
        journal.load_run("r2").await.unwrap_err(),
        journal.events_of("r2").await.unwrap_err(),
        journal.remove_run("r2").await.unwrap_err(),
    ] {
        assert_eq!(failure.kind, JournalErrorKind::UnknownRun);
        assert!(failure.message.contains("`r2`"), "{failure}");
    }
    assert_eq!(journal.load_run("r1").await.unwrap().steps, [good]);
}

#[tokio::test]
async fn a_run_begins_once() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let failure = journal.begin_run(&run("r1", 9)).await.unwrap_err();
    assert!(failure.hint.contains("resume"), "{}", failure.hint);
    assert_eq!(journal.load_run("r1").await.unwrap().run.began_at, 0);
}

#[tokio::test]
async fn events_are_kept_in_order_by_the_end_of_the_run() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let events: Vec<Event> = (0..10_000).map(event).collect();
    for (index, event) in events.iter().enumerate() {
        journal.note_event("r1", event);
        if index == 5_000 {
            journal.record_step("r1", &step("s1", "one")).await.unwrap();
        }
    }
    journal
        .finish_run("r1", RunStatus::Succeeded)
        .await
        .unwrap();
    let kept = open(&file_in(&folder)).events_of("r1").await.unwrap();
    assert!(kept == events, "every event, once and in order");
}

#[tokio::test]
async fn what_was_noted_is_kept_when_the_journal_is_dropped() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    journal.note_event("r1", &event(0));
    drop(journal);
    assert_eq!(
        open(&file_in(&folder)).events_of("r1").await.unwrap(),
        [event(0)]
    );
}

#[tokio::test]
async fn what_is_committed_survives_a_process_that_ends_without_a_word() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    journal.record_step("r1", &step("s1", "one")).await.unwrap();
    std::mem::forget(journal);
    let history = open(&file_in(&folder)).load_run("r1").await.unwrap();
    assert_eq!(history.steps, [step("s1", "one")]);
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_is_kept() {
    let (folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let record = step("s1", "one");
    let mut abandoned = journal.record_step("r1", &record);
    // One poll hands it over.
    let _ = futures::poll!(abandoned.as_mut());
    drop(abandoned);
    drop(journal);
    assert_eq!(
        open(&file_in(&folder)).load_run("r1").await.unwrap().steps,
        [record]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_steps_at_once_are_all_kept() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    let steps: Vec<StepRecord> = (0..5_000)
        .map(|index| step(&format!("s{index}"), "same"))
        .collect();
    let kept =
        futures::future::join_all(steps.iter().map(|step| journal.record_step("r1", step))).await;
    assert!(kept.iter().all(Result::is_ok));
    assert_eq!(journal.load_run("r1").await.unwrap().steps.len(), 5_000);
}

#[tokio::test]
async fn durations_follow_what_calls_take() {
    let (_folder, journal) = fresh();
    journal.begin_run(&run("r1", 0)).await.unwrap();
    assert!(journal.durations().await.unwrap().is_empty());
    let took = |key: &str, ms: f64, status| {
        let mut record = step(key, "");
        (record.report.ms, record.report.status) = (ms, status);
        record
    };
    let mut over_a_list = took("s4", 5_000.0, StepStatus::Done);
    over_a_list.report.children = vec![step("s4[0]", "").report];
    let mut over_nothing = took("s5", 0.0, StepStatus::Done);
    over_nothing.report.attempts = 0;
    for record in [
        took("s1", 100.0, StepStatus::Done),
        took("s2", 200.0, StepStatus::Done),
        took("s3", 9_000.0, StepStatus::Failed),
        took("s3", 0.0, StepStatus::Cached),
        over_a_list,
        over_nothing,
    ] {
        journal.record_step("r1", &record).await.unwrap();
    }
    let durations = journal.durations().await.unwrap();
    assert_eq!(durations.len(), 1);
    assert!((durations["ocr"] - 120.0).abs() < 1e-9, "{durations:?}");
}

//! What an interrupted script keeps: finished steps are not done again, and another way is noticed.

use std::collections::BTreeMap;

use medley_orchestrator::{Assignment, EventKind, EventSink, Request, RunKind, RunStatus};
use tokio_util::sync::CancellationToken;

use crate::house::House;

const SCRIPT: &str = r#"
    fn stage(name) {
        let parts = map(0..4, |i| wait(count(`${name}${i}`)));
        join(parts, ",")
    }
    let rounds = [];
    for name in ["a", "b"] {
        rounds.push(wait(stage(name)));
    }
    let total = map(rounds, |r| count(`<${r}>`));
    emit(join(total));
"#;

/// Runs a script until so many steps have ended, and leaves it there as a process that is killed does.
async fn kill_after(house: &House, script: &str, ended: usize) {
    let (sink, mut events) = EventSink::channel();
    let agent = house.agent(script);
    let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
    let cancel = CancellationToken::new();
    let run = agent.answer(assignment, &sink, &cancel);
    let watch = async {
        let mut left = ended;
        while left > 0 {
            let event = events.recv().await.unwrap();
            left -= usize::from(matches!(event.kind, EventKind::StepFinished { .. }));
        }
    };
    tokio::select! {
        biased;
        () = watch => {}
        _ = run => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_killed_at_any_moment_repeats_no_finished_step() {
    for moment in 1..16 {
        let house = House::new().await;
        kill_after(&house, SCRIPT, moment).await;
        let history = house.history("run").await;
        let finished: Vec<String> = history
            .steps
            .iter()
            .filter(|step| step.report.tool == "count")
            .map(|step| step.report.outputs["text"].to_string())
            .collect();
        let told = house.resume(SCRIPT, "run").await;
        assert_eq!(
            told.outcome.status,
            RunStatus::Succeeded,
            "{}",
            told.notes()
        );
        assert_eq!(told.words(), "<a0,a1,a2,a3><b0,b1,b2,b3>");
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        for label in house.calls.lock().unwrap().iter() {
            *calls.entry(label.clone()).or_default() += 1;
        }
        for label in finished {
            assert_eq!(calls[&label], 1, "{label} after {moment} steps");
        }
        assert_eq!(calls.len(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_ends_the_run_and_its_answer_goes_on_with_it() {
    let house = House::new().await;
    let script = r#"
        count("before");
        let name = ask_person("who?");
        emit(`it is ${name}`);
        count("after");
    "#;
    let told = house.run(script).await;
    assert_eq!(told.outcome.status, RunStatus::Waiting);
    let question = told.outcome.rounds[0]
        .steps
        .iter()
        .find_map(|step| step.question.clone())
        .unwrap();
    house.answer("run", &question.id, "Ada").await;
    let told = house.resume(script, "run").await;
    assert_eq!(
        told.outcome.status,
        RunStatus::Succeeded,
        "{}",
        told.notes()
    );
    assert_eq!(told.words(), "it is Ada");
    assert_eq!(*house.calls.lock().unwrap(), ["before", "after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_what_waits_is_not_left_hanging() {
    let house = House::new().await;
    let script = r#"emit(wait(join([ask_person("who?")])));"#;
    assert_eq!(house.run(script).await.outcome.status, RunStatus::Waiting);
    let script = r#"parallel([|| wait(ask_person("who?")), || wait(join([ask_person("how?")]))]);"#;
    let house = House::new().await;
    assert_eq!(house.run(script).await.outcome.status, RunStatus::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_than_before_is_an_error_that_says_where() {
    let house = House::new().await;
    let script =
        "let since = timestamp();\nwait(count(`${since.elapsed}`));\nwait(ask_person(\"who?\"));";
    assert_eq!(house.run(script).await.outcome.status, RunStatus::Waiting);
    let told = house.resume(script, "run").await;
    assert_eq!(told.outcome.status, RunStatus::Failed);
    let notes = told.notes();
    assert!(
        notes.contains("line 2 of test.rhai: the script took another way than before"),
        "{notes}"
    );
    assert!(
        notes.contains("count was called here with other arguments"),
        "{notes}"
    );
    assert_eq!(house.calls.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_tried_again_and_what_was_done_is_not() {
    let house = House::new().await;
    let script = r#"count("done"); emit(wait(fail("x")));"#;
    assert_eq!(house.run(script).await.outcome.status, RunStatus::Failed);
    let again = house.resume(script, "run").await;
    assert_eq!(again.outcome.status, RunStatus::Failed);
    assert_eq!(house.calls.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_run_of_another_script_made_is_known() {
    let house = House::new().await;
    house.run(r#"emit(pause("same", 1));"#).await;
    let script = r#"let t = pause("same", 1); emit(t + "!");"#;
    let assignment = Assignment::new("other", RunKind::Workflow, Request::default());
    let told = house
        .carry_out(house.agent(script), assignment, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(told.words(), "same!");
    let status = told.outcome.rounds[0].steps[0].status;
    assert_eq!(status, medley_orchestrator::StepStatus::Cached);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_reads_is_asked_all_the_same_and_holds_up_nothing_else() {
    let told = House::new().await.run(r#"emit(ask_person("who?"));"#).await;
    assert_eq!(told.outcome.status, RunStatus::Waiting, "{}", told.notes());

    let house = House::new().await;
    let script = r#"
        let asked = ask_person("who?");
        for i in 0..5 { wait(count(`${i}`)); }
        emit(asked);
    "#;
    let told = house.run(script).await;
    assert_eq!(told.outcome.status, RunStatus::Waiting, "{}", told.notes());
    assert_eq!(house.calls.lock().unwrap().len(), 5);

    let house = House::new().await;
    let script = r#"map(find("a b").regions, |r| wait(ask_person(r.text)));"#;
    assert_eq!(house.run(script).await.outcome.status, RunStatus::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_is_noticed_where_a_handle_is_passed_too() {
    let house = House::new().await;
    let script = "let a = pause(\"a\");\nlet since = timestamp();\nwait(join([a, `${since.elapsed}`]));\n\
                  wait(ask_person(\"who?\"));";
    assert_eq!(house.run(script).await.outcome.status, RunStatus::Waiting);
    let told = house.resume(script, "run").await;
    assert!(
        told.notes()
            .contains("line 3 of test.rhai: the script took another way"),
        "{}",
        told.notes()
    );
}

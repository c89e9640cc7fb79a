//! Scripts of strangers: what they do, they do within their limits, and it ends with a word on where.

use std::time::Duration;

use medley_orchestrator::{Assignment, EventKind, EventSink, Request, RunKind, RunStatus};
use tokio_util::sync::CancellationToken;

use crate::house::House;

async fn ended(house: &House, script: &str) -> String {
    let told = house.run(script).await;
    let status = told.outcome.status;
    let is_ended =
        status == RunStatus::Failed || (status == RunStatus::Partial && script.contains("emit"));
    assert!(is_ended, "{script}: {status:?}");
    told.notes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_much_ends_with_the_line() {
    for (script, wrong) in [
        (
            "let a = 1;\nloop { a += 1; }",
            "line 2 of test.rhai: the script did 200000 operations",
        ),
        ("fn f(x) {\n  f(x + 1)\n}\nf(0);", "deeper than they may"),
        ("let s = \"ab\";\nloop { s += s; }", "line 2"),
        ("let a = [1];\nloop { a += a; }", "line 2"),
        ("let a = [];\nloop { a.push([1, 2, 3]); }", "line 2"),
        (
            "let m = #{};\nlet i = 0;\nloop { m[`k${i}`] = i; i += 1; }",
            "line 3",
        ),
        ("let a = [];\na.pad(100000000, 0);", "line 2"),
        (
            "map(0..8, |i| { loop { } });",
            "the script did 200000 operations",
        ),
        (
            "try { loop { } } catch { }",
            "the script did 200000 operations",
        ),
        ("map(0..100000000, |i| i);", "too long for map"),
        (
            "let s = \"a\";\ns.pad(1000000, 'a');\ns.replace(\"a\", s);",
            "line 3",
        ),
        (
            "let s = \"a\";\ns.pad(100000, 'a');\nloop { emit(s); }",
            "line 3 of test.rhai: the script said",
        ),
        (
            "let s = \"a\";\ns.pad(100000, 'a');\nloop { print(s); }",
            "line 3 of test.rhai: the script said",
        ),
        (
            "let s = \"a\";\ns.pad(100000, 'a');\nloop { pause(s); }",
            "line 3 of test.rhai: the script said",
        ),
        (
            "let a = [];\nfor i in 0..900 { a = [[[[[[[[[[a]]]]]]]]]]; }\npause(a);",
            "line 3",
        ),
        (
            "let f = Fn(\"sleep\");\nf.call(100000);",
            "a script does not sleep",
        ),
    ] {
        let mut house = House::new().await;
        house.limits.operations = 200_000;
        house.limits.sent = 3_000_000;
        let notes = ended(&house, script).await;
        assert!(notes.contains(wrong), "{script}: {notes}");
        assert!(notes.contains("the script stopped"), "{notes}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_steps_end_at_what_a_run_may_have() {
    let mut house = House::new().await;
    house.bounds.steps = 50;
    let notes = ended(&house, "for i in 0..1000000 {\n  pause(`${i}`);\n}").await;
    assert!(notes.contains("line 2"), "{notes}");
    assert!(
        notes.contains("all the steps that a run may have"),
        "{notes}"
    );
    let mut house = House::new().await;
    house.bounds.steps = 3;
    let kept = house.run("emit(\"kept\");\nloop { pause(\"a\"); }").await;
    assert_eq!(kept.words(), "kept");
    assert!(
        kept.notes().contains("raise `steps` under [agent]"),
        "{}",
        kept.notes()
    );
    let mut house = House::new().await;
    house.bounds.steps = 50;
    let waiting = ended(&house, "for i in 0..1000000 {\n  wait(pause(`${i}`));\n}").await;
    assert!(
        waiting.contains("all the steps that a run may have"),
        "{waiting}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_that_are_never_read_hold_nothing_up() {
    let told = House::new()
        .await
        .run("for i in 0..200 { pause(`${i}`); }\nemit(\"done\");")
        .await;
    assert_eq!(told.outcome.status, RunStatus::Succeeded);
    assert_eq!(told.words(), "done");
    assert_eq!(told.outcome.rounds[0].steps.len(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_way_to_files_and_processes() {
    for (script, reason) in [
        (
            "import \"/etc/passwd\" as p;",
            "Module not found: /etc/passwd",
        ),
        ("import \"../x\" as p;", "Module not found: ../x"),
        ("open(\"x\")", "no function or tool `open`"),
        ("read_file(\"x\")", "no function or tool `read_file`"),
        ("system(\"ls\")", "no function or tool `system`"),
        ("exec(\"ls\")", "no function or tool `exec`"),
        ("eval(\"1\")", "'eval'"),
        ("File(\"x\")", "no function or tool `File`"),
    ] {
        let refused = House::new().await.try_run(script).await;
        let said = match refused {
            // What is wrong is among the causes.
            Err(error) => format!("{error:?}"),
            Ok(told) => {
                assert_eq!(told.outcome.status, RunStatus::Failed, "{script}");
                told.notes()
            }
        };
        assert!(said.contains(reason), "{script}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_up_file_is_no_file() {
    let script = r#"pause(#{text: #{"$artifact": "b3:00"}})"#;
    let told = House::new().await.run(script).await;
    assert_eq!(told.outcome.status, RunStatus::Failed);
    assert!(
        told.notes().contains("no name for a field"),
        "{}",
        told.notes()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_is_stopped_stops_while_it_waits_and_while_it_computes() {
    for script in [
        "wait(pause(\"a\", 60000));",
        "let a = pause(\"a\", 60000); loop { }",
        "map(0..4, |i| wait(pause(\"a\", 60000)));",
    ] {
        let mut house = House::new().await;
        house.limits.operations = u64::MAX;
        let cancel = CancellationToken::new();
        let (sink, mut events) = EventSink::channel();
        let agent = house.agent(script);
        let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
        let stop = async {
            while let Some(event) = events.recv().await {
                if matches!(event.kind, EventKind::StepStarted { .. }) {
                    cancel.cancel();
                }
            }
        };
        let run = async {
            let outcome = agent.answer(assignment, &sink, &cancel).await;
            drop((agent, sink));
            outcome
        };
        let both = async { tokio::join!(run, stop).0 };
        let outcome = tokio::time::timeout(Duration::from_secs(20), both).await;
        assert_eq!(
            outcome.unwrap().unwrap().status,
            RunStatus::Cancelled,
            "{script}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_a_run_ends_scripts_that_wait_and_scripts_that_compute() {
    for script in ["wait(pause(\"a\", 60000));", "pause(\"a\");\nloop { }"] {
        let mut house = House::new().await;
        house.limits.operations = u64::MAX;
        house.bounds.time_s = Some(0.2);
        let run = tokio::time::timeout(Duration::from_secs(20), house.run(script));
        let told = run.await.unwrap();
        assert!(told.notes().contains("0.2 s were over"), "{}", told.notes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_left_leaves_no_thread_behind() {
    let house = House::new().await;
    let script = "map(0..4, |i| wait(pause(\"a\", 60000)));";
    let agent = house.agent(script);
    let (sink, mut events) = EventSink::channel();
    let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
    let cancel = CancellationToken::new();
    let started = async {
        while let Some(event) = events.recv().await {
            if matches!(event.kind, EventKind::StepStarted { .. }) {
                return;
            }
        }
    };
    tokio::select! {
        _ = agent.answer(assignment, &sink, &cancel) => {}
        () = started => {}
    }
    drop((agent, sink));
    // The script's threads hold the stream of events open.
    let ended = async { while events.recv().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(20), ended)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_variables_end_a_script() {
    let mut house = House::new().await;
    house.limits.variables = 20;
    let script: String = (0..30)
        .map(|number| format!("let v{number} = 1;\n"))
        .collect();
    let notes = ended(&house, &script).await;
    assert!(notes.contains("more variables than it may"), "{notes}");
}

//! Workers, dispatchers, runtimes and parents that end: who fails, who goes on, and that nothing is left.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use super::*;

#[tokio::test]
async fn a_panicking_tool_is_a_failed_call_and_its_worker_lives() {
    let house = house(1);
    let worker = house.process_id().await;
    assert_eq!(
        error_of(house.run(call("explode", [])).await).code,
        "panicked"
    );
    assert_eq!(house.process_id().await, worker);
}

#[tokio::test]
async fn what_a_tool_started_is_killed_when_its_worker_dies_by_itself() {
    let house = house(1);
    let lock = house.path("lock");
    let started = house
        .start_and_see(call("spawn_child", [("lock", path_value(&lock))]))
        .await;
    house.run(call("exit", [("code", Value::Integer(3))])).await;
    assert_eq!(
        error_of(in_time(started.outcome).await.unwrap()).code,
        "worker_died"
    );
    unlocked(&lock).await;
}

#[tokio::test]
async fn a_worker_that_dies_fails_its_own_calls_with_its_last_words_and_the_next_call_works() {
    let house = house(2);
    // Two on one worker and one on the other, which the fourth call joins.
    let mut others = Vec::new();
    for _ in 0..3 {
        let slow = call("slow", [("ms", Value::Integer(600_000))]);
        others.push(house.start_and_see(slow).await);
    }
    let failure = error_of(house.run(call("exit", [("code", Value::Integer(3))])).await);
    assert_eq!(failure.code, "worker_died");
    assert!(
        failure.message.contains("exit status: 3"),
        "{}",
        failure.message
    );
    assert!(
        failure
            .causes
            .iter()
            .any(|cause| cause.contains("the end is near")),
        "{failure:?}"
    );
    assert!(failure.hint.is_some());

    let mut codes = Vec::new();
    for other in others {
        other.cancel.cancel();
        match in_time(other.outcome).await.unwrap() {
            StepOutcome::Cancelled => {}
            outcome => codes.push(error_of(outcome).code),
        }
    }
    assert_eq!(codes, ["worker_died"], "the other worker's calls went on");
    assert_eq!(
        text_of(&house.run(call("echo", [("text", "again".into())])).await),
        "again"
    );
}

#[tokio::test]
async fn a_worker_killed_by_a_signal_is_told_with_the_way_out() {
    let house = house(1);
    let failure = error_of(house.run(call("exit", [])).await);
    assert_eq!(failure.code, "worker_died");
    assert!(failure.message.contains("SIGABRT"), "{}", failure.message);

    let busy = house
        .start_and_see(call("slow", [("ms", Value::Integer(600_000))]))
        .await;
    let id: i32 = house.process_id().await.parse().unwrap();
    let pid = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let failure = error_of(in_time(busy.outcome).await.unwrap());
    assert_eq!(failure.code, "worker_died");
    assert!(failure.message.contains("SIGKILL"), "{}", failure.message);
    assert!(failure.hint.unwrap().contains("memory"));
}

#[tokio::test]
async fn dropping_the_dispatcher_kills_its_workers_and_their_children() {
    let House { folder, dispatcher } = house(2);
    let locks = [folder.path().join("one"), folder.path().join("two")];
    for lock in &locks {
        let mut started = start(
            &dispatcher,
            call("spawn_child", [("lock", path_value(lock))]),
        );
        assert!(in_time(started.progress.recv()).await.is_some());
        started.outcome.abort();
        assert!(started.outcome.await.unwrap_err().is_cancelled());
    }
    drop(dispatcher);
    for lock in &locks {
        unlocked(lock).await;
    }
}

#[test]
fn the_end_of_the_runtime_is_the_end_of_the_workers() {
    let runtime = || tokio::runtime::Runtime::new().unwrap();
    let first = runtime();
    let house = house(1);
    let lock = house.path("lock");
    let started = first.block_on(async {
        let spawn = call("spawn_child", [("lock", path_value(&lock))]);
        house.start_and_see(spawn).await
    });
    drop(first);
    // The dispatcher survived its runtime and goes on in another.
    runtime().block_on(async {
        assert!(started.outcome.await.unwrap_err().is_cancelled());
        unlocked(&lock).await;
        assert_eq!(
            text_of(&house.run(call("echo", [("text", "again".into())])).await),
            "again"
        );
    });
}

#[tokio::test]
async fn when_the_parent_is_killed_its_workers_and_their_children_end() {
    let folder = tempfile::tempdir().unwrap();
    let lock = folder.path().join("lock");
    let mut parent = Command::new(workers::example("step_parent"))
        .arg(workers::example("step_worker"))
        .args([folder.path(), &lock])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(parent.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "started\n");
    assert!(is_locked(&lock), "the child of the worker runs");
    parent.kill().unwrap();
    parent.wait().unwrap();
    unlocked(&lock).await;
}

fn shell(script: &str) -> WorkerCommand {
    WorkerCommand {
        program: PathBuf::from("sh"),
        arguments: vec!["-c".into(), script.into()],
        environment: vec![("GREETING".into(), "hello".into())],
    }
}

#[tokio::test]
async fn programs_that_are_no_workers_are_told_what_is_wrong() {
    let endless = r#"echo '{"type":"ready"}'; exec tr '\0' x </dev/zero"#;
    let cases = [
        ("echo $GREETING; cat >/dev/null", "worker_garbled", "hello"),
        ("echo $GREETING >&2; exit 4", "worker_not_started", "hello"),
        (
            r#"echo '{"type":"ready"}'; echo Loading; cat"#,
            "worker_garbled",
            "Loading",
        ),
        (
            r#"echo '{"type":"ready"}'; read line; exit 5"#,
            "worker_died",
            "",
        ),
        (
            r#"echo '{"type":"ready"}'; echo '{"type":"ready"}'; cat"#,
            "worker_garbled",
            "",
        ),
        (
            r#"echo '{"type":"ready"}'; echo '{"type":"outcome","id":0,"outcome":7}'; cat >/dev/null"#,
            "worker_garbled",
            "outcome",
        ),
        (endless, "worker_garbled", "16 MiB"),
    ];
    for (script, code, cause) in cases {
        let dispatcher = Arc::new(ProcessDispatcher::new(shell(script), 1));
        let failure = error_of(
            in_time(start(&dispatcher, call("echo", [])).outcome)
                .await
                .unwrap(),
        );
        assert_eq!(failure.code, code, "{script}: {failure:?}");
        assert!(failure.hint.is_some(), "{script}");
        assert!(
            failure.causes.join("\n").contains(cause),
            "{script}: {failure:?}"
        );
    }
    let missing = WorkerCommand {
        program: PathBuf::from("/nowhere/worker"),
        arguments: Vec::new(),
        environment: Vec::new(),
    };
    let dispatcher = Arc::new(ProcessDispatcher::new(missing, 1));
    let failure = error_of(start(&dispatcher, call("echo", [])).outcome.await.unwrap());
    assert_eq!(failure.code, "worker_not_started");
}

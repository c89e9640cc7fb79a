//! What runs at the same time, seen from the times of steps and not from the clock.

use crate::house::House;

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_need_each_other_runs_at_once() {
    let script = r#"let a = pause("a", 200); let b = pause("b", 200); emit(join([a, b], "", 1));"#;
    let told = House::new().await.run(script).await;
    let (first, second) = (told.span("pause", 0), told.span("pause", 1));
    assert!(
        first.0.max(second.0) < first.1.min(second.1),
        "{first:?} {second:?}"
    );
    let joined = told.span("join", 0);
    assert!(joined.0 >= first.1.max(second.1) - 1.0);
    assert_eq!(told.words(), "ab");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_wait_inside_run_at_once_when_map_calls_them() {
    let script = r#"
        let both = map(["a", "b"], |x| {
            let first = wait(pause(x, 200));
            wait(pause(first + first, 1))
        });
        emit(both);
    "#;
    let told = House::new().await.run(script).await;
    let steps = &told.outcome.rounds[0].steps;
    let of = |name: &str| {
        let step = steps.iter().find(|step| step.id.ends_with(name)).unwrap();
        (step.started_ms, step.started_ms + step.ms)
    };
    let (one, other) = (of("_m1i0"), of("_m1i1"));
    assert!(one.0.max(other.0) < one.1.min(other.1), "{one:?} {other:?}");
    assert_eq!(told.words(), "aa\nbb");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_calls_functions_at_once() {
    let script = r#"emit(parallel([|| wait(pause("a", 200)), || wait(pause("b", 200))]));"#;
    let told = House::new().await.run(script).await;
    let (first, second) = (told.span("pause", 0), told.span("pause", 1));
    assert!(
        first.0.max(second.0) < first.1.min(second.1),
        "{first:?} {second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn fan_outs_in_fan_outs_never_wait_for_threads() {
    let mut house = House::new().await;
    house.limits.threads = 3;
    let script = r#"
        let sum = 0;
        for row in map(0..8, |i| map(0..8, |j| wait(pause(`${i * j}`, 1)).len())) {
            for cell in row { sum += cell; }
        }
        emit(sum);
    "#;
    assert_eq!(house.run(script).await.words(), "94");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_map_works_on_copies_of_what_it_captured() {
    let script = r#"let seen = []; map([1, 2, 3], |x| { seen.push(x); seen.len() })"#;
    let told = House::new().await.run(script).await;
    assert_eq!(told.words(), "1\n1\n1", "{}", told.notes());
}

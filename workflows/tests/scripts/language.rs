//! What scripts can say.

use medley_orchestrator::{Assignment, EventKind, EventSink, Program, Request, RunKind, RunStatus};
use medley_workflows::gather;
use tokio_util::sync::CancellationToken;

use crate::house::House;

async fn words(script: &str) -> String {
    let told = House::new().await.run(script).await;
    assert_eq!(
        told.outcome.status,
        RunStatus::Succeeded,
        "{}",
        told.notes()
    );
    told.words()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_is_called_by_position_by_name_and_as_a_method() {
    assert_eq!(words(r#"emit(pause("a"))"#).await, "a");
    assert_eq!(words(r#"emit(pause("a", 1))"#).await, "a");
    assert_eq!(words(r#"emit(pause(#{text: "a", ms: 1}))"#).await, "a");
    assert_eq!(words(r#"emit("a".pause())"#).await, "a");
    assert_eq!(words(r#"emit(join(["a", pause("b")], "-"))"#).await, "a-b");
    assert_eq!(words(r#"emit(pause(#{text: "a", ms: ()}))"#).await, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_can_be_used_as_what_it_stands_for() {
    for (script, said) in [
        (r#"let a = pause("x"); a + "y""#, "xy"),
        (r#"let a = pause("x"); "y" + a"#, "yx"),
        (r#"let a = pause("x"); let b = "y"; b += a; b"#, "yx"),
        (r#"let a = pause("x"); a == "x""#, "true"),
        (r#"let a = pause("x"); "x" != a"#, "false"),
        (r#"let a = pause("x"); a == pause("x", 1)"#, "true"),
        (r#"let a = pause("abc"); a.len()"#, "3"),
        (r#"let a = pause("a b"); a.split(" ")[1]"#, "b"),
        (
            r#"let a = pause("abc"); a.contains("b") && a.starts_with("a")"#,
            "true",
        ),
        (r#"let a = pause("abc"); a[1]"#, "b"),
        (r#"let a = pause("abc"); a.length + 1"#, "4"),
        (r#"let a = pause("abc"); 2 * a.length > 5"#, "true"),
        (r#"let a = pause("7"); parse_int(a) * 2"#, "14"),
        (r#"let a = pause("x"); `<${a}|${a.text}>`"#, "<x|x>"),
        (r#"let a = pause("x"); `<${[a, 1]}>`"#, r#"<["x",1]>"#),
        (r#"wait(pause("x")) + wait([pause("y")])[0]"#, "xy"),
        (r#"type_of(pause("x"))"#, "Handle"),
        (r#"let a = find("one two"); a.count"#, "2"),
        (r#"let a = find("one two"); a.regions.len()"#, "2"),
        (r#"let a = find("one two"); a.regions[1].text"#, "two"),
        (r#"let a = find("one two"); a.regions.width"#, "100"),
        (
            r#"let a = find("one two"); a.regions.items[0].box[2]"#,
            "10",
        ),
        (
            r#"let t = ""; for r in find("one two").regions { t += r.text; } t"#,
            "onetwo",
        ),
        (r#"`${2.0} ${[1.5, 3.0]} ${2.5}`"#, "2 [1.5,3] 2.5"),
        (r#"keep("x").file.bytes"#, "1"),
        (r#"keep("x").file.kind"#, "file"),
        (r#"keep("x") == keep("x")"#, "true"),
        (
            r#"let a = pause("x"); if a == "x" { "yes" } else { "no" }"#,
            "yes",
        ),
        (
            r#"let a = pause("costs $5 and ${x}"); a"#,
            "costs $5 and ${x}",
        ),
    ] {
        assert_eq!(words(script).await, said, "{script}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn control_flow_functions_closures_and_modules_work() {
    let script = r#"
        fn twice(x) { join([x, x]) }
        let all = [];
        for word in ["a", "b"] { all.push(twice(word)); }
        let i = 0;
        while i < 1 { all.push(pause(`w${i}`)); i += 1; }
        let shout = |x| pause(x + "!");
        all.push(shout.call("c"));
        switch all.len() { 4 => all.push("four"), _ => all.push("other") }
        emit(join(all, " "));
    "#;
    assert_eq!(words(script).await, "aa bb w0 c! four");

    let house = House::new().await;
    let load = |name: &str| match name {
        "shout" => {
            Ok("fn shout(x) { join([x, \"!\"]) } fn both(a) { map(a, |x| shout(x)) }".to_owned())
        }
        other => Err(format!("there is no {other}")),
    };
    let text = r#"import "shout" as s; emit(s::shout(pause("hey"))); emit(s::both(["a", "b"]));"#;
    let program = Program {
        name: "main.rhai".to_owned(),
        text: text.to_owned(),
        modules: gather(text, &load).unwrap(),
        ..Program::default()
    };
    let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
    let told = house
        .carry_out(
            house.agent_of(program),
            assignment,
            &CancellationToken::new(),
        )
        .await
        .unwrap();
    assert_eq!(told.words(), "hey!\na!\nb!", "{}", told.notes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tools_error_is_caught_with_what_it_says() {
    let caught = r#"
        try { wait(fail("no paper")); emit("never"); }
        catch (error) { emit(`${error.code}|${error.message}|${error.hint}|${error.tool}|${error}`); }
    "#;
    assert_eq!(
        words(caught).await,
        "on_purpose|no paper|do not call it|fail|fail failed: no paper"
    );
    // Through an interpolation, an operator, a field, a loop, and through a step that needs the one that failed.
    for reading in [
        "let t = `${f}`;",
        "let t = f + \"x\";",
        "let t = \"x\" + f;",
        "let t = f.text;",
        "let t = f.len();",
        "for x in f { emit(x); }",
        "print(f);",
        "wait(join([f]));",
        "let t = f == \"x\";",
    ] {
        let script = format!(
            r#"let f = fail("no paper"); try {{ {reading} emit("never"); }} catch (e) {{ emit(e.message); }}"#
        );
        assert_eq!(words(&script).await, "no paper", "{reading}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_nobody_catches_ends_the_script_where_it_is() {
    let script = "emit(\"before\");\nlet f = fail(\"no paper\");\nlet g = 1;\nlet t = f.text + \"!\";\nemit(t);";
    let told = House::new().await.run(script).await;
    assert_eq!(told.outcome.status, RunStatus::Partial);
    assert_eq!(told.words(), "before");
    let notes = told.notes();
    assert!(
        notes.contains("line 4 of test.rhai: fail failed: no paper"),
        "{notes}"
    );
    assert!(
        notes.contains("  4 | let t = f.text + \"!\";\n    |          ^"),
        "{notes}"
    );
    assert!(notes.contains("do not call it"), "{notes}");

    let thrown = House::new()
        .await
        .run("fn f(x) {\n  throw `bad ${x}`;\n}\nf(1);")
        .await;
    assert_eq!(thrown.outcome.status, RunStatus::Failed);
    assert!(
        thrown.notes().contains("line 2 of test.rhai: bad 1"),
        "{}",
        thrown.notes()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_was_never_looked_at_is_told() {
    let told = House::new()
        .await
        .run(r#"fail("x"); emit(pause("a"));"#)
        .await;
    assert_eq!(told.outcome.status, RunStatus::Partial);
    assert_eq!(told.words(), "a");
    assert!(told.notes().contains("fail_1_1 failed"), "{}", told.notes());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_what_was_emitted_else_what_comes_last_else_the_leaves() {
    assert_eq!(
        words(r#"emit("a"); emit([1, 2.5]); emit(#{b: true}); "last""#).await,
        "a\n1\n2.5\n{\n  \"b\": true\n}"
    );
    assert_eq!(words(r#"pause("unused"); "last""#).await, "last");
    assert_eq!(
        words(r#"let a = pause("a"); join([a, "b"]); pause("c"); let end = 1;"#).await,
        "ab\nc"
    );
    let fanned = r#"map(["a", "b", "c"], |x, i| { emit(pause(x, 30 - 10 * i)); emit(i); });"#;
    assert_eq!(words(fanned).await, "a\n0\nb\n1\nc\n2");
}

#[tokio::test(flavor = "multi_thread")]
async fn map_and_parallel_give_results_in_order() {
    assert_eq!(
        words(r#"emit(join(map(["a", "b"], |x| pause(x + "!"))))"#).await,
        "a!b!"
    );
    assert_eq!(
        words(r#"emit(join(["a", "b"].map(|x| wait(pause(x)).to_upper())))"#).await,
        "AB"
    );
    assert_eq!(words(r#"emit(map(0..3, |i| i * i))"#).await, "0\n1\n4");
    assert_eq!(
        words(r#"emit(map(find("x yy").regions, |r| r.text.len()))"#).await,
        "1\n2"
    );
    assert_eq!(
        words(r#"emit(parallel([|| pause("a"), || 2, pause("c")]))"#).await,
        "a\n2\nc"
    );
    assert_eq!(
        words(r#"let k = 10; emit(map([1, 2], |x| x + k))"#).await,
        "11\n12"
    );
    assert_eq!(
        words(r#"emit(map([1, 2], |x| map([x, x], |y| y + x)))"#).await,
        "2\n2\n4\n4"
    );
    let failing = r#"try { map(["a", "b"], |x| wait(fail(x))); } catch (e) { emit(e.message); }"#;
    assert_eq!(words(failing).await, "a");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_cannot_work_are_refused_before_anything_runs() {
    for (script, wrong) in [
        ("let a = ;", "line 1 of test.rhai"),
        (
            "map([1], |x| map([x], |y| orc(x + y)))",
            "there is no function or tool `orc`",
        ),
        ("orc(1)", "there is no function or tool `orc`"),
        ("paus(\"a\")", "did you mean `pause`?"),
        ("pause()", "`text`"),
        (
            "pause(\"a\", 1, 2)",
            "takes 1 or 2 arguments, and 3 are given",
        ),
        (
            "pause(#{text: \"a\", mss: 1})",
            "pause has no parameter `mss`",
        ),
        ("pause(#{ms: 1})", "pause needs `text`"),
        ("pause(\"a\", \"slow\")", "`ms` of pause"),
        ("pause(\"a\", 100000)", "100000 is not in integer 0..60000"),
        (
            "let f = keep(\"a\");
pause(f)",
            "expected string, and keep gives file",
        ),
        (
            "let p = pause(\"a\"); p.regions",
            "pause gives no `regions`",
        ),
        ("fn pause(x) { x }\npause(1)", "which is a tool"),
        ("fn emit(x) { x }", "which is a function of Medley"),
        (
            "fn f(x) { x }\nf(1, 2)",
            "`f` takes 1 argument, and 2 are given",
        ),
        ("unknown_name + 1", "unknown_name"),
        ("eval(\"1\")", "eval"),
        ("sleep(1)", "there is no function or tool `sleep`"),
        ("chat(\"hi\")", "needs a language model"),
        (
            "//! @needs image_captioning\nemit(image_captioning(1))",
            "it needs the tool image_captioning, which is not here",
        ),
        (
            "//! @agr x: string\n1",
            "line 1 of test.rhai: `@agr` is not known",
        ),
    ] {
        let house = House::new().await;
        let error = house.try_run(script).await.err().map(|error| {
            let source = std::error::Error::source(&error);
            source.map_or_else(
                || error.to_string(),
                |source| {
                    let hint = match &error {
                        medley_orchestrator::AgentError::Planner(planner) => planner.hint.clone(),
                        _ => None,
                    };
                    format!("{source} {}", hint.unwrap_or_default())
                },
            )
        });
        let error = error.unwrap_or_else(|| panic!("{script} was run"));
        assert!(error.contains(wrong), "{script}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_defects_are_told_at_once() {
    let error = House::new()
        .await
        .try_run("orc(1);\nlet a = 1;\npause(2, 3, 4);\n")
        .await
        .err()
        .unwrap();
    let error = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        error.contains("line 1") && error.contains("line 3"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_and_print_are_told_to_whoever_watches() {
    let house = House::new().await;
    let (sink, mut events) = EventSink::channel();
    let agent =
        house.agent("progress(pause(\"half\"));\nprint(`and ${1 + 1}`);\nprint(pause(\"third\"));");
    let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
    agent
        .answer(assignment, &sink, &CancellationToken::new())
        .await
        .unwrap();
    drop((agent, sink));
    let mut said = Vec::new();
    while let Some(event) = events.recv().await {
        if let EventKind::Log { message } = event.kind {
            said.push(message);
        }
    }
    assert_eq!(said, ["half", "and 2", "third"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_fails_over_a_handle_is_called_once() {
    let house = House::new().await;
    let script = r#"
        let found = find("a b").regions;
        try { map(found, |r| { wait(count(r.text)); throw "bad" }); } catch (error) { emit(error); }
    "#;
    let told = house.run(script).await;
    assert_eq!(told.words(), "bad", "{}", told.notes());
    let mut calls = house.calls.lock().unwrap().clone();
    calls.sort();
    assert_eq!(calls, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tool_gave_is_not_changed_in_place() {
    let told = House::new()
        .await
        .run("let t = pause(\"abc\");\nt.replace(\"b\", \"x\");")
        .await;
    assert_eq!(told.outcome.status, RunStatus::Failed);
    assert!(
        told.notes()
            .contains("`replace` changes what it is called on"),
        "{}",
        told.notes()
    );
    let own = r#"let t = wait(pause("abc")); t.replace("b", "x"); t"#;
    assert_eq!(words(own).await, "axc");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_know_what_the_script_knows() {
    assert_eq!(
        words("fn sum() { inputs.len() + args.len() } emit(`${sum()}${request}`)").await,
        "0"
    );
    assert_eq!(words("fn own(args) { args + 1 } emit(own(1))").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_of_map_share_nothing_however_deep() {
    let script = r#"
        let n = 0;
        let next = || { n += 1; n };
        let all = [|| 5, [1]];
        emit(map(0..8, |i| { if i % 2 == 0 { wait(pause("x", 1)); } all[1].push(i); next.call() + all[1].len() }));
    "#;
    assert_eq!(words(script).await, ["3"; 8].join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_emitted_is_meant_as_it_is() {
    let said = words(r#"emit(#{"a ${request}": "$x"}); emit("$request"); emit(["${x}"])"#).await;
    assert_eq!(said, "{\n  \"a ${request}\": \"$x\"\n}\n$request\n${x}");
}

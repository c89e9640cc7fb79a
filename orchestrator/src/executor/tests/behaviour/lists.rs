//! Lists, and conditions on steps and items.

use super::*;

#[tokio::test]
async fn a_step_goes_over_a_list_in_order() {
    let (report, events, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": ["a", "b", "c"], "args": {"text": "${item}${index}"}},
            {"id": "s2", "tool": "echo", "for_each": "$s1", "args": {"text": "$item"}},
            {"id": "s3", "tool": "repeat", "args": {"text": "$s2"}},
        ]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    assert_eq!(texts(&report, "s1"), list(&["<a0>", "<b1>", "<c2>"]));
    assert_eq!(texts(&report, "s2"), list(&["<<a0>>", "<<b1>>", "<<c2>>"]));
    assert_eq!(report.answer[0].value, "<<a0>>\n<<b1>>\n<<c2>>".into());
    assert_eq!(report.step("s1").unwrap().children[2].id, "s1[2]");
    assert_eq!(calls, 6);
    let ended = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::StepFinished { .. }));
    assert_eq!(ended.count(), 9, "three steps and six items");
}

#[tokio::test]
async fn lists_of_lists_empty_lists_and_regions_are_gone_over() {
    let (report, _, _) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": [["a", "b"], ["c"]], "args": {"text": "$item"}},
            {"id": "s2", "tool": "echo", "for_each": [], "args": {"text": "$item"}},
            {"id": "s3", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s4", "tool": "echo", "for_each": "$s3.regions", "args": {"text": "$item.text"}},
        ], "answer": ["$s1", "$s2", "$s4"]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    assert_eq!(texts(&report, "s1"), list(&["<a\nb>", "<c>"]));
    assert_eq!(texts(&report, "s2"), list(&[]));
    assert_eq!(texts(&report, "s4"), list(&["<OPEN>", "<DAILY>"]));
}

#[tokio::test]
async fn a_failed_item_fails_its_step_after_the_others_or_is_left_out() {
    let steps = |on_error: &str| {
        json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": ["a", "bad", "c"], "on_error": on_error, "args": {"text": "$item"}},
            {"id": "s2", "tool": "repeat", "args": {"text": "$s1"}},
        ]})
    };
    let (report, _, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(steps("fail"))
        .await;
    assert_eq!(
        codes(&report),
        [Some("items_failed"), Some("needs_failed_step")]
    );
    assert_eq!(calls, 3, "the siblings ran");
    let (report, _, _) = Bench::new()
        .with("echo", plain, echo)
        .run(steps("omit"))
        .await;
    assert_eq!(texts(&report, "s1"), list(&["<a>", "<c>"]));
    assert_eq!(report.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn conditions_decide_what_runs_and_what_depends_on_it() {
    let holds = [
        json!({"value": "$s1", "is": "not_empty"}),
        json!({"value": "$s1.text", "is": "contains", "to": "open"}),
        json!({"value": "$s1.regions.width", "is": "ge", "to": 40}),
        json!({"value": "10", "is": "gt", "to": 9}),
        json!({"value": "$s1", "is": "ne", "to": "CLOSED"}),
    ];
    for condition in holds {
        let (report, _, _) = Bench::new()
            .run(json!({"steps": [
                {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
                {"id": "s2", "tool": "repeat", "when": condition, "args": {"text": "x"}},
            ]}))
            .await;
        assert_eq!(report.status, RunStatus::Succeeded);
        assert_eq!(report.steps[1].status, StepStatus::Done, "{report:?}");
    }
    let (report, _, _) = Bench::new()
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "repeat", "when": {"value": "$s1", "is": "empty"}, "args": {"text": "x"}},
            {"id": "s3", "tool": "repeat", "args": {"text": "$s2"}},
        ], "answer": ["$s1", "$s3"]}))
        .await;
    assert_eq!(
        codes(&report),
        [None, Some("not_taken"), Some("needs_step_not_taken")]
    );
    assert_eq!(
        report.status,
        RunStatus::Succeeded,
        "what was not wanted is no failure"
    );
    assert_eq!(report.answer.len(), 1);
}

#[tokio::test]
async fn a_condition_on_items_filters_them() {
    let (report, _, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": [1, 5, 3], "when": {"value": "$item", "is": "gt", "to": 2},
             "args": {"text": "$item"}},
        ]}))
        .await;
    assert_eq!(texts(&report, "s1"), list(&["<5>", "<3>"]), "{report:?}");
    assert_eq!(calls, 2);
    assert_eq!(report.status, RunStatus::Succeeded);
}

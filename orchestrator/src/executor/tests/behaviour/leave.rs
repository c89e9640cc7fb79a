//! Leave for what changes the world, and what tools ask.

use super::*;

#[tokio::test]
async fn what_changes_the_world_is_asked_for_and_goes_on_with_the_answer() {
    fn bench(answer: Option<&str>) -> Bench {
        let mut bench = Bench::new().with("write", |about| about.effects(Effects::Writes), echo);
        let id = "s1.approve".to_owned();
        bench
            .answers
            .extend(answer.map(|answer| (id, answer.to_owned())));
        bench
    }
    let plan = json!({"steps": [
        {"id": "s1", "tool": "write", "args": {"text": "x"}},
        {"id": "s2", "tool": "repeat", "args": {"text": "$s1"}},
        {"id": "s3", "tool": "repeat", "args": {"text": "z"}},
    ]});
    let (report, events, calls) = bench(None).run(plan.clone()).await;
    assert_eq!((report.status, calls), (RunStatus::Waiting, 0));
    assert_eq!(
        statuses(&report),
        [StepStatus::Waiting, StepStatus::Waiting, StepStatus::Done]
    );
    let question = report.steps[0].question.as_ref().unwrap();
    assert_eq!(
        (question.id.as_str(), question.kind),
        ("s1.approve", QuestionKind::Approve)
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::StepWaiting { .. }))
    );
    let (report, _, calls) = bench(Some("yes")).run(plan.clone()).await;
    assert_eq!((report.status, calls), (RunStatus::Succeeded, 1));
    let (report, _, calls) = bench(Some("no")).run(plan.clone()).await;
    assert_eq!((report.status, calls), (RunStatus::Partial, 0));
    assert_eq!(codes(&report)[0], Some("denied"));
    let mut denied = bench(Some("yes"));
    denied.policy.writes = Permission::Deny;
    let (report, _, calls) = denied.run(plan).await;
    assert_eq!((codes(&report)[0], calls), (Some("denied"), 0));
}

#[tokio::test]
async fn a_step_over_a_list_asks_for_leave_once_and_a_tool_asks_for_each_item() {
    let plan = |tool: &str| json!({"steps": [{"id": "s1", "tool": tool, "for_each": ["a", "b"], "args": {"text": "$item"}}]});
    let bench = |answer: Option<&str>| {
        let mut bench = Bench::new().with("write", |about| about.effects(Effects::Writes), echo);
        let id = "s1.approve".to_owned();
        bench
            .answers
            .extend(answer.map(|answer| (id, answer.to_owned())));
        bench
    };
    let (report, _, calls) = bench(None).run(plan("write")).await;
    assert_eq!((report.status, calls), (RunStatus::Waiting, 0));
    let question = report.steps[0].question.as_ref().unwrap();
    assert_eq!(question.id, "s1.approve", "who asks for the step says it");
    let (report, _, calls) = bench(Some("yes")).run(plan("write")).await;
    assert_eq!((report.status, calls), (RunStatus::Succeeded, 2));

    fn ask(_: u32, input: &Input, context: &CallContext) -> Result<String, ToolError> {
        context
            .answer()
            .map(str::to_owned)
            .ok_or_else(|| ToolError::question(format!("what is {}?", input.text), Vec::new()))
    }
    let (report, _, _) = Bench::new().with("ask", plain, ask).run(plan("ask")).await;
    let step = &report.steps[0];
    assert_eq!(step.question.as_ref().unwrap().id, "s1[0].clarify");
    let asked = step
        .children
        .iter()
        .filter(|child| child.question.is_some());
    assert_eq!(asked.count(), 2, "{step:#?}");
}

#[tokio::test]
async fn a_tool_asks_and_is_called_again_with_the_answer() {
    fn ask(_: u32, _: &Input, context: &CallContext) -> Result<String, ToolError> {
        match context.answer() {
            Some(answer) => Ok(format!("it is {answer}")),
            None => Err(ToolError::question(
                "which one?",
                vec!["left".into(), "right".into()],
            )),
        }
    }
    let plan = json!({"steps": [{"id": "s1", "tool": "ask"}]});
    let (report, _, _) = Bench::new().with("ask", plain, ask).run(plan.clone()).await;
    assert_eq!(report.status, RunStatus::Waiting);
    let question = report.steps[0].question.clone().unwrap();
    assert_eq!(
        (question.kind, question.choices.len()),
        (QuestionKind::Clarify, 2)
    );
    let mut bench = Bench::new().with("ask", plain, ask);
    bench.answers.insert(question.id, "left".to_owned());
    let (report, _, _) = bench.run(plan).await;
    assert_eq!(texts(&report, "s1"), "it is left".into());
}

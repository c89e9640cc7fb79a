//! Plans that grow while they run.

use super::*;

/// Sends additions one by one, each after what the one before led to.
async fn grow(additions: Vec<Addition>) -> RunReport {
    let (house, _, _) = Bench::new()
        .with("echo", plain, echo)
        .with("write", |about| about.effects(Effects::Writes), echo)
        .house();
    let scope = Scope::of_request(&request());
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let (events, cancel) = (EventSink::ignored(), CancellationToken::new());
    let context = RunContext {
        answers: [("w.approve".to_owned(), "yes".to_owned())].into(),
        ..RunContext::new("run", &scope, &events, &cancel)
    };
    let send = async move {
        for addition in additions {
            sender.send(addition).await.unwrap();
        }
    };
    let run = house
        .executor
        .run_growing(receiver, &house.registry, &context);
    let (report, ()) = tokio::join!(run, send);
    report
}

fn addition(id: &str, tool: &str, text: &str) -> Addition {
    Addition::Step(Box::new(DraftStep::new(id, tool).with("text", text)))
}

#[tokio::test]
async fn a_plan_grows_while_it_runs_and_forward_references_wait() {
    let report = grow(vec![
        addition("s2", "echo", "$s1"),
        addition("s1", "echo", "x"),
        addition("s1", "echo", "x"),
        addition("s3", "echo", "$s2"),
        Addition::Answer(vec![json!("$s3")]),
        Addition::End,
    ])
    .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    assert_eq!(report.answer[0].value, "<<<x>>>".into());
    assert_eq!(
        report.steps.len(),
        3,
        "an equal step sent again is the same step"
    );
}

#[tokio::test]
async fn effects_wait_for_the_sound_end_of_a_growing_plan() {
    let well = grow(vec![
        addition("w", "write", "x"),
        addition("s1", "echo", "$w"),
        Addition::End,
    ])
    .await;
    assert_eq!(well.status, RunStatus::Succeeded, "{well:?}");
    let cut = grow(vec![
        addition("w", "write", "x"),
        addition("s1", "echo", "y"),
    ])
    .await;
    assert_eq!(codes(&cut), [Some("plan_incomplete"), None]);
    let broken = grow(vec![
        addition("w", "write", "x"),
        addition("s1", "telepathy", "y"),
        addition("s2", "echo", "$s9"),
        Addition::End,
    ])
    .await;
    assert_eq!(codes(&broken), [Some("plan_incomplete")]);
    assert_eq!(broken.defects.len(), 2, "{:?}", broken.defects);
    assert_ne!(broken.status, RunStatus::Succeeded);
}

#[test]
fn a_streamed_line_is_a_step_or_the_answer() {
    let step = Addition::from_json_line(r#"{"id":"s1","tool":"ocr","args":{"image":"$input1"}}"#);
    assert!(matches!(step, Ok(Addition::Step(_))));
    let answer = Addition::from_json_line(r#"{"answer":["$s1"]}"#);
    assert_eq!(answer, Ok(Addition::Answer(vec![json!("$s1")])));
    assert!(Addition::from_json_line("s1 = ocr()").is_err());
    let unknown = DraftPlan::from_json_text(
        r#"{"steps":[{"id":"s1","tool":"repeat","on_error":"omit","args":{"text":"x"}}]}"#,
    );
    let scope = Scope::of_request(&request());
    assert!(Plan::validate(&unknown.unwrap(), &registry(), &scope).is_err());
}

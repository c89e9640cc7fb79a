//! All that the model is told, word by word, so that no change of it goes unseen.

use std::borrow::Cow;

use medley_orchestrator::{ArtifactStore, DiskStore, Facts, Message, Plan, Registry, Scope, Value};

use super::*;
use crate::fixtures::{capabilities, registry_of};

/// Few tools, so that what is told of others changes nothing here.
fn few_tools() -> Registry {
    let few = ["grayscale_image", "image_info", "ocr", "text_to_speech"];
    let mut capabilities = capabilities();
    capabilities.retain(|each| few.contains(&each.name.as_str()));
    registry_of(&capabilities)
}

fn written(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        let role = format!("{:?}", message.role).to_lowercase();
        text.push_str(&format!("# {role}\n{}\n\n", message.text()));
    }
    text
}

/// What is told of a situation, with so many examples.
async fn told(options: ControllerOptions, situation: &Situation<'_>) -> String {
    let model = saying(&[BOTH, BOTH]);
    controller(&model)
        .with_options(options)
        .decide(situation)
        .await
        .unwrap();
    written(&model.asked()[0].messages)
}

const fn shots(shots: usize) -> ControllerOptions {
    ControllerOptions {
        shots,
        looks: false,
        form: PlanForm::Lines,
    }
}

#[tokio::test]
async fn of_a_first_request() {
    let (registry, request, cancel) = (few_tools(), request(), CancellationToken::new());
    let situation = Situation::new(&request, &registry, &cancel);
    insta::assert_snapshot!("zero_shot", told(shots(0), &situation).await);
    insta::assert_snapshot!("few_shot", told(shots(2), &situation).await);
    let calls = ControllerOptions {
        form: PlanForm::Calls,
        ..shots(0)
    };
    insta::assert_snapshot!("calls", told(calls, &situation).await);
}

#[tokio::test]
async fn of_a_session_with_earlier_turns() {
    let (registry, request, cancel) = (few_tools(), request_of_session(), CancellationToken::new());
    let situation = Situation::new(&request, &registry, &cancel);
    insta::assert_snapshot!("session", told(shots(0), &situation).await);
}

#[tokio::test]
async fn of_later_rounds() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(DiskStore::new(folder.path()));
    let content = "OPEN DAILY\n".repeat(40).into_bytes();
    let letter = store.write(Kind::Text, "text/plain", Facts::default(), content);
    let letter: Value = letter.await.unwrap().into();
    let (registry, request, cancel) = (few_tools(), request(), CancellationToken::new());
    let draft = DraftPlan {
        steps: vec![DraftStep::new("s1", "ocr").with("image", "$input1")],
        ..DraftPlan::default()
    };
    let plan = Plan::validate(&draft, &registry, &Scope::of_request(&request)).unwrap();
    for (name, status) in [
        ("second_round", StepStatus::Done),
        ("after_a_failure", StepStatus::Failed),
    ] {
        let mut read = step("s1", status);
        read.outputs.insert("letter".to_owned(), letter.clone());
        let rounds = [round(RunStatus::Partial, vec![read])];
        let mut scope = Scope::of_request(&request);
        scope.add_round(&plan, &rounds[0]);
        let situation = Situation {
            rounds: &rounds,
            scope: Cow::Owned(scope),
            ..Situation::new(&request, &registry, &cancel)
        };
        let model = saying(&[SPEAK]);
        let looking = ControllerOptions {
            looks: true,
            ..shots(0)
        };
        let controller = controller(&model)
            .with_results_from(Arc::clone(&store) as _)
            .with_options(looking);
        controller.decide(&situation).await.unwrap();
        insta::assert_snapshot!(name, written(&model.asked()[0].messages));
    }
}

#[tokio::test]
async fn of_a_plan_with_defects() {
    let (registry, request, cancel) = (few_tools(), request(), CancellationToken::new());
    let situation = Situation::new(&request, &registry, &cancel);
    let model = saying(&[
        "{\"id\":\"s1\",\"tool\":\"cook\",\"args\":{\"dish\":\"soup\"}}",
        BOTH,
    ]);
    let controller = controller(&model).with_options(shots(0));
    controller.decide(&situation).await.unwrap();
    let messages = &model.asked()[1].messages;
    insta::assert_snapshot!("complaint", written(&messages[2..]));
}

//! A model that looks at what came of its steps.

use medley_orchestrator::{Artifact, ArtifactStore, Content, DiskStore, Facts, Plan, Scope, Value};

use super::*;

/// Decides after rounds, with a controller that looks.
async fn look(
    model: &Arc<Scripted>,
    store: Option<Arc<DiskStore>>,
    rounds: &[RunReport],
) -> Decision {
    let (registry, request, cancel) = (registry(), request(), CancellationToken::new());
    let situation = Situation {
        rounds,
        ..Situation::new(&request, &registry, &cancel)
    };
    let mut looking = controller(model).with_options(ControllerOptions {
        looks: true,
        ..ControllerOptions::default()
    });
    if let Some(store) = store {
        looking = looking.with_results_from(store);
    }
    looking.decide(&situation).await.unwrap()
}

fn read() -> RunReport {
    round(RunStatus::Succeeded, vec![step("s1", StepStatus::Done)])
}

#[tokio::test]
async fn what_suffices_ends_it_and_what_is_missing_is_said() {
    let enough = saying(&["{\"sufficient\":true}"]);
    assert_eq!(look(&enough, None, &[read()]).await, Decision::Finish);

    let more = saying(&[concat!(
        r#"{"sufficient":false,"missing":"the size of the picture"}"#,
        "\n",
        r#"{"id":"s2","tool":"image_info","args":{"image":"$input1"}}"#,
        "\n",
        r#"{"answer":["$s2"]}"#,
    )]);
    let decision = look(&more, None, &[read()]).await;
    assert_eq!(steps(&decision), ["s2"]);
    assert!(
        notes(&decision).contains("missed the size of the picture"),
        "{decision:?}"
    );
}

#[tokio::test]
async fn text_of_visual_chatgpt_is_read_and_its_end_too() {
    let acts = saying(&[
        "Thought: Do I need to use a tool? Yes\nAction: image_info\nAction Input: $input1\n",
    ]);
    let decision = look(&acts, None, &[read()]).await;
    let Decision::Add { draft, .. } = &decision else {
        unreachable!("{decision:?}")
    };
    assert_eq!(draft.steps[0].tool, "image_info");
    let ends = saying(&["Thought: Do I need to use a tool? No\nFinal Answer: It says OPEN.\n"]);
    assert_eq!(look(&ends, None, &[read()]).await, Decision::Finish);
}

#[tokio::test]
async fn models_that_see_are_shown_the_pictures_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(DiskStore::new(folder.path()));
    let picture = store
        .write(
            Kind::Image,
            "image/png",
            Facts::picture(2, 2),
            vec![1, 2, 3],
        )
        .await;
    let picture: Artifact = picture.unwrap();
    let mut report = read();
    report.steps[0]
        .outputs
        .insert("image".to_owned(), Value::from(picture));
    for sees in [true, false] {
        let mut model = saying(&["{\"sufficient\":true}"]);
        Arc::get_mut(&mut model).unwrap().profile.supports.vision = sees;
        look(
            &model,
            Some(Arc::clone(&store)),
            std::slice::from_ref(&report),
        )
        .await;
        let asked = model.asked();
        let contents = asked[0]
            .messages
            .iter()
            .flat_map(|message| &message.content);
        let shown: Vec<&str> = contents
            .filter_map(|content| match content {
                Content::Picture { picture } => Some(picture.base64.as_str()),
                Content::Text { .. } => None,
            })
            .collect();
        assert_eq!(shown, if sees { vec!["AQID"] } else { Vec::new() });
    }
}

#[tokio::test]
async fn texts_that_are_files_are_shown_by_their_beginnings_as_other_texts_are() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(DiskStore::new(folder.path()));
    let write = async |text: String| {
        let written = store.write(
            Kind::Text,
            "text/plain",
            Facts::default(),
            text.into_bytes(),
        );
        Value::from(written.await.unwrap())
    };
    let mut report = read();
    let outputs = &mut report.steps[0].outputs;
    outputs.insert("letter".to_owned(), write("Dear\nreader".to_owned()).await);
    outputs.insert("book".to_owned(), write("x".repeat(5_000)).await);
    let pages = vec![write("one".to_owned()).await, write("two".to_owned()).await];
    outputs.insert("pages".to_owned(), Value::List(pages));
    outputs.insert("said".to_owned(), "y".repeat(301).into());
    let enough = saying(&["{\"sufficient\":true}"]);
    look(&enough, Some(store), &[report]).await;
    let messages = &enough.asked()[0].messages;
    let observed = messages[messages.len() - 2].text();
    for shown in [
        r#"$s1.letter: text {"bytes":11}: "Dear\nreader""#.to_owned(),
        format!("{:?}… (4700 characters more)", "x".repeat(300)),
        r#"$s1.pages: [text {"bytes":3}: "one", text {"bytes":3}: "two"]"#.to_owned(),
        format!("$s1.said: {:?}… (1 characters more)", "y".repeat(300)),
    ] {
        assert!(observed.contains(&shown), "{shown} is not in {observed}");
    }
}

#[tokio::test]
async fn who_looks_is_shown_what_came_of_it_and_says_whether_it_suffices() {
    let done = round(RunStatus::Succeeded, vec![step("s1", StepStatus::Done)]);
    let model = saying(&[SPEAK]);
    let (registry, request, cancel) = (registry(), request(), CancellationToken::new());
    let rounds = [done];
    let mut scope = Scope::of_request(&request);
    let draft = DraftPlan {
        steps: vec![DraftStep::new("s1", "ocr").with("image", "$input1")],
        ..DraftPlan::default()
    };
    let plan = Plan::validate(&draft, &registry, &scope).unwrap();
    scope.add_round(&plan, &rounds[0]);
    let situation = Situation {
        rounds: &rounds,
        scope: std::borrow::Cow::Owned(scope),
        ..Situation::new(&request, &registry, &cancel)
    };
    let looking = controller(&model).with_options(ControllerOptions {
        looks: true,
        shots: 0,
        form: PlanForm::Lines,
    });
    let decision = looking.decide(&situation).await.unwrap();
    assert_eq!(steps(&decision), ["s2"], "it refers to the round before");
    let messages = &model.asked()[0].messages;
    assert_eq!(messages.len(), 4, "no examples");
    assert!(messages[2].text().contains("s1 (ocr): $s1.text: \"OPEN\""));
    assert!(
        model
            .told()
            .contains("Is this enough to answer the request?")
    );
}

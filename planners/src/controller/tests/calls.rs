//! Models that call tools rather than writing lines.

use super::*;

fn calling(replies: Vec<Vec<Say>>) -> Arc<Scripted> {
    let mut model = scripted(replies);
    Arc::get_mut(&mut model).unwrap().profile.supports.tools = true;
    model
}

fn with_calls(model: &Arc<Scripted>) -> Controller {
    controller(model).with_options(ControllerOptions {
        form: PlanForm::Calls,
        ..ControllerOptions::default()
    })
}

#[tokio::test]
async fn a_call_is_a_step_once_the_next_begins() {
    let (go, wait) = oneshot::channel();
    let model = calling(vec![vec![
        Say::Call(0, "ocr", "{\"image\":"),
        Say::Call(0, "", "\"$input1\"}"),
        Say::Call(1, "text_to_speech", "{\"text\":"),
        Say::Wait(wait),
        Say::Call(1, "", "\"$s1.text\"}"),
    ]]);
    let (stream, mut taken) = StepStream::channel(8);
    let speaking = Arc::clone(&model);
    let decide = tokio::spawn(async move {
        let (registry, request, cancel) = (registry(), request(), CancellationToken::new());
        let situation = Situation {
            stream: Some(&stream),
            ..Situation::new(&request, &registry, &cancel)
        };
        with_calls(&speaking).decide(&situation).await.unwrap()
    });
    let first = next(&mut taken).await;
    assert_eq!(names(&[first]), ["s1"]);
    go.send(()).unwrap();
    let second = next(&mut taken).await;
    let Addition::Step(step) = second else {
        unreachable!("{second:?}")
    };
    assert_eq!(
        (step.id.as_str(), step.tool.as_str()),
        ("s2", "text_to_speech")
    );
    assert_eq!(names(&[next(&mut taken).await]), ["end"]);
    assert_eq!(
        decide.await.unwrap(),
        Decision::Streamed { notes: Vec::new() }
    );
    let asked = &model.asked()[0];
    assert!(asked.tools.iter().any(|tool| tool.name == "ocr"));
    let rules = asked.messages[0].text();
    assert!(rules.contains("named s1, s2, s3"), "{rules}");
}

#[tokio::test]
async fn calls_are_read_from_models_that_were_asked_for_lines_too() {
    let model = calling(vec![vec![Say::Call(
        0,
        "image_info",
        "{\"image\":\"$input1\"}",
    )]]);
    let decision = decide(&model, &[]).await;
    assert_eq!(steps(&decision), ["s1"]);
    assert!(model.asked()[0].tools.is_empty());
}

#[tokio::test]
async fn where_calls_are_not_supported_lines_are_asked_for() {
    let mut model = saying(&[BOTH]);
    Arc::get_mut(&mut model).unwrap().profile.supports.tools = false;
    let (registry, request, cancel) = (registry(), request(), CancellationToken::new());
    let situation = Situation::new(&request, &registry, &cancel);
    let decision = with_calls(&model).decide(&situation).await.unwrap();
    assert_eq!(steps(&decision), ["s1", "s2"]);
    assert!(model.asked()[0].tools.is_empty());
}

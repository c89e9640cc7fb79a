//! What came of a run: a sign was read, made grey, read aloud, and cut into two.

use medley_orchestrator::{
    Answer, Artifact, Digest, Facts, Kind, RunReport, RunStatus, StepError, StepReport, StepStatus,
    Value,
};

fn artifact(content: &str, kind: Kind, facts: Facts) -> Value {
    Value::from(Artifact {
        id: Digest::of(content.as_bytes()),
        kind,
        mime: String::new(),
        facts,
    })
}

/// The values of the answer, with their steps and tools.
pub(in crate::refiner) fn made() -> Vec<(&'static str, &'static str, &'static str, Value)> {
    let picture = |name| artifact(name, Kind::Image, Facts::picture(640, 480));
    vec![
        (
            "s1",
            "ocr",
            "text",
            "OPEN DAILY\nvisit open.example/daily".into(),
        ),
        ("s2", "grayscale_image", "image", picture("grey")),
        (
            "s3",
            "text_to_speech",
            "audio",
            artifact("voice", Kind::Audio, Facts::sound(1.25, 22_050, 1)),
        ),
        (
            "s4",
            "crop_image",
            "image",
            Value::List(vec![picture("left"), picture("right")]),
        ),
    ]
}

pub(in crate::refiner) fn sign() -> RunReport {
    let steps = made()
        .into_iter()
        .map(|(id, tool, output, value)| StepReport {
            outputs: [(output.to_owned(), value)].into(),
            ..step(id, tool, StepStatus::Done)
        });
    let answer = made().into_iter().map(|(id, tool, _, value)| Answer {
        step: Some(id.to_owned()),
        tool: Some(tool.to_owned()),
        value,
    });
    RunReport {
        run: "run".to_owned(),
        status: RunStatus::Succeeded,
        steps: steps.collect(),
        answer: answer.collect(),
        unanswered: Vec::new(),
        defects: Vec::new(),
        ms: 1.0,
    }
}

/// The same, with a step that failed and one that was left out for it.
pub(in crate::refiner) fn sign_with_failures() -> RunReport {
    let mut report = sign();
    report.steps.push(StepReport {
        error: Some(StepError::new(
            "no_model",
            "the model \"large\" is not here",
            Some("fetch it"),
        )),
        ..step("s5", "image_captioning", StepStatus::Failed)
    });
    report.steps.push(StepReport {
        error: Some(StepError::new("needs_failed_step", "it needs s5", None)),
        ..step("s6", "text_to_speech", StepStatus::Skipped)
    });
    report.status = RunStatus::Partial;
    report
}

fn step(id: &str, tool: &str, status: StepStatus) -> StepReport {
    StepReport {
        id: id.to_owned(),
        tool: tool.to_owned(),
        provider: None,
        status,
        started_ms: 0.0,
        ms: 1.0,
        attempts: 1,
        outputs: [].into(),
        error: None,
        question: None,
        children: Vec::new(),
        call: None,
    }
}

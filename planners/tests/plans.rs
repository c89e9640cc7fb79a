//! Requests become the plans that a person would expect: the real encoder over a registry of described tools.
//!
//! The requests are data: `requests/development.toml`, which the planner was made with, and `requests/held_out.toml`,
//! which it was not.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

#[path = "support/described.rs"]
mod described;
#[path = "support/planner.rs"]
mod planner;

use described::{register, registry};
use medley_orchestrator::{
    Artifact, Attachment, Capability, Decision, Digest, DraftPlan, Facts, Kind, Plan, Planner,
    Registry, Request, RunReport, Scope, Situation,
};
use medley_planners::EmbeddedPlanner;
use planner::planner;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    files: Vec<String>,
    english: Vec<String>,
    #[serde(default)]
    chinese: Vec<String>,
    /// Steps as `capability argument=value`; a `*` at the end allows more arguments, as a value any value.
    #[serde(default)]
    steps: Vec<String>,
    #[serde(default)]
    answer: Vec<String>,
    /// Words of the reason for declining.
    declined: Option<String>,
    /// Whether more steps may follow.
    #[serde(default)]
    partial: bool,
}

fn request(text: &str, files: &[String]) -> Request {
    let attachments = files.iter().map(|name| Attachment {
        name: name.clone(),
        artifact: Artifact {
            id: Digest::of(name.as_bytes()),
            kind: if name.ends_with(".txt") {
                Kind::Text
            } else {
                Kind::Image
            },
            mime: String::new(),
            facts: Facts::default(),
        },
    });
    Request {
        text: text.to_owned(),
        attachments: attachments.collect(),
        ..Request::default()
    }
}

async fn decide(planner: &EmbeddedPlanner, registry: &Registry, request: &Request) -> Decision {
    let cancel = CancellationToken::new();
    let situation = Situation::new(request, registry, &cancel);
    planner.decide(&situation).await.unwrap()
}

/// A plan as the case files write it.
fn written(draft: &DraftPlan) -> (Vec<String>, Vec<String>) {
    let value = |value: &Json| match value {
        Json::String(text) if text.contains(' ') => format!("{text:?}"),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let steps = draft.steps.iter().map(|step| {
        let mut arguments: Vec<String> = step
            .args
            .iter()
            .map(|(name, argument)| format!("{name}={}", value(argument)))
            .collect();
        arguments.sort();
        std::iter::once(step.tool.clone())
            .chain(arguments)
            .collect::<Vec<_>>()
            .join(" ")
    });
    let answer = draft.answer.iter().flatten().map(value);
    (steps.collect(), answer.collect())
}

fn step_fits(wanted: &str, step: &str) -> bool {
    let Some(open) = wanted.strip_suffix(" *") else {
        return match wanted.split_once("=* ") {
            Some((before, behind)) => step.starts_with(before) && step.ends_with(behind),
            None => step == wanted,
        };
    };
    let words: Vec<&str> = step.split(' ').collect();
    open.split(' ').all(|word| words.contains(&word))
}

/// What is wrong with a decision, if anything is.
fn problem(
    case: &Case,
    registry: &Registry,
    request: &Request,
    decision: &Decision,
) -> Option<String> {
    match (decision, &case.declined) {
        (Decision::Decline(decline), Some(words)) => {
            (!decline.reason.contains(words)).then(|| format!("declined: {}", decline.reason))
        }
        (Decision::Decline(decline), None) => Some(format!("declined: {}", decline.reason)),
        (Decision::Add { draft, .. }, None) => {
            let (steps, answer) = written(draft);
            if let Err(defects) = Plan::validate(draft, registry, &Scope::of_request(request)) {
                return Some(format!("no valid plan: {defects}\n      {steps:#?}"));
            }
            let enough = if case.partial {
                steps.len() >= case.steps.len()
            } else {
                steps.len() == case.steps.len()
            };
            let same = enough
                && case
                    .steps
                    .iter()
                    .zip(&steps)
                    .all(|(wanted, step)| step_fits(wanted, step));
            (!same || (!case.partial && answer != case.answer))
                .then(|| format!("{steps:?} -> {answer:?}"))
        }
        (Decision::Add { draft, .. }, Some(_)) => Some(format!("planned: {:?}", written(draft).0)),
        (other, _) => Some(format!("{other:?}")),
    }
}

/// Plans every request of a file; returns how many there are, and what is wrong with which.
async fn run(cases: &str) -> (usize, Vec<String>) {
    let cases: Cases = toml::from_str(cases).unwrap();
    let (planner, registry) = (planner(), registry());
    let (mut count, mut wrong) = (0, Vec::new());
    for case in &cases.case {
        for text in case.english.iter().chain(&case.chinese) {
            count += 1;
            let request = request(text, &case.files);
            let decision = decide(&planner, &registry, &request).await;
            if let Some(problem) = problem(case, &registry, &request, &decision) {
                wrong.push(format!("{text:?}\n    {problem}"));
            }
        }
    }
    println!("{} of {count} are planned as expected", count - wrong.len());
    (count, wrong)
}

#[tokio::test]
async fn requests_become_the_expected_plans() {
    let (_, wrong) = run(include_str!("requests/development.toml")).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn most_requests_that_it_was_not_made_with_become_the_expected_plans() {
    let (count, wrong) = run(include_str!("requests/held_out.toml")).await;
    assert!(wrong.len() * 8 <= count, "{}", wrong.join("\n"));
}

/// A capability of one's own, as JSON describes it.
fn own(description: Json) -> Capability {
    serde_json::from_value(description).unwrap()
}

#[tokio::test]
async fn tools_of_ones_own_are_planned() {
    let image = |name: &str| json!({"name": name, "of": {"type": "artifact", "kind": "image"}, "required": true});
    let text = |name: &str| json!({"name": name, "of": {"type": "string"}, "required": true});
    let mut registry = registry();
    register(
        &mut registry,
        own(json!({
            "name": "count_words", "version": 1, "purpose": "Counts the words of a text.",
            "phrases": ["how many words does it have"],
            "parameters": [text("text")], "outputs": [{"name": "count", "of": {"type": "integer"}}]
        })),
    );
    register(
        &mut registry,
        own(json!({
            "name": "morph_images", "version": 1, "purpose": "Turns one picture into another by and by.",
            "phrases": ["morph the pictures"],
            "parameters": [image("from"), image("to")],
            "outputs": [{"name": "video", "of": {"type": "artifact", "kind": "video"}}]
        })),
    );
    register(
        &mut registry,
        own(json!({
            "name": "stamp_image", "version": 1, "purpose": "Stamps words on a picture.",
            "phrases": ["stamp the picture with a text"],
            "parameters": [image("image"), text("words"),
                {"name": "size", "of": {"type": "integer"}, "required": false}],
            "outputs": [{"name": "image", "of": {"type": "artifact", "kind": "image"}}]
        })),
    );
    let planner = planner();
    for (text, files, expected) in [
        (
            "How many words are on the sign?",
            &["sign.png"][..],
            &["ocr image=$input1", "count_words text=$s1"][..],
        ),
        (
            "morph the two pictures",
            &["a.png", "b.png"],
            &["morph_images from=$input1 to=$input2"],
        ),
        (
            "make it gray and stamp it with 'DRAFT' in size 20",
            &["a.png"],
            &[
                "grayscale_image image=$input1",
                "stamp_image image=$s1 size=20 words=DRAFT",
            ],
        ),
    ] {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let request = request(text, &files);
        match decide(&planner, &registry, &request).await {
            Decision::Add { draft, .. } => assert_eq!(written(&draft).0, expected, "{text}"),
            other => unreachable!("{text}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn tools_of_a_language_model_are_planned_where_there_are_any() {
    let capabilities: Vec<Capability> =
        serde_json::from_str(include_str!("../fixtures/language_capabilities.json")).unwrap();
    let mut registry = registry();
    for capability in capabilities {
        register(&mut registry, capability);
    }
    let planner = planner();
    for (text, file, expected) in [
        (
            "translate \"hello\" into French",
            None,
            &["translation text=hello to=fr"][..],
        ),
        (
            "read the sign and translate it into German",
            Some("sign.png"),
            &["ocr image=$input1", "translation text=$s1 to=de"],
        ),
        (
            "把文字翻译成法语",
            Some("sign.png"),
            &["ocr image=$input1", "translation text=$s1 to=fr"],
        ),
        (
            "summarize the text in 50 words",
            Some("report.txt"),
            &["summarization max_words=50 text=$input1"],
        ),
        (
            "make the text more formal",
            Some("letter.txt"),
            &["rewrite style=formal text=$input1"],
        ),
        (
            "how much is the total on the receipt?",
            Some("receipt.png"),
            &[
                "ocr image=$input1",
                "question_answering context=$s1 question=\"how much is the total on the receipt\"",
            ],
        ),
        (
            "write a poem about the sea for $5",
            None,
            &["text_generation prompt=\"write a poem about the sea for $$5\""],
        ),
    ] {
        let files: Vec<String> = file.into_iter().map(str::to_owned).collect();
        let request = request(text, &files);
        match decide(&planner, &registry, &request).await {
            Decision::Add { draft, .. } => assert_eq!(written(&draft).0, expected, "{text}"),
            other => unreachable!("{text}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_decline_names_what_comes_nearest_and_nothing_follows_a_round() {
    let (planner, registry) = (planner(), registry());
    let asked = request("translate the sign into French", &["sign.png".to_owned()]);
    let Decision::Decline(decline) = decide(&planner, &registry, &asked).await else {
        unreachable!("no tool translates")
    };
    assert!(decline.reason.contains("translate the sign into French"));
    assert!((1..=3).contains(&decline.nearest.len()), "{decline:?}");

    let asked = request("resize it to 100000 pixels wide", &["sign.png".to_owned()]);
    let Decision::Decline(decline) = decide(&planner, &registry, &asked).await else {
        unreachable!("no picture is that wide")
    };
    assert!(decline.reason.contains("100000"), "{}", decline.reason);

    let cancel = CancellationToken::new();
    let report: RunReport = serde_json::from_value(json!({
        "run": "r", "status": "succeeded", "steps": [], "answer": [], "ms": 0.0
    }))
    .unwrap();
    let situation = Situation {
        rounds: &[report],
        ..Situation::new(&asked, &registry, &cancel)
    };
    assert_eq!(planner.decide(&situation).await.unwrap(), Decision::Finish);
}

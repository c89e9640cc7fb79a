//! What the words of a later turn mean: "it", "the original", "the first", "now in French", with the real encoder.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

#[path = "support/described.rs"]
mod described;
#[path = "support/planner.rs"]
mod planner;

use std::collections::BTreeMap;

use described::registry;
use medley_orchestrator::{
    Artifact, Attachment, Conversation, Decision, Digest, DraftStep, Facts, Kind, NamedArtifact,
    Plan, Planner, Registry, Request, Scope, SessionTurn, Situation,
};
use medley_planners::EmbeddedPlanner;
use planner::planner;
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

fn artifact(name: &str) -> Artifact {
    let kind = match name.trim_end_matches(|each: char| each.is_ascii_digit()) {
        "img" => Kind::Image,
        "text" => Kind::Text,
        _ => Kind::Audio,
    };
    Artifact {
        id: Digest::of(name.as_bytes()),
        kind,
        mime: String::new(),
        facts: Facts::default(),
    }
}

fn attached(name: &str, file: &str) -> NamedArtifact {
    NamedArtifact {
        name: name.to_owned(),
        artifact: artifact(name),
        label: file.to_owned(),
        made_by: None,
        made_from: Vec::new(),
        shown_in: 0,
        used_in: 0,
    }
}

fn made(name: &str, tool: &str, from: &str) -> NamedArtifact {
    NamedArtifact {
        made_by: Some(tool.to_owned()),
        made_from: vec![from.to_owned()],
        ..attached(name, tool)
    }
}

fn step(id: &str, tool: &str, args: Json) -> DraftStep {
    serde_json::from_value(json!({"id": id, "tool": tool, "args": args})).unwrap()
}

fn turn(artifacts: Vec<NamedArtifact>, used: &[&str], steps: Vec<DraftStep>) -> SessionTurn {
    SessionTurn {
        artifacts,
        used: used.iter().map(|name| (*name).to_owned()).collect(),
        steps,
        ..SessionTurn::default()
    }
}

/// A session in which these turns were.
fn session(turns: Vec<SessionTurn>) -> Conversation {
    let mut session = Conversation {
        turn: 1,
        ..Conversation::default()
    };
    turns.into_iter().for_each(|turn| session.add(turn));
    session
}

/// A sign was attached and read.
fn read_sign() -> SessionTurn {
    turn(
        vec![attached("img1", "sign.png"), made("text1", "ocr", "img1")],
        &["img1"],
        vec![step("s1", "ocr", json!({"image": "$img1"}))],
    )
}

/// Then the text was spoken.
fn said() -> SessionTurn {
    turn(
        vec![made("voice1", "text_to_speech", "text1")],
        &["text1"],
        vec![step("s1", "text_to_speech", json!({"text": "$text1"}))],
    )
}

/// Then the picture was made grey.
fn greyed() -> SessionTurn {
    turn(
        vec![made("img2", "grayscale_image", "img1")],
        &["img1"],
        vec![step("s1", "grayscale_image", json!({"image": "$img1"}))],
    )
}

/// Two pictures were attached at once, and measured.
fn measured_two() -> SessionTurn {
    turn(
        vec![attached("img1", "sign.png"), attached("img2", "photo.jpg")],
        &["img1", "img2"],
        vec![
            step("s1", "image_info", json!({"image": "$img1"})),
            step("s2", "image_info", json!({"image": "$img2"})),
        ],
    )
}

struct Bench {
    planner: EmbeddedPlanner,
    registry: Registry,
}

impl Bench {
    fn new() -> Self {
        Self {
            planner: planner(),
            registry: registry(),
        }
    }

    async fn decide(&self, request: &Request, answers: &BTreeMap<String, String>) -> Decision {
        let cancel = CancellationToken::new();
        let situation = Situation {
            answers,
            ..Situation::new(request, &self.registry, &cancel)
        };
        self.planner.decide(&situation).await.unwrap()
    }

    /// The steps as `tool argument=value ...`, a line each, or what else was decided.
    async fn plan(&self, conversation: &Conversation, text: &str, files: &[&str]) -> String {
        let attachments: Vec<Attachment> = files
            .iter()
            .map(|name| Attachment {
                name: format!("{name}.png"),
                artifact: artifact(name),
            })
            .collect();
        let attached_as = conversation.names_for(&attachments);
        let request = Request {
            text: text.to_owned(),
            attachments,
            conversation: Conversation {
                attached_as,
                ..conversation.clone()
            },
        };
        match self.decide(&request, &BTreeMap::new()).await {
            Decision::Add { draft, .. } => {
                let scope = Scope::of_request(&request);
                let valid = Plan::validate(&draft, &self.registry, &scope);
                assert!(valid.is_ok(), "{text}: {valid:?}");
                let lines: Vec<String> = draft.steps.iter().map(line).collect();
                lines.join("; ")
            }
            Decision::Clarify(question) => format!("? {}", question.choices.join(", ")),
            Decision::Decline(decline) => format!("declined: {}", decline.reason),
            other => format!("{other:?}"),
        }
    }

    /// Each of the requests becomes its plan.
    async fn expect(&self, conversation: &Conversation, expected: &[(&str, &str)]) {
        let mut wrong = Vec::new();
        for (text, plan) in expected {
            let found = self.plan(conversation, text, &[]).await;
            if found != *plan {
                wrong.push(format!("{text}\n  expected {plan}\n  found    {found}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

fn line(step: &DraftStep) -> String {
    let mut arguments: Vec<String> = step
        .args
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}={}",
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            )
        })
        .collect();
    arguments.sort();
    format!("{} {}", step.tool, arguments.join(" "))
}

#[tokio::test]
async fn pronouns_and_nouns_mean_what_was_there_last_and_serves() {
    let bench = Bench::new();
    bench
        .expect(
            &session(vec![read_sign()]),
            &[
                ("say it out loud", "text_to_speech text=$text1"),
                ("now say the text out loud", "text_to_speech text=$text1"),
                (
                    "which language is it?",
                    "language_identification text=$text1",
                ),
                ("make it grey", "grayscale_image image=$img1"),
                (
                    "make the picture black and white",
                    "grayscale_image image=$img1",
                ),
                (
                    "rotate by 90 degrees",
                    "rotate_image degrees=90 image=$img1",
                ),
                (
                    "say good morning out loud",
                    "text_to_speech text=good morning",
                ),
                ("say 'good morning'", "text_to_speech text=good morning"),
                ("大声念出来", "text_to_speech text=$text1"),
                ("把它变成黑白的", "grayscale_image image=$img1"),
                ("把那张图片旋转90度", "rotate_image degrees=90 image=$img1"),
            ],
        )
        .await;
    bench
        .expect(
            &session(vec![read_sign(), said(), greyed()]),
            &[
                ("blur it", "blur_image image=$img2"),
                (
                    "make it brighter",
                    "adjust_image brightness=1.3 image=$img2",
                ),
                (
                    "flip the original horizontally",
                    "flip_image direction=horizontal image=$img1",
                ),
                (
                    "flip img1 horizontally",
                    "flip_image direction=horizontal image=$img1",
                ),
                ("blur sign.png", "blur_image image=$img1"),
                ("blur the first picture", "blur_image image=$img1"),
                ("blur the second picture", "blur_image image=$img2"),
                ("blur the last one", "blur_image image=$img2"),
                (
                    "say the text in German",
                    "text_to_speech language=de text=$text1",
                ),
                ("让它更亮", "adjust_image brightness=1.3 image=$img2"),
                ("模糊第一张图片", "blur_image image=$img1"),
                ("把img1变成黑白的", "grayscale_image image=$img1"),
                (
                    "blur it and then rotate it by 90 degrees",
                    "blur_image image=$img2; rotate_image degrees=90 image=$s1",
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn what_comes_along_goes_before_what_was_there() {
    let bench = Bench::new();
    let before = session(vec![read_sign(), greyed()]);
    for (text, plan) in [
        ("make it grey", "grayscale_image image=$input1"),
        ("make img3 grey", "grayscale_image image=$input1"),
        ("make img1 smaller", "resize_image image=$img1 scale=0.5"),
        (
            "compare it with the first",
            "compare_images first=$input1 second=$img1",
        ),
        (
            "compare it with img2",
            "compare_images first=$input1 second=$img2",
        ),
        // Nothing but the text of before can be spoken of as such.
        ("say the last text out loud", "text_to_speech text=$text1"),
    ] {
        let found = bench.plan(&before, text, &["img9"]).await;
        if text.starts_with("say") {
            assert!(found.contains("text_to_speech"), "{text}: {found}");
        } else {
            assert_eq!(found, plan, "{text}");
        }
    }
}

#[tokio::test]
async fn two_pictures_are_compared_in_the_order_in_which_they_are_spoken_of() {
    let bench = Bench::new();
    bench
        .expect(
            &session(vec![read_sign(), greyed()]),
            &[
                (
                    "compare it with the first",
                    "compare_images first=$img2 second=$img1",
                ),
                (
                    "compare img1 with img2",
                    "compare_images first=$img1 second=$img2",
                ),
                (
                    "compare the two pictures",
                    "compare_images first=$img1 second=$img2",
                ),
                (
                    "compare it with the original",
                    "compare_images first=$img2 second=$img1",
                ),
                (
                    "compare the second picture with the first one",
                    "compare_images first=$img2 second=$img1",
                ),
            ],
        )
        .await;
}

#[tokio::test]
async fn what_was_done_last_is_done_again_with_another_value_or_file() {
    let bench = Bench::new();
    bench
        .expect(
            &session(vec![read_sign(), said()]),
            &[
                ("now in French", "text_to_speech language=fr text=$text1"),
                ("and in German", "text_to_speech language=de text=$text1"),
                ("用法语再念一遍", "text_to_speech language=fr text=$text1"),
                ("现在用德语", "text_to_speech language=de text=$text1"),
                ("again", "text_to_speech text=$text1"),
                ("do it again", "text_to_speech text=$text1"),
            ],
        )
        .await;
    // What lay between is made again: it is known, and costs nothing.
    let at_once = turn(
        vec![
            attached("img1", "sign.png"),
            made("voice1", "text_to_speech", "img1"),
        ],
        &["img1"],
        vec![
            step("s1", "ocr", json!({"image": "$img1"})),
            step("s2", "text_to_speech", json!({"text": "$s1"})),
        ],
    );
    bench
        .expect(
            &session(vec![at_once]),
            &[(
                "now in French",
                "ocr image=$img1; text_to_speech language=fr text=$s1",
            )],
        )
        .await;
    let first_grey = turn(
        vec![made("img3", "grayscale_image", "img1")],
        &["img1"],
        vec![step("s1", "grayscale_image", json!({"image": "$img1"}))],
    );
    bench
        .expect(
            &session(vec![measured_two(), first_grey]),
            &[
                (
                    "the same for the second picture",
                    "grayscale_image image=$img2",
                ),
                ("do the same with img2", "grayscale_image image=$img2"),
                ("now the same with photo.jpg", "grayscale_image image=$img2"),
            ],
        )
        .await;
}

#[tokio::test]
async fn what_can_be_meant_in_several_ways_is_asked_about() {
    let bench = Bench::new();
    let two = session(vec![measured_two()]);
    bench
        .expect(
            &two,
            &[
                ("make it grey", "? img1, img2"),
                ("blur the picture", "? img1, img2"),
                ("把图片变成黑白的", "? img1, img2"),
                // Words that tell them apart leave nothing to ask.
                ("blur the sign", "blur_image image=$img1"),
                (
                    "make them grey",
                    "grayscale_image image=$img1; grayscale_image image=$img2",
                ),
                (
                    "make both pictures grey",
                    "grayscale_image image=$img1; grayscale_image image=$img2",
                ),
                (
                    "make the second picture grey",
                    "grayscale_image image=$img2",
                ),
            ],
        )
        .await;
    let request = Request {
        text: "make it grey".to_owned(),
        conversation: two,
        ..Request::default()
    };
    let Decision::Clarify(question) = bench.decide(&request, &BTreeMap::new()).await else {
        unreachable!("either may be meant")
    };
    assert!(
        question
            .text
            .contains("img1 (sign.png) or img2 (photo.jpg)"),
        "{}",
        question.text
    );
    let answers = BTreeMap::from([(question.id, "img2".to_owned())]);
    match bench.decide(&request, &answers).await {
        Decision::Add { draft, .. } => {
            assert_eq!(line(&draft.steps[0]), "grayscale_image image=$img2");
        }
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn nothing_of_a_session_is_taken_outside_of_it() {
    let bench = Bench::new();
    let none = Conversation::default();
    let declined = bench.plan(&none, "make it grey", &[]).await;
    assert!(declined.contains("--attach"), "{declined}");
    let empty = session(vec![SessionTurn::default()]);
    let declined = bench.plan(&empty, "make it grey", &[]).await;
    assert!(declined.contains("/attach"), "{declined}");
    let nothing = bench.plan(&empty, "now in French", &[]).await;
    assert!(nothing.starts_with("declined"), "{nothing}");
}

#[tokio::test]
async fn a_language_alone_means_no_picture() {
    let bench = Bench::new();
    let two = session(vec![measured_two()]);
    for text in ["now in French", "in German"] {
        let declined = bench.plan(&two, text, &[]).await;
        assert!(declined.contains("no text or voice yet"), "{declined}");
    }
    // What is spoken of is asked about as before.
    let asked = bench.plan(&two, "say it in French", &[]).await;
    assert_eq!(asked, "? img1, img2");
}

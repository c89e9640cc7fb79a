//! What must hold whatever is asked; an encoder of hashed words stands in for the model.

use medley_models::families::minilm::{DIMENSIONS, Embedding};
use medley_orchestrator::{Kind, Plan, Scope};

use super::*;
use crate::fixtures::{attachment, registry};

/// Texts with the same words have the same vector.
struct HashedWords;

impl Encoder for HashedWords {
    fn identity(&self, _: &CancellationToken) -> Result<String, ModelError> {
        Ok("hashed words".to_owned())
    }

    fn embed(
        &self,
        sentences: &[&str],
        _: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError> {
        let embed = |sentence: &&str| {
            let mut vector = [0.0; DIMENSIONS];
            for word in sentence.split_whitespace() {
                let hash = blake3::hash(matching::stem(word).as_bytes());
                let place = u32::from(hash.as_bytes()[0]) + 128 * u32::from(hash.as_bytes()[1] & 1);
                vector[place as usize] += 1.0;
            }
            let length = vector.iter().map(|each| each * each).sum::<f32>().sqrt();
            vector.map(|each| each / length.max(1.0))
        };
        Ok(sentences.iter().map(embed).collect())
    }
}

const PIECES: &[&str] = &[
    "read the sign",
    "say it out loud",
    "in German",
    ", then",
    " and ",
    ".",
    "; after that,",
    "rotate",
    "it",
    "90 degrees",
    "resize to 300 pixels wide",
    "640x480",
    "by half",
    "'quoted $s1 ${x} text'",
    "\"",
    "the second picture",
    "a.png",
    "b.jpg",
    "black and white copy",
    "crop it to 10, 20, 300, 200",
    "hide all text",
    "convert to png and webp",
    "flip horizontally and vertically",
    "把图片",
    "旋转九十度",
    "，然后",
    "龘",
    "both",
    "original",
    "say: hello, world",
    "compare",
    "-5",
    "百分之",
    "$input9",
    "\u{301}",
    "👍",
    "increase brightness by 20%",
    "which language is it",
    "how big is it?",
    "outline the words in red",
];

#[tokio::test]
async fn whatever_is_asked_a_plan_is_valid() {
    let home = tempfile::tempdir().unwrap();
    let planner = EmbeddedPlanner::with_encoder(HashedWords, home.path());
    let registry = registry();
    let cancel = CancellationToken::new();
    let (mut planned, mut state) = (0, 7_usize);
    for round in 0..400 {
        let mut text = String::new();
        for _ in 0..=round % 7 {
            // A linear congruential generator: the same requests every time.
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) % 2_147_483_648;
            text.push_str(PIECES[(state >> 8) % PIECES.len()]);
            text.push(' ');
        }
        let files = [
            attachment("a.png", Kind::Image),
            attachment("b.jpg", Kind::Image),
            attachment("c.txt", Kind::Text),
        ];
        let request = Request {
            attachments: files.into_iter().take(round % 4).collect(),
            text,
            ..Request::default()
        };
        let situation = Situation::new(&request, &registry, &cancel);
        match planner.decide(&situation).await.unwrap() {
            Decision::Add { draft, .. } => {
                planned += 1;
                let valid = Plan::validate(&draft, &registry, &Scope::of_request(&request));
                assert!(valid.is_ok(), "{:?}: {valid:?}\n{draft:#?}", request.text);
                assert!(!draft.steps.is_empty());
            }
            Decision::Decline(decline) => assert!(!decline.reason.is_empty()),
            other => unreachable!("{other:?}"),
        }
    }
    assert!(planned > 40, "only {planned} were planned");
}

#[tokio::test]
async fn the_same_request_gives_the_same_plan() {
    let home = tempfile::tempdir().unwrap();
    let planner = EmbeddedPlanner::with_encoder(HashedWords, home.path());
    let registry = registry();
    let cancel = CancellationToken::new();
    let request = Request {
        text: "read the text and black out the text".to_owned(),
        attachments: vec![attachment("a.png", Kind::Image)],
        ..Request::default()
    };
    let situation = Situation::new(&request, &registry, &cancel);
    let first = planner.decide(&situation).await.unwrap();
    let other = EmbeddedPlanner::with_encoder(HashedWords, home.path());
    assert_eq!(other.decide(&situation).await.unwrap(), first);
    assert!(matches!(first, Decision::Add { .. }), "{first:?}");
}

//! What the reader follows is what the answer holds, whichever way it is told.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::*;
use crate::{Digest, EventStream, Facts, Kind, Request, Spending};

/// Notes what it is shown, and changes it.
struct Noting {
    sentences: Mutex<Vec<String>>,
    change: fn(&str) -> String,
}

#[async_trait::async_trait]
impl Corrector for Noting {
    async fn correct(&self, sentence: &str, _: &Evidence<'_>) -> String {
        let mut sentences = self
            .sentences
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sentences.push(sentence.to_owned());
        (self.change)(sentence)
    }
}

fn picture(name: &str) -> Artifact {
    Artifact {
        id: Digest::of(name.as_bytes()),
        kind: Kind::Image,
        mime: "image/png".to_owned(),
        facts: Facts::default(),
    }
}

/// Text, or an artifact's name between angle brackets.
fn shape(parts: &[Part]) -> Vec<String> {
    let shape = |part: &Part| match part {
        Part::Text { text } => text.clone(),
        Part::Artifact { name, .. } => format!("<{name}>"),
    };
    parts.iter().map(shape).collect()
}

/// The events since the last look, text and artifacts apart.
fn heard(stream: &mut EventStream) -> Vec<String> {
    let mut heard = Vec::new();
    while let Some(event) = stream.try_recv() {
        match event.kind {
            EventKind::AnswerText { text } => heard.push(text),
            EventKind::AnswerArtifact { name, .. } => heard.push(format!("<{name}>")),
            other => unreachable!("{other:?}"),
        }
    }
    heard
}

/// Tells these pieces, `<name>` an artifact; gives the parts, the events and the sentences that a corrector was shown.
async fn tell(
    pieces: &[&str],
    corrects: bool,
    change: fn(&str) -> String,
) -> (Vec<String>, Vec<String>, Vec<String>) {
    let noting = Noting {
        sentences: Mutex::default(),
        change,
    };
    let (events, mut stream) = EventSink::channel();
    let (request, cancel) = (Request::default(), CancellationToken::new());
    let evidence = Evidence {
        request: &request,
        rounds: &[],
        spending: Spending::unlimited(),
        cancel: &cancel,
    };
    let corrector: Option<(&dyn Corrector, Evidence<'_>)> =
        corrects.then_some((&noting as _, evidence));
    let mut telling = Telling::new(&events, corrector);
    for piece in pieces {
        match piece.strip_prefix('<') {
            Some(name) => {
                let name = name.trim_end_matches('>');
                telling.artifact(name, picture(name)).await;
            }
            None => telling.text(piece).await,
        }
    }
    let parts = shape(&telling.finish().await);
    let sentences = noting.sentences.into_inner().unwrap();
    (parts, heard(&mut stream), sentences)
}

const PIECES: &[&str] = &[
    "\n The sign says ",
    "OPEN. ",
    "This ",
    "<grey>",
    "is it in grey.",
    "\n\nAnd aloud:",
    "<voice>",
    ".\nDone.\n",
];

#[tokio::test]
async fn both_ways_give_the_same_parts_and_events_hold_all_of_them() {
    let expected = [
        "The sign says OPEN. This is it in grey.",
        "<grey>",
        "And aloud:",
        "<voice>",
        "Done.",
    ];
    for corrects in [true, false] {
        let (parts, heard, _) = tell(PIECES, corrects, str::to_owned).await;
        assert_eq!(parts, expected, "{corrects}");
        assert_eq!(heard.concat(), expected.concat(), "{corrects}");
    }
}

#[tokio::test]
async fn the_corrector_sees_whole_sentences_in_order_before_the_reader_does() {
    let (parts, heard, sentences) =
        tell(PIECES, true, |sentence| sentence.replace("OPEN", "CLOSED")).await;
    assert_eq!(
        sentences,
        [
            "The sign says OPEN.",
            "This is it in grey.",
            "And aloud:",
            "Done."
        ]
    );
    assert_eq!(heard[0], "The sign says CLOSED.");
    assert_eq!(heard[1], " This is it in grey.");
    assert!(parts[0].starts_with("The sign says CLOSED."), "{parts:?}");
}

#[tokio::test]
async fn without_a_corrector_words_are_shown_as_they_come() {
    let (_, heard, sentences) = tell(&["The si", "gn ", "says OPEN"], false, str::to_owned).await;
    assert_eq!(heard, ["The si", "gn", " says OPEN"]);
    assert!(sentences.is_empty());
}

#[tokio::test]
async fn a_sentence_that_the_corrector_takes_out_leaves_no_gap() {
    let without = |sentence: &str| match sentence.contains("false") {
        true => String::new(),
        false => sentence.to_owned(),
    };
    let (parts, heard, _) = tell(
        &["It is false. ", "<a>", "It is true. So is this."],
        true,
        without,
    )
    .await;
    assert_eq!(parts, ["<a>", "It is true. So is this."]);
    assert_eq!(heard.concat(), parts.concat());
}

#[tokio::test]
async fn sentences_end_where_people_end_them() {
    for (text, sentences) in [
        (
            "One. Two! Three? Four",
            vec!["One.", "Two!", "Three?", "Four"],
        ),
        (
            "It costs 3.50 dollars. Yes.",
            vec!["It costs 3.50 dollars.", "Yes."],
        ),
        (
            "See e.g. this one. Good.",
            vec!["See e.g. this one.", "Good."],
        ),
        ("1. First\n2. Second", vec!["1. First", "2. Second"]),
        (
            "By J. Doe. He said \"no.\" Then",
            vec!["By J. Doe.", "He said \"no.\"", "Then"],
        ),
        (
            "牌子上写着“营业”。它是灰色的！好",
            vec!["牌子上写着“营业”。", "它是灰色的！", "好"],
        ),
        ("他说：“好。”然后走了。", vec!["他说：“好。”", "然后走了。"]),
    ] {
        let (_, heard, seen) = tell(&[text], true, str::to_owned).await;
        assert_eq!(seen, sentences, "{text}");
        assert_eq!(heard.concat(), text);
    }
}

#[tokio::test]
async fn what_follows_a_break_begins_on_a_new_line() {
    let (events, mut stream) = EventSink::channel();
    let mut telling = Telling::new(&events, None);
    assert!(telling.is_empty());
    telling.text("The sign sa").await;
    telling.break_off().await;
    telling.text("OPEN").await;
    assert!(!telling.is_empty());
    let parts = shape(&telling.finish().await);
    assert_eq!(parts, ["The sign sa\n\nOPEN"]);
    assert_eq!(heard(&mut stream).concat(), parts.concat());
}

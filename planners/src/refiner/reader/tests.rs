//! Citations, near misses, inventions and code, whole and in pieces.

use medley_orchestrator::{EventSink, Kind, Refining, Registry, Request, RunReport};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    excerpts::Excerpts,
    fixtures::{attachment, registry},
    refiner::tests::results::{self, made},
};

/// A sign was read, made grey and read aloud, and two pictures were cut out of it.
fn with_citable(check: impl FnOnce(&Citable<'_>)) {
    let request = Request {
        text: "read the sign at https://signs.example/a and make it grey".to_owned(),
        attachments: vec![attachment("my sign.png", Kind::Image)],
        ..Request::default()
    };
    let rounds: Vec<RunReport> = vec![results::sign()];
    let (registry, events): (Registry, EventSink) = (registry(), EventSink::ignored());
    let cancel = CancellationToken::new();
    let refining = Refining::new(&request, &registry, &rounds, &events, &cancel);
    check(&Citable::of(&refining, &Excerpts::default()));
}

/// What is read of a text that comes in pieces of so many characters: words, and marks between angle brackets.
fn read_in(size: usize, text: &str) -> (String, usize) {
    let mut said = String::new();
    let mut left_out = 0;
    with_citable(|citable| {
        let mut reader = Reader::new(citable);
        let letters: Vec<char> = text.chars().collect();
        let mut pieces = Vec::new();
        for piece in letters.chunks(size) {
            pieces.extend(reader.push(&piece.iter().collect::<String>()));
        }
        pieces.extend(reader.finish());
        for piece in pieces {
            match piece {
                Piece::Text(text) => said.push_str(&text),
                Piece::Cited(index) => {
                    let item = citable.item(index).unwrap();
                    said.push_str(&format!("<{}>", item.mark));
                }
            }
        }
        left_out = reader.left_out();
    });
    (said, left_out)
}

/// What is read, however the text comes.
fn read(text: &str) -> String {
    let (whole, left_out) = read_in(usize::MAX, text);
    for size in [1, 2, 3, 7] {
        assert_eq!(
            read_in(size, text),
            (whole.clone(), left_out),
            "in pieces of {size}: {text}"
        );
    }
    whole
}

fn reads(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(read(text), *expected, "{text}");
    }
}

#[test]
fn what_exists_is_cited() {
    reads(&[
        (
            "Here it is:\n[[s2]]\nDone.",
            "Here it is:\n<s2.image>\nDone.",
        ),
        ("[[s2.image]] and [[s3.audio]]", "<s2.image> and<s3.audio>"),
        ("[[$s1.text]]", "<s1.text>"),
        ("[[ s3 ]]", "<s3.audio>"),
        ("The file [[input1]] in grey", "The file<input1> in grey"),
        ("[[s4.image[1]]]", "<s4.image[1]>"),
        ("[s2.image]", "<s2.image>"),
        ("In $s2, it is grey.", "In<s2.image>, it is grey."),
        (
            "no marks, [1] or [a note] or a[i][j]",
            "no marks, [1] or [a note] or a[i][j]",
        ),
        ("", ""),
    ]);
}

#[test]
fn a_citation_leaves_no_holes() {
    reads(&[
        ("See [[s2]].", "See<s2.image>."),
        ("Grey ([[s2]]) now", "Grey<s2.image> now"),
        ("**[[s2]]** and `[[s3]]`", "<s2.image> and<s3.audio>"),
        ("a [[s9]] b", "a b"),
        ("a ([[s9]]) b", "a b"),
    ]);
}

#[test]
fn a_near_miss_means_the_one_that_it_must_mean() {
    reads(&[
        ("[[S2]]", "<s2.image>"),
        ("[[s2.picture]]", "<s2.image>"),
        ("[[s2.imgae]]", "<s2.image>"),
        ("[[image: s2.image]]", "<s2.image>"),
        ("[[audio]]", "<s3.audio>"),
        ("[[grayscale_image]]", "<s2.image>"),
        ("[[my sign-grayscale.png]]", "<s2.image>"),
        ("[[my sign.png]]", "<input1>"),
        ("[[image2]]", "<s4.image[0]>"),
        ("![the sign in grey](s2.image)", "<s2.image>"),
        ("![](my%20sign-grayscale.png)", ""),
        ("[listen](sandbox:/mnt/data/speech.mp3)", "listen<s3.audio>"),
        (
            "I saved it to /tmp/speech.mp3 for you",
            "I saved it to my sign-text-to-speech for you",
        ),
    ]);
}

#[test]
fn what_does_not_exist_is_never_shown() {
    for (text, expected) in [
        ("See [[s9]] now", "See now"),
        ("[[s22.image]]", ""),
        ("[[video]] of it", " of it"),
        ("I saved it to /tmp/out.png.", "I saved it to …."),
        ("See `out.png`", "See `…`"),
        ("![](x.png)", ""),
        ("Look: ![a cat](https://example.com/cat.png)!", "Look:!"),
        ("It is at https://example.com/out.png", "It is at …"),
        ("It is at example.com/out.png, there", "It is at …, there"),
        ("<img src=\"/tmp/a.png\"> here", " here"),
        ("<https://example.com/a>", "…"),
        ("[here](https://example.com/a) it is", "here it is"),
        ("[out.png](out.png)", "…"),
        ("文件在/tmp/out.png里。", "文件在…里。"),
        ("see [[s9", "see"),
    ] {
        assert_eq!(read(text), expected, "{text}");
        assert!(read_in(usize::MAX, text).1 > 0, "{text}");
    }
}

#[test]
fn what_is_known_may_be_named() {
    reads(&[
        ("You gave my sign.png.", "You gave my sign.png."),
        (
            "From https://signs.example/a as you say",
            "From https://signs.example/a as you say",
        ),
        (
            "The sign says visit open.example/daily.",
            "The sign says visit open.example/daily.",
        ),
        (
            "[the page](https://signs.example/a)",
            "[the page](https://signs.example/a)",
        ),
        (
            "It costs $5 or 3.50, and/or 24/7 <b>now</b>",
            "It costs $5 or 3.50, and/or 24/7 <b>now</b>",
        ),
        ("x < y and y > z, a[0] = [[", "x < y and y > z, a[0] ="),
    ]);
}

#[test]
fn code_stays_code_and_what_it_cites_stands_behind_it() {
    reads(&[
        (
            "So:\n```bash\nif [[ -f x ]]; then [[s2]]\n```\nDone.",
            "So:\n```bash\nif [[ -f x ]]; then \n```\n<s2.image>Done.",
        ),
        ("So:\n```\n[[s9]] out.png\n```", "So:\n```\n …\n```"),
        (
            "```markdown\nIt says **OPEN**.\n[[s2]]\n```\n",
            "It says **OPEN**.\n<s2.image>\n",
        ),
        ("It is `code` and ``more``", "It is `code` and ``more``"),
    ]);
}

#[test]
fn words_are_not_held_back_longer_than_they_must_be() {
    with_citable(|citable| {
        let mut reader = Reader::new(citable);
        let text = |pieces: Vec<Piece>| match pieces.as_slice() {
            [] => String::new(),
            [Piece::Text(text)] => text.clone(),
            other => unreachable!("{other:?}"),
        };
        assert_eq!(text(reader.push("The sign ")), "The sign");
        assert_eq!(text(reader.push("say")), "");
        assert_eq!(text(reader.push("s OPEN. [[s")), " says OPEN.");
        assert_eq!(reader.push("2"), []);
        let cited = reader.push("]] T");
        assert!(matches!(cited.as_slice(), [Piece::Cited(_)]), "{cited:?}");
        assert_eq!(text(reader.push("牌子写着")), " T牌子写着");
    });
}

#[test]
fn nothing_that_a_model_writes_stops_the_reader() {
    let signs = [
        "[[", "]]", "![", "](", ")", "<img", ">", "```", "\n", "$s2", "a.png", "`", " ", " é ",
        "。", "~~~",
    ];
    let mut state = 7_u32;
    for _ in 0..3_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            text.push_str(signs[(state >> 16) as usize % signs.len()]);
        }
        let (said, _) = read_in(1, &text);
        assert!(!said.contains("a.png"), "{text:?} became {said:?}");
    }
    assert!(made().len() > 1);
}

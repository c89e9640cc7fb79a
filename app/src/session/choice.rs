//! Which of the offered answers a line means, if it is an answer at all and not the next request.

use medley_orchestrator::Conversation;

use super::Asked;

/// Words around an answer that say nothing.
const AROUND: &[&str] = &[
    "the", "one", "i", "mean", "meant", "please", "take", "use", "with", "picture", "image",
    "photo", "file", "sound",
];

/// Words for the first, the second and so on.
const ORDINALS: &[&[&str]] = &[
    &["1", "first", "第一", "第一个", "第一张"],
    &["2", "second", "第二", "第二个", "第二张"],
    &["3", "third", "第三", "第三个", "第三张"],
    &["4", "fourth", "第四", "第四个", "第四张"],
    &["5", "fifth", "第五", "第五个", "第五张"],
];

/// The answer that `line` gives to what was asked: a choice by its name, its number, or a word of the file's own name.
/// Anything answers a question without choices.
#[must_use]
pub fn meant_choice(asked: &Asked, conversation: &Conversation, line: &str) -> Option<String> {
    let choices = &asked.question.choices;
    if choices.is_empty() {
        return Some(line.trim().to_owned());
    }
    let line = line
        .trim()
        .trim_end_matches(['.', '!', '。'])
        .to_lowercase();
    let same = |choice: &&String| choice.to_lowercase() == line;
    if let Some(choice) = choices.iter().find(same) {
        return Some(choice.clone());
    }
    let words: Vec<&str> = line
        .split(|each: char| each.is_whitespace() || each == ',')
        .filter(|word| !word.is_empty() && !AROUND.contains(word))
        .collect();
    let [word] = words.as_slice() else {
        return None;
    };
    if let Some(choice) = choices.iter().find(|choice| choice.to_lowercase() == *word) {
        return Some(choice.clone());
    }
    let place = ORDINALS.iter().position(|names| names.contains(word));
    let place = match *word {
        "last" | "最后一个" | "最后一张" => choices.len().checked_sub(1),
        _ => place,
    };
    if let Some(choice) = place.and_then(|place| choices.get(place)) {
        return Some(choice.clone());
    }
    let is_called = |choice: &&String| {
        conversation.get(choice).is_some_and(|known| {
            let label = known.label.to_lowercase();
            label == *word
                || label
                    .split(|each: char| !each.is_alphanumeric())
                    .any(|part| part == *word)
        })
    };
    let mut called = choices.iter().filter(is_called);
    match (called.next(), called.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{
        Artifact, Digest, Facts, Kind, NamedArtifact, Question, SessionTurn,
    };

    use super::*;

    #[test]
    fn an_answer_is_told_from_the_next_request() {
        let mut conversation = Conversation::default();
        let file = |name: &str, label: &str| NamedArtifact {
            name: name.to_owned(),
            artifact: Artifact {
                id: Digest::of(name.as_bytes()),
                kind: Kind::Image,
                mime: String::new(),
                facts: Facts::default(),
            },
            label: label.to_owned(),
            made_by: None,
            made_from: Vec::new(),
            shown_in: 0,
            used_in: 0,
        };
        conversation.add(SessionTurn {
            artifacts: vec![file("img1", "sign.png"), file("img2", "my photo.png")],
            ..SessionTurn::default()
        });
        let choices = vec!["img1".to_owned(), "img2".to_owned()];
        let asked = Asked {
            question: Question::about_request(1, "which?", choices),
            tool: None,
        };
        for (line, meant) in [
            ("img2", Some("img2")),
            ("IMG2.", Some("img2")),
            ("2", Some("img2")),
            ("the first one", Some("img1")),
            ("I mean the last one, please", Some("img2")),
            ("第二张", Some("img2")),
            ("the sign", Some("img1")),
            ("sign.png", Some("img1")),
            ("photo.png", None),
            ("png", None),
            ("3", None),
            ("blur img2", None),
            ("read the sign and say it", None),
            ("", None),
        ] {
            assert_eq!(
                meant_choice(&asked, &conversation, line).as_deref(),
                meant,
                "{line}"
            );
        }
        let open = Asked {
            question: Question::about_request(1, "how large?", Vec::new()),
            tool: None,
        };
        assert_eq!(
            meant_choice(&open, &conversation, " any size ").as_deref(),
            Some("any size")
        );
    }
}

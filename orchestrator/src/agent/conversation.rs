//! What a session knows when a turn begins: what was asked before, and what files and texts it has, by short names.
//!
//! Names are given once and never change. Nothing here reads or writes: whoever keeps sessions folds their turns.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Attachment;
use crate::{Artifact, Digest, DraftStep, Kind};

/// How many of the last exchanges a request carries.
const REMEMBERED: usize = 8;

/// A session as a turn of it sees it; empty outside of sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Conversation {
    /// Which turn this is, from 1; 0 outside of sessions.
    pub turn: u32,
    /// The names of the request's own attachments, in their order.
    pub attached_as: Vec<String>,
    /// What earlier turns brought along or made, in the order in which it appeared.
    pub artifacts: Vec<NamedArtifact>,
    /// The last exchanges, the newest last.
    pub exchanges: Vec<Exchange>,
    /// The steps of the last plan. They refer to files by the names of the session.
    pub last_steps: Vec<DraftStep>,
}

/// What was asked, and in short what was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The words of the request.
    pub asked: String,
    /// The beginning of the answer.
    pub answered: String,
}

/// An artifact of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedArtifact {
    /// Its name in the session: `img1`, `voice2`. Plans refer to it as `$img1`.
    pub name: String,
    /// The artifact.
    pub artifact: Artifact,
    /// What it is called besides: the file's name, or what was done, such as `grayscale`.
    pub label: String,
    /// The capability that made it; nothing for a file that was attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<String>,
    /// The named artifacts that it was made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made_from: Vec<String>,
    /// The last turn whose answer it was part of, or that it was attached to.
    pub shown_in: u32,
    /// The last turn whose plan took it.
    #[serde(default)]
    pub used_in: u32,
}

impl NamedArtifact {
    /// Whether it was attached rather than made.
    #[must_use]
    pub const fn is_attached(&self) -> bool {
        self.made_by.is_none()
    }

    /// Where it came from, in a few words: `sign.png`, or `grayscale_image of img1`.
    #[must_use]
    pub fn origin(&self) -> String {
        match (&self.made_by, self.made_from.as_slice()) {
            (None, _) => self.label.clone(),
            (Some(tool), []) => tool.clone(),
            (Some(tool), sources) => format!("{tool} of {}", sources.join(", ")),
        }
    }

    /// The last turn that had to do with it.
    #[must_use]
    pub fn touched_in(&self) -> u32 {
        self.shown_in.max(self.used_in)
    }
}

/// What a turn added to its session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionTurn {
    /// What was asked and answered.
    pub exchange: Exchange,
    /// What was attached or answered; what has its name from before stands here with that name.
    pub artifacts: Vec<NamedArtifact>,
    /// Names of what the plan took.
    pub used: Vec<String>,
    /// The plan's steps, in the names of the session; empty where nothing was planned.
    pub steps: Vec<DraftStep>,
}

impl Conversation {
    /// Whether there is no session.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.turn == 0
    }

    /// The artifact with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&NamedArtifact> {
        self.artifacts.iter().find(|known| known.name == name)
    }

    /// The name of these bytes as this kind, if they have one.
    #[must_use]
    pub fn name_of(&self, id: &Digest, kind: Kind) -> Option<&str> {
        let known = self.artifacts.iter();
        let mut same =
            known.filter(|known| known.artifact.id == *id && known.artifact.kind == kind);
        same.next().map(|known| known.name.as_str())
    }

    /// The names that attachments get in the turn that comes next: those that they have, or the next ones.
    #[must_use]
    pub fn names_for(&self, attachments: &[Attachment]) -> Vec<String> {
        let mut taken: BTreeSet<String> = self.taken();
        let mut names: Vec<String> = Vec::new();
        for (place, Attachment { artifact, .. }) in attachments.iter().enumerate() {
            let same = |other: &Attachment| {
                other.artifact.id == artifact.id && other.artifact.kind == artifact.kind
            };
            let twin = attachments[..place].iter().position(same);
            let known = self.name_of(&artifact.id, artifact.kind);
            let name = match (known, twin) {
                (Some(known), _) => known.to_owned(),
                (None, Some(twin)) => names[twin].clone(),
                (None, None) => next_name(prefix(artifact.kind, None), &taken),
            };
            taken.insert(name.clone());
            names.push(name);
        }
        names
    }

    /// The name that a result gets: the one that it has, or the next one of its sort that is not in `besides` either.
    #[must_use]
    pub fn name_for(
        &self,
        artifact: &Artifact,
        made_by: Option<&str>,
        besides: &[NamedArtifact],
    ) -> String {
        let same = |known: &&NamedArtifact| {
            known.artifact.id == artifact.id && known.artifact.kind == artifact.kind
        };
        if let Some(known) = self.artifacts.iter().chain(besides).find(same) {
            return known.name.clone();
        }
        let mut taken = self.taken();
        taken.extend(besides.iter().map(|known| known.name.clone()));
        next_name(prefix(artifact.kind, made_by), &taken)
    }

    /// Whether a word is such as sessions give for names, `img1`, though nothing may be called so.
    #[must_use]
    pub fn is_like_a_name(word: &str) -> bool {
        let stem = word.trim_end_matches(|each: char| each.is_ascii_digit());
        stem.len() < word.len() && PREFIXES.contains(&stem)
    }

    /// Adds what a turn came to; the next turn begins with that.
    pub fn add(&mut self, turn: SessionTurn) {
        let number = self.turn.max(1);
        for mut artifact in turn.artifacts {
            artifact.shown_in = number;
            match self
                .artifacts
                .iter_mut()
                .find(|known| known.name == artifact.name)
            {
                // Where it came from first is what it is.
                Some(known) => known.shown_in = number,
                None => self.artifacts.push(artifact),
            }
        }
        for artifact in &mut self.artifacts {
            if turn.used.contains(&artifact.name) {
                artifact.used_in = number;
            }
        }
        self.exchanges.push(turn.exchange);
        let surplus = self.exchanges.len().saturating_sub(REMEMBERED);
        self.exchanges.drain(..surplus);
        if !turn.steps.is_empty() {
            self.last_steps = turn.steps;
        }
        self.attached_as.clear();
        self.turn = number + 1;
    }

    fn taken(&self) -> BTreeSet<String> {
        let known = self.artifacts.iter().map(|known| known.name.clone());
        known.chain(self.attached_as.iter().cloned()).collect()
    }
}

fn next_name(prefix: &str, taken: &BTreeSet<String>) -> String {
    let number = (1_u32..).find(|number| !taken.contains(&format!("{prefix}{number}")));
    format!("{prefix}{}", number.unwrap_or_default())
}

/// What names of a session begin with.
const PREFIXES: [&str; 9] = [
    "img", "voice", "sound", "video", "text", "regions", "table", "json", "file",
];

/// What names of a kind begin with; what was spoken is a voice.
fn prefix(kind: Kind, made_by: Option<&str>) -> &'static str {
    match kind {
        Kind::Image => "img",
        Kind::Audio if made_by.is_some_and(|tool| tool.contains("speech")) => "voice",
        Kind::Audio => "sound",
        Kind::Video => "video",
        Kind::Text => "text",
        Kind::Regions => "regions",
        Kind::Table => "table",
        Kind::Json => "json",
        Kind::File => "file",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Facts;

    fn artifact(content: &str, kind: Kind) -> Artifact {
        Artifact {
            id: Digest::of(content.as_bytes()),
            kind,
            mime: String::new(),
            facts: Facts::default(),
        }
    }

    fn attachment(name: &str, kind: Kind) -> Attachment {
        Attachment {
            name: name.to_owned(),
            artifact: artifact(name, kind),
        }
    }

    fn made(conversation: &Conversation, content: &str, kind: Kind, tool: &str) -> NamedArtifact {
        let artifact = artifact(content, kind);
        NamedArtifact {
            name: conversation.name_for(&artifact, Some(tool), &[]),
            artifact,
            label: tool.to_owned(),
            made_by: Some(tool.to_owned()),
            made_from: Vec::new(),
            shown_in: 0,
            used_in: 0,
        }
    }

    #[test]
    fn every_name_that_is_given_is_like_one() {
        let kinds = [
            Kind::Image,
            Kind::Audio,
            Kind::Video,
            Kind::Text,
            Kind::Regions,
            Kind::Table,
            Kind::Json,
            Kind::File,
        ];
        for (kind, made_by) in kinds
            .map(|kind| (kind, None))
            .into_iter()
            .chain([(Kind::Audio, Some("text_to_speech"))])
        {
            let made = Artifact {
                kind,
                ..artifact("content", kind)
            };
            let name = Conversation::default().name_for(&made, made_by, &[]);
            assert!(Conversation::is_like_a_name(&name), "{name}");
        }
        for other in ["img", "12", "image1", "mp3", "img1a", ""] {
            assert!(!Conversation::is_like_a_name(other), "{other}");
        }
    }

    #[test]
    fn names_count_by_kind_over_the_session_and_stay() {
        let mut session = Conversation::default();
        let files = [
            attachment("a.png", Kind::Image),
            attachment("a.txt", Kind::Text),
            attachment("b.png", Kind::Image),
            attachment("a.png", Kind::Image),
        ];
        assert_eq!(session.names_for(&files), ["img1", "text1", "img2", "img1"]);
        session.add(SessionTurn {
            artifacts: vec![
                made(&session, "first", Kind::Image, "flip_image"),
                made(&session, "speech", Kind::Audio, "text_to_speech"),
            ],
            ..SessionTurn::default()
        });
        let names = |session: &Conversation| {
            let names = session.artifacts.iter().map(|each| each.name.clone());
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&session), ["img1", "voice1"]);
        assert_eq!(session.turn, 2);
        session.add(SessionTurn {
            artifacts: vec![
                made(&session, "first", Kind::Image, "crop_image"),
                made(&session, "second", Kind::Image, "crop_image"),
                made(&session, "noise", Kind::Audio, "text_to_audio"),
            ],
            used: vec!["voice1".to_owned()],
            ..SessionTurn::default()
        });
        assert_eq!(names(&session), ["img1", "voice1", "img2", "sound1"]);
        let first = session.get("img1").unwrap();
        assert_eq!(first.made_by.as_deref(), Some("flip_image"));
        assert_eq!((first.shown_in, first.used_in), (2, 0));
        assert_eq!(session.get("voice1").unwrap().used_in, 2);
        assert_eq!(
            session.names_for(&[attachment("c.png", Kind::Image)]),
            ["img3"]
        );
    }

    #[test]
    fn only_the_last_exchanges_and_the_last_plan_are_carried() {
        let mut session = Conversation::default();
        for round in 0..12 {
            session.add(SessionTurn {
                exchange: Exchange {
                    asked: round.to_string(),
                    answered: String::new(),
                },
                steps: (round < 5)
                    .then(|| DraftStep::new(format!("s{round}"), "ocr"))
                    .into_iter()
                    .collect(),
                ..SessionTurn::default()
            });
        }
        assert_eq!(session.turn, 13);
        assert_eq!(session.exchanges.len(), REMEMBERED);
        assert_eq!(session.exchanges[0].asked, "4");
        assert_eq!(session.last_steps[0].id, "s4");
    }
}

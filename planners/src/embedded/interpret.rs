//! From clauses to what they ask for: words that are no action of their own join the clause that they belong to.

use std::collections::{BTreeSet, HashMap};

use medley_models::{ModelError, families::minilm::Embedding};
use medley_orchestrator::{Capability, Kind};
use tokio_util::sync::CancellationToken;

use super::{
    Encoder, arguments,
    clauses::{Clause, Joint},
    files::Files,
    matching::{Index, Match, Meaning},
    tokens::TokenKind,
    vocabulary::Vocabulary,
};

/// A clause with what it may ask for.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The clause.
    pub clause: Clause,
    /// What it may ask for, best first.
    pub matches: Vec<Match>,
}

impl Reading {
    fn best(&self) -> Option<Match> {
        self.matches.first().copied()
    }

    fn score(&self) -> f32 {
        self.best().map_or(0.0, |best| best.score)
    }

    /// The capabilities that the clause fits at least this well, best first.
    pub(super) fn capabilities(&self, least: f32) -> impl Iterator<Item = usize> {
        self.matches
            .iter()
            .take_while(move |each| each.score >= least)
            .filter_map(|each| match each.meaning {
                Meaning::Capability(index) => Some(index),
                Meaning::MissingTask(_) | Meaning::Filler => None,
            })
    }

    /// How well the clause fits the capability with this index.
    pub(super) fn likeness(&self, capability: usize) -> f32 {
        self.matches
            .iter()
            .find(|each| each.meaning == Meaning::Capability(capability))
            .map_or(0.0, |each| each.score)
    }
}

/// What reading clauses needs.
pub(super) struct Interpreter<'a> {
    pub vocabulary: &'a Vocabulary,
    pub index: &'a Index,
    pub encoder: &'a dyn Encoder,
    pub capabilities: &'a [Capability],
    pub files: &'a Files<'a>,
    pub cancel: &'a CancellationToken,
}

impl Interpreter<'_> {
    /// What each clause may ask for. Clauses that ask for nothing are gone.
    pub(super) fn read(&self, clauses: Vec<Clause>) -> Result<Vec<Reading>, ModelError> {
        let mut known = HashMap::new();
        let joined = self.join(self.rank(clauses, &mut known)?);
        let mut readings = self.rank(joined, &mut known)?;
        self.pass_on_files(&mut readings);
        let filler =
            |reading: &Reading| reading.best().map(|best| best.meaning) == Some(Meaning::Filler);
        readings.retain(|reading| !filler(reading) || self.may_repeat(&reading.clause));
        Ok(self.merge(readings))
    }

    /// Whether a clause may ask for what was done last, once more.
    fn may_repeat(&self, clause: &Clause) -> bool {
        let again = &self.vocabulary.words.again;
        self.files.in_session && clause.words().any(|word| again.contains(word))
    }

    /// One step does what two clauses ask for if they say different things of the same capability, as in "more
    /// brightness and less contrast".
    fn merge(&self, readings: Vec<Reading>) -> Vec<Reading> {
        let mut merged: Vec<Reading> = Vec::new();
        for reading in readings {
            match merged.last_mut() {
                Some(last) if self.is_one(last, &reading) => last.clause.absorb(reading.clause),
                _ => merged.push(reading),
            }
        }
        merged
    }

    fn is_one(&self, one: &Reading, other: &Reading) -> bool {
        let (Some(best), Some(same)) = (one.best(), other.best()) else {
            return false;
        };
        let Meaning::Capability(index) = best.meaning else {
            return false;
        };
        let words = &self.vocabulary.words;
        let stands_alone =
            names_file(other) || other.clause.words().any(|word| words.copy.contains(word));
        if same.meaning != best.meaning || other.clause.joint != Joint::And || stands_alone {
            return false;
        }
        let fill = |reading: &Reading| {
            arguments::fill(&self.capabilities[index], &reading.clause, self.vocabulary)
        };
        let (one, other) = (fill(one), fill(other));
        let disjoint = other
            .arguments
            .keys()
            .all(|parameter| !one.arguments.contains_key(parameter));
        disjoint && !one.arguments.is_empty() && !other.arguments.is_empty()
    }

    /// Joins words that are no action of their own to the clause that they belong to.
    fn join(&self, readings: Vec<Reading>) -> Vec<Clause> {
        let settings = &self.vocabulary.settings;
        let mut clauses: Vec<Clause> = Vec::new();
        let mut meaning_before = None;
        let mut waiting: Option<Clause> = None;
        for reading in readings {
            let score = reading.score();
            let meaning = reading.best().map(|best| best.meaning);
            let needed = match reading.clause.joint {
                _ if reading.clause.has_verb => 0.0,
                Joint::And => settings.fragment,
                Joint::Sentence | Joint::Then => settings.accept,
            };
            let same = meaning == meaning_before && reading.clause.joint == Joint::And;
            let own = score >= needed && (reading.clause.has_verb || !same);
            let mut clause = reading.clause;
            if own {
                if let Some(mut before) = waiting.take() {
                    let joint = before.joint;
                    before.absorb(clause);
                    clause = Clause { joint, ..before };
                }
                meaning_before = meaning;
                clauses.push(clause);
            } else if let Some(last) = clauses.last_mut() {
                last.absorb(clause);
            } else if let Some(before) = &mut waiting {
                before.absorb(clause);
            } else {
                waiting = Some(clause);
            }
        }
        clauses.extend(waiting);
        clauses
    }

    /// What each clause fits. Sentences that are not among the `known` are embedded together, and known from then on.
    fn rank(
        &self,
        clauses: Vec<Clause>,
        known: &mut HashMap<String, Embedding>,
    ) -> Result<Vec<Reading>, ModelError> {
        let texts: Vec<String> = clauses.iter().map(|clause| self.plain(clause)).collect();
        let new: BTreeSet<&str> = texts.iter().map(String::as_str).collect();
        let new: Vec<&str> = new
            .into_iter()
            .filter(|&text| !known.contains_key(text))
            .collect();
        let vectors = self.encoder.embed(&new, self.cancel)?;
        known.extend(new.into_iter().map(str::to_owned).zip(vectors));
        let readings = clauses
            .into_iter()
            .zip(&texts)
            .filter_map(|(clause, text)| {
                let vector = known.get(text)?;
                let words = text.split_whitespace();
                let matches = self.index.rank(vector, words, self.vocabulary);
                Some(Reading { clause, matches })
            });
        Ok(readings.collect())
    }

    /// The clause in plain words: a file is called by its kind, and a quotation "the text".
    fn plain(&self, clause: &Clause) -> String {
        // "Read the second" is about a picture all the same.
        let words = &self.vocabulary.words;
        let mut kinds = clause.words().filter_map(|word| words.kind_of(word));
        let names_kind = kinds.any(|kind| kind != Kind::Text);
        let mut plain = String::new();
        for token in &clause.tokens {
            let word = match token.kind {
                TokenKind::Ordinal(ordinal) if !names_kind => self.call_counted(ordinal),
                TokenKind::Word | TokenKind::Translated | TokenKind::Number(_) => {
                    token.text.as_str()
                }
                TokenKind::Quoted => "the text",
                TokenKind::Address => "the address",
                TokenKind::Absent => "the file",
                TokenKind::File(index) => self.call(index),
                TokenKind::Unknown | TokenKind::Break(_) | TokenKind::Ordinal(_) => continue,
            };
            if !plain.is_empty() {
                plain.push(' ');
            }
            plain.push_str(word);
        }
        plain
    }

    /// What an attachment is called in a sentence.
    fn call(&self, index: usize) -> &'static str {
        match self.files.get(index).map(|file| file.kind) {
            Some(Kind::Image) => "the picture",
            Some(Kind::Audio) => "the audio",
            Some(Kind::Video) => "the video",
            Some(Kind::Text) => "the text",
            _ => "the file",
        }
    }

    /// What the file with a number is called in a sentence behind "the".
    fn call_counted(&self, ordinal: i64) -> &'static str {
        let counted = self.files.counted();
        let place = usize::try_from(ordinal).map_or(counted.len(), |place| place);
        let lane = place.checked_sub(1).and_then(|place| counted.get(place));
        // Of one that is not there, the person is told so; it is called as the others are.
        let lane = lane.or_else(|| counted.last());
        let called = lane.map_or("file", |lane| self.call(*lane));
        called.trim_start_matches("the ")
    }

    /// A file that is named where nothing is asked is meant by the clause behind.
    fn pass_on_files(&self, readings: &mut [Reading]) {
        for at in 1..readings.len() {
            let (before, behind) = readings.split_at_mut(at);
            let (Some(before), Some(behind)) = (before.last(), behind.first_mut()) else {
                continue;
            };
            let filler = before.best().map(|best| best.meaning) == Some(Meaning::Filler);
            if filler && !names_file(behind) {
                let files = before
                    .clause
                    .tokens
                    .iter()
                    .filter(|token| matches!(token.kind, TokenKind::File(_)));
                behind.clause.tokens.splice(0..0, files.cloned());
            }
        }
    }
}

fn names_file(reading: &Reading) -> bool {
    let tokens = &reading.clause.tokens;
    tokens
        .iter()
        .any(|token| matches!(token.kind, TokenKind::File(_)))
}

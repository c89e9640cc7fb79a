//! Which capability a clause asks for: sentence embeddings and common words.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use medley_models::{ModelError, families::minilm::Embedding};
use medley_orchestrator::Capability;
use tokio_util::sync::CancellationToken;

use super::{
    Encoder, vector_cache,
    vocabulary::{Vocabulary, Words},
};

/// What a clause may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The capability with this index.
    Capability(usize),
    /// The task of the vocabulary with this index, which no capability does.
    MissingTask(usize),
    /// Nothing.
    Filler,
}

/// How well a clause fits a meaning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Match {
    /// The meaning.
    pub meaning: Meaning,
    /// How well it fits, 0 to 1.
    pub score: f32,
}

/// Everything that a clause may ask for, embedded.
pub(super) struct Index {
    senses: Vec<Sense>,
    /// How rare a word is among the texts; words that are in none are the rarest.
    rarity: BTreeMap<String, f32>,
    rarest: f32,
    action_words: BTreeSet<String>,
}

struct Sense {
    meaning: Meaning,
    texts: Vec<Text>,
}

struct Text {
    vector: Embedding,
    stems: BTreeSet<String>,
}

/// The texts of the meanings, before they are embedded.
fn collect(capabilities: &[Capability], vocabulary: &Vocabulary) -> Vec<(Meaning, Vec<String>)> {
    let tasks = &vocabulary.tasks;
    let mut senses = Vec::new();
    for (index, capability) in capabilities.iter().enumerate() {
        let mut texts = vec![
            capability.purpose.clone(),
            capability.name.replace('_', " "),
        ];
        texts.extend(capability.phrases.iter().cloned());
        let known = tasks.task.iter().find(|task| task.name == capability.name);
        texts.extend(known.into_iter().flat_map(|task| task.phrases.clone()));
        senses.push((Meaning::Capability(index), texts));
    }
    for (index, task) in tasks.task.iter().enumerate() {
        if capabilities.iter().all(|each| each.name != task.name) {
            senses.push((Meaning::MissingTask(index), task.phrases.clone()));
        }
    }
    senses.push((Meaning::Filler, tasks.filler.clone()));
    senses
}

impl Index {
    /// Embeds every text, or reads the vectors from `cache`.
    pub(super) fn build(
        capabilities: &[Capability],
        vocabulary: &Vocabulary,
        encoder: &dyn Encoder,
        cache: &Path,
        cancel: &CancellationToken,
    ) -> Result<Self, ModelError> {
        let senses = collect(capabilities, vocabulary);
        let texts: Vec<&str> = senses
            .iter()
            .flat_map(|(_, texts)| texts.iter().map(String::as_str))
            .collect();
        let vectors = vector_cache::through(cache, encoder, &texts, cancel)?;
        Ok(Self::assemble(
            senses,
            vectors,
            capabilities,
            &vocabulary.words,
        ))
    }

    fn assemble(
        senses: Vec<(Meaning, Vec<String>)>,
        vectors: Vec<Embedding>,
        capabilities: &[Capability],
        words: &Words,
    ) -> Self {
        let mut vectors = vectors.into_iter();
        let senses: Vec<Sense> = senses
            .into_iter()
            .map(|(meaning, texts)| Sense {
                meaning,
                texts: texts
                    .iter()
                    .zip(&mut vectors)
                    .map(|(text, vector)| Text {
                        vector,
                        stems: stems(text.split(|each: char| !each.is_alphanumeric()), words),
                    })
                    .collect(),
            })
            .collect();
        let (rarity, rarest) = rarity(&senses);
        let action_words = capabilities
            .iter()
            .flat_map(|capability| &capability.phrases)
            .filter_map(|phrase| Some(phrase.split_whitespace().next()?.to_lowercase()))
            .filter(|word| !words.stop.contains(word) && words.kind_of(word).is_none())
            .collect();
        Self {
            senses,
            rarity,
            rarest,
            action_words,
        }
    }

    /// Whether a phrase of a capability begins with `word`.
    pub(super) fn is_action_word(&self, word: &str) -> bool {
        self.action_words.contains(word)
    }

    /// Every meaning with how well the clause fits it, best first.
    pub(super) fn rank<'a>(
        &self,
        vector: &Embedding,
        clause_words: impl Iterator<Item = &'a str>,
        vocabulary: &Vocabulary,
    ) -> Vec<Match> {
        let words: Vec<String> = clause_words.map(str::to_lowercase).collect();
        let stems = stems(words.iter().map(String::as_str), &vocabulary.words);
        let weight = vocabulary.settings.word_weight;
        let mut matches: Vec<Match> = self
            .senses
            .iter()
            .map(|sense| {
                let scores = sense.texts.iter().map(|text| {
                    let likeness = cosine(vector, &text.vector).max(0.0);
                    (1.0 - weight) * likeness + weight * self.overlap(&stems, &text.stems)
                });
                let score = if self.is_named(sense.meaning, &words, vocabulary) {
                    1.0
                } else {
                    scores.fold(0.0, f32::max)
                };
                Match {
                    meaning: sense.meaning,
                    score,
                }
            })
            .collect();
        matches.sort_by(|one, other| other.score.total_cmp(&one.score));
        matches
    }

    /// Whether the clause has a verb that names a task which is missing, and which asks for no tool that is here.
    fn is_named(&self, meaning: Meaning, words: &[String], vocabulary: &Vocabulary) -> bool {
        let Meaning::MissingTask(index) = meaning else {
            return false;
        };
        let verbs = &vocabulary.tasks.task[index].verbs;
        words
            .iter()
            .any(|word| verbs.contains(word) && !self.is_action_word(word))
    }

    /// The share of words that two texts have in common (Dice's coefficient), rare words counting more.
    fn overlap(&self, one: &BTreeSet<String>, other: &BTreeSet<String>) -> f32 {
        let weight = |stem: &String| self.rarity.get(stem).copied().unwrap_or(self.rarest);
        let total: f32 = one.iter().chain(other).map(weight).sum();
        let common: f32 = one.intersection(other).map(weight).sum();
        if total > 0.0 {
            2.0 * common / total
        } else {
            0.0
        }
    }
}

/// Inverse document frequency over meanings, and that of a word which is in none.
fn rarity(senses: &[Sense]) -> (BTreeMap<String, f32>, f32) {
    let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
    for sense in senses {
        let stems: BTreeSet<&String> = sense.texts.iter().flat_map(|text| &text.stems).collect();
        for stem in stems {
            *counts.entry(stem).or_default() += 1;
        }
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are far fewer than 2^23 meanings"
    )]
    let inverse = |count: usize| (1.0 + senses.len() as f32 / count.max(1) as f32).ln();
    let rarity = counts
        .into_iter()
        .map(|(stem, count)| (stem.clone(), inverse(count)))
        .collect();
    (rarity, inverse(1))
}

/// The cosine of two vectors of length 1.
pub(super) fn cosine(one: &Embedding, other: &Embedding) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The words that carry meaning, without endings; words for one kind of file are one word.
fn stems<'a>(list: impl Iterator<Item = &'a str>, words: &Words) -> BTreeSet<String> {
    list.map(str::to_lowercase)
        .filter(|word| !word.is_empty() && !words.stop.contains(word))
        .map(|word| match words.kind_of(&word) {
            Some(kind) => kind.name().to_owned(),
            None => stem(&word),
        })
        .collect()
}

/// A word without its ending, roughly: enough to make "rotating", "rotated" and "rotate" one word.
pub(crate) fn stem(word: &str) -> String {
    without_ending(word, &["ing", "ed", "ly", "er", "es", "s", "e"])
}

/// A word without the first of these endings that leaves three letters, without a last "e" and without the second of
/// two equal letters at its end.
pub(super) fn without_ending(word: &str, endings: &[&str]) -> String {
    let shorter = endings.iter().find_map(|ending| {
        let rest = word.strip_suffix(ending)?;
        (rest.chars().count() >= 3).then_some(rest)
    });
    let stem = shorter.unwrap_or(word);
    let stem = stem.strip_suffix('e').unwrap_or(stem);
    let mut letters: Vec<char> = stem.chars().collect();
    if let [.., last_but_one, last] = letters.as_slice()
        && last_but_one == last
        && letters.len() > 3
    {
        letters.pop();
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for forms in [
            &["rotate", "rotated", "rotating", "rotates"][..],
            &["crop", "cropped", "cropping", "crops"],
            &["horizontal", "horizontally"],
            &["blur", "blurred", "blurs"],
        ] {
            let stems: BTreeSet<String> = forms.iter().map(|form| stem(form)).collect();
            assert_eq!(stems.len(), 1, "{stems:?}");
        }
        assert_ne!(stem("red"), stem("read"));
    }
}

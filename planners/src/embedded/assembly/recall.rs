//! What a clause means that speaks of something from before in the session: "it", "the picture", "the original".
//!
//! What had to do with the last turns goes before what is older, and a result goes before what it was made from. Where
//! several are left that are equally likely, the person is asked.

use std::collections::BTreeSet;

use medley_orchestrator::{Capability, Kind, Parameter, Question, ValueType};

use super::{
    super::{
        arguments::is_text, clauses::Clause, files::FileAtHand, interpret::Reading,
        tokens::TokenKind,
    },
    Assembly, Obstacle, missing,
    reference::nth,
};

/// How recently, and how directly, the session had to do with a file.
type Salience = (u32, u8);

impl Assembly<'_> {
    /// The files from before that a clause works on; none if nothing there serves.
    pub(super) fn recall(
        &self,
        reading: &Reading,
        capability: &Capability,
        content: &Parameter,
        kind: Option<Kind>,
    ) -> Result<Vec<Option<usize>>, Obstacle> {
        let words: BTreeSet<&str> = reading.clause.words().collect();
        let of_kind = |lane: &usize| kind.is_none_or(|kind| self.is_of_kind(*lane, kind));
        let known: Vec<usize> = self.files.earlier().filter(of_kind).collect();
        let fitting = |lane: &usize| self.holds(*lane, content);
        let mut serving: Vec<usize> = known.iter().copied().filter(fitting).collect();
        if serving.is_empty() {
            let reachable = |lane: &usize| {
                !self
                    .usable(reading, capability, content, &[Some(*lane)])
                    .is_empty()
            };
            serving = known.into_iter().filter(reachable).collect();
        }
        // "In French" says nothing of pictures that text could be read from.
        let held = serving.iter().any(|lane| self.holds(*lane, content));
        if is_text(&content.value_type)
            && !held
            && !serving.is_empty()
            && self.only_says_language(reading)
        {
            return Err(Obstacle::NothingToSay);
        }
        let lanes = |lanes: Vec<usize>| lanes.into_iter().map(Some).collect();
        let says = |list: &BTreeSet<String>| words.iter().any(|word| list.contains(*word));
        let vocabulary = &self.vocabulary.words;
        if says(&vocabulary.original) {
            serving = self.originals(&serving);
        }
        let called = self.called(&serving, &words);
        if !called.is_empty() {
            serving = called;
        }
        if words.contains("all") || words.contains("every") || words.contains("each") {
            return Ok(lanes(serving));
        }
        if words.contains("both") {
            return Ok(lanes(serving.split_off(serving.len().saturating_sub(2))));
        }
        let likeliest = self.likeliest(&serving);
        match likeliest.as_slice() {
            [] | [_] => Ok(lanes(likeliest)),
            _ if says(&vocabulary.plural) => Ok(lanes(likeliest)),
            several => match self.answered(&serving) {
                Some(lane) => Ok(vec![Some(lane)]),
                None => Err(Obstacle::Ambiguous {
                    lanes: several.to_vec(),
                }),
            },
        }
    }

    /// Whether a clause says a language, and neither what to do nor with what.
    fn only_says_language(&self, reading: &Reading) -> bool {
        let (words, rules) = (&self.vocabulary.words, &self.vocabulary.arguments.language);
        let is_language = |word: &str| rules.codes.values().any(|names| names.contains(word));
        let mut spoken = reading.clause.words();
        let refers = reading
            .clause
            .words()
            .any(|word| words.pronouns.contains(word) || words.kind_of(word).is_some());
        let counted = reading
            .clause
            .tokens
            .iter()
            .any(|token| matches!(token.kind, TokenKind::File(_) | TokenKind::Ordinal(_)));
        !reading.clause.has_verb && !refers && !counted && spoken.any(is_language)
    }

    /// The files for a step that takes several at once, in the order in which the clause speaks of them.
    pub(super) fn several(
        &self,
        reading: &Reading,
        capability: &Capability,
        content: &Parameter,
        needed: usize,
    ) -> Result<Vec<usize>, Obstacle> {
        let attached: Vec<usize> = (0..self.files.attached()).collect();
        if !self.files.in_session {
            return Ok(attached);
        }
        let is_list = matches!(content.value_type, ValueType::List { .. });
        let mut named = self.spoken_of(reading, capability, content)?;
        if named.len() >= needed && (!is_list || named.len() > 1) {
            return Ok(named);
        }
        if attached.len() >= needed && named.iter().all(|lane| attached.contains(lane)) {
            return Ok(attached);
        }
        let known = || {
            let counted = self.files.earlier().chain(0..self.files.attached());
            counted.filter(|lane| self.holds(*lane, content))
        };
        if is_list {
            return Ok(known().collect());
        }
        let latest = self.latest(reading, capability, content)?;
        if let Some(latest) = latest.filter(|latest| !named.contains(latest)) {
            named.insert(0, latest);
        }
        let others: Vec<usize> = known().filter(|lane| !named.contains(lane)).collect();
        let lacking = needed.saturating_sub(named.len());
        match others.len().checked_sub(lacking) {
            Some(skipped) => {
                // In the order in which they appeared.
                let mut chosen = others[skipped..].to_vec();
                chosen.extend(named);
                Ok(chosen)
            }
            None => Err(missing(content)),
        }
    }

    /// The question where a clause can mean several files.
    pub(in super::super) fn question(&self, clause: &Clause, lanes: &[usize]) -> Question {
        let part = clause.source(&self.request.text);
        let files: Vec<&FileAtHand<'_>> = lanes
            .iter()
            .filter_map(|lane| self.files.get(*lane))
            .collect();
        let listed: Vec<String> = files
            .iter()
            .filter_map(|file| file.earlier)
            .map(|known| format!("{} ({})", known.name, known.origin()))
            .collect();
        let names = files.iter().filter_map(|file| file.earlier);
        let names = names.map(|known| known.name.clone()).collect();
        let text = format!(
            "which one does \u{201c}{part}\u{201d} mean: {}?",
            listed.join(" or ")
        );
        Question::about_request(self.part, text, names)
    }

    /// What the person said when asked about this part of the request.
    fn answered(&self, lanes: &[usize]) -> Option<usize> {
        let answer = self.answers.get(&Question::id_of_part(self.part))?;
        let is_meant = |lane: &&usize| {
            let known = self.files.get(**lane).and_then(|file| file.earlier);
            known.is_some_and(|known| known.name == *answer)
        };
        lanes.iter().find(is_meant).copied()
    }

    /// The file that "it" means: the only one that came along, what the last clause was about, or the likeliest.
    fn latest(
        &self,
        reading: &Reading,
        capability: &Capability,
        content: &Parameter,
    ) -> Result<Option<usize>, Obstacle> {
        if self.files.attached() == 1 && self.holds(0, content) {
            return Ok(Some(0));
        }
        if let [Some(lane)] = self.focus.as_slice()
            && self.holds(*lane, content)
        {
            return Ok(Some(*lane));
        }
        let recalled = self.recall(reading, capability, content, None)?;
        Ok(recalled.first().copied().flatten())
    }

    /// The files that the words of a clause name, count or stand for, each once.
    fn spoken_of(
        &self,
        reading: &Reading,
        capability: &Capability,
        content: &Parameter,
    ) -> Result<Vec<usize>, Obstacle> {
        let words = &self.vocabulary.words;
        let kind = content.value_type.kinds().first().copied();
        let tokens = &reading.clause.tokens;
        let mut lanes: Vec<usize> = Vec::new();
        for token in tokens {
            let lane = match token.kind {
                TokenKind::File(lane) => Some(lane),
                TokenKind::Ordinal(ordinal) => {
                    let lane = nth(&self.files, ordinal, kind);
                    Some(lane.ok_or(Obstacle::NoSuchFile { ordinal })?)
                }
                _ if !token.is_word() => None,
                _ if words.singular.contains(&token.text) => {
                    self.latest(reading, capability, content)?
                }
                _ => None,
            };
            lanes.extend(lane.filter(|lane| !lanes.contains(lane)));
        }
        Ok(lanes)
    }

    /// Whether what a file is, without a tool between, is what a parameter asks for.
    pub(super) fn holds(&self, lane: usize, content: &Parameter) -> bool {
        !self.direct_in(lane, content).is_empty()
    }

    fn direct_in(&self, lane: usize, content: &Parameter) -> Vec<usize> {
        let item = match &content.value_type {
            ValueType::List { items } => Parameter {
                value_type: (**items).clone(),
                ..content.clone()
            },
            _ => content.clone(),
        };
        let fits = self
            .holdings
            .iter()
            .any(|holding| holding.lane == Some(lane) && holding.fits(&item));
        fits.then_some(lane).into_iter().collect()
    }

    fn is_of_kind(&self, lane: usize, kind: Kind) -> bool {
        kind == Kind::File || self.files.get(lane).is_some_and(|file| file.kind == kind)
    }

    /// The files with the greatest salience.
    fn likeliest(&self, lanes: &[usize]) -> Vec<usize> {
        let best = lanes.iter().map(|lane| self.salience(*lane)).max();
        let lanes = lanes.iter().copied();
        lanes
            .filter(|lane| Some(self.salience(*lane)) == best)
            .collect()
    }

    fn salience(&self, lane: usize) -> Salience {
        let Some(known) = self.files.get(lane).and_then(|file| file.earlier) else {
            return (0, 0);
        };
        let role = match (known.shown_in >= known.used_in, known.is_attached()) {
            (true, false) => 2,
            (true, true) => 1,
            (false, _) => 0,
        };
        (known.touched_in(), role)
    }

    /// The files whose names have a word of the clause: "the sign" is `sign.png`.
    fn called(&self, lanes: &[usize], words: &BTreeSet<&str>) -> Vec<usize> {
        let has_word = |lane: &usize| {
            let known = self.files.get(*lane).and_then(|file| file.earlier);
            known.is_some_and(|known| {
                let label = known.label.to_lowercase();
                let stem = label.split('.').next().unwrap_or_default();
                known.is_attached()
                    && stem
                        .split(|each: char| !each.is_alphanumeric())
                        .any(|word| word.len() > 2 && words.contains(word))
            })
        };
        lanes.iter().copied().filter(has_word).collect()
    }

    /// The attached files that the likeliest of these come from.
    fn originals(&self, lanes: &[usize]) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        let mut open = self.likeliest(lanes);
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        while let Some(lane) = open.pop() {
            let Some(known) = self.files.get(lane).and_then(|file| file.earlier) else {
                continue;
            };
            if !seen.insert(lane) {
                continue;
            }
            if known.is_attached() && lanes.contains(&lane) {
                found.push(lane);
            }
            let sources = known.made_from.iter();
            open.extend(sources.filter_map(|name| {
                let named = |file: &&usize| {
                    let other = self.files.get(**file).and_then(|file| file.earlier);
                    other.is_some_and(|other| other.name == *name)
                };
                lanes.iter().find(named).copied()
            }));
        }
        found.sort_unstable();
        found
    }
}

//! What was done last, done again: "now in French", "the same for the second picture".
//!
//! The steps of the last plan are taken up with other values or another file. What stays the same of them is known
//! already and costs nothing.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{DraftStep, Kind};
use serde_json::{Map, Value as Json};

use super::{
    super::{
        arguments::{self, quotations},
        clauses::Clause,
        interpret::Reading,
        tokens::TokenKind,
    },
    Assembly,
    reference::{Lanes, lanes_named},
};

/// A step of the last plan that is done again, with what is different.
pub(in super::super) struct Again {
    /// Its place in the last plan.
    place: usize,
    /// The values that are different.
    changes: Map<String, Json>,
    /// The files that stand in for the one that it worked on; none if it stays.
    lanes: Vec<usize>,
}

impl Assembly<'_> {
    /// The steps that a clause without an action of its own asks to do again, if it does.
    ///
    /// `chosen` is the capability that the clause asks for by itself, if there is one.
    pub(in super::super) fn again(&self, reading: &Reading, chosen: Option<usize>) -> Vec<Again> {
        let clause = &reading.clause;
        if !self.asked.is_empty() || self.last_steps().is_empty() || !quotations(clause).is_empty()
        {
            return Vec::new();
        }
        if self.only_repeats(clause) {
            return self.repeat(clause);
        }
        if clause.has_verb || self.speaks_of_files(clause) {
            return Vec::new();
        }
        // "In French" says another value of a kind of which several make several results; "brighter" goes on from what
        // is there.
        let steps = self.last_steps().iter().enumerate().rev();
        let different = steps.map(|(place, step)| (place, step, self.values(step, clause)));
        let found = different
            .filter(|(.., changes)| !changes.is_empty())
            .map(|(place, step, changes)| (place, step.tool.as_str(), changes))
            .next();
        let Some((place, tool, changes)) = found else {
            return Vec::new();
        };
        // Another tool that is meant as such, and takes the same words, goes before.
        let another = chosen.is_some_and(|chosen| {
            let described = &self.capabilities[chosen];
            let filled = arguments::fill(described, clause, self.vocabulary);
            described.name != tool && !filled.arguments.is_empty()
        });
        if another {
            return Vec::new();
        }
        vec![Again {
            place,
            changes,
            lanes: Vec::new(),
        }]
    }

    /// Adds the steps that are done again.
    pub(in super::super) fn add_again(&mut self, again: &[Again], clause: &Clause) {
        for each in again {
            let lanes: Vec<Option<usize>> = match each.lanes.as_slice() {
                [] => vec![None],
                lanes => lanes.iter().copied().map(Some).collect(),
            };
            for lane in lanes {
                if let Some(step) = self.take_up(each, lane, clause) {
                    self.asked.push(step);
                }
            }
        }
        self.focus = vec![None];
    }

    fn last_steps(&self) -> &[DraftStep] {
        &self.request.conversation.last_steps
    }

    /// The values in a clause for parameters of which several values make several results.
    fn values(&self, step: &DraftStep, clause: &Clause) -> Map<String, Json> {
        let Some(capability) = self.capability_of(step) else {
            return Map::new();
        };
        let filled = arguments::fill(&self.capabilities[capability], clause, self.vocabulary);
        let alternatives = &self.vocabulary.arguments.alternatives;
        let mut values = filled.arguments;
        values.retain(|name, value| {
            alternatives.contains(name) && step.args.get(name) != Some(value)
        });
        values
    }

    fn capability_of(&self, step: &DraftStep) -> Option<usize> {
        let name = step.tool.split('@').next()?;
        self.capabilities.iter().position(|each| each.name == name)
    }

    /// Whether a clause says "again" and no action of its own.
    fn only_repeats(&self, clause: &Clause) -> bool {
        let words = &self.vocabulary.words;
        let carries_nothing = |word: &str| {
            words.again.contains(word)
                || words.stop.contains(word)
                || words.every.contains(word)
                || words.pronouns.contains(word)
                || words.ordinals.contains_key(word)
                || words.kind_of(word).is_some()
                || matches!(word, "one" | "ones" | "thing" | "now" | "more" | "too")
        };
        clause.words().any(|word| words.again.contains(word)) && clause.words().all(carries_nothing)
    }

    fn speaks_of_files(&self, clause: &Clause) -> bool {
        let words = &self.vocabulary.words;
        let is_file = |kind: &TokenKind| matches!(kind, TokenKind::File(_));
        clause.tokens.iter().any(|token| is_file(&token.kind))
            || clause.words().any(|word| {
                words.pronouns.contains(word)
                    || words.kind_of(word).is_some_and(|kind| kind == Kind::Image)
            })
    }

    /// All that was done last, for the files that the clause names or that came along.
    fn repeat(&self, clause: &Clause) -> Vec<Again> {
        let words = &self.vocabulary.words;
        let kind = clause.words().find_map(|word| words.kind_of(word));
        let kind = kind.filter(|kind| *kind != Kind::Text);
        let named = lanes_named(clause, &self.files, words, kind);
        let lanes = match named {
            Ok(Lanes::Named(lanes)) => lanes,
            Ok(_) => (0..self.files.attached()).collect(),
            Err(_) => return Vec::new(),
        };
        let taken: BTreeSet<usize> = (0..self.last_steps().len())
            .flat_map(|place| self.sources(place))
            .collect();
        let last = (0..self.last_steps().len()).filter(|place| !taken.contains(place));
        last.map(|place| Again {
            place,
            changes: Map::new(),
            lanes: lanes.clone(),
        })
        .collect()
    }

    /// The steps of the last plan that one of them refers to.
    fn sources(&self, place: usize) -> Vec<usize> {
        let roots = self.last_steps()[place].references();
        let steps = self.last_steps().iter().enumerate();
        steps
            .filter(|(_, step)| roots.contains(&step.id))
            .map(|(place, _)| place)
            .collect()
    }

    /// Adds a step of the last plan with all that it needs, and returns its place.
    fn take_up(&mut self, again: &Again, lane: Option<usize>, clause: &Clause) -> Option<usize> {
        let mut needed = BTreeSet::from([again.place]);
        let mut open = vec![again.place];
        while let Some(place) = open.pop() {
            open.extend(
                self.sources(place)
                    .into_iter()
                    .filter(|source| needed.insert(*source)),
            );
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut added = None;
        for place in needed {
            let mut step = self.last_steps()[place].clone();
            let capability = self.capability_of(&step)?;
            if place == again.place {
                step.args.extend(again.changes.clone());
            }
            let old = step.id.clone();
            step.rename_references(&|root| {
                names
                    .get(root)
                    .cloned()
                    .or_else(|| self.stand_in(root, lane))
            });
            let taken_up = self.push(capability, step.args, lane, clause);
            let draft = &mut self.steps[taken_up].draft;
            draft.for_each = step.for_each;
            draft.on_error = step.on_error;
            draft.when = step.when;
            names.insert(old, draft.id.clone());
            added = Some(taken_up);
        }
        added
    }

    /// The file that takes the place of another of its kind.
    fn stand_in(&self, root: &str, lane: Option<usize>) -> Option<String> {
        let stand_in = self.files.get(lane?)?;
        let known = self.request.conversation.get(root)?;
        let name = stand_in.expression.trim_start_matches('$');
        (known.artifact.kind == stand_in.kind).then(|| name.to_owned())
    }
}

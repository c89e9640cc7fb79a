//! Which files a clause works on, and whether it means them as they came or as they are now.

use std::collections::BTreeSet;

use medley_orchestrator::{Capability, Conversation, Kind, Parameter, ValueType};

use super::{
    super::{
        arguments::{is_content, is_text, quotations},
        clauses::{Clause, Joint},
        holdings::Choice,
        interpret::Reading,
        tokens::TokenKind,
    },
    Assembly, Obstacle, missing,
    reference::{Lanes, lanes_named},
};

impl Assembly<'_> {
    /// The lanes that a clause works on.
    pub(super) fn lanes(
        &self,
        reading: &Reading,
        capability: usize,
    ) -> Result<Vec<Option<usize>>, Obstacle> {
        let clause = &reading.clause;
        let described = &self.capabilities[capability];
        let Some(content) = self.first_content(described) else {
            return Ok(vec![None]);
        };
        if is_text(&content.value_type) && !quotations(clause).is_empty() {
            return Ok(vec![None]);
        }
        if let Some(name) = self.unknown_name(clause) {
            let files = self.files.iter().map(|file| file.expression.as_str());
            let known = files.map(|name| name.trim_start_matches('$').to_owned());
            return Err(Obstacle::NoSuchName {
                name,
                known: known.collect(),
            });
        }
        let kind_named = clause
            .words()
            .find_map(|word| self.vocabulary.words.kind_of(word))
            .filter(|kind| *kind != Kind::Text);
        let of_kind = || self.lanes_of_kind(kind_named);
        let counted = match (kind_named, content.value_type.kinds().as_slice()) {
            (None, [only]) if self.files.in_session && *only != Kind::Text => Some(*only),
            (named, _) => named,
        };
        let named = lanes_named(clause, &self.files, &self.vocabulary.words, counted)?;
        if let Some(needed) = self.files_needed(described, content) {
            let lanes = self.several(reading, described, content, needed)?;
            let lanes: Vec<Option<usize>> = lanes.into_iter().map(Some).collect();
            let enough = self.direct(&lanes, content).len() >= needed;
            return enough.then(|| vec![None]).ok_or_else(|| missing(content));
        }
        let is_named = matches!(named, Lanes::Named(_));
        let (meant, others) = match named {
            Lanes::Named(lanes) => (lanes.into_iter().map(Some).collect(), Vec::new()),
            Lanes::Last if !self.focus.is_empty() => (self.focus.clone(), of_kind()),
            // What this very request was about goes before what earlier ones were about.
            Lanes::All if self.looks_back() && !self.focus.is_empty() => {
                (self.direct(&self.focus, content), Vec::new())
            }
            Lanes::Last | Lanes::All => (of_kind(), Vec::new()),
        };
        for lanes in [meant, others] {
            let usable = self.usable(reading, described, content, &lanes);
            if !usable.is_empty() {
                return Ok(usable);
            }
        }
        let literal = is_text(&content.value_type) && self.literal(clause).is_some();
        let refers = clause
            .words()
            .any(|word| self.vocabulary.words.pronouns.contains(word));
        // What is quoted is what is worked on, unless a file is spoken of beside it.
        let speaks_of_itself = literal || !quotations(clause).is_empty() && kind_named.is_none();
        if self.files.in_session && !is_named && (refers || !speaks_of_itself) {
            let recalled = self.recall(reading, described, content, kind_named)?;
            if !recalled.is_empty() {
                return Ok(recalled);
            }
        }
        if literal {
            return Ok(vec![None]);
        }
        Err(missing(content))
    }

    /// A word that calls a file of the session by a name that none has.
    fn unknown_name(&self, clause: &Clause) -> Option<String> {
        let mut words = clause.tokens.iter().filter(|token| token.is_word());
        let unknown = words.find(|token| Conversation::is_like_a_name(&token.text));
        unknown
            .filter(|_| self.files.in_session)
            .map(|token| token.text.clone())
    }

    /// Whether nothing came with the request, so that it must be about what was there before.
    const fn looks_back(&self) -> bool {
        self.files.in_session && self.files.attached() == 0
    }

    /// How many files one step takes, where it takes several of one kind.
    pub(super) fn files_needed(
        &self,
        capability: &Capability,
        content: &Parameter,
    ) -> Option<usize> {
        if matches!(content.value_type, ValueType::List { .. }) {
            return Some(1);
        }
        let kinds = content.value_type.kinds();
        let alike = self
            .contents(capability)
            .filter(|other| !kinds.is_empty() && other.value_type.kinds() == kinds)
            .count();
        (alike > 1).then_some(alike)
    }

    /// The lanes that have what a step works on, else those in which more steps can make it.
    pub(super) fn usable(
        &self,
        reading: &Reading,
        capability: &Capability,
        content: &Parameter,
        lanes: &[Option<usize>],
    ) -> Vec<Option<usize>> {
        let direct = self.direct(lanes, content);
        if !direct.is_empty() {
            return direct;
        }
        let choice = self.choice(capability, &reading.clause);
        let reachable = |lane: &Option<usize>| {
            let search = self.search(reading, *lane, choice);
            search.source(content, None, self.bridge_length()).is_some()
        };
        lanes.iter().copied().filter(reachable).collect()
    }

    pub(super) fn lanes_of_kind(&self, kind: Option<Kind>) -> Vec<Option<usize>> {
        let all = || (0..self.files.attached()).map(Some);
        let of_kind: Vec<Option<usize>> = all()
            .filter(|lane| {
                let file = lane.and_then(|lane| self.files.get(lane));
                file.is_some_and(|file| Some(file.kind) == kind)
            })
            .collect();
        if of_kind.is_empty() {
            all().collect()
        } else {
            of_kind
        }
    }

    /// The lanes in which something fits a parameter as it is.
    pub(super) fn direct(
        &self,
        lanes: &[Option<usize>],
        parameter: &Parameter,
    ) -> Vec<Option<usize>> {
        let item = match &parameter.value_type {
            ValueType::List { items } => Parameter {
                value_type: (**items).clone(),
                ..parameter.clone()
            },
            _ => parameter.clone(),
        };
        let has = |lane: Option<usize>| {
            self.holdings
                .iter()
                .any(|holding| holding.lane == lane && holding.fits(&item))
        };
        let mut direct: Vec<Option<usize>> =
            lanes.iter().copied().filter(|lane| has(*lane)).collect();
        if direct.is_empty() && has(None) {
            direct.push(None);
        }
        direct
    }

    pub(super) fn contents<'b>(
        &'b self,
        capability: &'b Capability,
    ) -> impl Iterator<Item = &'b Parameter> {
        capability.parameters.iter().filter(|parameter| {
            parameter.required && is_content(parameter, &self.vocabulary.arguments)
        })
    }

    pub(super) fn first_content<'b>(&'b self, capability: &'b Capability) -> Option<&'b Parameter> {
        self.contents(capability).next()
    }

    /// Whether a clause means the file as it came or what was made of it.
    pub(super) fn choice(&self, capability: &Capability, clause: &Clause) -> Choice {
        let words = &self.vocabulary.words;
        let says = |list: &BTreeSet<String>| clause.words().any(|word| list.contains(word));
        if says(&words.original) {
            return Choice::Original;
        }
        if clause.joint == Joint::Then || says(&words.pronouns) {
            return Choice::Latest;
        }
        // "A black and white copy" stands beside the other results; "rotate and crop" is one chain.
        let chains = self.is_transform(capability) && !says(&words.copy);
        let named = clause
            .tokens
            .iter()
            .any(|token| matches!(token.kind, TokenKind::File(_)));
        if chains && !named {
            Choice::Latest
        } else {
            Choice::Original
        }
    }

    /// Whether a capability gives the kind of file that it takes.
    pub(in super::super) fn is_transform(&self, capability: &Capability) -> bool {
        let given = capability
            .outputs
            .first()
            .map(|output| output.value_type.kinds());
        let taken = self
            .first_content(capability)
            .map(|parameter| parameter.value_type.kinds());
        given.is_some_and(|given| !given.is_empty() && Some(given) == taken)
    }
}

//! Words of requests and of tools in one form, and what they say of the things that are worked on.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{Capability, Kind, Parameter, ValueType};
use serde::Deserialize;

use super::super::{arguments::is_text, matching::without_ending};

/// What tools take and give, as far as it matters for connecting them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Material {
    Image,
    Audio,
    Video,
    Text,
    /// Where something is to be found.
    Address,
    /// Regions, tables and the like.
    #[serde(skip)]
    Other(Kind),
}

impl Material {
    pub(super) const fn of_kind(kind: Kind) -> Self {
        match kind {
            Kind::Image => Self::Image,
            Kind::Audio => Self::Audio,
            Kind::Video => Self::Video,
            Kind::Text => Self::Text,
            other => Self::Other(other),
        }
    }

    /// Whether it comes in files only, so that words cannot stand for it.
    pub(super) const fn is_file(self) -> bool {
        !matches!(self, Self::Text | Self::Address)
    }

    /// What values of a type under a name are; nothing for numbers, choices and the like.
    fn of_type(value_type: &ValueType, name: &str) -> Option<Self> {
        let item = match value_type {
            ValueType::List { items } => items,
            other => other,
        };
        if is_text(item) {
            let named = name
                .split('_')
                .any(|word| matches!(word, "url" | "uri" | "link"));
            return Some(if named { Self::Address } else { Self::Text });
        }
        item.kinds().first().copied().map(Self::of_kind)
    }

    /// What a parameter takes; where nobody says what, the words of the request can stand for it.
    pub(super) fn of_parameter(parameter: &Parameter) -> Option<Self> {
        match parameter.value_type {
            ValueType::Any => Self::of_type(&ValueType::String, &parameter.name),
            ref known => Self::of_type(known, &parameter.name),
        }
    }

    /// What a capability gives first.
    pub(super) fn of_result(capability: &Capability) -> Option<Self> {
        let output = capability.outputs.first()?;
        Self::of_type(&output.value_type, &output.name)
    }
}

/// The words that the data file lists, ready to be looked up.
pub(super) struct Lexicon {
    separators: BTreeSet<String>,
    openings: BTreeSet<String>,
    sources: BTreeSet<String>,
    targets: BTreeSet<String>,
    stop: BTreeSet<String>,
    concepts: BTreeMap<String, BTreeSet<String>>,
    materials: BTreeMap<String, Material>,
}

/// The lists of the data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct WordLists {
    separators: BTreeSet<String>,
    openings: BTreeSet<String>,
    sources: BTreeSet<String>,
    targets: BTreeSet<String>,
    stop: BTreeSet<String>,
    synonyms: Vec<String>,
    materials: BTreeMap<Material, BTreeSet<String>>,
}

/// The materials that a passage names, by what it says of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    /// What something is done to, or what is made.
    pub objects: BTreeSet<Material>,
    /// What something is made from, and where it stands.
    pub sources: BTreeSet<Material>,
    /// What something becomes.
    pub targets: BTreeSet<Material>,
}

impl Lexicon {
    pub(super) fn of(lists: &WordLists) -> Self {
        let mut concepts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for group in &lists.synonyms {
            let mut words = group.split_whitespace();
            let first = words.clone().next().unwrap_or_default();
            for word in words.by_ref() {
                concepts
                    .entry(root(word))
                    .or_default()
                    .insert(format!("~{first}"));
            }
        }
        let materials = lists.materials.iter();
        Self {
            separators: lists.separators.clone(),
            openings: lists.openings.clone(),
            sources: lists.sources.clone(),
            targets: lists.targets.clone(),
            stop: lists.stop.clone(),
            concepts,
            materials: materials
                .flat_map(|(material, words)| words.iter().map(|word| (word.clone(), *material)))
                .collect(),
        }
    }

    pub(super) fn separates(&self, word: &str) -> bool {
        self.separators.contains(word)
    }

    pub(super) fn opens(&self, word: &str) -> bool {
        self.openings.contains(word)
    }

    /// The roots of the words that tell tools apart.
    pub(super) fn roots(&self, text: &str) -> BTreeSet<String> {
        let words = words(text);
        let telling = words.filter(|word| {
            word.len() > 1 && !self.stop.contains(word) && !self.materials.contains_key(word)
        });
        telling.map(|word| root(&word)).collect()
    }

    /// What the words of a text mean, where several mean the same; marked, so that none is taken for a root.
    pub(super) fn concepts(&self, roots: &BTreeSet<String>) -> BTreeSet<String> {
        let known = roots.iter().filter_map(|root| self.concepts.get(root));
        known.flatten().cloned().collect()
    }

    /// The materials that a text names.
    pub(super) fn named(&self, text: &str) -> Named {
        enum Place {
            Object,
            Source,
            Target,
        }
        let mut place = Place::Object;
        let mut named = Named::default();
        for word in words(text) {
            if self.sources.contains(&word) {
                place = Place::Source;
            } else if self.targets.contains(&word) {
                place = Place::Target;
            } else if let Some(material) = self.materials.get(&word) {
                let list = match place {
                    Place::Object => &mut named.objects,
                    Place::Source => &mut named.sources,
                    Place::Target => &mut named.targets,
                };
                list.insert(*material);
            }
        }
        named
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|each: char| !each.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Endings that forms of a word differ by, the longest first where one is in the other.
const ENDINGS: [&str; 21] = [
    "ations", "ation", "izes", "izing", "ized", "izer", "ize", "ises", "ising", "ised", "ise",
    "ings", "ing", "ers", "ors", "er", "or", "ed", "ly", "es", "s",
];

/// A word without its ending: nouns of the one who does it, as tools are called, and verbs become one.
pub(super) fn root(word: &str) -> String {
    without_ending(word, &ENDINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_and_what_it_does_have_one_root() {
        for forms in [
            &["translator", "translates", "translating"][..],
            &["summarizer", "summarized", "summarizes"],
            &["splicer", "splice", "splicing"],
        ] {
            let roots: BTreeSet<String> = forms.iter().map(|form| root(form)).collect();
            assert_eq!(roots.len(), 1, "{roots:?}");
        }
    }
}

//! Invented names of tools: the tool that is meant, where spelling or words say so and the types agree.

use std::collections::{BTreeMap, BTreeSet};

use medley_orchestrator::{Capability, Kind, ValueType};

use super::{
    RepairCode,
    bench::{Bench, references, suits},
    bridges::vocabulary,
    names::{clear_best, nearest},
    words::{fold, root, words},
};

/// The share of an invented name's words, by weight, that a tool must have.
const COMMON_WORDS: f64 = 0.5;

/// By how much a tool must have more of them than any other.
const MARGIN: f64 = 0.1;

/// What a word that only the purpose has counts, against one of the name.
const PURPOSE: f64 = 0.6;

/// Names the tool that an invented name means.
pub(super) fn rename(bench: &mut Bench<'_>) {
    for place in 0..bench.len() {
        if bench.capability(place).is_some() || bench.step(place).tool.is_empty() {
            continue;
        }
        let Some(name) = meant(bench, place) else {
            continue;
        };
        let message = format!("the tool is `{name}`, not `{}`", bench.step(place).tool);
        bench.draft.steps[place].tool = name;
        bench.record(RepairCode::RenamedTool, place, message);
    }
}

fn meant(bench: &Bench<'_>, place: usize) -> Option<String> {
    let wanted = bench.step(place).tool.as_str();
    let same = readings(wanted).into_iter().find_map(|reading| {
        let folded = fold(&reading);
        let mut same = bench
            .capabilities
            .iter()
            .filter(|each| fold(&each.name) == folded);
        same.next()
    });
    if let Some(same) = same {
        return Some(same.name.clone());
    }
    let evidence = Evidence::of(bench, place);
    let fitting: Vec<&Capability> = bench
        .capabilities
        .iter()
        .filter(|capability| evidence.agrees(capability))
        .collect();
    // The nearest of all names has to fit; the nearest of those that fit may be another word.
    let names = bench.capabilities.iter().map(|each| each.name.as_str());
    let spelt = nearest(wanted, names);
    let fits = |name: &str| fitting.iter().any(|each| each.name == name);
    spelt
        .filter(|name| fits(name))
        .map(str::to_owned)
        .or_else(|| bench.hints.nearest?(wanted).filter(|name| fits(name)))
        .or_else(|| Some(by_words(bench, wanted, &fitting)?.name.clone()))
}

/// What a name may be short for: itself, without what stands in brackets, and each of several.
fn readings(wanted: &str) -> Vec<String> {
    let outside = wanted.split('(').next().unwrap_or(wanted);
    let several = outside.split(" or ").map(str::to_owned);
    std::iter::once(wanted.to_owned()).chain(several).collect()
}

/// The tool that shares clearly more of the words than any other.
fn by_words<'a>(
    bench: &Bench<'_>,
    wanted: &str,
    fitting: &[&'a Capability],
) -> Option<&'a Capability> {
    let weights = Weights::of(&bench.capabilities);
    let outside = wanted.split('(').next().unwrap_or(wanted);
    let wanted = meaningful(outside);
    let total: f64 = wanted.iter().map(|word| weights.of_word(word)).sum();
    let scored = fitting.iter().map(|&capability| {
        let name = meaningful(&capability.name);
        let purpose = meaningful(&capability.purpose);
        let shared = wanted.iter().map(|word| {
            let share = match (name.contains(word), purpose.contains(word)) {
                (true, _) => 1.0,
                (false, true) => PURPOSE,
                (false, false) => 0.0,
            };
            share * weights.of_word(word)
        });
        (
            shared.sum::<f64>() / total.max(f64::MIN_POSITIVE),
            capability,
        )
    });
    clear_best(scored.collect(), COMMON_WORDS, MARGIN)
}

/// The words of a text by their roots; words for a kind of file are that kind.
fn meaningful(text: &str) -> BTreeSet<String> {
    let short = |word: &String| !matches!(word.as_str(), "a" | "an" | "the" | "to" | "of" | "by");
    words(text)
        .into_iter()
        .filter(short)
        .map(|word| kind_of(&word).map_or_else(|| root(&word), |kind| kind.name().to_owned()))
        .collect()
}

fn kind_of(word: &str) -> Option<Kind> {
    vocabulary()?.words.kind_of(word)
}

/// How telling words are: the fewer names have one, the more.
struct Weights {
    counts: BTreeMap<String, usize>,
    names: usize,
}

impl Weights {
    fn of(capabilities: &[Capability]) -> Self {
        let mut counts = BTreeMap::new();
        for word in capabilities.iter().flat_map(|each| meaningful(&each.name)) {
            *counts.entry(word).or_default() += 1;
        }
        Self {
            counts,
            names: capabilities.len(),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a registry has few names")]
    fn of_word(&self, word: &str) -> f64 {
        let count = self.counts.get(word).copied().unwrap_or_default();
        ((self.names + 1) as f64 / (count + 1) as f64).ln() + 0.1
    }
}

/// What a step takes and gives, as far as the rest of the draft says.
struct Evidence {
    /// Types of which it takes at least one.
    given: Vec<ValueType>,
    /// Types of which it gives at least one.
    wanted: Vec<ValueType>,
}

impl Evidence {
    fn of(bench: &Bench<'_>, place: usize) -> Self {
        let step = bench.step(place);
        let mut evidence = Self {
            given: Vec::new(),
            wanted: Vec::new(),
        };
        let (from, to) = conversion(&step.tool);
        evidence.given.extend(from.map(ValueType::artifact));
        evidence.wanted.extend(to.map(ValueType::artifact));
        let references = step.args.values().flat_map(references);
        for reference in references.filter(|_| from.is_none()) {
            let types = bench.types_of(&reference).unwrap_or_default();
            evidence.given.extend(types.into_iter().next());
        }
        evidence.given.retain(|of| *of != ValueType::Any);
        let consumers = bench.consumers(place).into_iter();
        for consumer in consumers.filter(|_| to.is_none()) {
            let capability = bench.capability(consumer);
            let parameters = capability.map_or(&[][..], |capability| &capability.parameters);
            let types = parameters.iter().map(|each| each.value_type.clone());
            evidence.wanted.extend(types);
        }
        evidence
    }

    fn agrees(&self, capability: &Capability) -> bool {
        let takes = |given: &ValueType| {
            let mut parameters = capability.parameters.iter();
            parameters.any(|parameter| suits(given, &parameter.value_type))
        };
        let makes = |wanted: &ValueType| {
            let primary = capability.outputs.first();
            primary.is_some_and(|output| suits(&output.value_type, wanted))
        };
        (self.given.is_empty() || self.given.iter().any(takes))
            && (self.wanted.is_empty() || self.wanted.iter().any(makes))
    }
}

/// The kinds that a name such as `speech-to-text` says.
fn conversion(name: &str) -> (Option<Kind>, Option<Kind>) {
    let words = words(name);
    let Some(at) = words.iter().position(|word| word == "to") else {
        return (None, None);
    };
    let kind = |place: Option<usize>| kind_of(words.get(place?)?);
    (kind(at.checked_sub(1)), kind(Some(at + 1)))
}

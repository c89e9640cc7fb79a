//! The set of tools that is likeliest and fits together: what each takes is there or made, and nothing stands apart.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{context::log_odds, evidence::Tool, passages::Outline, words::Material};

/// What it costs that tools do not fit together, in units of log-odds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SelectionSettings {
    bias: f32,
    unreachable: f32,
    unused_file: f32,
    unused_address: f32,
    apart: f32,
    candidates: usize,
    /// The least probability of the likeliest tool; below it the request is declined.
    pub accept: f32,
    /// The probability below which a tool is named as unsure.
    pub sure: f32,
}

/// Enough of a material that comes from words.
const PLENTY: usize = 9;

/// The search for the best set.
pub(super) struct Selection<'a> {
    pub tools: &'a [Tool],
    pub outline: &'a Outline,
    pub settings: &'a SelectionSettings,
    /// How likely each tool is.
    pub likely: &'a [f32],
}

impl Selection<'_> {
    /// The best set that single changes, and additions of two, lead to from the likely ones.
    pub(super) fn best(&self) -> BTreeSet<usize> {
        let mut candidates: Vec<usize> = (0..self.tools.len()).collect();
        candidates.sort_by(|one, other| self.likely[*other].total_cmp(&self.likely[*one]));
        candidates.truncate(self.settings.candidates);
        let mut chosen: BTreeSet<usize> = candidates
            .iter()
            .copied()
            .filter(|&tool| self.gain(tool) > 0.0)
            .collect();
        if chosen.is_empty() {
            chosen.extend(candidates.first());
        }
        let mut value = self.value(&chosen);
        loop {
            let better = changes(&chosen, &candidates)
                .into_iter()
                .map(|set| (self.value(&set), set))
                .max_by(|one, other| one.0.total_cmp(&other.0));
            match better {
                Some((better, set)) if better > value + 1e-6 => (value, chosen) = (better, set),
                _ => return chosen,
            }
        }
    }

    fn gain(&self, tool: usize) -> f32 {
        log_odds(self.likely[tool]) + self.settings.bias
    }

    fn value(&self, set: &BTreeSet<usize>) -> f32 {
        if set.is_empty() {
            return f32::MIN;
        }
        let gains: f32 = set.iter().map(|&tool| self.gain(tool)).sum();
        gains - self.misfit(set)
    }

    /// What it costs that the tools of a set do not fit together.
    fn misfit(&self, set: &BTreeSet<usize>) -> f32 {
        let settings = self.settings;
        let (unreachable, there) = self.reach(set);
        let mut cost = settings.unreachable * count(unreachable.len());
        for &tool in set.difference(&unreachable) {
            for material in self.tools[tool].materials().filter(|of| of.is_file()) {
                let needed = self.tools[tool].needs(material);
                let own = usize::from(self.tools[tool].output == Some(material));
                let others = there.get(&material).copied().unwrap_or_default() - own;
                if needed > 1 && others < needed {
                    cost += settings.unused_file / 2.0;
                }
            }
        }
        let takes = |material: Material| set.iter().any(|&tool| self.tools[tool].takes(material));
        let files: BTreeSet<Material> = self.outline.files.iter().map(|(_, of)| *of).collect();
        let unused = files
            .into_iter()
            .filter(|of| of.is_file() && !takes(*of))
            .count();
        cost += settings.unused_file * count(unused);
        if !self.outline.addresses.is_empty() && !takes(Material::Address) {
            cost += settings.unused_address;
        }
        cost + settings.apart * count(self.islands(set) - 1)
    }

    /// The tools that lack something, and how much of each material there is in the end.
    fn reach(&self, set: &BTreeSet<usize>) -> (BTreeSet<usize>, BTreeMap<Material, usize>) {
        let mut there = BTreeMap::from([(Material::Text, PLENTY)]);
        for (_, material) in &self.outline.files {
            *there.entry(*material).or_default() += 1;
        }
        if !self.outline.addresses.is_empty() {
            there.insert(Material::Address, PLENTY);
        }
        let mut waiting = set.clone();
        loop {
            let ready = waiting.iter().copied().find(|&tool| {
                self.tools[tool]
                    .materials()
                    .all(|material| there.contains_key(&material))
            });
            let Some(tool) = ready else {
                return (waiting, there);
            };
            waiting.remove(&tool);
            if let Some(output) = self.tools[tool].output {
                *there.entry(output).or_default() += 1;
            }
        }
    }

    /// How many groups of tools there are of which none gives what one of another takes.
    fn islands(&self, set: &BTreeSet<usize>) -> usize {
        let gives = |one: usize, other: usize| {
            self.tools[one]
                .output
                .is_some_and(|output| self.tools[other].takes(output))
        };
        let mut left = set.clone();
        let mut islands = 0;
        while let Some(first) = left.pop_first() {
            islands += 1;
            let mut open = vec![first];
            while let Some(tool) = open.pop() {
                let joined: Vec<usize> = left
                    .iter()
                    .copied()
                    .filter(|&other| gives(tool, other) || gives(other, tool))
                    .collect();
                for other in joined {
                    left.remove(&other);
                    open.push(other);
                }
            }
        }
        islands
    }
}

/// Every set that differs by one tool, by one for another, or by two more.
fn changes(chosen: &BTreeSet<usize>, candidates: &[usize]) -> Vec<BTreeSet<usize>> {
    let with = |tools: &[usize]| {
        let mut set = chosen.clone();
        set.extend(tools);
        set
    };
    let without = |tool: usize| {
        let mut set = chosen.clone();
        set.remove(&tool);
        set
    };
    let mut sets: Vec<BTreeSet<usize>> = chosen.iter().map(|&tool| without(tool)).collect();
    let fresh: Vec<usize> = candidates
        .iter()
        .copied()
        .filter(|tool| !chosen.contains(tool))
        .collect();
    for (at, &tool) in fresh.iter().enumerate() {
        sets.push(with(&[tool]));
        sets.extend(fresh[at + 1..].iter().map(|&other| with(&[tool, other])));
        sets.extend(chosen.iter().map(|&gone| {
            let mut set = without(gone);
            set.insert(tool);
            set
        }));
    }
    sets
}

#[expect(clippy::cast_precision_loss, reason = "sets are small")]
fn count(number: usize) -> f32 {
    number as f32
}

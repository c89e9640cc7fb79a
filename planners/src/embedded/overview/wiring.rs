//! Where each input of the chosen tools comes from: the cheapest way that leaves no file and no result unused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{
    evidence::{Evidence, Tool},
    passages::Outline,
    words::Material,
};

/// What each way to fill an input costs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct WiringSettings {
    /// What it costs a tool that another one is spoken of in the same place.
    pub crowding: f32,
    /// The result of a tool that is spoken of later.
    backward: f32,
    /// For each result of the same material in between.
    distance: f32,
    file_again: f32,
    file_unused: f32,
    result_unused: f32,
    result_again: f32,
    /// What a file that the passage names is cheaper by.
    own_file: f32,
    /// The request's own words.
    words: f32,
    /// The request's own words beside a file, where they say what to do with it.
    instruction: f32,
    /// What words cost more where the passage has them in quotation marks.
    quotation: f32,
    /// Nothing at all.
    nothing: f32,
}

/// Enough to rule a way out.
const FORBIDDEN: f32 = 50.0;

/// What it costs that two inputs of a tool are one thing.
const TWICE: f32 = 3.0;

/// What it costs that the last tool's result is used and an earlier one's is not.
const LOOSE_END: f32 = 0.3;

/// The most single changes among which pairs are tried too.
const FEW: usize = 40;

/// Where an input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// What the tool with this index gives.
    Result(usize),
    /// The attachment with this index.
    File(usize),
    /// Words of the request.
    Words,
}

/// An input to fill, with the ways to do so and what each costs.
struct Slot {
    tool: usize,
    material: Material,
    ways: Vec<(Origin, f32)>,
}

/// Fills the inputs of the chosen tools.
pub(super) struct Wiring<'a> {
    pub tools: &'a [Tool],
    pub evidence: &'a [Evidence],
    pub outline: &'a Outline,
    pub settings: &'a WiringSettings,
}

impl Wiring<'_> {
    /// The origins of every chosen tool's inputs, in the order of its inputs.
    pub(super) fn connect(&self, chosen: &BTreeSet<usize>) -> BTreeMap<usize, Vec<Origin>> {
        let slots: Vec<Slot> = chosen
            .iter()
            .flat_map(|&tool| {
                let inputs = self.tools[tool].inputs.iter();
                inputs.map(move |&material| self.slot(tool, material, chosen))
            })
            .collect();
        let ways = self.cheapest(&slots, chosen);
        let mut origins: BTreeMap<usize, Vec<Origin>> =
            chosen.iter().map(|&tool| (tool, Vec::new())).collect();
        for (slot, way) in slots.iter().zip(ways) {
            origins.entry(slot.tool).or_default().push(slot.ways[way].0);
        }
        origins
    }

    /// When a tool is spoken of.
    pub(super) fn place(&self, tool: usize) -> usize {
        let passage = self.outline.passages.get(self.evidence[tool].passage);
        passage.map_or(0, |passage| passage.place)
    }

    /// Whether a tool needs nothing but an address that the request gives, so that it can come first wherever it is spoken
    /// of.
    fn is_ready(&self, tool: usize) -> bool {
        let mut takes = self.tools[tool].materials();
        !self.outline.addresses.is_empty() && takes.all(|of| of == Material::Address)
    }

    fn slot(&self, tool: usize, material: Material, chosen: &BTreeSet<usize>) -> Slot {
        let passage = self.outline.passages.get(self.evidence[tool].passage);
        let mut ways = Vec::new();
        let makers = || {
            let others = chosen.iter().copied();
            others.filter(|&other| self.tools[other].output == Some(material))
        };
        for maker in makers().filter(|&maker| maker != tool) {
            let (from, to) = (self.place(maker), self.place(tool));
            let (low, high) = (from.min(to), from.max(to));
            let between = makers().filter(|&other| (low + 1..high).contains(&self.place(other)));
            let mut cost = self.settings.distance * count(between.count());
            if from > to && !self.is_ready(maker) {
                cost += self.settings.backward;
            }
            ways.push((Origin::Result(maker), cost));
        }
        for &(file, of) in self.outline.files.iter().filter(|(_, of)| *of == material) {
            debug_assert_eq!(of, material);
            let own = passage.is_some_and(|passage| passage.names(file));
            ways.push((
                Origin::File(file),
                if own { -self.settings.own_file } else { 0.0 },
            ));
        }
        ways.push((Origin::Words, self.cost_of_words(tool, material)));
        Slot {
            tool,
            material,
            ways,
        }
    }

    fn cost_of_words(&self, tool: usize, material: Material) -> f32 {
        let passage = self.outline.passages.get(self.evidence[tool].passage);
        let quotes = passage.is_some_and(|passage| passage.quotation().is_some());
        let settings = self.settings;
        match material {
            Material::Text => {
                let alone = self.tools[tool].materials().count() == 1;
                let cost = if alone {
                    settings.words
                } else {
                    settings.instruction
                };
                if quotes {
                    cost + settings.quotation
                } else {
                    cost
                }
            }
            Material::Address if !self.outline.addresses.is_empty() => 0.0,
            _ => settings.nothing,
        }
    }

    /// The way of each slot. Starts with the cheapest each, and changes one or two while that is better.
    fn cheapest(&self, slots: &[Slot], chosen: &BTreeSet<usize>) -> Vec<usize> {
        let mut ways: Vec<usize> = slots.iter().map(Slot::cheapest).collect();
        let mut cost = self.cost(slots, &ways, chosen);
        let singles: Vec<(usize, usize)> = slots
            .iter()
            .enumerate()
            .flat_map(|(slot, each)| (0..each.ways.len()).map(move |way| (slot, way)))
            .collect();
        loop {
            let mut tried: Vec<Vec<(usize, usize)>> =
                singles.iter().map(|single| vec![*single]).collect();
            let mut best = self.best_of(slots, &ways, chosen, &tried);
            if best.0 >= cost - 1e-6 && singles.len() < FEW {
                tried.clear();
                for (at, one) in singles.iter().enumerate() {
                    tried.extend(singles[at + 1..].iter().map(|other| vec![*one, *other]));
                }
                best = self.best_of(slots, &ways, chosen, &tried);
            }
            if best.0 >= cost - 1e-6 {
                return ways;
            }
            (cost, ways) = best;
        }
    }

    /// The cheapest of several changes of `ways`.
    fn best_of(
        &self,
        slots: &[Slot],
        ways: &[usize],
        chosen: &BTreeSet<usize>,
        changes: &[Vec<(usize, usize)>],
    ) -> (f32, Vec<usize>) {
        let mut best = (f32::MAX, ways.to_vec());
        for change in changes {
            let mut changed = ways.to_vec();
            for &(slot, way) in change {
                changed[slot] = way;
            }
            let cost = self.cost(slots, &changed, chosen);
            if cost < best.0 {
                best = (cost, changed);
            }
        }
        best
    }

    fn cost(&self, slots: &[Slot], ways: &[usize], chosen: &BTreeSet<usize>) -> f32 {
        let settings = self.settings;
        let mut cost = 0.0;
        let mut takers: BTreeMap<Origin, Vec<usize>> = BTreeMap::new();
        for (slot, &way) in slots.iter().zip(ways) {
            let (origin, own) = slot.ways[way];
            cost += own;
            if origin != Origin::Words {
                takers.entry(origin).or_default().push(slot.tool);
            }
        }
        for (origin, tools) in &takers {
            let distinct: BTreeSet<&usize> = tools.iter().collect();
            if distinct.len() < tools.len() {
                cost += TWICE;
            }
            let again = match origin {
                Origin::File(_) => settings.file_again,
                _ => settings.result_again,
            };
            cost += again * count(tools.len() - 1);
        }
        let loose: Vec<usize> = chosen
            .iter()
            .copied()
            .filter(|&tool| !takers.contains_key(&Origin::Result(tool)))
            .collect();
        cost += settings.result_unused * count(loose.len().saturating_sub(1));
        let last =
            |tools: &mut dyn Iterator<Item = usize>| tools.map(|tool| self.place(tool)).max();
        if last(&mut chosen.iter().copied()) > last(&mut loose.iter().copied()) {
            cost += LOOSE_END;
        }
        let wanted = |of: Material| slots.iter().any(|slot| slot.material == of);
        let unused = self
            .outline
            .files
            .iter()
            .filter(|(file, of)| !takers.contains_key(&Origin::File(*file)) && wanted(*of));
        cost += settings.file_unused * count(unused.count());
        if in_order(chosen, &takers).is_none() {
            cost += FORBIDDEN;
        }
        cost
    }
}

impl Slot {
    fn cheapest(&self) -> usize {
        let ways = self.ways.iter().enumerate();
        let cheapest = ways.min_by(|(_, one), (_, other)| one.1.total_cmp(&other.1));
        cheapest.map_or(0, |(way, _)| way)
    }
}

/// The tools so that each comes after those whose results it takes; nothing, where that cannot be.
fn in_order(chosen: &BTreeSet<usize>, takers: &BTreeMap<Origin, Vec<usize>>) -> Option<Vec<usize>> {
    let mut left: Vec<usize> = chosen.iter().copied().collect();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |tool: usize| {
            left.iter().any(|&source| {
                let takers = takers.get(&Origin::Result(source));
                takers.is_some_and(|takers| takers.contains(&tool))
            })
        };
        let next = left.iter().position(|&tool| !waits(tool))?;
        order.push(left.remove(next));
    }
    Some(order)
}

/// The chosen tools in the order of the request, as far as what they take allows.
pub(super) fn order(
    origins: &BTreeMap<usize, Vec<Origin>>,
    place: impl Fn(usize) -> usize,
) -> Vec<usize> {
    let mut left: Vec<usize> = origins.keys().copied().collect();
    left.sort_by_key(|&tool| place(tool));
    let mut order: Vec<usize> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let ready = |tool: &usize| {
            origins[tool].iter().all(|origin| match origin {
                Origin::Result(source) => order.contains(source),
                _ => true,
            })
        };
        // Wirings with a cycle are ruled out, so that one is always ready.
        let next = left.iter().position(ready).unwrap_or_default();
        order.push(left.remove(next));
    }
    order
}

#[expect(clippy::cast_precision_loss, reason = "plans are small")]
fn count(number: usize) -> f32 {
    number as f32
}

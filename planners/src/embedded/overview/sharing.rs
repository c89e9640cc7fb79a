//! In which passage each chosen tool is spoken of: two are rather spoken of in two places than in one.

use std::collections::BTreeSet;

use super::{evidence::Evidence, passages::Outline};

/// The most rounds of changes; passages are few and settle in two or three.
const ROUNDS: usize = 4;

/// The evidence with the passages shared out among the chosen tools. `crowding` is what it costs a tool that another is
/// spoken of in the same place, in the units of [`Evidence::standings`].
pub(super) fn share_out(
    evidence: &[Evidence],
    chosen: &BTreeSet<usize>,
    outline: &Outline,
    crowding: f32,
) -> Vec<Evidence> {
    let mut shared = evidence.to_vec();
    for _ in 0..ROUNDS {
        let mut is_settled = true;
        for &tool in chosen {
            let best = best_passage(&shared, tool, chosen, outline, crowding);
            if best != shared[tool].passage {
                shared[tool].passage = best;
                is_settled = false;
            }
        }
        if is_settled {
            break;
        }
    }
    shared
}

/// The passage that speaks most for a tool while the others are where they are; the one that it has, if none is better.
fn best_passage(
    evidence: &[Evidence],
    tool: usize,
    chosen: &BTreeSet<usize>,
    outline: &Outline,
    crowding: f32,
) -> usize {
    let place = |passage: usize| outline.passages.get(passage).map(|passage| passage.place);
    let others = chosen.iter().filter(|&&other| other != tool);
    let taken: Vec<_> = others
        .map(|&other| place(evidence[other].passage))
        .collect();
    let value = |passage: usize, standing: f32| {
        let crowd = taken.iter().filter(|&&at| at == place(passage));
        crowd.fold(standing, |value, _| value - crowding)
    };
    let Evidence {
        passage: own,
        standings,
        ..
    } = &evidence[tool];
    let mut best = (*own, f32::MIN);
    if let Some(&standing) = standings.get(*own) {
        best.1 = value(*own, standing);
    }
    for (passage, &standing) in standings.iter().enumerate() {
        let value = value(passage, standing);
        if value > best.1 {
            best = (passage, value);
        }
    }
    best.0
}

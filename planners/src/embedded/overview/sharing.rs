//! In which passage each chosen tool is spoken of: two are rather spoken of in two places than in one.

use std::collections::BTreeSet;

use super::evidence::Evidence;

/// The most rounds of changes; passages are few and settle in two or three.
const ROUNDS: usize = 4;

/// The evidence with the passages shared out among the chosen tools. `places` says where each passage stands in the
/// request; `crowding` is what it costs a tool that another is spoken of in the same place, in the units of
/// [`Evidence::standings`].
pub(super) fn share_out(
    evidence: &[Evidence],
    chosen: &BTreeSet<usize>,
    places: &[usize],
    crowding: f32,
) -> Vec<Evidence> {
    let mut shared = evidence.to_vec();
    for _ in 0..ROUNDS {
        let mut is_settled = true;
        for &tool in chosen {
            let best = best_passage(&shared, tool, chosen, places, crowding);
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
    places: &[usize],
    crowding: f32,
) -> usize {
    let place = |passage: usize| places.get(passage);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_gives_way_where_another_passage_speaks_for_it_nearly_as_much() {
        let tool = |standings: [f32; 3]| Evidence {
            features: Vec::new(),
            passage: 0,
            standings: standings.to_vec(),
        };
        // The second passage is a part of the first.
        let places = [0, 0, 1];
        let evidence = [tool([1.0, 0.9, 0.2]), tool([1.0, 0.99, 0.97])];
        let passages = |chosen: &[usize], crowding| {
            let chosen = chosen.iter().copied().collect();
            let shared = share_out(&evidence, &chosen, &places, crowding);
            shared.iter().map(|each| each.passage).collect::<Vec<_>>()
        };
        assert_eq!(passages(&[0, 1], 0.05), [0, 2]);
        assert_eq!(passages(&[0, 1], 0.02), [0, 0]);
        assert_eq!(passages(&[1], 0.05), [0, 0]);
    }
}

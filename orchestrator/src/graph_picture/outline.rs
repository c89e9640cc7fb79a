//! Who waits for whom, and which chain of steps decided when the run ended.

use std::{cmp::Reverse, collections::BinaryHeap, collections::HashMap};

use super::PicturedStep;

/// The steps of a picture by position, instead of by name.
pub(super) struct Outline {
    /// For each step, what it waits for: known, other than itself, each once, in the order in which it says so.
    pub(super) parents: Vec<Vec<usize>>,
    /// For each step, who waits for it, as written.
    pub(super) children: Vec<Vec<usize>>,
    /// The critical path, first step first; empty before a run.
    pub(super) critical: Vec<usize>,
    /// For each step, whether it is on the critical path, and behind which step.
    place: Vec<Option<Option<usize>>>,
}

impl Outline {
    pub(super) fn of(steps: &[PicturedStep]) -> Self {
        let parents = parents_of(steps);
        let mut children = vec![Vec::new(); steps.len()];
        for (step, waits) in parents.iter().enumerate() {
            for &wait in waits {
                children[wait].push(step);
            }
        }
        let ranks = ranks_of(&parents, &children);
        let critical = critical_path(steps, &parents, &ranks);
        let mut place = vec![None; steps.len()];
        let mut before = None;
        for &step in &critical {
            place[step] = Some(before);
            before = Some(step);
        }
        Self {
            parents,
            children,
            critical,
            place,
        }
    }

    pub(super) fn is_critical(&self, step: usize) -> bool {
        self.place[step].is_some()
    }

    /// Every edge, from a step to one that waits for it, and whether the critical path runs along it.
    pub(super) fn edges(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        self.parents.iter().enumerate().flat_map(|(to, waits)| {
            let before = self.place[to].flatten();
            waits
                .iter()
                .map(move |&from| (from, to, before == Some(from)))
        })
    }
}

fn parents_of(steps: &[PicturedStep]) -> Vec<Vec<usize>> {
    let mut positions = HashMap::new();
    for (position, step) in steps.iter().enumerate() {
        positions.entry(step.id.as_str()).or_insert(position);
    }
    // The step that last named a parent, so that a parent named twice counts once without a search.
    let mut named_by = vec![usize::MAX; steps.len()];
    let mut parents = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        let known = step
            .after
            .iter()
            .filter_map(|id| positions.get(id.as_str()));
        let waits = known.copied().filter(|&wait| {
            wait != position && std::mem::replace(&mut named_by[wait], position) != position
        });
        parents.push(waits.collect());
    }
    parents
}

/// The place of each step in a topological order that keeps to the written one where it can; steps that wait for each
/// other come last.
fn ranks_of(parents: &[Vec<usize>], children: &[Vec<usize>]) -> Vec<usize> {
    let mut waits: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut ranks: Vec<usize> = (0..parents.len())
        .map(|step| parents.len() + step)
        .collect();
    let mut free: BinaryHeap<Reverse<usize>> = (0..parents.len())
        .filter(|&step| waits[step] == 0)
        .map(Reverse)
        .collect();
    let mut next = 0;
    while let Some(Reverse(step)) = free.pop() {
        ranks[step] = next;
        next += 1;
        for &child in &children[step] {
            waits[child] -= 1;
            if waits[child] == 0 {
                free.push(Reverse(child));
            }
        }
    }
    ranks
}

/// Walks back from the step that ended last to the dependency that ended last, and so on.
fn critical_path(steps: &[PicturedStep], parents: &[Vec<usize>], ranks: &[usize]) -> Vec<usize> {
    // Of steps that ended at the same moment, the one furthest along explains most.
    let last_of = |among: &mut dyn Iterator<Item = usize>| {
        among.filter(|&step| steps[step].ran()).max_by(|&a, &b| {
            let ends = steps[a].end().total_cmp(&steps[b].end());
            ends.then(ranks[a].cmp(&ranks[b]))
        })
    };
    let mut path = Vec::new();
    let mut here = last_of(&mut (0..steps.len())).filter(|&step| steps[step].end() > 0.0);
    while let Some(step) = here {
        path.push(step);
        // Ranks only fall, so the walk ends even where steps wait for each other.
        let earlier = |wait: &usize| ranks[*wait] < ranks[step];
        here = last_of(&mut parents[step].iter().copied().filter(earlier));
    }
    path.reverse();
    path
}

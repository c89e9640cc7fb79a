//! The graphs, the same ones that `bench/engine/langgraph.py` runs: for each step, the steps that it needs.

/// One step, `count` steps that need it, and one that needs all of those.
pub(crate) fn wide(count: usize) -> Vec<Vec<usize>> {
    let mut graph = vec![vec![]];
    graph.extend((0..count).map(|_| vec![0]));
    graph.push((1..=count).collect());
    graph
}

/// `count` steps, each of which needs the one before.
pub(crate) fn deep(count: usize) -> Vec<Vec<usize>> {
    (0..count)
        .map(|step| step.checked_sub(1).into_iter().collect())
        .collect()
}

/// Two chains: the even steps and the odd ones.
pub(crate) fn skewed(count: usize) -> Vec<Vec<usize>> {
    (0..count)
        .map(|step| step.checked_sub(2).into_iter().collect())
        .collect()
}

/// Each step needs one to three of the 32 steps before it, chosen by Knuth's linear congruential generator.
pub(crate) fn random(count: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = Random(seed);
    (0..count)
        .map(|step| {
            if step == 0 {
                return Vec::new();
            }
            let parents = 1 + random.below(3);
            let mut parents: Vec<usize> = (0..parents)
                .map(|_| step - 1 - random.below(step.min(32)))
                .collect();
            parents.sort_unstable();
            parents.dedup();
            parents
        })
        .collect()
}

/// `state * 6364136223846793005 + 1442695040888963407`, its upper 31 bits.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

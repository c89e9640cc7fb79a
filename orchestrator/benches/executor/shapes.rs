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

/// Two chains, the first of three quarters of the steps, which meet in the last one.
pub(crate) fn skewed(count: usize) -> Vec<Vec<usize>> {
    let long = count * 3 / 4;
    let mut graph: Vec<Vec<usize>> = (0..count - 1)
        .map(|step| match step {
            0 => vec![],
            _ if step == long => vec![],
            _ => vec![step - 1],
        })
        .collect();
    graph.push(vec![long - 1, count - 2]);
    graph
}

/// Each step needs one to three of the 32 steps before it, chosen by Knuth's linear congruential generator.
pub(crate) fn random(count: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut random = Random(seed);
    (0..count)
        .map(|step| {
            let first = step.saturating_sub(32);
            let mut parents = Vec::new();
            if step > 0 {
                for _ in 0..=random.below(3) {
                    parents.push(first + random.below(step - first));
                }
            }
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

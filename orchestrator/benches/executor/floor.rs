//! The least that a graph of tasks costs: petgraph for who waits for whom, a tokio task a node, and counters.

use std::time::{Duration, Instant};

use petgraph::{Direction, graph::DiGraph};
use tokio::{runtime::Runtime, task::JoinSet};

/// How long the graph takes with tasks that do nothing.
pub(crate) fn time(graph: &[Vec<usize>]) -> Duration {
    let runtime = Runtime::new().expect("a runtime");
    let mut nodes = DiGraph::<(), ()>::new();
    let indices: Vec<_> = graph.iter().map(|_| nodes.add_node(())).collect();
    for (step, parents) in graph.iter().enumerate() {
        for &parent in parents {
            nodes.add_edge(indices[parent], indices[step], ());
        }
    }
    let started = Instant::now();
    let run = runtime.spawn(async move {
        let mut waits: Vec<usize> = indices
            .iter()
            .map(|&node| nodes.neighbors_directed(node, Direction::Incoming).count())
            .collect();
        let mut tasks = JoinSet::new();
        for (&node, _) in indices.iter().zip(&waits).filter(|(_, waits)| **waits == 0) {
            tasks.spawn(async move { node });
        }
        while let Some(Ok(ended)) = tasks.join_next().await {
            for next in nodes.neighbors(ended) {
                waits[next.index()] -= 1;
                if waits[next.index()] == 0 {
                    tasks.spawn(async move { next });
                }
            }
        }
    });
    runtime.block_on(run).expect("the run does not panic");
    started.elapsed()
}

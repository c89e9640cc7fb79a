//! What the engine costs, that independent steps overlap, and how near it comes to the best makespan.
//!
//! `cargo bench -p medley-orchestrator --bench executor`
//!
//! Criterion measures steps that do nothing, with events on: without a journal, with an unsynced one, and beside them
//! the floor, petgraph with a task a node and nothing else. Before that, it prints overlap, makespans and memory, and
//! writes microseconds a step by shape to `target/engine-bench.json` for `bench/engine/langgraph.py`.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a benchmark that cannot be set up should stop, and its numbers are small"
)]

mod floor;
mod house;
mod makespan;
mod memory;
mod shapes;

use std::{collections::BTreeMap, fs, hint::black_box, path::Path, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

use self::house::{House, Recording};

type Shape = (&'static str, fn(usize) -> Vec<Vec<usize>>);

const SHAPES: [Shape; 4] = [
    ("wide", shapes::wide),
    ("deep", shapes::deep),
    ("random", |count| shapes::random(count, 42)),
    ("skewed", shapes::skewed),
];

const COUNTS: [usize; 3] = [100, 1_000, 10_000];

fn cost(criterion: &mut Criterion) {
    let mut costs = BTreeMap::new();
    for (name, recording) in [
        ("no journal", Recording::Nothing),
        ("unsynced journal", Recording::Unsynced),
    ] {
        let house = House::new(recording);
        let mut group = criterion.benchmark_group(name);
        group
            .sample_size(10)
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2));
        for (shape, graph) in SHAPES {
            for count in COUNTS {
                let plan = house.plan(&graph(count.min(9_990)));
                group.throughput(Throughput::Elements(plan.len() as u64));
                let mut fastest = f64::INFINITY;
                group.bench_function(BenchmarkId::new(shape, count), |bencher| {
                    bencher.iter_custom(|rounds| {
                        (0..rounds)
                            .map(|_| {
                                let took = black_box(house.time(&plan));
                                fastest = fastest.min(took.as_secs_f64());
                                took
                            })
                            .sum()
                    });
                });
                if recording == Recording::Nothing {
                    let microseconds = fastest * 1e6 / plan.len() as f64;
                    costs.insert(format!("{shape}/{count}"), microseconds);
                }
            }
        }
        group.finish();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/engine-bench.json");
    let json = serde_json::to_string_pretty(&costs).expect("numbers are JSON");
    fs::write(target, json).expect("target can be written");
}

fn floor(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("floor: petgraph and tokio alone");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(2));
    for (shape, graph) in SHAPES {
        for count in COUNTS {
            let graph = graph(count.min(9_990));
            group.throughput(Throughput::Elements(graph.len() as u64));
            group.bench_function(BenchmarkId::new(shape, count), |bencher| {
                bencher.iter_custom(|rounds| (0..rounds).map(|_| floor::time(&graph)).sum());
            });
        }
    }
    group.finish();
}

fn print_once(_: &mut Criterion) {
    memory::many_artifacts();
    makespan::overlap();
    makespan::uneven();
    makespan::under_a_limit();
}

criterion_group!(benches, print_once, cost, floor);
criterion_main!(benches);

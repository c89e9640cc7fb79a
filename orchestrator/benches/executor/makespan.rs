//! How near runs come to the best time that their graph allows.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use medley_orchestrator::EventKind;

use super::{
    house::{House, Recording},
    shapes::{self, Random},
};

/// Two tools of 200 ms and a third that needs both, told by the events.
pub(crate) fn overlap() {
    let house = House::new(Recording::Nothing);
    let plan = house.plan_of(&[vec![], vec![], vec![0, 1]], &[200.0, 200.0, 0.0]);
    let (report, events) = house.run(&plan, BTreeMap::new());
    println!("overlap: two steps of 200 ms and a third that needs both");
    for event in events {
        match event.kind {
            EventKind::StepStarted { step, .. } => {
                println!("  {:7.2} ms  {step} starts", event.at_ms);
            }
            EventKind::StepFinished { step, .. } => {
                println!("  {:7.2} ms  {step} ends", event.at_ms);
            }
            _ => {}
        }
    }
    println!("  all of it: {:.2} ms (wanted: under 450 ms)", report.ms);
}

/// The longest path, with each step as long as tokio sleeps when it is asked for that time.
fn critical_path(graph: &[Vec<usize>], lengths: &[f64]) -> f64 {
    let mut ends: Vec<f64> = Vec::with_capacity(graph.len());
    for (step, parents) in graph.iter().enumerate() {
        let start = parents
            .iter()
            .map(|&parent| ends[parent])
            .fold(0.0, f64::max);
        ends.push(start + lengths[step]);
    }
    ends.into_iter().fold(0.0, f64::max)
}

/// How long tokio sleeps when it is asked for `ms`; its timer rounds up.
fn slept(ms: f64) -> f64 {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sleep = async {
        let started = Instant::now();
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs_f64(ms / 1e3)).await;
        }
        started.elapsed().as_secs_f64() * 1e3 / 5.0
    };
    runtime.block_on(sleep)
}

/// Sleeps of 10 ms and uneven ones, with nothing to wait for but each other.
pub(crate) fn uneven() {
    let house = House::new(Recording::Nothing);
    println!("makespan over critical path (wanted: at most 1.05)");
    let mut random = Random(7);
    let known: BTreeMap<u32, f64> = [2, 5, 10, 20, 40]
        .into_iter()
        .map(|ms| (ms, slept(f64::from(ms))))
        .collect();
    let choices: Vec<u32> = known.keys().copied().collect();
    for (name, graph) in [
        ("deep, 50 steps", shapes::deep(50)),
        ("wide, 50 steps", shapes::wide(50)),
        ("random, 200 steps", shapes::random(200, 42)),
        ("skewed, 40 steps", shapes::skewed(40)),
    ] {
        for even in [true, false] {
            let waits: Vec<u32> = graph
                .iter()
                .map(|_| {
                    if even {
                        10
                    } else {
                        choices[random.below(choices.len())]
                    }
                })
                .collect();
            let asked: Vec<f64> = waits.iter().copied().map(f64::from).collect();
            let lengths: Vec<f64> = waits.iter().map(|ms| known[ms]).collect();
            let (report, _) = house.run(&house.plan_of(&graph, &asked), BTreeMap::new());
            let kind = if even { "10 ms" } else { "2 to 40 ms" };
            println!(
                "  {name}, {kind}: {:.3}",
                report.ms / critical_path(&graph, &lengths)
            );
        }
    }
}

/// Random graphs with four steps at a time and durations known before.
pub(crate) fn under_a_limit() {
    let mut house = House::new(Recording::Nothing);
    house.executor = house.executor.clone().with_in_flight_limit(4);
    let mut random = Random(11);
    let mut ratios = Vec::new();
    for seed in 0..200 {
        let graph = shapes::random(40, seed);
        let waits: Vec<f64> = graph
            .iter()
            .map(|_| [5.0, 10.0, 20.0][random.below(3)])
            .collect();
        // As tokio sleeps: its timer has steps of a millisecond, and rounds up.
        let lengths: Vec<f64> = waits.iter().map(|ms| ms + 1.0).collect();
        let expected = waits
            .iter()
            .enumerate()
            .map(|(step, ms)| (format!("s{step}"), *ms))
            .collect();
        let (report, _) = house.run(&house.plan_of(&graph, &waits), expected);
        let work: f64 = lengths.iter().sum();
        ratios.push(report.ms / critical_path(&graph, &lengths).max(work / 4.0));
    }
    let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
    println!(
        "200 random graphs, four steps at a time: mean makespan over the lower bound {mean:.3} (wanted: at most 1.10)"
    );
}

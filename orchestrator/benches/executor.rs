//! What the engine costs, and that independent steps overlap.
//!
//! `cargo bench -p medley-orchestrator --bench executor`

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up should stop"
)]

use std::{hint::black_box, sync::Arc, time::Duration};

use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use medley_orchestrator::{
    About, ArtifactStore, CallContext, DiskStore, DraftPlan, DraftStep, EventKind, EventSink,
    Executor, LocalDispatcher, Plan, Registry, Request, RunContext, RunReport, Scope, Tool,
    ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

#[derive(Deserialize, JsonSchema)]
struct Wait {
    /// How long to sleep, in milliseconds.
    ms: u64,
    /// What to wait for besides.
    #[serde(default)]
    after: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Waited {
    text: String,
}

/// Sleeps for as long as it is told; not at all for 0.
struct Sleeper;

#[async_trait]
impl Tool for Sleeper {
    type Input = Wait;
    type Output = Waited;

    fn about(&self) -> About {
        About::new("wait", "Waits.")
    }

    async fn call(&self, input: Wait, _: &CallContext) -> Result<Waited, ToolError> {
        if input.ms > 0 {
            tokio::time::sleep(Duration::from_millis(input.ms)).await;
        }
        Ok(Waited {
            text: input.after.len().to_string(),
        })
    }
}

struct Bench {
    runtime: Runtime,
    registry: Arc<Registry>,
    executor: Executor,
    scope: Scope,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(folder.path()));
        let mut registry = Registry::new();
        registry.register(Sleeper).expect("a sound tool");
        let registry = Arc::new(registry);
        let dispatcher = LocalDispatcher::new(Arc::clone(&registry), Arc::clone(&store));
        Self {
            runtime: Runtime::new().expect("a runtime"),
            executor: Executor::new(Arc::new(dispatcher), store),
            scope: Scope::of_request(&Request::default()),
            registry,
            _folder: folder,
        }
    }

    fn plan(&self, steps: Vec<DraftStep>) -> Plan {
        let draft = DraftPlan {
            steps,
            ..DraftPlan::default()
        };
        Plan::validate(&draft, &self.registry, &self.scope).expect("a sound plan")
    }

    fn run(&self, plan: &Plan, events: &EventSink) -> RunReport {
        let context = RunContext {
            run: "bench",
            scope: &self.scope,
            events,
            cancel: &CancellationToken::new(),
        };
        self.runtime.block_on(self.executor.run(plan, &context))
    }
}

fn step(id: usize, ms: u64, after: &[usize]) -> DraftStep {
    let after: Vec<String> = after.iter().map(|step| format!("$s{step}")).collect();
    DraftStep::new(format!("s{id}"), "wait")
        .with("ms", ms)
        .with("after", after)
}

/// One step, `count` steps that need it, and one that needs all of those.
fn wide(count: usize) -> Vec<DraftStep> {
    let mut steps = vec![step(0, 0, &[])];
    steps.extend((1..=count).map(|id| step(id, 0, &[0])));
    steps.push(step(count + 1, 0, &(1..=count).collect::<Vec<_>>()));
    steps
}

/// `count` steps, each of which needs the one before.
fn deep(count: usize) -> Vec<DraftStep> {
    let rest = (1..count).map(|id| step(id, 0, &[id - 1]));
    std::iter::once(step(0, 0, &[])).chain(rest).collect()
}

/// Two tools of 200 ms and a third that needs both, told by the events.
fn overlap(bench: &Bench) {
    let plan = bench.plan(vec![
        step(0, 200, &[]),
        step(1, 200, &[]),
        step(2, 0, &[0, 1]),
    ]);
    let (events, mut stream) = EventSink::channel();
    let report = bench.run(&plan, &events);
    drop(events);
    println!("overlap: two steps of 200 ms and a third that needs both");
    while let Some(event) = stream.blocking_recv() {
        match event.kind {
            EventKind::StepStarted { step, .. } => {
                println!("  {:7.2} ms  {step} starts", event.at_ms)
            }
            EventKind::StepFinished { step, .. } => {
                println!("  {:7.2} ms  {step} ends", event.at_ms)
            }
            _ => {}
        }
    }
    println!("  all of it: {:.2} ms (wanted: under 450 ms)", report.ms);
}

fn executor(criterion: &mut Criterion) {
    let bench = Bench::new();
    overlap(&bench);
    let mut group = criterion.benchmark_group("no-op steps, events on");
    group.sample_size(10);
    for count in [100, 1_000, 5_000] {
        for (shape, steps) in [("wide", wide(count)), ("deep", deep(count))] {
            let plan = bench.plan(steps);
            group.throughput(Throughput::Elements(plan.len() as u64));
            group.bench_function(format!("{shape}/{count}"), |bencher| {
                bencher.iter(|| {
                    let (events, stream) = EventSink::channel();
                    black_box(bench.run(&plan, &events));
                    drop(stream);
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, executor);
criterion_main!(benches);

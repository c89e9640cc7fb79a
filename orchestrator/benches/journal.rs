//! What it costs to keep a step: among many, and alone.
//!
//! `cargo bench -p medley-orchestrator --bench journal`

#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up should stop"
)]

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use medley_orchestrator::{
    Artifact, Digest, Durability, Event, EventKind, Facts, Journal, JournalOptions, Kind, Request,
    RunKind, RunRecord, SqliteJournal, StepRecord, StepReport, StepStatus, Value,
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const RUN: &str = "0197a5c4-7c1e-7d3a-9f57-3c1d2b4a6e80";
const STEPS: usize = 10_000;

struct Bench {
    runtime: Runtime,
    journal: Arc<SqliteJournal>,
    _folder: TempDir,
}

impl Bench {
    fn new(durability: Durability) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = JournalOptions {
            durability,
            ..JournalOptions::default()
        };
        let journal =
            SqliteJournal::open(folder.path().join("journal.db"), options).expect("a journal");
        let runtime = Runtime::new().expect("a runtime");
        let run = RunRecord {
            id: RUN.to_owned(),
            kind: RunKind::Exec,
            session: None,
            request: Request::default(),
            began_at: 0,
        };
        runtime.block_on(journal.begin_run(&run)).expect("a run");
        Self {
            runtime,
            journal: Arc::new(journal),
            _folder: folder,
        }
    }

    /// How long `work` takes in a task, as the executor is one.
    fn time<W, F>(&self, work: W) -> Duration
    where
        W: FnOnce(Arc<SqliteJournal>) -> F,
        F: Future<Output = ()> + Send + 'static,
    {
        let began = Instant::now();
        let task = self.runtime.spawn(work(Arc::clone(&self.journal)));
        self.runtime.block_on(task).expect("a task that ends");
        began.elapsed()
    }
}

/// Four events and the record of a step.
async fn keep(journal: &SqliteJournal, step: &StepRecord) {
    for seq in 0..4 {
        journal.note_event(RUN, &event(seq, &step.key));
    }
    let kept = journal.record_step(RUN, step).await;
    kept.expect("a step that is kept");
}

/// The steps at once.
async fn keep_all(journal: Arc<SqliteJournal>, steps: Vec<StepRecord>) {
    join_all(steps.iter().map(|step| keep(&journal, step))).await;
}

fn event(seq: u64, step: &str) -> Event {
    Event {
        seq,
        at_ms: 12.25,
        kind: EventKind::StepFinished {
            step: step.to_owned(),
            tool: "ocr".to_owned(),
            status: StepStatus::Done,
            ms: 3.5,
            error: None,
        },
    }
}

/// A step that gave a picture, with an identity if it may be used again.
fn step(index: usize, has_identity: bool) -> StepRecord {
    let key = format!("s{index}");
    let id = Digest::of(key.as_bytes());
    let picture = Artifact {
        id,
        kind: Kind::Image,
        mime: "image/png".to_owned(),
        facts: Facts::picture(640, 480),
    };
    let outputs = [("image".to_owned(), Value::from(picture))];
    StepRecord {
        round: 0,
        key: key.clone(),
        identity: has_identity.then_some(id),
        report: StepReport {
            id: key,
            tool: "text_to_image".to_owned(),
            provider: Some("bench".to_owned()),
            status: StepStatus::Done,
            started_ms: 1.5,
            ms: 3.5,
            attempts: 1,
            outputs: outputs.into(),
            error: None,
            question: None,
            children: Vec::new(),
            call: None,
        },
    }
}

/// `count` steps, each recorded once, each run of the benchmark under other names.
struct Supply(usize);

impl Supply {
    fn next(&mut self, count: usize, has_identity: bool) -> Vec<StepRecord> {
        let from = self.0;
        self.0 += count;
        (from..self.0)
            .map(|index| step(index, has_identity))
            .collect()
    }
}

fn journal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("a step with 4 events");
    group.sample_size(10);
    for (name, durability, has_identity) in [
        ("unsynced", Durability::Unsynced, false),
        ("unsynced, cached", Durability::Unsynced, true),
        ("synced", Durability::Synced, false),
    ] {
        let (bench, mut supply) = (Bench::new(durability), Supply(0));
        group.throughput(Throughput::Elements(STEPS as u64));
        group.bench_function(format!("10,000 at once/{name}"), |bencher| {
            bencher.iter_custom(|rounds| {
                (0..rounds)
                    .map(|_| {
                        let steps = supply.next(STEPS, has_identity);
                        bench.time(|journal| keep_all(journal, steps))
                    })
                    .sum()
            });
        });
        let (bench, mut supply) = (Bench::new(durability), Supply(0));
        group.throughput(Throughput::Elements(1));
        group.bench_function(format!("one after the other/{name}"), |bencher| {
            bencher.iter_custom(|rounds| {
                let steps = supply.next(rounds as usize, has_identity);
                bench.time(|journal| async move {
                    for step in &steps {
                        keep(&journal, step).await;
                    }
                })
            });
        });
    }
    group.finish();
    look_up(criterion);
}

fn look_up(criterion: &mut Criterion) {
    let bench = Bench::new(Durability::Unsynced);
    let steps = Supply(0).next(STEPS, true);
    let identities: Vec<Digest> = steps.iter().filter_map(|step| step.identity).collect();
    bench.time(|journal| keep_all(journal, steps));
    criterion.bench_function("a look-up in the cache", |bencher| {
        bencher.iter_custom(|rounds| {
            let identities = identities.clone();
            bench.time(|journal| async move {
                for identity in identities.iter().cycle().take(rounds as usize) {
                    let found = journal.cached(identity).await.expect("a look-up");
                    assert!(found.is_some(), "it was kept");
                }
            })
        });
    });
}

criterion_group!(benches, journal);
criterion_main!(benches);

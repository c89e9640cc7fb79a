//! How much scripts cost over the same steps in a plan, and how concurrent they are.
//!
//! `cargo bench -p medley-workflows` prints each figure beside what it should at most be. What is timed includes reading
//! and checking the script, starting its engine and the whole run.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot set up has failed"
)]

#[path = "../tests/support/tools.rs"]
mod tools;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use medley_orchestrator::{
    About, Agent, Assignment, Bounds, CallContext, DiskStore, DraftPlan, DraftStep, EventSink,
    Executor, GivenPlan, LocalDispatcher, Planner, Program, Refined, Refiner, Refining, Registry,
    Request, Response, RunKind, RunStatus, Tool, ToolError,
};
use medley_workflows::{GivenScript, Script, ScriptLimits, ScriptRunner, functions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// How often each figure is taken; the median is printed.
const ROUNDS: usize = 9;

/// How many tools there are, as many as Medley has with a language model and then some.
const TOOLS: usize = 40;

/// How many calls are compared.
const CALLS: usize = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let store = tempfile::tempdir().unwrap();
    let store = Arc::new(DiskStore::new(store.path()));
    let mut registry = tools::registry(&Arc::default());
    for number in registry.entries().count()..TOOLS {
        let name: &'static str = Box::leak(format!("tool_{number}").into_boxed_str());
        registry.register(Numbered(name)).unwrap();
    }
    let registry = Arc::new(registry);
    let house = House { store, registry };

    let three = r#"let a = pause("a", 200); let b = pause("b", 200); emit(join([a, b], "", 200));"#;
    let time = house.median(64, || house.script(three)).await;
    print(
        "two tools of 200 ms and a third that needs both",
        time,
        "ms",
        420.0,
    );

    let fan = r#"emit(map(0..100, |i| pause(`${i}`, 20)));"#;
    let time = house.median(10, || house.script(fan)).await;
    print("100 calls of 20 ms, 10 in flight", time, "ms", 230.0);

    let calls = format!("for i in 0..{CALLS} {{ pause(\"a\"); }} emit(1);");
    let steps =
        (0..CALLS).map(|index| DraftStep::new(format!("s{index}"), "pause").with("text", "a"));
    let plan = DraftPlan {
        steps: steps.collect(),
        answer: Some(vec!["done".into()]),
        ..DraftPlan::default()
    };
    let script = house.median(64, || house.script(&calls)).await;
    let plan = house
        .median(64, || {
            Arc::new(GivenPlan::new(plan.clone())) as Arc<dyn Planner>
        })
        .await;
    let per_call = |time: Duration| time.as_secs_f64() * 1e6 / CALLS as f64;
    println!(
        "a call in a script {:.1} us, a step of a plan {:.1} us",
        per_call(script),
        per_call(plan)
    );
    let over = script.saturating_sub(plan) / u32::try_from(CALLS).unwrap();
    print("a call over the same step in a plan", over, "us", 20.0);

    let program = house.program("emit(1);");
    let functions = functions(&house.registry);
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let since = Instant::now();
            Script::read(&program, &functions, &ScriptLimits::default()).unwrap();
            since.elapsed()
        })
        .collect();
    times.sort();
    print(
        "reading and checking a script, 40 tools",
        times[ROUNDS / 2],
        "ms",
        5.0,
    );
    let time = house.median(64, || house.script("emit(1);")).await;
    print("a whole run that calls nothing, 40 tools", time, "ms", 5.0);
}

fn print(what: &str, time: Duration, unit: &str, most: f64) {
    let scale = if unit == "ms" { 1e3 } else { 1e6 };
    let value = time.as_secs_f64() * scale;
    let verdict = if value <= most { "" } else { "  <- missed" };
    println!("{what}: {value:.2} {unit} (at most {most}){verdict}");
}

struct House {
    store: Arc<DiskStore>,
    registry: Arc<Registry>,
}

impl House {
    fn program(&self, text: &str) -> Program {
        Program {
            name: "bench.rhai".to_owned(),
            text: text.to_owned(),
            ..Program::default()
        }
    }

    fn script(&self, text: &str) -> Arc<dyn Planner> {
        let runner = ScriptRunner {
            store: self.store.clone(),
            limits: ScriptLimits::default(),
        };
        Arc::new(GivenScript::new(self.program(text), runner))
    }

    /// The median of whole runs, without a journal.
    async fn median(&self, in_flight: usize, planner: impl Fn() -> Arc<dyn Planner>) -> Duration {
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let dispatcher = LocalDispatcher::new(Arc::clone(&self.registry), self.store.clone());
            let executor = Executor::new(Arc::new(dispatcher), self.store.clone())
                .with_in_flight_limit(in_flight);
            let agent = Agent {
                bounds: Bounds::default(),
                ..Agent::new(
                    Arc::clone(&self.registry),
                    planner(),
                    executor,
                    Arc::new(Silent),
                )
            };
            let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
            let since = Instant::now();
            let outcome = agent
                .answer(assignment, &EventSink::ignored(), &CancellationToken::new())
                .await
                .unwrap();
            times.push(since.elapsed());
            assert_eq!(outcome.status, RunStatus::Succeeded);
        }
        times.sort();
        times[ROUNDS / 2]
    }
}

/// What one of many tools takes and gives.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Passed {
    /// It comes back.
    text: String,
    /// Makes no difference.
    width: Option<u32>,
}

/// One of many tools.
struct Numbered(&'static str);

#[async_trait]
impl Tool for Numbered {
    type Input = Passed;
    type Output = Passed;

    fn about(&self) -> About {
        About::new(self.0, "One of many.")
    }

    async fn call(&self, input: Self::Input, _: &CallContext) -> Result<Self::Output, ToolError> {
        Ok(input)
    }
}

/// Says nothing: what is measured comes before the answer.
struct Silent;

#[async_trait]
impl Refiner for Silent {
    async fn refine(&self, _: &Refining<'_>) -> Refined {
        Response::default().into()
    }
}

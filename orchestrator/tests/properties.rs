//! Random graphs with failures, conditions, lists, delays, cancels and growth: the engine comes to what a person with
//! one hand would come to, one step after the other.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should stop"
)]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use medley_orchestrator::{
    About, Addition, ArtifactStore, CallContext, Comparison, Digest, DiskStore, DraftCondition,
    DraftPlan, DraftStep, Event, EventKind, EventSink, Executor, LocalDispatcher, OnError, Plan,
    Registry, Request, RunContext, RunReport, RunStatus, Scope, StepStatus, Tool, ToolError, Value,
};
use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[derive(Deserialize, JsonSchema)]
struct Input {
    name: String,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    fails: bool,
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

/// Gives a text that tells its inputs apart from all others.
struct Work;

fn text_of(name: &str, parents: &[String]) -> String {
    Digest::of(format!("{name}({})", parents.join("|")).as_bytes()).to_string()[..12].to_owned()
}

#[async_trait]
impl Tool for Work {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new("work", "Works.")
    }

    async fn call(&self, input: Input, _: &CallContext) -> Result<Output, ToolError> {
        if input.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(input.delay_ms)).await;
        }
        if input.fails {
            return Err(ToolError::permanent("drawn", "it was drawn to fail"));
        }
        let text = text_of(&input.name, &input.parents);
        Ok(Output { text })
    }
}

/// A step as it was drawn; parents are earlier steps.
#[derive(Debug, Clone)]
struct Drawn {
    parents: Vec<usize>,
    fails: bool,
    taken: Option<bool>,
    items: Option<usize>,
    omits: bool,
    delay_ms: u64,
}

fn drawn_step() -> impl Strategy<Value = (Vec<prop::sample::Index>, Drawn)> {
    let parents = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    let taken = prop::option::weighted(0.2, any::<bool>());
    let items = prop::option::weighted(0.2, 0..5_usize);
    let step = (
        prop::bool::weighted(0.15),
        taken,
        items,
        any::<bool>(),
        0..3_u64,
    );
    (parents, step).prop_map(|(parents, (fails, taken, items, omits, delay_ms))| {
        let step = Drawn {
            parents: Vec::new(),
            fails,
            taken,
            items,
            omits,
            delay_ms,
        };
        (parents, step)
    })
}

fn drawn_graph() -> impl Strategy<Value = Vec<Drawn>> {
    prop::collection::vec(drawn_step(), 1..24).prop_map(|steps| {
        steps
            .into_iter()
            .enumerate()
            .map(|(position, (parents, step))| {
                let mut parents: Vec<usize> = parents
                    .iter()
                    .filter(|_| position > 0)
                    .map(|index| index.index(position.max(1)))
                    .collect();
                parents.sort_unstable();
                parents.dedup();
                Drawn { parents, ..step }
            })
            .collect()
    })
}

fn draft(position: usize, step: &Drawn) -> DraftStep {
    let parents: Vec<String> = step
        .parents
        .iter()
        .map(|parent| format!("$s{parent}"))
        .collect();
    let name = match step.items {
        Some(_) => format!("s{position}:${{item}}"),
        None => format!("s{position}"),
    };
    let mut draft = DraftStep::new(format!("s{position}"), "work")
        .with("name", name)
        .with("parents", parents)
        .with("fails", step.fails)
        .with("delay_ms", step.delay_ms);
    draft.for_each = step
        .items
        .map(|count| json!((0..count).collect::<Vec<_>>()));
    draft.on_error = step.items.filter(|_| step.omits).map(|_| OnError::Omit);
    draft.when = step.taken.map(|taken| DraftCondition {
        value: json!("words"),
        is: if taken {
            Comparison::NotEmpty
        } else {
            Comparison::Empty
        },
        to: None,
    });
    draft
}

/// What a step comes to, by the rules alone.
#[derive(Debug, Clone, PartialEq)]
enum Expected {
    Done(Value),
    Failed,
    Skipped { untaken: bool },
}

fn reference(graph: &[Drawn]) -> Vec<Expected> {
    let mut expected: Vec<Expected> = Vec::new();
    for (position, step) in graph.iter().enumerate() {
        let failed = |parent: &&usize| !matches!(expected[**parent], Expected::Done(_));
        let outcome = if let Some(&parent) = step.parents.iter().find(failed) {
            let _ = parent;
            Expected::Skipped {
                untaken: step
                    .parents
                    .iter()
                    .filter(failed)
                    .all(|&parent| expected[parent] == Expected::Skipped { untaken: true }),
            }
        } else if step.taken == Some(false) {
            Expected::Skipped { untaken: true }
        } else {
            let parents: Vec<String> = step
                .parents
                .iter()
                .map(|&parent| match &expected[parent] {
                    Expected::Done(value) => value.to_string(),
                    _ => String::new(),
                })
                .collect();
            match step.items {
                None if step.fails => Expected::Failed,
                None => Expected::Done(text_of(&format!("s{position}"), &parents).into()),
                Some(count) if step.fails && count > 0 && !step.omits => Expected::Failed,
                Some(_) if step.fails => Expected::Done(Value::List(Vec::new())),
                Some(count) => {
                    let texts = (0..count)
                        .map(|item| text_of(&format!("s{position}:{item}"), &parents).into());
                    Expected::Done(Value::List(texts.collect()))
                }
            }
        };
        expected.push(outcome);
    }
    expected
}

struct House {
    registry: Registry,
    executor: Executor,
    scope: Scope,
    _folder: tempfile::TempDir,
}

fn house(limit: usize) -> House {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(folder.path()));
    let registry = || {
        let mut registry = Registry::new();
        registry.register(Work).unwrap();
        registry
    };
    let dispatcher = LocalDispatcher::new(Arc::new(registry()), Arc::clone(&store));
    House {
        registry: registry(),
        executor: Executor::new(Arc::new(dispatcher), store)
            .with_in_flight_limit(limit)
            .with_item_limit(2),
        scope: Scope::of_request(&Request::default()),
        _folder: folder,
    }
}

fn on_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// Each step in exactly one state, the one that the rules give; untaken is told apart only where there is one reason.
fn check_against(graph: &[Drawn], report: &RunReport) {
    let by_id: BTreeMap<&str, _> = report
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step))
        .collect();
    assert_eq!(by_id.len(), graph.len(), "each step is reported once");
    for (position, expected) in reference(graph).into_iter().enumerate() {
        let step = by_id[format!("s{position}").as_str()];
        match expected {
            Expected::Done(value) => {
                assert!(step.status.is_success(), "s{position}: {step:?}");
                assert_eq!(step.outputs["text"], value, "s{position}");
            }
            Expected::Failed => assert_eq!(step.status, StepStatus::Failed, "s{position}"),
            Expected::Skipped { untaken } => {
                assert_eq!(step.status, StepStatus::Skipped, "s{position}");
                if untaken {
                    assert!(step.is_not_taken(), "s{position}: {step:?}");
                }
            }
        }
    }
}

/// No step starts before everything that it needs has ended, and each ends once.
fn check_order(graph: &[Drawn], events: &[Event]) {
    let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        match &event.kind {
            EventKind::StepFinished { step, .. } => {
                assert_eq!(ended.insert(step, at), None, "{step} ended twice");
            }
            EventKind::StepStarted { step, .. } => {
                let step = step.split('[').next().unwrap();
                let position: usize = step[1..].parse().unwrap();
                for parent in &graph[position].parents {
                    assert!(
                        ended.contains_key(format!("s{parent}").as_str()),
                        "{step} started before s{parent} ended"
                    );
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_comes_to_what_one_step_after_the_other_comes_to(
        graph in drawn_graph(),
        limit in 1..8_usize,
        shuffle in any::<u64>(),
    ) {
        let house = house(limit);
        let mut steps: Vec<DraftStep> =
            graph.iter().enumerate().map(|(position, step)| draft(position, step)).collect();
        // The order in which steps are written does not matter.
        let turn = shuffle as usize % steps.len();
        steps.rotate_left(turn);
        let plan = DraftPlan { steps, ..DraftPlan::default() };
        let plan = Plan::validate(&plan, &house.registry, &house.scope).unwrap();
        let (events, mut stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        let report = on_runtime(async {
            let context = RunContext::new("run", &house.scope, &events, &cancel);
            house.executor.run(&plan, &context).await
        });
        drop(events);
        let seen: Vec<Event> = std::iter::from_fn(|| stream.blocking_recv()).collect();
        check_against(&graph, &report);
        check_order(&graph, &seen);
    }

    #[test]
    fn a_plan_that_grows_comes_to_the_same(
        graph in drawn_graph(),
        limit in 1..8_usize,
        order in any::<prop::sample::Index>(),
    ) {
        let house = house(limit);
        let mut steps: Vec<DraftStep> =
            graph.iter().enumerate().map(|(position, step)| draft(position, step)).collect();
        let turn = order.index(steps.len());
        steps.rotate_left(turn);
        let (events, cancel) = (EventSink::ignored(), CancellationToken::new());
        let report = on_runtime(async {
            let (sender, receiver) = tokio::sync::mpsc::channel(2);
            let context = RunContext::new("run", &house.scope, &events, &cancel);
            let send = async move {
                for step in steps {
                    sender.send(Addition::Step(Box::new(step))).await.unwrap();
                    tokio::task::yield_now().await;
                }
                sender.send(Addition::End).await.unwrap();
            };
            let run = house.executor.run_growing(receiver, &house.registry, &context);
            tokio::join!(run, send).0
        });
        prop_assert!(report.defects.is_empty(), "{:?}", report.defects);
        check_against(&graph, &report);
    }

    #[test]
    fn a_cancelled_run_leaves_each_step_in_one_state(
        graph in drawn_graph(),
        after in 0..40_usize,
    ) {
        let house = house(3);
        let steps = graph.iter().enumerate().map(|(position, step)| draft(position, step)).collect();
        let plan = DraftPlan { steps, ..DraftPlan::default() };
        let plan = Plan::validate(&plan, &house.registry, &house.scope).unwrap();
        let (events, mut stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        let report = on_runtime(async {
            let context = RunContext::new("run", &house.scope, &events, &cancel);
            let watch = async {
                for _ in 0..after {
                    if stream.recv().await.is_none() {
                        return;
                    }
                }
                cancel.cancel();
            };
            let run = async {
                let report = house.executor.run(&plan, &context).await;
                events.emit(EventKind::Log { message: "ended".to_owned() });
                for _ in 0..after {
                    events.emit(EventKind::Log { message: "so that the watch ends".to_owned() });
                }
                report
            };
            tokio::join!(run, watch).0
        });
        prop_assert_eq!(report.steps.len(), graph.len());
        let expected = reference(&graph);
        for step in &report.steps {
            let position: usize = step.id[1..].parse().unwrap();
            if step.status.is_success() {
                prop_assert_eq!(&expected[position], &Expected::Done(step.outputs["text"].clone()));
            }
        }
        let cancelled = report.steps.iter().any(|step| step.status == StepStatus::Cancelled);
        prop_assert_eq!(cancelled, report.status == RunStatus::Cancelled);
    }
}

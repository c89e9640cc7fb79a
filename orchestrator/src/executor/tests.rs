//! How plans run: overlap, failure, limits, cancellation, and the order of events.

use serde_json::json;

use super::*;
use crate::{
    DiskStore, DraftPlan, Event, RunStatus, StepStatus,
    fixtures::{registry, request},
};

struct House {
    registry: Arc<Registry>,
    executor: Executor,
    _folder: tempfile::TempDir,
}

fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(folder.path()));
    let registry = Arc::new(registry());
    let dispatcher = LocalDispatcher::new(Arc::clone(&registry), Arc::clone(&store));
    House {
        registry,
        executor: Executor::new(Arc::new(dispatcher), store),
        _folder: folder,
    }
}

impl House {
    fn plan(&self, plan: serde_json::Value) -> (Plan, Scope) {
        let scope = Scope::of_request(&request());
        let draft = DraftPlan::from_json_text(&plan.to_string()).unwrap();
        let plan = Plan::validate(&draft, &self.registry, &scope).unwrap();
        (plan, scope)
    }

    async fn run(&self, plan: serde_json::Value) -> (RunReport, Vec<Event>) {
        let (plan, scope) = self.plan(plan);
        let (events, mut stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        let context = RunContext::new("run", &scope, &events, &cancel);
        let report = self.executor.run(&plan, &context).await;
        drop(events);
        let mut seen = Vec::new();
        while let Some(event) = stream.recv().await {
            seen.push(event);
        }
        (report, seen)
    }
}

fn statuses(report: &RunReport) -> Vec<StepStatus> {
    report.steps.iter().map(|step| step.status).collect()
}

#[tokio::test]
async fn values_flow_and_the_answer_is_in_reading_order() {
    let (report, _) = house()
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "repeat", "args": {"text": "<${s1.regions[1].text}>", "times": 2}},
        ], "answer": ["$s2", "$s1", "$request"]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded);
    let answer: Vec<_> = report
        .answer
        .iter()
        .map(|each| each.value.to_string())
        .collect();
    assert_eq!(answer, ["<DAILY> <DAILY>", "OPEN\nDAILY", "read it"]);
    assert_eq!(report.answer[0].tool.as_deref(), Some("repeat"));
    assert_eq!(report.steps[0].provider.as_deref(), Some("builtin"));
}

#[tokio::test]
async fn an_answer_that_cannot_be_had_is_no_success() {
    let (report, _) = house()
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
        ], "answer": ["$s1", "$s1.regions[99].text"]}))
        .await;
    assert_eq!(statuses(&report), [StepStatus::Done]);
    assert_eq!(report.status, RunStatus::Partial);
    assert_eq!(report.answer.len(), 1);
}

#[tokio::test]
async fn an_argument_that_points_at_nothing_fails_its_step() {
    let (report, _) = house()
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "repeat", "args": {"text": "$s1.regions[99].text"}},
        ]}))
        .await;
    let error = report.steps[1].error.as_ref().unwrap();
    assert_eq!(error.code, "bad_argument");
    assert!(error.message.contains("item 99"), "{}", error.message);
}

#[tokio::test]
async fn independent_steps_are_in_flight_together() {
    // Each waits for the other inside its call: run one after the other they would never end.
    let house = house();
    let both = house.run(json!({"steps": [
        {"id": "a", "tool": "meet"}, {"id": "b", "tool": "meet"},
    ]}));
    let (report, _) = tokio::time::timeout(Duration::from_secs(20), both)
        .await
        .unwrap();
    assert_eq!(report.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn a_failed_step_skips_only_its_dependents() {
    let (report, events) = house()
        .run(json!({"steps": [
            {"id": "a", "tool": "fail"},
            {"id": "b", "tool": "repeat", "args": {"text": "$a"}},
            {"id": "c", "tool": "repeat", "args": {"text": "fine"}},
        ], "answer": ["$b", "$c"]}))
        .await;
    assert_eq!(report.status, RunStatus::Partial);
    assert_eq!(
        statuses(&report),
        [StepStatus::Failed, StepStatus::Skipped, StepStatus::Done]
    );
    let error = report.steps[0].error.as_ref().unwrap();
    assert_eq!(
        (error.code.as_str(), error.hint.as_deref()),
        ("broken", Some("mend it"))
    );
    assert_eq!(report.answer.len(), 1, "only what could be had");
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert!(numbers.iter().copied().eq(0..numbers.len() as u64));
    let ended = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::StepFinished { .. }))
        .count();
    assert_eq!(ended, 3, "each step ends once");
}

#[tokio::test]
async fn a_panic_and_a_hang_are_failed_steps() {
    let (report, _) = house()
        .run(json!({"steps": [
            {"id": "a", "tool": "explode"},
            {"id": "b", "tool": "hang"},
            {"id": "c", "tool": "linger", "timeout_s": 0.02},
        ]}))
        .await;
    let codes: Vec<_> = report
        .steps
        .iter()
        .map(|step| step.error.as_ref().unwrap().code.as_str())
        .collect();
    assert_eq!(codes, ["panicked", "timed_out", "timed_out"]);
    assert_eq!(report.status, RunStatus::Failed);
}

#[tokio::test]
async fn cancelling_ends_every_step_once_even_those_that_do_not_listen() {
    let house = house();
    let (plan, scope) = house.plan(json!({"steps": [
        {"id": "a", "tool": "linger"},
        {"id": "b", "tool": "hang", "timeout_s": 1000},
        {"id": "c", "tool": "repeat", "args": {"text": "$a"}},
    ]}));
    let (events, mut stream) = EventSink::channel();
    let cancel = CancellationToken::new();
    let context = RunContext::new("run", &scope, &events, &cancel);
    let watch = async {
        let mut started = 0;
        while started < 2 {
            let event = stream.recv().await.unwrap();
            started += usize::from(matches!(event.kind, EventKind::StepStarted { .. }));
        }
        cancel.cancel();
    };
    let (report, ()) = tokio::join!(house.executor.run(&plan, &context), watch);
    assert_eq!(report.status, RunStatus::Cancelled);
    assert_eq!(statuses(&report), [StepStatus::Cancelled; 3]);
}

#[tokio::test]
async fn a_run_that_is_cancelled_before_it_starts_runs_nothing() {
    let house = house();
    let (plan, scope) = house.plan(json!({"steps": [{"id": "a", "tool": "hang"}]}));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let events = EventSink::ignored();
    let context = RunContext::new("run", &scope, &events, &cancel);
    let report = house.executor.run(&plan, &context).await;
    assert_eq!(report.status, RunStatus::Cancelled);
}

#[test]
fn calls_and_outcomes_survive_serialisation() {
    let call = StepCall {
        run: "run".to_owned(),
        step: "s1".to_owned(),
        child: Some(3),
        attempt: 1,
        capability: "repeat".to_owned(),
        version: 1,
        provider: "builtin".to_owned(),
        arguments: [("text".to_owned(), crate::Value::from("hi"))].into(),
        seed: u64::MAX,
        idempotency_key: crate::Digest::of(b"run/s1"),
        time_limit: Some(Duration::from_millis(1500)),
        answer: None,
    };
    let copy: StepCall = serde_json::from_str(&serde_json::to_string(&call).unwrap()).unwrap();
    assert_eq!(call, copy);
    let outcome = StepOutcome::Done {
        provider: "builtin".into(),
        outputs: [("text".to_owned(), crate::Value::from("hi"))].into(),
    };
    let copy: StepOutcome =
        serde_json::from_str(&serde_json::to_string(&outcome).unwrap()).unwrap();
    assert_eq!(outcome, copy);
}

mod behaviour;

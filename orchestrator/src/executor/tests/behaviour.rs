//! What a plan can say besides calls: lists, conditions, retries, questions, growth; and that equal calls run once.

use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    About, CallContext, Determinism, DiskStore, DraftPlan, DraftStep, Effects, Permission,
    QuestionKind, Registry, Tool, ToolError, Value,
};

/// Does what its name says, and counts its calls.
struct Counted {
    name: &'static str,
    provider: &'static str,
    about: fn(About) -> About,
    calls: Arc<AtomicU32>,
    act: fn(u32, &Input, &CallContext) -> Result<String, ToolError>,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Input {
    #[serde(default)]
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    text: String,
}

#[async_trait]
impl Tool for Counted {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        let about = About::new(self.name, "Counts.").provider(self.provider, "1");
        (self.about)(about)
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let text = (self.act)(call, &input, context)?;
        Ok(Output { text })
    }
}

struct Bench {
    registry: Registry,
    calls: Arc<AtomicU32>,
    policy: Policy,
    answers: BTreeMap<String, String>,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            registry: registry(),
            calls: Arc::default(),
            policy: Policy::default(),
            answers: BTreeMap::new(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn with(
        mut self,
        name: &'static str,
        about: fn(About) -> About,
        act: fn(u32, &Input, &CallContext) -> Result<String, ToolError>,
    ) -> Self {
        let tool = Counted {
            name,
            provider: "first",
            about,
            calls: Arc::clone(&self.calls),
            act,
        };
        self.registry.register(tool).unwrap();
        self
    }

    fn house(self) -> (House, Arc<AtomicU32>, BTreeMap<String, String>) {
        let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(self.folder.path()));
        let registry = Arc::new(self.registry);
        let dispatcher = LocalDispatcher::new(Arc::clone(&registry), Arc::clone(&store));
        let house = House {
            registry,
            executor: Executor::new(Arc::new(dispatcher), store).with_policy(self.policy),
            _folder: self.folder,
        };
        (house, self.calls, self.answers)
    }

    async fn run(self, plan: serde_json::Value) -> (RunReport, Vec<Event>, u32) {
        let (house, calls, answers) = self.house();
        let (plan, scope) = house.plan(plan);
        let (events, mut stream) = EventSink::channel();
        let cancel = CancellationToken::new();
        let context = RunContext {
            answers,
            ..RunContext::new("run", &scope, &events, &cancel)
        };
        let report = house.executor.run(&plan, &context).await;
        drop(context);
        drop(events);
        let mut seen = Vec::new();
        while let Some(event) = stream.recv().await {
            seen.push(event);
        }
        (report, seen, calls.load(Ordering::SeqCst))
    }
}

fn echo(_: u32, input: &Input, _: &CallContext) -> Result<String, ToolError> {
    match input.text.as_str() {
        "bad" => Err(ToolError::permanent("bad", "it is bad")),
        text => Ok(format!("<{text}>")),
    }
}

fn plain(about: About) -> About {
    about
}

fn texts(report: &RunReport, step: &str) -> Value {
    report.step(step).unwrap().outputs["text"].clone()
}

fn list(items: &[&str]) -> Value {
    Value::List(items.iter().map(|&item| item.into()).collect())
}

fn codes(report: &RunReport) -> Vec<Option<&str>> {
    report
        .steps
        .iter()
        .map(|step| step.error.as_ref().map(|error| error.code.as_str()))
        .collect()
}

#[tokio::test]
async fn a_step_goes_over_a_list_in_order() {
    let (report, events, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": ["a", "b", "c"], "args": {"text": "${item}${index}"}},
            {"id": "s2", "tool": "echo", "for_each": "$s1", "args": {"text": "$item"}},
            {"id": "s3", "tool": "repeat", "args": {"text": "$s2"}},
        ]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    assert_eq!(texts(&report, "s1"), list(&["<a0>", "<b1>", "<c2>"]));
    assert_eq!(texts(&report, "s2"), list(&["<<a0>>", "<<b1>>", "<<c2>>"]));
    assert_eq!(report.answer[0].value, "<<a0>>\n<<b1>>\n<<c2>>".into());
    assert_eq!(report.step("s1").unwrap().children[2].id, "s1[2]");
    assert_eq!(calls, 6);
    let ended = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::StepFinished { .. }));
    assert_eq!(ended.count(), 9, "three steps and six items");
}

#[tokio::test]
async fn lists_of_lists_empty_lists_and_regions_are_gone_over() {
    let (report, _, _) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": [["a", "b"], ["c"]], "args": {"text": "$item"}},
            {"id": "s2", "tool": "echo", "for_each": [], "args": {"text": "$item"}},
            {"id": "s3", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s4", "tool": "echo", "for_each": "$s3.regions", "args": {"text": "$item.text"}},
        ], "answer": ["$s1", "$s2", "$s4"]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    assert_eq!(texts(&report, "s1"), list(&["<a\nb>", "<c>"]));
    assert_eq!(texts(&report, "s2"), list(&[]));
    assert_eq!(texts(&report, "s4"), list(&["<OPEN>", "<DAILY>"]));
}

#[tokio::test]
async fn a_failed_item_fails_its_step_after_the_others_or_is_left_out() {
    let steps = |on_error: &str| {
        json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": ["a", "bad", "c"], "on_error": on_error, "args": {"text": "$item"}},
            {"id": "s2", "tool": "repeat", "args": {"text": "$s1"}},
        ]})
    };
    let (report, _, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(steps("fail"))
        .await;
    assert_eq!(
        codes(&report),
        [Some("items_failed"), Some("needs_failed_step")]
    );
    assert_eq!(calls, 3, "the siblings ran");
    let (report, _, _) = Bench::new()
        .with("echo", plain, echo)
        .run(steps("omit"))
        .await;
    assert_eq!(texts(&report, "s1"), list(&["<a>", "<c>"]));
    assert_eq!(report.status, RunStatus::Succeeded);
}

#[tokio::test]
async fn conditions_decide_what_runs_and_what_depends_on_it() {
    let holds = [
        json!({"value": "$s1", "is": "not_empty"}),
        json!({"value": "$s1.text", "is": "contains", "to": "open"}),
        json!({"value": "$s1.regions.width", "is": "ge", "to": 40}),
        json!({"value": "10", "is": "gt", "to": 9}),
        json!({"value": "$s1", "is": "ne", "to": "CLOSED"}),
    ];
    for condition in holds {
        let (report, _, _) = Bench::new()
            .run(json!({"steps": [
                {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
                {"id": "s2", "tool": "repeat", "when": condition, "args": {"text": "x"}},
            ]}))
            .await;
        assert_eq!(report.status, RunStatus::Succeeded);
        assert_eq!(report.steps[1].status, StepStatus::Done, "{report:?}");
    }
    let (report, _, _) = Bench::new()
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "repeat", "when": {"value": "$s1", "is": "empty"}, "args": {"text": "x"}},
            {"id": "s3", "tool": "repeat", "args": {"text": "$s2"}},
        ], "answer": ["$s1", "$s3"]}))
        .await;
    assert_eq!(
        codes(&report),
        [None, Some("not_taken"), Some("needs_step_not_taken")]
    );
    assert_eq!(
        report.status,
        RunStatus::Succeeded,
        "what was not wanted is no failure"
    );
    assert_eq!(report.answer.len(), 1);
}

#[tokio::test]
async fn a_condition_on_items_filters_them() {
    let (report, _, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [
            {"id": "s1", "tool": "echo", "for_each": [1, 5, 3], "when": {"value": "$item", "is": "gt", "to": 2},
             "args": {"text": "$item"}},
        ]}))
        .await;
    assert_eq!(texts(&report, "s1"), list(&["<5>", "<3>"]), "{report:?}");
    assert_eq!(calls, 2);
    assert_eq!(report.status, RunStatus::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_tried_again_and_permanent_ones_are_not() {
    fn flaky(call: u32, _: &Input, _: &CallContext) -> Result<String, ToolError> {
        if call < 3 {
            Err(ToolError::transient("busy", "try later"))
        } else {
            Ok("done".to_owned())
        }
    }
    let (report, events, calls) = Bench::new()
        .with("flaky", plain, flaky)
        .run(json!({"steps": [{"id": "s1", "tool": "flaky"}]}))
        .await;
    assert_eq!(
        (report.status, calls, report.steps[0].attempts),
        (RunStatus::Succeeded, 3, 3)
    );
    let retries = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::StepRetry { .. }));
    assert_eq!(retries.count(), 2);
    let (report, _, calls) = Bench::new()
        .with("flaky", plain, flaky)
        .run(json!({"steps": [{"id": "s1", "tool": "flaky", "retry": 1}]}))
        .await;
    assert_eq!((report.status, calls), (RunStatus::Failed, 2));
    let (_, _, calls) = Bench::new()
        .with("echo", plain, echo)
        .run(json!({"steps": [{"id": "s1", "tool": "echo", "args": {"text": "bad"}, "retry": 5}]}))
        .await;
    assert_eq!(calls, 1);
}

#[tokio::test(start_paused = true)]
async fn the_next_provider_steps_in_unless_that_would_leave_the_machine() {
    fn busy(_: u32, _: &Input, _: &CallContext) -> Result<String, ToolError> {
        Err(ToolError::permanent("broken", "no"))
    }
    for (effects, fallback, status) in [
        (Effects::Pure, false, RunStatus::Succeeded),
        (Effects::Network, false, RunStatus::Failed),
        (Effects::Network, true, RunStatus::Succeeded),
    ] {
        let mut bench = Bench::new().with("echo", plain, busy);
        let second = Counted {
            name: "echo",
            provider: "second",
            about: if effects == Effects::Pure {
                plain
            } else {
                |about| about.effects(Effects::Network)
            },
            calls: Arc::default(),
            act: echo,
        };
        bench.registry.register(second).unwrap();
        bench.policy.network_fallback = fallback;
        let (report, _, _) = bench
            .run(json!({"steps": [{"id": "s1", "tool": "echo", "args": {"text": "x"}}]}))
            .await;
        assert_eq!(report.status, status, "{effects:?} {fallback}");
        if status == RunStatus::Succeeded {
            assert_eq!(report.steps[0].provider.as_deref(), Some("second"));
        }
    }
}

/// Gives its text after a second, and counts how often.
struct Slow(Arc<AtomicU32>);

#[async_trait]
impl Tool for Slow {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new("slow", "Takes a second.")
    }

    async fn call(&self, input: Input, _: &CallContext) -> Result<Output, ToolError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(Output { text: input.text })
    }
}

#[tokio::test(start_paused = true)]
async fn equal_calls_in_flight_run_once() {
    // The clock stands still until nothing else can happen: both calls for x are made before the first can end.
    let mut bench = Bench::new();
    bench
        .registry
        .register(Slow(Arc::clone(&bench.calls)))
        .unwrap();
    let (report, _, calls) = bench
        .run(json!({"steps": [
            {"id": "s1", "tool": "slow", "args": {"text": "x"}},
            {"id": "s2", "tool": "slow", "args": {"text": "x"}},
            {"id": "s3", "tool": "slow", "args": {"text": "y"}},
        ]}))
        .await;
    assert_eq!((report.status, calls), (RunStatus::Succeeded, 2));
    let statuses = statuses(&report);
    let of = |status| statuses.iter().filter(|each| **each == status).count();
    assert_eq!((of(StepStatus::Done), of(StepStatus::Cached)), (2, 1));
    assert_eq!(texts(&report, "s1"), texts(&report, "s2"));
}

#[tokio::test]
async fn what_changes_the_world_is_asked_for_and_goes_on_with_the_answer() {
    fn bench(answer: Option<&str>) -> Bench {
        let mut bench = Bench::new().with("write", |about| about.effects(Effects::Writes), echo);
        let id = "s1.approve".to_owned();
        bench
            .answers
            .extend(answer.map(|answer| (id, answer.to_owned())));
        bench
    }
    let plan = json!({"steps": [
        {"id": "s1", "tool": "write", "args": {"text": "x"}},
        {"id": "s2", "tool": "repeat", "args": {"text": "$s1"}},
        {"id": "s3", "tool": "repeat", "args": {"text": "z"}},
    ]});
    let (report, events, calls) = bench(None).run(plan.clone()).await;
    assert_eq!((report.status, calls), (RunStatus::Waiting, 0));
    assert_eq!(
        statuses(&report),
        [StepStatus::Waiting, StepStatus::Waiting, StepStatus::Done]
    );
    let question = report.steps[0].question.as_ref().unwrap();
    assert_eq!(
        (question.id.as_str(), question.kind),
        ("s1.approve", QuestionKind::Approve)
    );
    assert!(
        events
            .iter()
            .any(|event| matches!(event.kind, EventKind::StepWaiting { .. }))
    );
    let (report, _, calls) = bench(Some("yes")).run(plan.clone()).await;
    assert_eq!((report.status, calls), (RunStatus::Succeeded, 1));
    let (report, _, calls) = bench(Some("no")).run(plan.clone()).await;
    assert_eq!((report.status, calls), (RunStatus::Partial, 0));
    assert_eq!(codes(&report)[0], Some("denied"));
    let mut denied = bench(Some("yes"));
    denied.policy.writes = Permission::Deny;
    let (report, _, calls) = denied.run(plan).await;
    assert_eq!((codes(&report)[0], calls), (Some("denied"), 0));
}

#[tokio::test]
async fn a_step_over_a_list_asks_for_leave_once_and_a_tool_asks_for_each_item() {
    let plan = |tool: &str| json!({"steps": [{"id": "s1", "tool": tool, "for_each": ["a", "b"], "args": {"text": "$item"}}]});
    let bench = |answer: Option<&str>| {
        let mut bench = Bench::new().with("write", |about| about.effects(Effects::Writes), echo);
        let id = "s1.approve".to_owned();
        bench
            .answers
            .extend(answer.map(|answer| (id, answer.to_owned())));
        bench
    };
    let (report, _, calls) = bench(None).run(plan("write")).await;
    assert_eq!((report.status, calls), (RunStatus::Waiting, 0));
    let question = report.steps[0].question.as_ref().unwrap();
    assert_eq!(question.id, "s1.approve", "who asks for the step says it");
    let (report, _, calls) = bench(Some("yes")).run(plan("write")).await;
    assert_eq!((report.status, calls), (RunStatus::Succeeded, 2));

    fn ask(_: u32, input: &Input, context: &CallContext) -> Result<String, ToolError> {
        context
            .answer()
            .map(str::to_owned)
            .ok_or_else(|| ToolError::question(format!("what is {}?", input.text), Vec::new()))
    }
    let (report, _, _) = Bench::new().with("ask", plain, ask).run(plan("ask")).await;
    let step = &report.steps[0];
    assert_eq!(step.question.as_ref().unwrap().id, "s1[0].clarify");
    let asked = step
        .children
        .iter()
        .filter(|child| child.question.is_some());
    assert_eq!(asked.count(), 2, "{step:#?}");
}

/// A dispatcher with a defect of its own.
struct Broken;

#[async_trait]
impl Dispatcher for Broken {
    async fn dispatch(&self, _: StepCall, _: StepControl) -> StepOutcome {
        std::panic::panic_any("a defect of the dispatcher")
    }
}

#[tokio::test]
async fn a_panic_outside_of_tools_is_a_failed_step_too() {
    let (mut house, _, _) = Bench::new().house();
    let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(house._folder.path()));
    house.executor = Executor::new(Arc::new(Broken), store);
    let (report, _) = house
        .run(json!({"steps": [
            {"id": "s1", "tool": "repeat", "args": {"text": "x"}},
            {"id": "s2", "tool": "repeat", "args": {"text": "$s1"}},
        ]}))
        .await;
    assert_eq!(
        codes(&report),
        [Some("panicked"), Some("needs_failed_step")]
    );
    assert_eq!(report.status, RunStatus::Failed);
}

#[tokio::test]
async fn a_step_that_can_never_fit_is_said_before_anything_runs() {
    let mut bench = Bench::new().with("big", |about| about.computes(1, 1 << 40), echo);
    bench.registry.set_limits(crate::Limits {
        memory: 1 << 30,
        ..crate::Limits::unlimited()
    });
    let draft = DraftPlan {
        steps: vec![
            DraftStep::new("s1", "big"),
            DraftStep::new("s2", "repeat").with("text", "x"),
        ],
        ..DraftPlan::default()
    };
    let scope = Scope::of_request(&request());
    let crate::Defects(defects) = Plan::validate(&draft, &bench.registry, &scope).unwrap_err();
    assert_eq!(defects.len(), 1, "{defects:?}");
    assert_eq!(defects[0].code, crate::DefectCode::UnavailableTool);
    assert!(
        defects[0].message.contains("memory"),
        "{}",
        defects[0].message
    );
}

#[tokio::test]
async fn a_tool_asks_and_is_called_again_with_the_answer() {
    fn ask(_: u32, _: &Input, context: &CallContext) -> Result<String, ToolError> {
        match context.answer() {
            Some(answer) => Ok(format!("it is {answer}")),
            None => Err(ToolError::question(
                "which one?",
                vec!["left".into(), "right".into()],
            )),
        }
    }
    let plan = json!({"steps": [{"id": "s1", "tool": "ask"}]});
    let (report, _, _) = Bench::new().with("ask", plain, ask).run(plan.clone()).await;
    assert_eq!(report.status, RunStatus::Waiting);
    let question = report.steps[0].question.clone().unwrap();
    assert_eq!(
        (question.kind, question.choices.len()),
        (QuestionKind::Clarify, 2)
    );
    let mut bench = Bench::new().with("ask", plain, ask);
    bench.answers.insert(question.id, "left".to_owned());
    let (report, _, _) = bench.run(plan).await;
    assert_eq!(texts(&report, "s1"), "it is left".into());
}

#[tokio::test(start_paused = true)]
async fn a_call_without_progress_is_stopped_and_one_with_progress_is_not() {
    let (report, _, _) = Bench::new()
        .run(json!({"steps": [{"id": "s1", "tool": "linger", "idle_timeout_s": 5, "retry": 0}]}))
        .await;
    assert_eq!(codes(&report), [Some("idle")]);
}

#[tokio::test]
async fn a_lost_artifact_is_made_again_by_the_step_that_made_it() {
    /// Removes the regions from the store before anybody reads them, once.
    static STORE: Mutex<Option<std::path::PathBuf>> = Mutex::new(None);
    fn lose(_: u32, input: &Input, _: &CallContext) -> Result<String, ToolError> {
        let root = STORE.lock().unwrap().clone().unwrap();
        for folder in std::fs::read_dir(root).unwrap() {
            let _ = std::fs::remove_dir_all(folder.unwrap().path());
        }
        Ok(input.text.clone())
    }
    let bench = Bench::new().with(
        "lose",
        |about| about.determinism(Determinism::Volatile),
        lose,
    );
    *STORE.lock().unwrap() = Some(bench.folder.path().to_owned());
    let (report, events, calls) = bench
        .run(json!({"steps": [
            {"id": "s1", "tool": "ocr", "args": {"image": "$input1"}},
            {"id": "s2", "tool": "lose", "args": {"text": "$s1"}},
            {"id": "s3", "tool": "repeat", "args": {"text": "$s1.regions[1].text"}, "after": ["s2"]},
        ]}))
        .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:#?}");
    assert_eq!(texts(&report, "s3"), "DAILY".into());
    assert_eq!(calls, 1);
    assert!(
        events.iter().any(
            |event| matches!(&event.kind, EventKind::Log { message } if message.contains("s1"))
        )
    );
}

/// Makes a file; when it has to make it again, waits until it is no longer wanted and makes it all the same.
struct Make(Arc<AtomicU32>);

#[derive(Serialize, JsonSchema)]
struct Made {
    file: crate::FileArtifact,
}

#[async_trait]
impl Tool for Make {
    type Input = Input;
    type Output = Made;

    fn about(&self) -> About {
        About::new("make", "Makes a file.")
    }

    async fn call(&self, _: Input, context: &CallContext) -> Result<Made, ToolError> {
        if self.0.fetch_add(1, Ordering::SeqCst) > 0 {
            context.progress(None, "again");
            context.cancellation().cancelled().await;
        }
        let facts = crate::Facts::default();
        let content = b"content".to_vec();
        let file = context
            .write(crate::Kind::File, "text/plain", facts, content)
            .await?;
        Ok(Made { file: file.into() })
    }
}

/// Finds the file lost the first time.
struct FindLost(Arc<AtomicU32>);

#[derive(Debug, Deserialize, JsonSchema)]
struct Found {
    file: crate::FileArtifact,
}

#[async_trait]
impl Tool for FindLost {
    type Input = Found;
    type Output = Output;

    fn about(&self) -> About {
        About::new("find_lost", "Reads a file.")
    }

    async fn call(&self, input: Found, _: &CallContext) -> Result<Output, ToolError> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Err(crate::StoreError::Missing(input.file.id).into()),
            _ => Ok(Output {
                text: "read".to_owned(),
            }),
        }
    }
}

#[tokio::test]
async fn after_a_cancel_what_was_made_again_starts_nothing() {
    let (made, read) = (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default());
    let mut bench = Bench::new();
    bench.registry.register(Make(Arc::clone(&made))).unwrap();
    bench
        .registry
        .register(FindLost(Arc::clone(&read)))
        .unwrap();
    let (house, _, _) = bench.house();
    let (plan, scope) = house.plan(json!({"steps": [
        {"id": "s1", "tool": "make"},
        {"id": "s2", "tool": "find_lost", "args": {"file": "$s1"}},
    ]}));
    let (events, mut stream) = EventSink::channel();
    let cancel = CancellationToken::new();
    let context = RunContext::new("run", &scope, &events, &cancel);
    let watch = async {
        while let Some(event) = stream.recv().await {
            if matches!(event.kind, EventKind::StepProgress { .. }) {
                cancel.cancel();
                break;
            }
        }
    };
    let (report, ()) = tokio::join!(house.executor.run(&plan, &context), watch);
    assert_eq!(report.steps[1].status, StepStatus::Cancelled);
    assert_eq!(made.load(Ordering::SeqCst), 2);
    assert_eq!(
        read.load(Ordering::SeqCst),
        1,
        "it is not called after the cancel"
    );
}

/// Sends additions one by one, each after what the one before led to.
async fn grow(additions: Vec<Addition>) -> RunReport {
    let (house, _, _) = Bench::new()
        .with("echo", plain, echo)
        .with("write", |about| about.effects(Effects::Writes), echo)
        .house();
    let scope = Scope::of_request(&request());
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let (events, cancel) = (EventSink::ignored(), CancellationToken::new());
    let context = RunContext {
        answers: [("w.approve".to_owned(), "yes".to_owned())].into(),
        ..RunContext::new("run", &scope, &events, &cancel)
    };
    let send = async move {
        for addition in additions {
            sender.send(addition).await.unwrap();
        }
    };
    let run = house
        .executor
        .run_growing(receiver, &house.registry, &context);
    let (report, ()) = tokio::join!(run, send);
    report
}

fn addition(id: &str, tool: &str, text: &str) -> Addition {
    Addition::Step(Box::new(DraftStep::new(id, tool).with("text", text)))
}

#[tokio::test]
async fn a_plan_grows_while_it_runs_and_forward_references_wait() {
    let report = grow(vec![
        addition("s2", "echo", "$s1"),
        addition("s1", "echo", "x"),
        addition("s1", "echo", "x"),
        addition("s3", "echo", "$s2"),
        Addition::Answer(vec![json!("$s3")]),
        Addition::End,
    ])
    .await;
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    assert_eq!(report.answer[0].value, "<<<x>>>".into());
    assert_eq!(
        report.steps.len(),
        3,
        "an equal step sent again is the same step"
    );
}

#[tokio::test]
async fn effects_wait_for_the_sound_end_of_a_growing_plan() {
    let well = grow(vec![
        addition("w", "write", "x"),
        addition("s1", "echo", "$w"),
        Addition::End,
    ])
    .await;
    assert_eq!(well.status, RunStatus::Succeeded, "{well:?}");
    let cut = grow(vec![
        addition("w", "write", "x"),
        addition("s1", "echo", "y"),
    ])
    .await;
    assert_eq!(codes(&cut), [Some("plan_incomplete"), None]);
    let broken = grow(vec![
        addition("w", "write", "x"),
        addition("s1", "telepathy", "y"),
        addition("s2", "echo", "$s9"),
        Addition::End,
    ])
    .await;
    assert_eq!(codes(&broken), [Some("plan_incomplete")]);
    assert_eq!(broken.defects.len(), 2, "{:?}", broken.defects);
    assert_ne!(broken.status, RunStatus::Succeeded);
}

#[test]
fn a_streamed_line_is_a_step_or_the_answer() {
    let step = Addition::from_json_line(r#"{"id":"s1","tool":"ocr","args":{"image":"$input1"}}"#);
    assert!(matches!(step, Ok(Addition::Step(_))));
    let answer = Addition::from_json_line(r#"{"answer":["$s1"]}"#);
    assert_eq!(answer, Ok(Addition::Answer(vec![json!("$s1")])));
    assert!(Addition::from_json_line("s1 = ocr()").is_err());
    let unknown = DraftPlan::from_json_text(
        r#"{"steps":[{"id":"s1","tool":"repeat","on_error":"omit","args":{"text":"x"}}]}"#,
    );
    let scope = Scope::of_request(&request());
    assert!(Plan::validate(&unknown.unwrap(), &registry(), &scope).is_err());
}

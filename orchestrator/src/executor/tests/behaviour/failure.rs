//! What fails: tried again, done by the next provider, stopped in silence, never fitting, or a defect of a dispatcher.

use super::*;

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

#[tokio::test(start_paused = true)]
async fn a_call_without_progress_is_stopped_and_one_with_progress_is_not() {
    let (report, _, _) = Bench::new()
        .run(json!({"steps": [{"id": "s1", "tool": "linger", "idle_timeout_s": 5, "retry": 0}]}))
        .await;
    assert_eq!(codes(&report), [Some("idle")]);
}

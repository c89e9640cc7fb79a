//! How much memory many large artifacts take.

use std::{env, fs, sync::Arc};

use async_trait::async_trait;
use medley_orchestrator::{
    About, ArtifactStore, CallContext, DiskStore, DraftPlan, DraftStep, EventSink, Executor, Facts,
    FileArtifact, Kind, LocalDispatcher, Plan, Registry, Request, RunContext, Scope, Tool,
    ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const MEGABYTE: usize = 1_000_000;

#[derive(Deserialize, JsonSchema)]
struct Input {
    number: u64,
    /// What it waits for.
    #[serde(default)]
    after: Option<FileArtifact>,
}

#[derive(Serialize, JsonSchema)]
struct Output {
    file: FileArtifact,
}

/// Makes a file of a megabyte that no other step makes; reads the one before.
struct Make;

#[async_trait]
impl Tool for Make {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new("make", "Makes a file.")
    }

    async fn call(&self, input: Input, context: &CallContext) -> Result<Output, ToolError> {
        if let Some(before) = &input.after {
            context.read(before).await?;
        }
        let content = input.number.to_le_bytes().repeat(MEGABYTE / 8);
        let file = context
            .write(
                Kind::File,
                "application/octet-stream",
                Facts::default(),
                content,
            )
            .await?;
        Ok(Output { file: file.into() })
    }
}

/// Steps that make 1 MB each, every other one reading what the one before made; 10,000 of them with
/// `MEDLEY_BENCH_ARTIFACTS=10000`, which takes 10 GB of disk for a while.
pub(crate) fn many_artifacts() {
    let count: usize = env::var("MEDLEY_BENCH_ARTIFACTS")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(1_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store: Arc<dyn ArtifactStore> = Arc::new(DiskStore::new(folder.path()));
    let mut registry = Registry::new();
    registry.register(Make).expect("a sound tool");
    let registry = Arc::new(registry);
    let dispatcher = LocalDispatcher::new(Arc::clone(&registry), Arc::clone(&store));
    let executor = Executor::new(Arc::new(dispatcher), store);
    let steps = (0..count).map(|number| {
        let step = DraftStep::new(format!("s{number}"), "make").with("number", number);
        match number % 2 {
            0 => step,
            _ => step.with("after", format!("$s{}", number - 1)),
        }
    });
    let draft = DraftPlan {
        steps: steps.collect(),
        answer: Some(Vec::new()),
        ..DraftPlan::default()
    };
    let scope = Scope::of_request(&Request::default());
    let plan = Plan::validate(&draft, &registry, &scope).expect("a sound plan");
    let runtime = Runtime::new().expect("a runtime");
    let (events, cancel) = (EventSink::ignored(), CancellationToken::new());
    let context = RunContext::new("bench", &scope, &events, &cancel);
    let report = runtime.block_on(executor.run(&plan, &context));
    let done = report.steps.iter().filter(|step| step.status.is_success());
    println!(
        "{} steps of 1 MB in {:.1} s: peak memory of the process {} (wanted: under 300 MB for 10,000)",
        done.count(),
        report.ms / 1e3,
        peak().unwrap_or_else(|| "unknown".to_owned())
    );
}

/// The most memory that the process ever had, as Linux says it.
fn peak() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.trim_start_matches("VmHWM:").trim().to_owned())
}

//! What a plan can say besides calls: lists, conditions, retries, questions, growth; and that equal calls run once.

mod failure;
mod growing;
mod leave;
mod lists;
mod lost_artifacts;

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

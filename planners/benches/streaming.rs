//! How soon a step starts whose line a model has just written, and how far a run is from the best schedule.
//!
//! `cargo bench -p medley-planners --bench streaming`
//!
//! A server on loopback writes plans at 40 tokens a second, a token being four characters. For each shape the bench
//! prints the longest time from the end of a line (as the client heard it) to the start of its step, where the step
//! waits for nothing else, and how much longer the run took than the schedule that starts each step as soon as its line
//! is there and what it refers to is done. No model is loaded and nothing is fetched.

#[expect(clippy::unwrap_used, reason = "a server that cannot set up has failed")]
#[path = "../../models/tests/support/chat_server.rs"]
mod chat_server;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chat_server::{ChatServer, Script};
use futures::StreamExt;
use medley_models::endpoints::{Endpoint, EndpointSettings};
use medley_orchestrator::{
    About, Agent, Assignment, CallContext, ChatDelta, ChatError, ChatModel, ChatProfile,
    ChatRequest, ChatStream, Determinism, DiskStore, DraftPlan, EventSink, Executor, GivenPlan,
    Ledger, Limits, LocalDispatcher, Registry, Request, RunKind, RunStatus, Tool, ToolError,
};
use medley_planners::{Controller, TemplateRefiner};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Tokens a second, and characters a token.
const SPEED: u32 = 40;
const TOKEN: usize = 4;

type Instants = Arc<Mutex<HashMap<String, Instant>>>;

fn note(instants: &Instants, step: &str) {
    let mut instants = instants.lock().unwrap_or_else(PoisonError::into_inner);
    instants.entry(step.to_owned()).or_insert_with(Instant::now);
}

/// A step of a shape: its name, its seconds, and the steps whose results it takes.
type Planned = (&'static str, f64, &'static [&'static str]);

/// Six calls side by side, a chain, a diamond, and steps of uneven length.
const SHAPES: [(&str, &[Planned]); 4] = [
    (
        "parallel",
        &[
            ("s1", 1.0, &[]),
            ("s2", 1.0, &[]),
            ("s3", 1.0, &[]),
            ("s4", 1.0, &[]),
            ("s5", 1.0, &[]),
            ("s6", 1.0, &[]),
        ],
    ),
    (
        "chain",
        &[
            ("s1", 0.5, &[]),
            ("s2", 0.5, &["s1"]),
            ("s3", 0.5, &["s2"]),
            ("s4", 0.5, &["s3"]),
        ],
    ),
    (
        "diamond",
        &[
            ("s1", 0.6, &[]),
            ("s2", 1.0, &["s1"]),
            ("s3", 0.3, &["s1"]),
            ("s4", 0.5, &["s2", "s3"]),
        ],
    ),
    (
        "uneven",
        &[
            ("s1", 3.0, &[]),
            ("s2", 0.1, &[]),
            ("s3", 0.2, &["s2"]),
            ("s4", 0.1, &["s3"]),
            ("s5", 1.5, &["s2"]),
            ("s6", 0.2, &["s1", "s5"]),
        ],
    ),
];

#[derive(Deserialize, JsonSchema)]
struct RestInput {
    /// The name of its step.
    step: String,
    /// How long it rests.
    seconds: f64,
    /// What it waits for.
    needs: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
struct RestOutput {
    step: String,
}

/// Rests for a while, and notes when it began.
struct Rest(Instants);

#[async_trait]
impl Tool for Rest {
    type Input = RestInput;
    type Output = RestOutput;

    fn about(&self) -> About {
        About::new("rest", "Rests for some seconds.").determinism(Determinism::Volatile)
    }

    async fn call(&self, input: RestInput, _: &CallContext) -> Result<RestOutput, ToolError> {
        note(&self.0, &input.step);
        drop(input.needs);
        tokio::time::sleep(Duration::from_secs_f64(input.seconds)).await;
        Ok(RestOutput { step: input.step })
    }
}

/// A model that notes when the end of each step's line was heard.
struct Heard {
    model: Endpoint,
    ends: Instants,
}

#[async_trait]
impl ChatModel for Heard {
    fn profile(&self) -> &ChatProfile {
        self.model.profile()
    }

    async fn chat(
        &self,
        request: &ChatRequest,
        cancel: &CancellationToken,
    ) -> Result<ChatStream, ChatError> {
        let ends = Arc::clone(&self.ends);
        let mut said = String::new();
        let stream = self.model.chat(request, cancel).await?;
        Ok(Box::pin(stream.inspect(move |delta| {
            if let Ok(ChatDelta::Text { text }) = delta {
                said.push_str(text);
                if text.contains('\n') {
                    let lines = said.matches('\n').count();
                    note(&ends, &format!("s{lines}"));
                }
            }
        })))
    }
}

fn script(steps: &[Planned]) -> Script {
    let lines = steps.iter().map(|(id, seconds, needs)| {
        let needs: Vec<String> = needs.iter().map(|need| format!("${need}")).collect();
        let args = json!({ "step": id, "seconds": seconds, "needs": needs });
        json!({ "id": id, "tool": "rest", "args": args }).to_string() + "\n"
    });
    let letters: Vec<char> = lines.collect::<String>().chars().collect();
    let mut script = Script::stream();
    for token in letters.chunks(TOKEN) {
        let token: String = token.iter().collect();
        script = script.says(&token).pause(Duration::from_secs(1) / SPEED);
    }
    script.stops()
}

/// The end of the best schedule: each step starts when its line is there and what it takes is done.
fn best_end(steps: &[Planned], ends: &HashMap<String, Instant>) -> anyhow::Result<Instant> {
    let mut done: BTreeMap<&str, Instant> = BTreeMap::new();
    for (id, seconds, needs) in steps {
        let heard = ends.get(*id).copied();
        let mut start = heard.ok_or_else(|| anyhow::anyhow!("the line of {id} was not heard"))?;
        for need in *needs {
            start = start.max(done[need]);
        }
        done.insert(id, start + Duration::from_secs_f64(*seconds));
    }
    done.into_values()
        .max()
        .ok_or_else(|| anyhow::anyhow!("a shape has steps"))
}

async fn measure(name: &str, steps: &[Planned]) -> anyhow::Result<()> {
    let server = ChatServer::start([script(steps)]).await;
    let settings: EndpointSettings = serde_json::from_value(
        json!({ "name": "paced", "base_url": server.url(), "model": "paced" }),
    )?;
    let (starts, ends) = (Instants::default(), Instants::default());
    let model = Heard {
        model: Endpoint::new(settings, None)?,
        ends: Arc::clone(&ends),
    };
    let mut registry = Registry::new();
    registry.register(Rest(Arc::clone(&starts)))?;
    let registry = Arc::new(registry);
    let folder = tempfile::tempdir()?;
    let store = Arc::new(DiskStore::new(folder.path()));
    let dispatcher = LocalDispatcher::new(Arc::clone(&registry), store.clone());
    let executor =
        Executor::new(Arc::new(dispatcher), store).with_ledger(Ledger::new(Limits::unlimited()));
    let spare = Arc::new(GivenPlan::new(DraftPlan::default()));
    let planner = Arc::new(Controller::new(Arc::new(model), spare));
    let agent = Agent::new(registry, planner, executor, Arc::new(TemplateRefiner));
    let request = Request {
        text: "rest".to_owned(),
        ..Request::default()
    };
    let assignment = Assignment::new(name, RunKind::Ask, request);
    let outcome = agent
        .answer(assignment, &EventSink::ignored(), &CancellationToken::new())
        .await?;
    let ended = Instant::now();
    anyhow::ensure!(outcome.status == RunStatus::Succeeded, "{outcome:#?}");
    let starts = starts.lock().unwrap_or_else(PoisonError::into_inner);
    let ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
    let free = steps.iter().filter(|(_, _, needs)| needs.is_empty());
    let late = free.map(|(id, ..)| starts[*id].saturating_duration_since(ends[*id]));
    let late = late.max().unwrap_or_default();
    let over = ended.saturating_duration_since(best_end(steps, &ends)?);
    println!(
        "{name:>9}: a step starts {:5.2} ms behind its line at most; the run ends {:5.2} ms behind the best schedule",
        late.as_secs_f64() * 1e3,
        over.as_secs_f64() * 1e3,
    );
    Ok(())
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    for (name, steps) in SHAPES {
        runtime.block_on(measure(name, steps))?;
    }
    Ok(())
}

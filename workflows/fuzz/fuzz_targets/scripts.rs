//! Any text is a script that runs to an end within its limits, or one that is refused with a reason.
//!
//! `cargo fuzz run scripts --fuzz-dir workflows/fuzz -s none workflows/fuzz/corpus/scripts workflows/scripts -- -timeout=20`
//! (with `cargo install cargo-fuzz`): the scripts that come with Medley are what it begins with.
#![no_main]

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use libfuzzer_sys::fuzz_target;
use medley_orchestrator::{
    About, Agent, Assignment, Bounds, CallContext, DiskStore, EventSink, Executor,
    LocalDispatcher, Program, Refined, Refiner, Refining, Registry, Request, Response, RunKind,
    Tool, ToolError,
};
use medley_workflows::{GivenScript, Script, ScriptLimits, ScriptRunner, functions};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Named after tools that the scripts of Medley call, so that these run.
const NAMES: [&str; 6] = [
    "ocr",
    "text_to_speech",
    "language_identification",
    "redact_regions",
    "resize_image",
    "grayscale_image",
];

fuzz_target!(|text: &str| {
    let house = house();
    let program = Program {
        name: "fuzzed.rhai".to_owned(),
        text: text.to_owned(),
        ..Program::default()
    };
    if let Err(errors) = Script::read(&program, &functions(&house.registry), &house.limits) {
        assert!(!errors.0.is_empty(), "what is refused says why");
        return;
    }
    let runner = ScriptRunner {
        store: house.store.clone(),
        limits: house.limits.clone(),
    };
    let dispatcher = LocalDispatcher::new(Arc::clone(&house.registry), house.store.clone());
    let executor = Executor::new(Arc::new(dispatcher), house.store.clone());
    let agent = Agent {
        bounds: Bounds {
            steps: 50,
            ..Bounds::default()
        },
        ..Agent::new(
            Arc::clone(&house.registry),
            Arc::new(GivenScript::new(program, runner)),
            executor,
            Arc::new(Silent),
        )
    };
    let assignment = Assignment::new("run", RunKind::Workflow, Request::default());
    house.runtime.block_on(async {
        let (events, cancel) = (EventSink::ignored(), CancellationToken::new());
        let ended = agent.answer(assignment, &events, &cancel);
        let ended = tokio::time::timeout(Duration::from_secs(10), ended).await;
        assert!(ended.is_ok(), "a script ends within its limits");
    });
});

struct House {
    runtime: Runtime,
    registry: Arc<Registry>,
    store: Arc<DiskStore>,
    limits: ScriptLimits,
}

fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let mut registry = Registry::new();
        for name in NAMES {
            registry.register(Echo(name)).expect("the names differ");
        }
        let folder = tempfile::tempdir().expect("there is room").keep();
        House {
            runtime: Runtime::new().expect("there are threads"),
            registry: Arc::new(registry),
            store: Arc::new(DiskStore::new(folder)),
            limits: ScriptLimits {
                operations: 20_000,
                threads: 4,
                ..ScriptLimits::default()
            },
        }
    })
}

/// Gives back what it is given.
struct Echo(&'static str);

#[derive(Serialize, Deserialize, JsonSchema)]
struct Said {
    /// The words.
    text: String,
}

#[async_trait]
impl Tool for Echo {
    type Input = Said;
    type Output = Said;

    fn about(&self) -> About {
        About::new(self.0, "Gives back what it is given.")
    }

    async fn call(&self, input: Said, _: &CallContext) -> Result<Said, ToolError> {
        Ok(input)
    }
}

struct Silent;

#[async_trait]
impl Refiner for Silent {
    async fn refine(&self, _: &Refining<'_>) -> Refined {
        Response::default().into()
    }
}

//! Tools for scripts to call, each of which does one thing.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use medley_orchestrator::{
    About, CallContext, Determinism, Effects, Facts, FileArtifact, Kind, Region, Regions,
    RegionsArtifact, Registry, Tool, ToolError,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the tool `count` was called with.
pub(crate) type Calls = Arc<Mutex<Vec<String>>>;

/// All of these tools; `calls` keeps what the tool `count` was called with.
pub(crate) fn registry(calls: &Calls) -> Registry {
    let mut registry = Registry::new();
    registry.register(Pause).unwrap();
    registry.register(Join).unwrap();
    registry.register(Fail).unwrap();
    registry.register(Find).unwrap();
    registry.register(Keep).unwrap();
    registry.register(Ask).unwrap();
    registry.register(Count(Arc::clone(calls))).unwrap();
    registry
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Text {
    /// The text.
    text: String,
    /// How long it is, in characters.
    length: u32,
}

impl Text {
    fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        let length = u32::try_from(text.chars().count()).unwrap();
        Self { text, length }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct PauseInput {
    /// What comes back.
    text: String,
    /// How long it takes, in milliseconds.
    #[schemars(range(min = 0, max = 60000))]
    ms: Option<u64>,
}

/// Gives its text back after a while.
struct Pause;

#[async_trait]
impl Tool for Pause {
    type Input = PauseInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("pause", "Gives a text back after a while.")
    }

    async fn call(&self, input: PauseInput, _: &CallContext) -> Result<Text, ToolError> {
        tokio::time::sleep(Duration::from_millis(input.ms.unwrap_or(0))).await;
        Ok(Text::of(input.text))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct JoinInput {
    /// The texts.
    texts: Vec<String>,
    /// What stands between them.
    with: Option<String>,
    /// How long it takes, in milliseconds.
    ms: Option<u64>,
}

/// Joins texts.
struct Join;

#[async_trait]
impl Tool for Join {
    type Input = JoinInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("join", "Joins texts.")
    }

    async fn call(&self, input: JoinInput, _: &CallContext) -> Result<Text, ToolError> {
        tokio::time::sleep(Duration::from_millis(input.ms.unwrap_or(0))).await;
        Ok(Text::of(input.texts.join(&input.with.unwrap_or_default())))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct FailInput {
    /// Why.
    reason: String,
}

/// Always fails.
struct Fail;

#[async_trait]
impl Tool for Fail {
    type Input = FailInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("fail", "Always fails.")
    }

    async fn call(&self, input: FailInput, _: &CallContext) -> Result<Text, ToolError> {
        Err(ToolError::permanent("on_purpose", input.reason).with_hint("do not call it"))
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct FindInput {
    /// The words to find.
    words: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    /// Where the words are.
    regions: RegionsArtifact,
    /// How many there are.
    count: u32,
}

/// Says where words would be.
struct Find;

#[async_trait]
impl Tool for Find {
    type Input = FindInput;
    type Output = Found;

    fn about(&self) -> About {
        About::new("find", "Says where words would be.")
    }

    async fn call(&self, input: FindInput, context: &CallContext) -> Result<Found, ToolError> {
        let items: Vec<Region> = input
            .words
            .split_whitespace()
            .enumerate()
            .map(|(index, word)| Region {
                bounds: [10.0 * index as f32, 0.0, 10.0, 10.0],
                text: Some(word.to_owned()),
                ..Region::default()
            })
            .collect();
        let count = u32::try_from(items.len()).unwrap();
        let regions = Regions {
            width: 100,
            height: 10,
            items,
        };
        let content = serde_json::to_vec(&regions).unwrap();
        let artifact = context
            .write(Kind::Regions, Regions::MIME, Facts::default(), content)
            .await?;
        Ok(Found {
            regions: RegionsArtifact(artifact),
            count,
        })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct KeepInput {
    /// What to keep.
    content: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Kept {
    /// The file.
    file: FileArtifact,
}

/// Makes a file.
struct Keep;

#[async_trait]
impl Tool for Keep {
    type Input = KeepInput;
    type Output = Kept;

    fn about(&self) -> About {
        About::new("keep", "Makes a file.")
    }

    async fn call(&self, input: KeepInput, context: &CallContext) -> Result<Kept, ToolError> {
        let bytes = input.content.into_bytes();
        let artifact = context
            .write(
                Kind::File,
                "application/octet-stream",
                Facts::default(),
                bytes,
            )
            .await?;
        Ok(Kept {
            file: FileArtifact(artifact),
        })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct AskInput {
    /// What to ask.
    question: String,
}

/// Asks a person.
struct Ask;

#[async_trait]
impl Tool for Ask {
    type Input = AskInput;
    type Output = Text;

    fn about(&self) -> About {
        About::new("ask_person", "Asks a person.")
    }

    async fn call(&self, input: AskInput, context: &CallContext) -> Result<Text, ToolError> {
        match context.answer() {
            Some(answer) => Ok(Text::of(answer)),
            None => Err(ToolError::question(input.question, Vec::new())),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct CountInput {
    /// Which call it is.
    label: String,
}

/// Keeps what it is called with, as an endpoint would that is paid by the call.
struct Count(Calls);

#[async_trait]
impl Tool for Count {
    type Input = CountInput;
    type Output = Text;

    fn about(&self) -> About {
        let about = About::new("count", "Counts how often it is called.");
        About {
            effects: Effects::Network,
            determinism: Determinism::Recorded,
            ..about
        }
    }

    async fn call(&self, input: CountInput, _: &CallContext) -> Result<Text, ToolError> {
        self.0.lock().unwrap().push(input.label.clone());
        Ok(Text::of(input.label))
    }
}

//! A few tools and a registry that the tests of this crate share.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;

use crate::{
    About, Artifact, Attachment, CallContext, Determinism, Digest, Facts, ImageArtifact, Kind,
    Region, Regions, RegionsArtifact, Registry, Request, Tool, ToolError,
};

#[derive(Deserialize, JsonSchema)]
pub(crate) struct ReadInput {
    pub image: ImageArtifact,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ReadOutput {
    text: String,
    regions: RegionsArtifact,
}

/// Pretends to read a picture: two words, wherever they stand.
pub(crate) struct Read;

#[async_trait]
impl Tool for Read {
    type Input = ReadInput;
    type Output = ReadOutput;

    fn about(&self) -> About {
        About::new("ocr", "Reads the text in a picture.")
    }

    async fn call(&self, input: ReadInput, context: &CallContext) -> Result<ReadOutput, ToolError> {
        let word = |text: &str, x: f32| Region {
            bounds: [x, 0.0, 10.0, 10.0],
            text: Some(text.to_owned()),
            ..Region::default()
        };
        let regions = Regions {
            width: input.image.facts.width.unwrap_or_default(),
            height: 10,
            items: vec![word("OPEN", 0.0), word("DAILY", 20.0)],
        };
        Ok(ReadOutput {
            text: "OPEN\nDAILY".to_owned(),
            regions: context.write_regions(&regions).await?.into(),
        })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct JoinInput {
    /// What to say.
    pub text: String,
    /// How often.
    #[schemars(range(min = 1, max = 3))]
    pub times: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct TextOutput {
    pub text: String,
}

/// Says a text, more than once if wanted.
pub(crate) struct Repeat;

#[async_trait]
impl Tool for Repeat {
    type Input = JoinInput;
    type Output = TextOutput;

    fn about(&self) -> About {
        About::new("repeat", "Says a text again.")
    }

    async fn call(&self, input: JoinInput, _: &CallContext) -> Result<TextOutput, ToolError> {
        let times = input.times.unwrap_or(1) as usize;
        Ok(TextOutput {
            text: vec![input.text; times].join(" "),
        })
    }
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Nothing {}

/// Ends in the way that its name says.
pub(crate) struct Misbehave {
    pub name: &'static str,
    pub time_limit: Option<Duration>,
}

#[async_trait]
impl Tool for Misbehave {
    type Input = Nothing;
    type Output = TextOutput;

    fn about(&self) -> About {
        let about = About::new(self.name, "Does not do what it should.");
        match self.time_limit {
            Some(limit) => about.time_limit(limit),
            None => about,
        }
    }

    async fn call(&self, _: Nothing, context: &CallContext) -> Result<TextOutput, ToolError> {
        match self.name {
            "fail" => Err(ToolError::permanent("broken", "it is broken").with_hint("mend it")),
            "explode" => std::panic::panic_any("a defect of the tool"),
            "hang" => std::future::pending().await,
            _ => {
                context.cancellation().cancelled().await;
                Err(ToolError::cancelled())
            }
        }
    }
}

/// Ends only when another call of it is in flight at the same time.
pub(crate) struct Meet(pub Arc<Barrier>);

#[async_trait]
impl Tool for Meet {
    type Input = Nothing;
    type Output = TextOutput;

    fn about(&self) -> About {
        About::new("meet", "Waits for another.").determinism(Determinism::Volatile)
    }

    async fn call(&self, _: Nothing, _: &CallContext) -> Result<TextOutput, ToolError> {
        self.0.wait().await;
        Ok(TextOutput {
            text: "met".to_owned(),
        })
    }
}

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(Read).unwrap();
    registry.register(Repeat).unwrap();
    registry.register(Meet(Arc::new(Barrier::new(2)))).unwrap();
    for name in ["fail", "explode", "hang", "linger"] {
        let time_limit = (name == "hang").then_some(Duration::from_millis(30));
        registry.register(Misbehave { name, time_limit }).unwrap();
    }
    registry
}

/// A request with one picture.
pub(crate) fn request() -> Request {
    Request {
        text: "read it".to_owned(),
        attachments: vec![Attachment {
            name: "sign.png".to_owned(),
            artifact: Artifact {
                id: Digest::of(b"a picture"),
                kind: Kind::Image,
                mime: "image/png".to_owned(),
                facts: Facts::picture(40, 10),
            },
        }],
        ..Request::default()
    }
}

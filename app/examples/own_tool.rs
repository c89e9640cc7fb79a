//! A tool of one's own, planned and run like the built-in ones.
use medley::{About, CallContext, Medley, Part, Tool, ToolError, async_trait, schemars};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Input {
    /// The text to shout.
    text: String,
}
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Output {
    text: String,
}
struct Shout;

#[async_trait]
impl Tool for Shout {
    type Input = Input;
    type Output = Output;
    fn about(&self) -> About {
        About::new("shout", "Writes a text in capital letters.")
            .phrases(&["shout it", "in capitals"])
    }
    async fn call(&self, input: Input, _: &CallContext) -> Result<Output, ToolError> {
        Ok(Output {
            text: input.text.to_uppercase(),
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), medley::MedleyError> {
    let medley = Medley::builder().provider(Shout).build()?;
    let outcome = medley
        .ask("Read the sign and shout it")
        .attach("samples/sign.png")
        .await?;
    for part in outcome.response.parts {
        if let Part::Text { text } = part {
            println!("{text}");
        }
    }
    Ok(())
}

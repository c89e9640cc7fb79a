//! A program with a tool that changes the world, and runs that survive its end.
//!
//! `append_lines FILE run PLAN.json` runs a plan; `append_lines FILE resume RUN` goes on with a run that was killed.
//! The tool `append` adds a line to FILE.
use std::{fs::OpenOptions, io::Write, path::PathBuf, time::Duration};

use medley::{
    About, CallContext, DraftPlan, Effects, EventSink, Medley, MedleyError, Permission, Policy,
    Tool, ToolError, async_trait, schemars,
};
use tokio_util::sync::CancellationToken;

struct Append(PathBuf);

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Input {
    /// The line.
    text: String,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Output {
    text: String,
}

#[async_trait]
impl Tool for Append {
    type Input = Input;
    type Output = Output;

    fn about(&self) -> About {
        About::new("append", "Adds a line to a file.").effects(Effects::Writes)
    }

    async fn call(&self, input: Input, _: &CallContext) -> Result<Output, ToolError> {
        let failed =
            |error| ToolError::permanent("io", "the file cannot be written").caused_by(error);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.0)
            .map_err(failed)?;
        // One write a line: a kill leaves whole lines.
        file.write_all(format!("{}\n", input.text).as_bytes())
            .map_err(failed)?;
        tokio::time::sleep(Duration::from_millis(15)).await;
        Ok(Output { text: input.text })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, action, what] = arguments.as_slice() else {
        anyhow::bail!("append_lines FILE run PLAN.json | FILE resume RUN");
    };
    let policy = Policy {
        writes: Permission::Allow,
        ..Policy::default()
    };
    let medley = Medley::builder()
        .provider(Append(file.into()))
        .policy(policy)
        .build()?;
    let (events, cancel) = (EventSink::ignored(), CancellationToken::new());
    let outcome = if action == "resume" {
        medley.resume(what, &events, &cancel).await?
    } else {
        let draft = DraftPlan::from_json_text(&std::fs::read_to_string(what)?)
            .map_err(MedleyError::Plan)?;
        medley.exec(&draft, &[], &events, &cancel).await?
    };
    println!("{:?}", outcome.status);
    Ok(())
}

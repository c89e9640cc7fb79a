//! Asks a model behind an address and prints what it says, a delta a line, as JSON.
//!
//! `echo '{"messages":[{"role":"user","content":[{"type":"text","text":"Hello?"}]}]}' | \
//!   cargo run --release -p medley-models --example chat_endpoint -- http://127.0.0.1:8080 little [KEY_VARIABLE]`
//!
//! On standard input is a `ChatRequest`. An error is printed with its kind and its way out.

use std::io;

use anyhow::{Context, Result};
use futures::StreamExt;
use medley_models::{Endpoint, EndpointSettings, SecretKey};
use medley_orchestrator::{ChatError, ChatModel, ChatRequest, ChatSupport};
use serde_json::json;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments
        .next()
        .context("the first argument is the address")?;
    let model = arguments
        .next()
        .context("the second argument is the model")?;
    let variable = arguments.next();
    let key = variable.as_deref().map(SecretKey::from_environment);
    let mut settings = EndpointSettings::new("example", address, model);
    settings.key_variable.clone_from(&variable);
    settings.supports = ChatSupport {
        vision: true,
        tools: true,
        schema: true,
        plans: false,
    };
    let endpoint = Endpoint::new(settings, key.transpose()?.flatten())?;
    let request: ChatRequest = serde_json::from_reader(io::stdin())?;
    if let Err(error) = print(&endpoint, &request).await {
        let told = json!({"error": error.kind, "message": error.message, "hint": error.hint});
        println!("{told}");
    }
    Ok(())
}

async fn print(endpoint: &Endpoint, request: &ChatRequest) -> Result<(), ChatError> {
    let mut stream = endpoint.chat(request, &CancellationToken::new()).await?;
    while let Some(delta) = stream.next().await {
        println!("{}", json!(delta?));
    }
    Ok(())
}

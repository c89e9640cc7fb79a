//! How fast a local model reads and writes, and how much memory it takes, as one JSON object.
//!
//! ```text
//! cargo bench -p medley-models --bench local_decoding -- MODEL.gguf TOKENS
//! ```
//! Without a model, a tiny one with random weights is taken, which only shows that it runs. `bench/llm/decoding.py`
//! compares with llama.cpp.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use medley_models::families::gguf::{LocalChat, LocalChatSettings};
use medley_orchestrator::{
    ChatModel, ChatReply, ChatRequest, Kind, Ledger, Limits, Message, PlanShape, ResponseFormat,
    Usage, ValueType,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// About 230 tokens where each byte is one.
const PROMPT: &str =
    "Read the sign in the picture, translate what it says into French, and say it out loud. ";

fn main() -> anyhow::Result<()> {
    let arguments = std::env::args().skip(1);
    let mut arguments = arguments.filter(|argument| !argument.starts_with("--"));
    let tiny = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/gguf/llama-q8_0.gguf");
    let path = PathBuf::from(arguments.next().unwrap_or_else(|| tiny.to_owned()));
    let tokens: u32 = arguments.next().map_or(Ok(64), |count| count.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!("{}", runtime.block_on(measure(path, tokens))?);
    Ok(())
}

async fn measure(path: PathBuf, tokens: u32) -> anyhow::Result<serde_json::Value> {
    let bytes = std::fs::metadata(&path)?.len();
    let settings = LocalChatSettings {
        name: "bench".to_owned(),
        path: Some(path),
        hub: None,
        revision: None,
        context_tokens: Some(1024),
    };
    let chat = LocalChat::new(settings, &Ledger::new(Limits::unlimited()));
    let (load, _) = timed(&chat, "Hi", 1).await?;
    // The second request has its prompt in common with the first, so that all its time is for writing.
    let prompt = PROMPT.repeat(if bytes < 1 << 20 { 1 } else { 3 });
    let (reading, read) = timed(&chat, &prompt, 1).await?;
    let (writing, wrote) = timed(&chat, &prompt, tokens).await?;
    let (read, wrote) = (read.input_tokens, wrote.output_tokens);
    let peak = peak_memory();
    // Plans are written until they end; as many tokens are then written without a constraint, turn by turn.
    let mut cost = Vec::new();
    for _ in 0..3 {
        let (held, plan) = written(&chat, &prompt, 512, plans()).await?;
        let count = u32::try_from(plan.output_tokens)?;
        let (free, same) = written(&chat, &prompt, count, ResponseFormat::Text).await?;
        let each = |time: Duration, usage: Usage| time.as_secs_f64() / usage.output_tokens as f64;
        cost.push(each(held, plan) / each(free, same));
    }
    cost.sort_by(f64::total_cmp);
    Ok(json!({
        "load_s": load.as_secs_f64(),
        "read_tokens": read,
        "read_tokens_per_s": per_second(read, reading),
        "written_tokens": wrote,
        "written_tokens_per_s": per_second(wrote, writing),
        "plan_time_over_free_time": cost[1],
        "file_bytes": bytes,
        "peak_bytes": peak,
    }))
}

/// The format that holds a reply to plans over the tools that come with Medley.
fn plans() -> ResponseFormat {
    let tools = include_str!("../../planners/fixtures/capabilities.json");
    ResponseFormat::Plan(Box::new(PlanShape {
        capabilities: serde_json::from_str(tools).unwrap_or_default(),
        inputs: vec![
            ("input1".to_owned(), ValueType::artifact(Kind::Image)),
            ("request".to_owned(), ValueType::String),
        ],
        earlier: Vec::new(),
        may_be_done: false,
        max_steps: 16,
        max_string: 200,
    }))
}

async fn timed(chat: &LocalChat, prompt: &str, most: u32) -> anyhow::Result<(Duration, Usage)> {
    written(chat, prompt, most, ResponseFormat::Text).await
}

async fn written(
    chat: &LocalChat,
    prompt: &str,
    most: u32,
    format: ResponseFormat,
) -> anyhow::Result<(Duration, Usage)> {
    let request = ChatRequest {
        max_tokens: Some(most),
        format,
        ..ChatRequest::new(vec![Message::user(prompt)])
    };
    let start = Instant::now();
    let stream = chat.chat(&request, &CancellationToken::new()).await?;
    let reply = ChatReply::collect(stream).await?;
    let usage = reply.usage.context("the reply has no use")?;
    Ok((start.elapsed(), usage))
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn per_second(tokens: u64, time: Duration) -> f64 {
    tokens as f64 / time.as_secs_f64()
}

/// The most memory that the process had, where the system tells (Linux).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

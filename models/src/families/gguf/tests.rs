//! Against the files in `models/fixtures/gguf`, which Python wrote with what it makes of them.

mod bad_files;
mod chatting;
mod decoding;
mod tokens;

use std::{path::PathBuf, sync::Arc};

use serde::Deserialize;
use serde_json::Value;

use super::{
    generation::{Decoder, Order},
    header::Header,
    metadata::Metadata,
    network::Network,
    sampling::Choice,
};

/// What `make_tiny_gguf.py` wrote.
#[derive(Deserialize)]
struct References {
    models: Vec<Reference>,
    sentencepiece: SentencePiece,
}

#[derive(Deserialize)]
struct Reference {
    architecture: String,
    tokens: Vec<u32>,
    logits: Vec<Vec<f32>>,
    long_tokens: Vec<u32>,
    long_logits: Vec<f32>,
    logits_q8_0: Vec<f32>,
    greedy: Vec<u32>,
    texts: Vec<Tokens>,
    prompts: Vec<Prompt>,
}

#[derive(Deserialize)]
struct SentencePiece {
    begin: u32,
    texts: Vec<Tokens>,
}

#[derive(Deserialize)]
struct Tokens {
    text: String,
    ids: Vec<u32>,
}

#[derive(Deserialize)]
struct Prompt {
    messages: Vec<Said>,
    #[serde(default)]
    tools: Vec<Value>,
    text: String,
}

#[derive(Deserialize)]
struct Said {
    role: String,
    content: String,
}

fn references() -> References {
    serde_json::from_str(include_str!("../../../fixtures/gguf/reference.json")).unwrap()
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/gguf")
        .join(name)
}

fn header(name: &str) -> Arc<Header> {
    Arc::new(Header::read(&file(name), "tiny", usize::MAX).unwrap())
}

fn network(header: &Header) -> Network {
    let mut metadata = Metadata::open(&header.path).unwrap();
    Network::load(&mut metadata, &header.shape).unwrap()
}

fn decoder(header: &Header) -> Decoder {
    Decoder::new(network(header), header.shape.clone())
}

fn order(prompt: &[u32], most: usize) -> Order {
    Order {
        prompt: prompt.to_vec(),
        most,
        choice: Choice::default(),
        stops: Vec::new(),
        constraint: None,
    }
}

//! Language models from GGUF files.

#[allow(dead_code, reason = "the model that is held to it uses it")]
mod constraint;
#[allow(
    dead_code,
    unused_imports,
    reason = "the model that is held to it uses it"
)]
mod plan_grammar;

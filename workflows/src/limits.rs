//! How much a script may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a script may take; how many steps and how long is in the bounds of the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScriptLimits {
    /// How many operations it may do, all its threads together: expressions, statements and calls.
    pub operations: u64,
    /// How deep calls of its functions may go.
    pub calls: usize,
    /// How many variables a function may have at once.
    pub variables: usize,
    /// How long a text may be, in bytes; those in one value together.
    pub text: usize,
    /// How many items an array may have, with the arrays in it.
    pub array: usize,
    /// How many fields a map may have, with the maps in it.
    pub map: usize,
    /// How many bytes may leave it in all: what it says, emits and passes to tools.
    pub sent: usize,
    /// How many functions may run beside each other.
    pub threads: usize,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self {
            operations: 10_000_000,
            calls: 32,
            variables: 128,
            text: 1 << 20,
            array: 100_000,
            map: 10_000,
            sent: 64 << 20,
            threads: 64,
        }
    }
}

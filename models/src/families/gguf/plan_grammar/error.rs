//! Why a reply cannot be held to its form.

use super::super::constraint::ConstraintError;

/// Why a reply cannot be held to its form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum GrammarError {
    /// The vocabulary cannot write everything.
    #[error(
        "the model has no token for the byte 0x{0:02X}; use a model whose tokenizer falls back to bytes"
    )]
    MissingByte(u8),
    /// The end-of-text token is not in the vocabulary.
    #[error("the end-of-text token {0} is not in the vocabulary; the model file is damaged")]
    MissingEnd(u32),
    /// The vocabulary cannot be prepared.
    #[error("the vocabulary cannot be used to hold a reply to a form: {0}")]
    Vocabulary(String),
    /// No tool can be called.
    #[error(
        "no tool can be called with what is there; attach a file that one takes, or offer more tools"
    )]
    NoTool,
    /// The reply cannot be brought to an end any more.
    #[error("{left} tokens are left, and the shortest ending takes {needed}; allow more tokens")]
    TooShort {
        /// How many tokens the shortest ending takes.
        needed: usize,
        /// How many may be written.
        left: usize,
    },
    /// A token that may not stand here.
    #[error("the token {0} may not come next; choose one that the mask allows")]
    Refused(u32),
    /// A JSON schema that cannot be followed.
    #[error("the JSON schema cannot be followed: {0}; simplify it")]
    Schema(String),
    /// The grammar engine gave up.
    #[error("the grammar cannot be followed: {0}; offer fewer tools or simpler ones")]
    Grammar(String),
}

impl From<GrammarError> for ConstraintError {
    fn from(error: GrammarError) -> Self {
        Self(error.to_string())
    }
}

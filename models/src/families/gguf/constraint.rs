//! The seam to grammars: what says which tokens a reply may go on with.
//!
//! Decoding asks it before each token and tells it each token that was written; it knows nothing of networks.

use std::sync::OnceLock;

use medley_orchestrator::ResponseFormat;

use super::{
    plan_grammar::{GrammarError, PlanConstraint, SchemaConstraint, Vocabulary},
    tokenizer::ChatTokenizer,
};

/// Whether replies can be held to a JSON schema.
pub(super) const SCHEMAS: bool = true;

/// Whether replies can be held to the grammar of plans.
pub(super) const PLANS: bool = true;

/// Why a grammar cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the reply cannot be held to its format: {0}")]
pub(crate) struct ConstraintError(pub(crate) String);

/// What a reply is held to, token by token.
///
/// The tokens that end a reply are no part of the mask: they may come when [`Constraint::may_end`] says so.
pub(crate) trait Constraint: Send {
    /// Which tokens may come next, when `left` tokens may still be written; None = all.
    fn mask(&mut self, left: usize) -> Result<Option<&TokenMask>, ConstraintError>;

    /// Takes a token that was written, forced ones too.
    fn accept(&mut self, token: u32) -> Result<(), ConstraintError>;

    /// Whether the reply may end here.
    fn may_end(&self) -> bool;

    /// Tokens that must come next, skipping the model where there is no choice (may be empty).
    fn forced(&mut self) -> Vec<u32>;
}

/// Makes what replies are held to. The vocabulary is prepared when it is first needed.
#[derive(Default)]
pub(super) struct Constraints {
    vocabulary: OnceLock<Result<Vocabulary, GrammarError>>,
}

impl Constraints {
    /// What a reply in this format is held to; nothing, if it is any text.
    pub(super) fn of(
        &self,
        format: &ResponseFormat,
        tokenizer: &ChatTokenizer,
    ) -> Result<Option<Box<dyn Constraint>>, ConstraintError> {
        if *format == ResponseFormat::Text {
            return Ok(None);
        }
        let prepared = self.vocabulary.get_or_init(|| vocabulary_of(tokenizer));
        let vocabulary = prepared.as_ref().map_err(|error| error.clone())?;
        Ok(Some(match format {
            ResponseFormat::Plan(shape) => Box::new(PlanConstraint::new(vocabulary, shape)?),
            ResponseFormat::Schema { schema, .. } => {
                Box::new(SchemaConstraint::new(vocabulary, schema)?)
            }
            ResponseFormat::Json | ResponseFormat::Text => {
                Box::new(SchemaConstraint::any_object(vocabulary)?)
            }
        }))
    }
}

fn vocabulary_of(tokenizer: &ChatTokenizer) -> Result<Vocabulary, GrammarError> {
    let size = u32::try_from(tokenizer.size()).unwrap_or(u32::MAX);
    let bytes = |token| Some(tokenizer.bytes(token).to_vec()).filter(|bytes| !bytes.is_empty());
    let end = tokenizer.ends().first().copied().unwrap_or(u32::MAX);
    Vocabulary::new((0..size).map(bytes).collect(), end, tokenizer.ends())
}

/// A set of tokens, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenMask {
    words: Vec<u32>,
}

impl TokenMask {
    /// No token of a vocabulary of this size.
    pub(crate) fn none(tokens: usize) -> Self {
        Self {
            words: vec![0; tokens.div_ceil(32)],
        }
    }

    /// The words of the set: token `i` is bit `i % 32` of word `i / 32`.
    pub(crate) fn words_mut(&mut self) -> &mut [u32] {
        &mut self.words
    }

    /// Adds a token; one that is beyond the vocabulary is left out.
    pub(crate) fn allow(&mut self, token: u32) {
        if let Some(word) = self.words.get_mut(token as usize / 32) {
            *word |= 1 << (token % 32);
        }
    }

    /// Whether the token is in the set.
    pub(crate) fn allows(&self, token: u32) -> bool {
        let word = self.words.get(token as usize / 32);
        word.is_some_and(|word| word >> (token % 32) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_holds_what_was_added() {
        let mut mask = TokenMask::none(70);
        for token in [0, 31, 32, 69] {
            assert!(!mask.allows(token));
            mask.allow(token);
            assert!(mask.allows(token));
        }
        assert!(!mask.allows(33));
        mask.allow(1000);
        assert!(!mask.allows(1000));
    }
}

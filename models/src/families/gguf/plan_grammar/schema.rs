//! Holds a reply to a JSON schema.

use llguidance::{JsonCompileOptions, Matcher, api::TopLevelGrammar};
use serde_json::{Value as Json, json};

use super::{
    super::constraint::{Constraint, ConstraintError, TokenMask},
    error::GrammarError,
    line::engine,
    vocabulary::Vocabulary,
};

/// Holds a reply to a JSON schema.
///
/// A schema without bounds on its strings and lists allows replies of any length; the limit on tokens can then cut one.
pub(crate) struct SchemaConstraint {
    vocabulary: Vocabulary,
    matcher: Matcher,
    may_end: bool,
    mask: Option<TokenMask>,
}

impl SchemaConstraint {
    /// Holds a reply to values of this schema, without white space between their parts.
    ///
    /// # Errors
    /// [`GrammarError::Schema`] when the schema is none or asks for what cannot be followed.
    pub(crate) fn new(vocabulary: &Vocabulary, schema: &Json) -> Result<Self, GrammarError> {
        if !schema.is_object() {
            return Err(GrammarError::Schema("it is not an object".to_owned()));
        }
        let mut schema = schema.clone();
        let options = JsonCompileOptions {
            whitespace_flexible: false,
            ..JsonCompileOptions::default()
        };
        options.apply_to(&mut schema);
        let grammar = TopLevelGrammar::from_json_schema(schema);
        let matcher = vocabulary.matcher(grammar).map_err(|error| match error {
            GrammarError::Grammar(reason) => GrammarError::Schema(reason),
            other => other,
        })?;
        Ok(Self {
            vocabulary: vocabulary.clone(),
            matcher,
            may_end: false,
            mask: None,
        })
    }

    /// Holds a reply to any JSON object.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn any_object(vocabulary: &Vocabulary) -> Result<Self, GrammarError> {
        Self::new(vocabulary, &json!({ "type": "object" }))
    }
}

impl Constraint for SchemaConstraint {
    fn mask(&mut self, left: usize) -> Result<Option<&TokenMask>, ConstraintError> {
        let end = self.vocabulary.end();
        let mask = if self.matcher.is_stopped() || (left <= 1 && self.may_end) {
            self.vocabulary.only(end)
        } else {
            let mut tokens = self.matcher.compute_mask().map_err(engine)?;
            tokens.set(end as usize, self.may_end);
            self.vocabulary.mask(&tokens)
        };
        Ok(Some(self.mask.insert(mask)))
    }

    fn accept(&mut self, token: u32) -> Result<(), ConstraintError> {
        let mask = self.mask.take();
        if mask.is_some_and(|mask| !mask.allows(token)) {
            return Err(GrammarError::Refused(token).into());
        }
        if token == self.vocabulary.end() {
            return match self.may_end {
                true => Ok(()),
                false => Err(GrammarError::Refused(token).into()),
            };
        }
        if self.matcher.validate_tokens(&[token]).map_err(engine)? == 0 {
            return Err(GrammarError::Refused(token).into());
        }
        self.matcher.consume_token(token).map_err(engine)?;
        self.may_end = self.matcher.is_stopped() || self.matcher.is_accepting().map_err(engine)?;
        Ok(())
    }

    fn may_end(&self) -> bool {
        self.may_end
    }

    fn forced(&mut self) -> Vec<u32> {
        if self.may_end {
            return Vec::new();
        }
        let bytes = self.matcher.compute_ff_bytes();
        self.vocabulary.forced(&bytes)
    }
}

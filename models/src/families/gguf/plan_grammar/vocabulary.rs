//! The tokens of a model as bytes, and how few of them write a text.

use std::sync::Arc;

use llguidance::{
    Matcher, ParserFactory,
    api::TopLevelGrammar,
    toktrie::{ApproximateTokEnv, InferenceCapabilities, SimpleVob, TokEnv, TokRxInfo, TokTrie},
};

use super::{super::constraint::TokenMask, error::GrammarError, lark};

/// The tokens of a model; clones share everything.
#[derive(Clone)]
pub(crate) struct Vocabulary(Arc<Shared>);

struct Shared {
    trie: TokTrie,
    factory: ParserFactory,
    end: u32,
}

impl Vocabulary {
    /// The vocabulary in which token `i` stands for the bytes `tokens[i]`. A reply never holds `special` tokens and
    /// those that stand for nothing; `end` ends it.
    ///
    /// # Errors
    /// [`GrammarError::MissingEnd`], and [`GrammarError::MissingByte`] when a character cannot be written byte
    /// by byte.
    pub(crate) fn new(
        tokens: Vec<Option<Vec<u8>>>,
        end: u32,
        special: &[u32],
    ) -> Result<Self, GrammarError> {
        let mut words: Vec<Vec<u8>> = tokens.into_iter().map(Option::unwrap_or_default).collect();
        for &token in special.iter().chain([&end]) {
            if let Some(word) = words.get_mut(token as usize) {
                word.clear();
            }
        }
        let size = u32::try_from(words.len()).unwrap_or(u32::MAX);
        if end >= size {
            return Err(GrammarError::MissingEnd(end));
        }
        let trie = TokTrie::from(&TokRxInfo::new(size, end), &words);
        let needed = [b'\n'].into_iter().chain(b' '..=b'~').chain(0x80..=0xBF);
        for byte in needed {
            if trie.token_id_at_bytes(&[byte]).is_none() {
                return Err(GrammarError::MissingByte(byte));
            }
        }
        let environment: TokEnv = Arc::new(ApproximateTokEnv::new(trie.clone()));
        let mut factory = ParserFactory::new(
            &environment,
            InferenceCapabilities::default(),
            &lark::slices(),
        )
        .map_err(|error| GrammarError::Vocabulary(error.to_string()))?;
        factory.quiet();
        factory.limits_mut().verbose_errors = false;
        Ok(Self(Arc::new(Shared { trie, factory, end })))
    }

    /// The end-of-text token.
    pub(crate) fn end(&self) -> u32 {
        self.0.end
    }

    /// How many tokens there are.
    #[cfg(test)]
    pub(super) fn size(&self) -> u32 {
        u32::try_from(self.0.trie.vocab_size()).unwrap_or(u32::MAX)
    }

    /// The bytes of a token.
    pub(crate) fn bytes(&self, token: u32) -> &[u8] {
        match (token as usize) < self.0.trie.vocab_size() {
            true => self.0.trie.token(token),
            false => &[],
        }
    }

    /// A mask of one token.
    pub(super) fn only(&self, token: u32) -> TokenMask {
        let mut mask = TokenMask::none(self.0.trie.vocab_size());
        mask.allow(token);
        mask
    }

    /// A mask of these tokens.
    pub(super) fn mask(&self, tokens: &SimpleVob) -> TokenMask {
        let mut mask = TokenMask::none(self.0.trie.vocab_size());
        for (word, bits) in mask.words_mut().iter_mut().zip(tokens.as_slice()) {
            *word = *bits;
        }
        mask
    }

    /// What follows a grammar, from its start.
    pub(super) fn matcher(&self, grammar: TopLevelGrammar) -> Result<Matcher, GrammarError> {
        let matcher = Matcher::new(self.0.factory.create_parser(grammar));
        match matcher.get_error() {
            None => Ok(matcher),
            Some(error) => Err(GrammarError::Grammar(error)),
        }
    }

    /// The fewest tokens that write `bytes`; the longest first where there are several ways.
    pub(super) fn tokens(&self, bytes: &[u8]) -> Vec<u32> {
        let fewest = self.fewest(bytes);
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < bytes.len() {
            let steps = self.starting(&bytes[at..]);
            let Some((token, length)) =
                steps.min_by_key(|&(_, length)| (fewest[at + length], usize::MAX - length))
            else {
                break;
            };
            tokens.push(token);
            at += length;
        }
        tokens
    }

    /// How many tokens the text takes from each of its bytes on.
    pub(super) fn fewest(&self, bytes: &[u8]) -> Vec<usize> {
        let mut fewest = vec![0_usize; bytes.len() + 1];
        for at in (0..bytes.len()).rev() {
            let steps = self.starting(&bytes[at..]);
            let behind = steps.map(|(_, length)| fewest[at + length]).min();
            // Every byte that a plan needs has a token, so that this is never reached.
            fewest[at] = behind.unwrap_or(usize::MAX / 2).saturating_add(1);
        }
        fewest
    }

    /// The tokens that `bytes` starts with, and their lengths.
    fn starting(&self, bytes: &[u8]) -> impl Iterator<Item = (u32, usize)> {
        let trie = &self.0.trie;
        let nodes = bytes.iter().scan(trie.root(), |node, &byte| {
            *node = trie.child_at_byte(node, byte)?;
            Some(*node)
        });
        nodes
            .enumerate()
            .filter_map(|(index, node)| Some((node.token_id()?, index + 1)))
    }

    /// The tokens of bytes that must come next. The last of them are left out while a longer token could begin there.
    pub(super) fn forced(&self, bytes: &[u8]) -> Vec<u32> {
        let mut tokens = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() && !self.0.trie.has_extensions(rest) {
            let longest = self.starting(rest).max_by_key(|&(_, length)| length);
            let Some((token, length)) = longest else {
                break;
            };
            tokens.push(token);
            rest = &rest[length..];
        }
        tokens
    }
}

//! Text to tokens and tokens to bytes, as the model's file says.
//!
//! What the tokens are for is not known here; which of them end a reply is.

mod bpe;

use std::path::Path;

use tokenizers::{DecoderWrapper, Tokenizer};

use super::{error::Problem, metadata::Metadata};

/// Tokens that end a reply in the families that run here, whatever the file names as its end.
const ENDS: [&str; 7] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|end|>",
    "</s>",
];

/// A model's tokenizer.
pub(crate) struct ChatTokenizer {
    tokenizer: Tokenizer,
    /// What each token stands for; nothing, for control tokens.
    spellings: Vec<Spelling>,
    ends: Vec<u32>,
    begin: Option<u32>,
    begins: bool,
    end: Option<u32>,
}

/// What a token stands for.
enum Spelling {
    Bytes(Box<[u8]>),
    Control(String),
    Nothing,
}

impl ChatTokenizer {
    /// The tokenizer in the header, or the one in the `tokenizer.json` beside the file.
    pub(super) fn of(metadata: &Metadata, beside: &Path) -> Result<Self, Problem> {
        let tokenizer = if beside.is_file() {
            Tokenizer::from_file(beside)
                .map_err(|error| Problem::Tokenizer(format!("{}: {error}", beside.display())))?
        } else {
            bpe::tokenizer(metadata)?
        };
        let token = |name: &str| {
            let number = metadata.number(&format!("tokenizer.ggml.{name}_token_id"));
            number.and_then(|number| u32::try_from(number).ok())
        };
        let end = token("eos");
        let mut ends: Vec<u32> = [end, token("eot"), token("eom")]
            .into_iter()
            .flatten()
            .collect();
        ends.extend(ENDS.iter().filter_map(|end| tokenizer.token_to_id(end)));
        ends.sort_unstable();
        ends.dedup();
        let spellings = spellings(&tokenizer, &ends);
        Ok(Self {
            begins: metadata
                .flag("tokenizer.ggml.add_bos_token")
                .unwrap_or_else(|| begins_by_custom(metadata)),
            spellings,
            ends,
            begin: token("bos"),
            end,
            tokenizer,
        })
    }

    /// The tokens of a text in which control tokens are written out, with the one that begins every text where the
    /// model wants it.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, Problem> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|error| Problem::Tokenizer(error.to_string()))?;
        let mut tokens = encoding.get_ids().to_vec();
        if let Some(begin) = self.begin
            && self.begins
            && tokens.first() != Some(&begin)
        {
            tokens.insert(0, begin);
        }
        Ok(tokens)
    }

    /// How many tokens a text takes, without one that begins it.
    pub(super) fn count(&self, text: &str) -> Option<usize> {
        let encoding = self.tokenizer.encode_fast(text, false).ok()?;
        Some(encoding.get_ids().len())
    }

    /// How many tokens there are.
    pub(crate) fn size(&self) -> usize {
        self.spellings.len()
    }

    /// The bytes that a token stands for; none, for control tokens.
    pub(crate) fn bytes(&self, token: u32) -> &[u8] {
        match self.spellings.get(token as usize) {
            Some(Spelling::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// The tokens that end a reply.
    pub(crate) fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The texts of the tokens that steer the model, which nothing that is quoted may contain.
    pub(super) fn controls(&self) -> impl Iterator<Item = &str> {
        self.spellings.iter().filter_map(|spelling| match spelling {
            Spelling::Control(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// What begins every text, as chat templates write it.
    pub(super) fn begin_text(&self) -> String {
        self.text_of(self.begin)
    }

    /// What ends a text, as chat templates write it.
    pub(super) fn end_text(&self) -> String {
        self.text_of(self.end)
    }

    fn text_of(&self, token: Option<u32>) -> String {
        token
            .and_then(|token| self.tokenizer.id_to_token(token))
            .unwrap_or_default()
    }
}

/// Whether such a tokenizer begins texts, where the file does not say (as in llama.cpp).
fn begins_by_custom(metadata: &Metadata) -> bool {
    let llama = metadata.text("tokenizer.ggml.model") == Some("llama");
    let pre = metadata.text("tokenizer.ggml.pre");
    llama || matches!(pre, Some("llama3" | "llama-v3" | "llama-bpe"))
}

fn spellings(tokenizer: &Tokenizer, ends: &[u32]) -> Vec<Spelling> {
    let added = tokenizer.get_added_tokens_decoder();
    let bytes_as_characters = writes_bytes_as_characters(tokenizer.get_decoder());
    let highest = added.keys().copied().max().unwrap_or(0);
    let size = (highest as usize + 1).max(tokenizer.get_vocab_size(true));
    (0..u32::try_from(size).unwrap_or(u32::MAX))
        .map(|id| match (added.get(&id), tokenizer.id_to_token(id)) {
            (Some(token), _) if token.special || ends.contains(&id) => {
                Spelling::Control(token.content.clone())
            }
            (Some(token), _) => Spelling::Bytes(token.content.as_bytes().into()),
            (None, Some(text)) if bytes_as_characters => bpe::bytes_of_characters(&text),
            (None, Some(text)) => bpe::bytes_of_piece(&text),
            (None, None) => Spelling::Nothing,
        })
        .collect()
}

fn writes_bytes_as_characters(decoder: Option<&DecoderWrapper>) -> bool {
    match decoder {
        Some(DecoderWrapper::ByteLevel(_)) => true,
        Some(DecoderWrapper::Sequence(sequence)) => sequence
            .get_decoders()
            .iter()
            .any(|decoder| writes_bytes_as_characters(Some(decoder))),
        _ => false,
    }
}

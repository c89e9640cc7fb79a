//! Builds the tokenizers that GGUF headers describe: byte-level BPE (`gpt2`) and SentencePiece BPE (`llama`).

use tokenizers::{
    AddedToken, DecoderWrapper, NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior,
    Tokenizer,
    decoders::{
        byte_fallback::ByteFallback, fuse::Fuse, sequence::Sequence as Decoders, strip::Strip,
    },
    models::bpe::{BPE, Vocab},
    normalizers::{NFC, Prepend, Replace, Sequence as Normalizers},
    pre_tokenizers::{
        byte_level::ByteLevel,
        digits::Digits,
        sequence::Sequence as PreTokenizers,
        split::{Split, SplitPattern},
    },
};

use super::Spelling;
use crate::families::gguf::{error::Problem, metadata::Metadata};

/// How the tokenizers of llama 3 and qwen 2 cut a text into words; they differ in how many digits go together.
const WORDS: [&str; 2] = [
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
];

/// The kinds of tokens, as in llama.cpp's `llama_token_type`.
mod kind {
    pub(super) const UNKNOWN: usize = 2;
    pub(super) const CONTROL: usize = 3;
    pub(super) const WRITTEN: usize = 4;
}

/// The space of SentencePiece.
const SPACE: &str = "▁";

/// The tokenizer that the header describes.
pub(super) fn tokenizer(metadata: &Metadata) -> Result<Tokenizer, Problem> {
    let model = metadata
        .text("tokenizer.ggml.model")
        .ok_or_else(|| missing("model"))?;
    let tokens = metadata
        .texts("tokenizer.ggml.tokens")
        .ok_or_else(|| missing("tokens"))?;
    let mut tokenizer = match model {
        "gpt2" => byte_level(metadata, &tokens)?,
        "llama" => sentence_piece(metadata, &tokens)?,
        other => {
            let problem = format!("it is of the kind '{other}', and known are gpt2 and llama");
            return Err(Problem::Tokenizer(problem));
        }
    };
    let kinds = metadata.numbers("tokenizer.ggml.token_type");
    let of_kind = |wanted: &[usize], special: bool| -> Vec<AddedToken> {
        let kinds = kinds.as_deref().unwrap_or_default();
        tokens
            .iter()
            .zip(kinds)
            .filter(|(_, kind)| wanted.contains(kind))
            .map(|(token, _)| AddedToken::from(*token, special).normalized(false))
            .collect()
    };
    tokenizer
        .add_special_tokens(of_kind(&[kind::UNKNOWN, kind::CONTROL], true))
        .map_err(unusable)?;
    tokenizer
        .add_tokens(of_kind(&[kind::WRITTEN], false))
        .map_err(unusable)?;
    Ok(tokenizer)
}

fn byte_level(metadata: &Metadata, tokens: &[&str]) -> Result<Tokenizer, Problem> {
    let merges = metadata
        .texts("tokenizer.ggml.merges")
        .ok_or_else(|| missing("merges"))?;
    let merges = merges
        .iter()
        .map(|merge| {
            let (left, right) = merge
                .split_once(' ')
                .ok_or_else(|| Problem::Tokenizer(format!("'{merge}' is no merge of two")))?;
            Ok((left.to_owned(), right.to_owned()))
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let pre = metadata
        .text("tokenizer.ggml.pre")
        .unwrap_or("default")
        .to_owned();
    let (words, whole) = words(&pre)?;
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary(tokens), merges)
        // llama 3 takes a word that is a token as it is.
        .ignore_merges(whole)
        .build()
        .map_err(unusable)?;
    let mut tokenizer = Tokenizer::new(bpe);
    if pre == "qwen2" {
        tokenizer.with_normalizer(Some(NFC)).map_err(unusable)?;
    }
    tokenizer.with_pre_tokenizer(Some(words));
    tokenizer.with_decoder(Some(ByteLevel::new(false, false, false)));
    Ok(tokenizer)
}

/// How a text is cut into words, and whether a word that is a token is taken whole.
fn words(pre: &str) -> Result<(PreTokenizerWrapper, bool), Problem> {
    let by = |digits: &str| -> Result<PreTokenizerWrapper, Problem> {
        let pattern = format!("{}{digits}{}", WORDS[0], WORDS[1]);
        let behavior = SplitDelimiterBehavior::Isolated;
        let split = Split::new(SplitPattern::Regex(pattern), behavior, false).map_err(unusable)?;
        let bytes = ByteLevel::new(false, false, false);
        Ok(PreTokenizers::new(vec![split.into(), bytes.into()]).into())
    };
    // With GPT-2's own words.
    let plain = ByteLevel::new(false, false, true);
    Ok(match pre {
        "llama3" | "llama-v3" | "llama-bpe" => (by(r"\p{N}{1,3}")?, true),
        "qwen2" | "deepseek-r1-qwen" => (by(r"\p{N}")?, false),
        "smollm" | "starcoder" | "command-r" | "refact" => {
            let parts = vec![Digits::new(true).into(), plain.into()];
            (PreTokenizers::new(parts).into(), false)
        }
        "default" | "gpt-2" | "gpt2" => (plain.into(), false),
        other => {
            let problem = format!("it cuts words in the unknown way '{other}'");
            return Err(Problem::Tokenizer(problem));
        }
    })
}

fn sentence_piece(metadata: &Metadata, tokens: &[&str]) -> Result<Tokenizer, Problem> {
    let scores = metadata
        .floats("tokenizer.ggml.scores")
        .ok_or_else(|| missing("scores"))?;
    let vocabulary = vocabulary(tokens);
    let merges = merges_by_score(tokens, &scores, &vocabulary);
    let unknown = metadata
        .number("tokenizer.ggml.unknown_token_id")
        .unwrap_or(0);
    let unknown = tokens.get(unknown).copied().unwrap_or("<unk>");
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .unk_token(unknown.to_owned())
        .fuse_unk(true)
        .byte_fallback(true)
        .build()
        .map_err(unusable)?;
    let mut tokenizer = Tokenizer::new(bpe);
    let mut normalizers: Vec<NormalizerWrapper> = Vec::new();
    let space = Replace::new(SPACE.to_owned(), " ").map_err(unusable)?;
    let mut decoders: Vec<DecoderWrapper> =
        vec![space.into(), ByteFallback::new().into(), Fuse::new().into()];
    if metadata.flag("tokenizer.ggml.add_space_prefix") != Some(false) {
        normalizers.push(Prepend::new(SPACE.to_owned()).into());
        decoders.push(Strip::new(' ', 1, 0).into());
    }
    let to_space = Replace::new(" ".to_owned(), SPACE).map_err(unusable)?;
    normalizers.push(to_space.into());
    tokenizer
        .with_normalizer(Some(Normalizers::new(normalizers)))
        .map_err(unusable)?;
    tokenizer.with_decoder(Some(Decoders::new(decoders)));
    Ok(tokenizer)
}

/// SentencePiece joins the two neighbours whose whole has the best score, which is BPE with the merges in that order.
fn merges_by_score(tokens: &[&str], scores: &[f32], known: &Vocab) -> Vec<(String, String)> {
    let mut merges = Vec::new();
    for (token, score) in tokens.iter().zip(scores) {
        for (cut, _) in token.char_indices().skip(1) {
            let (left, right) = token.split_at(cut);
            if let (Some(first), Some(second)) = (known.get(left), known.get(right)) {
                merges.push((*score, *first, *second, left, right));
            }
        }
    }
    merges.sort_by(|one, other| {
        let by_score = other.0.total_cmp(&one.0);
        by_score.then((one.1, one.2).cmp(&(other.1, other.2)))
    });
    merges
        .into_iter()
        .map(|(_, _, _, left, right)| (left.to_owned(), right.to_owned()))
        .collect()
}

fn vocabulary(tokens: &[&str]) -> Vocab {
    let numbered = (0..).zip(tokens);
    numbered
        .map(|(id, token)| ((*token).to_owned(), id))
        .collect()
}

/// The bytes of a token of a byte-level vocabulary, in which each byte is written as a character (GPT-2).
pub(super) fn bytes_of_characters(text: &str) -> Spelling {
    let bytes: Option<Vec<u8>> = text.chars().map(byte_of).collect();
    match bytes {
        Some(bytes) => Spelling::Bytes(bytes.into()),
        None => Spelling::Bytes(text.as_bytes().into()),
    }
}

/// Bytes that can be seen are written as themselves, and the others, in order, as characters from U+0100.
fn byte_of(character: char) -> Option<u8> {
    let seen = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let code = u32::from(character);
    match u8::try_from(code) {
        Ok(byte) => seen(byte).then_some(byte),
        Err(_) => {
            let place = usize::try_from(code.checked_sub(256)?).ok()?;
            (0..=u8::MAX).filter(|byte| !seen(*byte)).nth(place)
        }
    }
}

/// The bytes of a piece of SentencePiece.
pub(super) fn bytes_of_piece(piece: &str) -> Spelling {
    let byte = piece
        .strip_prefix("<0x")
        .and_then(|rest| rest.strip_suffix('>'))
        .and_then(|digits| u8::from_str_radix(digits, 16).ok());
    match byte {
        Some(byte) => Spelling::Bytes([byte].into()),
        None => Spelling::Bytes(piece.replace(SPACE, " ").into_bytes().into()),
    }
}

fn missing(key: &str) -> Problem {
    Problem::Missing(format!("tokenizer.ggml.{key}"))
}

fn unusable(error: impl std::fmt::Display) -> Problem {
    Problem::Tokenizer(error.to_string())
}

//! Sentences as vectors whose angle tells how near they are in meaning: all-MiniLM-L6-v2 through candle.
//!
//! The model is the six-layer BERT of Reimers and Gurevych's sentence-transformers; a sentence's vector is the mean
//! of its tokens' last hidden states, of length 1. What the vectors are compared with is not known here.

use std::path::{Path, PathBuf};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use tokenizers::{PaddingParams, Tokenizer, TruncationParams};

use crate::{Asset, ModelError};

/// Numbers in a sentence's vector.
pub const DIMENSIONS: usize = 384;

/// The longest sentence, in tokens; what is behind is cut off (`sentence_bert_config.json` of the model).
const MAX_TOKENS: usize = 256;

/// Sentences that go through the model at once; bounds the memory that attention takes.
const BATCH: usize = 64;

/// The vector of one sentence, of length 1, so that a dot product is the cosine.
pub type Embedding = [f32; DIMENSIONS];

/// The files that make up the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderFiles {
    /// Weights, `model.safetensors`.
    pub model: PathBuf,
    /// Vocabulary and rules, `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Shape of the network, `config.json`.
    pub config: PathBuf,
}

impl EncoderFiles {
    /// The name of the asset in the catalogue.
    pub const ASSET: &'static str = "all-minilm-l6-v2";

    /// The files of the asset.
    ///
    /// # Errors
    /// [`ModelError::UnknownFile`] if the catalogue does not list one of them.
    pub fn of_asset(asset: &Asset) -> Result<Self, ModelError> {
        Ok(Self {
            model: asset.file("weights")?,
            tokenizer: asset.file("tokenizer")?,
            config: asset.file("config")?,
        })
    }

    /// The files under their usual names in `directory`.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            model: directory.join("model.safetensors"),
            tokenizer: directory.join("tokenizer.json"),
            config: directory.join("config.json"),
        }
    }
}

/// A loaded sentence encoder. It is read only: share it between threads.
pub struct SentenceEncoder {
    network: BertModel,
    tokenizer: Tokenizer,
    path: PathBuf,
}

impl SentenceEncoder {
    /// Reads the model, which takes about 0.1 s and 90 MB.
    ///
    /// # Errors
    /// [`ModelError::ModelLoad`] if a file cannot be read, or is not what its name says.
    pub fn load(files: &EncoderFiles) -> Result<Self, ModelError> {
        let config: Config = serde_json::from_slice(&read(&files.config)?)
            .map_err(|error| unusable(&files.config, &error))?;
        if config.hidden_size != DIMENSIONS {
            let message = format!("its vectors have {} numbers", config.hidden_size);
            return Err(unusable(&files.config, &message));
        }
        let weights = read(&files.model)?;
        let variables = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)
            .map_err(|error| unusable(&files.model, &error))?;
        let network =
            BertModel::load(variables, &config).map_err(|error| unusable(&files.model, &error))?;
        Ok(Self {
            network,
            tokenizer: load_tokenizer(&files.tokenizer, config.pad_token_id)?,
            path: files.model.clone(),
        })
    }

    /// The vectors of `sentences`, in their order. Blocks, a few milliseconds a sentence.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the network refuses its input.
    pub fn embed(&self, sentences: &[&str]) -> Result<Vec<Embedding>, ModelError> {
        // A batch is as wide as its longest sentence, so sentences of like length go together.
        let mut order: Vec<usize> = (0..sentences.len()).collect();
        order.sort_by_key(|&place| sentences[place].len());
        let mut vectors = vec![[0.0; DIMENSIONS]; sentences.len()];
        for batch in order.chunks(BATCH) {
            let texts: Vec<&str> = batch.iter().map(|&place| sentences[place]).collect();
            let rows = self
                .embed_batch(&texts)
                .map_err(|error| self.failure(&error))?;
            for (&place, row) in batch.iter().zip(rows) {
                let length = row.len();
                vectors[place] = row.try_into().map_err(|_| {
                    self.failure(&format!("it gave {length} numbers for {DIMENSIONS}"))
                })?;
            }
        }
        Ok(vectors)
    }

    fn embed_batch(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>, candle_core::Error> {
        let encodings = self
            .tokenizer
            .encode_batch(sentences.to_vec(), true)
            .map_err(candle_core::Error::wrap)?;
        let width = encodings.first().map_or(0, |encoding| encoding.len());
        let shape = (encodings.len(), width);
        let ids: Vec<u32> = encodings
            .iter()
            .flat_map(|encoding| encoding.get_ids().iter().copied())
            .collect();
        let mask: Vec<u32> = encodings
            .iter()
            .flat_map(|encoding| encoding.get_attention_mask().iter().copied())
            .collect();
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let hidden = self
            .network
            .forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        normalised(&mean_over(&hidden, &mask)?)?.to_vec2()
    }

    fn failure(&self, problem: &dyn std::fmt::Display) -> ModelError {
        ModelError::Inference {
            path: self.path.clone(),
            problem: problem.to_string(),
        }
    }
}

/// Mean of the hidden states (batch, tokens, dimensions) over the tokens that `mask` (batch, tokens) keeps.
fn mean_over(hidden: &Tensor, mask: &Tensor) -> Result<Tensor, candle_core::Error> {
    let mask = mask.to_dtype(DType::F32)?.unsqueeze(D::Minus1)?;
    let sum = hidden.broadcast_mul(&mask)?.sum(1)?;
    sum.broadcast_div(&mask.sum(1)?)
}

/// Rows (batch, dimensions) scaled to length 1.
fn normalised(rows: &Tensor) -> Result<Tensor, candle_core::Error> {
    let lengths = rows.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
    rows.broadcast_div(&lengths)
}

fn load_tokenizer(path: &Path, padding: usize) -> Result<Tokenizer, ModelError> {
    let mut tokenizer =
        Tokenizer::from_bytes(read(path)?).map_err(|error| unusable(path, &error))?;
    let truncation = TruncationParams {
        max_length: MAX_TOKENS,
        ..TruncationParams::default()
    };
    tokenizer
        .with_truncation(Some(truncation))
        .map_err(|error| unusable(path, &error))?;
    // The file pads every sentence to 128 tokens, which would cost ten times the work.
    tokenizer.with_padding(Some(PaddingParams {
        pad_id: u32::try_from(padding).unwrap_or_default(),
        ..PaddingParams::default()
    }));
    Ok(tokenizer)
}

fn read(path: &Path) -> Result<Vec<u8>, ModelError> {
    std::fs::read(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, problem: &dyn std::fmt::Display) -> ModelError {
    ModelError::ModelLoad {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::{Models, ModelsOptions};

    /// What `models/fixtures/minilm.py` wrote.
    #[derive(Deserialize)]
    struct Reference {
        sentence: String,
        vector: Vec<f32>,
    }

    fn encoder() -> SentenceEncoder {
        let models = Models::open(ModelsOptions::from_environment().unwrap()).unwrap();
        let cancel = CancellationToken::new();
        let asset = models.assets().ensure(EncoderFiles::ASSET, &cancel);
        SentenceEncoder::load(&EncoderFiles::of_asset(&asset.unwrap()).unwrap()).unwrap()
    }

    fn cosine(one: &[f32], other: &[f32]) -> f32 {
        one.iter().zip(other).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn vectors_equal_those_of_the_python_model() {
        let references: Vec<Reference> =
            serde_json::from_str(include_str!("../../fixtures/minilm.json")).unwrap();
        let sentences: Vec<&str> = references
            .iter()
            .map(|reference| reference.sentence.as_str())
            .collect();
        let encoder = encoder();
        let together = encoder.embed(&sentences).unwrap();
        assert_eq!(together.len(), references.len());
        for (reference, vector) in references.iter().zip(&together) {
            let alone = encoder.embed(&[&reference.sentence]).unwrap();
            for found in [vector, &alone[0]] {
                let likeness = cosine(found, &reference.vector);
                assert!(likeness > 0.9999, "{}: {likeness}", reference.sentence);
                assert!((cosine(found, found) - 1.0).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn no_sentences_give_no_vectors() {
        assert!(encoder().embed(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_no_model_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let files = EncoderFiles::in_directory(directory.path());
        let error = SentenceEncoder::load(&files).err().unwrap();
        assert!(error.to_string().contains("config.json"), "{error}");
        std::fs::write(&files.config, "not json").unwrap();
        assert!(matches!(
            SentenceEncoder::load(&files),
            Err(ModelError::ModelLoad { .. })
        ));
    }
}

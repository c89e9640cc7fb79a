//! The seam to sentence embeddings, and the encoder that is loaded when it is first needed.

use std::sync::{Arc, Mutex, PoisonError};

use medley_models::{
    ModelError, Models,
    families::minilm::{Embedding, EncoderFiles, SentenceEncoder},
};
use tokio_util::sync::CancellationToken;

/// Gives sentences vectors whose dot product tells how near they are in meaning.
pub trait Encoder: Send + Sync {
    /// A text that changes when the vectors do.
    ///
    /// # Errors
    /// When the model is not here and cannot be fetched.
    fn identity(&self, cancel: &CancellationToken) -> Result<String, ModelError>;

    /// Whether it can be used without fetching anything.
    fn is_here(&self) -> bool {
        true
    }

    /// The vectors of `sentences`, each of length 1. Blocks.
    ///
    /// # Errors
    /// When the model is not here, cannot be loaded or fails.
    fn embed(
        &self,
        sentences: &[&str],
        cancel: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError>;
}

/// all-MiniLM-L6-v2 from the asset store, loaded once at first use.
pub struct LazyEncoder {
    models: Models,
    loaded: Mutex<Option<Arc<SentenceEncoder>>>,
}

impl LazyEncoder {
    /// An encoder of these models; reads nothing yet.
    #[must_use]
    pub fn new(models: Models) -> Self {
        Self {
            models,
            loaded: Mutex::default(),
        }
    }

    /// The loaded encoder; callers that come while it is loaded wait for it.
    fn loaded(&self, cancel: &CancellationToken) -> Result<Arc<SentenceEncoder>, ModelError> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(encoder) = &*loaded {
            return Ok(Arc::clone(encoder));
        }
        let asset = self.models.assets().ensure(EncoderFiles::ASSET, cancel)?;
        let encoder = Arc::new(SentenceEncoder::load(&EncoderFiles::of_asset(&asset)?)?);
        *loaded = Some(Arc::clone(&encoder));
        Ok(encoder)
    }
}

impl Encoder for LazyEncoder {
    fn is_here(&self) -> bool {
        let assets = self.models.assets();
        matches!(assets.locate(EncoderFiles::ASSET), Ok(Some(_)))
    }

    fn identity(&self, cancel: &CancellationToken) -> Result<String, ModelError> {
        let asset = self.models.assets().ensure(EncoderFiles::ASSET, cancel)?;
        Ok(format!("{} {}", asset.name(), asset.fingerprint()))
    }

    fn embed(
        &self,
        sentences: &[&str],
        cancel: &CancellationToken,
    ) -> Result<Vec<Embedding>, ModelError> {
        self.loaded(cancel)?.embed(sentences)
    }
}

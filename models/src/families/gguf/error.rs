//! Why a GGUF file cannot be talked to, and what that is to whoever asked.

use std::path::{Path, PathBuf};

use medley_orchestrator::{ChatError, ChatErrorKind, Unfit};

use super::shape::ARCHITECTURES;
use crate::{error::ModelError, readable_bytes};

/// What is wrong with a file, or with what was asked of it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub(super) struct GgufError {
    pub(super) path: PathBuf,
    pub(super) problem: Problem,
}

/// What is wrong, told apart by the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum Problem {
    #[error("there is no such file or directory")]
    Absent,
    #[error("the directory holds {0} GGUF files where there should be one")]
    NotOne(usize),
    #[error("it cannot be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("it is not a whole GGUF file: {0}")]
    NotGguf(String),
    #[error(
        "it has the architecture '{found}', and those that run here are {}",
        ARCHITECTURES.join(", ")
    )]
    Architecture { found: String },
    #[error("its metadata has no usable '{0}'")]
    Missing(String),
    #[error("it needs {0}, which is not supported")]
    Unsupported(String),
    #[error("its tokenizer cannot be used: {0}")]
    Tokenizer(String),
    #[error("its chat template cannot be used: {0}")]
    Template(String),
    #[error("the network failed: {0}")]
    Network(#[from] candle_core::Error),
    #[error("it needs {} of memory, more than is free now", readable_bytes(*bytes))]
    NoMemory { bytes: u64 },
    #[error("{0}")]
    Unfit(#[from] Unfit),
    #[error("it cannot be fetched: {0}")]
    Fetch(Box<ModelError>),
    #[error("its thread has ended")]
    Gone,
}

impl Problem {
    pub(super) fn at(self, path: &Path) -> GgufError {
        GgufError {
            path: path.to_owned(),
            problem: self,
        }
    }

    fn kind(&self) -> ChatErrorKind {
        match self {
            Self::Absent | Self::NotOne(_) | Self::Read(_) => ChatErrorKind::NotFound,
            Self::Architecture { .. } | Self::Unsupported(_) | Self::Unfit(_) => {
                ChatErrorKind::Unsupported
            }
            Self::Fetch(error) if matches!(**error, ModelError::Cancelled { .. }) => {
                ChatErrorKind::Cancelled
            }
            Self::Fetch(_) => ChatErrorKind::NotFound,
            Self::NoMemory { .. } | Self::Gone => ChatErrorKind::Transient,
            Self::NotGguf(_)
            | Self::Missing(_)
            | Self::Tokenizer(_)
            | Self::Template(_)
            | Self::Network(_) => ChatErrorKind::Malformed,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Absent => "give the path of a GGUF file, or of a directory that holds one",
            Self::NotOne(_) => "give the path of the file itself",
            Self::Read(_) => "make the file readable",
            Self::NotGguf(_) => {
                "fetch the file again; its size and SHA-256 should be those that its source gives"
            }
            Self::Architecture { .. } | Self::Unsupported(_) => {
                "choose another file, or serve this one with llama.cpp or Ollama and configure its address"
            }
            Self::Missing(_) => {
                "convert the model again with a current version of llama.cpp's converter"
            }
            Self::Tokenizer(_) => "put the model's tokenizer.json beside the file",
            Self::Template(_) => "choose a file with another chat template",
            Self::NoMemory { .. } => "try again when less is running, or choose a smaller file",
            Self::Unfit(unfit) => return Some(unfit.hint()),
            Self::Fetch(error) => return error.hint(),
            Self::Gone => "try again; the model is loaded anew",
            Self::Network(_) => return None,
        };
        Some(hint.to_owned())
    }
}

impl From<GgufError> for ChatError {
    fn from(error: GgufError) -> Self {
        let shown = Self::new(error.problem.kind(), error.to_string());
        let shown = match error.problem.hint() {
            Some(hint) => shown.with_hint(hint),
            None => shown,
        };
        shown.with_source(error)
    }
}

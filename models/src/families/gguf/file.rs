//! Where a model's file is: at a path, or on the hub from where it is fetched before its first use.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::{
    error::{GgufError, Problem},
    source,
};
use crate::error::ModelError;

/// A file of a repository on the model hub, as in `owner/repository/folder/model.gguf`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HubFile {
    /// Owner and name of the repository.
    pub repository: String,
    /// The file's place in it.
    pub file: String,
}

/// A text names no file on the hub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no file on the hub; it looks like owner/repository/model.gguf")]
pub struct NotAHubFile(String);

impl FromStr for HubFile {
    type Err = NotAHubFile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_plain = |part: &&str| !part.is_empty() && !matches!(*part, "." | "..");
        match parts.as_slice() {
            [owner, name, file @ ..] if !file.is_empty() && parts.iter().all(is_plain) => {
                Ok(Self {
                    repository: format!("{owner}/{name}"),
                    file: file.join("/"),
                })
            }
            _ => Err(NotAHubFile(text.to_owned())),
        }
    }
}

impl TryFrom<String> for HubFile {
    type Error = NotAHubFile;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<HubFile> for String {
    fn from(file: HubFile) -> Self {
        format!("{}/{}", file.repository, file.file)
    }
}

/// Fetches the file if it is not here, and gives its path. Blocks for as long as that takes.
pub type Fetch = Arc<dyn Fn(&CancellationToken) -> Result<PathBuf, ModelError> + Send + Sync>;

/// Where a model's file is.
pub(super) enum Place {
    /// At a path.
    Here(PathBuf),
    /// Wherever it is after it was fetched.
    Fetched { called: PathBuf, fetch: Fetch },
}

impl Place {
    /// What to call it in messages.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Here(path) => path,
            Self::Fetched { called, .. } => called,
        }
    }

    /// The file on this machine.
    pub(super) fn locate(&self, cancel: &CancellationToken) -> Result<PathBuf, GgufError> {
        match self {
            Self::Here(path) => source::locate(path),
            Self::Fetched { called, fetch } => {
                let fetched =
                    fetch(cancel).map_err(|error| Problem::Fetch(Box::new(error)).at(called))?;
                source::locate(&fetched)
            }
        }
    }

    /// Whether to look for it takes no more than a glance.
    pub(super) const fn is_here(&self) -> bool {
        matches!(self, Self::Here(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_on_the_hub_has_an_owner_a_repository_and_a_path() {
        let file: HubFile = "Qwen/Qwen3-0.6B-GGUF/q/Qwen3-0.6B-Q8_0.gguf"
            .parse()
            .unwrap();
        assert_eq!(file.repository, "Qwen/Qwen3-0.6B-GGUF");
        assert_eq!(file.file, "q/Qwen3-0.6B-Q8_0.gguf");
        assert_eq!(
            String::from(file),
            "Qwen/Qwen3-0.6B-GGUF/q/Qwen3-0.6B-Q8_0.gguf"
        );
        for wrong in ["", "a", "a/b", "a/b/", "/a/b/c", "a/../b/c", "a//b"] {
            assert!(wrong.parse::<HubFile>().is_err(), "{wrong}");
        }
    }
}

//! The only door to artifacts' bytes.

mod disk;

use std::{fs::File, io::Read, path::PathBuf};

use async_trait::async_trait;

pub use disk::{Collected, DiskStore};

use crate::{Artifact, Digest, Facts, Kind};

/// Keeps immutable bytes by their digest.
#[async_trait]
pub trait ArtifactStore: Send + Sync {
    /// Keeps `content` and describes it; the size in `facts` is filled in. The same content twice is kept once.
    ///
    /// Cancel-safe: nothing half-written is ever visible.
    ///
    /// # Errors
    /// When the bytes cannot be kept.
    async fn write(
        &self,
        kind: Kind,
        mime: &str,
        facts: Facts,
        content: Vec<u8>,
    ) -> Result<Artifact, StoreError>;

    /// Keeps what `source` gives, however much it is: the bytes go to disk piece by piece. As [`write`](Self::write)
    /// otherwise.
    ///
    /// # Errors
    /// When the bytes cannot be kept, or `source` cannot be read.
    async fn write_from(
        &self,
        kind: Kind,
        mime: &str,
        facts: Facts,
        source: Box<dyn Read + Send>,
    ) -> Result<Artifact, StoreError>;

    /// The bytes with this digest as a file to read from the start, verified piece by piece before it is given out.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn open(&self, id: &Digest) -> Result<File, StoreError>;

    /// Whether the store holds an artifact, by its name and size; the bytes are verified when they are read.
    async fn holds(&self, artifact: &Artifact) -> bool;

    /// The bytes with this digest, verified.
    ///
    /// # Errors
    /// [`StoreError::Missing`] and [`StoreError::Damaged`] name the digest.
    async fn read(&self, id: &Digest) -> Result<Vec<u8>, StoreError>;
}

/// Why the store cannot keep or give bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store holds nothing of that name.
    #[error("the store holds no artifact {0}")]
    Missing(Digest),
    /// The bytes on disk are no longer those that were kept.
    #[error("artifact {0} is damaged on disk")]
    Damaged(Digest),
    /// The store's folder cannot be written.
    #[error("cannot write to the artifact store at {}", path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no room for the bytes.
    #[error("no room on disk for {bytes} bytes in the artifact store at {}", path.display())]
    Full {
        /// The folder.
        path: PathBuf,
        /// How many bytes were to be written.
        bytes: u64,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else that the system said.
    #[error("the artifact store at {} failed", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl StoreError {
    /// The artifact that cannot be had, where it is one artifact.
    #[must_use]
    pub const fn artifact(&self) -> Option<Digest> {
        match self {
            Self::Missing(id) | Self::Damaged(id) => Some(*id),
            _ => None,
        }
    }

    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "artifact_missing",
            Self::Damaged(_) => "artifact_damaged",
            Self::ReadOnly { .. } => "store_read_only",
            Self::Full { .. } => "disk_full",
            Self::Io { .. } => "store_failed",
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing(_) | Self::Damaged(_) => {
                "run the request again; the file is made anew or attached again"
            }
            Self::ReadOnly { .. } => "set MEDLEY_HOME to a folder that you may write to",
            Self::Full { .. } => {
                "free some space, or set MEDLEY_HOME to a folder on a disk with room"
            }
            Self::Io { .. } => "check that folder, or set MEDLEY_HOME to one that you may write to",
        };
        Some(hint.to_owned())
    }
}

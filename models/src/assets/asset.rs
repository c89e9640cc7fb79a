//! The files of an asset by their logical names. Knows nothing of how they came to be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{NamedPath, Sha256Digest};
use crate::error::ModelError;

/// The files of one asset, present and checked.
#[derive(Debug, Clone)]
pub struct Asset {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) origin: AssetOrigin,
    pub(super) directory: PathBuf,
    pub(super) files: BTreeMap<String, PathBuf>,
    pub(super) fingerprint: Sha256Digest,
}

/// Where the files of an asset were found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetOrigin {
    /// In the store, fetched and checked by Medley.
    Store,
    /// At a path that the user named; its content was not checked.
    Named(NamedPath),
}

impl Asset {
    /// Name of the asset.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version that the catalogue gives; files at a path that the user named may have another.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the files were found.
    #[must_use]
    pub fn origin(&self) -> &AssetOrigin {
        &self.origin
    }

    /// The directory that holds the files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Absolute path of a file, or of a directory that the catalogue lists as one, by its logical name.
    ///
    /// # Errors
    /// [`ModelError::UnknownFile`] if the catalogue lists no such name for the asset.
    pub fn file(&self, logical: &str) -> Result<PathBuf, ModelError> {
        self.files
            .get(logical)
            .cloned()
            .ok_or_else(|| ModelError::UnknownFile {
                asset: self.name.clone(),
                file: logical.to_owned(),
            })
    }

    /// A digest that changes when the files do: of the pinned digests, or of paths, sizes and times of change where
    /// the user named a path.
    #[must_use]
    pub fn fingerprint(&self) -> Sha256Digest {
        self.fingerprint
    }
}

//! Where an asset is made before it is moved into place in one step.
//!
//! The directory is on the same file system as the assets and belongs to whoever holds the asset's lock, so what is
//! in it on opening was left by a process that died. What had been verified by then is kept, all else is removed.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ModelError;
use crate::home::Home;

/// The directory of one asset that is being made; what is not worth keeping goes when it is dropped.
#[derive(Debug)]
pub(super) struct Staging {
    directory: PathBuf,
}

impl Staging {
    /// Opens the staging directory of an asset whose lock is held.
    pub(super) fn open(home: &Home, directory_name: &str) -> Result<Self, ModelError> {
        let directory = home.make(root(home).join(directory_name))?;
        let staging = Self { directory };
        staging.sweep();
        Ok(staging)
    }

    /// Where a verified archive is kept until it has been unpacked.
    pub(super) fn archive(&self, file_name: &str) -> PathBuf {
        self.directory.join(file_name)
    }

    /// Where the hub client keeps its files, whole and partial.
    pub(super) fn hub(&self) -> PathBuf {
        self.directory.join("hub")
    }

    /// A new, empty directory that is removed at the latest with this one.
    pub(super) fn scratch(&self) -> Result<tempfile::TempDir, ModelError> {
        tempfile::Builder::new()
            .prefix(SCRATCH)
            .tempdir_in(&self.directory)
            .map_err(|error| ModelError::writing(&self.directory, error))
    }

    /// Removes everything, because the asset is in place.
    pub(super) fn finish(self) {
        let _ = fs::remove_dir_all(&self.directory);
    }

    fn sweep(&self) {
        for path in children(&self.directory) {
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with(SCRATCH))
            {
                let _ = fs::remove_dir_all(path);
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.sweep();
        // Fails, as it should, while something is kept.
        let _ = fs::remove_dir(&self.directory);
    }
}

/// Whether anything is kept for an asset.
pub(super) fn exists(home: &Home, directory_name: &str) -> bool {
    root(home).join(directory_name).exists()
}

/// Removes what is kept for an asset whose lock is held.
pub(super) fn discard(home: &Home, directory_name: &str) {
    let _ = fs::remove_dir_all(root(home).join(directory_name));
}

const SCRATCH: &str = "unfinished-";

fn root(home: &Home) -> PathBuf {
    home.assets().join(".staging")
}

fn children(directory: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|child| child.path())
}

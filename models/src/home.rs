//! The one directory that Medley keeps its files in.
//!
//! Says where things lie and makes directories when they are first needed. Knows nothing of what is in them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::ModelError;

/// The directory for fetched assets, stored artifacts and caches.
///
/// ```text
/// assets/NAME-VERSION/   model files and native libraries
/// store/                 artifacts, by digest
/// cache/                 what can be computed again
/// journal.sqlite         the history of runs
/// locks/                 one lock file for each thing that only one process may make
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// Takes `root` as the home, without touching the disk.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self {
            root: std::path::absolute(&root).unwrap_or(root),
        }
    }

    /// The platform's place: `$XDG_DATA_HOME/medley` or `~/.local/share/medley` on Linux,
    /// `~/Library/Application Support/medley` on macOS, `%LOCALAPPDATA%\medley` on Windows.
    ///
    /// # Errors
    /// [`ModelError::NoHome`] where the platform tells of no such directory.
    pub fn of_platform() -> Result<Self, ModelError> {
        let data = dirs::data_local_dir().ok_or(ModelError::NoHome)?;
        Ok(Self::at(data.join("medley")))
    }

    /// The directory itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where fetched model files and native libraries lie.
    #[must_use]
    pub fn assets(&self) -> PathBuf {
        self.root.join("assets")
    }

    /// Where artifacts are stored.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// Where what can be computed again is kept.
    #[must_use]
    pub fn cache(&self) -> PathBuf {
        self.root.join("cache")
    }

    /// Where the history of runs is kept.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.sqlite")
    }

    /// Where the person's own workflows lie.
    #[must_use]
    pub fn workflows(&self) -> PathBuf {
        self.root.join("workflows")
    }

    /// Where lock files lie. They are never deleted, because a deleted lock file locks nothing.
    #[must_use]
    pub fn locks(&self) -> PathBuf {
        self.root.join("locks")
    }

    /// Makes a directory below the home, with its parents, and gives it back.
    ///
    /// # Errors
    /// [`ModelError::NotWritable`] naming the first directory that could not be made; [`ModelError::NoSpace`] and
    /// [`ModelError::File`] for other causes.
    pub fn make(&self, directory: PathBuf) -> Result<PathBuf, ModelError> {
        match fs::create_dir_all(&directory) {
            Ok(()) => Ok(directory),
            Err(error) => {
                let missing = directory
                    .ancestors()
                    .take_while(|path| !path.exists())
                    .last();
                Err(ModelError::writing(missing.unwrap_or(&directory), error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_made_until_it_is_asked_for() {
        let place = tempfile::tempdir().unwrap();
        let home = Home::at(place.path().join("home"));
        assert!(!home.root().exists());
        let made = home.make(home.locks()).unwrap();
        assert!(made.is_dir());
        assert!(!home.assets().exists());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_place_that_cannot_be_written_is_named_with_the_way_out() {
        // Not even root makes directories in sysfs.
        let home = Home::at("/sys/medley-home");
        let error = home.make(home.assets()).unwrap_err();
        assert!(
            matches!(&error, ModelError::NotWritable { path, .. } if path == Path::new("/sys/medley-home"))
        );
        assert!(error.hint().unwrap().contains("MEDLEY_HOME"));
    }
}

//! What is here and what is missing, told without network and without loading anything.

use std::{fs, path::PathBuf, time::SystemTime};

use super::manifest::{Defect, Depth};
use super::{AssetStore, NamedPath, named};
use crate::catalogue::Entry;
use crate::error::ModelError;

/// An asset as the catalogue describes it, and what is here of it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AssetStatus {
    /// Name of the asset.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// Licence of its files, as an SPDX expression.
    pub licence: String,
    /// What is here of it.
    pub state: AssetState,
    /// Bytes that fetching it takes; 0 where it cannot be fetched.
    pub download_bytes: u64,
    /// Bytes that its files take on disk.
    pub installed_bytes: u64,
    /// Where it is, or where it will be.
    pub directory: PathBuf,
}

/// What is here of an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetState {
    /// In the store, every file with its size.
    Present,
    /// Not here; it is fetched at first use.
    Missing,
    /// In the store, but not as it should be; it is fetched again at next use.
    Damaged(Defect),
    /// The user named a path for it, which fits.
    Named(NamedPath),
    /// The user named a path for it, which does not fit; using it is an error.
    NamedWrongly {
        /// The path as given.
        named: NamedPath,
        /// What is wrong with it.
        problem: String,
    },
    /// It has no build for this platform.
    Unsupported,
}

/// Whether something could be used now, seen without network and without loading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// All of it is here.
    Ready,
    /// It is fetched at first use.
    NeedsFetch {
        /// The size of the download in bytes.
        bytes: u64,
    },
    /// It is not here and cannot be fetched.
    Unavailable {
        /// Why.
        reason: String,
        /// The way out.
        hint: String,
    },
}

impl Readiness {
    /// How ready two things are together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (unavailable @ Self::Unavailable { .. }, _)
            | (_, unavailable @ Self::Unavailable { .. }) => unavailable,
            (Self::NeedsFetch { bytes }, Self::NeedsFetch { bytes: more }) => Self::NeedsFetch {
                bytes: bytes + more,
            },
            (needs @ Self::NeedsFetch { .. }, Self::Ready)
            | (Self::Ready, needs @ Self::NeedsFetch { .. }) => needs,
            (Self::Ready, Self::Ready) => Self::Ready,
        }
    }
}

impl AssetStatus {
    /// Whether the asset could be used now.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        match &self.state {
            AssetState::Present | AssetState::Named(_) => Readiness::Ready,
            AssetState::Missing | AssetState::Damaged(_) => Readiness::NeedsFetch {
                bytes: self.download_bytes,
            },
            AssetState::NamedWrongly { named, problem } => Readiness::Unavailable {
                reason: format!("{} is not usable: {problem}", self.name),
                hint: format!("correct {}, or take it away", named.origin),
            },
            AssetState::Unsupported => Readiness::Unavailable {
                reason: format!("{} has no build for this platform", self.name),
                hint: format!(
                    "install it and give its path in {}",
                    crate::error::path_variable(&self.name)
                ),
            },
        }
    }
}

/// The outcome of reading every file of an asset.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verification {
    /// Name of the asset.
    pub name: String,
    /// Where it is; `None` if it is not here.
    pub directory: Option<PathBuf>,
    /// Whether there is something to compare the files with; not so where the user named a path.
    pub pinned: bool,
    /// The files that are not what they should be.
    pub defects: Vec<Defect>,
}

impl Verification {
    /// Whether the asset is here and nothing is wrong with it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.directory.is_some() && self.defects.is_empty()
    }
}

impl AssetStore {
    /// What is here of every asset in the catalogue, in its order.
    ///
    /// # Errors
    /// [`ModelError::File`] if a directory of the store cannot be read.
    pub fn list(&self) -> Result<Vec<AssetStatus>, ModelError> {
        self.0
            .catalogue
            .entries()
            .iter()
            .map(|entry| self.status_of(entry))
            .collect()
    }

    /// What is here of one asset. Reads sizes, not contents.
    ///
    /// # Errors
    /// [`ModelError::UnknownAsset`]; [`ModelError::File`] if its directory cannot be read.
    pub fn status(&self, name: &str) -> Result<AssetStatus, ModelError> {
        self.status_of(self.0.catalogue.entry(name)?)
    }

    /// What results depend on of these assets: versions as pinned, or the paths that the user named with their age.
    #[must_use]
    pub fn environment(&self, names: &[&str]) -> String {
        let describe = |name: &&str| match self.status(name) {
            Ok(AssetStatus {
                state: AssetState::Named(named) | AssetState::NamedWrongly { named, .. },
                ..
            }) => {
                let modified = fs::metadata(&named.path).and_then(|facts| facts.modified());
                let age = modified.map_or(0, |modified| {
                    let since = modified.duration_since(SystemTime::UNIX_EPOCH);
                    since.map_or(0, |since| since.as_nanos())
                });
                format!(" {name}={}@{age}", named.path.display())
            }
            Ok(status) => format!(" {name}-{}", status.version),
            Err(_) => String::new(),
        };
        names.iter().map(describe).collect()
    }

    /// Whether all of these assets could be used now.
    #[must_use]
    pub fn readiness(&self, names: &[&str]) -> Readiness {
        names
            .iter()
            .map(|name| match self.status(name) {
                Ok(status) => status.readiness(),
                Err(error) => Readiness::Unavailable {
                    reason: error.to_string(),
                    hint: error.hint().unwrap_or_default(),
                },
            })
            .fold(Readiness::Ready, Readiness::and)
    }

    /// The directory of an asset that is here, wherever it comes from; `None` if it is not here.
    ///
    /// # Errors
    /// [`ModelError::UnknownAsset`]; [`ModelError::NamedPath`] if the user named a path that does not fit.
    pub fn locate(&self, name: &str) -> Result<Option<PathBuf>, ModelError> {
        let entry = self.0.catalogue.entry(name)?;
        if let Some(path) = self.0.named.get(name) {
            return Ok(Some(
                named::resolve(entry, self.named_build(entry)?, path)?.directory,
            ));
        }
        Ok(Some(self.directory_of(entry)).filter(|directory| directory.is_dir()))
    }

    /// Reads every file of an asset and compares it with what the catalogue pins. Repairs nothing by itself; an asset
    /// that is found damaged is fetched again by the next [`ensure`](Self::ensure) or [`pull`](Self::pull).
    ///
    /// # Errors
    /// [`ModelError::UnknownAsset`], [`ModelError::UnsupportedPlatform`]; [`ModelError::NamedPath`] if the user named
    /// a path that does not fit; [`ModelError::File`] if a file cannot be read.
    pub fn verify(&self, name: &str) -> Result<Verification, ModelError> {
        let entry = self.0.catalogue.entry(name)?;
        let directory = self.locate(name)?;
        let mut verification = Verification {
            name: name.to_owned(),
            directory,
            pinned: !self.0.named.contains_key(name),
            defects: vec![],
        };
        if let Some(directory) = verification
            .directory
            .as_ref()
            .filter(|_| verification.pinned)
        {
            let inspection =
                self.known(entry)
                    .inspect(directory, self.build(entry)?, Depth::Everything)?;
            verification.defects = inspection.defects;
            if !verification.is_sound() {
                self.distrust(entry);
            }
        }
        Ok(verification)
    }

    fn status_of(&self, entry: &Entry) -> Result<AssetStatus, ModelError> {
        let build = self.build(entry).ok();
        let mut directory = self.directory_of(entry);
        let state = match (self.0.named.get(&entry.name), build) {
            (Some(path), _) => match named::resolve(entry, self.named_build(entry)?, path) {
                Ok(asset) => {
                    directory = asset.directory;
                    AssetState::Named(path.clone())
                }
                Err(error) => AssetState::NamedWrongly {
                    named: path.clone(),
                    problem: error.to_string(),
                },
            },
            (None, None) => AssetState::Unsupported,
            (None, Some(_)) if !directory.is_dir() => AssetState::Missing,
            (None, Some(build)) => {
                let inspection = self.known(entry).inspect(&directory, build, Depth::Size)?;
                inspection
                    .defects
                    .into_iter()
                    .next()
                    .map_or(AssetState::Present, AssetState::Damaged)
            }
        };
        Ok(AssetStatus {
            name: entry.name.clone(),
            version: entry.version.clone(),
            purpose: entry.purpose.clone(),
            licence: entry.licence.clone(),
            state,
            download_bytes: build.map_or(0, |build| build.download_bytes()),
            installed_bytes: build.map_or(0, |build| build.installed_bytes()),
            directory,
        })
    }
}

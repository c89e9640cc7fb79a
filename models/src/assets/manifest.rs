//! What was put into an asset's directory, and whether it is still that.
//!
//! A file whose size and time of change are as recorded is taken as sound without being read; any other is hashed.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::digest::Sha256Digest;
use crate::catalogue::{Build, FileEntry};
use crate::error::ModelError;

/// Name of the manifest beside the files.
pub(super) const FILE_NAME: &str = "manifest.json";

/// The files of an asset as they were when last hashed, by path with `/` between parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) files: BTreeMap<String, Record>,
}

/// One file as it was when last hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    sha256: Sha256Digest,
    size: u64,
    /// Time of change since 1970.
    modified: Duration,
}

/// A file that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// Path inside the asset's directory.
    pub file: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is not there.
    Missing,
    /// It has another size.
    Size {
        /// Size that it should have, in bytes.
        expected: u64,
        /// Size that it has, in bytes.
        found: u64,
    },
    /// It has another content.
    Content {
        /// Digest that it should have.
        expected: Sha256Digest,
        /// Digest that it has.
        found: Sha256Digest,
    },
}

impl fmt::Display for Defect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.problem {
            Problem::Missing => write!(formatter, "{file} is missing"),
            Problem::Size { expected, found } => {
                write!(
                    formatter,
                    "{file} has {found} bytes where {expected} are expected"
                )
            }
            Problem::Content { expected, found } => {
                write!(
                    formatter,
                    "{file} has SHA-256 {found} where {expected} is expected"
                )
            }
        }
    }
}

/// How much of a file is read to decide whether it is sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Sizes alone.
    Size,
    /// The content of files that changed since they were recorded.
    Changed,
    /// The content of all files.
    Everything,
}

/// The outcome of an inspection.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pub(super) defects: Vec<Defect>,
    /// The files as they are now.
    pub(super) manifest: Manifest,
}

impl Manifest {
    /// The manifest in an asset's directory; an absent or unreadable one is as good as empty.
    pub(super) fn read(directory: &Path) -> Self {
        fs::read(directory.join(FILE_NAME))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    /// Writes it into an asset's directory, in one step.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        // Readable for whoever may read the files beside it; the default is the owner alone.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(directory)?;
        serde_json::to_writer_pretty(&mut file, self)?;
        file.as_file().sync_all()?;
        file.persist(directory.join(FILE_NAME))?;
        Ok(())
    }

    /// Compares a directory with what the catalogue pins and with what this manifest recorded.
    pub(super) fn inspect(
        &self,
        directory: &Path,
        build: &Build,
        depth: Depth,
    ) -> Result<Inspection, ModelError> {
        let mut inspection = Inspection::default();
        for file in &build.files {
            if file.is_directory() {
                self.inspect_tree(directory, file, depth, &mut inspection)?;
            } else {
                let pinned = Expected {
                    sha256: file.sha256,
                    size: file.size,
                };
                inspection.add(
                    file.file_name(),
                    self.inspect_file(directory, file.file_name(), pinned, depth)?,
                );
            }
        }
        Ok(inspection)
    }

    fn inspect_tree(
        &self,
        directory: &Path,
        tree: &FileEntry,
        depth: Depth,
        inspection: &mut Inspection,
    ) -> Result<(), ModelError> {
        if !directory.join(tree.file_name()).is_dir() {
            inspection.add(tree.file_name(), Outcome::Defective(Problem::Missing));
            return Ok(());
        }
        let prefix = format!("{}/", tree.file_name());
        let mut files: Vec<String> = self
            .files
            .keys()
            .filter(|path| path.starts_with(&prefix))
            .cloned()
            .collect();
        let recorded = !files.is_empty();
        if !recorded && depth != Depth::Size {
            files = files_below(directory, tree.file_name())?;
        }
        let defects_before = inspection.defects.len();
        for relative in files {
            let outcome = self.inspect_file(directory, &relative, Expected::default(), depth)?;
            inspection.add(&relative, outcome);
        }
        // With records for its files, a directory is sound when they are; without, only as a whole.
        let as_a_whole = depth == Depth::Everything || (!recorded && depth == Depth::Changed);
        if as_a_whole && inspection.defects.len() == defects_before {
            let found = inspection.manifest.tree_digest(&prefix);
            if let Some(expected) = tree.sha256.filter(|expected| *expected != found) {
                inspection.add(
                    tree.file_name(),
                    Outcome::Defective(Problem::Content { expected, found }),
                );
            }
        }
        Ok(())
    }

    fn inspect_file(
        &self,
        directory: &Path,
        relative: &str,
        pinned: Expected,
        depth: Depth,
    ) -> Result<Outcome, ModelError> {
        let path = directory.join(relative);
        let metadata = match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return Ok(Outcome::Defective(Problem::Missing)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Outcome::Defective(Problem::Missing));
            }
            Err(error) => return Err(ModelError::reading(&path, error)),
        };
        let record = self.files.get(relative);
        let expected_size = pinned.size.or(record.map(|record| record.size));
        if let Some(expected) = expected_size.filter(|size| *size != metadata.len()) {
            return Ok(Outcome::Defective(Problem::Size {
                expected,
                found: metadata.len(),
            }));
        }
        let modified = modified(&metadata);
        let found = match record.filter(|record| record.modified == modified) {
            Some(record) if depth != Depth::Everything => record.sha256,
            _ if depth == Depth::Size => return Ok(Outcome::NotRead),
            _ => {
                Sha256Digest::of_file(&path)
                    .map_err(|error| ModelError::reading(&path, error))?
                    .0
            }
        };
        let expected_digest = pinned.sha256.or(record.map(|record| record.sha256));
        if let Some(expected) = expected_digest.filter(|expected| *expected != found) {
            return Ok(Outcome::Defective(Problem::Content { expected, found }));
        }
        Ok(Outcome::Sound(Record {
            sha256: found,
            size: metadata.len(),
            modified,
        }))
    }

    /// The digest of the directory whose files have paths that start with `prefix`.
    pub(super) fn tree_digest(&self, prefix: &str) -> Sha256Digest {
        let digests = self.files.iter().filter_map(|(path, record)| {
            Some((path.strip_prefix(prefix)?.to_owned(), record.sha256))
        });
        Sha256Digest::of_tree(&digests.collect())
    }

    /// Records a file that was just written with a known digest.
    pub(super) fn record(
        &mut self,
        directory: &Path,
        relative: &str,
        sha256: Sha256Digest,
    ) -> io::Result<()> {
        let metadata = fs::metadata(directory.join(relative))?;
        let record = Record {
            sha256,
            size: metadata.len(),
            modified: modified(&metadata),
        };
        self.files.insert(relative.to_owned(), record);
        Ok(())
    }

    /// The sum of the recorded sizes in bytes.
    pub(super) fn size(&self) -> u64 {
        self.files.values().map(|record| record.size).sum()
    }
}

impl Inspection {
    fn add(&mut self, relative: &str, outcome: Outcome) {
        match outcome {
            Outcome::Sound(record) => drop(self.manifest.files.insert(relative.to_owned(), record)),
            Outcome::Defective(problem) => self.defects.push(Defect {
                file: relative.into(),
                problem,
            }),
            Outcome::NotRead => {}
        }
    }
}

/// What looking at one file gave.
#[derive(Debug)]
enum Outcome {
    Sound(Record),
    Defective(Problem),
    NotRead,
}

/// What the catalogue says of a file.
#[derive(Debug, Clone, Copy, Default)]
struct Expected {
    sha256: Option<Sha256Digest>,
    size: Option<u64>,
}

fn modified(metadata: &fs::Metadata) -> Duration {
    metadata
        .modified()
        .unwrap_or(SystemTime::UNIX_EPOCH)
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Paths of all files below `directory/start`, relative to `directory`, with `/` between parts.
fn files_below(directory: &Path, start: &str) -> Result<Vec<String>, ModelError> {
    let mut found = Vec::new();
    let mut open = vec![start.to_owned()];
    while let Some(relative) = open.pop() {
        let path = directory.join(&relative);
        let children = match fs::read_dir(&path) {
            Ok(children) => children,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(ModelError::reading(&path, error)),
        };
        for child in children {
            let child = child.map_err(|error| ModelError::reading(&path, error))?;
            let name = format!("{relative}/{}", child.file_name().to_string_lossy());
            let kind = child
                .file_type()
                .map_err(|error| ModelError::reading(&path, error))?;
            if kind.is_dir() {
                open.push(name)
            } else {
                found.push(name)
            }
        }
    }
    Ok(found)
}

//! Assets that the user has already: a file or directory named in a variable or in the configuration.
//!
//! Such a path is used as it is: not copied, not hashed, never repaired. One that does not fit is an error and never
//! a reason to fetch.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use super::{Asset, AssetOrigin, Sha256Digest};
use crate::catalogue::{Build, Entry, FileEntry};
use crate::error::ModelError;

/// A path that the user gave for an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    /// A file, for an asset of one file, or a directory that holds the files.
    pub path: PathBuf,
    /// Where the path was given, as errors will say it: the name of a variable, a key in a configuration file.
    pub origin: String,
}

/// Finds the files of an asset at the path that the user gave.
pub(super) fn resolve(
    entry: &Entry,
    build: &Build,
    named: &NamedPath,
) -> Result<Asset, ModelError> {
    let refused = |problem: String| ModelError::NamedPath {
        asset: entry.name.clone(),
        path: named.path.clone(),
        origin: named.origin.clone(),
        problem,
    };
    let path = std::path::absolute(&named.path)
        .map_err(|error| refused(format!("is not usable: {error}")))?;
    let (directory, files) = if path.is_dir() {
        let mut files = BTreeMap::new();
        for file in &build.files {
            let found = find(&path, file)
                .ok_or_else(|| refused(format!("does not hold {}", file.file_name())))?;
            files.insert(file.name.clone(), found);
        }
        (path, files)
    } else if path.is_file() {
        let [file] = build.files.as_slice() else {
            let names: Vec<&str> = build.files.iter().map(FileEntry::file_name).collect();
            return Err(refused(format!(
                "is one file, where a directory with {} is needed",
                names.join(", ")
            )));
        };
        let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        (directory, BTreeMap::from([(file.name.clone(), path)]))
    } else {
        return Err(refused("does not exist".to_owned()));
    };
    let fingerprint = fingerprint(&files);
    Ok(Asset {
        name: entry.name.clone(),
        version: entry.version.clone(),
        origin: AssetOrigin::Named(named.clone()),
        directory,
        files,
        fingerprint,
    })
}

fn find(directory: &Path, file: &FileEntry) -> Option<PathBuf> {
    let names = std::iter::once(file.file_name()).chain(file.aliases.iter().map(String::as_str));
    names.map(|name| directory.join(name)).find(|path| {
        if file.is_directory() {
            path.is_dir()
        } else {
            path.is_file()
        }
    })
}

/// Files that are not pinned are known by path, size and time of change: reading gigabytes for a name is too dear.
fn fingerprint(files: &BTreeMap<String, PathBuf>) -> Sha256Digest {
    let mut text = String::new();
    for (name, path) in files {
        let metadata = path.metadata().ok();
        let size = metadata.as_ref().map(Metadata::len);
        let modified = metadata.and_then(|metadata| metadata.modified().ok());
        text.push_str(&format!(
            "{name} {} {size:?} {modified:?}\n",
            path.display()
        ));
    }
    Sha256Digest::of(text.as_bytes())
}

//! Takes the files that the catalogue names out of a wheel, which is a zip archive, and checks each.
//!
//! Everything else in the archive stays where it is. Knows nothing of where the archive came from.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path};

use zip::ZipArchive;
use zip::result::ZipError;

use super::digest;
use super::manifest::Manifest;
use crate::catalogue::{Build, FileEntry};
use crate::error::ModelError;

type Archive = ZipArchive<BufReader<File>>;

/// Unpacks into `directory`, which exists and is empty, and gives the manifest of what is then there.
pub(super) fn unpack(
    asset: &str,
    archive: &Path,
    build: &Build,
    directory: &Path,
) -> Result<Manifest, ModelError> {
    let mut unpacking = Unpacking {
        asset,
        archive_path: archive,
        directory,
        manifest: Manifest::default(),
    };
    let file = File::open(archive).map_err(|error| ModelError::reading(archive, error))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| unpacking.broken(&error))?;
    for file in &build.files {
        if file.is_directory() {
            unpacking.directory(&mut archive, file)?;
        } else {
            unpacking.file(&mut archive, file)?;
        }
    }
    Ok(unpacking.manifest)
}

struct Unpacking<'a> {
    asset: &'a str,
    archive_path: &'a Path,
    directory: &'a Path,
    manifest: Manifest,
}

impl Unpacking<'_> {
    fn file(&mut self, archive: &mut Archive, file: &FileEntry) -> Result<(), ModelError> {
        let index = archive
            .index_for_name(&file.path)
            .ok_or_else(|| self.lacks(&file.path))?;
        let (found, size) = self.write(archive, index, file.file_name(), file.size)?;
        self.check_size(&file.path, file.size, size)?;
        self.check_digest(&file.path, file.sha256, found)
    }

    fn directory(&mut self, archive: &mut Archive, tree: &FileEntry) -> Result<(), ModelError> {
        let mut room = tree.size;
        let mut total = 0;
        let prefix = format!("{}/", tree.file_name());
        for index in 0..archive.len() {
            let Some(relative) = self.place_below(archive, index, &tree.path)? else {
                continue;
            };
            let (_, size) = self.write(archive, index, &format!("{prefix}{relative}"), room)?;
            total += size;
            room = room.map(|room| room.saturating_sub(size));
        }
        if total == 0 {
            return Err(self.lacks(&tree.path));
        }
        self.check_size(&tree.path, tree.size, total)?;
        self.check_digest(&tree.path, tree.sha256, self.manifest.tree_digest(&prefix))
    }

    /// The path of an archived file below the archive's directory `start`; `None` for what is not below it.
    fn place_below(
        &self,
        archive: &mut Archive,
        index: usize,
        start: &str,
    ) -> Result<Option<String>, ModelError> {
        let entry = archive
            .by_index(index)
            .map_err(|error| self.broken(&error))?;
        let name = entry.name().map_err(|error| self.broken(&error))?;
        let Some(relative) = name.strip_prefix(start) else {
            return Ok(None);
        };
        if entry.is_dir() {
            return Ok(None);
        }
        let parts = Path::new(relative).components();
        let plain = parts.clone().count() > 0
            && parts
                .clone()
                .all(|part| matches!(part, Component::Normal(_)));
        if !plain || relative.contains(['\\', '\0']) || entry.is_symlink() {
            return Err(ModelError::UnsafePath {
                asset: self.asset.to_owned(),
                entry: name.into_owned(),
            });
        }
        Ok(Some(relative.to_owned()))
    }

    /// Writes one archived file to `relative`, but not more than a byte beyond `limit`; gives its digest and size.
    fn write(
        &mut self,
        archive: &mut Archive,
        index: usize,
        relative: &str,
        limit: Option<u64>,
    ) -> Result<(super::Sha256Digest, u64), ModelError> {
        let path = self.directory.join(relative);
        let writing = |error| ModelError::writing(&path, error);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(writing)?;
        }
        let entry = archive
            .by_index(index)
            .map_err(|error| self.broken(&error))?;
        let mut content = entry.take(limit.map_or(u64::MAX, |limit| limit.saturating_add(1)));
        let mut file = File::create_new(&path).map_err(writing)?;
        let copied = digest::copy(&mut content, &mut file).map_err(|error| match error.kind() {
            std::io::ErrorKind::InvalidData
            | std::io::ErrorKind::InvalidInput
            | std::io::ErrorKind::UnexpectedEof => self.broken(&error.into()),
            _ => writing(error),
        })?;
        file.sync_all().map_err(writing)?;
        self.manifest
            .record(self.directory, relative, copied.0)
            .map_err(|error| ModelError::reading(&path, error))?;
        Ok(copied)
    }

    fn check_size(&self, file: &str, expected: Option<u64>, found: u64) -> Result<(), ModelError> {
        match expected.filter(|expected| *expected != found) {
            Some(expected) => Err(ModelError::SizeMismatch {
                asset: self.asset.to_owned(),
                file: file.to_owned(),
                expected,
                found,
            }),
            None => Ok(()),
        }
    }

    fn check_digest(
        &self,
        file: &str,
        expected: Option<super::Sha256Digest>,
        found: super::Sha256Digest,
    ) -> Result<(), ModelError> {
        match expected.filter(|expected| *expected != found) {
            Some(expected) => Err(ModelError::HashMismatch {
                asset: self.asset.to_owned(),
                file: file.to_owned(),
                expected,
                found,
            }),
            None => Ok(()),
        }
    }

    fn lacks(&self, path: &str) -> ModelError {
        self.problem(format!("it holds no {path}"))
    }

    fn broken(&self, error: &ZipError) -> ModelError {
        self.problem(error.to_string())
    }

    fn problem(&self, problem: String) -> ModelError {
        ModelError::Archive {
            asset: self.asset.to_owned(),
            path: self.archive_path.to_owned(),
            problem,
        }
    }
}

//! A store in a folder: one file per artifact, named by its digest.
//!
//! A file appears by a rename of a finished temporary file, so that two processes may share the folder
//! and a killed one leaves nothing half-written under a digest. Temporary files live in `tmp/`.

use std::{
    collections::HashSet,
    fs,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

use super::{ArtifactStore, StoreError};
use crate::{Artifact, Digest, Facts, Kind};

/// How much of a source is in memory at a time, in bytes.
const PIECE: usize = 256 << 10;

/// A content-addressed store in a folder of the local file system.
#[derive(Debug, Clone)]
pub struct DiskStore {
    root: Arc<PathBuf>,
}

/// What was removed from a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// How many files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl DiskStore {
    /// A store in `root`; the folder is made when the first artifact is kept.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: Arc::new(root.into()),
        }
    }

    /// Where the bytes with this digest are, or would be.
    #[must_use]
    pub fn path_of(&self, id: &Digest) -> PathBuf {
        let name = id.to_string();
        self.root.join(&name[..2]).join(&name[2..])
    }

    /// Removes what is not in `kept` and was written longer than `age` ago.
    ///
    /// Cancel-safe: each file is removed whole.
    ///
    /// # Errors
    /// When a folder cannot be read. A file that cannot be removed is passed over.
    pub async fn remove_unreferenced(
        &self,
        kept: HashSet<Digest>,
        age: Duration,
    ) -> Result<Collected, StoreError> {
        self.off_thread(move |store| {
            store
                .collect(&kept, age)
                .map_err(|source| store.describe(source, 0))
        })
        .await
    }

    fn collect(&self, kept: &HashSet<Digest>, age: Duration) -> io::Result<Collected> {
        let kept: HashSet<PathBuf> = kept.iter().map(|id| self.path_of(id)).collect();
        let mut collected = Collected::default();
        if !self.root.is_dir() {
            return Ok(collected);
        }
        for folder in fs::read_dir(&*self.root)? {
            let folder = folder?;
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                let file = file?;
                let facts = file.metadata()?;
                let old = facts
                    .modified()
                    .is_ok_and(|written| written.elapsed().is_ok_and(|since| since > age));
                if old && !kept.contains(&file.path()) && fs::remove_file(file.path()).is_ok() {
                    collected.files += 1;
                    collected.bytes += facts.len();
                }
            }
        }
        Ok(collected)
    }

    fn keep(&self, id: &Digest, content: &[u8]) -> Result<(), StoreError> {
        let target = self.path_of(id);
        if renew(&target, content.len() as u64) {
            return Ok(());
        }
        let bytes = content.len() as u64;
        self.try_keep(&target, content)
            .map_err(|source| self.describe(source, bytes))
    }

    fn try_keep(&self, target: &Path, content: &[u8]) -> io::Result<()> {
        let temporary_root = self.root.join("tmp");
        fs::create_dir_all(&temporary_root)?;
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&temporary_root)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(target).map_err(|failure| failure.error)?;
        sync_folder(folder)
    }

    /// Copies a source to its place, which is known only when all of it was read.
    fn keep_from(&self, source: &mut dyn Read) -> Result<(Digest, u64), StoreError> {
        let failed = |source| self.describe(source, 0);
        let temporary_root = self.root.join("tmp");
        fs::create_dir_all(&temporary_root).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(&temporary_root).map_err(failed)?;
        let (id, bytes) = digest_of(source, |piece| file.write_all(piece)).map_err(failed)?;
        let target = self.path_of(&id);
        if renew(&target, bytes) {
            return Ok((id, bytes));
        }
        let folder = target.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&target)
            .map_err(|failure| failed(failure.error))?;
        sync_folder(folder).map_err(failed)?;
        Ok((id, bytes))
    }

    fn open_verified(&self, id: &Digest) -> Result<fs::File, StoreError> {
        let path = self.path_of(id);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => StoreError::Missing(*id),
            _ => StoreError::Io {
                path: path.clone(),
                source,
            },
        };
        let mut file = fs::File::open(&path).map_err(failed)?;
        let (found, _) = digest_of(&mut file, |_| Ok(())).map_err(failed)?;
        if found != *id {
            return Err(self.damaged(id));
        }
        file.rewind().map_err(failed)?;
        Ok(file)
    }

    /// What is damaged is of no use, and would be taken for kept when the same bytes are written again.
    fn damaged(&self, id: &Digest) -> StoreError {
        let _ = fs::remove_file(self.path_of(id));
        StoreError::Damaged(*id)
    }

    fn describe(&self, source: io::Error, bytes: u64) -> StoreError {
        let path = self.root.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly { path, source }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full {
                path,
                bytes,
                source,
            },
            _ => StoreError::Io { path, source },
        }
    }

    fn fetch(&self, id: &Digest) -> Result<Vec<u8>, StoreError> {
        let path = self.path_of(id);
        let content = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => StoreError::Missing(*id),
            _ => StoreError::Io { path, source },
        })?;
        if Digest::of(&content) == *id {
            return Ok(content);
        }
        Err(self.damaged(id))
    }

    async fn off_thread<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.clone();
        tokio::task::spawn_blocking(move || work(&store))
            .await
            .unwrap_or_else(|failure| {
                Err(StoreError::Io {
                    path: self.root.to_path_buf(),
                    source: io::Error::other(failure),
                })
            })
    }
}

/// Whether the file is there already; then it counts as written now, so that nobody removes it as old who does not know
/// yet who refers to it.
fn renew(path: &Path, bytes: u64) -> bool {
    let Ok(file) = fs::OpenOptions::new().write(true).open(path) else {
        return false;
    };
    let whole = file.metadata().is_ok_and(|found| found.len() == bytes);
    whole && file.set_modified(SystemTime::now()).is_ok()
}

/// The digest and the length of all that a source gives, each piece of which is shown to `each`.
fn digest_of(
    source: &mut dyn Read,
    mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok((hasher.finalize().into(), hasher.count())),
            Ok(read) => {
                hasher.update(&piece[..read]);
                each(&piece[..read])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Makes a rename durable; file systems that cannot sync a folder are left to their own promises.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[async_trait]
impl ArtifactStore for DiskStore {
    async fn write(
        &self,
        kind: Kind,
        mime: &str,
        facts: Facts,
        content: Vec<u8>,
    ) -> Result<Artifact, StoreError> {
        let facts = Facts {
            bytes: content.len() as u64,
            ..facts
        };
        let id = self
            .off_thread(move |store| {
                let id = Digest::of(&content);
                store.keep(&id, &content).map(|()| id)
            })
            .await?;
        Ok(Artifact {
            id,
            kind,
            mime: mime.to_owned(),
            facts,
        })
    }

    async fn write_from(
        &self,
        kind: Kind,
        mime: &str,
        facts: Facts,
        mut source: Box<dyn Read + Send>,
    ) -> Result<Artifact, StoreError> {
        let (id, bytes) = self
            .off_thread(move |store| store.keep_from(&mut *source))
            .await?;
        Ok(Artifact {
            id,
            kind,
            mime: mime.to_owned(),
            facts: Facts { bytes, ..facts },
        })
    }

    async fn open(&self, id: &Digest) -> Result<fs::File, StoreError> {
        let id = *id;
        self.off_thread(move |store| store.open_verified(&id)).await
    }

    async fn holds(&self, artifact: &Artifact) -> bool {
        fs::metadata(self.path_of(&artifact.id))
            .is_ok_and(|found| found.len() == artifact.facts.bytes)
    }

    async fn read(&self, id: &Digest) -> Result<Vec<u8>, StoreError> {
        let id = *id;
        self.off_thread(move |store| store.fetch(&id)).await
    }
}

#[cfg(test)]
mod tests;

//! Files at the door: read, measured, and refused with the reason where they cannot be used.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use medley_orchestrator::{ArtifactStore, Attachment, Probe, ProbeError, StoreError};

/// The largest file that is taken in, in bytes.
const SIZE_LIMIT: u64 = 4 << 30;

/// Why a file cannot be attached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// There is no such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// It is a folder.
    #[error("{} is a folder", .0.display())]
    Folder(PathBuf),
    /// It is a device, a pipe or the like.
    #[error("{} is not a file", .0.display())]
    Special(PathBuf),
    /// It is too large.
    #[error("{} has {bytes} bytes, more than the {SIZE_LIMIT} that can be attached", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its content cannot be used.
    #[error("{source}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: ProbeError,
    },
    /// The store cannot keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AttachmentError {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &str {
        match self {
            Self::Missing(_) => "attachment_missing",
            Self::Folder(_) => "attachment_is_folder",
            Self::Special(_) => "attachment_is_no_file",
            Self::TooLarge { .. } => "attachment_too_large",
            Self::Unreadable { .. } => "attachment_unreadable",
            Self::Unusable { source, .. } => source.code,
            Self::Store(error) => error.code(),
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing(_) => "check the path that is attached",
            Self::Folder(_) => "attach the files in it one by one, each with its own --attach",
            Self::Special(_) => "save its content as a file, and attach that",
            Self::TooLarge { .. } => "attach a smaller file, or a part of it",
            Self::Unreadable { .. } => "check that you may read the file",
            Self::Unusable { source, .. } => return Some(source.hint.clone()),
            Self::Store(error) => return error.hint(),
        };
        Some(hint.to_owned())
    }
}

/// Reads, measures and keeps the file at `path`.
pub(crate) async fn attach(
    path: &Path,
    probe: &dyn Probe,
    store: &dyn ArtifactStore,
) -> Result<Attachment, AttachmentError> {
    let content = {
        let path = path.to_owned();
        let reading = tokio::task::spawn_blocking(move || read(&path));
        reading
            .await
            .map_err(|failure| AttachmentError::Unreadable {
                path: PathBuf::new(),
                source: io::Error::other(failure),
            })??
    };
    let name = path.file_name().unwrap_or(path.as_os_str());
    let name = name.to_string_lossy().into_owned();
    let probed = probe
        .probe(&name, &content)
        .map_err(|source| AttachmentError::Unusable {
            path: path.to_owned(),
            source,
        })?;
    let artifact = store
        .write(probed.kind, &probed.mime, probed.facts, content)
        .await?;
    Ok(Attachment { name, artifact })
}

fn read(path: &Path) -> Result<Vec<u8>, AttachmentError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            AttachmentError::Missing(path.to_owned())
        }
        _ => AttachmentError::Unreadable {
            path: path.to_owned(),
            source,
        },
    };
    let found = fs::metadata(path).map_err(failed)?;
    if found.is_dir() {
        return Err(AttachmentError::Folder(path.to_owned()));
    }
    if !found.is_file() {
        return Err(AttachmentError::Special(path.to_owned()));
    }
    if found.len() > SIZE_LIMIT {
        return Err(AttachmentError::TooLarge {
            path: path.to_owned(),
            bytes: found.len(),
        });
    }
    fs::read(path).map_err(failed)
}

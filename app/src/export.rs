//! Puts an answer's files where the person can find them: never over another file, never half-written.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use medley_orchestrator::{Artifact, ArtifactStore, Digest, Kind, Part, Response, StoreError};

use crate::AnswerPart;

/// The longest text that is a part of its own, in bytes; longer text becomes a file.
const TEXT_LIMIT: usize = 64 << 10;

/// Why an answer's files cannot be put where they were wanted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The folder or a file in it cannot be written.
    #[error("cannot write to {}: {source}", path.display())]
    Write {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The store cannot give an artifact.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ExportError {
    /// A stable name in snake case.
    #[must_use]
    pub const fn code(&self) -> &str {
        match self {
            Self::Write { .. } => "output_not_writable",
            Self::Store(error) => error.code(),
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free some space, or choose a folder on another disk with -o".to_owned())
            }
            Self::Write { .. } => Some("choose a folder that you may write to with -o".to_owned()),
            Self::Store(error) => error.hint(),
        }
    }
}

/// Writes the files of an answer into a folder, which is made when there is a first file.
#[derive(Debug, Clone)]
pub struct Exporter {
    folder: PathBuf,
}

/// An answer whose files were written, as far as they could be.
#[derive(Debug, Default)]
pub struct Exported {
    /// The answer, in reading order.
    pub answer: Vec<AnswerPart>,
    /// Why files could not be written.
    pub failures: Vec<ExportError>,
}

impl Exported {
    fn note(&mut self, written: Result<String, ExportError>) -> Option<String> {
        written.map_err(|error| self.failures.push(error)).ok()
    }
}

impl Exporter {
    /// Writes into `folder`.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// Fails early if files could not be written, before any work is done. Makes nothing.
    ///
    /// # Errors
    /// When the folder is a file, or it or its nearest existing parent cannot be written to.
    pub fn check(&self) -> Result<(), ExportError> {
        let existing = self
            .folder
            .ancestors()
            .find(|folder| folder.exists())
            .unwrap_or(Path::new("."));
        let existing = if existing.as_os_str().is_empty() {
            Path::new(".")
        } else {
            existing
        };
        tempfile::Builder::new()
            .prefix(".medley-")
            .tempfile_in(existing)
            .map(drop)
            .map_err(|source| self.failed(&self.folder, source))
    }

    /// Writes what is a file. A file that cannot be written keeps its place in the answer, without a path.
    pub async fn export(&self, response: &Response, store: &dyn ArtifactStore) -> Exported {
        let mut exported = Exported::default();
        for part in &response.parts {
            let part = match part {
                Part::Text { text } if text.len() <= TEXT_LIMIT => {
                    AnswerPart::Text { text: text.clone() }
                }
                Part::Text { text } => AnswerPart::Artifact {
                    id: Digest::of(text.as_bytes()).to_string(),
                    kind: Kind::Text,
                    mime: "text/plain".to_owned(),
                    path: exported.note(self.write("text", "txt", text.as_bytes())),
                },
                Part::Artifact { artifact, name } => AnswerPart::Artifact {
                    id: artifact.id.to_string(),
                    kind: artifact.kind,
                    mime: artifact.mime.clone(),
                    path: exported.note(self.write_artifact(artifact, name, store).await),
                },
            };
            exported.answer.push(part);
        }
        exported
    }

    /// Writes artifacts, each under its digest.
    pub async fn export_all(&self, artifacts: &[Artifact], store: &dyn ArtifactStore) -> Exported {
        let parts = artifacts.iter().map(|artifact| Part::Artifact {
            artifact: artifact.clone(),
            name: artifact.id.to_string(),
        });
        let response = Response {
            parts: parts.collect(),
            ..Response::default()
        };
        self.export(&response, store).await
    }

    async fn write_artifact(
        &self,
        artifact: &Artifact,
        name: &str,
        store: &dyn ArtifactStore,
    ) -> Result<String, ExportError> {
        let content = store.read(&artifact.id).await?;
        self.write(name, extension(artifact), &content)
    }

    fn write(&self, name: &str, extension: &str, content: &[u8]) -> Result<String, ExportError> {
        let failed = |source| self.failed(&self.folder, source);
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let mut file = tempfile::Builder::new()
            .prefix(".medley-")
            .tempfile_in(&self.folder)
            .map_err(failed)?;
        file.write_all(content).map_err(failed)?;
        open_to_readers(file.as_file()).map_err(failed)?;
        let name = safe_name(name);
        for attempt in 1.. {
            let suffix = if attempt == 1 {
                String::new()
            } else {
                format!("-{attempt}")
            };
            let path = self.folder.join(format!("{name}{suffix}.{extension}"));
            match file.persist_noclobber(&path) {
                Ok(_) => return Ok(path.to_string_lossy().into_owned()),
                Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                    file = taken.file;
                }
                Err(other) => return Err(self.failed(&path, other.error)),
            }
        }
        Err(failed(io::Error::other("every name is taken")))
    }

    fn failed(&self, path: &Path, source: io::Error) -> ExportError {
        ExportError::Write {
            path: path.to_owned(),
            source,
        }
    }
}

/// Temporary files are private; an answer is an ordinary file.
#[cfg(unix)]
fn open_to_readers(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_readers(_: &fs::File) -> io::Result<()> {
    Ok(())
}

/// The longest name in bytes: systems allow 255, and a number and an extension come behind it.
const NAME_LIMIT: usize = 200;

/// A name that is a plain file name on every system.
fn safe_name(name: &str) -> String {
    let mut safe = String::new();
    for each in name.trim_start_matches(['.', '-', '/']).chars() {
        let each = if each.is_alphanumeric() || matches!(each, '-' | '_' | '.') {
            each
        } else {
            '-'
        };
        let doubled = each == '-' && safe.ends_with('-');
        if !doubled && safe.len() + each.len_utf8() <= NAME_LIMIT {
            safe.push(each);
        }
    }
    let safe = safe.trim_matches(['.', '-']);
    if safe.is_empty() {
        "file".to_owned()
    } else {
        safe.to_owned()
    }
}

fn extension(artifact: &Artifact) -> &'static str {
    match artifact.mime.as_str() {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "image/bmp" => "bmp",
        "image/tiff" => "tiff",
        "image/x-icon" | "image/vnd.microsoft.icon" => "ico",
        "image/qoi" | "image/x-qoi" => "qoi",
        "image/x-tga" | "image/x-targa" => "tga",
        "image/x-portable-anymap" => "pnm",
        "audio/wav" | "audio/x-wav" => "wav",
        "audio/mpeg" => "mp3",
        "audio/flac" | "audio/x-flac" => "flac",
        "audio/ogg" => "ogg",
        "video/mp4" => "mp4",
        "video/webm" => "webm",
        "text/csv" => "csv",
        _ => match artifact.kind {
            Kind::Text => "txt",
            Kind::Regions | Kind::Json => "json",
            Kind::Table => "csv",
            _ => "bin",
        },
    }
}

#[cfg(test)]
mod tests {
    use medley_orchestrator::{DiskStore, Facts};

    use super::*;

    #[tokio::test]
    async fn files_never_replace_each_other_and_long_text_becomes_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::new(folder.path().join("store"));
        let artifact = store
            .write(Kind::Image, "image/png", Facts::default(), vec![1, 2, 3])
            .await
            .unwrap();
        let picture = Part::Artifact {
            artifact,
            name: "../sign grey".to_owned(),
        };
        let response = Response {
            parts: vec![
                Part::Text { text: "hi".into() },
                picture.clone(),
                picture,
                Part::Text {
                    text: "x".repeat(TEXT_LIMIT + 1),
                },
            ],
            ..Response::default()
        };
        let target = folder.path().join("out");
        let Exported { answer, failures } = Exporter::new(&target).export(&response, &store).await;
        assert!(failures.is_empty(), "{failures:?}");
        let mut names: Vec<_> = fs::read_dir(&target)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["sign-grey-2.png", "sign-grey.png", "text.txt"]);
        assert_eq!(answer[0], AnswerPart::Text { text: "hi".into() });
        assert!(matches!(
            &answer[3],
            AnswerPart::Artifact {
                kind: Kind::Text,
                ..
            }
        ));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_had_does_not_take_the_rest_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = DiskStore::new(folder.path().join("store"));
        let write =
            |content: Vec<u8>| store.write(Kind::Image, "image/png", Facts::default(), content);
        let kept = write(vec![1, 2, 3]).await.unwrap();
        let lost = Artifact {
            id: Digest::of(b"never written"),
            ..kept.clone()
        };
        let parts = [lost, kept].map(|artifact| Part::Artifact {
            artifact,
            name: "picture".to_owned(),
        });
        let response = Response {
            parts: parts.into(),
            ..Response::default()
        };
        let exported = Exporter::new(folder.path().join("out"))
            .export(&response, &store)
            .await;
        assert_eq!(exported.failures.len(), 1);
        let paths: Vec<bool> = exported
            .answer
            .iter()
            .map(|part| matches!(part, AnswerPart::Artifact { path: Some(_), .. }))
            .collect();
        assert_eq!(paths, [false, true]);
    }

    #[test]
    fn names_fit_into_every_file_system() {
        assert_eq!(safe_name("../my sign!-grayscale"), "my-sign-grayscale");
        assert_eq!(safe_name(".."), "file");
        assert!(safe_name(&"\u{6f22}".repeat(200)).len() <= NAME_LIMIT);
    }

    #[tokio::test]
    async fn a_folder_that_is_a_file_is_refused_before_any_work() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "x").unwrap();
        assert!(Exporter::new(&file).check().is_err());
        assert!(
            Exporter::new(folder.path().join("new/deep"))
                .check()
                .is_ok()
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

//! Fetches files of one revision of a repository on the model hub.
//!
//! The client of the hub resumes a partial file by itself, so its directory is kept until the asset is in place.
//! Knows nothing of what the files are for.

use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use hf_hub::api::Progress;
use hf_hub::api::sync::{ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use tokio_util::sync::CancellationToken;

use super::digest::Sha256Digest;
use super::events::AssetStage;
use super::manifest::Manifest;
use crate::catalogue::{Build, FileEntry, Hub};
use crate::error::ModelError;

/// The time that a cancellation may go unnoticed.
const INTERVAL: Duration = Duration::from_millis(50);

/// What is fetched.
pub(super) struct Errand<'a> {
    pub(super) asset: &'a str,
    pub(super) hub: &'a Hub,
    pub(super) build: &'a Build,
    /// Address of the hub, where it is not the client's own default.
    pub(super) endpoint: Option<&'a str>,
    pub(super) cancel: &'a CancellationToken,
    pub(super) report: &'a dyn Fn(AssetStage),
}

/// Fetches into `directory`, which exists and is empty; partial files stay in `cache`.
pub(super) fn fetch(
    errand: &Errand<'_>,
    cache: &Path,
    directory: &Path,
) -> Result<Manifest, ModelError> {
    let mut manifest = Manifest::default();
    let mut before = 0;
    for file in &errand.build.files {
        let fetched = errand.download(file, cache, before)?;
        before += file.size.unwrap_or(0);
        (errand.report)(AssetStage::Verifying);
        let found = errand
            .verify(file, &fetched)
            .inspect_err(|_| drop(fs::remove_dir_all(cache)))?;
        let target = directory.join(file.file_name());
        let writing = |error| ModelError::writing(&target, error);
        // The client gives a link to the file that it keeps by digest.
        let real =
            fs::canonicalize(&fetched).map_err(|error| ModelError::reading(&fetched, error))?;
        fs::rename(&real, &target).map_err(writing)?;
        fs::File::open(&target)
            .and_then(|file| file.sync_all())
            .map_err(writing)?;
        manifest
            .record(directory, file.file_name(), found)
            .map_err(writing)?;
    }
    Ok(manifest)
}

impl Errand<'_> {
    fn download(&self, file: &FileEntry, cache: &Path, before: u64) -> Result<PathBuf, ModelError> {
        let failed = |source| ModelError::Hub {
            asset: self.asset.to_owned(),
            repo: self.hub.repo.clone(),
            file: file.path.clone(),
            source: Box::new(source),
        };
        let repository = self.repository(cache).map_err(failed)?;
        let (sender, progress) = channel();
        let stop = self.cancel.clone();
        let path = file.path.clone();
        let worker = std::thread::Builder::new()
            .name("hub-download".to_owned())
            .spawn(move || repository.download_with_progress(&path, Watched { sender, stop }))
            .map_err(|error| failed(ApiError::IoError(error)))?;
        let mut bytes = before;
        loop {
            match progress.recv_timeout(INTERVAL) {
                Ok(more) => {
                    bytes += more;
                    let bytes_total = self.build.download_bytes();
                    (self.report)(AssetStage::Downloading {
                        // Of what nobody pinned, the size is known at its end.
                        bytes: if bytes_total == 0 {
                            bytes
                        } else {
                            bytes.min(bytes_total)
                        },
                        bytes_total: bytes_total.max(bytes),
                    });
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.cancel.is_cancelled() {
                return Err(self.cancelled());
            }
        }
        match worker.join() {
            Ok(result) => result.map_err(failed),
            Err(_) if self.cancel.is_cancelled() => Err(self.cancelled()),
            Err(_) => Err(failed(ApiError::IoError(std::io::Error::other(
                "the hub client gave up unexpectedly",
            )))),
        }
    }

    fn repository(&self, cache: &Path) -> Result<ApiRepo, ApiError> {
        let mut builder = ApiBuilder::from_env().with_progress(false).with_retries(2);
        builder = builder
            .with_token(Cache::from_env().token())
            .with_cache_dir(cache.to_owned());
        if let Some(endpoint) = self.endpoint {
            builder = builder.with_endpoint(endpoint.to_owned());
        }
        let repo = Repo::with_revision(
            self.hub.repo.clone(),
            RepoType::Model,
            self.hub.revision.clone(),
        );
        Ok(builder.build()?.repo(repo))
    }

    fn verify(&self, file: &FileEntry, fetched: &Path) -> Result<Sha256Digest, ModelError> {
        let (found, size) =
            Sha256Digest::of_file(fetched).map_err(|error| ModelError::reading(fetched, error))?;
        let (asset, name) = (self.asset.to_owned(), file.path.clone());
        if let Some(expected) = file.size.filter(|expected| *expected != size) {
            return Err(ModelError::SizeMismatch {
                asset,
                file: name,
                expected,
                found: size,
            });
        }
        if let Some(expected) = file
            .sha256
            .or_else(|| told_by_hub(fetched))
            .filter(|expected| *expected != found)
        {
            return Err(ModelError::HashMismatch {
                asset,
                file: name,
                expected,
                found,
            });
        }
        Ok(found)
    }

    fn cancelled(&self) -> ModelError {
        ModelError::Cancelled {
            asset: self.asset.to_owned(),
        }
    }
}

/// The digest that the hub itself gives for a large file: the client keeps the file under that name.
fn told_by_hub(fetched: &Path) -> Option<Sha256Digest> {
    let real = fs::canonicalize(fetched).ok()?;
    real.file_name()?.to_str()?.parse().ok()
}

/// Passes progress on, and stops the client's thread when asked to.
struct Watched {
    sender: std::sync::mpsc::Sender<u64>,
    stop: CancellationToken,
}

impl Progress for Watched {
    fn init(&mut self, _size: usize, _file: &str) {}

    fn update(&mut self, size: usize) {
        if self.stop.is_cancelled() {
            // The client has no other way to be stopped. This unwinds its thread alone, is caught where that thread
            // is joined, and calls no panic hook.
            resume_unwind(Box::new("cancelled"));
        }
        let _ = self.sender.send(size as u64);
    }

    fn finish(&mut self) {}
}

//! Brings an asset from its source into the store: lock, room, download, check, unpack, one rename.

use std::fs;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::manifest::{Defect, Manifest};
use super::staging::Staging;
use super::{Asset, AssetStage, AssetStore, Look, hub, unpack, wheel};
use crate::catalogue::{Build, Entry, Source};
use crate::error::ModelError;

/// Room beyond the files themselves: directories, logs, what the package client keeps for itself.
const MARGIN_BYTES: u64 = 16 * 1024 * 1024;

impl AssetStore {
    /// Fetches what is missing, or has the given `defect`.
    pub(super) fn fetch(
        &self,
        entry: &Entry,
        build: &Build,
        defect: Option<Defect>,
        cancel: &CancellationToken,
    ) -> Result<Asset, ModelError> {
        if matches!(build.source, Source::Path {}) {
            return Err(ModelError::NotProvided {
                asset: entry.name.clone(),
            });
        }
        if self.0.offline {
            return Err(ModelError::Offline {
                asset: entry.name.clone(),
                version: entry.version.clone(),
                bytes: build.download_bytes(),
                defect: defect.map(Box::new),
            });
        }
        let _lock = self.lock(entry, cancel)?;
        // Whoever held the lock before may have finished the work; what this process knew may be of files that are gone.
        self.forget(&entry.name);
        match self.look(entry, build)? {
            Look::Sound(asset) => return Ok(asset),
            Look::Damaged(defect) => self.report(
                &entry.name,
                AssetStage::Refetching {
                    why: defect.to_string(),
                },
            ),
            Look::Missing => {}
        }
        self.check_space(build)?;
        self.report(
            &entry.name,
            AssetStage::Started {
                bytes_total: build.download_bytes(),
            },
        );
        let staging = Staging::open(&self.0.home, &entry.directory_name())?;
        let scratch = staging.scratch()?;
        // Not the scratch directory itself, which only its owner may read.
        let unpacked = scratch.path().join("files");
        fs::create_dir(&unpacked).map_err(|error| ModelError::writing(&unpacked, error))?;
        let manifest = self.obtain(entry, build, &staging, &unpacked, cancel)?;
        manifest
            .write(&unpacked)
            .map_err(|error| ModelError::writing(&unpacked, error))?;
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled {
                asset: entry.name.clone(),
            });
        }
        self.install(entry, &unpacked, &staging)?;
        staging.finish();
        self.remember(&entry.name, manifest);
        self.report(&entry.name, AssetStage::Ready);
        Ok(self.asset(entry, build))
    }

    /// Puts the checked files of a build into the empty `directory`.
    fn obtain(
        &self,
        entry: &Entry,
        build: &Build,
        staging: &Staging,
        directory: &Path,
        cancel: &CancellationToken,
    ) -> Result<Manifest, ModelError> {
        let report = |stage| self.report(&entry.name, stage);
        match &build.source {
            Source::Wheel(wheel) => {
                let errand = wheel::Errand {
                    asset: &entry.name,
                    wheel,
                    cancel,
                    report: &report,
                };
                let archive = wheel::fetch(&self.0.client, &errand, staging)?;
                report(AssetStage::Unpacking);
                unpack::unpack(&entry.name, &archive, build, directory)
            }
            Source::Hub(hub) => {
                let endpoint = self.0.hub_endpoint.as_deref();
                let errand = hub::Errand {
                    asset: &entry.name,
                    hub,
                    build,
                    endpoint,
                    cancel,
                    report: &report,
                };
                hub::fetch(&errand, &staging.hub(), directory)
            }
            Source::Path {} => Err(ModelError::NotProvided {
                asset: entry.name.clone(),
            }),
        }
    }

    /// Moves finished files into place; damaged ones that are there are set aside first.
    fn install(&self, entry: &Entry, unpacked: &Path, staging: &Staging) -> Result<(), ModelError> {
        let target = self.directory_of(entry);
        let writing = |error| ModelError::writing(&target, error);
        if target.exists() {
            fs::rename(&target, staging.scratch()?.path().join("damaged")).map_err(writing)?;
        }
        fs::rename(unpacked, &target).map_err(writing)?;
        #[cfg(unix)]
        fs::File::open(self.0.home.assets())
            .and_then(|assets| assets.sync_all())
            .map_err(writing)?;
        Ok(())
    }

    fn check_space(&self, build: &Build) -> Result<(), ModelError> {
        let directory = self.0.home.make(self.0.home.assets())?;
        let needed = build.download_bytes() + build.installed_bytes() + MARGIN_BYTES;
        match (self.0.available_space)(&directory) {
            Ok(Some(available)) if available < needed => Err(ModelError::NoSpace {
                path: directory,
                needed: Some(needed),
                available: Some(available),
            }),
            // A disk that does not say is tried.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

//! The door to model files and native libraries: what is asked for by name comes back as checked files on disk.
//!
//! Looked up in this order: a path that the user named, the store under the home, the source in the catalogue. All
//! calls block, some for as long as a download takes; async callers use `spawn_blocking`. The store knows nothing of
//! what the files are for.

mod asset;
mod child;
mod digest;
mod events;
mod fetch;
mod hub;
mod lock;
mod manifest;
mod named;
mod space;
mod staging;
mod status;
mod unpack;
mod wheel;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

pub use self::asset::{Asset, AssetOrigin};
pub use self::digest::{InvalidDigest, Sha256Digest};
pub use self::events::{AssetEvent, AssetObserver, AssetStage};
pub use self::manifest::{Defect, Problem};
pub use self::named::NamedPath;
pub use self::status::{AssetState, AssetStatus, Readiness, Verification};

use self::manifest::{Depth, Inspection, Manifest};
use self::wheel::PackageClient;
use crate::catalogue::{Build, Catalogue, Entry, current_platform};
use crate::error::ModelError;
use crate::home::Home;
use crate::options::ModelsOptions;

/// Fetches, checks and finds assets. Cheap to clone; all clones share what they know.
#[derive(Clone)]
pub struct AssetStore(Arc<Shared>);

struct Shared {
    home: Home,
    catalogue: Arc<Catalogue>,
    platform: String,
    offline: bool,
    named: BTreeMap<String, NamedPath>,
    observer: Option<AssetObserver>,
    hub_endpoint: Option<String>,
    client: PackageClient,
    available_space: fn(&Path) -> std::io::Result<Option<u64>>,
    /// Manifests of what this process has found sound, which stand in where the home is read-only.
    sound: Mutex<HashMap<String, Manifest>>,
}

impl fmt::Debug for AssetStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            home,
            platform,
            offline,
            named,
            ..
        } = &*self.0;
        formatter
            .debug_struct("AssetStore")
            .field("home", home)
            .field("platform", platform)
            .field("offline", offline)
            .field("named", named)
            .finish_non_exhaustive()
    }
}

impl AssetStore {
    /// A store in `home` for the assets of `catalogue`. Touches neither disk nor network.
    #[must_use]
    pub fn new(home: Home, catalogue: Arc<Catalogue>, options: &ModelsOptions) -> Self {
        Self(Arc::new(Shared {
            home,
            catalogue,
            platform: current_platform(),
            offline: options.offline,
            named: options.named_paths.clone(),
            observer: options.observer.clone(),
            hub_endpoint: options.hub_endpoint.clone(),
            client: PackageClient::default(),
            available_space: space::available,
            sound: Mutex::default(),
        }))
    }

    /// What can be asked for.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.0.catalogue
    }

    /// Gives an asset, fetching it if it is neither named by the user nor in the store, or is damaged there.
    ///
    /// With the asset in place this reads the times and sizes of its files and writes nothing, so a read-only home
    /// serves. A cancelled or failed fetch leaves nothing that a later call would take for an asset.
    ///
    /// # Errors
    /// [`ModelError::UnknownAsset`], [`ModelError::UnsupportedPlatform`], [`ModelError::NamedPath`],
    /// [`ModelError::Offline`], [`ModelError::NotWritable`], [`ModelError::NoSpace`], [`ModelError::Cancelled`], and
    /// those of the source: no or failing package client or hub, a digest or size that differs, a broken archive.
    pub fn ensure(&self, name: &str, cancel: &CancellationToken) -> Result<Asset, ModelError> {
        let entry = self.0.catalogue.entry(name)?;
        match self.0.named.get(name) {
            Some(path) => named::resolve(entry, self.named_build(entry)?, path),
            None => self.ensure_in_store(entry, cancel),
        }
    }

    /// Like [`ensure`](Self::ensure), but into the store even where the user named a path.
    ///
    /// # Errors
    /// As [`ensure`](Self::ensure).
    pub fn pull(&self, name: &str, cancel: &CancellationToken) -> Result<Asset, ModelError> {
        self.ensure_in_store(self.0.catalogue.entry(name)?, cancel)
    }

    /// Removes an asset, and what was kept of an interrupted fetch, from the store; gives the bytes that it took.
    ///
    /// # Errors
    /// [`ModelError::UnknownAsset`], [`ModelError::Cancelled`] while another process fetches it,
    /// [`ModelError::NotWritable`] or [`ModelError::File`] if it cannot be removed.
    pub fn remove(&self, name: &str, cancel: &CancellationToken) -> Result<u64, ModelError> {
        let entry = self.0.catalogue.entry(name)?;
        let directory = self.directory_of(entry);
        if !directory.exists() && !staging::exists(&self.0.home, &entry.directory_name()) {
            return Ok(0);
        }
        let _lock = self.lock(entry, cancel)?;
        staging::discard(&self.0.home, &entry.directory_name());
        let size = Manifest::read(&directory).size();
        self.forget(name);
        match std::fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(ModelError::writing(&directory, error))
            }
            _ => Ok(size),
        }
    }

    fn ensure_in_store(
        &self,
        entry: &Entry,
        cancel: &CancellationToken,
    ) -> Result<Asset, ModelError> {
        let build = self.build(entry)?;
        match self.look(entry, build)? {
            Look::Sound(asset) => Ok(asset),
            Look::Missing => self.fetch(entry, build, None, cancel),
            Look::Damaged(defect) => self.fetch(entry, build, Some(defect), cancel),
        }
    }

    /// Looks at what the store holds of an asset, reading only files that changed since they were recorded.
    fn look(&self, entry: &Entry, build: &Build) -> Result<Look, ModelError> {
        let directory = self.directory_of(entry);
        if !directory.is_dir() {
            return Ok(Look::Missing);
        }
        let known = self.known(entry);
        let Inspection {
            mut defects,
            manifest,
        } = known.inspect(&directory, build, Depth::Changed)?;
        if !defects.is_empty() {
            return Ok(Look::Damaged(defects.swap_remove(0)));
        }
        if manifest != known {
            // A home that cannot be written is no reason to fail: this process remembers what it read.
            if let Err(error) = manifest.write(&directory) {
                tracing::debug!(asset = entry.name, %error, "the manifest could not be updated");
            }
        }
        self.remember(&entry.name, manifest);
        Ok(Look::Sound(self.asset(entry, build)))
    }

    fn asset(&self, entry: &Entry, build: &Build) -> Asset {
        let directory = self.directory_of(entry);
        let pins = build
            .files
            .iter()
            .filter_map(|file| Some((file.name.clone(), file.sha256?)));
        let mut pins: BTreeMap<String, Sha256Digest> = pins.collect();
        pins.insert(
            String::new(),
            Sha256Digest::of(entry.directory_name().as_bytes()),
        );
        Asset {
            name: entry.name.clone(),
            version: entry.version.clone(),
            origin: AssetOrigin::Store,
            files: build
                .files
                .iter()
                .map(|file| (file.name.clone(), directory.join(file.file_name())))
                .collect(),
            directory,
            fingerprint: Sha256Digest::of_tree(&pins),
        }
    }

    fn directory_of(&self, entry: &Entry) -> PathBuf {
        self.0.home.assets().join(entry.directory_name())
    }

    fn build<'a>(&self, entry: &'a Entry) -> Result<&'a Build, ModelError> {
        entry
            .build_for(&self.0.platform)
            .ok_or_else(|| ModelError::UnsupportedPlatform {
                asset: entry.name.clone(),
                platform: self.0.platform.clone(),
            })
    }

    /// The build that tells which files there are; a user may name files for a platform that none is made for.
    fn named_build<'a>(&self, entry: &'a Entry) -> Result<&'a Build, ModelError> {
        self.build(entry)
            .or_else(|error| entry.builds.first().ok_or(error))
    }

    fn lock(
        &self,
        entry: &Entry,
        cancel: &CancellationToken,
    ) -> Result<lock::AssetLock, ModelError> {
        let waiting = || self.report(&entry.name, AssetStage::Waiting);
        lock::acquire(
            &self.0.home,
            &entry.name,
            &entry.directory_name(),
            cancel,
            waiting,
        )
    }

    fn report(&self, asset: &str, stage: AssetStage) {
        tracing::debug!(asset, ?stage, "asset");
        if let Some(observer) = &self.0.observer {
            observer(AssetEvent {
                asset: asset.to_owned(),
                stage,
            });
        }
    }

    fn known(&self, entry: &Entry) -> Manifest {
        let sound = self.0.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound
            .get(&entry.name)
            .cloned()
            .unwrap_or_else(|| Manifest::read(&self.directory_of(entry)))
    }

    fn remember(&self, name: &str, manifest: Manifest) {
        self.0
            .sound
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), manifest);
    }

    /// Makes the next look read every file of an asset.
    fn distrust(&self, entry: &Entry) {
        self.remember(&entry.name, Manifest::default());
        // In a home that cannot be written this process alone knows.
        let _ = std::fs::remove_file(self.directory_of(entry).join(manifest::FILE_NAME));
    }

    fn forget(&self, name: &str) {
        self.0
            .sound
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(name);
    }
}

/// What the store holds of an asset.
enum Look {
    Sound(Asset),
    Missing,
    Damaged(Defect),
}

//! Where model files, native libraries and loaded models come from.
//!
//! Everything that Medley runs passes through this crate: the [`catalogue`] pins what may be fetched, the asset store
//! in [`assets`] fetches and checks it under the [`home`]. The crate knows the contracts of `medley-orchestrator` and
//! nothing of tools or planners.

pub mod assets;
pub mod catalogue;
pub mod endpoints;
pub mod error;
pub mod families;
pub mod home;
pub mod language;
pub mod native;
pub mod options;
pub mod processing;
pub mod sessions;

mod bytes;
mod resident;

use std::sync::{Arc, Mutex, PoisonError};

use medley_orchestrator::{Ledger, Limits};
use tokio_util::sync::CancellationToken;

pub use assets::{Asset, AssetStore};
pub use bytes::readable as readable_bytes;
pub use endpoints::{Endpoint, EndpointError, EndpointSettings, LengthField, SecretKey};
pub use error::ModelError;
pub use home::Home;
pub use options::ModelsOptions;
pub use resident::Resident;

use sessions::{OnnxRuntime, Sessions, SessionsOptions};

/// The models of one process; clones share everything.
#[derive(Debug, Clone)]
pub struct Models(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    assets: AssetStore,
    home: Home,
    ledger: Ledger,
    sessions: Mutex<Option<Arc<Sessions>>>,
}

impl Models {
    /// Prepares to serve models. Touches no network, loads nothing and makes no directory: that happens at first use.
    ///
    /// # Errors
    /// [`ModelError::NoHome`] if no home is given and the platform has none; [`ModelError::Catalogue`] if the built-in
    /// catalogue is not usable.
    pub fn open(options: ModelsOptions) -> Result<Self, ModelError> {
        let home = match &options.home {
            Some(path) => Home::at(path),
            None => Home::of_platform()?,
        };
        let mut catalogue = catalogue::Catalogue::embedded()?;
        if !options.more.is_empty() {
            let more = options.more.iter().cloned();
            catalogue = Arc::new(catalogue::Catalogue::clone(&catalogue).with(more));
        }
        let assets = AssetStore::new(home.clone(), catalogue, &options);
        let sessions = Mutex::default();
        let ledger = options.ledger.clone();
        let ledger = ledger.unwrap_or_else(|| Ledger::new(Limits::unlimited()));
        Ok(Self(Arc::new(Shared {
            assets,
            home,
            ledger,
            sessions,
        })))
    }

    /// Files by name, fetched when they are first asked for.
    #[must_use]
    pub fn assets(&self) -> &AssetStore {
        &self.0.assets
    }

    /// The pool of ONNX sessions; the library is fetched and loaded when it is first asked for. Blocks.
    ///
    /// # Errors
    /// What fetching or loading the library reports; [`ModelError::Cancelled`] if `cancel` is set meanwhile.
    pub fn sessions(&self, cancel: &CancellationToken) -> Result<Arc<Sessions>, ModelError> {
        let mut sessions = self
            .0
            .sessions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(sessions) = sessions.as_ref() {
            return Ok(Arc::clone(sessions));
        }
        let library = self
            .assets()
            .ensure("onnxruntime", cancel)?
            .file("library")?;
        let runtime = OnnxRuntime::load(&library)?;
        let opened = Sessions::new(runtime, SessionsOptions::default(), self.0.ledger.clone());
        let opened = Arc::new(opened);
        Ok(Arc::clone(sessions.insert(opened)))
    }

    /// The ledger that loaded models take their memory from.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// The directory that everything is kept in.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.0.home
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opening_makes_nothing() {
        let place = tempfile::tempdir().unwrap();
        let home = place.path().join("home");
        let models = Models::open(ModelsOptions {
            home: Some(home.clone()),
            ..ModelsOptions::default()
        })
        .unwrap();
        assert_eq!(models.home().root(), home);
        assert!(models.assets().list().unwrap().len() >= 4);
        assert!(!home.exists());
    }
}

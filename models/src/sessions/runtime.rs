//! The ONNX Runtime library of this process.
//!
//! Does not know where the library file comes from: a path is handed in.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;

use crate::ModelError;

/// The library keeps global state (thread settings, registered providers), so a process has one.
static LOADED: Mutex<Option<OnnxRuntime>> = Mutex::new(None);

/// The loaded ONNX Runtime library with its one environment; cheap to clone.
#[derive(Clone, Debug)]
pub struct OnnxRuntime {
    environment: Environment,
    path: PathBuf,
}

impl OnnxRuntime {
    /// Loads the library at `path`, or hands out the one that is loaded already.
    ///
    /// # Errors
    /// [`ModelError::RuntimeLoad`] if the file is no usable ONNX Runtime of version 1.24 or later,
    /// [`ModelError::RuntimeAlreadyLoaded`] if another library was loaded before.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let failed = |problem: String| ModelError::RuntimeLoad {
            path: path.to_owned(),
            problem,
        };
        let path = path
            .canonicalize()
            .map_err(|error| failed(error.to_string()))?;
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            if runtime.path != path {
                return Err(ModelError::RuntimeAlreadyLoaded {
                    loaded: runtime.path.clone(),
                    asked: path,
                });
            }
            return Ok(runtime.clone());
        }
        let environment = ort::init_from(&path)
            .map_err(|error| failed(error.to_string()))?
            .with_name("medley")
            .with_telemetry(false)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let runtime = Self { environment, path };
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library file, without symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }
}

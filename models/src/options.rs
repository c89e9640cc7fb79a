//! What a caller decides before models are opened: where things lie, what may be fetched, who watches.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use medley_orchestrator::Ledger;

use crate::assets::{AssetObserver, NamedPath};
use crate::catalogue::{Catalogue, Entry};
use crate::error::{ModelError, path_variable};

/// Choices for [`Models::open`](crate::Models::open); the default takes the platform's home and allows the network.
#[derive(Clone, Default)]
pub struct ModelsOptions {
    /// Directory to keep files in, in place of the platform's.
    pub home: Option<PathBuf>,
    /// Never use the network: what is not here is an error.
    pub offline: bool,
    /// Paths that the user named for assets, by the asset's name.
    pub named_paths: BTreeMap<String, NamedPath>,
    /// Told about every fetch.
    pub observer: Option<AssetObserver>,
    /// What loaded models take their memory from; without one, memory is not limited.
    pub ledger: Option<Ledger>,
    /// What can be fetched besides what the catalogue knows.
    pub more: Vec<Entry>,
    /// Address of the model hub, in place of `HF_ENDPOINT` and of the client's default.
    pub hub_endpoint: Option<String>,
}

impl ModelsOptions {
    /// What the environment says: `MEDLEY_HOME`, `MEDLEY_OFFLINE`, `ORT_DYLIB_PATH` and `MEDLEY_ASSET_<NAME>` for each
    /// asset (`MEDLEY_ASSET_PP_OCR` for `pp-ocr`). Empty variables count as absent.
    ///
    /// # Errors
    /// [`ModelError::Catalogue`] if the built-in catalogue is not usable.
    pub fn from_environment() -> Result<Self, ModelError> {
        Self::from_variables(|name| env::var_os(name))
    }

    /// Names a path for an asset, unless one was named before: callers go from the strongest source to the weakest.
    pub fn name_path(&mut self, asset: &str, path: impl Into<PathBuf>, origin: impl Into<String>) {
        let named = NamedPath {
            path: path.into(),
            origin: origin.into(),
        };
        self.named_paths.entry(asset.to_owned()).or_insert(named);
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ModelError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let mut options = Self {
            home: variable("MEDLEY_HOME").map(PathBuf::from),
            ..Self::default()
        };
        options.offline = variable("MEDLEY_OFFLINE").is_some_and(|value| {
            let value = value.to_string_lossy().to_lowercase();
            !["0", "false", "no", "off"].contains(&value.as_str())
        });
        for entry in Catalogue::embedded()?.entries() {
            let conventional = (entry.name == "onnxruntime").then_some("ORT_DYLIB_PATH".to_owned());
            for name in conventional.into_iter().chain([path_variable(&entry.name)]) {
                if let Some(path) = variable(&name) {
                    options.name_path(&entry.name, path, name);
                }
            }
        }
        Ok(options)
    }
}

impl fmt::Debug for ModelsOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ModelsOptions")
            .field("home", &self.home)
            .field("offline", &self.offline)
            .field("named_paths", &self.named_paths)
            .field("hub_endpoint", &self.hub_endpoint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(variables: &[(&str, &str)]) -> ModelsOptions {
        ModelsOptions::from_variables(|name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
        .unwrap()
    }

    #[test]
    fn the_environment_names_home_and_paths() {
        let options = options(&[
            ("MEDLEY_HOME", "/h"),
            ("MEDLEY_ASSET_PP_OCR", "/m"),
            ("MEDLEY_ASSET_ESPEAK_NG", ""),
        ]);
        assert_eq!(options.home, Some("/h".into()));
        assert_eq!(options.named_paths.len(), 1);
        let named = &options.named_paths["pp-ocr"];
        assert_eq!(
            (named.path.to_str(), named.origin.as_str()),
            (Some("/m"), "MEDLEY_ASSET_PP_OCR")
        );
    }

    #[test]
    fn the_conventional_variable_of_onnx_runtime_goes_first() {
        let options = options(&[
            ("ORT_DYLIB_PATH", "/a.so"),
            ("MEDLEY_ASSET_ONNXRUNTIME", "/b.so"),
        ]);
        assert_eq!(options.named_paths["onnxruntime"].origin, "ORT_DYLIB_PATH");
    }

    #[test]
    fn offline_is_a_switch() {
        assert!(options(&[("MEDLEY_OFFLINE", "1")]).offline);
        assert!(options(&[("MEDLEY_OFFLINE", "true")]).offline);
        assert!(!options(&[("MEDLEY_OFFLINE", "0")]).offline);
        assert!(!options(&[("MEDLEY_OFFLINE", "")]).offline);
        assert!(!options(&[]).offline);
    }
}

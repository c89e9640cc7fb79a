//! What can go wrong between a name and a loaded model, with the way out of each failure.
//!
//! Messages say what happened; [`ModelError::hint`] says what a person can do about it. Rendering, exit codes and
//! the decision to try again belong to the callers.

use std::io;
use std::path::{Path, PathBuf};

use medley_orchestrator::ToolError;
use thiserror::Error;

use crate::assets::{Defect, Sha256Digest};
use crate::bytes::readable;

/// A failure of the catalogue, of the asset store or of a model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The catalogue has no asset of that name.
    #[error("there is no asset named '{name}'")]
    UnknownAsset {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: Vec<String>,
    },

    /// The catalogue itself cannot be understood.
    #[error("the asset catalogue is not usable: {problem}")]
    Catalogue {
        /// What is wrong with it.
        problem: String,
    },

    /// The asset exists, but not for this operating system and processor.
    #[error("asset '{asset}' has no build for {platform}")]
    UnsupportedPlatform {
        /// Name of the asset.
        asset: String,
        /// Operating system and architecture, as in `linux-x86_64`.
        platform: String,
    },

    /// An asset was asked for a file that it does not list.
    #[error("asset '{asset}' has no file named '{file}'")]
    UnknownFile {
        /// Name of the asset.
        asset: String,
        /// Logical name of the file.
        file: String,
    },

    /// A path that the user named for an asset cannot serve as that asset.
    #[error("the path {} given by {origin} for asset '{asset}' {problem}", path.display())]
    NamedPath {
        /// Name of the asset.
        asset: String,
        /// The path as given.
        path: PathBuf,
        /// Where the path came from, for example an environment variable.
        origin: String,
        /// The end of the sentence: what is wrong with the path.
        problem: String,
    },

    /// The asset comes from nowhere but a path that the user names, and none was named.
    #[error("asset '{asset}' cannot be fetched: its path must be given")]
    NotProvided {
        /// Name of the asset.
        asset: String,
    },

    /// The asset is missing or damaged, and the network must not be used.
    #[error(
        "asset '{asset}' {version} is {} ({} to download) and Medley is offline",
        damage(defect.as_deref()),
        readable(*bytes)
    )]
    Offline {
        /// Name of the asset.
        asset: String,
        /// Its version.
        version: String,
        /// Size of the download in bytes.
        bytes: u64,
        /// What is wrong with it, where it is here and damaged.
        defect: Option<Box<Defect>>,
    },

    /// No Python package client was found to fetch a wheel with.
    #[error("asset '{asset}' comes from a Python package, and no pip was found to fetch it with")]
    NoPackageClient {
        /// Name of the asset.
        asset: String,
    },

    /// The package client ran and failed.
    #[error("pip could not fetch asset '{asset}' ({project}): {problem}")]
    PackageClient {
        /// Name of the asset.
        asset: String,
        /// Package and version.
        project: String,
        /// The last lines that the client said.
        problem: String,
    },

    /// The model hub refused, or could not be reached.
    #[error("asset '{asset}' could not be fetched from the model hub: {file} of {repo}")]
    Hub {
        /// Name of the asset.
        asset: String,
        /// Repository on the hub.
        repo: String,
        /// File in the repository.
        file: String,
        /// What the hub client said.
        #[source]
        source: Box<hf_hub::api::sync::ApiError>,
    },

    /// What was fetched is not what the catalogue pins.
    #[error("{file} of asset '{asset}' has SHA-256 {found} where {expected} is expected")]
    HashMismatch {
        /// Name of the asset.
        asset: String,
        /// The file, or the archive that holds it.
        file: String,
        /// The digest that the catalogue pins.
        expected: Sha256Digest,
        /// The digest of what came.
        found: Sha256Digest,
    },

    /// What was fetched has another size than the catalogue says.
    #[error("{file} of asset '{asset}' has {found} bytes where {expected} are expected")]
    SizeMismatch {
        /// Name of the asset.
        asset: String,
        /// The file, or the archive that holds it.
        file: String,
        /// Size that the catalogue pins, in bytes.
        expected: u64,
        /// Size of what came, in bytes.
        found: u64,
    },

    /// An archive cannot be read, or lacks a file that the catalogue names.
    #[error("{} of asset '{asset}' cannot be unpacked: {problem}", path.display())]
    Archive {
        /// Name of the asset.
        asset: String,
        /// The archive.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// An archive holds a file that would land outside the directory that it is unpacked into.
    #[error("the archive of asset '{asset}' holds a file with the unsafe path '{entry}'")]
    UnsafePath {
        /// Name of the asset.
        asset: String,
        /// The path as the archive gives it.
        entry: String,
    },

    /// A directory or file that must be written cannot be.
    #[error("{} cannot be written", path.display())]
    NotWritable {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },

    /// The disk is full, or is about to be.
    #[error("there is no room on the disk that holds {}{}", path.display(), room(*needed, *available))]
    NoSpace {
        /// A path on the disk.
        path: PathBuf,
        /// Bytes that are needed, where they are known.
        needed: Option<u64>,
        /// Bytes that are free, where they are known.
        available: Option<u64>,
    },

    /// The platform tells of no directory for a user's data.
    #[error("there is no directory to keep models in")]
    NoHome,

    /// A file operation failed for another reason.
    #[error("{} cannot be {action}", path.display())]
    File {
        /// What was tried, as a participle: "read", "written".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },

    /// The caller cancelled.
    #[error("fetching asset '{asset}' was cancelled")]
    Cancelled {
        /// Name of the asset.
        asset: String,
    },

    /// The ONNX Runtime library could not be loaded.
    #[error("ONNX Runtime could not be loaded from {}: {problem}", path.display())]
    RuntimeLoad {
        /// The library that was tried.
        path: PathBuf,
        /// What the loader said.
        problem: String,
    },

    /// A second, different ONNX Runtime library was asked for.
    #[error("ONNX Runtime is loaded from {}, and {} cannot be used beside it", loaded.display(), asked.display())]
    RuntimeAlreadyLoaded {
        /// The library in use.
        loaded: PathBuf,
        /// The library that was asked for.
        asked: PathBuf,
    },

    /// A model file cannot be read, or is no model that the library understands.
    #[error("model {} could not be loaded: {problem}", path.display())]
    ModelLoad {
        /// The model file.
        path: PathBuf,
        /// What the library said.
        problem: String,
    },

    /// A model does not fit into the memory beside what is loaded and running.
    #[error("model {} needs {}, more than is free now", path.display(), crate::readable_bytes(*bytes))]
    NoMemory {
        /// The model file.
        path: PathBuf,
        /// How many bytes it needs.
        bytes: u64,
    },

    /// A model loads, but is not of the family that was expected.
    #[error("model {} does not fit: {problem}", path.display())]
    UnexpectedModel {
        /// The model file.
        path: PathBuf,
        /// What is different.
        problem: String,
    },

    /// One inference failed.
    #[error("inference with {} failed: {problem}", path.display())]
    Inference {
        /// The model file.
        path: PathBuf,
        /// What the library said.
        problem: String,
    },

    /// The thread that owns a model has ended.
    #[error("the worker of model {} has ended", path.display())]
    WorkerGone {
        /// The model file.
        path: PathBuf,
    },

    /// A picture cannot be worked on.
    #[error("the picture cannot be read: {problem}")]
    Picture {
        /// What is wrong with it.
        problem: String,
    },

    /// The caller cancelled an inference.
    #[error("the inference was cancelled")]
    InferenceCancelled,
}

impl ModelError {
    /// What a person can do about it, as a full sentence, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownAsset { known, .. } => Some(format!("Known assets: {}.", known.join(", "))),
            Self::UnsupportedPlatform { asset, .. } | Self::NotProvided { asset } => Some(format!(
                "Install it yourself and give its path in {}.",
                path_variable(asset)
            )),
            Self::NamedPath { origin, .. } => {
                Some(format!("Correct {origin}, or take it away so that the asset is fetched."))
            }
            Self::Offline { asset, .. } => Some(format!(
                "Unset MEDLEY_OFFLINE; or run `medley models pull {asset}` on a machine with network and copy its \
                 assets directory here; or give the path of the files in {}.",
                path_variable(asset)
            )),
            Self::NoPackageClient { asset } => Some(format!(
                "Install Python 3 with pip, or give the path of the files in {}.",
                path_variable(asset)
            )),
            Self::PackageClient { asset, .. } | Self::Hub { asset, .. } => Some(format!(
                "Check the network and try again; what has arrived is kept. Without network, give the path of the \
                 files in {}.",
                path_variable(asset)
            )),
            Self::HashMismatch { .. } | Self::SizeMismatch { .. } => Some(
                "What came is not what Medley was tested with, and was not used. Try again; if it stays, the package \
                 source or a proxy changes files."
                    .to_owned(),
            ),
            Self::NotWritable { .. } | Self::NoHome => {
                Some("Set MEDLEY_HOME to a directory that you can write to.".to_owned())
            }
            Self::NoSpace { .. } => {
                Some("Make room, or set MEDLEY_HOME to a directory on a larger disk.".to_owned())
            }
            Self::Archive { .. } | Self::UnsafePath { .. } => {
                Some("The file was not used. Try again, and report it if it stays.".to_owned())
            }
            Self::RuntimeLoad { .. } => Some(format!(
                "Give the path of an ONNX Runtime library of version 1.24 or later in ORT_DYLIB_PATH or {}.",
                path_variable("onnxruntime")
            )),
            Self::RuntimeAlreadyLoaded { .. } => {
                Some("Start a new process to use another library.".to_owned())
            }
            Self::ModelLoad { .. } | Self::UnexpectedModel { .. } => {
                Some("Run `medley models verify`; a damaged file is fetched again.".to_owned())
            }
            Self::NoMemory { .. } => Some(
                "Try again when less is running, or raise `memory` under [limits] in the configuration.".to_owned(),
            ),
            Self::WorkerGone { .. } => Some("Try again; the model is loaded anew.".to_owned()),
            Self::Catalogue { .. }
            | Self::UnknownFile { .. }
            | Self::File { .. }
            | Self::Cancelled { .. }
            | Self::Inference { .. }
            | Self::Picture { .. }
            | Self::InferenceCancelled => None,
        }
    }

    /// Whether the same call may succeed later without anything being changed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::PackageClient { .. } | Self::Hub { .. } | Self::NoMemory { .. }
        )
    }

    /// A failure to write below `path`, told apart by cause.
    pub(crate) fn writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace {
                path,
                needed: None,
                available: None,
            },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, source }
            }
            _ => Self::File {
                action: "written",
                path,
                source,
            },
        }
    }

    /// A failure to read `path`.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        Self::File {
            action: "read",
            path: path.to_owned(),
            source,
        }
    }
}

/// A model's failure as a tool's: what the tool's caller may read, with the way out.
impl From<ModelError> for ToolError {
    fn from(error: ModelError) -> Self {
        let failure = match &error {
            ModelError::Cancelled { .. } | ModelError::InferenceCancelled => {
                return Self::cancelled();
            }
            _ if error.is_transient() => Self::transient("model_failed", error.to_string()),
            _ => Self::permanent("model_failed", error.to_string()),
        };
        let failure = match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        };
        failure.caused_by(error)
    }
}

/// Name of the environment variable that gives the path of an asset: `MEDLEY_ASSET_PP_OCR` for `pp-ocr`.
#[must_use]
pub fn path_variable(asset: &str) -> String {
    let name = asset
        .to_uppercase()
        .replace(|character: char| !character.is_ascii_alphanumeric(), "_");
    format!("MEDLEY_ASSET_{name}")
}

fn damage(defect: Option<&Defect>) -> String {
    defect.map_or_else(
        || "not here".to_owned(),
        |defect| format!("damaged ({defect})"),
    )
}

fn room(needed: Option<u64>, available: Option<u64>) -> String {
    match (needed, available) {
        (Some(needed), Some(available)) => {
            format!(
                ": {} are needed and {} are free",
                readable(needed),
                readable(available)
            )
        }
        _ => String::new(),
    }
}

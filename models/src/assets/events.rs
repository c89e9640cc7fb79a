//! What somebody who watches a fetch is told. Knows nothing of terminals.

use std::sync::Arc;

/// Receives events of all assets, from the threads that fetch them; must not block for long.
pub type AssetObserver = Arc<dyn Fn(AssetEvent) + Send + Sync>;

/// Something happened to an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetEvent {
    /// Name of the asset.
    pub asset: String,
    /// What happened.
    pub stage: AssetStage,
}

/// The stages of a fetch, in the order in which they come; an asset that is already here has none.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssetStage {
    /// Another process or thread is fetching this asset; this one waits and will use the result.
    Waiting,
    /// The asset was here and is damaged; it will be fetched again.
    Refetching {
        /// What is wrong with it.
        why: String,
    },
    /// The fetch begins.
    Started {
        /// Size of the download in bytes.
        bytes_total: u64,
    },
    /// More has arrived.
    Downloading {
        /// Bytes that are here so far.
        bytes: u64,
        /// Size of the download in bytes.
        bytes_total: u64,
    },
    /// The download is complete and its digest is being computed.
    Verifying,
    /// Files are being taken out of the archive.
    Unpacking,
    /// The asset is in place.
    Ready,
}

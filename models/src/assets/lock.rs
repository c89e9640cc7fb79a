//! One lock file for each asset, so that two processes at first use fetch it once.
//!
//! The operating system lets go of the lock when the process ends, however it ends. Knows nothing of what it guards.

use std::fs::{File, OpenOptions, TryLockError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::ModelError;
use crate::home::Home;

/// How often a waiter looks; the time that a cancellation may go unnoticed.
const INTERVAL: Duration = Duration::from_millis(50);

/// Held while it lives.
#[derive(Debug)]
pub(super) struct AssetLock {
    _file: File,
}

/// Takes the lock of an asset's directory, calling `waiting` once if another holds it.
pub(super) fn acquire(
    home: &Home,
    asset: &str,
    directory_name: &str,
    cancel: &CancellationToken,
    waiting: impl FnOnce(),
) -> Result<AssetLock, ModelError> {
    let path = home
        .make(home.locks())?
        .join(format!("{directory_name}.lock"));
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| ModelError::writing(&path, error))?;
    let mut waiting = Some(waiting);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(AssetLock { _file: file }),
            Err(TryLockError::Error(error)) => return Err(ModelError::writing(&path, error)),
            Err(TryLockError::WouldBlock) => {}
        }
        if let Some(waiting) = waiting.take() {
            waiting();
        }
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled {
                asset: asset.to_owned(),
            });
        }
        std::thread::sleep(INTERVAL);
    }
}

//! Free space on the disk that a directory is on.

use std::io;
use std::path::Path;

/// Bytes that an unprivileged process may still write; `None` where the platform is not asked.
#[cfg(unix)]
pub(super) fn available(directory: &Path) -> io::Result<Option<u64>> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

/// Elsewhere the error of the write that fails has to do.
#[cfg(not(unix))]
pub(super) fn available(_directory: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}

//! Says that a run is alive, so that no second process works on it.
//!
//! The system lets go of the lock when the process ends, however it ends.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    process,
};

use super::{JournalError, JournalErrorKind};

/// How often others may come and go while we try.
const ATTEMPTS: usize = 100;

/// Holds a run for this process; dropped, it lets it go.
#[derive(Debug)]
pub struct RunLock {
    path: PathBuf,
    // Closing the file unlocks it.
    _file: File,
}

impl RunLock {
    /// Takes the lock of `run`, a file in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// [`JournalErrorKind::Alive`] while another process, or another part of this one, holds it; or that the
    /// file cannot be made.
    pub fn acquire(folder: impl AsRef<Path>, run: &str) -> Result<Self, JournalError> {
        let is_plain =
            |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if !run.chars().all(is_plain) {
            return Err(JournalError::unknown_run(run));
        }
        let folder = folder.as_ref();
        let path = folder.join(format!("run-{run}.lock"));
        let failed = |failure| JournalError::system(&path, failure);
        fs::create_dir_all(folder).map_err(failed)?;
        for _ in 0..ATTEMPTS {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)
                .map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(alive(run, &path)),
                Err(TryLockError::Error(failure)) => return Err(failed(failure)),
            }
            // Who held it before may have removed the file after we opened it; then ours guards nothing.
            if is_at(&file, &path).map_err(failed)? {
                // Only told to people, so that it need not succeed.
                let _ = write_owner(&mut file);
                return Ok(Self { path, _file: file });
            }
        }
        Err(alive(run, &path))
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Removed while it is still locked, so that what is removed is always ours.
        if let Err(failure) = fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %failure, "a run's lock file stays");
        }
    }
}

fn alive(run: &str, path: &Path) -> JournalError {
    let owner = fs::read_to_string(path).unwrap_or_default();
    let owner = match owner.trim() {
        "" => "another process".to_owned(),
        id => format!("process {id}"),
    };
    JournalError {
        kind: JournalErrorKind::Alive,
        message: format!("run `{run}` is alive in {owner}"),
        hint: "wait until it ends, or stop that process".to_owned(),
        source: None,
    }
}

fn write_owner(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{}", process::id())
}

/// Whether `path` still names `file`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(failure) => Err(failure),
    }
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn a_run_is_held_once_and_let_go() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("runs");
        let held = RunLock::acquire(&home, "r1").unwrap();
        let refused = RunLock::acquire(&home, "r1").unwrap_err();
        assert_eq!(refused.kind, JournalErrorKind::Alive);
        assert!(
            refused.message.contains(&process::id().to_string()),
            "{refused}"
        );
        assert!(!refused.hint.is_empty());
        let _other = RunLock::acquire(&home, "r2").unwrap();
        drop(held);
        assert!(!home.join("run-r1.lock").exists());
        RunLock::acquire(&home, "r1").unwrap();
    }

    #[test]
    fn a_lock_file_that_was_left_behind_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("run-r1.lock"), "4711 and more").unwrap();
        let _held = RunLock::acquire(folder.path(), "r1").unwrap();
        let owner = fs::read_to_string(folder.path().join("run-r1.lock")).unwrap();
        assert_eq!(owner, process::id().to_string());
    }

    #[test]
    fn however_many_try_one_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let holders = AtomicUsize::new(0);
        let turns = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        match RunLock::acquire(folder.path(), "r1") {
                            Ok(_held) => {
                                assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                                turns.fetch_add(1, Ordering::SeqCst);
                                holders.fetch_sub(1, Ordering::SeqCst);
                            }
                            Err(refused) => assert_eq!(refused.kind, JournalErrorKind::Alive),
                        }
                    }
                });
            }
        });
        assert!(turns.into_inner() > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn an_id_cannot_name_a_file_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        assert!(RunLock::acquire(folder.path(), "/../../r1").is_err());
    }

    #[test]
    fn a_folder_that_cannot_be_made_names_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "in the way").unwrap();
        let refused = RunLock::acquire(file.join("runs"), "r1").unwrap_err();
        assert_eq!(refused.kind, JournalErrorKind::ReadOnly);
        assert!(refused.hint.contains("MEDLEY_HOME"));
    }
}

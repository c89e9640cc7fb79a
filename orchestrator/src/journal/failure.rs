//! What SQLite and the system say, as a [`JournalError`] with the way out.

use std::{error::Error, io, path::Path, sync::Arc};

use rusqlite::{ErrorCode, ffi};

use super::{JournalError, JournalErrorKind};

/// Why a piece of work on the database stops.
pub(super) enum Stop {
    /// It is turned down by itself and has changed nothing; what shares its transaction goes on.
    Refused(JournalError),
    /// The database failed.
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Stop {
    fn from(failure: rusqlite::Error) -> Self {
        Self::Failed(failure)
    }
}

impl From<JournalError> for Stop {
    fn from(refusal: JournalError) -> Self {
        Self::Refused(refusal)
    }
}

impl Stop {
    /// As an error of the journal at `path`.
    pub(super) fn at(self, path: &Path) -> JournalError {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Failed(failure) => JournalError::database(path, &Arc::new(failure)),
        }
    }
}

type Cause = Option<Box<dyn Error + Send + Sync>>;

impl JournalError {
    pub(super) fn other(message: impl Into<String>, hint: &str) -> Self {
        Self {
            kind: JournalErrorKind::Other,
            message: message.into(),
            hint: hint.to_owned(),
            source: None,
        }
    }

    pub(super) fn unknown_run(run: &str) -> Self {
        Self {
            kind: JournalErrorKind::UnknownRun,
            message: format!("there is no run `{run}`"),
            hint: "`medley runs list` shows the runs that are kept".to_owned(),
            source: None,
        }
    }

    pub(super) fn newer(path: &Path, found: i64, known: usize) -> Self {
        Self {
            kind: JournalErrorKind::Newer,
            message: format!(
                "a newer Medley wrote the journal at {}: it has version {found}, and this one knows up to {known}",
                path.display()
            ),
            hint: "update Medley, or set MEDLEY_HOME to another folder".to_owned(),
            source: None,
        }
    }

    /// `what` of the journal at `path` cannot be made sense of.
    pub(super) fn damaged(path: &Path, what: &str, source: Cause) -> Self {
        Self {
            kind: JournalErrorKind::Damaged,
            message: format!("{what} at {} is damaged, or no journal", path.display()),
            hint: "move it away, with the files beside it that end in -wal and -shm, and a new one is made; \
                   or set MEDLEY_HOME to another folder"
                .to_owned(),
            source,
        }
    }

    /// What SQLite said. The cause is shared, because a transaction that fails answers many callers.
    pub(super) fn database(path: &Path, failure: &Arc<rusqlite::Error>) -> Self {
        let source: Cause = Some(Box::new(Arc::clone(failure)));
        Self::of_kind(kind_of(failure), path, source)
    }

    /// What the system said of a file or folder of the journal's.
    pub(super) fn system(path: &Path, failure: io::Error) -> Self {
        use io::ErrorKind as System;
        let kind = match failure.kind() {
            System::StorageFull | System::QuotaExceeded => JournalErrorKind::Full,
            System::PermissionDenied
            | System::ReadOnlyFilesystem
            | System::NotADirectory
            | System::IsADirectory
            | System::AlreadyExists => JournalErrorKind::ReadOnly,
            _ => JournalErrorKind::Other,
        };
        Self::of_kind(kind, path, Some(Box::new(failure)))
    }

    fn of_kind(kind: JournalErrorKind, path: &Path, source: Cause) -> Self {
        let place = path.display();
        let (message, hint) = match kind {
            JournalErrorKind::Full => (
                format!("no room on disk for the journal at {place}"),
                "free some space, or set MEDLEY_HOME to a folder on a disk with room",
            ),
            JournalErrorKind::ReadOnly => (
                format!("cannot write to the journal at {place}"),
                "set MEDLEY_HOME to a folder that you may write to",
            ),
            JournalErrorKind::Locked => (
                format!("another process holds the journal at {place}"),
                "wait until it ends, or stop it; or set MEDLEY_HOME to another folder",
            ),
            JournalErrorKind::Damaged => return Self::damaged(path, "the journal", source),
            _ => (
                format!("the journal at {place} failed"),
                "check that file and its disk, or set MEDLEY_HOME to another folder",
            ),
        };
        Self {
            kind,
            message,
            hint: hint.to_owned(),
            source,
        }
    }
}

fn kind_of(failure: &rusqlite::Error) -> JournalErrorKind {
    use rusqlite::Error as Sqlite;
    match failure {
        Sqlite::SqliteFailure(code, _) => match (code.code, code.extended_code) {
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => JournalErrorKind::Full,
            (ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked, _) => JournalErrorKind::Locked,
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)
            | (_, ffi::SQLITE_IOERR_SHORT_READ | ffi::SQLITE_IOERR_CORRUPTFS) => {
                JournalErrorKind::Damaged
            }
            (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => {
                JournalErrorKind::ReadOnly
            }
            // Our rows hold to the schema, unless the schema is not ours or an index lies.
            (ErrorCode::ConstraintViolation, _) => JournalErrorKind::Damaged,
            _ => JournalErrorKind::Other,
        },
        Sqlite::SqlInputError { .. }
        | Sqlite::FromSqlConversionFailure(..)
        | Sqlite::IntegralValueOutOfRange(..)
        | Sqlite::InvalidColumnType(..)
        | Sqlite::Utf8Error(..)
        | Sqlite::QueryReturnedNoRows => JournalErrorKind::Damaged,
        _ => JournalErrorKind::Other,
    }
}

//! Which version of the schema a file has, and the way to the newest.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::columns::Count;
use super::failure::Stop;
use super::{JournalError, JournalErrorKind};

/// What leads from each version to the next; the first makes version 1 of an empty file.
const MIGRATIONS: &[&str] = &[include_str!("schema.sql"), include_str!("schema_2.sql")];

/// "Medl": marks the file as ours.
const APPLICATION: i64 = 0x4d65_646c;

/// Refuses a file that is no journal, or a newer one, before anything is written to it.
pub(super) fn inspect(connection: &Connection, path: &Path) -> Result<usize, Stop> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let version = number("user_version")?;
    let objects: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if objects > 0 && number("application_id")? != APPLICATION {
        return Err(Stop::Refused(JournalError {
            kind: JournalErrorKind::Damaged,
            message: format!(
                "the file at {} is a database, but no journal",
                path.display()
            ),
            hint: "move it away and a journal is made; or set MEDLEY_HOME to another folder"
                .to_owned(),
            source: None,
        }));
    }
    match usize::try_from(version) {
        Ok(known) if known <= MIGRATIONS.len() => Ok(known),
        _ => Err(JournalError::newer(path, version, MIGRATIONS.len()).into()),
    }
}

/// Brings the file to the newest version, or leaves it as it is.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), Stop> {
    if inspect(connection, path)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have come first.
    let version = inspect(&transaction, path)?;
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", Count(MIGRATIONS.len() as u64))?;
    Ok(transaction.commit()?)
}

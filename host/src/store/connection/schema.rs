//! Recognises our databases and their schema.

use rusqlite::Connection;

use crate::error::{Error, Result, StoreFault};

/// `user_version` of a database that is up to date.
pub(in crate::store) const SCHEMA: usize = 14;

/// "uNOT": marks our files (`PRAGMA application_id`).
pub(crate) const APPLICATION_ID: i32 = 0x754E_4F54;

/// Returns the schema number of a database: the number of applied migrations.
pub(in crate::store) fn schema(conn: &Connection) -> Result<usize> {
    let mut query = conn.prepare_cached("PRAGMA user_version")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// Returns the schema of one of our databases, or 0 if the database is empty.
///
/// # Errors
/// `Foreign`, `Newer`, and errors of reading.
pub(in crate::store) fn recognised(conn: &Connection) -> Result<usize> {
    // A single read transaction: another program may be creating the database, and tables that it
    // created between two reads would be mistaken for those of another program.
    let _moment = conn
        .is_autocommit()
        .then(|| conn.unchecked_transaction())
        .transpose()?;
    let found = schema(conn)?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        let tables: i64 =
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 || found > 0 || application != 0 {
            return Err(Error::store(StoreFault::Foreign));
        }
    } else if found > SCHEMA {
        return Err(Error::store(StoreFault::Newer));
    }
    Ok(found)
}

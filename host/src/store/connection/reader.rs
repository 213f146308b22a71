//! Read access to an open database.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{query_deadline::QueryDeadline, schema};
use crate::{
    error::{Error, Result, StoreFault},
    platform::FileId,
};

/// Read access to the database. Never changes a byte.
#[derive(Debug)]
pub struct Reader {
    pub(in crate::store) conn: Connection,
    pub(in crate::store) path: PathBuf,
    pub(in crate::store) file: Option<FileId>,
    pub(in crate::store) query_deadline: QueryDeadline,
}

/// Numbers of notes and tags in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Notes, without the trash.
    pub notes: u64,
    /// Tags with at least one note.
    pub tags: u64,
}

impl Reader {
    /// Returns whether this is still the database at its path. If another file has taken its place,
    /// or its schema has changed, it must be reopened.
    ///
    /// # Errors
    /// `store_newer` if a newer version of this program has migrated it; the other `store_*` kinds.
    pub fn is_current(&self) -> Result<bool> {
        if self.file != FileId::of(&self.path) {
            return Ok(false);
        }
        match schema::schema(&self.conn)? {
            newer if newer > schema::SCHEMA => Err(Error::store(StoreFault::Newer)),
            found => Ok(found == schema::SCHEMA),
        }
    }

    /// Returns a number that identifies the open file: a file that replaces it while it is open has
    /// another number.
    #[must_use]
    pub fn file_number(&self) -> u64 {
        self.file.map_or(0, FileId::number)
    }

    /// Runs several reads on one snapshot. Takes SQLite's locks only once.
    ///
    /// # Errors
    /// Those of `read`, and the `store_*` kinds.
    pub fn read_transaction<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let transaction = self.conn.unchecked_transaction()?;
        let done = read(self)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Returns the revision, which each write increases. If it is unchanged, no page needs to be
    /// rendered again.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method that reads.
    pub fn revision(&self) -> Result<u64> {
        let mut query = self.conn.prepare_cached("SELECT revision FROM meta")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Returns the counts. Triggers maintain them, so the cost doesn't depend on the size of the
    /// store.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn counts(&self) -> Result<Counts> {
        let mut query = self.conn.prepare_cached("SELECT notes, tags FROM meta")?;
        Ok(query.query_row([], |row| {
            Ok(Counts {
                notes: row.get(0)?,
                tags: row.get(1)?,
            })
        })?)
    }
}

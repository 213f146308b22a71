//! Read access to an open database.

use std::path::PathBuf;

use rusqlite::Connection;

use super::{db_files::FileId, query_deadline::QueryDeadline, schema};
use crate::error::{Error, Result, StoreFault};

/// Read access. Never changes a byte.
#[derive(Debug)]
pub struct Reader {
    pub(in crate::store) conn: Connection,
    pub(in crate::store) path: PathBuf,
    pub(in crate::store) file: Option<FileId>,
    pub(in crate::store) query_deadline: QueryDeadline,
}

/// Notes and tags in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Notes, without the trash.
    pub notes: u64,
    /// Tags with at least one note.
    pub tags: u64,
}

impl Reader {
    /// Whether this is still the database at its path: not once another file was
    /// put there, nor once it has another schema. Then it has to be opened anew.
    ///
    /// # Errors
    /// `store_newer` where a newer version of this program has brought it up to
    /// date; the other `store_*` kinds.
    pub fn is_current(&self) -> Result<bool> {
        if self.file != FileId::of(&self.path) {
            return Ok(false);
        }
        match schema::schema(&self.conn)? {
            newer if newer > schema::SCHEMA => Err(Error::store(StoreFault::Newer)),
            found => Ok(found == schema::SCHEMA),
        }
    }

    /// The number of the file that is read: another one that is put in its place
    /// while it is open has another.
    #[must_use]
    pub fn file_number(&self) -> u64 {
        self.file.map_or(0, FileId::number)
    }

    /// Reads several things of one moment, at the cost of taking SQLite's locks once.
    ///
    /// # Errors
    /// Those of `read`, and the `store_*` kinds.
    pub fn read_transaction<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let transaction = self.conn.unchecked_transaction()?;
        let done = read(self)?;
        transaction.commit()?;
        Ok(done)
    }

    /// The number that each write raises: unchanged means that every page is unchanged.
    ///
    /// # Errors
    /// The `store_*` kinds, as of every method that reads.
    pub fn revision(&self) -> Result<u64> {
        let mut query = self.conn.prepare_cached("SELECT revision FROM meta")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Kept by triggers, so as cheap in a large store as in a small one.
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

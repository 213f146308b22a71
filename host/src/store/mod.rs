//! The SQLite database: opening it, transactions, and what is asked of it.
//!
//! Sole namer of rusqlite. Is given a path, never the configuration. Reads go
//! through [`Reader`], writes through [`Store::write`] or [`Store::once`],
//! each one `BEGIN IMMEDIATE` transaction that is on the disk
//! (`synchronous=FULL`) when the call returns.

mod completion;
mod facets;
mod fault;
mod index;
mod notes;
mod open;
mod search;
mod tags;
mod upkeep;

use std::{ops::Deref, path::Path};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

pub use facets::{Facets, Followed};
pub use notes::{SavedNote, Stats};
pub use search::{Found, Hit};
pub use tags::{RELATED_WINDOW, RelatedTags, TagCount, TagFilter, TagOrder};

use crate::error::{Error, Result};

/// How long a deleted note can be restored.
pub const TRASH_DAYS: i64 = 30;
/// How long an operation is remembered. Longer than a host can sensibly be
/// absent, since a save may wait in the outbox all that time.
const OPERATION_DAYS: i64 = 90;

/// Revisions whose changes are kept.
const CHANGES_KEPT: i64 = 1000;
/// A transaction that changes so many notes leaves no list of them.
const MANY_CHANGES: i64 = 1000;

/// Read access. Never changes a byte.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: std::path::PathBuf,
}

/// Read and write access.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    /// Whether the full-text index may have parts to merge: see `upkeep.rs`.
    merge_due: bool,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// Notes and tags in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Notes, without the trash.
    pub notes: u64,
    /// Tags with at least one note.
    pub tags: u64,
}

/// A write that is done once however often it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    /// Made by who asks.
    pub id: Uuid,
    /// What is done; the same id for something else is refused.
    pub method: &'static str,
}

/// The inside of a write transaction. Its methods are in `notes.rs`.
#[derive(Debug)]
pub struct Writer<'a> {
    tx: Transaction<'a>,
    now: Timestamp,
    pending: index::Pending,
}

impl Reader {
    /// Opens an existing database for reading.
    ///
    /// # Errors
    /// The `store_*` kinds; also where there is no database yet.
    pub fn open(path: &Path) -> Result<Self> {
        open::read_only(path)
    }

    /// Reads several things of one moment, at the cost of taking SQLite's locks once.
    ///
    /// # Errors
    /// Those of `read`, and the `store_*` kinds.
    pub fn at_one_moment<T>(&self, read: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
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

impl Store {
    /// Opens the database; makes it, its folder (0700) and its tables where they
    /// are missing.
    ///
    /// # Errors
    /// The `store_*` kinds. A database of a newer version, or a file that is no
    /// database, is left untouched.
    pub fn open(path: &Path) -> Result<Self> {
        open::read_write(path).map(|reader| Self {
            reader,
            // An earlier process may have left some.
            merge_due: true,
        })
    }

    /// For a program that is about to write many thousand notes in a transaction:
    /// keeps more of the database in memory (64 MiB), so that pages needn't be
    /// written before their time.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn expect_many(&mut self) -> Result<()> {
        Ok(self.conn.pragma_update(None, "cache_size", -65_536)?)
    }

    /// Does `work` in one transaction. An error undoes all of it.
    ///
    /// # Errors
    /// Those of `work`, and the `store_*` kinds.
    pub fn write<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        // IMMEDIATE: a transaction that turns from reading to writing skips the busy handler.
        let tx = self
            .reader
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let writer = Writer {
            tx,
            now,
            pending: index::Pending::default(),
        };
        let done = work(&writer)?;
        writer.write_index()?;
        writer.prune()?;
        writer
            .tx
            .prepare_cached("UPDATE meta SET revision = revision + 1")?
            .execute([])?;
        writer.tx.commit()?;
        self.merge_due = true;
        Ok(done)
    }

    /// As [`Store::write`], but an operation that was done before is not done
    /// again: its result of then is returned, and nothing changes.
    ///
    /// # Errors
    /// Those of `write`; `OpIdReused`.
    pub fn once<T: Serialize + DeserializeOwned>(
        &mut self,
        operation: Operation,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        // Looked up before a write begins, so that a replay bumps no revision;
        // looked up again inside, where nobody can get in between.
        if let Some(result) = operation_result(&self.reader.conn, operation)? {
            return Ok(result);
        }
        self.write(now, |writer| {
            if let Some(result) = operation_result(&writer.tx, operation)? {
                return Ok(result);
            }
            let done = work(writer)?;
            let result = serde_json::to_string(&done).map_err(Error::internal)?;
            writer
                .tx
                .prepare_cached(
                    "INSERT INTO operations (op_id, method, result, done_at) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    operation.id.as_bytes(),
                    operation.method,
                    result,
                    now.as_microsecond()
                ])?;
            Ok(done)
        })
    }
}

fn operation_result<T: DeserializeOwned>(
    conn: &Connection,
    operation: Operation,
) -> Result<Option<T>> {
    let found: Option<(String, String)> = conn
        .prepare_cached("SELECT method, result FROM operations WHERE op_id = ?")?
        .query_row([operation.id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((method, _)) if method != operation.method => Err(Error::OpIdReused),
        Some((_, result)) => serde_json::from_str(&result)
            .map(Some)
            .map_err(Error::internal),
    }
}

impl Writer<'_> {
    /// Takes out what is past its time: deleted notes and finished operations.
    fn prune(&self) -> Result<()> {
        let past = |days: i64| (self.now - SignedDuration::from_hours(24 * days)).as_microsecond();
        self.tx
            .prepare_cached("DELETE FROM trash WHERE deleted_at < ?")?
            .execute([past(TRASH_DAYS)])?;
        self.tx
            .prepare_cached("DELETE FROM operations WHERE done_at < ?")?
            .execute([past(OPERATION_DAYS)])?;
        self.prune_changes()
    }

    /// Keeps the table of changes short: a process that is far behind reads
    /// everything anew, which is quicker than following.
    fn prune_changes(&self) -> Result<()> {
        let many: bool = self
            .tx
            .prepare_cached(
                "SELECT count(*) = ?1 FROM (SELECT 1 FROM changes, meta
                 WHERE changes.revision = meta.revision + 1 LIMIT ?1)",
            )?
            .query_row([MANY_CHANGES], |row| row.get(0))?;
        let keep = if many { -1 } else { CHANGES_KEPT };
        self.tx
            .prepare_cached("UPDATE meta SET changes_after = max(changes_after, revision - ?)")?
            .execute([keep])?;
        self.tx
            .prepare_cached(
                "DELETE FROM changes WHERE revision <= (SELECT changes_after FROM meta)",
            )?
            .execute([])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;

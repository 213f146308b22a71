//! The SQLite database: opening it, transactions, and what is asked of it.
//!
//! Sole namer of rusqlite. Is given a path, never the configuration. Reads go
//! through [`Reader`], writes through [`Store::write`] or [`Store::once`],
//! each one `BEGIN IMMEDIATE` transaction that is on the disk
//! (`synchronous=FULL`) when the call returns.

mod backup;
mod bulk;
mod check;
mod clock;
mod completion;
mod export;
mod facets;
mod fault;
mod file_system;
mod foreign;
mod import;
mod index;
mod notes;
mod obstacle;
mod open;
mod page_keys;
mod pages;
mod patience;
mod place;
mod related;
mod replace;
mod salvage;
mod search;
mod sites;
mod suggest;
mod tag_edits;
mod tag_lists;
mod tags;
mod upkeep;

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

pub use backup::{Backup, Restored, restore_backup};
pub use check::{
    Area, Fault, Health, check, disk, glance, is_open_to_others, is_unwritable, make_private,
};
pub use export::Outline;
pub use facets::{Facets, Followed};
pub use fault::fault_of_disk;
pub use file_system::FileSystem;
pub use foreign::each_foreign_row;
pub use import::{Became, Import, Incoming, Kept, LeftOut, Origin, Undone};
pub use notes::{SavedNote, Stats};
pub(crate) use open::APPLICATION_ID;
pub use place::{is_folder_of, is_part_of};
pub use salvage::{Repaired, Salvage, repair};
pub use search::{Best, Found, Hit, RANKED};
pub use sites::{SITES_LISTED, SiteCount, SiteFamily, SiteList, SiteOrder};
pub use tag_edits::{AliasSet, TagEdit, TagEdited};
pub use tag_lists::{ListedTag, TagList, TagPlace};
pub use tags::{Alias, LookAlike, RELATED_WINDOW, RelatedTags, TagCount, TagFilter, TagOrder};

use crate::error::{Error, Result, StoreFault};

/// How long a deleted note can be restored.
pub const TRASH_DAYS: i64 = 30;
/// How long an operation is remembered. Longer than a host can sensibly be
/// absent, since a save may wait in the outbox all that time.
const OPERATION_DAYS: i64 = 90;

/// So many deleted notes, and operations, go in one write.
const PRUNED_AT_ONCE: i64 = 200;

/// Revisions whose changes are kept.
const CHANGES_KEPT: i64 = 1000;
/// A transaction that changes so many notes leaves no list of them.
const MANY_CHANGES: i64 = 1000;

/// Read access. Never changes a byte.
#[derive(Debug)]
pub struct Reader {
    conn: Connection,
    path: PathBuf,
    file: Option<place::FileId>,
    patience: patience::Patience,
}

/// Read and write access.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    upkeep: upkeep::Upkeep,
    /// What tags are suggested from, once they were.
    remembered: Option<suggest::Remembered>,
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

/// The inside of a write transaction. Its methods are in `notes.rs` and `tag_edits.rs`.
#[derive(Debug)]
pub struct Writer<'a> {
    tx: Transaction<'a>,
    now: Timestamp,
    clock: clock::Clock,
    pending: index::Pending,
    /// Of a large import, what is counted in memory.
    bulk: RefCell<Option<bulk::Bulk>>,
    /// Whether no list of what was changed is left.
    many_changes: Cell<bool>,
}

impl Reader {
    /// Opens an existing database for reading.
    ///
    /// # Errors
    /// The `store_*` kinds; also where there is no database yet.
    pub fn open(path: &Path) -> Result<Self> {
        open::read_only(path)
    }

    /// As [`Store::open`], for who only reads: where the database or its folder can't be
    /// written it is opened all the same, unless it would have to be made or brought up
    /// to date.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_or_make(path: &Path) -> Result<Self> {
        if path.exists() && is_unwritable(path) {
            return open::unwritable(path);
        }
        Ok(Store::open(path)?.reader)
    }

    /// Whether this is still the database at its path: not once another file was
    /// put there, nor once it has another schema. Then it has to be opened anew.
    ///
    /// # Errors
    /// `store_newer` where a newer version of this program has brought it up to
    /// date; the other `store_*` kinds.
    pub fn is_current(&self) -> Result<bool> {
        if self.file != place::FileId::of(&self.path) {
            return Ok(false);
        }
        match open::schema(&self.conn)? {
            newer if newer > open::SCHEMA => Err(Error::store(StoreFault::Newer)),
            found => Ok(found == open::SCHEMA),
        }
    }

    /// The number of the file that is read: another one that is put in its place
    /// while it is open has another.
    #[must_use]
    pub fn file_number(&self) -> u64 {
        self.file.map_or(0, place::FileId::number)
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
        open::read_write(path, FileSystem::of(path)).map(|reader| Self {
            reader,
            upkeep: upkeep::Upkeep::at_open(),
            remembered: None,
        })
    }

    /// For a program that is about to write many thousand notes in a transaction:
    /// keeps more of the database in memory (64 MiB), so that pages needn't be
    /// written before their time.
    ///
    /// What a statement would need to be undone is kept there as well. Else, after the
    /// first statement that changes more than sixteen pages, SQLite would write that into a
    /// temporary file for each one that follows: a gigabyte for ten thousand notes.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn expect_many(&mut self) -> Result<()> {
        self.conn.pragma_update(None, "cache_size", -65_536)?;
        Ok(self.conn.pragma_update(None, "temp_store", "MEMORY")?)
    }

    /// Opens the database anew where this isn't the one at its path any more:
    /// see [`Reader::is_current`].
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn refresh(&mut self) -> Result<()> {
        if !self.is_current()? {
            *self = Self::open(&self.path)?;
        }
        Ok(())
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
        self.written(now, true, work)
            .map_err(|error| fault::explained(error, &self.path))
    }

    /// Does `work` as [`Store::write`] would, and nothing of it stays.
    ///
    /// # Errors
    /// Those of `work`, and the `store_*` kinds.
    pub fn rehearse<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        self.written(now, false, work)
            .map_err(|error| fault::explained(error, &self.path))
    }

    fn written<T>(
        &mut self,
        now: Timestamp,
        keep: bool,
        work: impl FnOnce(&Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        clock::require_plausible(now)?;
        if self.upkeep.is_lax() {
            *self = Self::open(&self.path)?;
        }
        loop {
            // IMMEDIATE: a transaction that turns from reading to writing skips the busy handler.
            let tx = Transaction::new_unchecked(&self.reader.conn, TransactionBehavior::Immediate)?;
            // Looked at where nobody can get in between.
            if !self.is_current()? {
                drop(tx);
                self.refresh()?;
                continue;
            }
            let clock = clock::Clock::at(&tx, now)?;
            let writer = Writer {
                tx,
                now,
                clock,
                pending: index::Pending::default(),
                bulk: RefCell::default(),
                many_changes: Cell::default(),
            };
            let done = work(&writer)?;
            if !keep {
                return Ok(done);
            }
            writer.write_index()?;
            writer.end_bulk()?;
            writer.prune()?;
            writer
                .tx
                .prepare_cached(
                    "UPDATE meta SET revision = revision + 1, clock = ?, clock_seen = ?,
                                     clock_highest = ?",
                )?
                .execute([clock.known, clock.seen, clock.highest])?;
            writer.tx.commit()?;
            self.upkeep.after_write();
            return Ok(done);
        }
    }

    /// Empties the trash of what is past its time, and forgets old operations,
    /// also where nobody writes. Each write does a part of it.
    ///
    /// # Errors
    /// `clock_wrong`; the `store_*` kinds.
    pub fn prune(&mut self, now: Timestamp) -> Result<()> {
        clock::require_plausible(now)?;
        while self.has_to_prune(now)? {
            self.write(now, |_| Ok(()))?;
        }
        Ok(())
    }

    fn has_to_prune(&self, now: Timestamp) -> Result<bool> {
        let clock = clock::Clock::at(&self.conn, now)?;
        if clock.is_worth_writing(&self.conn)? {
            return Ok(true);
        }
        Ok(self.conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM trash WHERE deleted_at < ?)
                 OR EXISTS (SELECT 1 FROM (SELECT done_at FROM operations ORDER BY id LIMIT ?)
                            WHERE done_at < ?)",
            [
                clock.days_ago(TRASH_DAYS),
                PRUNED_AT_ONCE,
                clock.days_ago(OPERATION_DAYS),
            ],
            |row| row.get(0),
        )?)
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
        self.refresh()?;
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
                    writer.clock.stamp(now).as_microsecond()
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
    /// Takes out what is past its time, deleted notes and finished operations,
    /// a bounded number of each: a write doesn't wait for a large trash.
    fn prune(&self) -> Result<()> {
        self.tx
            .prepare_cached(
                "DELETE FROM trash WHERE id IN
                 (SELECT id FROM trash WHERE deleted_at < ? ORDER BY deleted_at LIMIT ?)",
            )?
            .execute([self.clock.days_ago(TRASH_DAYS), PRUNED_AT_ONCE])?;
        self.tx
            .prepare_cached(
                "DELETE FROM operations WHERE id IN
                 (SELECT id FROM operations ORDER BY id LIMIT ?) AND done_at < ?",
            )?
            .execute([PRUNED_AT_ONCE, self.clock.days_ago(OPERATION_DAYS)])?;
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
        let keep = if many || self.many_changes.get() {
            -1
        } else {
            CHANGES_KEPT
        };
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

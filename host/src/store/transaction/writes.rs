//! [`Store`]: transactions that are durable when they return. Each operation is applied once.

use std::{
    cell::{Cell, RefCell},
    ops::Deref,
};

use jiff::Timestamp;
use rusqlite::{Transaction, TransactionBehavior};

use super::{
    bulk_counts::Bulk,
    operations::{self, Operation, OperationResult},
    pace::Pace,
    pending_index::Pending,
    pending_work::PendingWork,
};
use crate::{
    error::Result,
    store::{
        connection::{clock, reader::Reader, sqlite_error::refine_error},
        query::suggest_memory::SuggestMemory,
    },
};

/// Number of days that a deleted note can be restored.
pub const TRASH_DAYS: i64 = 30;
/// Number of days that an operation is remembered. A save may wait in the outbox for as long as the
/// host is missing, so this is longer than that can reasonably take.
const OPERATION_DAYS: i64 = 90;

/// Most deleted notes, and most operations, that one write removes.
pub(in crate::store) const PRUNED_AT_ONCE: i64 = 200;

/// Page cache of a transaction of many thousand notes, in KiB.
const MANY_KIB: i64 = 65_536;
/// Page cache of several transactions of up to a few thousand notes, in KiB.
const PARTS_KIB: i64 = 24_576;

/// Number of revisions whose changes are kept.
const CHANGES_KEPT: i64 = 1000;
/// Number of changed notes above which a transaction leaves no list of them.
const MANY_CHANGES: i64 = 1000;

/// Read and write access.
#[derive(Debug)]
pub struct Store {
    pub(in crate::store) reader: Reader,
    pub(in crate::store) pending_work: PendingWork,
    /// What suggestions have learned, if they were asked for.
    pub(in crate::store) remembered: Option<SuggestMemory>,
    /// How much a transaction takes that applies what other devices wrote.
    pub(in crate::store) pace: Pace,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

/// A write transaction. Its methods are in `notes.rs` and `tag_edits.rs`.
#[derive(Debug)]
pub struct Writer<'a> {
    pub(in crate::store) tx: Transaction<'a>,
    pub(in crate::store) now: Timestamp,
    pub(in crate::store) clock: clock::Clock,
    pub(in crate::store) pending: Pending,
    /// The counts of a large import.
    pub(in crate::store) bulk: RefCell<Option<Bulk>>,
    /// Whether to leave no list of changed notes.
    pub(in crate::store) many_changes: Cell<bool>,
}

impl Store {
    /// Prepares for a transaction that writes many thousand notes: enlarges the page cache (64
    /// MiB), so that pages aren't written before the commit.
    ///
    /// Also keeps the statement journal in memory. Otherwise, after the first statement that
    /// changes more than sixteen pages, SQLite would write a temporary file for each following
    /// statement: a gigabyte for ten thousand notes.
    ///
    /// Also stops checking foreign keys, which takes a third of all reads of b-tree pages: the ids
    /// come from rows that the same transaction has read or written.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn expect_many(&mut self) -> Result<()> {
        self.expect(MANY_KIB)
    }

    /// Like [`Store::expect_many`], for several transactions of up to a few thousand notes, which
    /// take less memory (24 MiB).
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn expect_parts(&mut self) -> Result<()> {
        self.expect(PARTS_KIB)
    }

    fn expect(&mut self, cache_kib: i64) -> Result<()> {
        self.conn.pragma_update(None, "cache_size", -cache_kib)?;
        self.conn.pragma_update(None, "foreign_keys", false)?;
        Ok(self.conn.pragma_update(None, "temp_store", "MEMORY")?)
    }

    /// Reopens the database if this isn't the one at its path any more: see [`Reader::is_current`].
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn refresh(&mut self) -> Result<()> {
        if !self.is_current()? {
            *self = Self::open(&self.path)?;
        }
        Ok(())
    }

    /// Runs `work` in one transaction. An error rolls all of it back.
    ///
    /// # Errors
    /// Those of `work`, and the `store_*` kinds.
    pub fn write<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        self.transaction(now, |writer| Ok((work(writer)?, End::Commit)))
    }

    /// Runs `work` as [`Store::write`] does, then rolls it back.
    ///
    /// # Errors
    /// Those of `work`, and the `store_*` kinds.
    pub fn dry_run<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<T>,
    ) -> Result<T> {
        self.transaction(now, |writer| Ok((work(writer)?, End::Rollback)))
    }

    fn transaction<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<(T, End)>,
    ) -> Result<T> {
        self.in_transaction(now, work)
            .map_err(|error| refine_error(error, &self.path))
    }

    fn in_transaction<T>(
        &mut self,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<(T, End)>,
    ) -> Result<T> {
        clock::require_plausible(now)?;
        if self.pending_work.async_commits() {
            *self = Self::open(&self.path)?;
        }
        loop {
            // IMMEDIATE, because a transaction that turns from reading to writing skips the busy
            // handler.
            let begun =
                Transaction::new_unchecked(&self.reader.conn, TransactionBehavior::Immediate);
            // Checked inside the transaction, where no other process can interfere.
            if !self.is_current()? {
                drop(begun);
                *self = Self::open(&self.path)?;
                continue;
            }
            let tx = begun?;
            let clock = clock::Clock::at(&tx, now)?;
            let writer = Writer {
                tx,
                now,
                clock,
                pending: Pending::default(),
                bulk: RefCell::default(),
                many_changes: Cell::default(),
            };
            let (done, end) = work(&writer)?;
            if end == End::Rollback {
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
            self.pending_work.after_write();
            return Ok(done);
        }
    }

    /// Removes expired notes from the trash and old operations, even if nobody writes. Each write
    /// also does a part of it.
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
        if self.has_old_edit(clock.days_ago(TRASH_DAYS))? {
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

    /// Like [`Store::write`], but applies an operation only once. A repeated operation changes
    /// nothing and returns the stored result.
    ///
    /// # Errors
    /// Those of `write`; `OpIdReused`.
    pub fn idempotent(
        &mut self,
        operation: Operation,
        now: Timestamp,
        work: impl FnOnce(&Writer<'_>) -> Result<OperationResult>,
    ) -> Result<OperationResult> {
        self.transaction(now, |writer| {
            // Inside the transaction, so that no other process can apply it in between.
            if let Some(done) = operations::result_of(&writer.tx, operation)? {
                return Ok((done, End::Rollback));
            }
            let done = work(writer)?;
            operations::remember(&writer.tx, operation, &done, writer.clock.stamp(now))?;
            Ok((done, End::Commit))
        })
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

impl Writer<'_> {
    /// Removes expired notes and operations, a limited number of each, so that no write waits for a
    /// large trash.
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
        self.prune_edits(self.clock.days_ago(TRASH_DAYS), PRUNED_AT_ONCE)?;
        self.prune_icons()?;
        self.prune_changes()
    }

    /// Keeps the table of changes short. A process that is far behind reads everything again, which
    /// is faster than following the changes.
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

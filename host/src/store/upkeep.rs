//! Work that keeps the database quick and small and that no save should wait
//! for: merging the full-text index, moving the write-ahead log into the
//! database. It is done in small pieces when nobody is asking for anything.

use std::{path::Path, thread};

use rusqlite::{OpenFlags, Transaction, TransactionBehavior};

use super::{Reader, Store, open};
use crate::error::Result;

/// Pages of the full-text index that are merged in one piece: a save that comes
/// meanwhile waits for it.
const MERGED_PAGES: i64 = 16;
/// After so many transactions what is in the log is moved into the database:
/// some megabytes. (How long the file is doesn't tell: it is used again.)
const LOGGED: u32 = 32;
/// Where there is never time, a commit does it at so many pages, 40 MB.
pub(super) const LOG_PAGES_AT_MOST: i64 = 10_000;

/// What is waiting to be done.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// Whether the full-text index may have parts to merge.
    merge: bool,
    /// Transactions since the log was last moved.
    logged: u32,
    moving: Option<thread::JoinHandle<()>>,
    /// A connection of its own to merge with, which doesn't wait for the disk:
    /// nothing is lost if a merge is, and the next save has the disk take both.
    merging: Option<Reader>,
}

impl Upkeep {
    /// What an earlier process may have left.
    pub(super) fn at_open() -> Self {
        Self {
            merge: true,
            logged: 0,
            moving: None,
            merging: None,
        }
    }

    /// There was a write transaction.
    pub(super) fn after_write(&mut self) {
        self.merge = true;
        self.logged += 1;
    }
}

impl Store {
    /// Does a piece of the work that can wait, some milliseconds of it. False
    /// when there is none left.
    ///
    /// # Errors
    /// The `store_*` kinds; what was saved is safe all the same.
    pub fn tidy(&mut self) -> Result<bool> {
        if self.upkeep.logged >= LOGGED {
            self.upkeep.logged = 0;
            self.move_log();
        }
        if self.upkeep.merge && self.is_current()? {
            self.upkeep.merge = self.merge_index()?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Merges a few pages of the full-text index. False where there was nothing to merge.
    fn merge_index(&mut self) -> Result<bool> {
        let merging = match self.upkeep.merging.take() {
            Some(merging) if merging.is_current()? => merging,
            _ => open::to_merge(&self.path)?,
        };
        let conn = &merging.conn;
        let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
        let before = tx.total_changes();
        tx.prepare_cached("INSERT INTO notes_fts (notes_fts, rank) VALUES ('merge', ?)")?
            .execute([MERGED_PAGES])?;
        // Fewer than two changes mean that nothing was done
        // (<https://www.sqlite.org/fts5.html>, "The 'merge' Command").
        let merged = tx.total_changes() - before >= 2;
        tx.commit()?;
        if merged {
            self.upkeep.logged += 1;
            self.upkeep.merging = Some(merging);
        }
        Ok(merged)
    }

    /// Moves the log into the database on a thread of its own: that waits for
    /// the disk a tenth of a second at times, and saves can go on meanwhile.
    fn move_log(&mut self) {
        if self
            .upkeep
            .moving
            .take_if(|moving| moving.is_finished())
            .is_none()
            && self.upkeep.moving.is_some()
        {
            return;
        }
        let path = self.path.clone();
        let moving = thread::Builder::new().name("log".into()).spawn(move || {
            if let Err(error) = checkpoint(&path) {
                log::warn!("the log stays where it is for now: {}", error.chain());
            }
        });
        match moving {
            Ok(moving) => self.upkeep.moving = Some(moving),
            Err(error) => log::warn!("no thread to move the log: {error}"),
        }
    }
}

/// Moves what no reader is still looking at; waits for nobody.
fn checkpoint(path: &Path) -> Result<()> {
    let reader = open::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    reader
        .conn
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(())
}

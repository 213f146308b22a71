//! Work that keeps the database quick and small and that no save should wait
//! for: merging the full-text index, moving the write-ahead log into the
//! database. It is done in small pieces when nobody is asking for anything.

use std::fs;

use rusqlite::TransactionBehavior;

use super::{
    Store,
    place::{LOG, beside},
};
use crate::error::Result;

/// Pages of the full-text index that are merged in one piece.
const MERGED_PAGES: i64 = 64;
/// A write-ahead log of so many bytes is moved into the database when there is time.
const LOG_BYTES: u64 = 4 * 1024 * 1024;
/// Where there is never time, a commit does it at so many pages, 40 MB.
pub(super) const LOG_PAGES_AT_MOST: i64 = 10_000;

impl Store {
    /// Does a piece of the work that can wait, some milliseconds of it. False
    /// when there is none left.
    ///
    /// # Errors
    /// The `store_*` kinds; what was saved is safe all the same.
    pub fn tidy(&mut self) -> Result<bool> {
        if self.merge_due && self.is_current()? {
            self.merge_due = self.merge_index()?;
            return Ok(true);
        }
        if self.log_bytes() >= LOG_BYTES {
            // Moves what no reader is still looking at; waits for nobody.
            self.conn
                .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
        }
        Ok(false)
    }

    /// Merges a few pages of the full-text index. False where there was nothing to merge.
    fn merge_index(&mut self) -> Result<bool> {
        let tx = self
            .reader
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let before = tx.total_changes();
        tx.prepare_cached("INSERT INTO notes_fts (notes_fts, rank) VALUES ('merge', ?)")?
            .execute([MERGED_PAGES])?;
        // Fewer than two changes mean that nothing was done
        // (<https://www.sqlite.org/fts5.html>, "The 'merge' Command").
        let merged = tx.total_changes() - before >= 2;
        tx.commit()?;
        Ok(merged)
    }

    fn log_bytes(&self) -> u64 {
        fs::metadata(beside(&self.path, LOG)).map_or(0, |file| file.len())
    }
}

//! Maintenance that keeps the database fast and small and that no save should wait for: updates and
//! merges the full-text index, and checkpoints the WAL. It runs in small pieces while no request is
//! pending.

use std::{path::Path, thread, time::Duration};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::{
    error::Result,
    store::{connection::connect, notes::fts_index, transaction::Store},
};

/// B-tree pages of each full-text index that are merged in one piece. A save that arrives meanwhile
/// waits for it.
const MERGED_PAGES: i64 = 16;
/// Number of transactions after which the WAL is checkpointed. Low, so that the disk is free again
/// before the next save: a checkpoint of 32 saves took a tenth of a second, and one save in thirty
/// waited for it.
const LOGGED: u32 = 6;
/// How long to wait before looking whether the checkpoint is done.
const MOVING: Duration = Duration::from_millis(4);

impl Store {
    /// Does one piece of maintenance, a few milliseconds of it. Returns how long to wait before the
    /// next piece, or `None` if there is nothing left.
    ///
    /// # Errors
    /// The `store_*` kinds. Saved notes are not affected.
    pub fn run_maintenance(&mut self) -> Result<Option<Duration>> {
        if self.pending_work.edits && self.is_current()? {
            self.pending_work.edits = self.continue_edits(crate::clock::now())?;
            return Ok(Some(Duration::ZERO));
        }
        if self.pending_work.renew && self.is_current()? {
            self.pending_work.renew = self.renew_index()?;
            return Ok(Some(Duration::ZERO));
        }
        if self.pending_work.merge && self.is_current()? {
            self.pending_work.merge = self.merge_index()?;
            return Ok(Some(Duration::ZERO));
        }
        match self.pending_work.moving.take() {
            Some(moving) if !moving.is_finished() => {
                self.pending_work.moving = Some(moving);
                Ok(Some(MOVING))
            }
            Some(moving) => {
                let all = moving.join().unwrap_or(false);
                if all && self.pending_work.unchanged && self.is_current()? {
                    self.begin_log()?;
                }
                Ok(Some(Duration::ZERO))
            }
            None if self.pending_work.logged >= LOGGED => {
                self.pending_work.logged = 0;
                self.move_log();
                Ok(Some(MOVING))
            }
            None => Ok(None),
        }
    }

    /// Updates the index entries of a few notes. Returns false if there were none to update.
    fn renew_index(&mut self) -> Result<bool> {
        let more = self.without_waiting(|conn| {
            let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
            let more = fts_index::renew_piece(&tx)?;
            if more {
                tx.commit()?;
            }
            Ok(more)
        })?;
        self.pending_work.merge |= more;
        self.pending_work.logged += u32::from(more);
        Ok(more)
    }

    /// Merges a few b-tree pages of the full-text indexes. Returns false if there was nothing to
    /// merge.
    fn merge_index(&mut self) -> Result<bool> {
        let merged = self.without_waiting(|conn| {
            let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
            let mut merged = false;
            for sql in [
                "INSERT INTO notes_fts (notes_fts, rank) VALUES ('merge', ?)",
                "INSERT INTO texts_fts (texts_fts, rank) VALUES ('merge', ?)",
                "INSERT INTO late_texts_fts (late_texts_fts, rank) VALUES ('merge', ?)",
            ] {
                let before = tx.total_changes();
                tx.prepare_cached(sql)?.execute([MERGED_PAGES])?;
                // Fewer than two changes mean that nothing was merged
                // (<https://www.sqlite.org/fts5.html>, "The 'merge' Command").
                merged |= tx.total_changes() - before >= 2;
            }
            tx.commit()?;
            Ok(merged)
        })?;
        self.pending_work.logged += u32::from(merged);
        Ok(merged)
    }

    /// Does work that may be lost without harm. With the WAL, its commits don't wait for the disk,
    /// and the database stays sound; the next save syncs both.
    ///
    /// Uses the connection of the saves, because a write by any other connection, even in the same
    /// process, invalidates all pages in this connection's cache.
    fn without_waiting<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.pending_work.async_commits = true;
        connect::wait_for_disk(&self.conn, false)?;
        let done = work(&self.conn);
        connect::wait_for_disk(&self.conn, true)?;
        self.pending_work.async_commits = false;
        done
    }

    /// Checkpoints the WAL on a thread of its own, because that sometimes waits for the disk for a
    /// tenth of a second and saves can go on meanwhile.
    fn move_log(&mut self) {
        self.pending_work.unchanged = true;
        let path = self.path.clone();
        let moving = thread::Builder::new().name("log".into()).spawn(move || {
            checkpoint(&path).unwrap_or_else(|error| {
                log::warn!(
                    "the write-ahead log isn't checkpointed for now: {}",
                    error.chain()
                );
                false
            })
        });
        match moving {
            Ok(moving) => self.pending_work.moving = Some(moving),
            Err(error) => log::warn!("no thread for the checkpoint: {error}"),
        }
    }

    /// Restarts the WAL, for which SQLite waits for the disk a second time. Otherwise the next save
    /// would wait.
    fn begin_log(&mut self) -> Result<()> {
        self.without_waiting(|conn| {
            let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
            // Two statements that undo each other, because SQLite doesn't write an unchanged page.
            for sql in [
                "UPDATE meta SET revision = revision + 1",
                "UPDATE meta SET revision = revision - 1",
            ] {
                tx.prepare_cached(sql)?.execute([])?;
            }
            Ok(tx.commit()?)
        })
    }
}

/// Checkpoints the frames that no reader needs, without waiting for other connections. Returns
/// whether that was all of them.
fn checkpoint(path: &Path) -> Result<bool> {
    let reader = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(reader
        .conn
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            // The number of frames in the WAL and of those that were checkpointed; -1 without a
            // WAL.
            let (frames, moved): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(frames > 0 && frames == moved)
        })?)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::domain::{Metadata, NewNote, PageUrl};

    fn save(store: &mut Store, number: usize) {
        let new = NewNote {
            url: PageUrl::parse(&format!("https://e.org/{number}")).unwrap(),
            title: "A page".into(),
            tags: Vec::new(),
            summary: String::new(),
            metadata: Metadata::default(),
            quote: None,
            read: true,
        };
        store
            .write(crate::clock::now(), |writer| writer.save_note(&new))
            .unwrap();
    }

    /// Runs all remaining maintenance.
    fn settle(store: &mut Store) {
        while let Some(wait) = store.run_maintenance().unwrap() {
            thread::sleep(wait);
        }
    }

    fn waits(store: &Store) -> bool {
        let level: i64 = store
            .conn
            .pragma_query_value(None, "synchronous", |row| row.get(0))
            .unwrap();
        level == 2
    }

    #[test]
    fn saves_wait_for_the_disk_after_maintenance() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        for number in 0..20 {
            save(&mut store, number);
            assert!(waits(&store));
            settle(&mut store);
            assert!(waits(&store));
        }
    }

    #[test]
    fn a_save_waits_for_the_disk_even_after_a_panic_in_maintenance() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(&dir.path().join("notes.db")).unwrap();
        let broken = catch_unwind(AssertUnwindSafe(|| {
            store.without_waiting::<()>(|_| panic!("on purpose"))
        }));
        assert!(broken.is_err() && !waits(&store));
        save(&mut store, 1);
        assert!(waits(&store));
        assert_eq!(store.counts().unwrap().notes, 1);
    }

    #[test]
    fn the_wal_is_checkpointed_and_restarted_when_idle() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let log = path.with_file_name("notes.db-wal");
        let salt = || std::fs::read(&log).unwrap()[16..24].to_vec();
        let before = salt();
        for number in 0..LOGGED as usize {
            save(&mut store, number);
        }
        assert_eq!(salt(), before);
        settle(&mut store);
        // SQLite changes the salt when it restarts a WAL.
        assert_ne!(salt(), before);
        let revision = store.revision().unwrap();
        settle(&mut store);
        assert_eq!(store.revision().unwrap(), revision);
    }
}

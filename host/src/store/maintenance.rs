//! Work that keeps the database quick and small and that no save should wait
//! for: bringing the words of the full-text index up to date, merging it, moving
//! the write-ahead log into the database. It is done in small pieces when nobody is asking for anything.

use std::{path::Path, thread, time::Duration};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::{
    error::Result,
    store::{connection::connect, notes::fts_index, transaction::Store},
};

/// Pages of the full-text index that are merged in one piece: a save that comes
/// meanwhile waits for it.
const MERGED_PAGES: i64 = 16;
/// After so many transactions what is in the log is moved into the database. Few, so
/// that the disk is done with it before the next save wants it: moving those of 32
/// saves took a tenth of a second, and one save in thirty waited for it.
const LOGGED: u32 = 6;
/// How long until it is worth looking whether the log has been moved.
const MOVING: Duration = Duration::from_millis(4);

impl Store {
    /// Does a piece of the work that can wait, some milliseconds of it. Answers after
    /// how long to go on with the next; `None` where there is nothing left.
    ///
    /// # Errors
    /// The `store_*` kinds; what was saved is safe all the same.
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

    /// Brings the words of a few notes up to date. False where there were none to bring.
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

    /// Merges a few pages of the full-text index. False where there was nothing to merge.
    fn merge_index(&mut self) -> Result<bool> {
        let merged = self.without_waiting(|conn| {
            let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
            let before = tx.total_changes();
            tx.prepare_cached("INSERT INTO notes_fts (notes_fts, rank) VALUES ('merge', ?)")?
                .execute([MERGED_PAGES])?;
            // Fewer than two changes mean that nothing was done
            // (<https://www.sqlite.org/fts5.html>, "The 'merge' Command").
            let merged = tx.total_changes() - before >= 2;
            tx.commit()?;
            Ok(merged)
        })?;
        self.pending_work.logged += u32::from(merged);
        Ok(merged)
    }

    /// Does work that may be lost, but leaves the database sound: with the write-ahead
    /// log its commits don't wait for the disk, and the next save has it take both.
    ///
    /// On the connection that saves: what another one writes, be it in this process,
    /// takes all pages that a connection holds in memory from it.
    fn without_waiting<T>(&mut self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.pending_work.async_commits = true;
        connect::wait_for_disk(&self.conn, false)?;
        let done = work(&self.conn);
        connect::wait_for_disk(&self.conn, true)?;
        self.pending_work.async_commits = false;
        done
    }

    /// Moves the log into the database on a thread of its own: that waits for
    /// the disk a tenth of a second at times, and saves can go on meanwhile.
    fn move_log(&mut self) {
        self.pending_work.unchanged = true;
        let path = self.path.clone();
        let moving = thread::Builder::new().name("log".into()).spawn(move || {
            checkpoint(&path).unwrap_or_else(|error| {
                log::warn!("the log stays where it is for now: {}", error.chain());
                false
            })
        });
        match moving {
            Ok(moving) => self.pending_work.moving = Some(moving),
            Err(error) => log::warn!("no thread to move the log: {error}"),
        }
    }

    /// Lets the log begin anew, for which SQLite waits for the disk a second time:
    /// else the next save would.
    fn begin_log(&mut self) -> Result<()> {
        self.without_waiting(|conn| {
            let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
            // There and back: SQLite doesn't write a page on which nothing was changed.
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

/// Moves what no reader is still looking at; waits for nobody. True where that was
/// all there is.
fn checkpoint(path: &Path) -> Result<bool> {
    let reader = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(reader
        .conn
        .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            // Frames in the log, and those of them that were moved; -1 without a log.
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

    /// Does all that is left.
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
    fn saves_wait_for_the_disk_after_upkeep_too() {
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
    fn a_save_waits_for_the_disk_even_where_upkeep_has_panicked() {
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
    fn the_log_is_moved_and_begun_anew_when_there_is_time() {
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
        // SQLite's mark of a log that was begun anew.
        assert_ne!(salt(), before);
        let revision = store.revision().unwrap();
        settle(&mut store);
        assert_eq!(store.revision().unwrap(), revision);
    }
}

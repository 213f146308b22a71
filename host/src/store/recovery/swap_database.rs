//! Replaces the content of a database that is in use.
//!
//! SQLite's backup interface writes the new content into the live file in one transaction. Every
//! connection sees either the old or the new content, a power cut leaves the old one, and no
//! program continues to write to a file that was moved away. Only if SQLite can't write to the
//! file, because its header is damaged, the new file is renamed into its place; then no other
//! program can be writing to it either.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    backup::{Backup, StepResult},
};

use crate::{
    error::{Error, Result, StoreFault},
    platform,
    store::connection::{
        connect,
        db_files::{self, AtomicFile, JOURNAL, LOG, SHARED_MEMORY, beside, journals},
        sqlite_error::{of_file_system, refine_error},
    },
};

/// How long to wait for readers and writers.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// The database to be replaced, locked against other writers.
pub(in crate::store) struct ExclusiveDatabase {
    /// Whether another connection can read it meanwhile.
    pub(in crate::store) readable: bool,
    /// Files that SQLite has locked. Closing them would drop the locks.
    open: Vec<File>,
}

impl ExclusiveDatabase {
    /// Copies the database file by file. Removes the copies if that fails.
    pub(in crate::store) fn keep_files(&mut self, path: &Path, aside: &Path) -> Result<()> {
        let kept = self.copy_files(path, aside);
        if kept.is_err() {
            remove_copies(aside);
        }
        kept.map_err(of_file_system)
    }

    fn copy_files(&mut self, path: &Path, aside: &Path) -> io::Result<()> {
        db_files::create_folder(db_files::folder(aside))?;
        // The WAL first, so that frames which another program checkpoints meanwhile are in both
        // copies.
        for ending in [LOG, "", JOURNAL] {
            let from = beside(path, ending);
            // Opening a named pipe would block.
            if from.is_file() {
                self.open
                    .push(db_files::copy(&from, &beside(aside, ending))?);
            }
        }
        platform::sync_folder(db_files::folder(aside))
    }
}

/// Removes the copies of a replacement that failed.
pub(in crate::store) fn remove_copies(aside: &Path) {
    for ending in [LOG, "", JOURNAL] {
        if let Err(error) = db_files::remove(&beside(aside, ending)) {
            log::warn!("a copy can't be taken away: {error}");
        }
    }
}

/// Replaces the database at `path` with `new`, the database in `part`. Calls `fill` when nobody
/// else can write any more, to keep the old content and to complete `new`. An error leaves
/// everything unchanged.
pub(in crate::store) fn replace<T>(
    path: &Path,
    part: AtomicFile,
    new: Connection,
    fill: impl FnOnce(&Connection, &mut ExclusiveDatabase) -> Result<T>,
) -> Result<T> {
    replaced(path, part, new, fill).map_err(|error| refine_error(error, path))
}

fn replaced<T>(
    path: &Path,
    part: AtomicFile,
    new: Connection,
    fill: impl FnOnce(&Connection, &mut ExclusiveDatabase) -> Result<T>,
) -> Result<T> {
    let _lock = db_files::lock(path).map_err(of_file_system)?;
    if path.exists() && !path.is_file() {
        return Err(Error::store(StoreFault::Foreign));
    }
    bring_back(path).map_err(of_file_system)?;
    let has_journal = [LOG, JOURNAL].iter().any(|of| beside(path, of).exists());
    if !path.exists() && has_journal {
        // So that the journal belongs to an existing file and is kept with it.
        db_files::create_private(path).map_err(of_file_system)?;
    }
    let mut held = ExclusiveDatabase {
        readable: false,
        open: Vec::new(),
    };
    // SQLite treats a shorter file as an empty database and discards its WAL.
    if fs::metadata(path).is_ok_and(|file| file.len() >= 512) {
        let mut live = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?.conn;
        // Allows writing to a file that is shorter than its header says.
        let _ = live.pragma_update(None, "writable_schema", true);
        held.readable = live
            .pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))
            .is_ok_and(|mode| mode == "wal");
        let backup = Backup::new(&new, &mut live)?;
        if begin(&backup)? {
            let done = fill(&new, &mut held)?;
            if wait(|| backup.step(-1))? != StepResult::Done {
                return Err(Error::store(StoreFault::Busy));
            }
            drop(backup);
            // The WAL is now as large as the database. If a reader prevents truncating it, the next
            // writer does it.
            let _ = live.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            return Ok(done);
        }
    }
    let done = fill(&new, &mut held)?;
    let own = journals(path);
    new.close().map_err(|(_, error)| error)?;
    // There are no locks any more, and Windows can't replace what is open.
    drop(held);
    if let Err(error) = set_aside(path).and_then(|()| part.put(true)) {
        // If that fails as well, the next attempt does it.
        let _ = bring_back(path);
        return Err(of_file_system(error));
    }
    for (_, aside) in own {
        let _ = db_files::remove(&aside);
    }
    Ok(done)
}

fn set_aside(path: &Path) -> io::Result<()> {
    for (journal, aside) in journals(path) {
        rename_if_there(&journal, &aside)?;
    }
    db_files::remove(&beside(path, SHARED_MEMORY))
}

fn bring_back(path: &Path) -> io::Result<()> {
    for (journal, aside) in journals(path) {
        rename_if_there(&aside, &journal)?;
    }
    Ok(())
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Takes the write lock. Returns false if SQLite can't write to the file.
fn begin(backup: &Backup<'_, '_>) -> Result<bool> {
    match wait(|| backup.step(1)) {
        Ok(StepResult::More | StepResult::Done) => Ok(true),
        Ok(_) => Err(Error::store(StoreFault::Busy)),
        Err(error) => match error.sqlite_error_code() {
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                // The file has another page size.
                | ErrorCode::ReadOnly,
            ) => Ok(false),
            _ => Err(error.into()),
        },
    }
}

fn wait(mut step: impl FnMut() -> rusqlite::Result<StepResult>) -> rusqlite::Result<StepResult> {
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match step() {
            Ok(StepResult::Busy | StepResult::Locked) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{Metadata, NewNote, PageUrl},
        store::{
            recovery::{check::check, rebuild::repair},
            transaction::Store,
        },
    };

    /// Creates what a killed process leaves: a database whose newest note is only in the WAL.
    fn left_by_a_kill(path: &Path) {
        let dir = tempfile::tempdir().unwrap();
        let live = dir.path().join("notes.db");
        let mut store = Store::open(&live).unwrap();
        for n in 0..5 {
            let new = NewNote {
                url: PageUrl::parse(&format!("https://e.org/{n}")).unwrap(),
                title: n.to_string(),
                tags: Vec::new(),
                summary: String::new(),
                metadata: Metadata::default(),
                quote: None,
                read: true,
            };
            store
                .write(crate::clock::now(), |writer| writer.save_note(&new))
                .unwrap();
            if n == 2 {
                let folded = "PRAGMA wal_checkpoint(TRUNCATE)";
                store.conn.query_row(folded, [], |_| Ok(())).unwrap();
            }
        }
        for ending in ["", LOG] {
            fs::copy(beside(&live, ending), beside(path, ending)).unwrap();
        }
    }

    #[test]
    fn a_kill_between_the_old_wal_and_the_new_file_loses_no_note_of_the_wal() {
        for bytes in [0, 4096] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("notes.db");
            left_by_a_kill(&path);
            // The header is lost, or everything except the WAL.
            fs::write(&path, vec![0; bytes]).unwrap();
            set_aside(&path).unwrap();
            assert!(!beside(&path, LOG).exists());
            // Nobody can create a new database there meanwhile.
            assert!(Store::open(&path).is_err());
            let salvage = repair(&path, crate::clock::now()).unwrap().salvage.unwrap();
            assert_eq!(salvage.notes, 5, "{salvage:?}");
            assert_eq!(check(&path).unwrap().faults, []);
            let left: Vec<_> = fs::read_dir(dir.path())
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.contains("-of-") || name.ends_with(".previous"))
                .collect();
            assert_eq!(left, [""; 0]);
        }
    }

    #[test]
    fn a_wal_without_its_database_is_recovered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        left_by_a_kill(&path);
        let away = dir.path().join("away.db");
        fs::rename(&path, &away).unwrap();
        let log = fs::read(beside(&path, LOG)).unwrap();
        assert!(Store::open(&path).is_err());
        assert!(check(&path).unwrap().is_damaged());
        assert_eq!(fs::read(beside(&path, LOG)).unwrap(), log);
        // After the files are moved back, nothing is missing.
        fs::rename(&away, &path).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.counts().unwrap().notes, 5);
        drop(store);

        fs::remove_file(&path).unwrap();
        fs::write(beside(&path, LOG), &log).unwrap();
        let salvage = repair(&path, crate::clock::now()).unwrap().salvage.unwrap();
        assert!(salvage.notes > 0, "{salvage:?}");
        assert_eq!(fs::read(beside(&salvage.broken, LOG)).unwrap(), log);
        assert_eq!(check(&path).unwrap().faults, []);
    }
}

//! Putting another content in the place of a database that is in use.
//!
//! It is written into the live file by SQLite's backup interface, in one
//! transaction: whoever has the file open sees the old content or the new one
//! whole, a power cut leaves the old one, and nobody goes on writing to a file
//! that was moved away. Only where SQLite can't write into the file, because
//! its very header is damaged, is the new file moved into its place; then
//! nobody else can be writing to it either.

use std::{
    fs::{self, File},
    io,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{
    fault::of_file_system,
    open,
    place::{self, FileId, JOURNAL, LOG, Part, SHARED_MEMORY, beside},
};
use crate::error::{Error, Result, StoreFault};

/// How long to wait for those who read or write.
const PATIENCE: Duration = Duration::from_secs(30);

/// The database that is being replaced. Nobody else writes to it.
pub(super) struct Held {
    /// Whether another connection can read it meanwhile.
    pub(super) readable: bool,
    /// Files that SQLite has locks on, which closing them would drop.
    open: Vec<File>,
}

impl Held {
    /// Copies the database, file by file, or leaves nothing.
    pub(super) fn keep_files(&mut self, path: &Path, aside: &Path) -> Result<()> {
        let kept = self.copy_files(path, aside);
        if kept.is_err() {
            forget_files(aside);
        }
        kept.map_err(of_file_system)
    }

    fn copy_files(&mut self, path: &Path, aside: &Path) -> io::Result<()> {
        place::create_folder(place::folder(aside))?;
        // The log first: what another program moves from it into the database
        // meanwhile is then in both.
        for ending in [LOG, "", JOURNAL] {
            let from = beside(path, ending);
            if FileId::of(&from).is_some() {
                self.open.push(place::copy(&from, &beside(aside, ending))?);
            }
        }
        place::sync_folder(place::folder(aside))
    }
}

/// Takes copies away that nothing came of.
pub(super) fn forget_files(aside: &Path) {
    for ending in [LOG, "", JOURNAL] {
        if let Err(error) = place::remove(&beside(aside, ending)) {
            log::warn!("a copy can't be taken away: {error}");
        }
    }
}

/// Puts `new`, the database in `part`, in the place of the one at `path`.
/// `fill` is called when nobody else can write there any more, to keep what is
/// there and to complete `new`. An error leaves everything as it was.
pub(super) fn replace<T>(
    path: &Path,
    part: Part,
    new: Connection,
    fill: impl FnOnce(&Connection, &mut Held) -> Result<T>,
) -> Result<T> {
    let _lock = place::lock(path).map_err(of_file_system)?;
    let mut held = Held {
        readable: false,
        open: Vec::new(),
    };
    // SQLite takes less for an empty database, and throws the log of one away.
    if fs::metadata(path).is_ok_and(|file| file.len() >= 512) {
        let mut live = open::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?.conn;
        // A file that is shorter than its header says can be written to then.
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
            // The log is as large as the database now. Where somebody reads, the
            // next who writes makes it small.
            let _ = live.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            return Ok(done);
        }
    }
    let done = fill(&new, &mut held)?;
    new.close().map_err(|(_, error)| error)?;
    for ending in [LOG, SHARED_MEMORY, JOURNAL] {
        place::remove(&beside(path, ending)).map_err(of_file_system)?;
    }
    part.put(true).map_err(of_file_system)?;
    Ok(done)
}

/// Takes the write lock. False where the file is none that SQLite can write into.
fn begin(backup: &Backup<'_, '_>) -> Result<bool> {
    match wait(|| backup.step(1)) {
        Ok(StepResult::More | StepResult::Done) => Ok(true),
        Ok(_) => Err(Error::store(StoreFault::Busy)),
        Err(error) => match error.sqlite_error_code() {
            Some(
                ErrorCode::NotADatabase
                | ErrorCode::DatabaseCorrupt
                // Of pages of another size.
                | ErrorCode::ReadOnly,
            ) => Ok(false),
            _ => Err(error.into()),
        },
    }
}

fn wait(mut step: impl FnMut() -> rusqlite::Result<StepResult>) -> rusqlite::Result<StepResult> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match step() {
            Ok(StepResult::Busy | StepResult::Locked) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

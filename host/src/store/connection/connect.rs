//! Connections to a database file: their settings, their journal, and the files that are refused.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    db_files::{FileId, JOURNAL, LOG, SHARED_MEMORY, beside, was_cut_off},
    file_system::FileSystem,
    query_deadline::QueryDeadline,
    reader::Reader,
    sqlite_error::of_file_system,
};
use crate::error::{Error, Result, StoreFault};

/// Where there is never time, a commit does it at so many pages, 40 MB.
pub(in crate::store) const LOG_PAGES_AT_MOST: i64 = 10_000;

/// How long to wait for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The write-ahead log is cut to this when it begins anew, in bytes: what one
/// large write made of it doesn't stay.
const LOG_BYTES: i64 = 8 * 1024 * 1024;

/// What a connection does while another program has the lock that it wants.
///
/// SQLite's own way (`busy_timeout`) is to look again ever more rarely: then who has
/// waited long is overtaken by who has just come. Of 32 programs that all save, one
/// save in a hundred took two seconds and some ten. Here, who has waited longer looks
/// more often, which makes that a quarter of a second; but not so often that looking
/// takes the processor from the one who has the lock.
fn wait_for_turn() -> impl FnMut(i32) -> bool {
    let mut begun = Instant::now();
    move |looked| {
        if looked == 0 {
            begun = Instant::now();
        }
        let waited = begun.elapsed();
        let pause = match waited.as_millis() {
            0..20 => Duration::from_millis(2),
            20..100 => Duration::from_millis(1),
            _ => Duration::from_micros(500),
        };
        std::thread::sleep(pause);
        waited < BUSY_TIMEOUT
    }
}

/// A connection, whatever the file holds.
pub(in crate::store) fn connect(path: &Path, flags: OpenFlags) -> Result<Reader> {
    // SQLite takes a name that begins with `file:` for an address.
    let name = if path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        &Path::new(".").join(path)
    } else {
        path
    };
    connect_by(name, path, flags)
}

/// Connects to a file that nobody changes: without locks, and without a log beside it.
pub(in crate::store) fn connect_unchanging(path: &Path) -> Result<Reader> {
    // All that could mean something in an address, and more, by its number.
    let mut name = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        name.push_str(&format!("%{byte:02X}"));
    }
    name.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect_by(name.as_ref(), path, flags)
}

/// Connects to the file at `path` by the name that SQLite shall have of it.
pub(in crate::store) fn connect_by(name: &Path, path: &Path, flags: OpenFlags) -> Result<Reader> {
    // Before the file is opened: one that is put in its place meanwhile is then noticed.
    let file = FileId::of(path);
    refuse_pipes(path)?;
    // Each connection stays in one thread at a time, so SQLite needs no mutex of its own.
    let mut conn = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_handler(Some(wait_for_turn()))?;
    // Else SQLite plans a statement anew each time that a value in its LIMIT, or one
    // that is compared with a column without an index, was bound: nearly all of ours.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(Reader {
        query_deadline: QueryDeadline::with(&mut conn)?,
        conn,
        path: path.to_owned(),
        file,
    })
}

/// Foreign keys are on by the way SQLite is built.
pub(in crate::store) fn connect_to_write(path: &Path, journal: Journal) -> Result<Reader> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let set = |name, value: &dyn rusqlite::ToSql| reader.conn.pragma_update(None, name, value);
    set("synchronous", &journal.synchronous())?;
    set("journal_size_limit", &LOG_BYTES)?;
    // When there is time, long before this: see `maintenance.rs`.
    set("wal_autocheckpoint", &LOG_PAGES_AT_MOST)?;
    Ok(reader)
}

/// How a transaction is made whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Journal {
    /// The write-ahead log: readers and a writer at once.
    Log,
    /// The rollback journal: slower, but it needs no memory that machines can't share.
    Rollback,
}

impl Journal {
    pub(in crate::store) fn on(file_system: FileSystem) -> Self {
        if file_system.shares_memory() {
            Self::Log
        } else {
            Self::Rollback
        }
    }

    pub(in crate::store) fn of(conn: &Connection) -> Result<Self> {
        let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        Ok(if mode == "wal" {
            Self::Log
        } else {
            Self::Rollback
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Log => "WAL",
            Self::Rollback => "DELETE",
        }
    }

    /// On the disk at COMMIT. The rollback journal's end is a file that is gone,
    /// for which the folder has to be on the disk as well.
    pub(in crate::store) fn synchronous(self) -> &'static str {
        match self {
            Self::Log => "FULL",
            Self::Rollback => "EXTRA",
        }
    }

    /// A change needs the file for itself for a moment and doesn't wait for it
    /// (the busy handler isn't asked); a program that is just looking at
    /// `user_version` is enough to be in the way.
    pub(in crate::store) fn turn_on(self, conn: &Connection) -> Result<()> {
        let deadline = Instant::now() + BUSY_TIMEOUT;
        loop {
            match conn.pragma_update(None, "journal_mode", self.name()) {
                Err(error)
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                        && Instant::now() < deadline =>
                {
                    std::thread::sleep(Duration::from_millis(2));
                }
                done => return Ok(done?),
            }
        }
    }
}

/// Whether commits are on the disk when they are done. Without the write-ahead log
/// they always are: the database wouldn't be sound otherwise.
pub(in crate::store) fn wait_for_disk(conn: &Connection, wait: bool) -> Result<()> {
    let level = match Journal::of(conn)? {
        Journal::Log if !wait => "NORMAL",
        journal => journal.synchronous(),
    };
    Ok(conn.pragma_update(None, "synchronous", level)?)
}

/// Refuses what SQLite would take for an empty database and write over: a file
/// of less than a sector, and one that is empty or not there while its log is,
/// which it would throw away. And what isn't a file at all.
pub(in crate::store) fn refuse_remains(path: &Path) -> Result<()> {
    // The log first: there is none before there is a database.
    let log = has_log(path);
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && !log => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::store(StoreFault::Broken)),
        Err(error) => Err(of_file_system(error)),
        Ok(file) if !file.is_file() => Err(Error::store(StoreFault::Foreign)),
        Ok(file) => match file.len() {
            0 if log || was_cut_off(path) => Err(Error::store(StoreFault::Broken)),
            1..512 => Err(Error::store(StoreFault::Broken)),
            _ => Ok(()),
        },
    }
}

/// Refuses what SQLite would open, and then wait for, for ever.
fn refuse_pipes(path: &Path) -> Result<()> {
    let is_file = |path: &Path| fs::metadata(path).map_or(true, |there| there.is_file());
    if !is_file(path) {
        return Err(Error::store(StoreFault::Foreign));
    }
    let database = beside(path, "");
    for ending in [LOG, SHARED_MEMORY, JOURNAL] {
        let mut name = database.clone().into_os_string();
        name.push(ending);
        if !is_file(name.as_ref()) {
            return Err(Error::store(StoreFault::Beside));
        }
    }
    Ok(())
}

/// Whether there is a log with something in it.
pub(in crate::store) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, LOG)).is_ok_and(|log| log.len() > 0)
}

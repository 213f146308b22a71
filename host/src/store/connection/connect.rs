//! Connects to a database file: settings, journal mode, and files that must be refused.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    db_files::{JOURNAL, LOG, SHARED_MEMORY, beside, was_cut_off},
    query_deadline::QueryDeadline,
    reader::Reader,
    sqlite_error::of_file_system,
};
use crate::{
    error::{Error, Result, StoreFault},
    platform::{FileId, FileSystem},
};

/// Number of WAL pages after which a commit checkpoints by itself if maintenance never gets the
/// time: 40 MB.
pub(in crate::store) const LOG_PAGES_AT_MOST: i64 = 10_000;

/// How long to wait for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Size, in bytes, to which a restarted WAL is truncated, so that one large write doesn't keep the
/// disk space.
const LOG_BYTES: i64 = 8 * 1024 * 1024;

/// Returns the busy handler: what a connection does while another program holds the lock.
///
/// SQLite's own handler (`busy_timeout`) polls ever more rarely, so that newcomers overtake those
/// who have waited long. With 32 programs saving at once, one save in a hundred took two seconds,
/// and some took ten. This handler polls faster the longer it waits, which reduces that to a
/// quarter of a second; but not so fast that polling takes the processor from the lock's holder.
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

/// Connects to a file, whatever its content.
pub(in crate::store) fn connect(path: &Path, flags: OpenFlags) -> Result<Reader> {
    // SQLite treats a name that begins with `file:` as a URI.
    let name = if path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        &Path::new(".").join(path)
    } else {
        path
    };
    connect_by(name, path, flags)
}

/// Connects to a file that nobody changes: without locks and without a WAL.
pub(in crate::store) fn connect_unchanging(path: &Path) -> Result<Reader> {
    // Percent-encodes every character that could have a meaning in a URI, and some others.
    let mut name = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        name.push_str(&format!("%{byte:02X}"));
    }
    name.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    connect_by(name.as_ref(), path, flags)
}

/// Connects to the file at `path` by the `name` that SQLite receives.
pub(in crate::store) fn connect_by(name: &Path, path: &Path, flags: OpenFlags) -> Result<Reader> {
    // Read before the file is opened, so that a replacement in between is noticed.
    let file = FileId::of(path);
    refuse_pipes(path)?;
    // Only one thread at a time uses a connection, so SQLite needs no mutex.
    let mut conn = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_handler(Some(wait_for_turn()))?;
    // Without this setting, SQLite prepares a statement again whenever a value is bound in its
    // LIMIT, or one that is compared with a column without an index. That applies to nearly all
    // statements here.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(Reader {
        query_deadline: QueryDeadline::with(&mut conn)?,
        conn,
        path: path.to_owned(),
        file,
    })
}

/// Connects for writing. Foreign keys are enabled at compile time.
pub(in crate::store) fn connect_to_write(path: &Path, journal: Journal) -> Result<Reader> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let set = |name, value: &dyn rusqlite::ToSql| reader.conn.pragma_update(None, name, value);
    set("synchronous", &journal.synchronous())?;
    set("journal_size_limit", &LOG_BYTES)?;
    // Maintenance checkpoints long before this limit: see `maintenance.rs`.
    set("wal_autocheckpoint", &LOG_PAGES_AT_MOST)?;
    Ok(reader)
}

/// How transactions are made atomic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Journal {
    /// The write-ahead log: readers and one writer at the same time.
    Log,
    /// The rollback journal: slower, but it needs no shared memory, which computers can't share.
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

    /// The setting with which a commit is durable. A rollback journal ends with the deletion of its
    /// file, so the folder has to be synced as well.
    pub(in crate::store) fn synchronous(self) -> &'static str {
        match self {
            Self::Log => "FULL",
            Self::Rollback => "EXTRA",
        }
    }

    /// Sets the journal mode. A change needs exclusive access for a moment and fails at once
    /// without it, because SQLite doesn't call the busy handler; another program that just reads
    /// `user_version` is enough to prevent it.
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

/// Sets whether commits wait for the disk. Without the WAL they always do, because the database
/// wouldn't be sound otherwise.
pub(in crate::store) fn wait_for_disk(conn: &Connection, wait: bool) -> Result<()> {
    let level = match Journal::of(conn)? {
        Journal::Log if !wait => "NORMAL",
        journal => journal.synchronous(),
    };
    Ok(conn.pragma_update(None, "synchronous", level)?)
}

/// Refuses files that SQLite would treat as an empty database and overwrite: a file shorter than a
/// sector, and one that is empty or missing while it has a WAL, which SQLite would discard. Also
/// refuses what isn't a regular file.
pub(in crate::store) fn refuse_remains(path: &Path) -> Result<()> {
    // Look for the WAL first: it can't exist before its database does.
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

/// Refuses named pipes, which SQLite would open and then wait for forever.
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

/// Returns whether there is a WAL that isn't empty.
pub(in crate::store) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, LOG)).is_ok_and(|log| log.len() > 0)
}

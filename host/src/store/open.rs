//! Opening the database: folder and file with their modes, the first open
//! under a file lock, migrations.

use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{Reader, fault::of_file_system, index, upkeep::LOG_PAGES_AT_MOST};
use crate::error::{Error, Result, StoreFault};

/// The schema, one step a released version; step n brings `user_version` to n + 1.
const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: include_str!("migrations/0001_first.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0002_large.sql"),
        then: |tx| {
            index::part_ids(tx)?;
            index::rebuild(tx)
        },
    },
];

/// A step of the schema.
struct Migration {
    sql: &'static str,
    /// What SQL can't do.
    then: fn(&Transaction<'_>) -> Result<()>,
}

/// `user_version` of a database that is up to date.
const SCHEMA: usize = MIGRATIONS.len();

/// "uNOT": tells our files from others' (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x754E_4F54;

/// Before 3.51.3 a race between connections that reset the write-ahead log can
/// lose a commit (<https://www.sqlite.org/wal.html>, "WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long to wait for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) fn read_write(path: &Path) -> Result<Reader> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::internal(format!(
            "SQLite {} is too old",
            rusqlite::version()
        )));
    }
    let new = create_with_modes(path).map_err(of_file_system)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    if !new {
        // SQLite takes a file of less than a sector for an empty one and writes over it.
        let bytes = fs::metadata(path).map_err(of_file_system)?.len();
        if (1..512).contains(&bytes) {
            return Err(Error::store(StoreFault::Broken));
        }
        let reader = connect(path, flags)?;
        match schema(&reader.conn)? {
            SCHEMA => return Ok(reader),
            newer if newer > SCHEMA => return Err(Error::store(StoreFault::Newer)),
            _ => {}
        }
    }
    // A new database, or an older one: of several programs that get here at
    // once, one at a time touches the file.
    let lock = lock(path).map_err(of_file_system)?;
    let mut reader = connect(path, flags)?;
    migrate(&mut reader.conn)?;
    drop(lock);
    Ok(reader)
}

pub(super) fn read_only(path: &Path) -> Result<Reader> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.conn.pragma_update(None, "query_only", true)?;
    match schema(&reader.conn)? {
        SCHEMA => Ok(reader),
        newer if newer > SCHEMA => Err(Error::store(StoreFault::Newer)),
        // Seen only while another program is bringing the database up to date.
        _ => Err(Error::store(StoreFault::Busy)),
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Reader> {
    // Each connection stays in one thread at a time, so SQLite needs no mutex of its own.
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    // On the disk at COMMIT; foreign keys are on by the way SQLite is built.
    conn.pragma_update(None, "synchronous", "FULL")?;
    // When there is time, long before this: see `upkeep.rs`.
    conn.pragma_update(None, "wal_autocheckpoint", LOG_PAGES_AT_MOST)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(Reader {
        conn,
        path: path.to_owned(),
    })
}

/// Makes what is missing, the folder 0700 and the file 0600 whatever the
/// umask; what exists keeps its mode. SQLite gives its side files the mode of
/// the database. Answers whether the file is new.
///
/// An existing file is never opened here: closing it again would drop the
/// locks that SQLite holds on it in this process
/// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
fn create_with_modes(path: &Path) -> std::io::Result<bool> {
    if let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits for the lock that first opens and migrations are done under. It is a
/// file of its own: SQLite's locks on the database must stay SQLite's.
fn lock(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(PathBuf::from(name))?;
    file.lock()?;
    Ok(file)
}

fn schema(conn: &Connection) -> Result<usize> {
    Ok(conn.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn migrate(conn: &mut Connection) -> Result<()> {
    let found = schema(conn)?;
    if found > SCHEMA {
        return Err(Error::store(StoreFault::Newer));
    }
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        // Somebody else's database: nothing of it is touched.
        return Err(Error::store(StoreFault::Broken));
    }
    turn_write_ahead_log_on(conn)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    for (step, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        tx.execute_batch(migration.sql)?;
        (migration.then)(&tx)?;
        tx.pragma_update(None, "user_version", step + 1)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.commit()?;
    Ok(())
}

/// Changing to WAL needs the file for itself for a moment and doesn't wait for
/// it (the busy handler isn't asked); a program that is just looking at
/// `user_version` is enough to be in the way.
fn turn_write_ahead_log_on(conn: &Connection) -> Result<()> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        match conn.pragma_update(None, "journal_mode", "WAL") {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use std::os::unix::fs::PermissionsExt as _;

    fn fault(result: Result<impl std::fmt::Debug>) -> StoreFault {
        match result.unwrap_err() {
            Error::Store { fault, .. } => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sqlite_is_new_enough() {
        assert!(rusqlite::version_number() >= OLDEST_SQLITE);
    }

    #[test]
    fn a_new_database_is_durable_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/notes.db");
        let store = Store::open(&path).unwrap();
        let pragma = |name: &str| -> String {
            store
                .conn
                .pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0))
                .map(|value| format!("{value:?}"))
                .unwrap()
        };
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        for side in ["notes.db-wal", "notes.db-shm", "notes.db.lock"] {
            assert_eq!(mode(&path.with_file_name(side)), 0o600, "{side}");
        }
    }

    #[test]
    fn a_newer_database_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        drop(Store::open(&path).unwrap());
        Connection::open(&path)
            .unwrap()
            .pragma_update(None, "user_version", SCHEMA + 1)
            .unwrap();
        let before = fs::read(&path).unwrap();
        assert_eq!(fault(Store::open(&path)), StoreFault::Newer);
        assert_eq!(fault(Reader::open(&path)), StoreFault::Newer);
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_is_no_database_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [
            (
                "text",
                b"these are my notes, not a database at all".to_vec(),
            ),
            ("short", b"x".to_vec()),
            ("page", vec![b'x'; 8192]),
        ] {
            let path = dir.path().join(name);
            fs::write(&path, &content).unwrap();
            assert_eq!(fault(Store::open(&path)), StoreFault::Broken, "{name}");
            assert_eq!(fs::read(&path).unwrap(), content);
        }
    }

    #[test]
    fn another_programs_database_is_refused_untouched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE theirs (x)")
            .unwrap();
        let before = fs::read(&path).unwrap();
        assert_eq!(fault(Store::open(&path)), StoreFault::Broken);
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_folder_in_the_place_of_the_database_is_a_clear_fault() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(fault(Store::open(dir.path())), StoreFault::Unwritable);
    }

    #[test]
    fn many_first_opens_at_once_all_succeed() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..10 {
            let path = dir.path().join(format!("{round}.db"));
            std::thread::scope(|scope| {
                let opens: Vec<_> = (0..8)
                    .map(|_| scope.spawn(|| Store::open(&path).map(drop)))
                    .collect();
                for open in opens {
                    open.join().unwrap().unwrap();
                }
            });
        }
    }

    #[test]
    fn a_reader_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        drop(Store::open(&path).unwrap());
        let reader = Reader::open(&path).unwrap();
        assert!(reader.conn.execute("DELETE FROM notes", []).is_err());
    }
}

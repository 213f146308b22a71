//! Opens the database: creates folder and file with their modes, takes the file lock for the first
//! open, runs migrations, and selects the journal mode for the file system.

use std::{io::ErrorKind, path::Path};

use rusqlite::{OpenFlags, TransactionBehavior};

use crate::{
    error::{Error, Result, StoreFault},
    platform::{self, FileSystem},
    store::{
        connection::{
            connect::{Journal, connect, connect_to_write, connect_unchanging, refuse_remains},
            db_files::{self},
            reader::Reader,
            schema::{SCHEMA, recognised},
            sqlite_error::{of_file_system, refine_error},
        },
        migrations,
        recovery::{
            backup,
            check::{self, is_unwritable},
        },
        transaction::{Store, pace::Pace, pending_work::PendingWork},
    },
};

/// Before 3.51.3, a race between connections that reset the write-ahead log can lose a commit
/// (<https://www.sqlite.org/wal.html>, "WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;

pub(super) fn read_write(path: &Path, file_system: FileSystem) -> Result<Reader> {
    opened(path, file_system).map_err(|error| refine_error(error, path))
}

fn opened(path: &Path, file_system: FileSystem) -> Result<Reader> {
    if rusqlite::version_number() < OLDEST_SQLITE {
        return Err(Error::internal(format!(
            "SQLite {} is too old",
            rusqlite::version()
        )));
    }
    let journal = Journal::on(file_system);
    refuse_remains(path)?;
    let new = create_with_modes(path).map_err(of_file_system)?;
    if !new {
        let reader = connect_to_write(path, journal)?;
        if recognised(&reader.conn)? == SCHEMA && Journal::of(&reader.conn)? == journal {
            return Ok(reader);
        }
    }
    // The database is new or has an older schema. The lock lets only one process at a time touch
    // the file.
    let lock = db_files::lock(path).map_err(of_file_system)?;
    let mut reader = connect_to_write(path, journal)?;
    if recognised(&reader.conn)? == SCHEMA {
        journal.turn_on(&reader.conn)?;
    } else {
        migrate(&mut reader, journal)?;
    }
    drop(lock);
    Ok(reader)
}

pub(super) fn read_only(path: &Path) -> Result<Reader> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    known(reader.map_err(|error| refine_error(error, path))?, path)
}

/// Opens like [`read_only`] if SQLite can't create its side files. If nobody has the database open,
/// it doesn't need them.
pub(super) fn unwritable(path: &Path) -> Result<Reader> {
    refuse_remains(path).map_err(|error| refine_error(error, path))?;
    if check::at_rest(path).is_none() {
        return read_only(path);
    }
    match known(connect_unchanging(path)?, path) {
        // An older schema can't be migrated here.
        Err(Error::Store {
            fault: StoreFault::Busy,
            ..
        }) => Err(Error::store(StoreFault::Unwritable)),
        done => done,
    }
}

fn known(reader: Reader, path: &Path) -> Result<Reader> {
    reader.conn.pragma_update(None, "query_only", true)?;
    match recognised(&reader.conn) {
        Ok(SCHEMA) => Ok(reader),
        // Another program is just migrating the database.
        Ok(_) => Err(Error::store(StoreFault::Busy)),
        Err(error) => Err(refine_error(error, path)),
    }
}

/// Creates what is missing, the folder with mode 0700 and the file with 0600 regardless of the
/// umask. Existing ones keep their mode. SQLite gives its side files the mode of the database.
/// Returns whether the file is new.
///
/// Never opens an existing file: closing it would drop the locks that SQLite holds on it in this
/// process (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
fn create_with_modes(path: &Path) -> std::io::Result<bool> {
    db_files::create_folder(db_files::folder(path))?;
    match db_files::create_private(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Migrates the database to the current schema, completely or not at all.
fn migrate(reader: &mut Reader, journal: Journal) -> Result<()> {
    journal.turn_on(&reader.conn)?;
    let path = reader.path.clone();
    // BEGIN IMMEDIATE permits reads, so the backup can be made; no one can write after it.
    let tx = reader
        .conn
        .transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = recognised(&tx)?;
    if found > 0 && found < SCHEMA {
        backup::before_migration(&path, &tx, found, crate::clock::now())?;
    }
    migrations::migrate_in(&tx, found)?;
    tx.commit()?;
    Ok(())
}

impl Reader {
    /// Opens an existing database for reading.
    ///
    /// # Errors
    /// The `store_*` kinds, also if there is no database yet.
    pub fn open(path: &Path) -> Result<Self> {
        read_only(path)
    }

    /// Opens the database for reading, and creates or migrates it if needed. If the database or its
    /// folder isn't writable, it is opened anyway, unless it would have to be created or migrated.
    ///
    /// # Errors
    /// Those of [`Store::open`].
    pub fn open_or_make(path: &Path) -> Result<Self> {
        if path.exists() && is_unwritable(path) {
            return unwritable(path);
        }
        Ok(Store::open(path)?.reader)
    }
}

impl Store {
    /// Opens the database. Creates it, its folder (0700) and its tables if they are missing.
    ///
    /// # Errors
    /// The `store_*` kinds. A newer database, or a file that isn't a database, is left unchanged.
    pub fn open(path: &Path) -> Result<Self> {
        read_write(path, platform::file_system(path)).map(|reader| Self {
            reader,
            pending_work: PendingWork::at_open(),
            remembered: None,
            pace: Pace::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use rusqlite::Connection;

    use super::*;
    use crate::store::{
        connection::db_files::{LOG, beside},
        transaction::Store,
    };

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
    fn a_file_that_is_no_database_is_refused_unchanged() {
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
        assert_eq!(fault(Store::open(&path)), StoreFault::Foreign);
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_folder_in_the_place_of_the_database_is_a_clear_fault() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(fault(Store::open(dir.path())), StoreFault::Foreign);
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
    fn without_shared_memory_there_is_no_wal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let journal = |reader: &Reader| Journal::of(&reader.conn).unwrap();
        let synchronous = |reader: &Reader| -> i64 {
            let conn = &reader.conn;
            conn.pragma_query_value(None, "synchronous", |row| row.get(0))
                .unwrap()
        };
        for file_system in [FileSystem::Network("NFS"), FileSystem::Program] {
            // As if the database was moved to another file system, and back.
            let local = read_write(&path, FileSystem::Local).unwrap();
            assert_eq!((journal(&local), synchronous(&local)), (Journal::Log, 2));
            drop(local);
            let there = read_write(&path, file_system).unwrap();
            assert_eq!(
                (journal(&there), synchronous(&there)),
                (Journal::Rollback, 3)
            );
            let second = read_write(&path, file_system).unwrap();
            assert!(second.is_current().unwrap());
            second
                .conn
                .execute("UPDATE meta SET revision = revision + 1", [])
                .unwrap();
            assert_eq!(
                Reader::open(&path).unwrap().revision().unwrap(),
                there.revision().unwrap()
            );
            assert!(!beside(&path, LOG).exists());
        }
    }

    #[test]
    fn remains_of_a_lost_database_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        fs::write(&path, "").unwrap();
        fs::write(beside(&path, LOG), "saves that are only here").unwrap();
        assert_eq!(fault(Store::open(&path)), StoreFault::Broken);
        assert!(beside(&path, LOG).exists());
    }

    #[test]
    fn another_programs_database_of_the_same_version_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch("CREATE TABLE theirs (x)").unwrap();
        for version in [SCHEMA, SCHEMA + 1] {
            conn.pragma_update(None, "user_version", version).unwrap();
            assert_eq!(fault(Store::open(&path)), StoreFault::Foreign);
            assert_eq!(fault(Reader::open(&path)), StoreFault::Foreign);
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

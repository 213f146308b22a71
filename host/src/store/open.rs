//! Opening the database: folder and file with their modes, the first open
//! under a file lock, migrations, and the journal that suits the file system.

use std::{
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, config::DbConfig,
};

use super::{
    Reader, backup, check,
    fault::{explained, of_file_system},
    file_system::FileSystem,
    index, page_keys,
    patience::Patience,
    place::{self, FileId, JOURNAL, LOG, SHARED_MEMORY, beside},
    replace, tags,
    upkeep::LOG_PAGES_AT_MOST,
};
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
    Migration {
        sql: include_str!("migrations/0003_saves.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0004_imports.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0005_folded.sql"),
        then: tags::fold_names,
    },
    Migration {
        sql: include_str!("migrations/0006_words_clock_addresses.sql"),
        then: |tx| {
            page_keys::renew(tx)?;
            tags::renew_names(tx)?;
            tags::fold_names(tx)?;
            index::renew(tx)
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
pub(super) const SCHEMA: usize = MIGRATIONS.len();

/// "uNOT": tells our files from others' (`PRAGMA application_id`).
pub(crate) const APPLICATION_ID: i32 = 0x754E_4F54;

/// Before 3.51.3 a race between connections that reset the write-ahead log can
/// lose a commit (<https://www.sqlite.org/wal.html>, "WAL-reset bug").
const OLDEST_SQLITE: i32 = 3_051_003;

/// How long to wait for another program's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The write-ahead log is cut to this when it begins anew, in bytes: what one
/// large write made of it doesn't stay.
const LOG_BYTES: i64 = 8 * 1024 * 1024;

pub(super) fn read_write(path: &Path, file_system: FileSystem) -> Result<Reader> {
    opened(path, file_system).map_err(|error| explained(error, path))
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
    // A new database, or an older one: of several programs that get here at
    // once, one at a time touches the file.
    let lock = place::lock(path).map_err(of_file_system)?;
    let mut reader = connect_to_write(path, journal)?;
    if recognised(&reader.conn)? == SCHEMA {
        journal.turn_on(&reader.conn)?;
    } else {
        migrate(&mut reader, journal)?;
    }
    drop(lock);
    Ok(reader)
}

/// Whether commits are on the disk when they are done. Without the write-ahead log
/// they always are: the database wouldn't be sound otherwise.
pub(super) fn wait_for_disk(conn: &Connection, wait: bool) -> Result<()> {
    let level = match Journal::of(conn)? {
        Journal::Log if !wait => "NORMAL",
        journal => journal.synchronous(),
    };
    Ok(conn.pragma_update(None, "synchronous", level)?)
}

pub(super) fn read_only(path: &Path) -> Result<Reader> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY);
    known(reader.map_err(|error| explained(error, path))?, path)
}

/// As [`read_only`], where nothing can be put beside the database, which SQLite wants
/// to: where nobody has it open, it needn't.
pub(super) fn unwritable(path: &Path) -> Result<Reader> {
    refuse_remains(path).map_err(|error| explained(error, path))?;
    if check::at_rest(path).is_none() {
        return read_only(path);
    }
    match known(connect_unchanging(path)?, path) {
        // An older one can't be brought up to date here.
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
        // Seen only while another program is bringing the database up to date.
        Ok(_) => Err(Error::store(StoreFault::Busy)),
        Err(error) => Err(explained(error, path)),
    }
}

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
pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Reader> {
    // SQLite takes a name that begins with `file:` for an address.
    let name = if path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        &Path::new(".").join(path)
    } else {
        path
    };
    connect_by(name, path, flags)
}

/// Connects to a file that nobody changes: without locks, and without a log beside it.
pub(super) fn connect_unchanging(path: &Path) -> Result<Reader> {
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
fn connect_by(name: &Path, path: &Path, flags: OpenFlags) -> Result<Reader> {
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
        patience: Patience::with(&mut conn)?,
        conn,
        path: path.to_owned(),
        file,
    })
}

/// Foreign keys are on by the way SQLite is built.
fn connect_to_write(path: &Path, journal: Journal) -> Result<Reader> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let set = |name, value: &dyn rusqlite::ToSql| reader.conn.pragma_update(None, name, value);
    set("synchronous", &journal.synchronous())?;
    set("journal_size_limit", &LOG_BYTES)?;
    // When there is time, long before this: see `upkeep.rs`.
    set("wal_autocheckpoint", &LOG_PAGES_AT_MOST)?;
    Ok(reader)
}

/// How a transaction is made whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Journal {
    /// The write-ahead log: readers and a writer at once.
    Log,
    /// The rollback journal: slower, but it needs no memory that machines can't share.
    Rollback,
}

impl Journal {
    fn on(file_system: FileSystem) -> Self {
        if file_system.shares_memory() {
            Self::Log
        } else {
            Self::Rollback
        }
    }

    fn of(conn: &Connection) -> Result<Self> {
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
    fn synchronous(self) -> &'static str {
        match self {
            Self::Log => "FULL",
            Self::Rollback => "EXTRA",
        }
    }

    /// A change needs the file for itself for a moment and doesn't wait for it
    /// (the busy handler isn't asked); a program that is just looking at
    /// `user_version` is enough to be in the way.
    fn turn_on(self, conn: &Connection) -> Result<()> {
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

/// Makes what is missing, the folder 0700 and the file 0600 whatever the
/// umask; what exists keeps its mode. SQLite gives its side files the mode of
/// the database. Answers whether the file is new.
///
/// An existing file is never opened here: closing it again would drop the
/// locks that SQLite holds on it in this process
/// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
fn create_with_modes(path: &Path) -> std::io::Result<bool> {
    place::create_folder(place::folder(path))?;
    match place::create_private(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Refuses what SQLite would take for an empty database and write over: a file
/// of less than a sector, and one that is empty or not there while its log is,
/// which it would throw away. And what isn't a file at all.
pub(super) fn refuse_remains(path: &Path) -> Result<()> {
    // The log first: there is none before there is a database.
    let log = has_log(path);
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && !log => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::store(StoreFault::Broken)),
        Err(error) => Err(of_file_system(error)),
        Ok(file) if !file.is_file() => Err(Error::store(StoreFault::Foreign)),
        Ok(file) => match file.len() {
            0 if log || replace::was_cut_off(path) => Err(Error::store(StoreFault::Broken)),
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
pub(super) fn has_log(path: &Path) -> bool {
    fs::metadata(beside(path, LOG)).is_ok_and(|log| log.len() > 0)
}

/// How many steps of the schema a database has.
pub(super) fn schema(conn: &Connection) -> Result<usize> {
    let mut query = conn.prepare_cached("PRAGMA user_version")?;
    Ok(query.query_row([], |row| row.get(0))?)
}

/// The schema of a database that is ours; 0 of one that has nothing in it yet.
///
/// # Errors
/// `Foreign`, `Newer`, and what is behind reading.
pub(super) fn recognised(conn: &Connection) -> Result<usize> {
    // All of one moment: another program may be making the database meanwhile, and what it has
    // made by the last look would be taken for a stranger's.
    let _moment = conn
        .is_autocommit()
        .then(|| conn.unchecked_transaction())
        .transpose()?;
    let found = schema(conn)?;
    let application: i32 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        let tables: i64 =
            conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables > 0 || found > 0 || application != 0 {
            return Err(Error::store(StoreFault::Foreign));
        }
    } else if found > SCHEMA {
        return Err(Error::store(StoreFault::Newer));
    }
    Ok(found)
}

/// Brings the database up to date, whole or not at all.
fn migrate(reader: &mut Reader, journal: Journal) -> Result<()> {
    journal.turn_on(&reader.conn)?;
    let path = reader.path.clone();
    // IMMEDIATE lets others read, so the backup can: nobody writes after it.
    let tx = reader
        .conn
        .transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = recognised(&tx)?;
    if found > 0 && found < SCHEMA {
        backup::before_migration(&path, &tx, found, crate::clock::now())?;
    }
    migrate_in(&tx, found)?;
    tx.commit()?;
    Ok(())
}

/// The steps that are missing, in the caller's transaction.
pub(super) fn migrate_in(tx: &Transaction<'_>, found: usize) -> Result<()> {
    for (step, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        tx.execute_batch(migration.sql)?;
        (migration.then)(tx)?;
        tx.pragma_update(None, "user_version", step + 1)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
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
    fn there_is_a_saved_database_of_each_older_schema() {
        for schema in 1..SCHEMA {
            for ending in ["db", "json"] {
                let saved = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join(format!("../tests/databases/schema-{schema}.{ending}"));
                assert!(saved.is_file(), "{}", saved.display());
            }
        }
    }

    #[test]
    fn notes_of_one_millisecond_part_when_the_index_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0].sql).unwrap();
        old.execute_batch(&format!(
            "PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID};
             INSERT INTO tags (id, name) VALUES (1, 'x');"
        ))
        .unwrap();
        for id in [5_000, 5_001, 5_003, 6_500] {
            old.execute(
                "INSERT INTO notes (id, page_key, site, url, title, summary, updated_at)
                 VALUES (?1, 'https://e.org/' || ?1, 'e.org', 'https://e.org/' || ?1, 'T' || ?1, '', 1)",
                [id],
            )
            .unwrap();
            old.execute("INSERT INTO note_tags VALUES (1, ?, 0)", [id])
                .unwrap();
        }
        old.execute(
            "INSERT INTO trash (id, page_key, site, url, title, summary, updated_at, tags, deleted_at)
             VALUES (5002, 'https://e.org/d', 'e.org', 'https://e.org/d', 'D', '', 1, '[\"x\"]', ?)",
            [i64::MAX],
        )
        .unwrap();
        drop(old);

        let mut store = Store::open(&path).unwrap();
        let title = |note: crate::domain::Note| (note.id.0, note.title);
        let notes: Vec<_> = store
            .latest_notes(None, 9)
            .unwrap()
            .into_iter()
            .map(title)
            .collect();
        let expected = [
            (9_000, "T6500"),
            (8_000, "T5003"),
            (6_000, "T5001"),
            (5_000, "T5000"),
        ];
        assert_eq!(notes, expected.map(|(id, title)| (id, title.to_owned())));
        store
            .write(jiff::Timestamp::now(), |writer| {
                writer.restore_note(crate::domain::NoteId(7_000))
            })
            .unwrap();
        for title in ["T5000", "T5001", "D", "T5003", "T6500"] {
            let found = store
                .search(
                    &crate::domain::Query::parse(&format!("{title} tag:x ")),
                    None,
                    9,
                )
                .unwrap();
            assert_eq!(found.hits.len(), 1, "{title}");
            assert_eq!(found.hits[0].note.title, title);
        }
    }

    #[test]
    fn where_memory_cannot_be_shared_there_is_no_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let journal = |reader: &Reader| Journal::of(&reader.conn).unwrap();
        let synchronous = |reader: &Reader| -> i64 {
            let conn = &reader.conn;
            conn.pragma_query_value(None, "synchronous", |row| row.get(0))
                .unwrap()
        };
        for file_system in [FileSystem::Network("NFS"), FileSystem::Program] {
            // As it is moved there, and back.
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
    fn what_is_left_of_a_lost_database_is_not_thrown_away() {
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

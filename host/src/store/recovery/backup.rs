//! Verified backups, made while other programs save, and restored atomically.
//!
//! SQLite's backup interface copies everything in a single step, in one read transaction. Other
//! programs can save meanwhile (the WAL grows), and the copy never starts over, as it could with
//! several steps. `VACUUM INTO` would hold the transaction longer, because it rebuilds every
//! b-tree.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, backup::StepResult};

use crate::{
    error::{Error, Result, StoreFault},
    platform::FileId,
    store::{
        connection::{
            connect,
            db_files::{self, AtomicFile, JOURNAL, LOG, beside, folder},
            reader::Reader,
            schema::recognised,
            sqlite_error::{of_file_system, refine_error},
        },
        migrations,
        recovery::{
            check_content,
            swap_database::{ExclusiveDatabase, replace},
        },
        sync::{ReplacedSync, RestoredSync, carry_over},
    },
};

/// Default folder of backups, beside the database.
const FOLDER: &str = "backups";
/// Number of backups before migrations that are kept.
const KEPT: usize = 3;
/// Gap between the revisions of the old database and its replacement. Larger than the number of
/// writes possible during a replacement, so that no cached view is mistaken for a current one.
const REVISIONS_SKIPPED: i64 = 1_000_000;

/// A verified backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Path of the backup.
    pub file: PathBuf,
    /// Number of notes in it, without the trash.
    pub notes: u64,
    /// Size in bytes.
    pub bytes: u64,
}

/// The result of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Number of notes after the restore, without the trash.
    pub notes: u64,
    /// The backup of the notes that were replaced.
    pub previous: Option<PathBuf>,
    /// Whether that backup is sound; otherwise it is a copy of a damaged file.
    pub previous_sound: bool,
    /// What the restore means for the other devices.
    pub sync: RestoredSync,
}

impl Reader {
    /// Makes a verified backup with mode 0600 at `target`, or in the folder of backups beside the
    /// database. Other programs can save meanwhile; the backup is a snapshot. It gets its name only
    /// when it is complete and durable.
    ///
    /// # Errors
    /// `InvalidParams` if the file exists and `replace` is false; `store_broken` if the database is
    /// damaged; the other `store_*` kinds.
    pub fn backup(&self, target: Option<&Path>, replace: bool, now: Timestamp) -> Result<Backup> {
        let target = match target {
            Some(target) => target.to_owned(),
            None => unused(&self.path, "", now),
        };
        if db_files::is_part_of(&self.path, &target) {
            return Err(Error::InvalidParams(
                "This file belongs to the database of the notes. Give another file for the backup."
                    .into(),
            ));
        }
        match copy(&self.conn, &target, replace) {
            // The notes aren't read-only; the backup's folder is.
            Err(Error::Store {
                fault: StoreFault::Unwritable,
                ..
            }) => Err(Error::InvalidParams(
                "The backup can't be written there: the folder is read-only, or it isn't a folder."
                    .into(),
            )),
            done => done,
        }
    }
}

/// Replaces the content of the database at `path` with that of a backup, in one transaction that
/// running hosts and the site wait for. The old content is kept: a sound database as a backup, a
/// damaged one as a copy of its files. `file` is only read; a backup with an older schema is
/// migrated. With `everywhere`, the backup becomes the newest version on all devices; otherwise what
/// was synced since the backup comes again.
///
/// # Errors
/// `InvalidParams` if `file` isn't a sound backup, or if the notes aren't synced but it is to be
/// restored `everywhere`; the `store_*` kinds. On an error nothing was changed.
pub fn restore_backup(
    path: &Path,
    file: &Path,
    everywhere: bool,
    now: Timestamp,
) -> Result<Restored> {
    let refused = |why: &str| Err(Error::InvalidParams(why.into()));
    match FileId::of(file) {
        None => return refused("This file doesn't exist."),
        _ if db_files::is_part_of(path, file) => {
            return refused("This file belongs to the database of the notes. It is not a backup.");
        }
        _ if !file.is_file() => return refused("This is not a file."),
        _ => {}
    }
    db_files::create_folder(folder(path)).map_err(of_file_system)?;
    let part = AtomicFile::new(path).map_err(of_file_system)?;
    let new = match prepared(file, part.path()).map_err(|error| refine_error(error, part.path())) {
        Ok(new) => new,
        Err(Error::Store {
            fault: StoreFault::Foreign,
            ..
        }) => {
            return refused("This is another program's database, not a backup of url-notes.");
        }
        Err(Error::Store {
            fault: StoreFault::Newer,
            ..
        }) => {
            return refused(
                "A newer version of url-notes wrote this backup. Install the newest version of url-notes.",
            );
        }
        Err(Error::Store {
            fault: StoreFault::Broken,
            ..
        }) => {
            return refused("This file is damaged, or it isn't a backup of url-notes.");
        }
        Err(error) => return Err(error),
    };
    let notes = number(&new, "SELECT count(*) FROM notes")?;
    let (sync, (previous, previous_sound)) = replace(path, part, new, |new, held| {
        let sync = carry_over(new, replaced_sync(path), everywhere)?;
        let previous = keep(path, held, now)?;
        raise_revision(new, path)?;
        Ok((sync, previous))
    })?;
    log::info!("a backup was restored");
    Ok(Restored {
        notes,
        previous,
        previous_sound,
        sync,
    })
}

/// Returns whether the notes at the path are synced.
fn replaced_sync(path: &Path) -> ReplacedSync {
    if FileId::of(path).is_none() {
        return ReplacedSync::Unknown;
    }
    match connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Ok(present) => ReplacedSync::of(&present.conn),
        Err(_) => ReplacedSync::Unknown,
    }
}

/// Copies the backup, migrates the copy and verifies it.
fn prepared(file: &Path, copy: &Path) -> Result<Connection> {
    for ending in ["", LOG, JOURNAL] {
        let source = beside(file, ending);
        // Opening a named pipe would block.
        if !source.is_file() {
            continue;
        }
        File::open(source)
            .and_then(|mut source| {
                let target = beside(copy, ending);
                if !ending.is_empty() {
                    db_files::create_private(&target)?;
                }
                let mut target = File::options().write(true).open(target)?;
                io::copy(&mut source, &mut target)
            })
            .map_err(of_file_system)?;
    }
    if fs::metadata(copy).is_ok_and(|file| file.len() < 512) {
        return Err(Error::store(StoreFault::Broken));
    }
    let new = connect::connect(copy, OpenFlags::SQLITE_OPEN_READ_WRITE)?.conn;
    new.pragma_update(None, "journal_mode", "DELETE")?;
    let found = recognised(&new)?;
    if found == 0 || !check_content::sound_pages(&new)? {
        return Err(Error::store(StoreFault::Broken));
    }
    let tx = new.unchecked_transaction()?;
    migrations::migrate_in(&tx, found)?;
    tx.commit()?;
    if !check_content::examine(&new)?.is_empty() {
        return Err(Error::store(StoreFault::Broken));
    }
    Ok(new)
}

/// Keeps the content at the path, which nobody changes meanwhile: as a backup, or file by file if
/// it isn't a sound database. Returns where, and whether it is sound.
fn keep(
    path: &Path,
    held: &mut ExclusiveDatabase,
    now: Timestamp,
) -> Result<(Option<PathBuf>, bool)> {
    if FileId::of(path).is_none() {
        return Ok((None, true));
    }
    let target = unused(path, "before-restore-", now);
    if held.readable {
        let present = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        match copy(&present.conn, &target, false) {
            Ok(_) => return Ok((Some(target), true)),
            Err(Error::Store {
                fault: StoreFault::Broken,
                ..
            }) => {}
            Err(error) => return Err(error),
        }
    }
    held.keep_files(path, &target)?;
    let sound = connect::connect(&target, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .and_then(|copy| Ok(recognised(&copy.conn)? > 0 && check_content::sound_pages(&copy.conn)?))
        .unwrap_or(false);
    Ok((Some(target), sound))
}

/// Raises the revision of the new content above that of the database at `path`.
pub(in crate::store) fn raise_revision(new: &Connection, path: &Path) -> Result<()> {
    let present = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|present| {
            present.conn.busy_timeout(std::time::Duration::ZERO)?;
            Ok(present
                .conn
                .query_row("SELECT revision FROM meta", [], |row| row.get::<_, i64>(0))?)
        })
        // The old revision can't be read. No database has had as many writes as there are
        // microseconds since 1970.
        .unwrap_or_else(|_| crate::clock::now().as_microsecond());
    new.execute(
        "UPDATE meta SET revision = max(revision, ?1) + ?2, changes_after = max(revision, ?1) + ?2",
        [present, REVISIONS_SKIPPED],
    )?;
    Ok(())
}

/// Makes the backup before a migration from `schema`, if there are notes. The caller holds the
/// write lock through `conn`.
pub(in crate::store) fn before_migration(
    path: &Path,
    conn: &Connection,
    schema: usize,
    now: Timestamp,
) -> Result<()> {
    let empty = number(
        conn,
        "SELECT NOT EXISTS (SELECT 1 FROM notes) AND NOT EXISTS (SELECT 1 FROM trash)",
    )?;
    if empty == 1 {
        return Ok(());
    }
    let kind = format!("schema-{schema}-");
    let target = unused(path, &kind, now);
    // A connection in a write transaction can't be the source of a backup. The copy doesn't contain
    // the transaction.
    let source = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let made = copy(&source.conn, &target, false)?;
    log::info!(
        "{} notes of schema {schema} were backed up before the migration: {}",
        made.notes,
        target.file_name().unwrap_or_default().display()
    );
    if let Err(error) = remove_oldest(path, &target) {
        log::warn!("an old backup can't be removed: {error}");
    }
    Ok(())
}

/// Removes all but the newest backups of migrations. Never removes the one just made, which looks
/// like the oldest if the clock was set back.
fn remove_oldest(path: &Path, just_made: &Path) -> io::Result<()> {
    let beginning = [stem(path), "-schema-".into()].concat();
    let mut made = Vec::new();
    for entry in fs::read_dir(folder(path).join(FOLDER))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_one = name.starts_with(&beginning) && name.ends_with(".db");
        if is_one && entry.path() != just_made {
            made.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    made.sort();
    for (_, path) in made.iter().rev().skip(KEPT - 1) {
        db_files::remove(path)?;
    }
    Ok(())
}

/// Makes a verified copy of the database that `source` reads. `source` has no transaction open.
fn copy(source: &Connection, target: &Path, replace: bool) -> Result<Backup> {
    let exists =
        || Error::InvalidParams("This file already exists. To replace it, use --force.".into());
    if !replace && target.symlink_metadata().is_ok() {
        return Err(exists());
    }
    // SQLite would apply this file to the copy.
    if [LOG, JOURNAL].iter().any(|of| beside(target, of).exists()) {
        return Err(Error::InvalidParams(
            "Another database with this name is in use or left its journal there. Give another file for the backup."
                .into(),
        ));
    }
    db_files::create_folder(folder(target)).map_err(of_file_system)?;
    let part = AtomicFile::new(target).map_err(of_file_system)?;
    let notes = written(source, part.path()).map_err(|error| refine_error(error, part.path()))?;
    let bytes = fs::metadata(part.path()).map_err(of_file_system)?.len();
    match part.put(replace) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(exists()),
        done => done.map_err(of_file_system)?,
    }
    Ok(Backup {
        file: target.to_owned(),
        notes,
        bytes,
    })
}

/// Writes the copy into an empty file and verifies it. Returns the number of its notes.
fn written(source: &Connection, file: &Path) -> Result<u64> {
    let moment = source.unchecked_transaction()?;
    let schema = recognised(&moment)?;
    let notes = number(&moment, "SELECT count(*) FROM notes")?;
    {
        let mut copy = connect::connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?.conn;
        // The file is synced once, at the end.
        copy.pragma_update(None, "synchronous", "OFF")?;
        let backup = rusqlite::backup::Backup::new(&moment, &mut copy)?;
        if backup.step(-1)? != StepResult::Done {
            return Err(Error::store(StoreFault::Busy));
        }
        drop(backup);
        // Makes the backup a single file, readable even on read-only media.
        copy.pragma_update(None, "journal_mode", "DELETE")?;
    }
    moment.commit()?;
    let copy = connect::connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?.conn;
    let same =
        recognised(&copy)? == schema && number(&copy, "SELECT count(*) FROM notes")? == notes;
    if !same || !check_content::sound_pages(&copy)? {
        return Err(Error::store(StoreFault::Broken));
    }
    Ok(notes)
}

/// Returns an unused name in the folder of backups. Removes what interrupted backups left there.
fn unused(path: &Path, kind: &str, now: Timestamp) -> PathBuf {
    let beginning = [&stem(path), "-"].concat();
    for entry in fs::read_dir(folder(path).join(FOLDER))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let target = name.strip_suffix(AtomicFile::ENDING);
        if let Some(target) = target.filter(|target| target.starts_with(&beginning)) {
            // A backup that is still being written is locked and stays.
            drop(AtomicFile::new(&entry.path().with_file_name(target)));
        }
    }
    let name = [&stem(path), "-", kind, &db_files::stamp(now)].concat();
    db_files::unused(&folder(path).join(FOLDER).join(name), ".db")
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn number(conn: &Connection, sql: &str) -> Result<u64> {
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::fs::PermissionsExt as _,
        sync::atomic::{AtomicBool, AtomicU64, Ordering},
    };

    use super::*;
    use crate::{
        domain::{Metadata, NewNote, PageUrl},
        store::{recovery::check::check, transaction::Store},
    };

    fn save(store: &mut Store, n: u64) {
        let new = NewNote {
            url: PageUrl::parse(&format!("https://e.org/{n}")).unwrap(),
            title: n.to_string(),
            tags: Vec::new(),
            summary: "words ".repeat(200),
            metadata: Metadata::default(),
            quote: None,
            read: true,
        };
        store
            .write(crate::clock::now(), |writer| writer.save_note(&new))
            .unwrap();
    }

    fn count(path: &Path) -> u64 {
        Store::open(path).unwrap().counts().unwrap().notes
    }

    #[test]
    fn a_backup_is_complete_private_and_never_replaces_a_file_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        save(&mut store, 1);
        let made = store.backup(None, false, crate::clock::now()).unwrap();
        assert_eq!(made.notes, 1);
        assert_eq!(folder(&made.file), dir.path().join("backups"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&made.file), mode(folder(&made.file))), (0o600, 0o700));
        let before = fs::read(&made.file).unwrap();
        save(&mut store, 2);
        let again = store.backup(Some(&made.file), false, crate::clock::now());
        assert!(matches!(again, Err(Error::InvalidParams(_))));
        assert_eq!(fs::read(&made.file).unwrap(), before);
        store
            .backup(Some(&made.file), true, crate::clock::now())
            .unwrap();
        assert_eq!(count(&made.file), 2);
        let itself = store.backup(Some(&path), true, crate::clock::now());
        assert!(matches!(itself, Err(Error::InvalidParams(_))));
        let left: Vec<_> = fs::read_dir(folder(&made.file)).unwrap().collect();
        assert_eq!(
            left.len(),
            2,
            "the backup and the lock of its opening: {left:?}"
        );
    }

    #[test]
    fn leftovers_of_a_killed_backup_are_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        save(&mut store, 1);
        let target = dir.path().join("copy.db");
        fs::write(beside(&target, ".part"), "half a database").unwrap();
        fs::write(beside(&target, ".part-journal"), "and its journal").unwrap();
        store
            .backup(Some(&target), false, crate::clock::now())
            .unwrap();
        assert_eq!(count(&target), 1);
        assert!(!beside(&target, ".part").exists());
        // A leftover in the folder of backups is removed when the next backup is made there.
        let old = dir.path().join("backups/notes-20260101T000000Z.db.part");
        store.backup(None, false, crate::clock::now()).unwrap();
        fs::write(&old, "half a database").unwrap();
        store.backup(None, false, crate::clock::now()).unwrap();
        assert!(!old.exists());
        // A backup that is being made is left alone.
        let other = AtomicFile::new(&target).unwrap();
        let busy = store.backup(Some(&target), true, crate::clock::now());
        assert!(
            matches!(
                busy,
                Err(Error::Store {
                    fault: StoreFault::Busy,
                    ..
                })
            ),
            "{busy:?}"
        );
        drop(other);
        store
            .backup(Some(&target), true, crate::clock::now())
            .unwrap();
    }

    #[test]
    fn a_damaged_database_gives_no_backup() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        for n in 0..20 {
            save(&mut store, n);
        }
        let root: usize = store
            .conn
            .query_row(
                "SELECT rootpage FROM sqlite_schema WHERE name = 'notes_by_site'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        drop(store);
        let mut bytes = fs::read(&path).unwrap();
        bytes[(root - 1) * 4096..root * 4096].fill(0);
        fs::write(&path, bytes).unwrap();
        let store = Store::open(&path).unwrap();
        let made = store.backup(None, false, crate::clock::now());
        assert!(
            matches!(
                made,
                Err(Error::Store {
                    fault: StoreFault::Broken,
                    ..
                })
            ),
            "{made:?}"
        );
        assert_eq!(fs::read_dir(dir.path().join("backups")).unwrap().count(), 0);
    }

    /// Stops the writer threads of a test even if it fails; otherwise it would wait for them.
    struct EndsAtDrop<'a>(&'a AtomicBool);

    impl Drop for EndsAtDrop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_restore_under_load_loses_no_save_that_came_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        for n in 0..50 {
            save(&mut store, n);
        }
        let made = store.backup(None, false, crate::clock::now()).unwrap();
        let reader = Reader::open(&path).unwrap();
        let (next, stop, restored) = (
            AtomicU64::new(1000),
            AtomicBool::new(false),
            AtomicBool::new(false),
        );
        let wait_for = |saves: u64| {
            let end = next.load(Ordering::SeqCst) + saves;
            while next.load(Ordering::SeqCst) < end {
                std::thread::yield_now();
            }
        };
        let mut saved_after: Vec<u64> = Vec::new();
        let mut previous = None;
        std::thread::scope(|scope| {
            let ends = EndsAtDrop(&stop);
            let writers: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let mut store = Store::open(&path).unwrap();
                        let mut after = Vec::new();
                        while !stop.load(Ordering::SeqCst) {
                            let late = restored.load(Ordering::SeqCst);
                            let n = next.fetch_add(1, Ordering::SeqCst);
                            save(&mut store, n);
                            if late {
                                after.push(n);
                            }
                        }
                        after
                    })
                })
                .collect();
            wait_for(40);
            let before = reader.revision().unwrap();
            let done = restore_backup(&path, &made.file, false, crate::clock::now()).unwrap();
            restored.store(true, Ordering::SeqCst);
            assert!(reader.revision().unwrap() > before + 1000);
            assert_eq!(done.notes, 50);
            assert!(done.previous_sound);
            previous = done.previous;
            wait_for(40);
            drop(ends);
            for writer in writers {
                saved_after.extend(writer.join().unwrap());
            }
        });
        assert!(saved_after.len() > 20);
        for n in 0..50 {
            saved_after.push(n);
        }
        for n in saved_after {
            let url = PageUrl::parse(&format!("https://e.org/{n}")).unwrap();
            assert!(reader.note_for_url(&url).unwrap().is_some(), "{n}");
        }
        assert_eq!(check(&path).unwrap().faults, []);
        // Each save is in one of the two, and some are in both.
        let (then, now) = (
            Store::open(&previous.unwrap()).unwrap(),
            Store::open(&path).unwrap(),
        );
        for n in 1000..next.load(Ordering::SeqCst) {
            let url = PageUrl::parse(&format!("https://e.org/{n}")).unwrap();
            let kept = [&then, &now].map(|store| store.note_for_url(&url).unwrap().is_some());
            assert!(kept != [false, false], "{n} was saved and is nowhere");
        }
    }

    #[test]
    fn a_restore_without_a_wal_keeps_the_old_notes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        save(&mut store, 1);
        let made = store.backup(None, false, crate::clock::now()).unwrap();
        save(&mut store, 2);
        store
            .conn
            .pragma_update(None, "journal_mode", "DELETE")
            .unwrap();
        let done = restore_backup(&path, &made.file, false, crate::clock::now()).unwrap();
        assert!(done.previous_sound);
        assert_eq!((count(&done.previous.unwrap()), count(&path)), (2, 1));
    }

    #[test]
    fn a_restore_over_a_file_that_is_no_database_keeps_it() {
        for junk in ["not a database", &"x".repeat(10_000), ""] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("notes.db");
            let mut store = Store::open(&path).unwrap();
            save(&mut store, 1);
            let file = dir.path().join("b.db");
            store
                .backup(Some(&file), false, crate::clock::now())
                .unwrap();
            drop(store);
            fs::write(&path, junk).unwrap();
            let done = restore_backup(&path, &file, false, crate::clock::now()).unwrap();
            assert_eq!(count(&path), 1);
            assert_eq!(fs::read_to_string(done.previous.unwrap()).unwrap(), junk);
            assert!(!done.previous_sound);
            assert_eq!(check(&path).unwrap().faults, []);
        }
    }

    #[test]
    fn restoring_a_file_that_is_no_sound_backup_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        save(&mut store, 1);
        let made = store.backup(None, false, crate::clock::now()).unwrap();
        let good = fs::read(&made.file).unwrap();
        let file = dir.path().join("given.db");
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            fs::write(&file, bytes).unwrap();
        };
        let newer: &dyn Fn(&mut Vec<u8>) = &|bytes| bytes[63] = 99;
        for (change, word) in [
            (newer, "newer"),
            (&|bytes| bytes[68..72].fill(9), "another program"),
            (&|bytes| bytes.truncate(100), "damaged"),
            (&|bytes| bytes.truncate(5000), "damaged"),
            (&|bytes| bytes.clear(), "damaged"),
            (&|bytes| bytes[4096..].fill(0), "damaged"),
        ] {
            with(change);
            let given = fs::read(&file).unwrap();
            match restore_backup(&path, &file, false, crate::clock::now()) {
                Err(Error::InvalidParams(sentence)) => {
                    assert!(sentence.contains(word), "{sentence}")
                }
                other => panic!("{word}: {other:?}"),
            }
            assert_eq!(fs::read(&file).unwrap(), given);
            assert_eq!(store.counts().unwrap().notes, 1);
        }
        for other in [
            dir.path().join("nowhere"),
            path.clone(),
            dir.path().to_owned(),
        ] {
            let refused = restore_backup(&path, &other, false, crate::clock::now());
            assert!(
                matches!(refused, Err(Error::InvalidParams(_))),
                "{refused:?}"
            );
        }
        assert!(!beside(&path, ".part").exists());
    }

    #[test]
    fn a_backup_made_after_the_clock_was_set_back_is_not_removed_as_the_oldest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        save(&mut store, 1);
        let made = || -> Vec<_> {
            let entries = fs::read_dir(dir.path().join("backups")).unwrap();
            entries.map(|entry| entry.unwrap().path()).collect()
        };
        for _ in 0..KEPT {
            before_migration(&path, &store.conn, 1, crate::clock::now()).unwrap();
        }
        #[expect(clippy::disallowed_methods, reason = "the time of a file")]
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1 << 30);
        let earlier = made();
        for file in &earlier {
            File::open(file).unwrap().set_modified(later).unwrap();
        }
        before_migration(&path, &store.conn, 1, crate::clock::now()).unwrap();
        let kept = made();
        assert_eq!(kept.len(), KEPT);
        assert!(kept.iter().any(|file| !earlier.contains(file)), "{kept:?}");
    }

    #[test]
    fn only_the_newest_backups_of_migrations_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        save(&mut store, 1);
        store.backup(None, false, crate::clock::now()).unwrap();
        for _ in 0..5 {
            before_migration(&path, &store.conn, 1, crate::clock::now()).unwrap();
        }
        let names = fs::read_dir(dir.path().join("backups")).unwrap();
        let names: Vec<String> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let of_migrations = names
            .iter()
            .filter(|name| name.starts_with("notes-schema-1-"));
        assert_eq!((of_migrations.count(), names.len()), (3, 4), "{names:?}");
    }
}

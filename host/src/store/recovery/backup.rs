//! Copies of the database that can be relied on: made while others save,
//! verified before they have their name, and put back.
//!
//! A copy is made by SQLite's backup interface in a single step, of one read
//! transaction: others save meanwhile (the log grows by what they save), and
//! nothing starts over, as it would with several steps. `VACUUM INTO` holds
//! the same transaction for longer, because it makes every tree anew.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, backup::StepResult};

use crate::{
    error::{Error, Result, StoreFault},
    store::{
        connection::{
            connect,
            db_files::{self, AtomicFile, FileId, JOURNAL, LOG, beside, folder},
            reader::Reader,
            schema::recognised,
            sqlite_error::{explained, of_file_system},
        },
        migrations,
        recovery::{
            check_content,
            swap_database::{ExclusiveDatabase, replace},
        },
    },
};

/// Folder of the backups that have no other place, beside the database.
const FOLDER: &str = "backups";
/// So many of the backups that precede migrations are kept.
const KEPT: usize = 3;
/// Revisions between what was there and what replaces it: more than can be
/// used up while it is replaced, so that no page kept in memory passes for a new one.
const REVISIONS_SKIPPED: i64 = 1_000_000;

/// A verified copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Where it is.
    pub file: PathBuf,
    /// Notes in it, without the trash.
    pub notes: u64,
    /// Its size.
    pub bytes: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Notes that there are now, without the trash.
    pub notes: u64,
    /// Where the notes are that were there before.
    pub previous: Option<PathBuf>,
    /// Whether those can be relied on; else they are a copy of a damaged file.
    pub previous_sound: bool,
}

impl Reader {
    /// Makes a verified copy, 0600, at `target`, or in the folder of backups
    /// beside the database. Others may save meanwhile; the copy is of one moment.
    /// It has its name when it is whole and on the disk, or not at all.
    ///
    /// # Errors
    /// `InvalidParams` where there is a file of that name and `replace` is
    /// false; `store_broken` where the database is damaged; the other `store_*` kinds.
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
            // It is not the notes that can't be written.
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

/// Puts the content of a backup in the place of the database at `path`, in one
/// transaction that running hosts and the site wait for. What is there before
/// is kept as a backup of its own, a damaged database as a copy of its files.
/// `file` is only read; one of an older version is brought up to date.
///
/// # Errors
/// `InvalidParams` where `file` isn't a sound backup; the `store_*` kinds.
/// Nothing was changed then.
pub fn restore_backup(path: &Path, file: &Path, now: Timestamp) -> Result<Restored> {
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
    let new = match prepared(file, part.path()).map_err(|error| explained(error, part.path())) {
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
                "A newer version of url-notes wrote this backup. Update url-notes with ./install.sh.",
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
    let (previous, previous_sound) = replace(path, part, new, |new, held| {
        let previous = keep(path, held, now)?;
        raise_revision(new, path)?;
        Ok(previous)
    })?;
    log::info!("a backup was restored");
    Ok(Restored {
        notes,
        previous,
        previous_sound,
    })
}

/// A copy of the backup that is up to date, sound, and on its own.
fn prepared(file: &Path, copy: &Path) -> Result<Connection> {
    for ending in ["", LOG, JOURNAL] {
        let source = beside(file, ending);
        // A pipe would be waited for.
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

/// Keeps what stands at the path, which nobody else changes meanwhile: as a
/// backup, and where it is no sound database, file by file. Answers where,
/// and whether it is sound.
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

/// Lifts the revision of what comes into the place of `path` over the one that
/// is there.
pub(in crate::store) fn raise_revision(new: &Connection, path: &Path) -> Result<()> {
    let present = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|present| {
            present.conn.busy_timeout(std::time::Duration::ZERO)?;
            Ok(present
                .conn
                .query_row("SELECT revision FROM meta", [], |row| row.get::<_, i64>(0))?)
        })
        // Not to be read: none has seen as many writes as microseconds.
        .unwrap_or_else(|_| crate::clock::now().as_microsecond());
    new.execute(
        "UPDATE meta SET revision = max(revision, ?1) + ?2, changes_after = max(revision, ?1) + ?2",
        [present, REVISIONS_SKIPPED],
    )?;
    Ok(())
}

/// The backup before a migration from `schema`, of a database that has notes.
/// The caller holds the write lock by `conn`.
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
    // A connection that writes can't be copied from; what it began isn't in the copy.
    let source = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let made = copy(&source.conn, &target, false)?;
    log::info!(
        "{} notes of schema {schema} were backed up before they are brought up to date: {}",
        made.notes,
        target.file_name().unwrap_or_default().display()
    );
    if let Err(error) = forget_oldest(path, &target) {
        log::warn!("an old backup can't be taken away: {error}");
    }
    Ok(())
}

/// Takes away all but the newest backups of migrations, and never the one that was
/// just made: by a clock that was put back it is the oldest.
fn forget_oldest(path: &Path, just_made: &Path) -> io::Result<()> {
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

/// A verified copy of what `source` reads, which has no transaction open.
fn copy(source: &Connection, target: &Path, replace: bool) -> Result<Backup> {
    let exists =
        || Error::InvalidParams("This file already exists. To replace it, use --force.".into());
    if !replace && target.symlink_metadata().is_ok() {
        return Err(exists());
    }
    // SQLite would take it for that of the copy.
    if [LOG, JOURNAL].iter().any(|of| beside(target, of).exists()) {
        return Err(Error::InvalidParams(
            "Another database with this name is in use or left its journal there. Give another file for the backup."
                .into(),
        ));
    }
    db_files::create_folder(folder(target)).map_err(of_file_system)?;
    let part = AtomicFile::new(target).map_err(of_file_system)?;
    let notes = written(source, part.path()).map_err(|error| explained(error, part.path()))?;
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

/// Writes the copy into an empty file and reads it again; the number of its notes.
fn written(source: &Connection, file: &Path) -> Result<u64> {
    let moment = source.unchecked_transaction()?;
    let schema = recognised(&moment)?;
    let notes = number(&moment, "SELECT count(*) FROM notes")?;
    {
        let mut copy = connect::connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?.conn;
        // The whole of it is put on the disk once, at the end.
        copy.pragma_update(None, "synchronous", "OFF")?;
        let backup = rusqlite::backup::Backup::new(&moment, &mut copy)?;
        if backup.step(-1)? != StepResult::Done {
            return Err(Error::store(StoreFault::Busy));
        }
        drop(backup);
        // So that a backup is one file, also where nothing can be written.
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

/// A name in the folder of backups that isn't taken. What backups that were cut
/// off have left there goes.
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
            // One that is being written is locked, and stays.
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
    fn a_backup_is_whole_private_and_replaces_nothing_unasked() {
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
    fn what_a_killed_backup_left_behind_is_not_in_the_way() {
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
        // One in the folder of backups goes with the next that is made there.
        let old = dir.path().join("backups/notes-20260101T000000Z.db.part");
        store.backup(None, false, crate::clock::now()).unwrap();
        fs::write(&old, "half a database").unwrap();
        store.backup(None, false, crate::clock::now()).unwrap();
        assert!(!old.exists());
        // One that is being made is left alone.
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

    /// Ends the writers of a test also where it fails: else it would wait for them.
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
            let done = restore_backup(&path, &made.file, crate::clock::now()).unwrap();
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
        // Each save is on one side or the other, except that some are on both.
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
    fn a_restore_without_a_log_keeps_what_was_there() {
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
        let done = restore_backup(&path, &made.file, crate::clock::now()).unwrap();
        assert!(done.previous_sound);
        assert_eq!((count(&done.previous.unwrap()), count(&path)), (2, 1));
    }

    #[test]
    fn a_restore_over_a_file_that_is_none_keeps_it() {
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
            let done = restore_backup(&path, &file, crate::clock::now()).unwrap();
            assert_eq!(count(&path), 1);
            assert_eq!(fs::read_to_string(done.previous.unwrap()).unwrap(), junk);
            assert!(!done.previous_sound);
            assert_eq!(check(&path).unwrap().faults, []);
        }
    }

    #[test]
    fn a_file_that_is_no_sound_backup_changes_nothing() {
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
            match restore_backup(&path, &file, crate::clock::now()) {
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
            let refused = restore_backup(&path, &other, crate::clock::now());
            assert!(
                matches!(refused, Err(Error::InvalidParams(_))),
                "{refused:?}"
            );
        }
        assert!(!beside(&path, ".part").exists());
    }

    #[test]
    fn a_backup_made_with_the_clock_put_back_is_not_taken_for_the_oldest() {
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

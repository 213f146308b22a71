//! Whether a database is sound: SQLite's own checks, and what has to hold
//! between the tables, which is derived from what. Changes nothing; `salvage` mends.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::OpenFlags;
use rustix::fs::{Access, access};

use crate::{
    domain::Tag,
    error::{Error, Result, StoreFault},
    store::{
        connection::{
            connect,
            db_files::{JOURNAL, LOCK, LOG, SHARED_MEMORY, beside, folder},
            file_system::FileSystem,
            obstacle::obstacle,
            query_deadline,
            reader::Reader,
            schema,
            sqlite_error::explained,
        },
        notes::tags::{LookAlike, look_alikes},
        recovery::check_content::{Area, Fault, examine, fault, listed, trees},
    },
};

/// What was found out about a database and its surroundings.
#[derive(Debug, Clone)]
pub struct Health {
    /// Empty where all is well.
    pub faults: Vec<Fault>,
    /// Tags that look the same: no fault, but the user may want to merge them.
    pub look_alikes: Vec<LookAlike>,
    /// Tags of older versions with a comma of another script, which parts tags now.
    pub listed: Vec<Tag>,
    /// Whether there is a file at all; nothing else is known where there is none.
    pub exists: bool,
    /// Version of its schema, where it could be read.
    pub schema: Option<usize>,
    /// Version that this program brings a database to.
    pub newest_schema: usize,
    /// Notes, without the trash.
    pub notes: Option<u64>,
    /// Notes in the trash.
    pub trash: Option<u64>,
    /// The database, in bytes.
    pub database_bytes: u64,
    /// The write-ahead log, in bytes.
    pub log_bytes: u64,
    /// Room on the disk for this user, in bytes.
    pub free_bytes: Option<u64>,
    /// On what it lies.
    pub file_system: FileSystem,
    /// SQLite's name for how transactions are made whole: `wal` or `delete`.
    pub journal: Option<String>,
    /// Version of SQLite.
    pub sqlite: &'static str,
    /// Whether all was looked at that should be: a glance may have no time for it.
    pub finished: bool,
}

/// Looks at everything. Only reads.
///
/// # Errors
/// Where it can't be known: `store_newer`, `store_busy`, `store_unwritable`, `store_io`.
/// What is damaged is no error here but a fault.
pub fn check(path: &Path) -> Result<Health> {
    let mut health = from_outside(path);
    if !health.exists {
        return Ok(health);
    }
    match inside(path, &mut health).map_err(|error| explained(error, path)) {
        Err(Error::Store {
            fault: StoreFault::Broken,
            ..
        }) => {
            health.fault(Area::File, "It is damaged, or it is not a database.");
        }
        Err(Error::Store {
            fault: StoreFault::Foreign,
            ..
        }) => {
            health.fault(
                Area::File,
                "It is not a database of url-notes but another program's.",
            );
        }
        done => done?,
    }
    modes(path, &mut health.faults);
    Ok(health)
}

/// Looks at what can be seen within about `time`, but not at modes. Only reads, and
/// waits for no other program longer than that.
///
/// # Errors
/// As [`check`], and where the file is no database of ours or none at all
/// (`store_broken`).
pub fn glance(path: &Path, time: Duration) -> Result<Health> {
    if let Some(obstacle) = obstacle(path) {
        return Err(obstacle);
    }
    let mut health = from_outside(path);
    if health.exists {
        quickly(path, &mut health, time).map_err(|error| explained(error, path))?;
    }
    Ok(health)
}

fn from_outside(path: &Path) -> Health {
    let bytes = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let (free_bytes, file_system) = disk(path);
    Health {
        faults: Vec::new(),
        look_alikes: Vec::new(),
        listed: Vec::new(),
        exists: path.symlink_metadata().is_ok() || connect::has_log(path),
        schema: None,
        newest_schema: schema::SCHEMA,
        notes: None,
        trash: None,
        database_bytes: bytes(path),
        log_bytes: bytes(&beside(path, LOG)),
        free_bytes,
        file_system,
        journal: None,
        sqlite: rusqlite::version(),
        finished: true,
    }
}

/// How much room this user has on the disk of the database, in bytes, and what kind of
/// file system it is; also where there is no database yet.
#[must_use]
pub fn disk(path: &Path) -> (Option<u64>, FileSystem) {
    let there = nearest(path);
    let free = rustix::fs::statvfs(there)
        .ok()
        .and_then(|disk| disk.f_bavail.checked_mul(disk.f_frsize));
    let file = if path.exists() { path } else { there };
    (free, FileSystem::of(file))
}

/// The folder of the database, or the lowest above it that is there.
fn nearest(path: &Path) -> &Path {
    let mut above = path.ancestors().skip(1);
    match above.find(|folder| folder.is_dir()) {
        Some(folder) => folder,
        None => Path::new("."),
    }
}

/// Whether this user lacks the right to change the files of the notes, or their folder.
/// Asks the system, and writes nothing.
#[must_use]
pub fn is_unwritable(path: &Path) -> bool {
    let refused = |path: &Path, what| access(path, what).is_err();
    let needed = Access::READ_OK | Access::WRITE_OK;
    refused(nearest(path), needed | Access::EXEC_OK)
        || files(path).any(|file| refused(&file, needed))
}

/// Whether others may read the files of the notes, or change what is in their folder.
#[must_use]
pub fn is_open_to_others(path: &Path) -> bool {
    let mut faults = Vec::new();
    modes(path, &mut faults);
    !faults.is_empty()
}

impl Health {
    fn fault(&mut self, area: Area, sentence: &str) {
        self.faults.push(fault(area, sentence));
    }

    /// Whether anything is wrong with the notes, and not just with who may read them.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.faults.iter().any(|fault| fault.area != Area::Modes)
    }
}

fn inside(path: &Path, health: &mut Health) -> Result<()> {
    connect::refuse_remains(path)?;
    let reader = match at_rest(path) {
        // Where nothing can be put beside it.
        Some(_) if is_unwritable(path) => connect::connect_unchanging(path)?,
        _ => connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
    };
    let conn = &reader.conn;
    let found = schema::recognised(conn)?;
    health.schema = Some(found);
    health.journal = Some(conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?);
    if found == 0 {
        return Ok(());
    }
    // One moment: what others save meanwhile is left out.
    let moment = conn.unchecked_transaction()?;
    let number = |sql: &str| Ok::<u64, Error>(moment.query_row(sql, [], |row| row.get(0))?);
    if found < schema::SCHEMA {
        // The rest is checked of it when it has been brought up to date.
        trees(&moment, &mut health.faults)?;
    } else {
        health.faults = examine(&moment)?;
    }
    // Where they can't be read, a fault says so already.
    health.look_alikes = look_alikes(&moment).unwrap_or_default();
    health.listed = listed(&moment).unwrap_or_default();
    health.notes = number("SELECT count(*) FROM notes").ok();
    health.trash = number("SELECT count(*) FROM trash").ok();
    Ok(())
}

/// When the file was last written, where nobody has it open: SQLite has nothing beside it.
pub(in crate::store) fn at_rest(path: &Path) -> Option<(u64, SystemTime)> {
    let there = |ending| beside(path, ending).symlink_metadata().is_ok();
    if [LOG, SHARED_MEMORY, JOURNAL].into_iter().any(there) {
        return None;
    }
    let found = fs::metadata(path).ok()?;
    Some((found.len(), found.modified().ok()?))
}

fn quickly(path: &Path, health: &mut Health, time: Duration) -> Result<()> {
    connect::refuse_remains(path)?;
    // A usual look would leave an empty log beside it, since who only reads may not clear it away.
    if let Some(before) = at_rest(path) {
        let mut found = health.clone();
        let looked =
            connect::connect_unchanging(path).and_then(|reader| look(&reader, &mut found, time));
        // Else somebody has opened it meanwhile, and what was seen may be half of a change.
        if at_rest(path) == Some(before) {
            *health = found;
            return looked;
        }
    }
    let reader = connect::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    look(&reader, health, time)
}

fn look(reader: &Reader, health: &mut Health, time: Duration) -> Result<()> {
    reader.conn.busy_timeout(time)?;
    let conn = &reader.conn;
    let found = schema::recognised(conn)?;
    health.schema = Some(found);
    health.journal = Some(conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?);
    if found == 0 {
        return Ok(());
    }
    health.notes = reader.counts().ok().map(|counts| counts.notes);
    let (looked, _) = reader.query_deadline.limit(time, || {
        conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    });
    match looked {
        Ok(word) if word == "ok" => {}
        Ok(_) => health.fault(Area::Pages, "The file is damaged inside."),
        Err(error) if query_deadline::given_up(&error) => health.finished = false,
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// The files of a database that are there, itself first.
fn files(path: &Path) -> impl Iterator<Item = PathBuf> + use<'_> {
    ["", LOG, SHARED_MEMORY, JOURNAL, LOCK]
        .iter()
        .map(|ending| beside(path, ending))
        .filter(|file| file.is_file())
}

/// Bits of the mode that let others read or write a file, or change what is in a folder.
const OTHERS_FILE: u32 = 0o077;
const OTHERS_FOLDER: u32 = 0o022;

fn others(path: &Path, bits: u32) -> bool {
    fs::metadata(path).is_ok_and(|file| file.permissions().mode() & bits != 0)
}

fn modes(path: &Path, faults: &mut Vec<Fault>) {
    for file in files(path).filter(|file| others(file, OTHERS_FILE)) {
        let name = file.file_name().unwrap_or_default().display();
        faults.push(fault(
            Area::Modes,
            format!("Others on this machine may read {name}."),
        ));
    }
    // A sticky folder such as /tmp keeps each user's files to himself.
    if others(folder(path), OTHERS_FOLDER) && !others(folder(path), 0o1000) {
        faults.push(fault(
            Area::Modes,
            "Others on this machine may change the folder of the notes.",
        ));
    }
}

/// Takes others' rights to the files of a database away. What isn't ours stays as it is,
/// and is found again.
pub fn make_private(path: &Path) {
    let take = |path: &Path, bits: u32| {
        if let Ok(found) = fs::metadata(path) {
            let mut mode = found.permissions();
            if mode.mode() & bits != 0 {
                mode.set_mode(mode.mode() & !bits);
                if let Err(error) = fs::set_permissions(path, mode) {
                    log::warn!("a mode can't be changed: {error}");
                }
            }
        }
    };
    for file in files(path) {
        take(&file, OTHERS_FILE);
    }
    if !others(folder(path), 0o1000) {
        take(folder(path), OTHERS_FOLDER);
    }
}

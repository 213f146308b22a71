//! Checks whether a database is sound: SQLite's own checks, and the invariants between tables.
//! Changes nothing; repairs are in `rebuild.rs`.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rusqlite::OpenFlags;

use crate::{
    domain::Tag,
    error::{Error, Result, StoreFault},
    platform::{self, FileSystem},
    store::{
        connection::{
            connect,
            db_files::{JOURNAL, LOCK, LOG, SHARED_MEMORY, beside, folder},
            obstacle::obstacle,
            query_deadline,
            reader::Reader,
            schema,
            sqlite_error::refine_error,
        },
        notes::tags::{LookAlike, look_alikes},
        recovery::{
            check_content::{examine, listed, trees},
            faults::{Area, Fault, fault},
        },
    },
};

/// The result of a check of the database and its files.
#[derive(Debug, Clone)]
pub struct Health {
    /// The faults found. Empty if the database is sound.
    pub faults: Vec<Fault>,
    /// Tags that look the same. Not a fault, but the user may want to merge them.
    pub look_alikes: Vec<LookAlike>,
    /// Tags saved by older versions that contain a comma of another script. Such a comma now
    /// separates tags.
    pub listed: Vec<Tag>,
    /// Whether the file exists. Without it nothing else is known.
    pub exists: bool,
    /// The schema, if it could be read.
    pub schema: Option<usize>,
    /// The schema that this program migrates a database to.
    pub newest_schema: usize,
    /// Number of notes, without the trash.
    pub notes: Option<u64>,
    /// Number of notes in the trash.
    pub trash: Option<u64>,
    /// Number of feeds that are fetched; known to [`glance`] alone.
    pub feeds: Option<u64>,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Size of the WAL in bytes.
    pub log_bytes: u64,
    /// Free space on the disk for this user, in bytes.
    pub free_bytes: Option<u64>,
    /// The file system of the database.
    pub file_system: FileSystem,
    /// SQLite's name of the journal mode: `wal` or `delete`.
    pub journal: Option<String>,
    /// The version of SQLite.
    pub sqlite: &'static str,
    /// Whether all checks were completed. A glance may run out of time.
    pub finished: bool,
}

/// Checks everything. Only reads.
///
/// # Errors
/// If the state can't be determined: `store_newer`, `store_busy`, `store_unwritable`, `store_io`.
/// Damage is not an error here but a fault.
pub fn check(path: &Path) -> Result<Health> {
    let mut health = from_outside(path);
    if !health.exists {
        return Ok(health);
    }
    match inside(path, &mut health).map_err(|error| refine_error(error, path)) {
        Err(Error::Store {
            fault: StoreFault::Broken,
            ..
        }) => {
            health.fault(Area::File, "The file is damaged, or it isn't a database.");
        }
        Err(Error::Store {
            fault: StoreFault::Foreign,
            ..
        }) => {
            health.fault(Area::File, "The file is another program's database.");
        }
        done => done?,
    }
    modes(path, &mut health.faults);
    Ok(health)
}

/// Checks as much as possible within about `time`, without file modes. Only reads, and waits no
/// longer than that for other programs.
///
/// # Errors
/// As [`check`], and `store_broken` if the file is another program's database or not a database.
pub fn glance(path: &Path, time: Duration) -> Result<Health> {
    if let Some(obstacle) = obstacle(path) {
        return Err(obstacle);
    }
    let mut health = from_outside(path);
    if health.exists {
        quickly(path, &mut health, time).map_err(|error| refine_error(error, path))?;
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
        feeds: None,
        database_bytes: bytes(path),
        log_bytes: bytes(&beside(path, LOG)),
        free_bytes,
        file_system,
        journal: None,
        sqlite: rusqlite::version(),
        finished: true,
    }
}

/// Returns the free space for this user on the disk of the database, in bytes, and the type of its
/// file system, even if there is no database yet.
#[must_use]
pub fn disk(path: &Path) -> (Option<u64>, FileSystem) {
    let there = nearest(path);
    let free = platform::free_bytes(there);
    let file = if path.exists() { path } else { there };
    (free, platform::file_system(file))
}

/// Returns the folder of the database, or its nearest parent that exists.
fn nearest(path: &Path) -> &Path {
    let mut above = path.ancestors().skip(1);
    match above.find(|folder| folder.is_dir()) {
        Some(folder) => folder,
        None => Path::new("."),
    }
}

/// Returns whether this user may not write the database's files or their folder. Asks the system
/// without writing.
#[must_use]
pub fn is_unwritable(path: &Path) -> bool {
    !platform::may_use_folder(nearest(path))
        || files(path).any(|file| platform::may_read_and_write(&file).is_err())
}

/// Returns whether others may read the database's files or change the content of their folder.
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

    /// Returns whether the notes are damaged. Faults of permissions don't count.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.faults.iter().any(|fault| fault.area != Area::Modes)
    }
}

fn inside(path: &Path, health: &mut Health) -> Result<()> {
    connect::refuse_remains(path)?;
    let reader = match at_rest(path) {
        // SQLite can't create its side files here.
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
    // One read transaction, unaffected by saves of other programs.
    let moment = conn.unchecked_transaction()?;
    let number = |sql: &str| Ok::<u64, Error>(moment.query_row(sql, [], |row| row.get(0))?);
    if found < schema::SCHEMA {
        // The other checks need the current schema and run after a migration.
        trees(&moment, &mut health.faults)?;
    } else {
        health.faults = examine(&moment)?;
    }
    // If they can't be read, there is a fault already.
    health.look_alikes = look_alikes(&moment).unwrap_or_default();
    health.listed = listed(&moment).unwrap_or_default();
    health.notes = number("SELECT count(*) FROM notes").ok();
    health.trash = number("SELECT count(*) FROM trash").ok();
    Ok(())
}

/// Returns size and modification time of the file if nobody has it open, that is, if it has no side
/// files.
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
    // A normal connection would leave an empty WAL, because a read-only one may not delete it.
    if let Some(before) = at_rest(path) {
        let mut found = health.clone();
        let looked =
            connect::connect_unchanging(path).and_then(|reader| look(&reader, &mut found, time));
        // If this differs, another program has opened the file meanwhile, and the result may be
        // inconsistent.
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
    let active = "SELECT count(*) FROM feeds WHERE state = 0";
    health.feeds = conn.query_row(active, [], |row| row.get(0)).ok();
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

/// Returns the existing files of a database, the database first.
fn files(path: &Path) -> impl Iterator<Item = PathBuf> + use<'_> {
    ["", LOG, SHARED_MEMORY, JOURNAL, LOCK]
        .iter()
        .map(|ending| beside(path, ending))
        .filter(|file| file.is_file())
}

/// Mode bits that let others read or write a file, or change the content of a folder.
const OTHERS_FILE: u32 = 0o077;
const OTHERS_FOLDER: u32 = 0o022;

fn others(path: &Path, bits: u32) -> bool {
    fs::metadata(path).is_ok_and(|found| platform::mode(&found) & bits != 0)
}

fn modes(path: &Path, faults: &mut Vec<Fault>) {
    for file in files(path).filter(|file| others(file, OTHERS_FILE)) {
        let name = file.file_name().unwrap_or_default().display();
        faults.push(fault(
            Area::Modes,
            format!("Other users of this computer can read {name}."),
        ));
    }
    // In a sticky folder such as /tmp, users can change only their own files.
    if others(folder(path), OTHERS_FOLDER) && !others(folder(path), 0o1000) {
        faults.push(fault(
            Area::Modes,
            "Other users of this computer can change the folder of the notes.",
        ));
    }
}

/// Removes others' access to the files of a database. Files that this user can't change stay as
/// they are, and the check reports them again.
pub fn make_private(path: &Path) {
    let take = |path: &Path, bits: u32| {
        if let Ok(found) = fs::metadata(path) {
            let mode = platform::mode(&found);
            if mode & bits != 0
                && let Err(error) = platform::set_mode_at(path, mode & !bits)
            {
                log::warn!("a mode can't be changed: {error}");
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

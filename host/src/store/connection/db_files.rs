//! The database's files: names, modes, and atomic replacement.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use crate::platform::{self, FileId, PathLock, PrivateOptions as _};

/// Endings of the names of SQLite's side files.
pub(in crate::store) const LOG: &str = "-wal";
pub(in crate::store) const SHARED_MEMORY: &str = "-shm";
pub(in crate::store) const JOURNAL: &str = "-journal";
/// Ending of the lock file for first opens, migrations and replacements.
pub(in crate::store) const LOCK: &str = ".lock";

/// Appends an ending to the name of the database. Follows links, because SQLite keeps its side
/// files beside the target, and a file can be renamed to the target's name there.
pub(in crate::store) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = behind_links(path).into_os_string();
    name.push(ending);
    name.into()
}

fn behind_links(path: &Path) -> PathBuf {
    if path.is_symlink() {
        // A link without a target counts as a missing file.
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    } else {
        path.to_owned()
    }
}

/// Returns whether `file` is the database at `path`, or has a name that one of its side files has
/// or may get.
pub fn is_part_of(path: &Path, file: &Path) -> bool {
    let id = FileId::of(file);
    ["", LOG, SHARED_MEMORY, JOURNAL, LOCK, AtomicFile::ENDING]
        .into_iter()
        .map(|ending| beside(path, ending))
        .any(|own| {
            let same_name = own.file_name() == file.file_name()
                && FileId::of(folder(&own)) == FileId::of(folder(file));
            same_name || id.is_some() && id == FileId::of(&own)
        })
}

/// Returns whether `other` is the folder of the database at `path`, under any name.
pub fn is_folder_of(path: &Path, other: &Path) -> bool {
    let id = FileId::of(other);
    id.is_some()
        && [path, &beside(path, "")]
            .map(|path| FileId::of(folder(path)))
            .contains(&id)
}

/// Returns the parent folder of a path.
pub(in crate::store) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Formats a time for file names, in UTC: `20261123T021500Z`.
pub(in crate::store) fn stamp(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Creates a folder and its missing parents with mode 0700.
pub(in crate::store) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    platform::create_private_folders(folder)
}

/// Creates a file with mode 0600.
pub(in crate::store) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .private()
        .open(path)
}

/// Waits for the lock for first opens and migrations. It is a file of its own, because only SQLite
/// may lock the database.
pub(in crate::store) fn lock(path: &Path) -> io::Result<File> {
    let file = open_lock(&beside(path, LOCK))?;
    file.lock()?;
    Ok(file)
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        // Opening a named pipe only for writing would block.
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .private()
        .open(path)
}

/// Copies a file to a new one with mode 0600 and syncs it. Returns the source, still open: closing
/// it would drop the locks that SQLite holds on it in this process
/// (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
pub(in crate::store) fn copy(from: &Path, to: &Path) -> io::Result<File> {
    let mut source = File::open(from)?;
    let mut copy = create_private(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    Ok(source)
}

/// A file that gets its final name only when it is complete, and is removed if it never is.
#[derive(Debug)]
pub(in crate::store) struct AtomicFile {
    path: PathBuf,
    target: PathBuf,
    placed: bool,
    /// Held while the file is written. An unlocked file was left by a process that was killed.
    _lock: PathLock,
}

impl AtomicFile {
    /// Ending of the temporary name.
    pub(in crate::store) const ENDING: &str = ".part";

    /// Creates the temporary file.
    ///
    /// # Errors
    /// `WouldBlock` if another process is writing the same file.
    pub(in crate::store) fn new(target: &Path) -> io::Result<Self> {
        let path = beside(target, Self::ENDING);
        loop {
            drop(open_lock(&path)?);
            let lock = match PathLock::take(&path) {
                // The previous holder of the lock may have removed the file.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                taken => taken?,
            };
            if !lock.is_current() {
                continue;
            }
            // From here on, any failure removes the file.
            let part = Self {
                path,
                target: behind_links(target),
                placed: false,
                _lock: lock,
            };
            open_lock(&part.path)?.set_len(0)?;
            for ending in [LOG, SHARED_MEMORY, JOURNAL] {
                remove(&beside(&part.path, ending))?;
            }
            return Ok(part);
        }
    }

    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file and gives it its final name. No one may have it open.
    ///
    /// # Errors
    /// `AlreadyExists` if there is a file of that name and `replace` is false. On failure, a file
    /// that had the name before still has it.
    pub(in crate::store) fn put(mut self, replace: bool) -> io::Result<()> {
        if !replace && self.target.symlink_metadata().is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        // Windows syncs only what is open for writing.
        open_lock(&self.path)?.sync_all()?;
        let previous = beside(&self.target, ".previous");
        remove(&previous)?;
        // Some file systems have no hard links. There, the replaced file can't be restored.
        let linked = fs::hard_link(&self.target, &previous).is_ok();
        let is_new = !linked && !self.target.exists();
        fs::rename(&self.path, &self.target)?;
        self.placed = true;
        let synced = platform::sync_folder(folder(&self.target));
        match &synced {
            Err(_) if linked => fs::rename(&previous, &self.target)?,
            Err(_) if is_new => remove(&self.target)?,
            _ => drop(remove(&previous)),
        }
        synced
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // A file with the temporary name then belongs to another process.
        let endings: &[&str] = if self.placed {
            &[]
        } else {
            &["", LOG, SHARED_MEMORY, JOURNAL]
        };
        for ending in endings {
            let _ = remove(&beside(&self.path, ending));
        }
    }
}

/// Removes a file if it exists.
pub(in crate::store) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Returns the path with an ending, preceded by a number if that name is taken.
pub(in crate::store) fn unused(path: &Path, ending: &str) -> PathBuf {
    let mut candidate = beside(path, ending);
    for number in 2_u32.. {
        if candidate.symlink_metadata().is_err() {
            break;
        }
        candidate = beside(path, &format!("-{number}{ending}"));
    }
    candidate
}

/// Returns the locations of the journals of the file at `path`, each with its location while the
/// file is replaced: SQLite would apply them to the new file. They are deleted only when the new
/// file is in place. Their names show which file they belong to, so that an interrupted replacement
/// can be undone.
pub(in crate::store) fn journals(path: &Path) -> Vec<(PathBuf, PathBuf)> {
    let Some(file) = FileId::of(path) else {
        return Vec::new();
    };
    [LOG, JOURNAL]
        .into_iter()
        .map(|ending| {
            let aside = format!("{ending}-of-{}", file.number());
            (beside(path, ending), beside(path, &aside))
        })
        .collect()
}

/// Returns whether a replacement of the file at `path` was interrupted, so that its journals are
/// still moved aside.
pub(in crate::store) fn was_cut_off(path: &Path) -> bool {
    journals(path).iter().any(|(_, aside)| aside.exists())
}

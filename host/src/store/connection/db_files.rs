//! The files around the database: their names, their modes, and how one comes
//! into its place whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

/// What SQLite keeps beside a database, as endings of its name.
pub(in crate::store) const LOG: &str = "-wal";
pub(in crate::store) const SHARED_MEMORY: &str = "-shm";
pub(in crate::store) const JOURNAL: &str = "-journal";
/// The file that first opens, migrations and replacements are done under.
pub(in crate::store) const LOCK: &str = ".lock";

/// Which file stands at a path: another one may be moved there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// None where there is no file.
    pub(in crate::store) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(Self::from)
    }

    /// Its number: no other file of its folder has it while it is there.
    pub(in crate::store) fn number(self) -> u64 {
        self.inode
    }
}

impl From<fs::Metadata> for FileId {
    fn from(file: fs::Metadata) -> Self {
        Self {
            device: file.dev(),
            inode: file.ino(),
        }
    }
}

/// The path with an ending put to its name. Of a link, that of the file that it
/// leads to: there SQLite keeps its own, and there a file can be renamed to it.
pub(in crate::store) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = behind_links(path).into_os_string();
    name.push(ending);
    name.into()
}

fn behind_links(path: &Path) -> PathBuf {
    if path.is_symlink() {
        // A link to nothing is as good as a file that isn't there.
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    } else {
        path.to_owned()
    }
}

/// Whether it is the database at `path`, or a name that one of its own files has or may get.
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

/// Whether it is the folder that the database at `path` lies in, by whatever name.
pub fn is_folder_of(path: &Path, other: &Path) -> bool {
    let id = FileId::of(other);
    id.is_some()
        && [path, &beside(path, "")]
            .map(|path| FileId::of(folder(path)))
            .contains(&id)
}

/// The folder of a path.
pub(in crate::store) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A moment as it stands in file names, in UTC: `20261123T021500Z`.
pub(in crate::store) fn stamp(now: Timestamp) -> String {
    now.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Makes a folder and those above it, each that is missing 0700.
pub(in crate::store) fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// A new file, 0600.
pub(in crate::store) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

/// Waits for the lock that first opens and migrations are done under. It is a
/// file of its own: SQLite's locks on the database must stay SQLite's.
pub(in crate::store) fn lock(path: &Path) -> io::Result<File> {
    let file = open_lock(&beside(path, LOCK))?;
    file.lock()?;
    Ok(file)
}

fn open_lock(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        // A pipe that only is written to would be waited for.
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Puts the entries of a folder on the disk: a new name is lost in a power cut otherwise.
pub(in crate::store) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// A copy that is on the disk, 0600. The one it is made of is left open and
/// handed back: closing it would drop the locks that SQLite has on it in this
/// process (<https://www.sqlite.org/howtocorrupt.html>, 2.2).
pub(in crate::store) fn copy(from: &Path, to: &Path) -> io::Result<File> {
    let mut source = File::open(from)?;
    let mut copy = create_private(to)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    Ok(source)
}

/// A file in the making. It has its final name when it is whole, and is gone
/// when that isn't reached.
#[derive(Debug)]
pub(in crate::store) struct AtomicFile {
    path: PathBuf,
    target: PathBuf,
    placed: bool,
    /// Locked for as long as it is written, so that what was left behind by a
    /// process that was killed is distinguished from what another is writing.
    lock: File,
}

impl AtomicFile {
    /// What is put to the final name until then.
    pub(in crate::store) const ENDING: &str = ".part";

    /// # Errors
    /// `WouldBlock` where another process is making the same file.
    pub(in crate::store) fn new(target: &Path) -> io::Result<Self> {
        let path = beside(target, Self::ENDING);
        loop {
            let lock = open_lock(&path)?;
            lock.try_lock().map_err(io::Error::from)?;
            // Whoever had the lock before may have taken the file away with it.
            if FileId::of(&path) != Some(lock.metadata()?.into()) {
                continue;
            }
            // From here on it is taken away again, whatever fails.
            let part = Self {
                path,
                target: behind_links(target),
                placed: false,
                lock,
            };
            part.lock.set_len(0)?;
            for ending in [LOG, SHARED_MEMORY, JOURNAL] {
                remove(&beside(&part.path, ending))?;
            }
            return Ok(part);
        }
    }

    pub(in crate::store) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts it on the disk and gives it its name. Whoever had it open has closed it.
    ///
    /// # Errors
    /// `AlreadyExists` where there is a file of that name and `replace` is false.
    /// What had the name before, if anything, has it still or again.
    pub(in crate::store) fn put(mut self, replace: bool) -> io::Result<()> {
        if !replace && self.target.symlink_metadata().is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        File::open(&self.path)?.sync_all()?;
        let previous = beside(&self.target, ".previous");
        remove(&previous)?;
        // Not every file system has links; there, what is replaced can't be had back.
        let linked = fs::hard_link(&self.target, &previous).is_ok();
        let is_new = !linked && !self.target.exists();
        fs::rename(&self.path, &self.target)?;
        self.placed = true;
        let synced = sync_folder(folder(&self.target));
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
        // A file of that name is another process's then.
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

/// Takes a file away, if it is there.
pub(in crate::store) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// The path with an ending, and a number before it where that is taken.
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

/// Where the journals of the file at `path` are, and where they are while it is
/// replaced: SQLite would take them for those of the new file. They are not
/// thrown away before that is there, and their names say whose they are, so that
/// what was cut off in between leaves everything to begin anew from.
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

/// Whether the file at `path` was about to be replaced, so that its journals stand aside.
pub(in crate::store) fn was_cut_off(path: &Path) -> bool {
    journals(path).iter().any(|(_, aside)| aside.exists())
}

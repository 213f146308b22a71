//! The folder of an exported site: written to a temporary folder, then exchanged with the existing
//! one.
//!
//! The folder may contain the user's own files (`.git`, `CNAME`, `README.md`). The mark file lists
//! the dozen names at the top that an export wrote; nothing else is ever touched. Each of those is
//! exchanged with the new one in one system call, after the hashes in the mark file have confirmed
//! that everything in it is as the last export wrote it. Unchanged files are hard-linked, so they
//! keep their dates.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs::{self, File, FileTimes},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use anyhow::bail;

use crate::{
    platform::{self, FileId, PathLock, PrivateOptions as _, fs_open},
    transfer::export::{IGNORED, PendingOutput, hash},
};

/// Name of the mark file. It shows that an export made the site, lists the names at the top, one
/// per line, and has a line for each file with the hashes of its path and its content.
const MARK: &str = ".url-notes-site";
/// Longest mark file that is read, in bytes: about seven million files.
const MAX_MARK_BYTES: u64 = 256 << 20;
/// Other names permitted in a folder without an export: what new repositories for publishing
/// contain.
const HARMLESS: [&str; 10] = [
    ".git",
    ".github",
    ".gitignore",
    ".gitattributes",
    NO_JEKYLL,
    "CNAME",
    "LICENSE",
    "LICENSE.md",
    "README",
    "README.md",
];

/// Permitted too, because users also create it by hand.
pub(super) const NO_JEKYLL: &str = ".nojekyll";

/// The temporary folder.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    place: PathBuf,
    aside: PendingOutput,
    /// Whether the target folder exists. Then it is locked against other exports, unless its file
    /// system has no locks.
    there: bool,
    _lock: Option<PathLock>,
    earlier: Earlier,
    /// Hashes of path and content of each file.
    put: Mutex<Vec<(u64, u64)>>,
    /// Set to interrupt the export.
    stop: &'a AtomicBool,
    /// Mode of files, so that the site is as readable as its folder.
    mode: u32,
    anew: AtomicU64,
    replaced: AtomicU64,
    unchanged: AtomicU64,
}

/// The last export, as listed in the mark file.
#[derive(Debug, Default)]
struct Earlier {
    /// Names at the top.
    top: BTreeSet<String>,
    /// Hashes of path and content of each file, sorted. After an interrupted export, a path may
    /// occur twice. `None` if the mark file has no list.
    files: Option<Vec<(u64, u64)>>,
}

/// Statistics of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changes {
    /// Files that are new or have different content.
    pub written: u64,
    pub unchanged: u64,
    pub removed: u64,
}

impl<'a> Folder<'a> {
    /// Checks the target and creates the temporary folder beside or in it.
    ///
    /// # Errors
    /// A sentence, if the target isn't an export's folder; errors of files.
    pub(super) fn new(place: &Path, stop: &'a AtomicBool) -> anyhow::Result<Self> {
        let place: PathBuf = match place.canonicalize() {
            Ok(place) => place,
            // Removes a trailing separator.
            Err(_) => std::path::absolute(place)?.components().collect(),
        };
        if place.symlink_metadata().is_err() {
            if let Some(parent) = place.parent() {
                platform::create_private_folders(parent)?;
            }
            let aside = PendingOutput::folder(&place)?;
            return Self::aside(aside, place, (false, None), Earlier::default(), stop);
        }
        if !place.is_dir() {
            bail!("{} is not a folder.", place.display());
        }
        let lock = match PathLock::take_inside(&place) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                bail!("Another export is writing to {}.", place.display());
            }
            taken => taken.ok(),
        };
        let earlier = match marked(&place)? {
            Some(earlier) => {
                bring_back(&place, &earlier.top)?;
                earlier
            }
            None => Earlier {
                top: refuse_unknown_files(&place)?,
                files: None,
            },
        };
        // In the folder, because it may be a mount point, or its parent may belong to another user.
        let aside = PendingOutput::folder(&place.join(MARK))?;
        Self::aside(aside, place, (true, lock), earlier, stop)
    }

    fn aside(
        aside: PendingOutput,
        place: PathBuf,
        (there, lock): (bool, Option<PathLock>),
        earlier: Earlier,
        stop: &'a AtomicBool,
    ) -> anyhow::Result<Self> {
        let mode = match there {
            true => platform::mode(&fs::metadata(&place)?) & 0o666 | 0o600,
            false => 0o600,
        };
        let folder = Self {
            place,
            aside,
            there,
            _lock: lock,
            earlier,
            put: Mutex::default(),
            stop,
            mode,
            anew: AtomicU64::new(0),
            replaced: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
        };
        fs::write(folder.aside.path.join(IGNORED.0), IGNORED.1)?;
        folder.make(&folder.new_site())?;
        Ok(folder)
    }

    /// Returns a folder for temporary data, which is removed with the temporary folder.
    pub(super) fn scratch(&self) -> &Path {
        &self.aside.path
    }

    /// Returns the folder of the files until all of them are written.
    fn new_site(&self) -> PathBuf {
        self.aside.path.join("site")
    }

    fn make(&self, folder: &Path) -> io::Result<()> {
        // Everyone who may read a folder may also enter it.
        let mode = self.mode | (self.mode & 0o444) >> 2;
        platform::create_folder(folder, mode)?;
        if mode & 0o077 != 0 {
            // The program's umask is meant for notes.
            platform::set_mode_at(folder, mode)?;
        }
        Ok(())
    }

    /// Fails if the export was interrupted.
    fn go_on(&self) -> io::Result<()> {
        match self.stop.load(Relaxed) {
            true => Err(io::ErrorKind::Interrupted.into()),
            false => Ok(()),
        }
    }

    /// Writes a file. `path` uses slashes and is different each time.
    pub(super) fn put(&self, path: &str, content: &[u8]) -> io::Result<()> {
        self.go_on()?;
        let hashes = (hash(path.as_bytes()), hash(content));
        let mut put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
        put.push(hashes);
        drop(put);
        let new = self.new_site().join(path);
        let Some(old) = self.old(path) else {
            self.anew.fetch_add(1, Relaxed);
            return self.create(&new, content).map(drop);
        };
        if old.mode != self.mode || !is_same(&old.file, old.bytes, content)? {
            self.replaced.fetch_add(1, Relaxed);
            return self.create(&new, content).map(drop);
        }
        self.unchanged.fetch_add(1, Relaxed);
        let old_path = self.place.join(path);
        let linked = self.in_folder(&new, || fs::hard_link(&old_path, &new));
        if linked.is_err() {
            // Some file systems have no hard links.
            let times = FileTimes::new().set_modified(old.file.metadata()?.modified()?);
            self.create(&new, content)?.set_times(times)?;
        }
        Ok(())
    }

    fn create(&self, path: &Path, content: &[u8]) -> io::Result<File> {
        let mut options = File::options();
        options.write(true).create_new(true).with_mode(self.mode);
        let mut file = self.in_folder(path, || options.open(path))?;
        file.write_all(content)?;
        if self.mode & 0o077 != 0 {
            platform::set_mode(&file, self.mode)?;
        }
        Ok(file)
    }

    /// Runs `done`, and once more after creating the folder if it is missing.
    fn in_folder<T>(&self, path: &Path, done: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match done() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_above(path)?;
                done()
            }
            done => done,
        }
    }

    fn make_above(&self, path: &Path) -> io::Result<()> {
        let Some(folder) = path.parent() else {
            return Ok(());
        };
        match self.make(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_above(folder)?;
                self.make_above(path)
            }
            // Another thread has created it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            done => done,
        }
    }

    /// Returns what the last export wrote at this path, or `None` if that isn't a regular file in
    /// regular folders any more.
    fn old(&self, path: &str) -> Option<Old> {
        let mut folders = path.split('/');
        folders.next_back();
        if !self.earlier.top.contains(path.split('/').next()?) {
            return None;
        }
        let mut folder = self.place.clone();
        for name in folders {
            folder.push(name);
            if !folder.symlink_metadata().is_ok_and(|about| about.is_dir()) {
                return None;
            }
        }
        let mut options = File::options();
        let file = options.read(true).without_waiting(true);
        let file = file.open(self.place.join(path)).ok()?;
        let about = file.metadata().ok()?;
        about.is_file().then_some(Old {
            file,
            bytes: about.len(),
            mode: platform::mode(&about),
        })
    }

    /// Moves the site into place.
    ///
    /// # Errors
    /// A sentence, if another file has the name of a part of it, or if existing files differ from
    /// what an export wrote; errors of files.
    pub(super) fn finish(self) -> anyhow::Result<Changes> {
        let site = self.new_site();
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&site)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        let mut put = {
            let mut put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *put)
        };
        put.sort_unstable();
        self.go_on()?;
        if !self.there {
            drop(self.create(&site.join(MARK), mark(&names, &put).as_bytes())?);
            sync(&self.aside.path);
            fs::rename(&site, &self.place)?;
            return Ok(self.changes(0));
        }
        for name in &names {
            let place = self.place.join(name);
            if !self.earlier.top.contains(name) && place.symlink_metadata().is_ok() {
                return Err(in_the_way(&place));
            }
        }
        for name in &self.earlier.top {
            self.refuse_others(name, &put)?;
        }
        self.go_on()?;
        // If this is interrupted, the mark file still covers everything that is there.
        let both = names.union(&self.earlier.top).cloned().collect();
        let mut all = [
            put.as_slice(),
            self.earlier.files.as_deref().unwrap_or_default(),
        ]
        .concat();
        all.sort_unstable();
        all.dedup();
        self.put_mark(&mark(&both, &all))?;
        drop(all);
        if self.anew.load(Relaxed) + self.replaced.load(Relaxed) > 0 {
            sync(&self.aside.path);
        }
        let old = self.aside.path.join("old");
        self.make(&old)?;
        for name in &both {
            exchange(&site.join(name), &self.place.join(name), &old.join(name))?;
        }
        self.put_mark(&mark(&names, &put))?;
        let before = files_in(&site)? + files_in(&old)?;
        Ok(self.changes(before))
    }

    /// Refuses to replace anything below this path that isn't as the last export wrote it.
    fn refuse_others(&self, path: &str, put: &[(u64, u64)]) -> anyhow::Result<()> {
        let place = self.place.join(path);
        let about = match place.symlink_metadata() {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if about.is_dir() {
            for entry in fs::read_dir(&place)? {
                match entry?.file_name().into_string() {
                    Ok(name) => self.refuse_others(&format!("{path}/{name}"), put)?,
                    Err(name) => return Err(in_the_way(&place.join(name))),
                }
            }
            return Ok(());
        }
        // Hard-linked because its content is the same.
        let new = FileId::of_link(&self.new_site().join(path));
        if new.is_some() && new == FileId::of_link(&place) {
            return Ok(());
        }
        let known = self.earlier.files.as_deref().unwrap_or(put);
        let path = hash(path.as_bytes());
        let known = &known[known.partition_point(|(other, _)| *other < path)..];
        let known = &known[..known.partition_point(|(other, _)| *other == path)];
        if known.is_empty() {
            return Err(in_the_way(&place));
        }
        // For a mark file without a list, every file that this export writes too counts as an
        // export's.
        if self.earlier.files.is_none() {
            return Ok(());
        }
        if !about.is_file()
            || known
                .binary_search(&(path, hash(&fs::read(&place)?)))
                .is_err()
        {
            bail!(
                "{} was changed after it was exported. Move it elsewhere, or export to another folder.",
                place.display()
            );
        }
        Ok(())
    }

    fn put_mark(&self, mark: &str) -> io::Result<()> {
        let aside = self.aside.path.join("mark");
        self.create(&aside, mark.as_bytes())?.sync_all()?;
        fs::rename(&aside, self.place.join(MARK))
    }

    /// Returns the statistics. `before` is the previous number of files.
    fn changes(&self, before: u64) -> Changes {
        let (replaced, unchanged) = (self.replaced.load(Relaxed), self.unchanged.load(Relaxed));
        Changes {
            written: self.anew.load(Relaxed) + replaced,
            unchanged,
            removed: before.saturating_sub(replaced + unchanged),
        }
    }
}

impl Drop for Folder<'_> {
    fn drop(&mut self) {
        // This export created it. It now contains what the last export wrote, or files that were
        // never moved into place.
        if let Err(error) = fs::remove_dir_all(&self.aside.path) {
            log::warn!("what the export needed can't be removed: {error}");
        }
    }
}

/// A file of the last export.
struct Old {
    file: File,
    bytes: u64,
    mode: u32,
}

/// Returns whether a file has this content.
fn is_same(mut file: &File, bytes: u64, content: &[u8]) -> io::Result<bool> {
    if u64::try_from(content.len()).ok() != Some(bytes) {
        return Ok(false);
    }
    let mut piece = [0; 16 * 1024];
    let mut rest = content;
    loop {
        let read = match file.read(&mut piece) {
            Ok(0) => return Ok(rest.is_empty()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match rest.split_at_checked(read) {
            Some((same, more)) if *same == piece[..read] => rest = more,
            _ => return Ok(false),
        }
    }
}

/// Exchanges `new` with `place`, which may not exist. If there is no new one, the old one is moved to
/// `old`.
fn exchange(new: &Path, place: &Path, old: &Path) -> io::Result<()> {
    let there = place.symlink_metadata().is_ok();
    if new.symlink_metadata().is_err() {
        return match there {
            true => fs::rename(place, old),
            false => Ok(()),
        };
    }
    match there {
        true => platform::exchange(new, place, old),
        false => fs::rename(new, place),
    }
}

/// Moves back what an export had moved away that was killed between the two moves of an exchange in
/// two steps: a part of the site is missing then. `top`: the names in the mark file.
fn bring_back(place: &Path, top: &BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(place)? {
        let entry = entry?;
        let is_left = entry.file_name().to_str().is_some_and(is_leftover);
        let old = entry.path().join("old");
        if !is_left || !old.is_dir() || PathLock::take(&entry.path()).is_err() {
            continue;
        }
        for moved in fs::read_dir(old)? {
            let moved = moved?;
            let name = moved.file_name();
            let is_ours = name.to_str().is_some_and(|name| top.contains(name));
            let target = place.join(&name);
            if is_ours && target.symlink_metadata().is_err() {
                fs::rename(moved.path(), target)?;
            }
        }
    }
    Ok(())
}

fn in_the_way(place: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} already exists, and no export wrote it. Move it elsewhere, or export to another folder.",
        place.display()
    )
}

fn mark(top: &BTreeSet<String>, files: &[(u64, u64)]) -> String {
    let mut mark: String = top.iter().flat_map(|name| [name, "\n"]).collect();
    for (path, content) in files {
        let _ = writeln!(mark, "{path:016x} {content:016x}");
    }
    mark
}

/// Reads the mark file, or returns `None` if there is none. The folder may come from anywhere, so
/// names that lead out of it are ignored.
fn marked(place: &Path) -> io::Result<Option<Earlier>> {
    let mut text = String::new();
    match fs_open::open(&place.join(MARK)) {
        Ok(file) => file.take(MAX_MARK_BYTES).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let ours = |name: &&str| TOP.contains(name) || is_on_request(name);
    let hashes = |line: &str| {
        let (path, content) = line.split_once(' ')?;
        let hash = |digits| u64::from_str_radix(digits, 16).ok();
        Some((hash(path)?, hash(content)?))
    };
    let mut files: Vec<_> = text.lines().filter_map(hashes).collect();
    files.sort_unstable();
    Ok(Some(Earlier {
        top: text.lines().filter(ours).map(str::to_owned).collect(),
        files: (!files.is_empty()).then_some(files),
    }))
}

/// Refuses a folder without a mark file, unless it is empty or contains only what new repositories
/// for publishing contain. Returns which of those names will be replaced.
fn refuse_unknown_files(place: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut replaced = BTreeSet::new();
    for entry in fs::read_dir(place)? {
        let name = entry?.file_name();
        if name == NO_JEKYLL {
            replaced.insert(NO_JEKYLL.to_owned());
        }
        let harmless = name
            .to_str()
            .is_some_and(|name| HARMLESS.contains(&name) || is_leftover(name));
        if !harmless {
            bail!(
                "{} contains files that no export wrote. Give an empty or new folder.",
                place.display()
            );
        }
    }
    Ok(replaced)
}

/// Returns whether a name is a leftover of an export that was killed before it wrote its mark file.
fn is_leftover(name: &str) -> bool {
    name.starts_with(".url-notes.") && name.ends_with(".part")
}

fn files_in(folder: &Path) -> io::Result<u64> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        count += match entry.file_type()?.is_dir() {
            true => files_in(&entry.path())?,
            false => 1,
        };
    }
    Ok(count)
}

/// Synced before it is renamed; otherwise a power cut may leave names without content.
fn sync(folder: &Path) {
    if let Err(error) = platform::flush_tree(folder) {
        log::warn!("the site may not be on the disk yet: {error}");
    }
}

/// Returns whether a name at the top is of a file that only some sites have.
fn is_on_request(name: &str) -> bool {
    let part = name.strip_prefix("sitemap-");
    let number = part.and_then(|part| part.strip_suffix(".xml"));
    ["custom.css", "sitemap.xml"].contains(&name)
        || number.is_some_and(|number| number.parse::<u32>().is_ok())
}

/// All names at the top of an exported site, besides those that only some have. Nothing else is ever
/// written there.
pub(super) const TOP: [&str; 19] = [
    NO_JEKYLL,
    "404.html",
    "404.js",
    "all",
    "favicon.ico",
    "favicon.svg",
    "feed.atom",
    "icon",
    "index.html",
    "note",
    "robots.txt",
    "search",
    "search.js",
    "site",
    "site.js",
    "sites",
    "style.css",
    "tag",
    "tags",
];

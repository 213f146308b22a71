//! Files and folders that have a temporary name until they are complete.

use std::{
    fs::{self, DirBuilder, File, Metadata},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process,
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

/// Keeps what is in the making out of git, also where an export is killed: name and content.
pub(crate) const IGNORED: (&str, &str) = (".gitignore", "*\n");

/// How a name begins that something has in the making, and how it ends.
const MAKING: (&str, &str) = (".url-notes.", ".part");

/// FNV-1a: the same for ever, and nobody means to deceive himself. By it a folder's mark
/// knows what an export wrote.
pub(crate) fn hash(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Something in the making beside where it is to be, under a name that nothing else has.
/// It is locked: what another export finds that isn't, was left by one that was killed.
#[derive(Debug)]
pub struct PendingOutput {
    /// Where it is.
    pub path: PathBuf,
    /// It, open; the lock lasts as long.
    pub file: File,
}

impl PendingOutput {
    /// A file beside `path` that its user alone can read.
    ///
    /// # Errors
    /// Those of files.
    pub fn file(path: &Path) -> io::Result<Self> {
        Self::made(path, |path| {
            File::options()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
        })
    }

    /// A folder beside `path` that its user alone can read.
    ///
    /// # Errors
    /// Those of files.
    pub fn folder(path: &Path) -> io::Result<Self> {
        Self::made(path, |path| {
            DirBuilder::new().mode(0o700).create(path)?;
            File::open(path)
        })
    }

    fn made(path: &Path, make: impl Fn(&Path) -> io::Result<File>) -> io::Result<Self> {
        clear_leftovers(path);
        let mut number = 0_u32;
        loop {
            let name = format!("{}{}-{number}{}", MAKING.0, process::id(), MAKING.1);
            let path = path.with_file_name(name);
            number += 1;
            match make(&path) {
                // Between the two steps another one may take it for a leftover.
                Ok(file) if locked(&file) && is_at(&file, &path) => {
                    return Ok(Self { path, file });
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn locked(file: &File) -> bool {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(Errno::WOULDBLOCK) => false,
        // Where files can't be locked, nothing is ever taken for a leftover either.
        Ok(()) | Err(_) => true,
    }
}

/// Whether this is what has the name now.
fn is_at(file: &File, path: &Path) -> bool {
    let numbers = |about: Metadata| (about.dev(), about.ino());
    let named = path.symlink_metadata().map(numbers);
    matches!((named, file.metadata().map(numbers)), (Ok(a), Ok(b)) if a == b)
}

/// Removes what exports left beside `path` that were killed. It is best effort: what
/// can't be looked at or removed is in nobody's way.
fn clear_leftovers(path: &Path) {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let kind = entry.file_type();
        if name.to_str().is_some_and(is_in_the_making)
            && kind.is_ok_and(|kind| kind.is_file() || kind.is_dir())
        {
            clear_leftover(&entry.path());
        }
    }
}

fn is_in_the_making(name: &str) -> bool {
    let numbers = name
        .strip_prefix(MAKING.0)
        .and_then(|name| name.strip_suffix(MAKING.1))
        .and_then(|name| name.split_once('-'));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers.is_some_and(|(process, number)| digits(process) && digits(number))
}

fn clear_leftover(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    let lock = flock(&file, FlockOperation::NonBlockingLockExclusive);
    if lock.is_ok() && is_at(&file, path) {
        let removed = match file.metadata() {
            Ok(about) if about.is_dir() => fs::remove_dir_all(path),
            _ => fs::remove_file(path),
        };
        if let Err(error) = removed {
            log::warn!("what an export left can't be removed: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_export_left_goes_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("notes.json");
        let left = folder.path().join(".url-notes.4194304-0.part");
        let left_folder = folder.path().join(".url-notes.4194304-1.part");
        std::fs::write(&left, "half").unwrap();
        std::fs::create_dir_all(left_folder.join("tag/gpu")).unwrap();
        let mine = [
            ".url-notes.part",
            ".url-notes.1-x.part",
            ".url-notes.1-0.party",
        ];
        for name in mine {
            std::fs::write(folder.path().join(name), "mine").unwrap();
        }
        let first = PendingOutput::file(&target).unwrap();
        assert!(!left.exists() && !left_folder.exists());
        // One that is still at work stays.
        let second = PendingOutput::folder(&target).unwrap();
        assert!(first.path.exists() && second.path.is_dir());
        assert_ne!(first.path, second.path);
        drop((first, second));
        let third = PendingOutput::file(&target).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), mine.len() + 1, "{:?}", third.path);
    }
}

//! Files and folders with a temporary name until they are complete.

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

/// Name and content of a file that keeps a temporary folder out of Git, even if an export is
/// killed.
pub(crate) const IGNORED: (&str, &str) = (".gitignore", "*\n");

/// Start and end of temporary names.
const MAKING: (&str, &str) = (".url-notes.", ".part");

/// Computes FNV-1a, which must never change. A mark file recognises the files of an export by it;
/// it needs no protection against collisions made on purpose.
pub(crate) fn hash(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A temporary file or folder beside its target, with a unique name. It is locked: an unlocked one
/// was left by an export that was killed.
#[derive(Debug)]
pub struct PendingOutput {
    /// Its path.
    pub path: PathBuf,
    /// The open file or folder. It holds the lock.
    pub file: File,
}

impl PendingOutput {
    /// Creates a file beside `path` that only this user can read.
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

    /// Creates a folder beside `path` that only this user can read.
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
                // Between creating and locking it, another export may have removed it as a
                // leftover.
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
        // On file systems without locks, nothing is ever taken for a leftover either.
        Ok(()) | Err(_) => true,
    }
}

/// Returns whether the path still leads to this file.
fn is_at(file: &File, path: &Path) -> bool {
    let numbers = |about: Metadata| (about.dev(), about.ino());
    let named = path.symlink_metadata().map(numbers);
    matches!((named, file.metadata().map(numbers)), (Ok(a), Ok(b)) if a == b)
}

/// Removes leftovers of killed exports beside `path`. Best effort: what can't be examined or
/// removed does no harm.
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
    fn leftovers_of_a_killed_export_are_removed_by_the_next() {
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
        // One that is still in use stays.
        let second = PendingOutput::folder(&target).unwrap();
        assert!(first.path.exists() && second.path.is_dir());
        assert_ne!(first.path, second.path);
        drop((first, second));
        let third = PendingOutput::file(&target).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), mine.len() + 1, "{:?}", third.path);
    }
}

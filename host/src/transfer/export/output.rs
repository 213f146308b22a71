//! Files and folders with a temporary name until they are complete.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process,
};

use crate::platform::{self, PathLock, PrivateOptions as _};

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
    /// `None` on file systems without locks, where nothing is ever taken for a leftover either.
    _lock: Option<PathLock>,
}

impl PendingOutput {
    /// Creates a file beside `path` that only this user can read, and opens it for writing.
    ///
    /// # Errors
    /// Those of files.
    pub fn file(path: &Path) -> io::Result<(Self, File)> {
        Self::made(path, |path| {
            let mut options = File::options();
            options.write(true).create_new(true).private();
            options.open(path)
        })
    }

    /// Creates a folder beside `path` that only this user can read.
    ///
    /// # Errors
    /// Those of files.
    pub fn folder(path: &Path) -> io::Result<Self> {
        let (folder, ()) = Self::made(path, platform::create_private_folder)?;
        Ok(folder)
    }

    fn made<T>(path: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(Self, T)> {
        clear_leftovers(path);
        let mut number = 0_u32;
        loop {
            let name = format!("{}{}-{number}{}", MAKING.0, process::id(), MAKING.1);
            let path = path.with_file_name(name);
            number += 1;
            match make(&path) {
                // Between creating and locking it, another export may have removed it as a
                // leftover.
                Ok(made) => {
                    let _lock = match PathLock::take(&path) {
                        Ok(lock) if lock.is_current() => Some(lock),
                        Ok(_) => continue,
                        Err(error) if is_lost(&error) => continue,
                        Err(_) => None,
                    };
                    return Ok((Self { path, _lock }, made));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Returns whether another export has taken a file or a folder for a leftover.
fn is_lost(error: &io::Error) -> bool {
    use io::ErrorKind::{NotFound, WouldBlock};
    matches!(error.kind(), NotFound | WouldBlock)
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
    let Ok(lock) = PathLock::take(path) else {
        return;
    };
    if lock.is_current() {
        let removed = match path.symlink_metadata() {
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
        let (first, first_file) = PendingOutput::file(&target).unwrap();
        assert!(!left.exists() && !left_folder.exists());
        // One that is still in use stays.
        let second = PendingOutput::folder(&target).unwrap();
        assert!(first.path.exists() && second.path.is_dir());
        assert_ne!(first.path, second.path);
        drop((first, first_file, second));
        let (third, _) = PendingOutput::file(&target).unwrap();
        let names = std::fs::read_dir(folder.path()).unwrap();
        assert_eq!(names.count(), mine.len() + 1, "{:?}", third.path);
    }
}

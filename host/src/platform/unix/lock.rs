//! Locks on files and folders that are being written.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::files::FileId;

/// A lock on a file or folder, until it is dropped or its process ends. It doesn't keep others from
/// reading and writing: they ask for the lock first.
#[derive(Debug)]
pub(crate) struct PathLock {
    path: PathBuf,
    /// The locked file or folder itself.
    file: File,
}

impl PathLock {
    /// Locks the existing file or folder at `path`.
    ///
    /// # Errors
    /// `WouldBlock` if another process, or another lock of this one, has it; others if it can't be
    /// opened or its file system has no locks.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                file,
            }),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Locks a folder by a file in it, which exists.
    ///
    /// # Errors
    /// As [`PathLock::take`].
    pub(crate) fn take_by(_folder: &Path, file: &Path) -> io::Result<Self> {
        Self::take(file)
    }

    /// Locks a folder in whose own folder nothing may be created. Where a lock is a file, it is in
    /// the folder.
    ///
    /// # Errors
    /// As [`PathLock::take`].
    pub(crate) fn take_inside(folder: &Path) -> io::Result<Self> {
        Self::take(folder)
    }

    /// Returns whether the path still leads to what is locked: another process may have removed it
    /// between its creation and the lock.
    pub(crate) fn is_current(&self) -> bool {
        let open = FileId::of_open(&self.file).ok();
        open.is_some() && open == FileId::of_link(&self.path)
    }
}

/// Opens a file or folder to lock it: a file for writing if possible, because NFS gives an exclusive
/// lock to nobody else (flock(2), "NFS details").
fn open(path: &Path) -> io::Result<File> {
    use io::ErrorKind::{IsADirectory, PermissionDenied, ReadOnlyFilesystem};
    match File::options().read(true).write(true).open(path) {
        Err(error)
            if matches!(
                error.kind(),
                IsADirectory | PermissionDenied | ReadOnlyFilesystem
            ) =>
        {
            File::open(path)
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_or_folder_is_locked_once_until_the_lock_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "content").unwrap();
        for path in [&file, dir.path()] {
            let lock = PathLock::take(path).unwrap();
            assert!(lock.is_current());
            let second = PathLock::take(path).unwrap_err();
            assert_eq!(second.kind(), io::ErrorKind::WouldBlock);
            drop(lock);
            assert!(PathLock::take_inside(path).is_ok());
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "content");
        let missing = PathLock::take(&dir.path().join("nothing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_lock_is_not_current_if_another_file_has_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let lock = PathLock::take(&file).unwrap();
        fs::write(dir.path().join("other"), "").unwrap();
        fs::rename(dir.path().join("other"), &file).unwrap();
        assert!(!lock.is_current());
        fs::remove_file(&file).unwrap();
        assert!(!lock.is_current());
    }
}

//! Locks on files and folders that are being written: files of their own, since another handle can't
//! read a locked file, and a folder can't be locked.

use std::{
    fs::{File, OpenOptions},
    io,
    os::windows::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

/// Ending of the name of a lock's file.
const ENDING: &str = ".lock";
/// Name of the lock's file in a folder.
const INSIDE: &str = ".url-notes.lock.part";
/// The rights to read, to write and to delete (`GENERIC_READ | GENERIC_WRITE | DELETE`, winnt.h).
const RIGHTS: u32 = 0x8000_0000 | 0x4000_0000 | 0x0001_0000;
/// The file goes with its last handle, also if the process is killed (`FILE_FLAG_DELETE_ON_CLOSE`).
const GOES_WHEN_CLOSED: u32 = 0x0400_0000;
/// Another handle has the file (`ERROR_SHARING_VIOLATION`, winerror.h).
const HELD: i32 = 32;
/// How often a file that is just going is tried again, and how long to wait before.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// A lock on a file or folder, until it is dropped or its process ends. It doesn't keep others from
/// reading and writing: they ask for the lock first.
#[derive(Debug)]
pub(crate) struct PathLock {
    path: PathBuf,
    _file: File,
}

impl PathLock {
    /// Locks the existing file or folder at `path`.
    ///
    /// # Errors
    /// `WouldBlock` if another process, or another lock of this one, has it; others if no file can be
    /// created beside it.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        path.symlink_metadata()?;
        let mut name = path.as_os_str().to_owned();
        name.push(ENDING);
        Self::held(path, Path::new(&name))
    }

    /// Locks a folder by a file beside it, so that the folder can be removed meanwhile.
    ///
    /// # Errors
    /// As [`PathLock::take`].
    pub(crate) fn take_by(folder: &Path, _file: &Path) -> io::Result<Self> {
        Self::take(folder)
    }

    /// Locks a folder beside which nothing may be created, by a file in it.
    ///
    /// # Errors
    /// As [`PathLock::take`].
    pub(crate) fn take_inside(folder: &Path) -> io::Result<Self> {
        Self::held(folder, &folder.join(INSIDE))
    }

    fn held(path: &Path, lock: &Path) -> io::Result<Self> {
        let mut tries = TRIES;
        loop {
            let opened = OpenOptions::new()
                // Std wants to hear of it, though the rights below are those that count.
                .write(true)
                .create(true)
                .truncate(false)
                .access_mode(RIGHTS)
                .share_mode(0)
                .custom_flags(GOES_WHEN_CLOSED)
                .open(lock);
            match opened {
                Ok(file) => {
                    return Ok(Self {
                        path: path.to_owned(),
                        _file: file,
                    });
                }
                Err(error) if error.raw_os_error() == Some(HELD) => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                // As long as a file is going, it can't be opened.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied && tries > 0 => {
                    tries -= 1;
                    thread::sleep(PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns whether what is locked is there: another process may have removed it between its
    /// creation and the lock.
    pub(crate) fn is_current(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }
}

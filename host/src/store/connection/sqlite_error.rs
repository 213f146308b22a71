//! Maps errors of SQLite and of the system to the known faults.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use rusqlite::{
    ErrorCode,
    ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_READONLY_ROLLBACK},
};

use crate::{
    error::{Error, StoreFault},
    platform,
    store::connection::{
        db_files::{self, JOURNAL, LOG, SHARED_MEMORY, beside},
        obstacle::obstacle,
    },
};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|error| error.extended_code);
        let fault = match error.sqlite_error_code() {
            // Nothing is read-only: a write has failed and must be rolled back first.
            _ if extended == Some(SQLITE_READONLY_ROLLBACK) => StoreFault::Io,
            Some(ErrorCode::DiskFull | ErrorCode::TooBig) => StoreFault::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreFault::Busy,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreFault::Broken,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreFault::Unwritable
            }
            Some(ErrorCode::SystemIoFailure) => StoreFault::Io,
            // Only UTF-8 is ever stored.
            None if matches!(error, rusqlite::Error::Utf8Error(..)) => StoreFault::Broken,
            _ => return Self::internal(error),
        };
        Self::Store {
            fault,
            source: Some(error.into()),
        }
    }
}

/// Maps an error from the file system around the database.
pub(in crate::store) fn of_file_system(error: io::Error) -> Error {
    let fault = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::Full,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::IsADirectory => StoreFault::Unwritable,
        // Another process is writing the same file.
        io::ErrorKind::WouldBlock => StoreFault::Busy,
        _ if platform::is_in_use(&error) => StoreFault::Busy,
        _ => StoreFault::Io,
    };
    Error::Store {
        fault,
        source: Some(error.into()),
    }
}

/// Returns the fault for errors of a full or failing disk, and `None` for all other errors of
/// files.
#[must_use]
pub fn fault_of_disk(error: &io::Error) -> Option<StoreFault> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Some(StoreFault::Full),
        _ if platform::device_fault(error) => Some(StoreFault::Io),
        _ => None,
    }
}

/// Refines an error of SQLite, which reports that it couldn't create a file but not why: a full
/// disk looks the same as a read-only folder. Tries to create a file beside the database at `path`
/// to find out.
pub(in crate::store) fn refine_error(error: Error, path: &Path) -> Error {
    let code = |error: &rusqlite::Error| {
        error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
            || error
                .sqlite_error()
                .is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE)
    };
    if let Error::Store {
        fault: StoreFault::Unwritable | StoreFault::Io,
        ..
    } = error
        && let Some(obstacle) = obstacle(path)
    {
        return obstacle;
    }
    match error {
        Error::Store {
            source: Some(source),
            ..
        } if source.downcast_ref().is_some_and(code) => {
            let fault = match can_make_files(path) {
                Err(error) => of_file_system(error),
                // Creating a file works, though it failed a moment ago.
                Ok(()) => Error::store(StoreFault::Io),
            };
            match fault {
                Error::Store { fault, .. } => Error::Store {
                    fault,
                    source: Some(source),
                },
                other => other,
            }
        }
        other => other,
    }
}

/// Tries what SQLite needs for the database at `path`: opening its files, and creating another one.
fn can_make_files(path: &Path) -> io::Result<()> {
    for ending in ["", LOG, SHARED_MEMORY, JOURNAL] {
        let file = beside(path, ending);
        match fs::metadata(&file) {
            Ok(found) if !found.is_file() => return Err(io::ErrorKind::IsADirectory.into()),
            // Checked without opening: closing the file would drop SQLite's locks.
            Ok(_) => platform::may_read_and_write(&file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !ending.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    let trial = beside(path, ".trial");
    db_files::remove(&trial)?;
    let made = db_files::create_private(&trial).and_then(|mut file| file.write_all(&[0; 4096]));
    let _ = db_files::remove(&trial);
    made
}

//! From what SQLite and the system report to the known faults.

use std::io;

use rusqlite::{ErrorCode, ffi::SQLITE_READONLY_ROLLBACK};

use crate::error::{Error, StoreFault};

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        let extended = error.sqlite_error().map(|error| error.extended_code);
        let fault = match error.sqlite_error_code() {
            // Nothing is read-only: a write failed so badly that it is yet to be undone.
            _ if extended == Some(SQLITE_READONLY_ROLLBACK) => StoreFault::Io,
            Some(ErrorCode::DiskFull | ErrorCode::TooBig) => StoreFault::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreFault::Busy,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreFault::Broken,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                StoreFault::Unwritable
            }
            Some(ErrorCode::SystemIoFailure) => StoreFault::Io,
            _ => return Self::internal(error),
        };
        Self::Store {
            fault,
            source: Some(error.into()),
        }
    }
}

/// The fault behind an error of the file system around the database.
pub(super) fn of_file_system(error: io::Error) -> Error {
    let fault = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::Full,
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists
        | io::ErrorKind::IsADirectory => StoreFault::Unwritable,
        // Another process is making the same file.
        io::ErrorKind::WouldBlock => StoreFault::Busy,
        _ => StoreFault::Io,
    };
    Error::Store {
        fault,
        source: Some(error.into()),
    }
}

//! Disks: durable content, free space, kinds of file systems, and what their errors mean. NTFS keeps
//! a journal of names, so a folder needs no syncing, and can't be synced.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, Prefix},
};

use super::super::kinds::{DiskFault, FileSystem};

/// Errors of winerror.h.
mod code {
    pub(super) const FILE_NOT_FOUND: i32 = 2;
    pub(super) const PATH_NOT_FOUND: i32 = 3;
    pub(super) const ACCESS_DENIED: i32 = 5;
    pub(super) const INVALID_DRIVE: i32 = 15;
    pub(super) const WRITE_PROTECT: i32 = 19;
    pub(super) const NOT_READY: i32 = 21;
    pub(super) const CRC: i32 = 23;
    pub(super) const SEEK: i32 = 25;
    pub(super) const SECTOR_NOT_FOUND: i32 = 27;
    pub(super) const SHARING_VIOLATION: i32 = 32;
    pub(super) const LOCK_VIOLATION: i32 = 33;
    pub(super) const HANDLE_DISK_FULL: i32 = 39;
    pub(super) const BAD_NETPATH: i32 = 53;
    pub(super) const NETNAME_DELETED: i32 = 64;
    pub(super) const BAD_NET_NAME: i32 = 67;
    pub(super) const DISK_FULL: i32 = 112;
    pub(super) const SEM_TIMEOUT: i32 = 121;
    pub(super) const DIRECTORY: i32 = 267;
    pub(super) const IO_DEVICE: i32 = 1117;
    pub(super) const DEVICE_NOT_CONNECTED: i32 = 1167;
    pub(super) const NETWORK_UNREACHABLE: i32 = 1231;
    pub(super) const HOST_UNREACHABLE: i32 = 1232;
    pub(super) const DISK_QUOTA_EXCEEDED: i32 = 1295;
    pub(super) const FILE_CORRUPT: i32 = 1392;
    pub(super) const CANT_RESOLVE_FILENAME: i32 = 1921;
}

/// Returns at once: the names in a folder are durable.
pub(crate) fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Returns at once: the names in a folder are durable.
pub(crate) fn sync_folder_if_possible(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the content of all files in a new folder durable, before it gets its name.
pub(crate) fn flush_tree(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            flush_tree(&entry.path())?;
        } else if kind.is_file() {
            File::options().write(true).open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

/// Makes what is in `folder` durable. Only administrators may do so for a whole disk.
pub(crate) fn flush_file_system(folder: &Path) -> io::Result<()> {
    flush_tree(folder)
}

/// Moves what is at `place` to `old`, then `new` to `place`. On failure, `place` is as it was. A
/// process that is killed between the two leaves nothing at `place`.
pub(crate) fn exchange(new: &Path, place: &Path, old: &Path) -> io::Result<()> {
    fs::rename(place, old)?;
    fs::rename(new, place).inspect_err(|_| drop(fs::rename(old, place)))
}

/// Returns the free space for this user on the disk of a folder, in bytes.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    fs4::available_space(folder).ok()
}

/// Returns the kind of the file system of a path. Drives with a letter that are on another computer
/// count as network, too.
pub(crate) fn file_system(path: &Path) -> FileSystem {
    let real = path.canonicalize();
    let prefix = real.as_deref().unwrap_or(path).components().next();
    match prefix {
        Some(Component::Prefix(prefix))
            if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)) =>
        {
            FileSystem::Network("SMB")
        }
        _ => FileSystem::Local,
    }
}

/// Returns whether a path can't be followed because links lead in a circle.
pub(crate) fn is_link_loop(error: &io::Error) -> bool {
    error.raw_os_error() == Some(code::CANT_RESOLVE_FILENAME)
}

/// Returns whether a device reports that it failed.
pub(crate) fn device_fault(error: &io::Error) -> bool {
    disk_fault(error) == Some(DiskFault::Broken)
}

/// Returns whether another program has the file open and doesn't share it.
pub(crate) fn is_in_use(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(code::SHARING_VIOLATION | code::LOCK_VIOLATION)
    )
}

/// Returns what an error about a path means, if it is about the disk.
pub(crate) fn disk_fault(error: &io::Error) -> Option<DiskFault> {
    Some(match error.raw_os_error()? {
        code::DISK_FULL | code::HANDLE_DISK_FULL | code::DISK_QUOTA_EXCEEDED => DiskFault::Full,
        code::WRITE_PROTECT => DiskFault::ReadOnly,
        code::ACCESS_DENIED => DiskFault::Refused,
        code::FILE_NOT_FOUND
        | code::PATH_NOT_FOUND
        | code::DIRECTORY
        | code::INVALID_DRIVE
        | code::NOT_READY
        | code::DEVICE_NOT_CONNECTED => DiskFault::Missing,
        code::BAD_NETPATH
        | code::NETNAME_DELETED
        | code::BAD_NET_NAME
        | code::SEM_TIMEOUT
        | code::NETWORK_UNREACHABLE
        | code::HOST_UNREACHABLE => DiskFault::Unreachable,
        code::CRC | code::SEEK | code::SECTOR_NOT_FOUND | code::IO_DEVICE | code::FILE_CORRUPT => {
            DiskFault::Broken
        }
        _ => return None,
    })
}

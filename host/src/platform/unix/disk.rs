//! Disks: durable names, free space, kinds of file systems, and what their errors mean.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};

use super::super::kinds::{DiskFault, FileSystem};

/// Makes the names in a folder durable. Without it, a power cut loses new ones.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes the names in a folder durable, where the file system can. Some network and FUSE file
/// systems can't.
pub(crate) fn sync_folder_if_possible(folder: &Path) -> io::Result<()> {
    let synced = sync_folder(folder);
    match synced.as_ref().map_err(Errno::from_io_error) {
        Err(Some(Errno::INVAL | Errno::NOTSUP | Errno::NOSYS | Errno::BADF)) => Ok(()),
        _ => synced,
    }
}

/// Makes everything in a new folder durable, before it gets its name.
pub(crate) fn flush_tree(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return Ok(rustix::fs::syncfs(File::open(folder)?)?);
    #[cfg(not(target_os = "linux"))]
    return flush_file_system(folder);
}

/// Makes everything that was written durable, at least what is in `folder`.
pub(crate) fn flush_file_system(folder: &Path) -> io::Result<()> {
    let _ = folder;
    rustix::fs::sync();
    Ok(())
}

/// Exchanges `new` with `place`, which exists, in one step if the file system can; otherwise moves
/// what is at `place` to `old` first. On failure, `place` is as it was.
pub(crate) fn exchange(new: &Path, place: &Path, old: &Path) -> io::Result<()> {
    match renameat_with(CWD, new, CWD, place, RenameFlags::EXCHANGE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::rename(place, old)?;
            fs::rename(new, place).inspect_err(|_| drop(fs::rename(old, place)))
        }
        done => Ok(done?),
    }
}

/// Returns the free space for this user on the disk of a folder, in bytes.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Returns the kind of the file system of a path. Unknown ones count as local.
pub(crate) fn file_system(path: &Path) -> FileSystem {
    #[cfg(target_os = "linux")]
    return linux::file_system(path);
    // Other systems identify file systems by name; none is distinguished yet.
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        FileSystem::Local
    }
}

/// Returns whether a path can't be followed because links lead in a circle.
pub(crate) fn is_link_loop(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::LOOP)
}

/// Returns whether a device reports that it failed.
pub(crate) fn device_fault(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::IO)
}

/// Returns false: a file that is open can be replaced.
pub(crate) fn is_in_use(_error: &io::Error) -> bool {
    false
}

/// Returns what an error about a path means, if it is about the disk.
pub(crate) fn disk_fault(error: &io::Error) -> Option<DiskFault> {
    Some(match Errno::from_io_error(error)? {
        Errno::NOSPC | Errno::DQUOT => DiskFault::Full,
        Errno::ROFS => DiskFault::ReadOnly,
        Errno::ACCESS | Errno::PERM => DiskFault::Refused,
        Errno::NOENT | Errno::NOTDIR | Errno::NOTCONN | Errno::NODEV | Errno::NXIO => {
            DiskFault::Missing
        }
        Errno::TIMEDOUT
        | Errno::HOSTDOWN
        | Errno::HOSTUNREACH
        | Errno::NETDOWN
        | Errno::NETUNREACH
        | Errno::CONNREFUSED
        | Errno::STALE => DiskFault::Unreachable,
        Errno::IO => DiskFault::Broken,
        _ => return None,
    })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;

    use super::FileSystem;

    /// `f_type` of statfs(2), from Linux's `linux/magic.h` and the file systems'
    /// own headers.
    const KNOWN: &[(u32, FileSystem)] = &[
        (0x0000_6969, FileSystem::Network("NFS")),
        (0x0000_517b, FileSystem::Network("SMB")),
        (0xfe53_4d42, FileSystem::Network("SMB")),
        (0xff53_4d42, FileSystem::Network("SMB")),
        (0x0102_1997, FileSystem::Network("9p")),
        (0x0000_564c, FileSystem::Network("NCP")),
        (0x7375_7245, FileSystem::Network("Coda")),
        (0x5346_414f, FileSystem::Network("AFS")),
        (0x6b41_4653, FileSystem::Network("AFS")),
        (0x00c3_6400, FileSystem::Network("Ceph")),
        (0x0bd0_0bd0, FileSystem::Network("Lustre")),
        (0x4750_4653, FileSystem::Network("GPFS")),
        (0x0116_1970, FileSystem::Network("GFS2")),
        (0x7461_636f, FileSystem::Network("OCFS2")),
        (0x786f_4256, FileSystem::Network("VirtualBox shared folder")),
        (0xbacb_acbc, FileSystem::Network("VMware shared folder")),
        (0x6573_5546, FileSystem::Program),
    ];

    pub(super) fn file_system(path: &Path) -> FileSystem {
        match rustix::fs::statfs(path) {
            // The field is as wide as a machine word and signed on some platforms. Only the low 32
            // bits matter.
            Ok(found) => of_type(u32::try_from(found.f_type & 0xffff_ffff).unwrap_or(0)),
            Err(_) => FileSystem::Local,
        }
    }

    fn of_type(number: u32) -> FileSystem {
        KNOWN
            .iter()
            .find(|(known, _)| *known == number)
            .map_or(FileSystem::Local, |(_, kind)| *kind)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn network_file_systems_are_recognised_by_their_types() {
            for (number, kind) in [
                (0xef53, "local"),      // ext4
                (0x9123_683e, "local"), // btrfs
                (0x5846_5342, "local"), // xfs
                (0x0102_1994, "local"), // tmpfs
                (0x794c_7630, "local"), // overlayfs
                (0, "local"),
                (0x6969, "network (NFS)"),
                (0xff53_4d42, "network (SMB)"),
                (0x0102_1997, "network (9p)"),
                (0x6573_5546, "served by a program (FUSE)"),
            ] {
                let found = of_type(number);
                assert_eq!(found.to_string(), kind, "{number:x}");
                assert_eq!(found.shares_memory(), kind == "local");
            }
        }

        #[test]
        fn a_file_that_is_not_there_counts_as_local() {
            assert_eq!(file_system(Path::new("/nowhere/at all")), FileSystem::Local);
        }
    }
}

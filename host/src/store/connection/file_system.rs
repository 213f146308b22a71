//! The type of the file system that holds the database, and whether a WAL is reliable there.
//!
//! The WAL's index is memory shared by all programs, which is impossible across computers
//! (<https://www.sqlite.org/wal.html>, "All processes using a database must be on the same host
//! computer").

use std::path::Path;

/// The location of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// A disk of this computer, or a file system that isn't known to be remote.
    Local,
    /// A network file system, with its name. Other computers may use it at the same time.
    Network(&'static str),
    /// A file system served by a program: another computer (sshfs), the host of a virtual machine,
    /// or an encrypted folder.
    Program,
}

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

impl FileSystem {
    /// Returns the type for this path. Unknown types count as local.
    #[cfg(target_os = "linux")]
    pub(in crate::store) fn of(path: &Path) -> Self {
        match rustix::fs::statfs(path) {
            // The field is as wide as a machine word and signed on some platforms. Only the low 32
            // bits matter.
            Ok(found) => Self::of_type(u32::try_from(found.f_type & 0xffff_ffff).unwrap_or(0)),
            Err(_) => Self::Local,
        }
    }

    /// Other systems identify file systems by name; none is distinguished yet.
    #[cfg(not(target_os = "linux"))]
    pub(in crate::store) fn of(_path: &Path) -> Self {
        Self::Local
    }

    fn of_type(number: u32) -> Self {
        KNOWN
            .iter()
            .find(|(known, _)| *known == number)
            .map_or(Self::Local, |(_, kind)| *kind)
    }

    /// Returns whether all programs that open a file here share memory.
    #[must_use]
    pub fn shares_memory(self) -> bool {
        self == Self::Local
    }
}

impl std::fmt::Display for FileSystem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Local => f.write_str("local"),
            Self::Network(name) => write!(f, "network ({name})"),
            Self::Program => f.write_str("served by a program (FUSE)"),
        }
    }
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
            let found = FileSystem::of_type(number);
            assert_eq!(found.to_string(), kind, "{number:x}");
            assert_eq!(found.shares_memory(), kind == "local");
        }
    }

    #[test]
    fn a_file_that_is_not_there_counts_as_local() {
        assert_eq!(
            FileSystem::of(Path::new("/nowhere/at all")),
            FileSystem::Local
        );
    }
}

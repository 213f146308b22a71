//! Files and folders that only this user can read, their identity, and what this user may do with
//! them.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _,
        PermissionsExt as _,
    },
    path::Path,
    time::SystemTime,
};

use rustix::fs::{Access, OFlags, access};

/// Whether files have modes, so that others' access can be seen and changed.
pub(crate) const HAS_MODES: bool = true;

/// Ways to open a file that std knows only by system.
pub(crate) trait PrivateOptions {
    /// Creates the file with mode 0600.
    fn private(&mut self) -> &mut Self;
    /// Creates the file with this mode, from which the umask takes away.
    fn with_mode(&mut self, mode: u32) -> &mut Self;
    /// `O_NONBLOCK`: opening a named pipe doesn't wait for its other end. No effect on regular
    /// files. With `no_link`, also `O_NOFOLLOW`: refuses to open a symbolic link. Links in the
    /// folders above the file are followed.
    fn without_waiting(&mut self, no_link: bool) -> &mut Self;
}

impl PrivateOptions for OpenOptions {
    fn private(&mut self) -> &mut Self {
        self.mode(0o600)
    }

    fn with_mode(&mut self, mode: u32) -> &mut Self {
        self.mode(mode)
    }

    fn without_waiting(&mut self, no_link: bool) -> &mut Self {
        let links = if no_link {
            OFlags::NOFOLLOW
        } else {
            OFlags::empty()
        };
        self.custom_flags(flags(OFlags::NONBLOCK | links))
    }
}

#[expect(
    clippy::cast_possible_wrap,
    reason = "flags are bits, whatever their type"
)]
const fn flags(flags: OFlags) -> i32 {
    flags.bits() as i32
}

/// Creates a folder with this mode, from which the umask takes away.
pub(crate) fn create_folder(folder: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(folder)
}

/// Creates a folder with mode 0700.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    create_folder(folder, 0o700)
}

/// Creates a folder and its missing parents with mode 0700. One that exists is no error.
pub(crate) fn create_private_folders(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Returns the permission bits of a file or folder. On systems without modes, those of something
/// private.
pub(crate) fn mode(found: &Metadata) -> u32 {
    found.permissions().mode() & 0o7777
}

/// Says whether the content of a file is on this computer, so that reading it fetches nothing.
///
/// macOS, and what syncs a folder there, keeps the size of a file whose content is elsewhere, but no
/// blocks for it. Some file systems keep short files without blocks, too.
pub(crate) fn has_content_here(found: &Metadata) -> bool {
    found.len() == 0 || found.blocks() > 0
}

/// Sets the mode of an open file.
pub(crate) fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

/// Sets the mode of a file or folder.
pub(crate) fn set_mode_at(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Sets the mode of a file or folder of this user. Returns false, and changes nothing, if it is a
/// link or belongs to another user.
pub(crate) fn set_mode_of_own(path: &Path, mode: u32) -> io::Result<bool> {
    // Opens the file first and then changes the open file, because a link that has taken its place
    // could lead anywhere.
    let careful = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    let opened = options.read(true).custom_flags(flags(careful)).open(path);
    let file = match opened {
        // The file is only writable or executable. `O_PATH` opens only its location, which needs no
        // permission on the file itself.
        #[cfg(target_os = "linux")]
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => options
            .custom_flags(flags(careful | OFlags::PATH))
            .open(path)?,
        opened => opened?,
    };
    let found = file.metadata()?;
    if found.is_symlink() || found.uid() != rustix::process::geteuid().as_raw() {
        return Ok(false);
    }
    let done = set_mode(&file, mode);
    #[cfg(target_os = "linux")]
    let done = done.or_else(|_| {
        use std::os::fd::AsRawFd as _;
        // A file opened with `O_PATH` has no mode to set, but its path in /proc has.
        set_mode_at(
            Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd())),
            mode,
        )
    });
    done.map(|()| true)
}

/// The identity of a file or folder, which changes if another one takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Returns the identity of what is at `path`, behind links, or `None` if there is nothing.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|found| Self::from(&found))
    }

    /// Returns the identity of what is at `path`, which may be a link.
    pub(crate) fn of_link(path: &Path) -> Option<Self> {
        path.symlink_metadata().ok().map(|found| Self::from(&found))
    }

    /// Returns the identity of an open file.
    pub(crate) fn of_open(file: &File) -> io::Result<Self> {
        file.metadata().map(|found| Self::from(&found))
    }

    /// Returns a number that is unique in the file's folder as long as the file exists.
    pub(crate) fn number(self) -> u64 {
        self.inode
    }
}

impl From<&Metadata> for FileId {
    fn from(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
        }
    }
}

/// Identifies a version of a file: which file, its size and modification time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    id: FileId,
    size: u64,
    modified: SystemTime,
}

impl FileStamp {
    /// Returns the version of the file at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let found = fs::metadata(path)?;
        Ok(Self {
            id: FileId::from(&found),
            size: found.len(),
            modified: found.modified()?,
        })
    }
}

/// Returns whether this user may start the program at `path`.
pub(crate) fn may_execute(path: &Path) -> bool {
    access(path, Access::EXEC_OK).is_ok()
}

/// Fails if this user may not read and write the file at `path`. Doesn't open it: closing it would
/// drop this process's locks on it.
pub(crate) fn may_read_and_write(path: &Path) -> io::Result<()> {
    Ok(access(path, Access::READ_OK | Access::WRITE_OK)?)
}

/// Returns whether this user may list a folder and create files in it. Writes nothing.
pub(crate) fn may_use_folder(folder: &Path) -> bool {
    let needed = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    access(folder, needed).is_ok()
}

/// Reads at a place of a file, as many bytes as one call gives.
pub(crate) fn read_some_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(bytes, at)
}

/// Fills `bytes` from a place of a file.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(bytes, at)
}

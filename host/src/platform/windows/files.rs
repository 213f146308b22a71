//! Files and folders, their identity, and what this user may do with them. Access is inherited from
//! the folder, so there are no modes.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::windows::fs::{FileExt as _, OpenOptionsExt as _},
    path::Path,
    time::SystemTime,
};

use winapi_util::{Handle, file::information};

/// Opens also folders (`FILE_FLAG_BACKUP_SEMANTICS`; this flag and the others as in winbase.h).
const ALSO_FOLDERS: u32 = 0x0200_0000;
/// Opens a link instead of what it leads to (`FILE_FLAG_OPEN_REPARSE_POINT`).
const LINK_ITSELF: u32 = 0x0020_0000;
/// The right to look at the attributes of a file, which never conflicts with others that have it open
/// (`FILE_READ_ATTRIBUTES`, winnt.h).
const LOOK: u32 = 0x80;
/// The rights to list a folder and to add files to it (`FILE_LIST_DIRECTORY`, `FILE_ADD_FILE`).
const LIST_AND_ADD: u32 = 0x1 | 0x2;

/// Whether files have modes, so that others' access can be seen and changed.
pub(crate) const HAS_MODES: bool = false;

/// Ways to open a file that std knows only by system.
pub(crate) trait PrivateOptions {
    /// Creates the file with the access of its folder.
    fn private(&mut self) -> &mut Self;
    /// Creates the file with the access of its folder.
    fn with_mode(&mut self, mode: u32) -> &mut Self;
    /// With `no_link`, opens a link instead of what it leads to; its metadata say so. There are no
    /// named pipes in folders.
    fn without_waiting(&mut self, no_link: bool) -> &mut Self;
}

impl PrivateOptions for OpenOptions {
    fn private(&mut self) -> &mut Self {
        self
    }

    fn with_mode(&mut self, _mode: u32) -> &mut Self {
        self
    }

    fn without_waiting(&mut self, no_link: bool) -> &mut Self {
        self.custom_flags(if no_link { LINK_ITSELF } else { 0 })
    }
}

/// Creates a folder with the access of the one above.
pub(crate) fn create_folder(folder: &Path, _mode: u32) -> io::Result<()> {
    fs::create_dir(folder)
}

/// Creates a folder with the access of the one above.
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// Creates a folder and its missing parents. One that exists is no error.
pub(crate) fn create_private_folders(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

/// Returns the mode of something private.
pub(crate) fn mode(found: &Metadata) -> u32 {
    if found.is_dir() { 0o700 } else { 0o600 }
}

/// Says whether the content of a file is on this computer, so that reading it fetches nothing:
/// `FILE_ATTRIBUTE_OFFLINE` and `FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS` say that it isn't (Microsoft,
/// "File attribute constants").
pub(crate) fn has_content_here(found: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt as _;
    const OFFLINE: u32 = 0x1000;
    const RECALL_ON_DATA_ACCESS: u32 = 0x40_0000;
    found.file_attributes() & (OFFLINE | RECALL_ON_DATA_ACCESS) == 0
}

/// Does nothing.
pub(crate) fn set_mode(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Does nothing.
pub(crate) fn set_mode_at(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Does nothing.
pub(crate) fn set_mode_of_own(_path: &Path, _mode: u32) -> io::Result<bool> {
    Ok(true)
}

/// The identity of a file or folder, which changes if another one takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId {
    volume: u64,
    index: u64,
}

impl FileId {
    /// Returns the identity of what is at `path`, behind links, or `None` if there is nothing.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        Self::opened(path, ALSO_FOLDERS).ok()
    }

    /// Returns the identity of what is at `path`, which may be a link.
    pub(crate) fn of_link(path: &Path) -> Option<Self> {
        Self::opened(path, ALSO_FOLDERS | LINK_ITSELF).ok()
    }

    fn opened(path: &Path, flags: u32) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.access_mode(LOOK).custom_flags(flags).open(path)?;
        let found = information(Handle::from_file(file))?;
        Ok(Self {
            volume: found.volume_serial_number(),
            index: found.file_index(),
        })
    }

    /// Returns a number that is unique on the file's volume as long as the file exists.
    pub(crate) fn number(self) -> u64 {
        self.index
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
            id: FileId::opened(path, ALSO_FOLDERS)?,
            size: found.len(),
            modified: found.modified()?,
        })
    }
}

/// Returns whether the program at `path` can be started: there is no right of its own for that.
pub(crate) fn may_execute(path: &Path) -> bool {
    path.is_file()
}

/// Fails if this user may not read and write the file at `path`. Closing it drops no lock here.
pub(crate) fn may_read_and_write(path: &Path) -> io::Result<()> {
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if !super::disk::is_in_use(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Returns whether this user may list a folder and create files in it. Writes nothing.
pub(crate) fn may_use_folder(folder: &Path) -> bool {
    let mut options = OpenOptions::new();
    let options = options.access_mode(LIST_AND_ADD).custom_flags(ALSO_FOLDERS);
    options.open(folder).is_ok()
}

/// Reads at a place of a file, as many bytes as one call gives. Moves the place at which the file is
/// read otherwise.
pub(crate) fn read_some_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    file.seek_read(bytes, at)
}

/// Fills `bytes` from a place of a file.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    let (mut rest, mut at) = (bytes, at);
    while !rest.is_empty() {
        match file.seek_read(rest, at) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => {
                rest = &mut rest[count..];
                at += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

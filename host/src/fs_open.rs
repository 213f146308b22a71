//! Opening a file where anything may stand: a named pipe would be waited for, for ever.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

/// Doesn't wait for the other end of a named pipe; means nothing for a file.
#[expect(
    clippy::cast_possible_wrap,
    reason = "flags are bits, whatever their type"
)]
pub(crate) const NO_WAIT: i32 = OFlags::NONBLOCK.bits() as i32;

/// Opens no link; means nothing for what is above the file.
#[expect(
    clippy::cast_possible_wrap,
    reason = "flags are bits, whatever their type"
)]
pub(crate) const NO_LINK: i32 = OFlags::NOFOLLOW.bits() as i32;

/// Opens only the place of a file, for which no right to the file itself is needed.
#[cfg(target_os = "linux")]
#[expect(
    clippy::cast_possible_wrap,
    reason = "flags are bits, whatever their type"
)]
pub(crate) const PLACE: i32 = OFlags::PATH.bits() as i32;

/// Opens a file to read it.
///
/// # Errors
/// Those of the system, and `InvalidInput` where it is no regular file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(NO_WAIT)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ))
    }
}

/// Reads a file as text.
///
/// # Errors
/// Those of [`open`] and of reading, and `InvalidData` where it is no text.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// What on the way to a file keeps it from being there or being made, as the part that the
/// system names and the rest of a sentence about it. None where nothing does.
pub(crate) fn obstacle(path: &Path) -> Option<(PathBuf, String)> {
    let mut walked = PathBuf::new();
    for part in path.components() {
        walked.push(part);
        // What isn't there can be made.
        walked.symlink_metadata().ok()?;
        let what = match fs::metadata(&walked) {
            Ok(there) if walked != path && !there.is_dir() => "is no folder".to_owned(),
            Ok(_) => continue,
            Err(error) => {
                let target = fs::read_link(&walked).ok()?;
                match error.kind() {
                    io::ErrorKind::NotFound => format!(
                        "is a link to {}, which doesn't exist, perhaps because a disk isn't mounted",
                        target.display()
                    ),
                    io::ErrorKind::NotADirectory => {
                        format!("is a link to {}, which is in no folder", target.display())
                    }
                    _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
                        format!("is a link to {}, which leads back to it", target.display())
                    }
                    _ => return None,
                }
            }
        };
        return Some((walked, what));
    }
    None
}

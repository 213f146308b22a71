//! Opens files without blocking: opening a named pipe would otherwise wait forever.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{PrivateOptions as _, is_link_loop};

/// Opens a regular file for reading.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .without_waiting(false)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ))
    }
}

/// Reads a file as text.
///
/// # Errors
/// Those of [`open`] and of reading, and `InvalidData` if the file isn't UTF-8.
pub(crate) fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Returns what prevents a file from existing or being created: the part of the path that the
/// system names, and the rest of a sentence about it, or `None` if nothing does.
pub(crate) fn obstacle(path: &Path) -> Option<(PathBuf, String)> {
    let mut walked = PathBuf::new();
    for part in path.components() {
        walked.push(part);
        // What is missing can be created.
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
                    _ if is_link_loop(&error) => {
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

//! Files that are there whole or not at all.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use uuid::Uuid;

use crate::{
    clock,
    platform::{self, PrivateOptions as _},
};

/// How names of files in the making start.
pub(super) const PART: &str = ".part-";
/// A file in the making that is this old was left behind by a program that was killed.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Writes a file, so that it is there whole or not at all, also after a power failure.
pub(super) fn write_whole(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let part = folder.join(format!("{PART}{}", Uuid::new_v4().simple()));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .private()
            .open(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, folder.join(name))?;
        platform::sync_folder_if_possible(folder)
    };
    write().inspect_err(|_| {
        // It may not exist, and what stays is removed later.
        let _ = fs::remove_file(&part);
    })
}

/// Removes files that were never completed.
pub(super) fn remove_stale_parts(folder: &Path) {
    let now = std::time::SystemTime::from(clock::now());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_part = entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(PART.as_bytes());
        let is_stale = || {
            let changed = entry.metadata().and_then(|metadata| metadata.modified());
            changed.is_ok_and(|changed| now.duration_since(changed).is_ok_and(|age| age > STALE))
        };
        if is_part && is_stale() {
            // The next time, perhaps.
            let _ = fs::remove_file(entry.path());
        }
    }
}

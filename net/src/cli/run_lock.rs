//! Keeps two runs of a command from asking the same hosts at the same time.

use std::fs::{self, File, TryLockError};

use anyhow::{Context as _, bail};
use url_notes::config::Config;

/// Takes a lock, which ends with its file. `file`: its name beside the notes. `None` on file systems
/// without locks.
///
/// # Errors
/// `sentence` if another run has the lock; a sentence if the folder can't be written to.
pub(super) fn lock(config: &Config, file: &str, sentence: &str) -> anyhow::Result<Option<File>> {
    let path = config.database.with_file_name(file);
    let file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .context("The folder of the notes can't be written to")?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!("{sentence}"),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

//! The log file: private, limited in size, and free of what the user reads or writes.
//!
//! Addresses, titles and note texts are logged only at level debug or below. Control characters are
//! escaped, so each record stays on one line.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use jiff::Timestamp;
use log::{Log, Metadata, Record};

use crate::{
    config::Config,
    platform::{self, PrivateOptions as _},
};

/// Size, in bytes, at which the log is rotated to `….log.old`. Both files together stay below twice
/// this size.
const MAX_BYTES: u64 = 1024 * 1024;

struct FileLog {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

/// Installs the file logger. The file is created with its first line. If it can't be written,
/// logging is silent, because it must not cost a save; standard error gets the reason, which
/// browsers keep for a host.
pub fn start(config: &Config) {
    let log = FileLog {
        path: config.log.clone(),
        file: Mutex::new(None),
    };
    // Fails only if a logger is already set, as in tests.
    if log::set_boxed_logger(Box::new(log)).is_ok() {
        log::set_max_level(config.log_level);
    }
    if let Some(obstacle) = &config.log_obstacle {
        let _ = writeln!(io::stderr(), "url-notes: {obstacle}");
    }
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
}

impl FileLog {
    fn append(&self, line: &str) -> io::Result<()> {
        let mut file = self
            .file
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let full = match &*file {
            Some(file) => file.metadata()?.len() >= MAX_BYTES,
            None => false,
        };
        if full {
            *file = None;
            // Another process may have rotated the file a moment ago.
            if fs::metadata(&self.path)?.len() >= MAX_BYTES {
                fs::rename(&self.path, self.path.with_extension("log.old"))?;
            }
        }
        if file.is_none() {
            *file = Some(open(&self.path)?);
        }
        match &mut *file {
            // One write per line, because several processes append to the file.
            Some(file) => file.write_all(line.as_bytes()),
            None => Ok(()),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        platform::create_private_folders(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .private()
        .without_waiting(false)
        .open(path)
}

impl Log for FileLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("url_notes")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // A log that can't be written has nowhere to report that.
            let _ = self.append(&line(record, crate::clock::now(), std::process::id()));
        }
    }

    fn flush(&self) {}
}

fn line(record: &Record<'_>, now: Timestamp, process: u32) -> String {
    let message = record.args().to_string();
    let mut line = format!("{now:.3} {:5} {process} ", record.level());
    for c in message.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn log_in(dir: &Path) -> FileLog {
        FileLog {
            path: dir.join("a/url-notes.log"),
            file: Mutex::new(None),
        }
    }

    #[test]
    fn a_line_is_a_line() {
        let record = Record::builder()
            .args(format_args!("a\nb\x1b[0m"))
            .level(log::Level::Warn)
            .build();
        let now = "2025-08-12T10:00:00Z".parse().unwrap();
        assert_eq!(
            line(&record, now, 7),
            "2025-08-12T10:00:00.000Z WARN  7 a\\nb\\u{1b}[0m\n"
        );
    }

    #[test]
    fn the_log_is_private_and_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (log_in(dir.path()), log_in(dir.path()));
        let line = format!("{}\n", "x".repeat(1000));
        for _ in 0..1500 {
            one.append(&line).unwrap();
            other.append(&line).unwrap();
        }
        let size = |name: &str| fs::metadata(dir.path().join("a").join(name)).unwrap().len();
        let limit = MAX_BYTES + 2 * 1001;
        assert!(size("url-notes.log") <= limit);
        assert!(size("url-notes.log.old") <= limit);
        let mode = fs::metadata(&one.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

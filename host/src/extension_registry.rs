//! Records which extensions connected to this user's hosts, in one small file in the state folder
//! that `url-notes doctor` reads. The file contains only versions, times and paths of browsers and
//! host manifests.
//!
//! An idle host writes it, never before an answer. If two hosts write it at the same moment, one
//! record may be missing until its extension connects again.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    caller::{Caller, Family},
    domain::timestamp_text,
    platform::{self, PrivateOptions as _},
    protocol::{HelloParams, PROTOCOL},
};

/// Shortest time between two records of the same extension.
const PAUSE: Duration = Duration::from_secs(60);
/// Most browsers that are remembered. The least recently seen are dropped first.
const MANY: usize = 32;
/// Longest version string that is stored, in characters. The extension chooses it.
const VERSION_LENGTH: usize = 40;
const MAX_BYTES: u64 = 64 * 1024;

/// The last connection of an extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Visit {
    /// The family of its browser.
    pub family: Family,
    /// The browser's executable, if the system reports it.
    pub browser: Option<PathBuf>,
    /// The host manifest, if the browser passes it.
    pub manifest: Option<PathBuf>,
    /// The extension's version.
    pub extension: String,
    /// The extension's protocol version.
    pub protocol: u32,
    /// The time of its last hello, in RFC 3339.
    pub at: String,
}

/// Writes the registry file for one host.
#[derive(Debug)]
pub struct ExtensionRegistry {
    file: PathBuf,
    caller: Caller,
    /// Version and protocol of a hello that isn't written yet.
    greeting: Option<(String, u32)>,
    /// Version, protocol and time of the last record written.
    written: Option<(String, u32, Instant)>,
}

impl ExtensionRegistry {
    /// Creates a registry that writes to `file`, for the host that `caller` started.
    #[must_use]
    pub fn new(file: PathBuf, caller: Caller) -> Self {
        Self {
            file,
            caller,
            greeting: None,
            written: None,
        }
    }

    /// Remembers a hello. [`ExtensionRegistry::write`] stores it.
    pub fn record_hello(&mut self, hello: &HelloParams) {
        let version = hello.extension.chars().filter(|c| !c.is_control());
        self.greeting = Some((version.take(VERSION_LENGTH).collect(), hello.protocol));
    }

    /// Stores the hello received since the last call, if any.
    pub fn write(&mut self, now: Timestamp) {
        let Some((extension, protocol)) = self.greeting.take() else {
            return;
        };
        let known = self.written.as_ref().is_some_and(|(was, spoke, when)| {
            *was == extension && *spoke == protocol && when.elapsed() < PAUSE
        });
        if known {
            return;
        }
        self.written = Some((extension.clone(), protocol, Instant::now()));
        let visit = Visit {
            family: self.caller.family,
            browser: platform::parent_program(),
            manifest: self.caller.manifest.clone(),
            extension,
            protocol,
            at: timestamp_text(now),
        };
        if let Err(error) = add(&self.file, visit) {
            // Nothing depends on this file.
            log::info!("the file of extensions can't be written: {error}");
        }
    }
}

/// Reads the file, newest record first. Returns an empty list if it doesn't exist or can't be read.
#[must_use]
pub fn visits(file: &Path) -> Vec<Visit> {
    let small = fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() <= MAX_BYTES);
    let text = if small {
        fs::read(file)
    } else {
        Ok(Vec::new())
    };
    text.ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

fn add(file: &Path, visit: Visit) -> io::Result<()> {
    let mut all = visits(file);
    all.retain(|other| {
        (other.family, &other.browser, &other.manifest)
            != (visit.family, &visit.browser, &visit.manifest)
    });
    all.insert(0, visit);
    all.truncate(MANY);
    if let Some(folder) = file.parent() {
        platform::create_private_folders(folder)?;
    }
    let part = file.with_extension(format!("{}.part", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .private()
        .open(&part)
        .and_then(|mut new| new.write_all(&serde_json::to_vec_pretty(&all)?))
        .and_then(|()| fs::rename(&part, file));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

impl Visit {
    /// Returns whether this program and that extension have a protocol version in common.
    #[must_use]
    pub fn speaks_with_us(&self) -> bool {
        self.protocol == PROTOCOL
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn hello(version: &str) -> HelloParams {
        HelloParams {
            protocol: 1,
            extension: version.into(),
        }
    }

    fn seen(file: &Path, manifest: Option<&str>) -> ExtensionRegistry {
        let caller = Caller {
            family: Family::Firefox,
            manifest: manifest.map(PathBuf::from),
        };
        ExtensionRegistry::new(file.to_owned(), caller)
    }

    #[test]
    fn the_last_hello_of_each_browser_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state/extensions.json");
        let now: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
        let mut first = seen(&file, Some("/a.json"));
        first.write(now);
        assert!(!file.exists(), "no hello yet");
        first.record_hello(&hello("0.1.0"));
        first.write(now);
        let mut second = seen(&file, Some("/b.json"));
        second.record_hello(&hello(&format!("1\u{7}{}", "x".repeat(100))));
        second.write(now);
        first.record_hello(&hello("0.2.0"));
        first.write(now);
        let found = visits(&file);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].extension, "0.2.0");
        assert_eq!(found[0].at, "2026-11-25T10:00:00.000Z");
        assert_eq!(found[1].extension.len(), VERSION_LENGTH);
        assert_eq!(found[1].manifest.as_deref(), Some(Path::new("/b.json")));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
        if cfg!(target_os = "linux") {
            assert!(found[0].browser.as_ref().unwrap().is_absolute());
        }
    }

    #[test]
    fn a_repeated_hello_is_not_written_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("extensions.json");
        let mut seen = seen(&file, None);
        for at in ["2026-11-25T10:00:00Z", "2026-11-25T10:00:09Z"] {
            seen.record_hello(&hello("0.1.0"));
            seen.write(at.parse().unwrap());
        }
        assert_eq!(visits(&file)[0].at, "2026-11-25T10:00:00.000Z");
    }

    #[test]
    fn an_invalid_registry_file_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("extensions.json");
        fs::write(&file, "nonsense").unwrap();
        assert_eq!(visits(&file), []);
        let mut seen = seen(&file, None);
        seen.record_hello(&hello("0.1.0"));
        seen.write(crate::clock::now());
        assert_eq!(visits(&file).len(), 1);
    }
}

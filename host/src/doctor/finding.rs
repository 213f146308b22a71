//! A finding: the fault, its cause and its fixes.

use std::path::{Path, PathBuf};

use crate::{
    caller::Family,
    platform::{Danger, FileId},
    protocol::ErrorKind,
};

/// The subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// This program and the user that it runs as.
    Program,
    /// The programs on PATH.
    Path,
    /// A browser, its registration and its extension.
    Browser,
    /// The notes.
    Database,
    /// The site and its port.
    Site,
    /// The program that uses the network.
    Network,
    /// The sync of notes with other devices.
    Sync,
    /// Configuration file and environment.
    Settings,
    /// The log.
    Log,
}

impl Area {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Path => "path",
            Self::Browser => "browser",
            Self::Database => "database",
            Self::Site => "site",
            Self::Network => "network",
            Self::Sync => "sync",
            Self::Settings => "settings",
            Self::Log => "log",
        }
    }
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No problem was found.
    Ok,
    /// Something may not work.
    Warning,
    /// Something doesn't work.
    Fault,
}

impl Level {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// The result of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The subject of the check.
    pub area: Area,
    /// The browser, if the finding is about one.
    pub about: Option<&'static str>,
    /// The severity.
    pub level: Level,
    /// A stable word for the problem: that of a [`Cause`], an error kind of the wire, or `unsafe`,
    /// `port_taken`, `settings`. `None` if there is no problem, or one without a name.
    pub cause: Option<String>,
    /// The finding as a sentence.
    pub message: String,
    /// The command that fixes the problem. `./install.sh` is to be run in the url-notes folder.
    pub command: Option<String>,
    /// What to do if no command fixes it, as a sentence.
    pub advice: Option<String>,
    /// What [`apply_fixes`] can do about it.
    pub fixes: Vec<Fix>,
}

impl Finding {
    pub(super) fn new(area: Area, level: Level, message: String) -> Self {
        Self {
            area,
            about: None,
            level,
            cause: None,
            message,
            command: None,
            advice: None,
            fixes: Vec::new(),
        }
    }
}

/// A fix that is safe to apply without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// Rewrite a browser's host manifest.
    Register {
        /// The folder that the browser reads.
        folder: PathBuf,
        /// The browser's family.
        family: Family,
        /// The program that the manifest must name.
        program: PathBuf,
        /// Other extensions that the manifest must still allow.
        others: Vec<String>,
        /// The browser's name for users.
        title: &'static str,
    },
    /// Set the mode of a file or folder that belongs to this user.
    Mode {
        /// The file or folder.
        path: PathBuf,
        /// The new mode.
        mode: u32,
    },
    /// Remove other users' access to the notes.
    MakePrivate {
        /// Path of the database.
        database: PathBuf,
    },
}

pub(super) fn unsafe_path(area: Area, danger: Danger) -> Finding {
    let command = take_rights(&danger);
    let fixes = danger.mode.map(|mode| Fix::Mode {
        path: danger.path.clone(),
        mode,
    });
    Finding {
        cause: Some("unsafe".into()),
        advice: command
            .is_none()
            .then(|| "Move url-notes to a folder that only you and root can change.".into()),
        command,
        fixes: fixes.into_iter().collect(),
        ..Finding::new(area, Level::Fault, danger.sentence)
    }
}

/// Returns whether both paths lead to the same file.
pub(super) fn same_file(one: Option<&Path>, other: Option<&Path>) -> bool {
    let one = one.and_then(FileId::of);
    one.is_some() && one == other.and_then(FileId::of)
}

/// Quotes a path for a shell.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Removes control sequences for terminals from a text of another program.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// Returns the word of an error kind on the wire.
pub(super) fn word(kind: ErrorKind) -> Option<String> {
    let word = serde_json::to_value(kind).ok()?;
    word.as_str().map(str::to_owned)
}

/// Returns the command that removes the access of others.
pub(super) fn take_rights(danger: &Danger) -> Option<String> {
    danger
        .mode
        .map(|mode| format!("chmod {mode:o} {}", quoted(&danger.path)))
}

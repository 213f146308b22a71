//! What an examination finds: the fault, its cause and its remedies.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::{caller::Family, protocol::ErrorKind, registration::permissions::Danger};

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    /// This program, and whom it runs for.
    Program,
    /// The programs that a shell finds.
    Path,
    /// A browser, the registration with it, its extension.
    Browser,
    /// The notes.
    Database,
    /// The site and its port.
    Site,
    /// Configuration file and environment.
    Settings,
    /// The log.
    Log,
}

impl Area {
    /// A stable word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Path => "path",
            Self::Browser => "browser",
            Self::Database => "database",
            Self::Site => "site",
            Self::Settings => "settings",
            Self::Log => "log",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// All is well.
    Well,
    /// Worth knowing; everything may work all the same.
    Warning,
    /// Something doesn't work.
    Fault,
}

impl Level {
    /// A stable word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
        }
    }
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// The browser, where it is about one.
    pub about: Option<&'static str>,
    /// How bad it is.
    pub level: Level,
    /// A stable word for what is wrong: that of a [`Cause`], an error kind of the wire, or
    /// `unsafe`, `port_taken`, `settings`. None where nothing is, or nothing that has a name.
    pub cause: Option<String>,
    /// A sentence.
    pub message: String,
    /// The command that mends it. `./install.sh` is run in the url-notes folder.
    pub command: Option<String>,
    /// What to do where no command can, a sentence.
    pub advice: Option<String>,
    /// What [`mend`] can do.
    pub remedies: Vec<Remedy>,
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
            remedies: Vec::new(),
        }
    }
}

/// Something that can be done without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Write the host manifest of a browser anew.
    Register {
        /// The folder that the browser looks into.
        folder: PathBuf,
        /// Its kind of manifest.
        family: Family,
        /// What it shall start.
        program: PathBuf,
        /// Other extensions that it shall go on to let in.
        others: Vec<String>,
        /// What people call the browser.
        title: &'static str,
    },
    /// Set the mode of a file or a folder of this user.
    Mode {
        /// Which.
        path: PathBuf,
        /// To what.
        mode: u32,
    },
    /// Take the rights of others to the notes away.
    MakePrivate {
        /// The database.
        database: PathBuf,
    },
}

pub(super) fn unsafe_path(area: Area, danger: Danger) -> Finding {
    let command = take_rights(&danger);
    let remedies = danger.mode.map(|mode| Remedy::Mode {
        path: danger.path.clone(),
        mode,
    });
    Finding {
        cause: Some("unsafe".into()),
        advice: command
            .is_none()
            .then(|| "Move url-notes to a folder that only you and root can change.".into()),
        command,
        remedies: remedies.into_iter().collect(),
        ..Finding::new(area, Level::Fault, danger.sentence)
    }
}

/// Whether both paths lead to one file.
pub(super) fn same_file(one: Option<&Path>, other: Option<&Path>) -> bool {
    let id = |path: Option<&Path>| {
        let found = fs::metadata(path?).ok()?;
        Some((found.dev(), found.ino()))
    };
    id(one).is_some_and(|one| Some(one) == id(other))
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text of others' without what could steer a terminal.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The word of an error kind, as it stands on the wire.
pub(super) fn word(kind: ErrorKind) -> Option<String> {
    let word = serde_json::to_value(kind).ok()?;
    word.as_str().map(str::to_owned)
}

/// The command that takes the rights of others away.
pub(super) fn take_rights(danger: &Danger) -> Option<String> {
    danger
        .mode
        .map(|mode| format!("chmod {mode:o} {}", quoted(&danger.path)))
}

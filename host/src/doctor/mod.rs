//! What is wrong between browser and database, and its cure.
//!
//! Looks at everything there is on the way of a save: browsers and their host manifests
//! (`registration.rs`), the program that these name, greeted as each browser greets it
//! (`greeting.rs`), the database (`notes.rs`), and port, PATH, settings and log
//! (`machine.rs`). Nothing is changed by looking. A fault may have remedies, which
//! `mend` carries out: only what is safe, and never anything in the notes. How it is
//! shown is `cli/doctor.rs`.

mod cause;
mod greeting;
mod machine;
mod notes;
mod registration;

use std::{
    fs::{self, OpenOptions},
    io,
    os::{
        fd::AsRawFd as _,
        unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
    thread,
};

use jiff::Timestamp;

pub use cause::Cause;
pub use notes::NotesState;
pub use registration::{BrowserState, Registration};

use crate::{
    config::{Config, Family, Surroundings},
    protocol::ErrorKind,
    registration::{
        Platform, browsers, files, manifest,
        permissions::{self, Danger},
    },
    regular,
    seen::{self, Visit},
    store,
};

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
    fn new(area: Area, level: Level, message: String) -> Self {
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

/// All that was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was looked at, in the order in which it is shown.
    pub findings: Vec<Finding>,
    /// The browsers that there is something to say about.
    pub browsers: Vec<BrowserState>,
    /// All extensions that have greeted, the last one first.
    pub visits: Vec<Visit>,
    /// The database.
    pub notes: NotesState,
}

impl Report {
    /// How many findings are as bad as this.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let as_bad = self
            .findings
            .iter()
            .filter(|finding| finding.level == level);
        as_bad.count()
    }

    /// How many of the faults and warnings [`mend`] can do something about.
    #[must_use]
    pub fn mendable(&self) -> usize {
        let wrong = self.findings.iter();
        wrong.filter(|finding| !finding.remedies.is_empty()).count()
    }
}

/// Looks at everything. Takes seconds at most, and changes nothing.
#[must_use]
pub fn examine(config: &Config, around: &Surroundings, now: Timestamp) -> Report {
    let visits = seen::visits(&config.seen);
    let (all, strays) = BrowserState::all(browsers::all(Platform::here(), around), &visits);
    let matter = all.iter().filter(|state| state.matters(&all));
    let browsers: Vec<BrowserState> = matter.cloned().collect();
    // All at once, since each may be waited for.
    let (mut findings, of_browsers, (notes, of_notes), of_port) = thread::scope(|scope| {
        let started: Vec<_> = browsers
            .iter()
            .map(|state| scope.spawn(move || registration::examine(state, around)))
            .collect();
        let port = scope.spawn(|| machine::port(config));
        let notes = scope.spawn(|| notes::examine(&config.database));
        let program = machine::program(around);
        let of_browsers: Vec<Finding> = started
            .into_iter()
            .flat_map(|examined| joined(examined.join()))
            .collect();
        (
            program,
            of_browsers,
            joined(notes.join()),
            joined(port.join()),
        )
    });
    findings.extend(of_browsers);
    findings.extend(strays.iter().map(registration::stray));
    if !browsers.iter().any(|state| state.browser.is_here()) {
        findings.push(Finding {
            command: Some(format!("{} --browser NAME", Cause::NotRegistered.cure())),
            ..Finding::new(
                Area::Browser,
                Level::Warning,
                "No supported browser was found on this computer.".into(),
            )
        });
    } else if visits.is_empty() {
        findings.push(Finding {
            advice: Some(
                "Load the folder `extension` in your browser, then click the url-notes button."
                    .into(),
            ),
            ..Finding::new(
                Area::Browser,
                Level::Warning,
                "The extension hasn't connected from any browser yet.".into(),
            )
        });
    }
    findings.extend(of_notes);
    findings.extend(of_port);
    findings.extend(machine::settings(config));
    findings.extend(machine::time_zone());
    findings.extend(machine::log(config, now));
    Report {
        findings,
        browsers,
        visits,
        notes,
    }
}

fn joined<T>(done: thread::Result<T>) -> T {
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What [`mend`] has done, or has not been able to do, as sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mended {
    /// What is done.
    pub done: Vec<String>,
    /// What isn't, and why.
    pub failed: Vec<String>,
    /// The files in which registrations are kept that were replaced.
    pub kept: Vec<PathBuf>,
}

/// Does what is safe about what was found.
#[must_use]
pub fn mend(report: &Report, around: &Surroundings) -> Mended {
    let mut mended = Mended::default();
    let mut remedies: Vec<&Remedy> = Vec::new();
    for remedy in report.findings.iter().flat_map(|finding| &finding.remedies) {
        // Browsers share folders.
        if !remedies.iter().any(|known| known.does_the_same(remedy)) {
            remedies.push(remedy);
        }
    }
    let strange_home = around
        .home
        .as_deref()
        .is_some_and(permissions::is_of_another);
    if strange_home && !remedies.is_empty() {
        mended.failed.push(
            "Nothing was fixed because the home folder belongs to another user. Run this command as that user."
                .into(),
        );
        return mended;
    }
    for remedy in remedies {
        match remedy.apply() {
            Ok((done, kept)) => {
                mended.done.push(done);
                mended.kept.extend(kept);
            }
            Err(why) => mended.failed.push(why),
        }
    }
    mended
}

impl Remedy {
    fn does_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Register { folder, .. }, Self::Register { folder: same, .. }) => folder == same,
            _ => self == other,
        }
    }

    /// A sentence, and the file in which what was replaced is kept.
    fn apply(&self) -> Result<(String, Option<PathBuf>), String> {
        match self {
            Self::Register {
                folder,
                family,
                program,
                others,
                title,
            } => {
                let done = files::write(folder, *family, program, others, false)?;
                let (file, kept) = (manifest::file_in(folder), done.kept);
                let mut sentence = format!(
                    "Registered {} with {title}: {}.",
                    program.display(),
                    file.display()
                );
                if let Some(kept) = &kept {
                    sentence.push_str(" The previous file is kept as ");
                    sentence.push_str(&kept.display().to_string());
                    sentence.push('.');
                }
                Ok((sentence, kept))
            }
            Self::Mode { path, mode } => Ok((set_mode(path, *mode)?, None)),
            Self::MakePrivate { database } => {
                store::make_private(database);
                if store::is_open_to_others(database) {
                    return Err(
                        "Other users can still read the notes: their permissions can't be changed."
                            .into(),
                    );
                }
                Ok(("Only you can read the notes now.".into(), None))
            }
        }
    }
}

fn set_mode(path: &Path, mode: u32) -> Result<String, String> {
    let shown = path.display();
    let failed =
        |error: io::Error| format!("The permissions of {shown} can't be changed ({error}).");
    // Opened, and then changed by what is open: what has become a link meanwhile may lead
    // anywhere.
    let flags = regular::NO_WAIT | regular::NO_LINK;
    let mut options = OpenOptions::new();
    let opened = options.read(true).custom_flags(flags).open(path);
    let opened = match opened {
        // Who may only write or execute it.
        #[cfg(target_os = "linux")]
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            options.custom_flags(flags | regular::PLACE).open(path)
        }
        opened => opened,
    };
    let file = opened.map_err(failed)?;
    let found = file.metadata().map_err(failed)?;
    if found.is_symlink() || found.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!(
            "The permissions of {shown} weren't changed because it is a link or belongs to another user."
        ));
    }
    let mode_wanted = fs::Permissions::from_mode(mode);
    let mut done = file.set_permissions(mode_wanted.clone());
    if cfg!(target_os = "linux") && done.is_err() {
        // What is only a place has no mode to set; the system's name for it has.
        let name = format!("/proc/self/fd/{}", file.as_raw_fd());
        done = fs::set_permissions(name, mode_wanted);
    }
    done.map_err(failed)?;
    Ok(format!("Changed the permissions of {shown} to {mode:o}."))
}

fn unsafe_path(area: Area, danger: Danger) -> Finding {
    let command = registration::take_rights(&danger);
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
fn same_file(one: Option<&Path>, other: Option<&Path>) -> bool {
    let id = |path: Option<&Path>| {
        let found = fs::metadata(path?).ok()?;
        Some((found.dev(), found.ino()))
    };
    id(one).is_some_and(|one| Some(one) == id(other))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text of others' without what could steer a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

/// The word of an error kind, as it stands on the wire.
fn word(kind: ErrorKind) -> Option<String> {
    let word = serde_json::to_value(kind).ok()?;
    word.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_needs_it() {
        for (path, text) in [
            ("/home/me/a-b_c.d", "/home/me/a-b_c.d"),
            ("/home/my notes", "'/home/my notes'"),
            ("/home/it's", r"'/home/it'\''s'"),
            ("/home/$(x)", "'/home/$(x)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(Path::new(path)), text);
        }
    }

    #[test]
    fn a_mode_is_set_on_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(set_mode(&link, 0o600).is_err());
        // Also where it may not be read.
        for mode in [0o600, 0o000, 0o311, 0o600] {
            assert_eq!(set_mode(&file, mode).err(), None);
            let found = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(found & 0o7777, mode);
        }
    }
}

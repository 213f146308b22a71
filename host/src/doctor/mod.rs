//! Finds out what is wrong between browser and database, and how to fix it.
//!
//! Checks every step of a save: browsers and their host manifests (`registration.rs`), the program
//! that these name, started as the browser starts it (`probe.rs`), the database (`notes.rs`), and
//! port, PATH, settings and log (`environment.rs`). Checking changes nothing. A fault may have
//! fixes that `apply_fixes` applies; these are safe and never touch the notes. `cli/doctor.rs` prints
//! the report.

mod cause;
mod environment;
mod finding;
mod network;
mod notes;
mod probe;
mod registration;
mod sync;
mod windows_commands;

use std::{
    path::{Path, PathBuf},
    thread,
};

use jiff::Timestamp;

use crate::{
    config::{Config, Environment},
    extension_registry::{self, Visit},
    platform::{self, System},
    registration::{Platform, browsers, files, manifest},
    store,
};

pub use cause::Cause;
pub use finding::{Area, Finding, Fix, Level};
pub use notes::NotesState;
pub use registration::{BrowserState, Registration};

/// The result of all checks.
#[derive(Debug, Clone)]
pub struct Report {
    /// The findings, in the order in which they are shown.
    pub findings: Vec<Finding>,
    /// The browsers that have findings.
    pub browsers: Vec<BrowserState>,
    /// All extensions that connected, most recent first.
    pub visits: Vec<Visit>,
    /// The database.
    pub notes: NotesState,
}

impl Report {
    /// Returns the number of findings of a severity.
    #[must_use]
    pub fn count(&self, level: Level) -> usize {
        let as_bad = self
            .findings
            .iter()
            .filter(|finding| finding.level == level);
        as_bad.count()
    }

    /// Returns the number of faults and warnings for which [`apply_fixes`] has a fix.
    #[must_use]
    pub fn fixable(&self) -> usize {
        let wrong = self.findings.iter();
        wrong.filter(|finding| !finding.fixes.is_empty()).count()
    }
}

/// Runs all checks. Takes a few seconds at most, and changes nothing.
#[must_use]
pub fn examine(config: &Config, around: &Environment, now: Timestamp) -> Report {
    let visits = extension_registry::visits(&config.extensions_file);
    let (all, strays) = BrowserState::all(browsers::all(Platform::here(), around), &visits);
    let matter = all.iter().filter(|state| state.matters(&all));
    let browsers: Vec<BrowserState> = matter.cloned().collect();
    // The checks run in parallel, because each may block.
    let (mut findings, of_browsers, (notes, of_notes), of_port) = thread::scope(|scope| {
        let started: Vec<_> = browsers
            .iter()
            .map(|state| scope.spawn(move || registration::examine(state, around)))
            .collect();
        let port = scope.spawn(|| environment::port(config));
        let notes = scope.spawn(|| notes::examine(&config.database));
        let program = environment::program(around);
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
            command: Some(format!("{} --browser NAME", Cause::NotRegistered.fix())),
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
    findings.push(network::examine(config, around, notes.health.as_ref()));
    findings.extend(sync::examine(config, now));
    findings.extend(environment::settings(config));
    findings.extend(environment::time_zone());
    findings.extend(environment::log(config, now));
    if platform::HERE == System::Windows {
        findings.iter_mut().for_each(windows_commands::translate);
    }
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

/// What [`apply_fixes`] did and what it couldn't do, as sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppliedFixes {
    /// What was done.
    pub done: Vec<String>,
    /// What failed, and why.
    pub failed: Vec<String>,
    /// The backups of registrations that were replaced.
    pub kept: Vec<PathBuf>,
}

/// Applies the fixes of a report.
#[must_use]
pub fn apply_fixes(report: &Report, around: &Environment) -> AppliedFixes {
    let mut applied = AppliedFixes::default();
    let mut fixes: Vec<&Fix> = Vec::new();
    for fix in report.findings.iter().flat_map(|finding| &finding.fixes) {
        // Browsers share folders.
        if !fixes.iter().any(|known| known.does_the_same(fix)) {
            fixes.push(fix);
        }
    }
    let strange_home = around.home.as_deref().is_some_and(platform::is_of_another);
    if strange_home && !fixes.is_empty() {
        applied.failed.push(
            "Nothing was fixed because the home folder belongs to another user. Run this command as that user."
                .into(),
        );
        return applied;
    }
    for fix in fixes {
        match fix.apply() {
            Ok((done, kept)) => {
                applied.done.push(done);
                applied.kept.extend(kept);
            }
            Err(why) => applied.failed.push(why),
        }
    }
    applied
}

impl Fix {
    fn does_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Register { folder, .. }, Self::Register { folder: same, .. }) => folder == same,
            _ => self == other,
        }
    }

    /// Applies the fix. Returns a sentence and the backup of the file that was replaced, if any.
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
    let done = platform::set_mode_of_own(path, mode)
        .map_err(|error| format!("The permissions of {shown} can't be changed ({error})."))?;
    if !done {
        return Err(format!(
            "The permissions of {shown} weren't changed because it is a link or belongs to another user."
        ));
    }
    Ok(format!("Changed the permissions of {shown} to {mode:o}."))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::doctor::finding::quoted;

    #[test]
    fn a_path_is_quoted_if_a_shell_needs_it() {
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
        // Also for modes that don't permit reading.
        for mode in [0o600, 0o000, 0o311, 0o600] {
            assert_eq!(set_mode(&file, mode).err(), None);
            let found = fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(found & 0o7777, mode);
        }
    }
}

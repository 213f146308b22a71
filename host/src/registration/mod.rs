//! Registration with browsers: the host manifests by which a browser finds this program.
//!
//! This module is the only writer of host manifests. `url-notes doctor --fix` uses it, and
//! `url-notes register` (`cli/register.rs`), which install.sh and packaging/deb.sh call.
//! `browsers.rs` knows the browsers and their folders, `manifest.rs` the content of a manifest,
//! `files.rs` writes and removes the files, `program.rs` chooses the program to register,
//! `net_program.rs` finds the program beside it that uses the network, and `search_path.rs` puts their
//! folder on PATH.
//!
//! On Windows, browsers find manifests by keys of the registry. The name of a manifest's folder says
//! which key (`platform::ManifestKey`), and `files.rs` writes and removes it with the manifest.

pub(crate) mod browsers;
pub(crate) mod files;
pub(crate) mod manifest;
pub(crate) mod net_program;
pub(crate) mod program;
pub(crate) mod search_path;

use std::path::{Path, PathBuf};

pub use browsers::{Browser, Platform, Unreachable, names};
pub use files::{Change, Done};

use crate::{config::Environment, platform};

/// System folders that stay even if they are empty.
const KEPT_OF_SYSTEM: [&str; 8] = [
    "/",
    "/etc",
    "/etc/opt",
    "/usr",
    "/usr/lib",
    "/usr/lib64",
    "/Library",
    "/Library/Application Support",
];

/// Registers the program with browsers, or removes its registrations.
#[derive(Debug)]
pub struct Registrar<'a> {
    /// The user's and the system's folders.
    pub around: &'a Environment,
    /// The platform whose browsers are registered with.
    pub platform: Platform,
    /// Names of browsers. If empty: the installed ones when registering, all when removing.
    pub named: &'a [String],
    /// Whether to register with the installed browsers in addition to the named ones.
    pub found: bool,
    /// Whether to register for all users instead of the current one.
    pub for_machine: bool,
    /// Prefix of every path that is written: `/`, except while a package is built.
    pub root: &'a Path,
    /// Whether to report the changes without making them.
    pub dry_run: bool,
}

/// The result for one browser.
#[derive(Debug)]
pub struct Outcome {
    /// The browser.
    pub browser: Browser,
    /// Why no registration was attempted.
    pub unreachable: Option<Unreachable>,
    /// The browser's manifests.
    pub files: Vec<(PathBuf, Result<Done, String>)>,
}

impl Outcome {
    /// Returns whether the browser finds the program now.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.unreachable.is_none() && self.files.iter().all(|(_, done)| done.is_ok())
    }
}

impl Registrar<'_> {
    /// Writes the manifests that name `program`, an absolute path. Each of the browsers that share
    /// a folder has an outcome.
    ///
    /// # Errors
    /// A sentence, if nothing may be written at all. If a single folder refuses the file, its
    /// outcome says so and the other browsers go on.
    pub fn register(&self, program: &Path) -> Result<Vec<Outcome>, String> {
        self.refuse_wrong_user()?;
        let wanted = browsers::all(self.platform, self.around)
            .into_iter()
            .filter(|browser| {
                let is_named = self.is_named(browser);
                is_named || (self.found || self.named.is_empty()) && self.is_found(browser)
            });
        let register = |browser: Browser| {
            let unreachable = browser.unreachable(self.for_machine);
            let folders = match unreachable {
                Some(_) => Vec::new(),
                None => self.folders(&browser),
            };
            let write = |folder: PathBuf| {
                let done = files::write(&folder, browser.family, program, &[], self.dry_run);
                (manifest::file_in(&folder), done)
            };
            Outcome {
                files: folders.into_iter().map(write).collect(),
                unreachable,
                browser,
            }
        };
        Ok(wanted.map(register).collect())
    }

    /// Removes manifests, and folders that are empty afterwards. A manifest that url-notes didn't
    /// write is kept beside its old location. Only browsers that had a manifest have an outcome; of
    /// those that share a folder, only the first has one.
    ///
    /// # Errors
    /// As [`Registrar::register`].
    pub fn unregister(&self) -> Result<Vec<Outcome>, String> {
        self.refuse_wrong_user()?;
        let wanted = browsers::all(self.platform, self.around)
            .into_iter()
            .filter(|browser| self.named.is_empty() || self.is_named(browser));
        // Browsers share folders.
        let mut seen: Vec<PathBuf> = Vec::new();
        let unregister = |browser: Browser| {
            let mut files = Vec::new();
            for file in self
                .folders(&browser)
                .iter()
                .map(|dir| manifest::file_in(dir))
            {
                if seen.contains(&file) {
                    continue;
                }
                let is_kept = |folder: &Path| self.is_kept(folder);
                let done = files::remove(&file, browser.family, self.dry_run, is_kept);
                if let Some(done) = done.transpose() {
                    files.push((file.clone(), done));
                    seen.push(file);
                }
            }
            (!files.is_empty()).then_some(Outcome {
                browser,
                unreachable: None,
                files,
            })
        };
        Ok(wanted.filter_map(unregister).collect())
    }

    fn is_named(&self, browser: &Browser) -> bool {
        self.named.iter().any(|name| name == browser.name)
    }

    /// A user's profile says nothing about the browsers of other users.
    fn is_found(&self, browser: &Browser) -> bool {
        browser.program.is_some() || !self.for_machine && browser.profile.is_some()
    }

    fn folders(&self, browser: &Browser) -> Vec<PathBuf> {
        if !self.for_machine {
            return browser.hosts.clone();
        }
        let staged = |folder: &PathBuf| self.root.join(folder.strip_prefix("/").unwrap_or(folder));
        // Only systems that have Mozilla's folder in /usr/lib64 read manifests there.
        let is_read = |folder: &PathBuf| {
            !folder.starts_with("/usr/lib64")
                || folder
                    .parent()
                    .is_some_and(|above| staged(&above.into()).is_dir())
        };
        let folders = browser.system_hosts.iter();
        folders
            .filter(|folder| is_read(folder))
            .map(staged)
            .collect()
    }

    /// Returns whether to keep an empty folder: those that existed before url-notes.
    fn is_kept(&self, folder: &Path) -> bool {
        if !self.for_machine {
            let own = [&self.around.home, &self.around.config_home];
            return own.into_iter().flatten().any(|kept| kept == folder);
        }
        let in_root = folder.strip_prefix(self.root).unwrap_or(folder);
        let in_root = Path::new("/").join(in_root);
        KEPT_OF_SYSTEM.iter().any(|kept| in_root == Path::new(kept))
    }

    /// Refuses to run under sudo for a single user. The home folder would belong to another user,
    /// whose files would become root's, or it would be root's own, where the user's browsers don't
    /// look.
    fn refuse_wrong_user(&self) -> Result<(), String> {
        let is_windows = self.platform == Platform::Windows;
        if is_windows && self.for_machine {
            return Err(
                "On Windows, url-notes registers for one user at a time. Leave out --system."
                    .into(),
            );
        }
        let mut variables = self.around.variables.iter();
        if is_windows && !variables.any(|(name, _)| *name == "LOCALAPPDATA") {
            return Err(
                "LOCALAPPDATA isn't set to a folder, so browsers can't be registered with. Set it, and run this again."
                    .into(),
            );
        }
        if self.for_machine {
            let is_root = platform::is_administrator();
            if self.root == Path::new("/") && !is_root && !self.dry_run {
                return Err(
                    "Registering for all users takes root: sudo url-notes register --system".into(),
                );
            }
            return Ok(());
        }
        let Some(home) = &self.around.home else {
            return Err("Set HOME to the absolute path of your home folder.".into());
        };
        if platform::is_of_another(home) {
            return Err(format!(
                "HOME ({}) belongs to another user. Run this as that user, without sudo.",
                home.display()
            ));
        }
        if self.around.under_sudo {
            return Err(
                "This would register url-notes for root. Run it without sudo, or with --system for all users."
                    .into(),
            );
        }
        Ok(())
    }
}

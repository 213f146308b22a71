//! Registration with browsers: the host manifests by which a browser finds this program.
//!
//! The one writer of host manifests. `url-notes register` (`cli/register.rs`), which
//! install.sh and packaging/deb.sh call, and `url-notes doctor --fix` use it. Which browsers
//! there are and where they look is `browsers.rs`; what a manifest says is `manifest.rs`; how
//! it is written and removed is `files.rs`; which program is registered is `program.rs`.
//!
//! A platform where a browser finds the manifest by other means than its folder, as by the
//! registry keys of Windows, is a further [`Platform`], and its means belong into `files.rs`.

pub(crate) mod browsers;
pub(crate) mod files;
pub(crate) mod manifest;
pub(crate) mod permissions;
pub(crate) mod program;

use std::path::{Path, PathBuf};

pub use browsers::{Browser, Platform, Unreachable, names};
pub use files::{Change, Done};

use crate::config::Environment;

/// Folders of the system that stay when they are empty.
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

/// Registers with browsers, or takes that back.
#[derive(Debug)]
pub struct Registrar<'a> {
    /// Where the user's and the system's folders are.
    pub around: &'a Environment,
    /// Whose browsers.
    pub platform: Platform,
    /// Names of browsers. None: those that are found when registering, all when removing.
    pub named: &'a [String],
    /// Whether those that are found are registered with beside those that are named.
    pub found: bool,
    /// For all users of the machine instead of this one.
    pub for_machine: bool,
    /// Stands before every path that is written; `/` unless a package is made.
    pub root: &'a Path,
    /// Only says what would be done.
    pub dry_run: bool,
}

/// What became of a browser.
#[derive(Debug)]
pub struct Outcome {
    /// The browser.
    pub browser: Browser,
    /// Why nothing was tried.
    pub unreachable: Option<Unreachable>,
    /// Its manifests.
    pub files: Vec<(PathBuf, Result<Done, String>)>,
}

impl Outcome {
    /// Whether the browser finds the program now.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.unreachable.is_none() && self.files.iter().all(|(_, done)| done.is_ok())
    }
}

impl Registrar<'_> {
    /// Writes the manifests that name `program`, an absolute path. Browsers that share a
    /// folder have an outcome each.
    ///
    /// # Errors
    /// With a sentence, where nothing may be written at all. What a single folder refuses is
    /// in its outcome; the others go on.
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

    /// Removes manifests and the folders that are empty then. What url-notes didn't write is
    /// kept beside its old place. Only browsers that had one have an outcome, and of those that
    /// share a folder the first.
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

    /// One user's profile says nothing about the browsers of others.
    fn is_found(&self, browser: &Browser) -> bool {
        browser.program.is_some() || !self.for_machine && browser.profile.is_some()
    }

    fn folders(&self, browser: &Browser) -> Vec<PathBuf> {
        if !self.for_machine {
            return browser.hosts.clone();
        }
        let staged = |folder: &PathBuf| self.root.join(folder.strip_prefix("/").unwrap_or(folder));
        // Only systems that keep Mozilla's folder in /usr/lib64 read manifests there.
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

    /// Whether a folder stays though it is empty: those that were there before.
    fn is_kept(&self, folder: &Path) -> bool {
        if !self.for_machine {
            let own = [&self.around.home, &self.around.config_home];
            return own.into_iter().flatten().any(|kept| kept == folder);
        }
        let in_root = folder.strip_prefix(self.root).unwrap_or(folder);
        let in_root = Path::new("/").join(in_root);
        KEPT_OF_SYSTEM.iter().any(|kept| in_root == Path::new(kept))
    }

    /// Under sudo the home folder is another user's, whose files would be root's then, or
    /// root's own, and the user's browsers would find nothing.
    fn refuse_wrong_user(&self) -> Result<(), String> {
        if self.for_machine {
            let is_root = rustix::process::geteuid().is_root();
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
        if permissions::is_of_another(home) {
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

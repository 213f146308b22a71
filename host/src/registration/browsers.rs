//! The browsers of `manifests/browsers.tsv`, which is compiled in: where each looks for host
//! manifests, and whether it is installed. The content of a manifest is in `manifest.rs`.

use std::path::{Path, PathBuf};

use crate::{
    caller::Family,
    config::Environment,
    platform::{self, System},
};

const TABLE: &str = include_str!("../../../manifests/browsers.tsv");

/// A family of operating systems with the same locations of browser files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Platform {
    /// Linux and the BSDs.
    Linux,
    /// macOS.
    #[value(name = "macos")]
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// The platform that this program was built for.
    #[must_use]
    pub const fn here() -> Self {
        match platform::HERE {
            System::Linux => Self::Linux,
            System::MacOs => Self::MacOs,
            System::Windows => Self::Windows,
        }
    }

    /// The platform's name in the table.
    fn name(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::MacOs => "macos",
            Self::Windows => "windows",
        }
    }
}

/// Why a browser can't be registered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// url-notes deliberately doesn't support it.
    Refused,
    /// Its sandbox (Snap, Flatpak) blocks programs outside of it.
    Sandboxed,
    /// It reads no folder for all users.
    NotForMachine,
}

impl Unreachable {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Sandboxed => "sandboxed",
            Self::NotForMachine => "no_system_folder",
        }
    }
}

/// A permission that a sandboxed browser needs before it may start url-notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxPermission {
    /// What the browser needs, as a sentence with "it" as its subject.
    pub sentence: &'static str,
    /// The command that grants it.
    pub command: Option<&'static str>,
    /// What to do if no command grants it, as a sentence.
    pub advice: Option<&'static str>,
}

/// A browser that url-notes supports, with its folders on this computer.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The name that `--browser` accepts.
    pub name: &'static str,
    /// The browser's family.
    pub family: Family,
    /// `plain`, the sandbox `snap` or `flatpak`, or `refused` if url-notes deliberately doesn't
    /// support it.
    pub package: &'static str,
    /// The browser's name for users.
    pub title: &'static str,
    /// The user's folders for its host manifest. Empty if there are none.
    pub hosts: Vec<PathBuf>,
    /// The system's folders for its host manifest, which it searches after the user's.
    pub system_hosts: Vec<PathBuf>,
    /// A folder that exists once this user has started the browser.
    pub profile: Option<PathBuf>,
    /// Path of its executable, if installed.
    pub program: Option<PathBuf>,
}

impl Browser {
    /// Returns whether the browser is installed.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.profile.is_some() || self.program.is_some()
    }

    /// Returns why the browser can't be registered with, for this user or for all users.
    #[must_use]
    pub fn unreachable(&self, for_machine: bool) -> Option<Unreachable> {
        if self.package == "refused" {
            Some(Unreachable::Refused)
        } else if self.hosts.is_empty() {
            Some(Unreachable::Sandboxed)
        } else if for_machine && self.system_hosts.is_empty() {
            Some(Unreachable::NotForMachine)
        } else {
            None
        }
    }

    /// Returns the permission that the browser needs to start url-notes from inside its sandbox.
    #[must_use]
    pub fn sandbox_permission(&self) -> Option<SandboxPermission> {
        match (self.package, self.family) {
            ("snap", Family::Firefox) => Some(SandboxPermission {
                sentence: "This browser asks once whether it may start url-notes.",
                command: Some("flatpak permission-set webextensions url_notes snap.firefox yes"),
                advice: None,
            }),
            ("flatpak", _) => Some(SandboxPermission {
                sentence: "This browser can start url-notes from version 157 on, and only if xdg-native-messaging-proxy is installed.",
                command: None,
                advice: Some(
                    "Install xdg-native-messaging-proxy and set widget.use-xdg-desktop-portal.native-messaging-proxy to 1 in about:config. Or use a browser that isn't installed as a Flatpak.",
                ),
            }),
            _ => None,
        }
    }

    /// Returns whether `process` is this browser's executable, or another one in the same folder.
    pub(crate) fn is(&self, process: &Path) -> bool {
        let Some(program) = &self.program else {
            return false;
        };
        if program.file_name() == process.file_name() {
            return true;
        }
        // Names on PATH are links to a script beside the real executable. Folders with all programs
        // identify nothing.
        let real = program.canonicalize().unwrap_or_else(|_| program.clone());
        let shared = ["/bin", "/usr/bin", "/usr/local/bin"].map(Path::new);
        real.parent() == process.parent() && real.parent().is_some_and(|dir| !shared.contains(&dir))
    }
}

/// Returns the names of all browsers on any platform, sorted.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut names: Vec<_> = rows.filter_map(|line| line.split('\t').next()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns all browsers of a platform, in the order of the table.
pub(crate) fn all(platform: Platform, around: &Environment) -> Vec<Browser> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| read(line, platform, around))
        .collect()
}

fn read(line: &'static str, platform: Platform, around: &Environment) -> Option<Browser> {
    let columns: Vec<&'static str> = line.split('\t').collect();
    let [
        name,
        family,
        system,
        package,
        hosts,
        profiles,
        programs,
        title,
        everyone,
    ] = columns[..]
    else {
        return None;
    };
    let family = match family {
        "chromium" => Family::Chromium,
        "firefox" => Family::Firefox,
        _ => return None,
    };
    (system == platform.name()).then(|| Browser {
        name,
        family,
        package,
        title,
        hosts: items(hosts)
            .filter_map(|folder| expand(folder, around))
            .collect(),
        system_hosts: items(everyone)
            .map(|folder| around.root.join(folder.trim_start_matches('/')))
            .collect(),
        profile: items(profiles)
            .filter_map(|folder| expand(folder, around))
            .find(|folder| folder.is_dir()),
        program: items(programs).find_map(|program| locate(program, package, around)),
    })
}

fn items(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').filter(|item| *item != "-")
}

/// Expands a folder as written in the table.
fn expand(folder: &str, around: &Environment) -> Option<PathBuf> {
    if let Some(below) = folder.strip_prefix("~/") {
        Some(around.home.as_ref()?.join(below))
    } else if let Some(below) = folder.strip_prefix("$XDG_CONFIG_HOME/") {
        Some(around.config_home.as_ref()?.join(below))
    } else if let Some((name, below)) = folder.strip_prefix('$').and_then(|it| it.split_once('/')) {
        let known = around.variables.iter().find(|(known, _)| *known == name);
        // Each part for itself, so that Windows gets its own separators.
        known.map(|(_, folder)| {
            below
                .split('/')
                .fold(folder.clone(), |at, part| at.join(part))
        })
    } else {
        Some(folder.into())
    }
}

fn locate(program: &str, package: &str, around: &Environment) -> Option<PathBuf> {
    let candidates: Vec<PathBuf> = if program.starts_with('/') {
        vec![around.root.join(program.trim_start_matches('/'))]
    } else if program.starts_with('$') {
        expand(program, around).into_iter().collect()
    } else {
        around.path.iter().map(|dir| dir.join(program)).collect()
    };
    let found = candidates.into_iter().find(|file| file.is_file())?;
    // A Snap on PATH is a separate browser with its own row.
    (package != "plain" || !found.starts_with("/snap")).then_some(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn around(home: &Path) -> Environment {
        Environment {
            home: Some(home.to_owned()),
            config_home: Some(home.join(".config")),
            path: vec![home.join("bin")],
            program: None,
            temporary: home.to_owned(),
            root: home.join("root"),
            under_sudo: false,
            variables: Vec::new(),
        }
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter(|line| line.split('\t').nth(2) == Some(Platform::here().name()));
        let browsers = all(Platform::here(), &around(Path::new("/home/me")));
        assert_eq!(rows.count(), browsers.len());
        let named = |name: &str| browsers.iter().find(|browser| browser.name == name);
        let chromium = named("chromium").unwrap();
        assert_eq!(chromium.family, Family::Chromium);
        assert!(!chromium.is_here());
        if Platform::here() == Platform::Linux {
            assert_eq!(
                chromium.hosts,
                [Path::new("/home/me/.config/chromium/NativeMessagingHosts")]
            );
            assert_eq!(named("opera").unwrap().hosts.len(), 2);
            assert!(named("chromium-snap").unwrap().hosts.is_empty());
            assert_eq!(
                chromium.system_hosts,
                [Path::new(
                    "/home/me/root/etc/chromium/native-messaging-hosts"
                )]
            );
        }
    }

    #[test]
    fn browsers_of_windows_have_folders_that_name_their_keys() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path();
        let profile = place.join("local/Microsoft/Edge/User Data");
        fs::create_dir_all(&profile).unwrap();
        fs::create_dir_all(place.join("programs/Mozilla Firefox")).unwrap();
        let firefox = place.join("programs/Mozilla Firefox/firefox.exe");
        fs::write(&firefox, "").unwrap();
        let mut around = around(place);
        around.variables = vec![
            ("LOCALAPPDATA", place.join("local")),
            ("ProgramFiles", place.join("programs")),
        ];
        let browsers = all(Platform::Windows, &around);
        let found: Vec<(&str, String)> = browsers
            .iter()
            .map(|browser| {
                let [folder] = browser.hosts.as_slice() else {
                    panic!("{browser:?}");
                };
                let below = folder.strip_prefix(place.join("local/url-notes/browsers"));
                (browser.name, below.unwrap().display().to_string())
            })
            .collect();
        let expected = [
            ("chrome", "Google.Chrome"),
            ("chromium", "Chromium"),
            ("edge", "Microsoft.Edge"),
            ("firefox", "Mozilla"),
            ("brave", "Google.Chrome"),
            ("vivaldi", "Google.Chrome"),
        ];
        let expected = expected.map(|(name, folder)| (name, folder.to_owned()));
        assert_eq!(found, expected);
        let here: Vec<(&str, Option<&PathBuf>, Option<&PathBuf>)> = browsers
            .iter()
            .filter(|browser| browser.is_here())
            .map(|browser| {
                (
                    browser.name,
                    browser.profile.as_ref(),
                    browser.program.as_ref(),
                )
            })
            .collect();
        assert_eq!(
            here,
            [
                ("edge", Some(&profile), None),
                ("firefox", None, Some(&firefox))
            ]
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_is_recognised_by_profile_program_and_process() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path();
        fs::create_dir_all(place.join(".config/vivaldi")).unwrap();
        fs::create_dir_all(place.join("opt/google/chrome")).unwrap();
        fs::create_dir_all(place.join("bin")).unwrap();
        fs::write(place.join("bin/firefox-esr"), "").unwrap();
        let script = place.join("opt/google/chrome/google-chrome");
        fs::write(&script, "").unwrap();
        std::os::unix::fs::symlink(&script, place.join("bin/google-chrome-stable")).unwrap();
        let browsers = all(Platform::here(), &around(place));
        let here: Vec<&str> = browsers
            .iter()
            .filter(|browser| browser.is_here())
            .map(|browser| browser.name)
            .collect();
        assert_eq!(here, ["vivaldi", "firefox", "chrome"]);
        let whose = |process: &str| {
            let process = Path::new(process);
            let found = browsers.iter().find(|browser| browser.is(process));
            found.map(|browser| browser.name)
        };
        let chrome = place.join("opt/google/chrome/chrome");
        assert_eq!(whose(chrome.to_str().unwrap()), Some("chrome"));
        assert_eq!(whose("/usr/lib/firefox-esr/firefox-esr"), Some("firefox"));
        assert_eq!(whose("/usr/bin/bash"), None);
    }
}

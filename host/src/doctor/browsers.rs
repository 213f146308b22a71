//! The browsers of `manifests/browsers.tsv`, compiled in: where each looks for host
//! manifests, and whether it is on this machine. What a manifest has to say is
//! `manifest.rs`.

use std::path::{Path, PathBuf};

use crate::config::{Family, Surroundings};

const TABLE: &str = include_str!("../../../manifests/browsers.tsv");

const SYSTEM: &str = if cfg!(target_os = "macos") {
    "macos"
} else {
    "linux"
};

/// A browser that url-notes knows of, with its folders on this machine.
#[derive(Debug, Clone)]
pub struct Browser {
    /// What `install.sh --browser` takes.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// `plain`; the sandbox that it lives in: `snap`, `flatpak`; or `refused`, for one that
    /// is left alone on purpose.
    pub package: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The user's folders that its host manifest belongs into. Empty where none is reached.
    pub hosts: Vec<PathBuf>,
    /// The machine's, which it looks into after those.
    pub system_hosts: Vec<PathBuf>,
    /// A folder that tells that this user has started it.
    pub profile: Option<PathBuf>,
    /// Its program.
    pub program: Option<PathBuf>,
}

impl Browser {
    /// Whether it is on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        self.profile.is_some() || self.program.is_some()
    }

    /// Whether a process of this program, or of another of the same folder, is this browser.
    pub(super) fn is(&self, process: &Path) -> bool {
        let Some(program) = &self.program else {
            return false;
        };
        if program.file_name() == process.file_name() {
            return true;
        }
        // Names on PATH are links to a script beside the real program. The folders of all
        // programs say nothing.
        let real = program.canonicalize().unwrap_or_else(|_| program.clone());
        let shared = ["/bin", "/usr/bin", "/usr/local/bin"].map(Path::new);
        real.parent() == process.parent() && real.parent().is_some_and(|dir| !shared.contains(&dir))
    }
}

/// All browsers of this system, in the order of the table.
pub(super) fn all(around: &Surroundings) -> Vec<Browser> {
    TABLE
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| read(line, around))
        .collect()
}

fn read(line: &'static str, around: &Surroundings) -> Option<Browser> {
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
    (system == SYSTEM).then(|| Browser {
        name,
        family,
        package,
        title,
        hosts: items(hosts)
            .filter_map(|folder| expand(folder, around))
            .collect(),
        system_hosts: if package == "plain" {
            items(everyone)
                .map(|folder| around.root.join(folder.trim_start_matches('/')))
                .collect()
        } else {
            Vec::new()
        },
        profile: items(profiles)
            .filter_map(|folder| expand(folder, around))
            .find(|folder| folder.is_dir()),
        program: items(programs).find_map(|program| locate(program, package, around)),
    })
}

fn items(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(',').filter(|item| *item != "-")
}

/// A folder as the table writes it.
fn expand(folder: &str, around: &Surroundings) -> Option<PathBuf> {
    if let Some(below) = folder.strip_prefix("~/") {
        Some(around.home.as_ref()?.join(below))
    } else if let Some(below) = folder.strip_prefix("$XDG_CONFIG_HOME/") {
        Some(around.config_home.as_ref()?.join(below))
    } else {
        Some(folder.into())
    }
}

fn locate(program: &str, package: &str, around: &Surroundings) -> Option<PathBuf> {
    let candidates: Vec<PathBuf> = if program.starts_with('/') {
        vec![around.root.join(program.trim_start_matches('/'))]
    } else {
        around.path.iter().map(|dir| dir.join(program)).collect()
    };
    let found = candidates.into_iter().find(|file| file.is_file())?;
    // A Snap on PATH is a browser of its own, in another row.
    (package != "plain" || !found.starts_with("/snap")).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn around(home: &Path) -> Surroundings {
        Surroundings {
            home: Some(home.to_owned()),
            config_home: Some(home.join(".config")),
            path: vec![home.join("bin")],
            program: None,
            temporary: home.to_owned(),
            root: home.join("root"),
        }
    }

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter(|line| line.split('\t').nth(2) == Some(SYSTEM));
        let browsers = all(&around(Path::new("/home/me")));
        assert_eq!(rows.count(), browsers.len());
        let named = |name: &str| browsers.iter().find(|browser| browser.name == name);
        let chromium = named("chromium").unwrap();
        assert_eq!(chromium.family, Family::Chromium);
        assert!(!chromium.is_here());
        if SYSTEM == "linux" {
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_is_known_by_its_profile_its_program_and_its_process() {
        let home = tempfile::tempdir().unwrap();
        let place = home.path();
        fs::create_dir_all(place.join(".config/vivaldi")).unwrap();
        fs::create_dir_all(place.join("opt/google/chrome")).unwrap();
        fs::create_dir_all(place.join("bin")).unwrap();
        fs::write(place.join("bin/firefox-esr"), "").unwrap();
        let script = place.join("opt/google/chrome/google-chrome");
        fs::write(&script, "").unwrap();
        std::os::unix::fs::symlink(&script, place.join("bin/google-chrome-stable")).unwrap();
        let browsers = all(&around(place));
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

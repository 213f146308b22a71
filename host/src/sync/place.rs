//! Where a library is kept, as the user names it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::platform::{self, System};

/// A place that carries segments. `Display` and `Debug` never show credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder of this computer, which something else may carry further.
    Folder(PathBuf),
    /// A git repository, by what git takes for a URL.
    Git(String),
    /// A remote of rclone's configuration with a path: `remote:path`.
    Rclone(String),
}

/// A text names no place. `Display` is a sentence that says what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAPlace(String);

/// What a place can look like.
const FORMS: &str =
    "Write a folder's full path, git:URL, or rclone:REMOTE:PATH with a remote of `rclone config`.";

impl Place {
    /// Reads a place: `folder:/path`, `git:URL`, `rclone:remote:path`; a full path alone, or
    /// one that starts with `~/`, is a folder. `home` is what `~` stands for.
    ///
    /// # Errors
    /// A sentence if it is none of these.
    pub fn parse(text: &str, home: Option<&Path>) -> Result<Self, NotAPlace> {
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return refuse("The place has a control character.");
        }
        if Path::new(text).is_absolute() || text.starts_with(['/', '~']) {
            return folder(text, home);
        }
        match text.split_once(':') {
            Some(("folder", path)) => folder(path, home),
            Some(("git", url)) => git(url, home),
            Some(("rclone", remote)) => rclone(remote),
            Some(("http" | "https" | "ssh" | "file", _)) => refuse(
                "An address alone doesn't say how to reach it. For a git repository, write git: before it; for WebDAV, set up a remote with `rclone config`.",
            ),
            Some((user, _)) if user.contains('@') => {
                refuse("For a git repository, write git: before its address.")
            }
            _ => refuse(&format!("This isn't a place for sync. {FORMS}")),
        }
    }
}

fn refuse(sentence: &str) -> Result<Place, NotAPlace> {
    Err(NotAPlace(sentence.to_owned()))
}

/// Reads a full path.
fn full_path(path: &str, home: Option<&Path>) -> Result<PathBuf, NotAPlace> {
    let full = match path.strip_prefix('~') {
        Some(below) if below.is_empty() || below.starts_with('/') => home
            .ok_or_else(|| {
                NotAPlace("The home folder isn't known. Write the full path.".to_owned())
            })?
            .join(below.trim_start_matches('/')),
        _ => PathBuf::from(path),
    };
    if full.is_absolute() {
        Ok(full)
    } else {
        Err(NotAPlace(not_full(platform::HERE).to_owned()))
    }
}

/// Returns what the path of a folder begins with.
fn not_full(system: System) -> &'static str {
    match system {
        System::Windows => {
            r"The folder's path must start with a drive, such as in C:\Sync, or with ~/."
        }
        System::Linux | System::MacOs => "The folder's path must start with / or ~/.",
    }
}

fn folder(path: &str, home: Option<&Path>) -> Result<Place, NotAPlace> {
    full_path(path, home).map(Place::Folder)
}

/// Reads what git takes for a URL, but for what runs a program or depends on the current folder.
fn git(url: &str, home: Option<&Path>) -> Result<Place, NotAPlace> {
    const FORMS: &str =
        "Write git: and https://HOST/PATH, ssh://HOST/PATH, USER@HOST:PATH or a full path.";
    if url.contains("://") {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        return match scheme {
            "https" | "http" | "ssh" | "file" | "git" => Ok(Place::Git(url.to_owned())),
            _ => refuse(&format!("git can't be used with this address. {FORMS}")),
        };
    }
    if url.starts_with('/') || url.starts_with('~') {
        return match full_path(url, home)?.into_os_string().into_string() {
            Ok(path) => Ok(Place::Git(path)),
            Err(_) => refuse("The path of the repository isn't UTF-8."),
        };
    }
    match url.split_once(':') {
        // `ext::…` and the like name a program.
        Some((host, path))
            if !host.is_empty()
                && !host.starts_with('-')
                && !host.contains('/')
                && !path.is_empty()
                && !path.starts_with(':') =>
        {
            Ok(Place::Git(url.to_owned()))
        }
        _ => refuse(&format!(
            "This isn't the address of a git repository. {FORMS}"
        )),
    }
}

/// Reads `remote:path`. Remotes that are described in place of named would show their credentials
/// in the list of processes.
fn rclone(remote: &str) -> Result<Place, NotAPlace> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | '@' | ' ');
    match remote.split_once(':') {
        Some((name, _))
            if !name.is_empty() && !name.starts_with(['-', ' ']) && name.chars().all(is_name) =>
        {
            Ok(Place::Rclone(remote.trim_end_matches('/').to_owned()))
        }
        _ => refuse(
            "Write rclone:REMOTE:PATH. Set the remote up with `rclone config`; `rclone listremotes` lists those that there are.",
        ),
    }
}

/// The place as the user would write it, without credentials.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "folder:{}", path.display()),
            Self::Git(url) => write!(f, "git:{}", shown_url(url)),
            Self::Rclone(remote) => write!(f, "rclone:{remote}"),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Removes password, query and fragment of a URL, and the user of one of the web, which may be a
/// token.
fn shown_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let rest = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let (user, host) = match rest.rsplit_once('@') {
        Some((user, host)) => (user.split(':').next().unwrap_or_default(), host),
        None => ("", rest),
    };
    if scheme == "ssh" && !user.is_empty() {
        format!("{scheme}://{user}@{host}")
    } else {
        format!("{scheme}://{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    fn parse(text: &str) -> Result<Place, NotAPlace> {
        Place::parse(text, Some(Path::new("/home/a")))
    }

    #[test]
    fn places_are_read() {
        let folder = |path: &str| Place::Folder(PathBuf::from(path));
        let git = |url: &str| Place::Git(url.to_owned());
        let rclone = |remote: &str| Place::Rclone(remote.to_owned());
        for (text, place) in [
            ("/mnt/notes", folder("/mnt/notes")),
            (" /mnt/my notes\n", folder("/mnt/my notes")),
            ("~/Sync", folder("/home/a/Sync")),
            ("folder:/mnt/a:b", folder("/mnt/a:b")),
            ("folder:~/Sync", folder("/home/a/Sync")),
            ("git:https://e.org/n.git", git("https://e.org/n.git")),
            ("git:git@e.org:me/n.git", git("git@e.org:me/n.git")),
            ("git:e.org:n.git", git("e.org:n.git")),
            ("git:ssh://git@e.org:22/n", git("ssh://git@e.org:22/n")),
            ("git:file:///srv/n.git", git("file:///srv/n.git")),
            ("git:/srv/n.git", git("/srv/n.git")),
            ("git:~/n.git", git("/home/a/n.git")),
            ("rclone:box:", rclone("box:")),
            ("rclone:my box:a/b/", rclone("my box:a/b")),
        ] {
            assert_eq!(parse(text), Ok(place), "{text}");
        }
    }

    #[test]
    fn other_texts_get_a_sentence() {
        for (text, says) in [
            ("", "This isn't a place"),
            ("notes", "This isn't a place"),
            ("./notes", "This isn't a place"),
            ("s3:bucket", "This isn't a place"),
            ("~other/notes", "must start with /"),
            ("folder:notes", "must start with /"),
            ("folder:", "must start with /"),
            ("https://e.org/n.git", "write git: before"),
            ("git@e.org:n.git", "write git: before"),
            ("git:", "isn't the address"),
            ("git:notes", "isn't the address"),
            ("git:ext::sh -c x", "isn't the address"),
            ("git:-oProxyCommand=x:y", "isn't the address"),
            ("git:ext://x", "can't be used"),
            ("rclone:box", "Write rclone:"),
            ("rclone::sftp,pass=x:y", "Write rclone:"),
            ("rclone:box,pass=x:y", "Write rclone:"),
            ("rclone:--config=x:y", "Write rclone:"),
            ("rclone:/srv:y", "Write rclone:"),
            ("git:https://e.org/\u{7}", "control character"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(says), "{text}: {error}");
            assert!(error.ends_with('.'), "{error}");
        }
        assert!(not_full(System::Windows).contains(r"C:\Sync"));
        let error = Place::parse("~/x", None).unwrap_err().to_string();
        assert!(error.contains("home folder isn't known"), "{error}");
    }

    #[test]
    fn credentials_are_not_shown() {
        for (text, shown) in [
            (
                "git:https://u:s3cr3t@e.org/n.git",
                "git:https://e.org/n.git",
            ),
            (
                "git:https://t0ken@e.org/n.git?x=y",
                "git:https://e.org/n.git",
            ),
            ("git:https://u:a/b@e.org/n", "git:https://e.org/n"),
            ("git:ssh://git:pw@e.org/n.git", "git:ssh://git@e.org/n.git"),
            ("git:git@e.org:me/n.git", "git:git@e.org:me/n.git"),
            ("/mnt/notes", "folder:/mnt/notes"),
            ("rclone:box:a", "rclone:box:a"),
        ] {
            let place = parse(text).unwrap();
            assert_eq!(place.to_string(), shown);
            assert_eq!(format!("{place:?}"), shown);
        }
    }

    #[test]
    fn fuzz_place() {
        let seeds = ["git:https://u:p@e.org/n.git", "rclone:a:b", "folder:~/x"];
        fuzz::text(&seeds, |text| {
            if let Ok(place) = parse(text) {
                let _ = place.to_string();
            }
        });
    }
}

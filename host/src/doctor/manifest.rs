//! Host manifests: the files that tell a browser which program it may start for which
//! extension. What one says, what it has to say, and how it is written. The templates
//! are `manifests/`, which install.sh fills in likewise.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use uuid::Uuid;

use super::modes;
use crate::{config::Family, regular};

/// Name of the host, and of its manifests.
pub(super) const HOST: &str = "url_notes";
/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// Most files that are kept beside a manifest.
const MAX_KEPT: u32 = 99;
/// Mode of a manifest, whatever the umask.
const MODE: u32 = 0o644;

const CHROMIUM: &str = include_str!("../../../manifests/chromium.json");
const FIREFOX: &str = include_str!("../../../manifests/firefox.json");
/// What stands for the program in the templates.
const PROGRAM: &str = "@PROGRAM@";

/// What a manifest says, as far as browsers read it.
#[derive(Debug, Deserialize)]
struct Written {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    path: Option<PathBuf>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    #[serde(default)]
    allowed_extensions: Vec<String>,
}

/// A manifest that a browser can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// The program that it starts.
    pub program: PathBuf,
    /// Whether our extension is allowed.
    pub allows_us: bool,
    /// Which others are.
    pub others: Vec<String>,
}

/// The file's place in a folder of manifests.
pub(super) fn file_in(folder: &Path) -> PathBuf {
    folder.join(HOST).with_extension("json")
}

/// What the extension is called in its browser: an origin, or an id.
pub(super) fn extension(family: Family) -> String {
    let written: Written =
        serde_json::from_str(template(family)).expect("the templates are manifests");
    let allowed = match family {
        Family::Chromium => written.allowed_origins,
        Family::Firefox => written.allowed_extensions,
    };
    allowed
        .into_iter()
        .next()
        .expect("the templates allow the extension")
}

fn template(family: Family) -> &'static str {
    match family {
        Family::Chromium => CHROMIUM,
        Family::Firefox => FIREFOX,
    }
}

/// Reads a manifest as a browser of the family does.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub(super) fn read(file: &Path, family: Family) -> Result<Manifest, String> {
    let mut text = String::new();
    regular::open(file)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
        .map_err(|error| format!("it can't be read ({error})"))?;
    understood(&text, family)
}

fn understood(text: &str, family: Family) -> Result<Manifest, String> {
    let written: Written =
        serde_json::from_str(text).map_err(|error| format!("it is not valid JSON ({error})"))?;
    match written.name.as_deref() {
        Some(HOST) => {}
        Some(other) => return Err(format!("its name is \"{other}\", not \"{HOST}\"")),
        None => return Err("it has no name".into()),
    }
    if written.kind.as_deref() != Some("stdio") {
        return Err("its type is not \"stdio\"".into());
    }
    let program = written.path.ok_or("it doesn't name a program")?;
    if !program.is_absolute() {
        return Err("the path of its program is not absolute".into());
    }
    let allowed = match family {
        Family::Chromium => written.allowed_origins,
        Family::Firefox => written.allowed_extensions,
    };
    let ours = extension(family);
    Ok(Manifest {
        program,
        allows_us: allowed.contains(&ours),
        others: allowed.into_iter().filter(|id| *id != ours).collect(),
    })
}

/// What url-notes writes for a program; other extensions are let in beside ours.
///
/// # Errors
/// With a sentence, where the program's path is none that JSON can hold.
fn text_for(family: Family, program: &Path, others: &[String]) -> Result<String, String> {
    let path = program
        .to_str()
        .filter(|path| !path.contains(char::is_control))
        .ok_or("The path of the program contains characters that a host manifest can't contain.")?;
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let path = json(path);
    let inside = &path[1..path.len() - 1];
    let ours = json(&extension(family));
    let mut allowed = ours.clone();
    for other in others {
        allowed.push_str(", ");
        allowed.push_str(&json(other));
    }
    // The path last: it may hold anything.
    let text = template(family).replace(&ours, &allowed);
    Ok(text.replacen(PROGRAM, inside, 1))
}

/// Whether url-notes has written this file as it is, be it for another copy of the program.
fn is_written_by_us(file: &Path, family: Family) -> bool {
    let text = regular::read_to_string(file).unwrap_or_default();
    understood(&text, family).is_ok_and(|found| {
        found.program.file_name() == Some("url-notes".as_ref())
            && text_for(family, &found.program, &[]).is_ok_and(|ours| ours == text)
    })
}

/// Keeps a file that somebody else has written under a name of its own beside it, where
/// no copy of it is yet. Answers which.
fn keep(file: &Path, family: Family) -> Result<Option<PathBuf>, String> {
    let Ok(found) = file.symlink_metadata() else {
        return Ok(None);
    };
    let is_empty = found.is_file() && found.len() == 0;
    if found.is_dir() || is_empty || is_written_by_us(file, family) && !found.is_symlink() {
        return Ok(None);
    }
    let shown = file.display();
    for number in 1..=MAX_KEPT {
        let mut name = file.as_os_str().to_owned();
        name.push(".old");
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let old = PathBuf::from(name);
        if old.symlink_metadata().is_err() {
            // The file itself, whatever it is. Where there are no links, it is away for a moment.
            let kept = fs::hard_link(file, &old).or_else(|_| fs::rename(file, &old));
            return match kept {
                Ok(()) => Ok(Some(old)),
                Err(error) => Err(format!(
                    "{shown} wasn't replaced because it can't be backed up ({error})."
                )),
            };
        }
        let same = |path| fs::read(path).ok();
        if found.is_file() && old.is_file() && same(file) == same(&old) {
            return Ok(Some(old));
        }
    }
    Err(format!(
        "{shown} wasn't replaced because {MAX_KEPT} backups of it already exist."
    ))
}

/// Writes the manifest into its folder, whole or not at all. What somebody else has
/// written there is kept beside it. Answers the file, and that in which the old one is kept.
///
/// # Errors
/// With a sentence: where a link of another user is in the way, the program's path is
/// none that JSON can hold, or the system refuses.
pub(super) fn write(
    folder: &Path,
    family: Family,
    program: &Path,
    others: &[String],
) -> Result<(PathBuf, Option<PathBuf>), String> {
    let file = file_in(folder);
    if let Some(link) = modes::link_of_another(&file) {
        return Err(format!(
            "{} is a link that belongs to another user, so url-notes doesn't write through it.",
            link.display()
        ));
    }
    let text = text_for(family, program, others)?;
    let kept = keep(&file, family)?;
    put(&file, &text).map_err(|error| format!("{} can't be written ({error}).", file.display()))?;
    Ok((file, kept))
}

fn put(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let part = folder.join(format!(".url-notes.{}", Uuid::new_v4().simple()));
    let done = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(&part)
        .and_then(|mut new| {
            new.write_all(text.as_bytes())?;
            new.set_permissions(fs::Permissions::from_mode(MODE))?;
            new.sync_all()
        })
        .and_then(|()| fs::rename(&part, file));
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        for family in [Family::Chromium, Family::Firefox] {
            for program in ["/usr/bin/url-notes", "/home/ö \"x\" \\ 機械/\"url-notes\""] {
                let folder = dir.path().join(format!("not yet/{family:?}"));
                let (file, kept) = write(&folder, family, Path::new(program), &[]).unwrap();
                assert_eq!(kept, None);
                let found = read(&file, family).unwrap();
                assert_eq!(found.program, Path::new(program));
                assert!(found.allows_us);
                assert_eq!(found.others, [""; 0]);
                let mode = fs::metadata(&file).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, MODE);
                assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
            }
        }
        assert!(write(dir.path(), Family::Firefox, Path::new("/a\nb"), &[]).is_err());
    }

    #[test]
    fn what_somebody_else_wrote_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let program = Path::new("/usr/bin/url-notes");
        let file = file_in(dir.path());
        let kept = |text: &str| {
            fs::write(&file, text).unwrap();
            let (_, kept) = write(dir.path(), Family::Firefox, program, &[]).unwrap();
            assert!(read(&file, Family::Firefox).unwrap().allows_us);
            kept.map(|kept| {
                assert_eq!(fs::read_to_string(&kept).unwrap(), text);
                kept.file_name().unwrap().to_str().unwrap().to_owned()
            })
        };
        let ours = |program: &str| text_for(Family::Firefox, Path::new(program), &[]).unwrap();
        for (text, name) in [
            ("theirs", Some("url_notes.json.old")),
            ("others'", Some("url_notes.json.old.2")),
            ("theirs", Some("url_notes.json.old")),
            ("", None),
            (&ours("/elsewhere/url-notes"), None),
            (&ours("/home/me/my-host"), Some("url_notes.json.old.3")),
        ] {
            assert_eq!(kept(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn others_that_are_let_in_stay() {
        let dir = tempfile::tempdir().unwrap();
        let others = ["a\"b@c".to_owned(), PROGRAM.to_owned()];
        for family in [Family::Chromium, Family::Firefox] {
            let (file, _) = write(dir.path(), family, Path::new("/x"), &others).unwrap();
            let found = read(&file, family).unwrap();
            assert!(found.allows_us && found.program == Path::new("/x"));
            assert_eq!(found.others, others);
        }
    }

    #[test]
    fn a_manifest_that_no_browser_takes_says_why() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url_notes.json");
        for (text, why) in [
            ("", "not valid JSON"),
            ("{", "not valid JSON"),
            ("[]", "not valid JSON"),
            (r#"{"name": 7}"#, "not valid JSON"),
            ("{}", "no name"),
            (r#"{"name": "other"}"#, "name is \"other\""),
            (r#"{"name": "url_notes"}"#, "type"),
            (
                r#"{"name": "url_notes", "type": "stdio"}"#,
                "doesn't name a program",
            ),
            (
                r#"{"name": "url_notes", "type": "stdio", "path": "url-notes"}"#,
                "not absolute",
            ),
        ] {
            fs::write(&file, text).unwrap();
            let found = read(&file, Family::Chromium).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
        assert!(
            read(dir.path(), Family::Chromium)
                .unwrap_err()
                .contains("read")
        );
        let pipe = dir.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let found = read(&pipe, Family::Chromium).unwrap_err();
        assert!(found.contains("no regular file"), "{found}");
    }

    #[test]
    fn fuzz_host_manifests() {
        crate::fuzz::text(&[CHROMIUM, FIREFOX], |text| {
            if let Ok(manifest) = understood(text, Family::Chromium) {
                assert!(manifest.program.is_absolute());
            }
        });
    }

    #[test]
    fn others_that_are_allowed_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url_notes.json");
        let text = r#"{"name": "url_notes", "type": "stdio", "path": "/x",
            "allowed_origins": ["chrome-extension://other/"], "allowed_extensions": ["url-notes@url-notes", "b@b"]}"#;
        fs::write(&file, text).unwrap();
        let chromium = read(&file, Family::Chromium).unwrap();
        assert!(!chromium.allows_us);
        assert_eq!(chromium.others, ["chrome-extension://other/"]);
        let firefox = read(&file, Family::Firefox).unwrap();
        assert!(firefox.allows_us);
        assert_eq!(firefox.others, ["b@b"]);
    }
}

//! The content of host manifests, which name the program that a browser may start and the
//! extensions that may start it. Reads manifests, and generates them from the templates in
//! `manifests/`. Files are written in `files.rs`.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{caller::Family, platform::fs_open};

/// Name of the host, and of its manifest files.
pub(crate) const HOST: &str = "url_notes";
/// Longest manifest that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

const CHROMIUM: &str = include_str!("../../../manifests/chromium.json");
const FIREFOX: &str = include_str!("../../../manifests/firefox.json");
/// Placeholder of the program's path in the templates.
pub(super) const PROGRAM: &str = "@PROGRAM@";

/// The fields of a manifest that browsers read.
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

impl Written {
    fn allowed(self, family: Family) -> Vec<String> {
        match family {
            Family::Chromium => self.allowed_origins,
            Family::Firefox => self.allowed_extensions,
        }
    }
}

/// A manifest that a browser can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// The program that it starts.
    pub program: PathBuf,
    /// Our extension's identifiers that the manifest doesn't allow.
    pub missing: Vec<String>,
    /// The other extensions that it allows.
    pub others: Vec<String>,
}

/// Returns the path of the manifest in a folder of manifests.
pub(crate) fn file_in(folder: &Path) -> PathBuf {
    folder.join(HOST).with_extension("json")
}

/// Returns the extension's identifiers in its browsers, which are origins or ids: the one of this
/// project first, then those that stores assign. The templates are the only table of them.
pub(crate) fn extensions(family: Family) -> Vec<String> {
    let written: Written =
        serde_json::from_str(template(family)).expect("the templates are manifests");
    let allowed = written.allowed(family);
    assert!(!allowed.is_empty(), "the templates allow the extension");
    allowed
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
pub(crate) fn read(file: &Path, family: Family) -> Result<Manifest, String> {
    let mut text = String::new();
    fs_open::open(file)
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
    let program = written.path.clone().ok_or("it doesn't name a program")?;
    if !program.is_absolute() {
        return Err("the path of its program is not absolute".into());
    }
    let allowed = written.allowed(family);
    let mut missing = extensions(family);
    let (ours, others) = (allowed.into_iter()).partition::<Vec<_>, _>(|id| missing.contains(id));
    missing.retain(|id| !ours.contains(id));
    Ok(Manifest {
        program,
        missing,
        others,
    })
}

/// Generates the manifest for a program, allowing `others` beside our extension.
///
/// # Errors
/// A sentence, if the program's path can't be represented in JSON.
pub(super) fn text_for(
    family: Family,
    program: &Path,
    others: &[String],
) -> Result<String, String> {
    filled_in(template(family), &extensions(family), program, others)
}

/// `ours`: the identifiers in the template.
fn filled_in(
    template: &str,
    ours: &[String],
    program: &Path,
    others: &[String],
) -> Result<String, String> {
    let path = program
        .to_str()
        .filter(|path| !path.contains(char::is_control))
        .ok_or("The path of the program contains characters that a host manifest can't contain.")?;
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let path = json(path);
    let inside = &path[1..path.len() - 1];
    let last = json(ours.last().map_or("", String::as_str));
    let mut allowed = last.clone();
    for other in others {
        allowed.push_str(", ");
        allowed.push_str(&json(other));
    }
    // The path is replaced last, because it may contain a placeholder.
    let text = template.replace(&last, &allowed);
    Ok(text.replacen(PROGRAM, inside, 1))
}

/// Returns whether url-notes wrote this file in its present form, for this program or for another
/// copy of it.
pub(super) fn is_written_by_us(file: &Path, family: Family) -> bool {
    let text = fs_open::read_to_string(file).unwrap_or_default();
    understood(&text, family).is_ok_and(|found| {
        found.program.file_stem() == Some("url-notes".as_ref())
            && text_for(family, &found.program, &[]).is_ok_and(|ours| ours == text)
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn an_unusable_manifest_says_why() {
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
        assert!(found.contains("not a regular file"), "{found}");
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
    fn a_manifest_allows_the_extension_under_all_its_ids() {
        let ours = ["chrome-extension://a/", "chrome-extension://b/"].map(str::to_owned);
        let template = r#"{"name": "url_notes", "type": "stdio", "path": "@PROGRAM@",
            "allowed_origins": ["chrome-extension://a/", "chrome-extension://b/"]}"#;
        let others = ["chrome-extension://c/".to_owned()];
        for others in [&others[..], &[]] {
            let text = filled_in(template, &ours, Path::new("/x"), others).unwrap();
            let written: Written = serde_json::from_str(&text).unwrap();
            let allowed = written.allowed(Family::Chromium);
            assert_eq!(allowed, [&ours[..], others].concat());
        }
    }

    #[test]
    fn others_that_are_allowed_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url_notes.json");
        let text = r#"{"name": "url_notes", "type": "stdio", "path": "/x",
            "allowed_origins": ["chrome-extension://other/"], "allowed_extensions": ["url-notes@url-notes", "b@b"]}"#;
        fs::write(&file, text).unwrap();
        let chromium = read(&file, Family::Chromium).unwrap();
        assert_eq!(chromium.missing, extensions(Family::Chromium));
        assert_eq!(chromium.others, ["chrome-extension://other/"]);
        let firefox = read(&file, Family::Firefox).unwrap();
        assert_eq!(firefox.missing, [""; 0]);
        assert_eq!(firefox.others, ["b@b"]);
    }
}

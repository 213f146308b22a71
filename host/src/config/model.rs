//! `[model]` in `config.toml`: the language model that `url-notes gist` asks.

use std::{
    fmt,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::platform::{self, fs_open};

/// Longest key file, in bytes.
const MAX_KEY_BYTES: u64 = 8 * 1024;

/// The settings of a language model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSettings {
    /// Address of the server's OpenAI-compatible interface, as in `http://localhost:11434/v1`.
    pub url: String,
    /// The model's name on that server.
    pub name: String,
    /// Path of the file with the key that the server asks for.
    pub key_file: Option<PathBuf>,
    /// Most characters of a text that are sent, between 500 and 1,000,000.
    pub max_chars: usize,
    /// Longest time for one answer, in seconds, between 1 and 86,400.
    pub timeout: u32,
    /// Most notes in one run, between 1 and 100,000.
    pub per_run: u32,
    /// Most questions on one day, between 1 and 100,000.
    pub per_day: u32,
    /// Whether the server may be another computer.
    pub remote: bool,
}

/// The section as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ModelSection {
    url: Option<String>,
    name: Option<String>,
    key_file: Option<PathBuf>,
    max_chars: Option<u32>,
    timeout: Option<u32>,
    per_run: Option<u32>,
    per_day: Option<u32>,
    remote: Option<bool>,
}

/// Returns the settings in a section, or `None` if one of them isn't known or has another type. Adds
/// a sentence to `warnings` for what is wrong. `folder`: that of the configuration file.
pub(super) fn read(
    section: toml::Value,
    folder: &Path,
    warnings: &mut Vec<String>,
) -> Option<ModelSettings> {
    match section.try_into::<ModelSection>() {
        Ok(section) => section.read(folder, warnings),
        Err(error) => {
            let lines = error.to_string();
            let lines: Vec<&str> = lines.split_whitespace().collect();
            warnings.push(format!("[model] isn't used: {}.", lines.join(" ")));
            None
        }
    }
}

impl ModelSection {
    /// Returns the settings, or `None` without address or name. Adds a sentence to `warnings` for
    /// each wrong value. `folder`: that of the configuration file.
    fn read(self, folder: &Path, warnings: &mut Vec<String>) -> Option<ModelSettings> {
        let mut within = |name: &str, value: Option<u32>, default: u32, least: u32, most: u32| {
            let value = value.unwrap_or(default);
            if (least..=most).contains(&value) {
                return value;
            }
            warnings.push(format!(
                "{name} in [model] must be a number from {least} to {most}. The value {default} is used."
            ));
            default
        };
        let max_chars = within("max-chars", self.max_chars, 6_000, 500, 1_000_000);
        let timeout = within("timeout", self.timeout, 600, 1, 86_400);
        let per_run = within("per-run", self.per_run, 20, 1, 100_000);
        let per_day = within("per-day", self.per_day, 100, 1, 100_000);
        let mut required = |name: &str, value: Option<String>| {
            let value = value.filter(|value| !value.trim().is_empty());
            if value.is_none() {
                warnings.push(format!(
                    "[model] needs {name}. No model is used without it."
                ));
            }
            value
        };
        let url = required("url", self.url);
        let name = required("name", self.name);
        Some(ModelSettings {
            url: url?,
            name: name?,
            key_file: self.key_file.map(|file| folder.join(file)),
            max_chars: usize::try_from(max_chars).unwrap_or(usize::MAX),
            timeout,
            per_run,
            per_day,
            remote: self.remote.unwrap_or(false),
        })
    }
}

/// A key for a server. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ModelKey(String);

impl fmt::Debug for ModelKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ModelKey")
    }
}

impl ModelKey {
    /// Returns the key, for the request alone.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

/// Why a key file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyProblem {
    /// It can't be read.
    #[error("The key file of [model], {}, can't be read: {error}.", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Other users may read it.
    #[error(
        "Other users can read the key file of [model]. To make it private, run `chmod 600 {}`.",
        .0.display()
    )]
    Open(PathBuf),
    /// It isn't one line of visible ASCII.
    #[error("The key file of [model] must have the key alone, in one line.")]
    NoKey,
}

impl ModelSettings {
    /// Reads the key file, if one is set.
    ///
    /// # Errors
    /// [`KeyProblem`], which never contains the key.
    pub fn key(&self) -> Result<Option<ModelKey>, KeyProblem> {
        let Some(path) = &self.key_file else {
            return Ok(None);
        };
        let unreadable = |error| KeyProblem::Unreadable {
            path: path.clone(),
            error,
        };
        let file = fs_open::open(path).map_err(unreadable)?;
        let mode = platform::mode(&file.metadata().map_err(unreadable)?);
        if mode & 0o077 != 0 {
            return Err(KeyProblem::Open(path.clone()));
        }
        let mut bytes = Vec::new();
        file.take(MAX_KEY_BYTES)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let text = String::from_utf8(bytes).map_err(|_| KeyProblem::NoKey)?;
        let key = text.trim();
        match !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Some(ModelKey(key.to_owned()))),
            false => Err(KeyProblem::NoKey),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn read(text: &str) -> (Option<ModelSettings>, Vec<String>) {
        let section: ModelSection = toml::from_str(text).unwrap();
        let mut warnings = Vec::new();
        let settings = section.read(Path::new("/config"), &mut warnings);
        (settings, warnings)
    }

    const LEAST: &str = "url = 'http://localhost:11434/v1'\nname = 'gemma3:4b'\n";

    #[test]
    fn two_lines_are_enough() {
        let (settings, warnings) = read(LEAST);
        assert_eq!(warnings, Vec::<String>::new());
        let expected = ModelSettings {
            url: "http://localhost:11434/v1".into(),
            name: "gemma3:4b".into(),
            key_file: None,
            max_chars: 6_000,
            timeout: 600,
            per_run: 20,
            per_day: 100,
            remote: false,
        };
        assert_eq!(settings, Some(expected));
    }

    #[test]
    fn a_wrong_number_has_a_sentence_and_a_default() {
        let (settings, warnings) = read(&format!(
            "{LEAST}max-chars = 1\ntimeout = 0\nper-run = 0\nper-day = 200000"
        ));
        assert_eq!(
            warnings,
            [
                "max-chars in [model] must be a number from 500 to 1000000. The value 6000 is used.",
                "timeout in [model] must be a number from 1 to 86400. The value 600 is used.",
                "per-run in [model] must be a number from 1 to 100000. The value 20 is used.",
                "per-day in [model] must be a number from 1 to 100000. The value 100 is used.",
            ]
        );
        assert_eq!(settings.unwrap().max_chars, 6_000);
    }

    #[test]
    fn without_address_or_name_there_is_no_model() {
        let (settings, warnings) = read("name = ' '");
        assert_eq!(settings, None);
        assert_eq!(
            warnings,
            [
                "[model] needs url. No model is used without it.",
                "[model] needs name. No model is used without it."
            ]
        );
    }

    #[test]
    fn a_key_file_must_be_private_and_have_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let settings = || ModelSettings {
            key_file: Some(path.clone()),
            ..read(LEAST).0.unwrap()
        };
        let write = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        assert!(matches!(
            settings().key(),
            Err(KeyProblem::Unreadable { .. })
        ));
        write("sk-secret\n", 0o600);
        let key = settings().key().unwrap().unwrap();
        assert_eq!(key.secret(), "sk-secret");
        assert!(!format!("{key:?}").contains("sk-"));
        for mode in [0o640, 0o604, 0o644] {
            write("sk-secret", mode);
            let error = settings().key().unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
            assert!(!error.to_string().contains("sk-secret"));
        }
        for wrong in ["", " \n", "a\nb", "a b", "schlüssel"] {
            write(wrong, 0o600);
            assert!(
                matches!(settings().key(), Err(KeyProblem::NoKey)),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_key_file_is_looked_for_beside_the_configuration() {
        let (settings, _) = read(&format!("{LEAST}key-file = 'key'"));
        let file = settings.unwrap().key_file.unwrap();
        assert_eq!(file, Path::new("/config/key"));
    }
}

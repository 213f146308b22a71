//! How browsers find host manifests: by keys of the registry, whose default value is the manifest's
//! path (Chrome, "Native messaging", "Native messaging host location"; MDN, "Native manifests",
//! "Windows"). How the command line finds programs: by this user's `Path` in the registry.

use std::{
    io,
    path::{Path, PathBuf},
};

use windows_registry::{CURRENT_USER, Type};

/// Where a browser's vendor keeps its settings, in this user's part of the registry.
const SOFTWARE: &str = "Software";
/// The key of a browser for all hosts.
const HOSTS: &str = "NativeMessagingHosts";

/// A key of the registry that names a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ManifestKey(String);

impl ManifestKey {
    /// Returns the key by which a browser finds the manifest of `host` in a folder. The folder is
    /// called as the browser's settings are: `Google.Chrome` stands for `Software\Google\Chrome`.
    pub(crate) fn of(folder: &Path, host: &str) -> Option<Self> {
        let browser = folder.file_name()?.to_str()?.replace('.', "\\");
        Some(Self(format!("{SOFTWARE}\\{browser}\\{HOSTS}\\{host}")))
    }

    /// Returns the manifest that it names, or `None` if there is no such key.
    pub(crate) fn manifest(&self) -> Option<PathBuf> {
        let key = CURRENT_USER.open(&self.0).ok()?;
        let path = key.get_string("").ok().filter(|path| !path.is_empty())?;
        Some(path.into())
    }

    /// Lets it name a manifest.
    pub(crate) fn set(&self, manifest: &Path) -> io::Result<()> {
        let path = manifest.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        let key = CURRENT_USER.create(&self.0)?;
        Ok(key.set_string("", path)?)
    }

    /// Removes it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        Ok(CURRENT_USER.remove_tree(&self.0)?)
    }
}

/// The key with this user's variables, which come after those of the computer (Microsoft, "User
/// Environment Variables").
const VARIABLES: &str = "Environment";
/// The variable with the folders of programs.
const SEARCH_PATH: &str = "Path";
/// There is no such value (`HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)`, winerror.h).
const NO_VALUE: u32 = 0x8007_0002;

/// Changes this user's list of folders with programs. `change` returns the new list, or `None` if the
/// old one stays. Returns whether it was changed. Programs that start later see it; running ones only
/// if something tells them.
///
/// # Errors
/// The list can't be read as it is, or can't be written. It is as before then.
pub(crate) fn change_search_path(change: impl FnOnce(&str) -> Option<String>) -> io::Result<bool> {
    let key = CURRENT_USER.create(VARIABLES)?;
    let (before, is_expanded) = match key.get_value(SEARCH_PATH) {
        Ok(value) => {
            let is_expanded = value.ty() != Type::String;
            (String::try_from(value)?, is_expanded)
        }
        Err(error) if error.code().0.cast_unsigned() == NO_VALUE => (String::new(), true),
        Err(error) => return Err(error.into()),
    };
    let Some(after) = change(&before) else {
        return Ok(false);
    };
    if after.is_empty() {
        key.remove_value(SEARCH_PATH)?;
    } else if is_expanded {
        key.set_expand_string(SEARCH_PATH, after)?;
    } else {
        key.set_string(SEARCH_PATH, after)?;
    }
    Ok(true)
}

//! How browsers find host manifests: by keys of the registry, whose default value is the manifest's
//! path (Chrome, "Native messaging", "Native messaging host location"; MDN, "Native manifests",
//! "Windows").

use std::{
    io,
    path::{Path, PathBuf},
};

use windows_registry::CURRENT_USER;

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

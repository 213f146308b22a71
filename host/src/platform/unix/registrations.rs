//! How browsers find host manifests: in their folders.

use std::{
    io,
    path::{Path, PathBuf},
};

/// A key of the registry that names a manifest. There are none here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ManifestKey {}

impl ManifestKey {
    /// Returns the key by which a browser finds the manifest of `host` in a folder.
    pub(crate) fn of(_folder: &Path, _host: &str) -> Option<Self> {
        None
    }

    /// Returns the manifest that it names.
    pub(crate) fn manifest(&self) -> Option<PathBuf> {
        match *self {}
    }

    /// Lets it name a manifest.
    pub(crate) fn set(&self, _manifest: &Path) -> io::Result<()> {
        match *self {}
    }

    /// Removes it.
    pub(crate) fn remove(&self) -> io::Result<()> {
        match *self {}
    }
}

/// Fails: shells read their own files, which the user writes.
pub(crate) fn change_search_path(_change: impl FnOnce(&str) -> Option<String>) -> io::Result<bool> {
    Err(io::ErrorKind::Unsupported.into())
}

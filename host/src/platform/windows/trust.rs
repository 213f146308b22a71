//! Who else may change what the browser starts. Access is what the folders above grant, and links
//! take a right that users don't have by default, so nothing is found here.

use std::path::{Path, PathBuf};

use super::super::kinds::Danger;

/// Returns whether the home folder belongs to another user.
pub(crate) fn is_of_another(_home: &Path) -> bool {
    false
}

/// Returns the first reason not to start, or not to trust, the existing file at `path`.
pub(crate) fn danger(_path: &Path) -> Option<Danger> {
    None
}

/// Returns the first link in a path that another user created.
pub(crate) fn link_of_another(_path: &Path) -> Option<PathBuf> {
    None
}

/// Returns the mode that makes a program executable.
pub(crate) fn executable_mode(_program: &Path) -> Option<u32> {
    None
}

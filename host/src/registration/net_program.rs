//! `url-notes-net`, the program that uses the network.

use std::{
    env::consts::EXE_SUFFIX,
    path::{Path, PathBuf},
};

use crate::platform::{self, System};

/// Its name.
pub(crate) const NAME: &str = "url-notes-net";

/// Returns the path of the one that the program `own` runs, if it is installed: it lies beside it.
#[must_use]
pub(crate) fn beside(own: &Path) -> Option<PathBuf> {
    Some(own.with_file_name(format!("{NAME}{EXE_SUFFIX}"))).filter(|file| file.is_file())
}

/// Returns the sentence that says how to install the one that the program `own` runs.
#[must_use]
pub(crate) fn how_to_install(own: Option<&Path>) -> &'static str {
    how_to_install_on(platform::HERE, own)
}

fn how_to_install_on(system: System, own: Option<&Path>) -> &'static str {
    match own.and_then(Path::parent) {
        // Only packages install there.
        Some(folder) if folder == Path::new("/usr/bin") => "Install the package `url-notes-net`.",
        _ if system == System::Windows => "It comes with the installer of url-notes.",
        _ => "To install it, run `./install.sh --net`.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_install_it_is_that_of_the_program() {
        let how = |own: &str| how_to_install_on(System::Linux, Some(Path::new(own)));
        assert!(how("/usr/bin/url-notes").contains("the package `url-notes-net`"));
        for own in ["/usr/local/bin/url-notes", "/home/a/.local/bin/url-notes"] {
            assert!(how(own).contains("`./install.sh --net`"), "{own}");
        }
        let own = Path::new("Programs/url-notes/url-notes.exe");
        let how = how_to_install_on(System::Windows, Some(own));
        assert!(how.contains("the installer of url-notes"), "{how}");
    }
}

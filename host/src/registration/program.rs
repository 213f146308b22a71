//! Which program is registered: never one that is thrown away.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::permissions;
use crate::config::Environment;

/// The program's name on PATH.
pub(crate) const NAME: &str = "url-notes";

/// The throw-away folder that the program is in, if it is in one: a folder for temporary
/// files, or one that holds the tag of cache folders, as cargo's `target` does.
pub(crate) fn throw_away_folder(program: &Path, around: &Environment) -> Option<PathBuf> {
    let at_home = |folder: &Path| {
        let home = around.home.as_deref();
        home.is_some_and(|home| home.starts_with(folder))
    };
    let temporary = [
        around.temporary.as_path(),
        "/tmp".as_ref(),
        "/var/tmp".as_ref(),
    ];
    let mut temporary = temporary
        .into_iter()
        // Where the home is thrown away, all is.
        .filter(|folder| program.starts_with(folder) && !at_home(folder));
    temporary.next().map(Path::to_owned).or_else(|| {
        let mut above = program.ancestors().skip(1);
        above
            .find(|folder| folder.join("CACHEDIR.TAG").is_file())
            .map(Path::to_owned)
    })
}

/// The program to register where the user names none: this one, unless it is in a throw-away
/// folder; else the first on PATH that isn't.
pub(crate) fn to_register(around: &Environment) -> Option<PathBuf> {
    let this = around.program.clone();
    let on_path = around.path.iter().map(|folder| folder.join(NAME));
    let on_path = on_path.filter(|file| {
        file.is_absolute()
            && access(file, Access::EXEC_OK).is_ok()
            && permissions::danger(file).is_none()
            && file
                .canonicalize()
                .is_ok_and(|real| throw_away_folder(&real, around).is_none())
    });
    let mut programs = this.into_iter().chain(on_path);
    programs.find(|file| file.is_file() && throw_away_folder(file, around).is_none())
}

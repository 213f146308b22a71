//! Chooses the program to register: never one in a temporary location.

use std::{
    env::consts::EXE_SUFFIX,
    path::{Path, PathBuf},
};

use crate::{
    config::Environment,
    platform::{self, System},
};

/// The program's name on PATH.
pub(crate) const NAME: &str = "url-notes";

/// The file with the installer of this version for Windows (packaging/windows.sh).
pub(crate) const WINDOWS_INSTALLER: &str = concat!(
    "url-notes-",
    env!("CARGO_PKG_VERSION"),
    "-x86_64-windows-setup.exe"
);

/// Returns what installs the program, as the beginning of a sentence.
#[must_use]
pub(crate) fn how_to_install(system: System) -> String {
    match system {
        System::Windows => format!("Run the installer, {WINDOWS_INSTALLER}"),
        System::Linux | System::MacOs => "Run ./install.sh in the url-notes folder".to_owned(),
    }
}

/// Returns the path of the program in a folder.
pub(crate) fn in_folder(folder: &Path) -> PathBuf {
    folder.join(format!("{NAME}{EXE_SUFFIX}"))
}

/// Returns the temporary folder that contains the program, if any: the system's folder for
/// temporary files, or one marked with a CACHEDIR.TAG, such as cargo's `target`.
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
        // If the home folder itself is temporary, so is everything else.
        .filter(|folder| program.starts_with(folder) && !at_home(folder));
    temporary.next().map(Path::to_owned).or_else(|| {
        let mut above = program.ancestors().skip(1);
        above
            .find(|folder| folder.join("CACHEDIR.TAG").is_file())
            .map(Path::to_owned)
    })
}

/// Returns the program to register by default: this one, or, if it is in a temporary folder, the
/// first on PATH that isn't.
pub(crate) fn to_register(around: &Environment) -> Option<PathBuf> {
    let this = around.program.clone();
    let on_path = around.path.iter().map(|folder| in_folder(folder));
    let on_path = on_path.filter(|file| {
        file.is_absolute()
            && platform::may_execute(file)
            && platform::danger(file).is_none()
            && file
                .canonicalize()
                .is_ok_and(|real| throw_away_folder(&real, around).is_none())
    });
    let mut programs = this.into_iter().chain(on_path);
    programs.find(|file| file.is_file() && throw_away_folder(file, around).is_none())
}

//! Finds out who else may change what the browser starts, by owners, modes and links of a file and
//! of the folders above it.

use std::{
    fs::{self, Metadata},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::super::kinds::Danger;

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Returns whether the home folder belongs to another user.
pub(crate) fn is_of_another(home: &Path) -> bool {
    fs::metadata(home).is_ok_and(|found| found.uid() != me())
}

/// Returns the first reason not to start, or not to trust, the existing file at `path`.
pub(crate) fn danger(path: &Path) -> Option<Danger> {
    if let Some(link) = link_of_another(path) {
        return Some(Danger {
            sentence: format!("{} is a link that belongs to another user.", link.display()),
            path: link,
            mode: None,
        });
    }
    let real = path.canonicalize().ok()?;
    real.ancestors()
        .find_map(|part| of_part(part, &fs::metadata(part).ok()?, part == real))
}

/// Returns the first link in a path that neither this user nor root created.
pub(crate) fn link_of_another(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|part| {
            part.symlink_metadata().is_ok_and(|found| {
                found.file_type().is_symlink() && found.uid() != me() && found.uid() != 0
            })
        })
        .map(Path::to_owned)
}

/// Returns the mode that makes a program of this user executable without letting others change it.
pub(crate) fn executable_mode(program: &Path) -> Option<u32> {
    let found = fs::metadata(program).ok()?;
    let mode = found.permissions().mode() & 0o7777;
    (found.is_file() && found.uid() == me()).then_some(mode & !0o022 | 0o111)
}

fn of_part(path: &Path, found: &Metadata, is_file: bool) -> Option<Danger> {
    let mode = found.permissions().mode();
    if found.uid() != me() && found.uid() != 0 {
        return Some(Danger {
            path: path.to_owned(),
            sentence: format!("{} belongs to another user.", path.display()),
            mode: None,
        });
    }
    // A user's own group has no other members, and umask 0002 makes files writable for it. Groups
    // to which root gives write access, such as Debian's staff for /usr/local, are the
    // administrator's decision.
    let own_group = found.gid() == rustix::process::getegid().as_raw();
    let bits = if !is_file && (own_group || found.uid() == 0) {
        0o002
    } else {
        0o022
    };
    // In a sticky folder such as /tmp, users can change only their own files.
    let sticky = !is_file && mode & 0o1000 != 0;
    (mode & bits != 0 && !sticky).then(|| Danger {
        path: path.to_owned(),
        sentence: format!(
            "Other users of this computer can change {}.",
            path.display()
        ),
        mode: (found.uid() == me()).then_some(mode & 0o7777 & !bits),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{lchown, symlink};

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_others_may_write_is_found_with_the_mode_that_ends_it() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a b");
        fs::create_dir(&folder).unwrap();
        let file = folder.join("file");
        fs::write(&file, "").unwrap();
        for (folder_mode, file_mode, expected) in [
            (0o755, 0o644, None),
            // The user's own group.
            (0o775, 0o644, None),
            (0o1777, 0o644, None),
            (0o755, 0o664, Some((&file, 0o644))),
            (0o755, 0o757, Some((&file, 0o755))),
            (0o777, 0o644, Some((&folder, 0o775))),
        ] {
            set(&folder, folder_mode);
            set(&file, file_mode);
            let found = danger(&file).map(|danger| (danger.path, danger.mode));
            let expected = expected
                .map(|(path, mode): (&PathBuf, u32)| (path.canonicalize().unwrap(), Some(mode)));
            assert_eq!(found, expected, "{folder_mode:o} {file_mode:o}");
        }
    }

    #[test]
    fn links_and_files_of_others_are_not_trusted() {
        if me() != 0 {
            // Only root can create files of other users.
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "").unwrap();
        symlink(&file, &link).unwrap();
        assert_eq!(danger(&link), None);
        lchown(&link, Some(65534), None).unwrap();
        assert_eq!(danger(&link).unwrap().path, link);
        assert_eq!(link_of_another(&link.join("below")), Some(link));
        lchown(&file, Some(65534), None).unwrap();
        let found = danger(&file).unwrap();
        assert!(found.sentence.contains("another user"), "{found:?}");
        assert_eq!(found.mode, None);
    }
}

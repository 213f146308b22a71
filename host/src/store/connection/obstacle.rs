//! Finds out why a path can't exist: a link without a target (for example on a disk that isn't
//! mounted), a link loop, a file in place of a folder, or a removed working folder.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Obstacle, StoreFault},
    platform,
    store::connection::db_files::{JOURNAL, LOG, SHARED_MEMORY, beside, folder},
};

/// Returns the obstacle on the way to the database at `path`, with the names involved, or `None` if
/// there is none.
pub(in crate::store) fn obstacle(path: &Path) -> Option<Error> {
    let found = |fault, names| Error::Store {
        fault,
        source: Some(Obstacle(names).into()),
    };
    if path.is_relative() && fs::canonicalize(".").is_err() {
        let names = format!("{} is relative to it", path.display());
        return Some(found(StoreFault::FolderGone, names));
    }
    if let Some((fault, names)) = on_the_way(path) {
        return Some(found(fault, names));
    }
    [LOG, SHARED_MEMORY, JOURNAL]
        .into_iter()
        .map(|ending| beside(path, ending))
        .find_map(|file| broken_link(&file))
        .map(|(fault, names)| found(fault, names))
}

fn on_the_way(path: &Path) -> Option<(StoreFault, String)> {
    let mut walked = PathBuf::new();
    for part in path.components() {
        walked.push(part);
        // What is missing can be created.
        walked.symlink_metadata().ok()?;
        match fs::metadata(&walked) {
            Ok(there) if walked != path && !there.is_dir() => {
                let names = format!("{} is not a folder", walked.display());
                return Some((StoreFault::NoFolder, names));
            }
            Ok(_) => {}
            // A link to a file that can be created is fine.
            Err(_) if walked == path && folder(&target(path)?).is_dir() => {
                return broken_link(path).filter(|(fault, _)| *fault == StoreFault::LinkLoop);
            }
            Err(_) => return broken_link(&walked),
        }
    }
    None
}

/// Returns what is wrong with a link that can't be followed.
fn broken_link(path: &Path) -> Option<(StoreFault, String)> {
    let target = target(path)?;
    let names = format!("{} leads to {}", path.display(), target.display());
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Some((StoreFault::LinkToNothing, names))
        }
        Err(error) if platform::is_link_loop(&error) => Some((StoreFault::LinkLoop, names)),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            Some((StoreFault::NoFolder, names))
        }
        _ => None,
    }
}

/// Returns the target of a link, relative to the current folder, or `None` if the path isn't a
/// link.
fn target(link: &Path) -> Option<PathBuf> {
    Some(folder(link).join(fs::read_link(link).ok()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::{protocol::ErrorKind as Kind, store::transaction::Store};

    #[track_caller]
    fn check(path: &Path, fault: StoreFault, names: &str) {
        let refused = Store::open(path).unwrap_err();
        let Error::Store { fault: found, .. } = &refused else {
            panic!("{refused}");
        };
        assert_eq!(*found, fault, "{}", refused.chain());
        assert_eq!(refused.kind(), Kind::StoreUnwritable);
        assert_eq!(refused.obstacle().as_deref(), Some(names));
        // Messages on the wire contain no paths.
        assert!(!refused.to_wire().message.contains('/'));
    }

    #[test]
    fn a_link_without_a_target_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().display();
        let at = |name: &str| dir.path().join(name);
        let nothing = StoreFault::LinkToNothing;
        symlink(at("usb"), at("folder")).unwrap();
        let names = format!("{top}/folder leads to {top}/usb");
        check(&at("folder/notes.db"), nothing, &names);
        check(&at("folder/deeper/notes.db"), nothing, &names);
        symlink("usb/notes.db", at("notes.db")).unwrap();
        let names = format!("{top}/notes.db leads to {top}/usb/notes.db");
        check(&at("notes.db"), nothing, &names);
        // As soon as the disk is mounted, the notes open.
        fs::create_dir(at("usb")).unwrap();
        for path in ["folder/notes.db", "notes.db"] {
            assert!(Store::open(&at(path)).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_log_link_without_a_target_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        drop(Store::open(&path).unwrap());
        let log = dir.path().join("notes.db-wal");
        let _ = fs::remove_file(&log);
        symlink("/nowhere/log", &log).unwrap();
        let names = format!("{} leads to /nowhere/log", log.display());
        check(&path, StoreFault::LinkToNothing, &names);
    }

    #[test]
    fn a_link_loop_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        symlink(at("b"), at("a")).unwrap();
        symlink(at("a"), at("b")).unwrap();
        let names = format!("{} leads to {}", at("a").display(), at("b").display());
        check(&at("a/notes.db"), StoreFault::LinkLoop, &names);
        check(&at("a"), StoreFault::LinkLoop, &names);
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        let names = format!("{} is not a folder", file.display());
        check(&file.join("notes.db"), StoreFault::NoFolder, &names);
        symlink(&file, dir.path().join("link")).unwrap();
        let names = format!("{} is not a folder", dir.path().join("link").display());
        check(
            &dir.path().join("link/deeper/notes.db"),
            StoreFault::NoFolder,
            &names,
        );
    }
}

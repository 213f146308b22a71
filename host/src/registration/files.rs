//! Writes and removes host manifests. Writes are atomic, and files that url-notes didn't write are
//! kept as a backup beside the manifest.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::manifest;
use crate::{
    caller::Family,
    platform::{self, ManifestKey, PrivateOptions as _, fs_open},
};

/// Most backups beside one manifest.
const MAX_KEPT: u32 = 99;
/// Mode of a manifest, regardless of the umask.
const MODE: u32 = 0o644;
/// Mode of the folders created for it.
const FOLDER_MODE: u32 = 0o755;

/// What happened to a manifest, or what would happen in a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The manifest is new.
    Written,
    /// It replaced a different manifest.
    Replaced,
    /// The manifest was already correct.
    Unchanged,
    /// The manifest was removed.
    Removed,
}

impl Change {
    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Replaced => "replaced",
            Self::Unchanged => "unchanged",
            Self::Removed => "removed",
        }
    }
}

/// A manifest that was written or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// What happened to it.
    pub change: Change,
    /// The backup of a manifest that url-notes didn't write.
    pub kept: Option<PathBuf>,
    /// The program that a removed manifest named.
    pub program: Option<PathBuf>,
}

/// Writes the manifest into its folder. A manifest that url-notes didn't write is kept beside it.
/// `others` are further extensions that may start the program.
///
/// # Errors
/// A sentence: a link of another user is in the way, the program's path can't be represented in
/// JSON, or the system refuses.
pub(crate) fn write(
    folder: &Path,
    family: Family,
    program: &Path,
    others: &[String],
    dry_run: bool,
) -> Result<Done, String> {
    let file = manifest::file_in(folder);
    refuse_foreign_links(&file)?;
    let text = manifest::text_for(family, program, others)?;
    let found = file.symlink_metadata().ok();
    if found.as_ref().is_some_and(fs::Metadata::is_dir) {
        return Err(format!(
            "{} is a folder, where url-notes needs a file. Move it away and run this again.",
            file.display()
        ));
    }
    let key = ManifestKey::of(folder, manifest::HOST);
    let named = key.as_ref().and_then(ManifestKey::manifest);
    let is_named = key.is_none() || named.as_ref() == Some(&file);
    let is_there = found.as_ref().is_some_and(|found| {
        is_named
            && found.is_file()
            && (!platform::HAS_MODES || platform::mode(found) == MODE)
            && fs_open::read_to_string(&file).is_ok_and(|there| there == text)
    });
    if is_there {
        return Ok(done(Change::Unchanged, None));
    }
    // A manifest that another program's key names stays where it is.
    let foreign = named
        .as_ref()
        .filter(|named| *named != &file && named.is_file())
        .filter(|named| !manifest::is_written_by_us(named, family));
    let kept = match foreign {
        Some(foreign) => Some(foreign.clone()),
        None => keep(&file, family, dry_run)?,
    };
    if !dry_run {
        make_folder(folder).map_err(|error| {
            format!(
                "The folder {} can't be created ({error}).",
                folder.display()
            )
        })?;
        put(&file, &text)?;
        if let Some(key) = &key {
            key.set(&file).map_err(|error| {
                format!("The registry can't be written, so the browser doesn't find url-notes ({error}).")
            })?;
        }
    }
    let change = match found.is_some() || named.is_some() {
        true => Change::Replaced,
        false => Change::Written,
    };
    Ok(done(change, kept))
}

/// Removes a manifest, and the parent folders that are empty afterwards, up to one that `is_kept`.
/// A manifest that url-notes didn't write is kept beside its old location. Returns `None` if there
/// is no manifest.
///
/// # Errors
/// As [`write`].
pub(super) fn remove(
    file: &Path,
    family: Family,
    dry_run: bool,
    is_kept: impl Fn(&Path) -> bool,
) -> Result<Option<Done>, String> {
    match file.symlink_metadata() {
        Ok(found) if !found.is_dir() => {}
        _ => return Ok(None),
    }
    refuse_foreign_links(file)?;
    let program = manifest::read(file, family).ok();
    let kept = keep(file, family, dry_run)?;
    let key = file
        .parent()
        .and_then(|folder| ManifestKey::of(folder, manifest::HOST))
        // One that names another manifest belongs to another program.
        .filter(|key| key.manifest().as_deref() == Some(file));
    if !dry_run {
        if let Some(key) = key {
            key.remove()
                .map_err(|error| format!("The registry can't be written ({error})."))?;
        }
        // Without hard links, `keep` has already moved it.
        if let Err(error) = fs::remove_file(file)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(format!("{} can't be removed ({error}).", file.display()));
        }
        let folders = file.ancestors().skip(1);
        for folder in folders.take_while(|folder| !is_kept(folder)) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
    Ok(Some(Done {
        program: program.map(|manifest| manifest.program),
        ..done(Change::Removed, kept)
    }))
}

fn done(change: Change, kept: Option<PathBuf>) -> Done {
    Done {
        change,
        kept,
        program: None,
    }
}

/// Refuses paths with links that another user planted, because they could redirect the write to any
/// file. Links of root are accepted: they are the system's layout, such as a moved /home.
fn refuse_foreign_links(file: &Path) -> Result<(), String> {
    platform::link_of_another(file).map_or(Ok(()), |link| {
        Err(format!(
            "{} is a link that belongs to another user, so url-notes doesn't write through it. Remove it and run this again.",
            link.display()
        ))
    })
}

/// Keeps a file that url-notes didn't write under a name of its own beside it, unless there is a
/// copy already. Returns that name.
fn keep(file: &Path, family: Family, dry_run: bool) -> Result<Option<PathBuf>, String> {
    let Ok(found) = file.symlink_metadata() else {
        return Ok(None);
    };
    let is_empty = found.is_file() && found.len() == 0;
    if is_empty || manifest::is_written_by_us(file, family) && !found.is_symlink() {
        return Ok(None);
    }
    let shown = file.display();
    for number in 1..=MAX_KEPT {
        let mut name = file.as_os_str().to_owned();
        name.push(".old");
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let old = PathBuf::from(name);
        if old.symlink_metadata().is_err() {
            if dry_run {
                return Ok(Some(old));
            }
            // Links the file itself, whatever it is. Without hard links it is moved, so it is
            // absent for a moment.
            let kept = match fs::hard_link(file, &old) {
                // Another process has taken the name.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(_) => fs::rename(file, &old),
                Ok(()) => Ok(()),
            };
            return match kept {
                Ok(()) => Ok(Some(old)),
                Err(error) => Err(format!(
                    "{shown} isn't one that url-notes wrote, and can't be kept as {} ({error}). Move it away and run this again.",
                    old.display()
                )),
            };
        }
        let same = |path: &Path| fs_open::open(path).and_then(read_whole).ok();
        if found.is_file()
            && old.is_file()
            && same(file).is_some_and(|text| Some(text) == same(&old))
        {
            return Ok(Some(old));
        }
    }
    Err(format!(
        "{shown} wasn't written by url-notes, and {MAX_KEPT} backups of such files already exist. Move it away and run this again."
    ))
}

fn read_whole(mut file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::Read::read_to_end(&mut file, &mut text)?;
    Ok(text)
}

/// Creates a folder and its parents, readable by all regardless of the umask.
fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|folder| !folder.is_dir())
        .collect();
    for folder in missing.into_iter().rev() {
        match platform::create_private_folder(folder) {
            Ok(()) => platform::set_mode_at(folder, FOLDER_MODE)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn put(file: &Path, text: &str) -> Result<(), String> {
    let folder = file.parent().unwrap_or(file);
    let part = folder.join(format!(".url-notes.{}", Uuid::new_v4().simple()));
    let mut options = OpenOptions::new();
    let new = options
        .write(true)
        .create_new(true)
        .with_mode(MODE)
        .open(&part);
    let mut new = new.map_err(|error| {
        format!(
            "The folder {} can't be written to ({error}).",
            folder.display()
        )
    })?;
    let done = new
        .write_all(text.as_bytes())
        .and_then(|()| platform::set_mode(&new, MODE))
        .and_then(|()| new.sync_all())
        .and_then(|()| fs::rename(&part, file));
    done.map_err(|error| {
        let _ = fs::remove_file(&part);
        format!("{} can't be written ({error}).", file.display())
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::{
        manifest::{PROGRAM, file_in, read, text_for},
        *,
    };

    #[test]
    fn what_is_written_is_read() {
        let dir = tempfile::tempdir().unwrap();
        for family in [Family::Chromium, Family::Firefox] {
            for program in ["/usr/bin/url-notes", "/home/ö \"x\" \\ 機械/\"url-notes\""] {
                let folder = dir
                    .path()
                    .join(format!("not yet/{family:?}/{}", program.len()));
                let program = Path::new(program);
                let write = |dry_run| write(&folder, family, program, &[], dry_run).unwrap();
                assert_eq!(write(true), done(Change::Written, None));
                assert!(!folder.exists());
                assert_eq!(write(false), done(Change::Written, None));
                assert_eq!(write(false), done(Change::Unchanged, None));
                let file = file_in(&folder);
                let found = read(&file, family).unwrap();
                assert_eq!(found.program, program);
                assert_eq!(found.missing, [""; 0]);
                assert_eq!(found.others, [""; 0]);
                let mode = fs::metadata(&file).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, MODE);
                assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
                let mode = fs::metadata(&folder).unwrap().permissions().mode();
                assert_eq!(mode & 0o777, FOLDER_MODE);
            }
        }
        assert!(write(dir.path(), Family::Firefox, Path::new("/a\nb"), &[], false).is_err());
    }

    #[test]
    fn a_foreign_manifest_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let program = Path::new("/usr/bin/url-notes");
        let file = file_in(dir.path());
        let kept = |text: &str| {
            fs::write(&file, text).unwrap();
            let write = |dry_run| {
                let done = write(dir.path(), Family::Firefox, program, &[], dry_run);
                done.unwrap().kept
            };
            let would_be_kept = write(true);
            let kept = write(false);
            assert_eq!(would_be_kept, kept);
            assert_eq!(read(&file, Family::Firefox).unwrap().missing, [""; 0]);
            kept.map(|kept| {
                assert_eq!(fs::read_to_string(&kept).unwrap(), text);
                kept.file_name().unwrap().to_str().unwrap().to_owned()
            })
        };
        let ours = |program: &str| text_for(Family::Firefox, Path::new(program), &[]).unwrap();
        for (text, name) in [
            ("theirs", Some("url_notes.json.old")),
            ("others'", Some("url_notes.json.old.2")),
            ("theirs", Some("url_notes.json.old")),
            ("", None),
            (&ours("/elsewhere/url-notes"), None),
            (&ours("/home/me/my-host"), Some("url_notes.json.old.3")),
        ] {
            assert_eq!(kept(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn other_allowed_extensions_stay() {
        let dir = tempfile::tempdir().unwrap();
        let others = ["a\"b@c".to_owned(), PROGRAM.to_owned()];
        for family in [Family::Chromium, Family::Firefox] {
            write(dir.path(), family, Path::new("/x"), &others, false).unwrap();
            let file = file_in(dir.path());
            let found = read(&file, family).unwrap();
            assert_eq!((found.missing.len(), &*found.program), (0, Path::new("/x")));
            assert_eq!(found.others, others);
        }
    }

    #[test]
    fn a_manifest_is_removed_with_folders_that_become_empty() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let file = file_in(&folder);
        let remove = |dry_run| {
            remove(&file, Family::Firefox, dry_run, |folder| {
                folder == dir.path()
            })
            .unwrap()
        };
        assert_eq!(remove(false), None);
        let program = PathBuf::from("/x/url-notes");
        write(&folder, Family::Firefox, &program, &[], false).unwrap();
        let removed = Some(Done {
            change: Change::Removed,
            kept: None,
            program: Some(program),
        });
        assert_eq!(remove(true), removed);
        assert!(file.exists());
        assert_eq!(remove(false), removed);
        assert!(!dir.path().join("a").exists());
        assert!(dir.path().exists());

        fs::create_dir_all(&folder).unwrap();
        fs::write(&file, "theirs").unwrap();
        for dry_run in [true, false] {
            let kept = remove(dry_run).unwrap().kept.unwrap();
            assert_eq!(kept, folder.join("url_notes.json.old"));
            assert_eq!(kept.exists(), !dry_run);
            assert_eq!(file.exists(), dry_run);
        }
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let write = |folder: &Path| {
            write(folder, Family::Firefox, Path::new("/x"), &[], false).unwrap_err()
        };
        let folder = dir.path().join("folder");
        fs::create_dir_all(file_in(&folder)).unwrap();
        assert!(write(&folder).contains("is a folder, where url-notes needs a file"));
        fs::write(dir.path().join("file"), "").unwrap();
        let said = write(&dir.path().join("file/below"));
        assert!(said.contains("below can't be created"), "{said}");
    }
}

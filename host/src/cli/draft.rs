//! The draft file of an edit that is in progress or was abandoned: where it is, which note it
//! belongs to, and when it may be removed.
//!
//! Its content belongs to `front_matter.rs`, and what happens with it to `edit.rs`.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::bail;

use crate::{
    cli::{context::unwritten, front_matter},
    config::Config,
    domain::{Note, NoteId, shell_word},
    platform::{self, PathLock, PrivateOptions as _},
};

/// Longest draft that is read, in bytes: far more than a note has.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Names of the edited file and of its original beside it.
const NAME: &str = "note.md";
const BEFORE: &str = "before.md";
/// How long an unchanged draft is kept, because an editor may still have it open.
const UNTOUCHED_STAYS: Duration = Duration::from_hours(24);

/// A draft in a folder of its own, because editors leave copies beside the file.
#[derive(Debug)]
pub(super) struct Draft {
    folder: PathBuf,
    pub(super) path: PathBuf,
    id: NoteId,
    /// The original.
    before: PathBuf,
    /// Locks the original while this program uses the draft. Some network drives don't support
    /// locks; drafts aren't locked there.
    _lock: Option<PathLock>,
}

/// Which files that an editor left beside the draft may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spare {
    Nothing,
    /// Backup copies of editors, such as `note.md~`: the content before the user saved.
    Copies,
}

impl Draft {
    /// Creates a draft for a new edit. Returns it with the file of another edit of the note, if
    /// there is one.
    ///
    /// An unchanged draft is reused, so that drafts don't accumulate.
    pub(super) fn begin(config: &Config, note: &Note) -> anyhow::Result<(Self, Option<PathBuf>)> {
        let drafts = drafts(config);
        let written = front_matter::write(note);
        let (mut other, mut again) = (None, None);
        for folder in of_note(&drafts, note.id) {
            let path = folder.join(NAME);
            match Self::hold(folder, note.id) {
                Ok(draft) if draft.is_untouched() => {
                    if draft.before().is_ok_and(|text| text == written.as_bytes()) {
                        again = Some(draft);
                    } else if draft.is_old() {
                        draft.remove(Spare::Nothing);
                    }
                }
                _ if path.exists() => other = Some(path),
                _ => {}
            }
        }
        if let Some(draft) = again {
            // Restarts the time that it is kept.
            #[expect(clippy::disallowed_methods, reason = "the time of a file")]
            let _ = File::options()
                .write(true)
                .open(&draft.before)
                .and_then(|before| before.set_modified(SystemTime::now()));
            return Ok((draft, other));
        }
        Ok((Self::create(&drafts, note.id, &written)?, other))
    }

    fn create(drafts: &Path, id: NoteId, written: &str) -> anyhow::Result<Self> {
        let mut number = 0_u32;
        let folder = loop {
            let name = match number {
                0 => id.0.to_string(),
                _ => format!("{}-{number}", id.0),
            };
            let folder = drafts.join(name);
            match platform::create_private_folder(&folder) {
                Ok(()) => break folder,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    platform::create_private_folders(drafts)
                        .map_err(|error| unwritten(error, drafts))?;
                }
                Err(error) => return Err(unwritten(error, &folder)),
            }
        };
        let write = |name: &str| {
            let path = folder.join(name);
            let mut file = File::options()
                .write(true)
                .create_new(true)
                .private()
                .open(&path)?;
            let lock = PathLock::take_by(&folder, &path).ok();
            file.write_all(written.as_bytes())?;
            Ok::<_, io::Error>((path, lock))
        };
        let path = folder.join(NAME);
        let files = write(BEFORE).and_then(|before| write(NAME).map(|_| before));
        match files {
            Ok((before, lock)) => Ok(Self {
                folder,
                path,
                id,
                before,
                _lock: lock,
            }),
            Err(error) => {
                remove(&folder, Spare::Nothing);
                Err(unwritten(error, &path))
            }
        }
    }

    /// Returns the draft that `file` belongs to, to continue it, or `None` if it is an ordinary
    /// file.
    ///
    /// # Errors
    /// A sentence, if the draft belongs to another note or is being edited.
    pub(super) fn of_file(
        config: &Config,
        id: NoteId,
        file: &Path,
    ) -> anyhow::Result<Option<Self>> {
        let (Ok(file), Ok(drafts)) = (file.canonicalize(), drafts(config).canonicalize()) else {
            return Ok(None);
        };
        let folder = file.parent().filter(|at| at.parent() == Some(&drafts));
        let Some((folder, owner)) = folder.and_then(|at| Some((at, owner(at)?))) else {
            return Ok(None);
        };
        if owner != id {
            bail!(
                "This is the draft of another note. To continue it, run `url-notes edit {} --file …`.",
                owner.0
            );
        }
        if file.file_name() != Some(OsStr::new(NAME)) {
            return Ok(None);
        }
        match Self::hold(folder.to_owned(), id) {
            Ok(draft) => Ok(Some(draft)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                bail!(
                    "This draft is still open in an editor. It is saved when you close the editor."
                )
            }
            // Without its original, it is an ordinary file.
            Err(_) => Ok(None),
        }
    }

    /// Locks an existing draft. Fails if another process has it.
    fn hold(folder: PathBuf, id: NoteId) -> io::Result<Self> {
        let before = folder.join(BEFORE);
        File::open(&before)?;
        let lock = match PathLock::take_by(&folder, &before) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(error),
            taken => taken.ok(),
        };
        let path = folder.join(NAME);
        Ok(Self {
            folder,
            path,
            id,
            before,
            _lock: lock,
        })
    }

    /// Returns the current content.
    pub(super) fn typed(&self) -> io::Result<Vec<u8>> {
        read(File::open(&self.path)?)
    }

    /// Returns the original content.
    pub(super) fn before(&self) -> io::Result<Vec<u8>> {
        read(File::open(&self.before)?)
    }

    /// Returns whether the content is unchanged, byte for byte.
    pub(super) fn is_as_before(&self) -> bool {
        matches!((self.typed(), self.before()), (Ok(typed), Ok(before)) if typed == before)
    }

    /// Returns whether nothing was typed or left, judging by the files' times.
    fn is_untouched(&self) -> bool {
        self.is_as_before()
            && others(&self.folder, Spare::Nothing).is_ok_and(|others| others.is_empty())
    }

    fn is_old(&self) -> bool {
        let modified = fs::metadata(&self.before).and_then(|about| about.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNTOUCHED_STAYS))
    }

    /// Returns the command that continues the edit.
    pub(super) fn command(&self) -> String {
        let path = self.path.display().to_string();
        format!("url-notes edit {} --file {}", self.id.0, shell_word(&path))
    }

    /// Removes the draft after its content was saved. If the folder contains anything else, keeps
    /// it and returns a sentence that says so.
    pub(super) fn done(self, taken: &[u8]) -> Option<String> {
        // An editor that is still open has saved again.
        if self.typed().is_ok_and(|typed| typed != taken) {
            return Some(format!(
                "What you saved since is kept. To continue, run `{}`.",
                self.command()
            ));
        }
        (!self.remove(Spare::Copies)).then(|| {
            format!(
                "Your editor left files that may contain more of your text. They are kept in {}.",
                self.folder.display()
            )
        })
    }

    /// Fails with the sentence, and keeps the draft and anything that a crashed editor left.
    pub(super) fn give_up<T>(&self, sentence: &str) -> anyhow::Result<T> {
        let is_kept = match self.typed() {
            Ok(typed) => {
                !front_matter::is_blank(&typed)
                    && self.before().map_or(true, |before| typed != before)
            }
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if is_kept {
            bail!(
                "{sentence} Your text is kept. Once this is fixed, continue with `{}`.",
                self.command()
            )
        }
        if self.remove(Spare::Nothing) {
            bail!("{sentence}");
        }
        bail!(
            "{sentence} The files that your editor left are kept in {}. Recover your text into {NAME}, then run `{}`.",
            self.folder.display(),
            self.command()
        )
    }

    fn remove(&self, spare: Spare) -> bool {
        remove(&self.folder, spare)
    }
}

/// Removes a draft's folder unless it contains unknown files.
fn remove(folder: &Path, spare: Spare) -> bool {
    let removed = others(folder, spare).and_then(|others| {
        if !others.is_empty() {
            return Ok(false);
        }
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if is_spare(&entry.file_name(), spare) {
                fs::remove_file(entry.path())?;
            }
        }
        // Fails, as intended, if a file was added meanwhile.
        fs::remove_dir(folder)?;
        Ok(true)
    });
    removed.unwrap_or_else(|error| {
        log::warn!("the draft of an edit stays: {error}");
        false
    })
}

fn is_spare(name: &OsStr, spare: Spare) -> bool {
    name == NAME
        || name == BEFORE
        || spare == Spare::Copies && name.as_encoded_bytes().ends_with(b"~")
}

/// Returns the files in a draft's folder that must be kept.
fn others(folder: &Path, spare: Spare) -> io::Result<Vec<PathBuf>> {
    let mut others = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() || !is_spare(&entry.file_name(), spare) {
            others.push(entry.path());
        }
    }
    Ok(others)
}

/// Returns the folders of a note's drafts.
fn of_note(drafts: &Path, id: NoteId) -> Vec<PathBuf> {
    let entries = fs::read_dir(drafts).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|folder| owner(folder) == Some(id))
        .collect();
    folders.sort();
    folders
}

/// Returns the note of a draft by its folder's name: `ID` or `ID-N`.
fn owner(folder: &Path) -> Option<NoteId> {
    let name = folder.file_name()?.to_str()?;
    let (id, number) = name.split_once('-').unwrap_or((name, "1"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (is_number(id) && is_number(number)).then(|| id.parse().ok().map(NoteId))?
}

/// Reads a whole file.
///
/// # Errors
/// `FileTooLarge` over the limit, because a truncated text would lose words.
pub(super) fn read(file: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE_BYTES) {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is longer than 1 MiB",
        ));
    }
    Ok(bytes)
}

/// Returns the folder of all drafts.
fn drafts(config: &Config) -> PathBuf {
    config.database.with_file_name("edits")
}

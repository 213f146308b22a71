//! Export: notes become files.
//!
//! Owns what each format looks like; the moment that an export is of is one read
//! transaction of the store's.

mod csv;
mod json;
mod markdown;
mod netscape;

pub use csv::csv;
pub use json::{json, jsonl};
pub use markdown::markdown;
pub use netscape::netscape;

use std::{
    fs::File,
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process,
};

use crate::{
    domain::{Note, NoteId},
    error::Result,
    store::Reader,
};

/// Notes that are held in memory at once.
const AT_ONCE: u32 = 256;

/// Calls `take` with each live note, oldest first.
fn each_note(
    store: &Reader,
    take: &mut dyn FnMut(&Note) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    each(|after| store.notes_after(after, AT_ONCE), take)
}

/// Calls `take` with each note of the trash.
fn each_deleted(
    store: &Reader,
    take: &mut dyn FnMut(&Note) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    each(|after| store.trash_after(after, AT_ONCE), take)
}

fn each(
    read: impl Fn(Option<NoteId>) -> Result<Vec<Note>>,
    take: &mut dyn FnMut(&Note) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut last = None;
    loop {
        let notes = read(last)?;
        let Some(note) = notes.last() else {
            return Ok(());
        };
        last = Some(note.id);
        for note in &notes {
            take(note)?;
        }
    }
}

/// Makes something beside `path` under a name that nothing has yet, to be renamed when
/// it is whole: nobody's own file is ever taken for a leftover.
///
/// # Errors
/// Those of `make`, which has to fail with `AlreadyExists` where something is there.
pub fn fresh<T>(path: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    let mut number = 0_u32;
    loop {
        let path = path.with_file_name(format!(".url-notes.{}-{number}.part", process::id()));
        match make(&path) {
            Ok(made) => return Ok((path, made)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// As [`fresh`], a file that its user alone can read.
///
/// # Errors
/// Those of files.
pub fn fresh_file(path: &Path) -> io::Result<(PathBuf, File)> {
    fresh(path, |path| {
        File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
    })
}

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

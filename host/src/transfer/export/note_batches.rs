//! Reads notes in batches, so that an export holds few of them in memory.

use crate::{
    domain::{Note, NoteId},
    error::Result,
    store::Reader,
};

/// Notes in memory at once.
const AT_ONCE: u32 = 256;

/// Calls `take` with each note, oldest first, without the trash.
pub(super) fn each_note(
    store: &Reader,
    take: &mut dyn FnMut(&Note) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    each(|after| store.notes_after(after, AT_ONCE), take)
}

/// Calls `take` with each note of the trash.
pub(super) fn each_deleted(
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

//! The first sentences of a page's text, in place of a description.
//!
//! Only pages for the user have them: no feed, no export and no published page has words of a text.

use crate::{
    domain::{LEAD_SOURCE_BYTES, Note, lead},
    error::Result,
    store::Reader,
};

/// Does the same as [`with_lead`] with each note of a list.
///
/// # Errors
/// The `store_*` kinds.
pub(super) fn with_leads(reader: &Reader, mut notes: Vec<Note>) -> Result<Vec<Note>> {
    if reader.has_texts()? {
        notes = notes
            .into_iter()
            .map(|note| with_lead(reader, note))
            .collect();
    }
    Ok(notes)
}

/// Gives a note that has neither a text of the user nor a description the first sentences of the
/// text of its page as a description.
pub(super) fn with_lead(reader: &Reader, mut note: Note) -> Note {
    if note.summary.trim().is_empty() && note.metadata.excerpt.is_none() {
        // A damaged text is reported where it is read. It must not hide the note.
        let beginning = reader.text_beginning(note.id, LEAD_SOURCE_BYTES);
        note.metadata.excerpt = beginning.ok().flatten().as_deref().and_then(lead);
    }
    note
}

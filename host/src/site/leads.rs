//! What stands in for a note's missing text: a summary by a model, or the first sentences of the
//! page's text.
//!
//! Only pages for the user have them: no feed, no export and no published page has words of a text
//! or of a model.

use std::collections::HashMap;

use crate::{
    domain::{Note, NoteId},
    error::Result,
    store::{Gist, Reader},
};

/// The summaries by a model that are shown, by note.
pub(super) type Gists = HashMap<NoteId, Gist>;

/// Finds what stands in for the texts of a list of notes. A note with neither a text of the user nor
/// a description has a summary by a model or, as its description, the first sentences of its page.
///
/// # Errors
/// The `store_*` kinds.
pub(super) fn with_stand_ins(reader: &Reader, mut notes: Vec<Note>) -> Result<(Vec<Note>, Gists)> {
    let mut gists = Gists::new();
    if reader.has_gists()? {
        for note in notes.iter().filter(|note| is_bare(note)) {
            if let Some(gist) = reader.gist(note.id)? {
                gists.insert(note.id, gist);
            }
        }
    }
    if reader.has_texts()? {
        for note in &mut notes {
            if !gists.contains_key(&note.id) {
                reader.add_lead(note);
            }
        }
    }
    Ok((notes, gists))
}

/// Finds what stands in for the text of a note that is shown alone. A summary by a model is also
/// shown below a description.
///
/// # Errors
/// The `store_*` kinds.
pub(super) fn with_stand_in(reader: &Reader, mut note: Note) -> Result<(Note, Option<Gist>)> {
    let gist = match has_summary(&note) {
        true => None,
        false => reader.gist(note.id)?,
    };
    if gist.is_none() {
        reader.add_lead(&mut note);
    }
    Ok((note, gist))
}

fn has_summary(note: &Note) -> bool {
    !note.summary.trim().is_empty()
}

fn is_bare(note: &Note) -> bool {
    !has_summary(note) && note.metadata.excerpt.is_none()
}

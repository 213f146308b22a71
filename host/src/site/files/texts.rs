//! The texts of pages on an exported site.

use std::collections::HashMap;

use super::folder::Folder;
use crate::{
    domain::NoteId,
    error::Result,
    site::views::{self, Layout},
    store::{Reader, TextSummary},
};

/// Returns what is known about the texts of notes.
pub(super) fn summaries(store: &Reader, notes: &[NoteId]) -> Result<HashMap<NoteId, TextSummary>> {
    let mut texts = HashMap::new();
    for id in notes {
        if let Some(text) = store.text_summary(*id)? {
            texts.insert(*id, text);
        }
    }
    Ok(texts)
}

/// Writes the text of each of these notes. `layout` is for pages in folders of depth 3.
pub(super) fn write<'a>(
    store: &Reader,
    layout: &Layout,
    folder: &Folder<'_>,
    notes: impl Iterator<Item = &'a NoteId>,
) -> anyhow::Result<()> {
    for id in notes {
        if let (Some(note), Some(text)) = (store.note(*id)?, store.text(*id)?) {
            let page = views::reader(layout, &note, &text);
            folder.put(&format!("note/{}/text/index.html", id.0), page.as_bytes())?;
        }
    }
    Ok(())
}

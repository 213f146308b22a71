//! Index entries that a transaction hasn't written yet.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use crate::domain::{NoteId, Searched, push_index_text};

/// Entries to be written to the full-text indexes.
///
/// FTS5 flushes its buffer as a new segment at each following statement with triggers, and merging
/// segments is expensive. So a transaction writes all its entries together at its end.
#[derive(Debug, Default)]
pub(in crate::store) struct Pending {
    /// The first notes are held in memory; the others are read again.
    pub(in crate::store) notes: RefCell<BTreeMap<NoteId, (Option<IndexedTexts>, Indexed)>>,
    /// Text held in memory, in bytes.
    pub(in crate::store) bytes: Cell<usize>,
    /// New tags.
    pub(in crate::store) tags: RefCell<Vec<i64>>,
}

/// The texts of a note as the full-text index stores them, one after the other.
#[derive(Debug)]
pub(in crate::store) struct IndexedTexts {
    text: String,
    ends: [usize; 5],
}

impl IndexedTexts {
    pub(in crate::store) fn of(texts: &Searched) -> Self {
        let columns = [
            &texts.summary,
            &texts.title,
            &texts.tags,
            &texts.excerpt,
            &texts.address,
        ];
        let length: usize = columns.iter().map(|text| text.len()).sum();
        let mut text = String::with_capacity(length + length / 8 + 16);
        let ends = columns.map(|column| {
            push_index_text(&mut text, column);
            text.len()
        });
        Self { text, ends }
    }

    /// Returns the texts in the order of the columns.
    pub(in crate::store) fn columns(&self) -> [&str; 5] {
        let mut start = 0;
        self.ends.map(|end| {
            let column = &self.text[start..end];
            start = end;
            column
        })
    }
}

/// Whether the index has older entries of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Indexed {
    Not,
    Before,
}

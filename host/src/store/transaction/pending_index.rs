//! Index entries that a transaction hasn't written yet.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use crate::domain::{NoteId, Searched, index_text};

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

/// The texts of a note as the full-text index stores them.
#[derive(Debug)]
pub(in crate::store) struct IndexedTexts {
    pub(in crate::store) summary: String,
    pub(in crate::store) title: String,
    pub(in crate::store) tags: String,
    pub(in crate::store) excerpt: String,
    pub(in crate::store) address: String,
}

impl IndexedTexts {
    pub(in crate::store) fn of(texts: &Searched) -> Self {
        Self {
            summary: index_text(&texts.summary),
            title: index_text(&texts.title),
            tags: index_text(&texts.tags),
            excerpt: index_text(&texts.excerpt),
            address: index_text(&texts.address),
        }
    }
}

/// Whether the index has older entries of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Indexed {
    Not,
    Before,
}

//! Words that a transaction has yet to write to the full-text index.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use crate::domain::{NoteId, Searched, index_text};

/// What is yet to be written to the full-text indexes.
///
/// FTS5 writes what it has gathered at each statement with triggers that
/// follows, as a segment of its own, to be merged later at a price. So the words
/// of a transaction are written together, at its end.
#[derive(Debug, Default)]
pub(in crate::store) struct Pending {
    /// The first of them are held, the others are read again.
    pub(in crate::store) notes: RefCell<BTreeMap<NoteId, (Option<IndexedTexts>, Indexed)>>,
    /// What those that are held have of text, in bytes.
    pub(in crate::store) bytes: Cell<usize>,
    /// New tags.
    pub(in crate::store) tags: RefCell<Vec<i64>>,
}

/// What the full-text index gets of a note: each of its texts as words.
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

/// Whether there are older words of a note in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Indexed {
    Not,
    Before,
}

//! Index entries that a transaction hasn't written yet.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use crate::domain::{Note, NoteId};

/// Entries to be written to the full-text indexes.
///
/// FTS5 flushes its buffer as a new segment at each following statement with triggers, and merging
/// segments is expensive. So a transaction writes all its entries together at its end.
#[derive(Debug, Default)]
pub(in crate::store) struct Pending {
    /// The first notes are held in memory; the others are read again.
    pub(in crate::store) notes: RefCell<BTreeMap<NoteId, (Option<Note>, Indexed)>>,
    /// Text held in memory, in bytes.
    pub(in crate::store) bytes: Cell<usize>,
    /// New tags.
    pub(in crate::store) tags: RefCell<Vec<i64>>,
}

/// Whether the index has older entries of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Indexed {
    Not,
    Before,
}

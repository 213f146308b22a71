//! The notes of sets of tags as bitmaps, for tags that others imply.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use roaring::RoaringBitmap;

use crate::error::Result;

/// Most sets that are kept.
const KEPT: usize = 32;

/// The numbers of the notes of a set of tags.
pub(super) enum Numbers<'a> {
    Own(&'a RoaringBitmap),
    Shared(Arc<RoaringBitmap>),
}

impl Deref for Numbers<'_> {
    type Target = RoaringBitmap;

    fn deref(&self) -> &RoaringBitmap {
        match self {
            Self::Own(numbers) => numbers,
            Self::Shared(numbers) => numbers,
        }
    }
}

/// Sets of tags with the numbers of their notes, most recently used last. They stay right while the
/// facets are valid: the numbers of changed notes are masked.
#[derive(Debug, Default)]
pub(super) struct Unions(Mutex<Vec<(Vec<i64>, Arc<RoaringBitmap>)>>);

impl Unions {
    /// Returns the notes of a set. `join` collects them if they aren't kept.
    pub(super) fn of(
        &self,
        tags: &[i64],
        join: impl FnOnce() -> Result<RoaringBitmap>,
    ) -> Result<Arc<RoaringBitmap>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(known, _)| known == tags);
        let notes = match known {
            Some(at) => kept.remove(at).1,
            None => Arc::new(join()?),
        };
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push((tags.to_vec(), Arc::clone(&notes)));
        Ok(notes)
    }
}

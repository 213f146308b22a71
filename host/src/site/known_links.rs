//! What is known of the links of notes, for the pages that say it.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use crate::{
    domain::{Link, NoteId},
    error::Result,
    store::Reader,
};

/// The links that moved or may be lost, each with whether the note has a text, at a revision of the
/// notes.
type Known = (u64, HashMap<NoteId, (Link, bool)>);

/// The links that moved or may be lost, shared by the threads that render pages.
#[derive(Debug, Default)]
pub(super) struct KnownLinks(RwLock<Arc<Known>>);

impl KnownLinks {
    /// Reads them again if the notes have changed since.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub(super) fn refresh(&self, reader: &Reader) -> Result<()> {
        let revision = reader.revision()?;
        if self.known().0 != revision {
            let known = Arc::new((revision, reader.notable_links()?));
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = known;
        }
        Ok(())
    }

    /// Returns the same, as if no note had a text.
    pub(super) fn without_texts(&self) -> Self {
        let known = self.known();
        let links = known.1.iter();
        let links = links.map(|(id, (link, _))| (*id, (link.clone(), false)));
        Self(RwLock::new(Arc::new((known.0, links.collect()))))
    }

    /// Returns what is known of a note's link, and whether the note has a text, if there is
    /// something to say of the link.
    pub(super) fn of(&self, id: NoteId) -> Option<(Link, bool)> {
        self.known().1.get(&id).cloned()
    }

    fn known(&self) -> Arc<Known> {
        // They are replaced as a whole, so poisoning is harmless.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

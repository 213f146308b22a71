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

    /// Reads them for an export, with or without the texts of pages.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub(super) fn for_export(reader: &Reader, with_texts: bool) -> Result<Self> {
        let mut links = reader.notable_links()?;
        for (_, has_text) in links.values_mut() {
            *has_text &= with_texts;
        }
        Ok(Self(RwLock::new(Arc::new((reader.revision()?, links)))))
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

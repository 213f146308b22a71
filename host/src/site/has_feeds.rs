//! Whether there are feeds, for the navigation of all pages.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::{error::Result, store::Reader};

/// Whether there are feeds, so that pages link the inbox. Shared by the threads that render pages.
#[derive(Debug, Default)]
pub(super) struct HasFeeds(AtomicBool);

impl HasFeeds {
    /// Reads it again.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub(super) fn refresh(&self, reader: &Reader) -> Result<()> {
        self.0.store(reader.has_feeds()?, Ordering::Relaxed);
        Ok(())
    }

    /// Returns whether there were feeds at the last look.
    pub(super) fn known(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

//! Which web sites have an icon, for the pages that show it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::{
    error::Result,
    store::{IconNames, Reader},
};

/// The names of all icons, shared by the threads that render pages.
#[derive(Debug, Default)]
pub(super) struct SiteIcons(RwLock<Arc<IconNames>>);

impl SiteIcons {
    /// Reads the names again if an icon has changed since.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub(super) fn refresh(&self, reader: &Reader) -> Result<()> {
        let known = self.names().version;
        if let Some(names) = reader.icon_names(known)? {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
        }
        Ok(())
    }

    /// Returns the name of a web site's icon.
    pub(super) fn name_of(&self, site: &str) -> Option<String> {
        self.names().names.get(site).cloned()
    }

    /// Returns whether no web site has an icon.
    pub(super) fn is_empty(&self) -> bool {
        self.names().names.is_empty()
    }

    fn names(&self) -> Arc<IconNames> {
        // The names are replaced as a whole, so poisoning is harmless.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

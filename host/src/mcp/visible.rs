//! Which notes an assistant may read.

use crate::{
    domain::{Note, Tag},
    error::Result,
    store::{Reader, TagFilter},
};

/// The notes that assistants may read, by their tags. The trash is never read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visible {
    /// If not empty, only notes that have all of these tags.
    pub with: Vec<Tag>,
    /// No notes that have one of these tags.
    pub without: Vec<Tag>,
}

impl Visible {
    /// Looks up the tags: by the names that notes have, also those of older versions, instead of
    /// aliases, and with the tags that imply them.
    pub(super) fn resolved(&self, reader: &Reader) -> Result<Readable> {
        let resolved = |names: &[Tag]| -> Result<Vec<Tag>> {
            let stored = names.iter().map(|name| reader.stored_tag(name));
            reader.tags_of_names(&stored.collect::<Result<Vec<_>>>()?)
        };
        let filter = TagFilter {
            with: resolved(&self.with)?,
            without: resolved(&self.without)?,
        };
        Ok(Readable {
            with: reader.named_sets(&filter.with)?,
            without: reader.named_sets(&filter.without)?,
            filter,
        })
    }
}

/// The notes that an assistant may read.
pub(super) struct Readable {
    pub(super) filter: TagFilter,
    /// The tags that each name of the filter means.
    with: Vec<Vec<Tag>>,
    without: Vec<Vec<Tag>>,
}

impl Readable {
    pub(super) fn has(&self, note: &Note) -> bool {
        let is_there = |set: &Vec<Tag>| set.iter().any(|tag| note.tags.contains(tag));
        self.with.iter().all(is_there) && !self.without.iter().any(is_there)
    }

    pub(super) fn is_everything(&self) -> bool {
        self.filter == TagFilter::default()
    }
}

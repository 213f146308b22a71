//! What waits on this computer until it is sent to a place: segments as files, and the names of those
//! to be removed, which are known only as long as the carrier lives.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{interface::Listed, segment_files::SegmentFiles};
use crate::sync::{
    problem::{Owner, Problem},
    segment_name::SegmentName,
};

#[derive(Debug)]
pub(super) struct Outbox {
    /// Segments to send.
    files: SegmentFiles,
    /// Segments to remove with the next push.
    removed: BTreeSet<SegmentName>,
}

impl Outbox {
    /// Opens the outbox in the folder of a carrier.
    pub(super) fn open(folder: &Path) -> Result<Self, Problem> {
        let files = SegmentFiles::new(folder.join("outbox"), Owner::Own);
        files.create_all()?;
        let removed = BTreeSet::new();
        Ok(Self { files, removed })
    }

    pub(super) fn files(&self) -> &SegmentFiles {
        &self.files
    }

    pub(super) fn removed(&self) -> &BTreeSet<SegmentName> {
        &self.removed
    }

    /// Returns the names of the segments to send.
    pub(super) fn names(&self) -> Result<Vec<SegmentName>, Problem> {
        Ok(self.files.list()?.iter().map(|it| it.name).collect())
    }

    pub(super) fn put(&mut self, name: &SegmentName, bytes: &[u8]) -> Result<(), Problem> {
        self.files.put(name, bytes)?;
        self.removed.remove(name);
        Ok(())
    }

    /// Has segments removed with the next push.
    pub(super) fn remove(&mut self, names: &[SegmentName]) -> Result<(), Problem> {
        self.files.remove(names)?;
        self.removed.extend(names);
        Ok(())
    }

    /// Returns a segment that isn't sent yet.
    pub(super) fn read(&self, name: &SegmentName) -> Option<Vec<u8>> {
        self.files.read(name).ok()
    }

    /// Changes a listing of the place to what it will be.
    pub(super) fn apply(
        &self,
        mut found: BTreeMap<SegmentName, Listed>,
    ) -> Result<Vec<Listed>, Problem> {
        for waiting in self.files.list()? {
            found.insert(waiting.name, waiting);
        }
        for name in &self.removed {
            found.remove(name);
        }
        Ok(found.into_values().collect())
    }

    /// Takes note that segments were sent.
    pub(super) fn sent(&self, names: &[SegmentName]) -> Result<(), Problem> {
        self.files.remove(names)
    }

    /// Takes note that what was to be removed is gone.
    pub(super) fn set_removed(&mut self) {
        self.removed.clear();
    }
}

//! Makes up for lost files of other devices.
//!
//! A file that was read here and is gone from the place was folded, as a rule: a newer file says what
//! it said. But if it was lost, and its device doesn't know that it ever wrote it because its database
//! was put back, what it said may be known only here. No name tells the two apart: the device may have
//! issued the number again, and may have folded that file since. So what is known here is compared
//! with what the files of the place say together, and what none of them says is published. The place
//! has some days to bring the newer file, or the device to write the lost one again.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Run, RunError, own_files::Contents};
use crate::{
    store::{OnlyHere, SegmentRecord},
    sync::{carrier::Listed, device::DeviceId, gaps::Gaps, records::Record},
};

impl Run<'_> {
    /// Publishes what only lost files said, once they have been gone for long enough. Until then,
    /// devices whose newest files are gone are reported.
    pub(super) fn make_up_for_lost_files(&mut self, listed: &[Listed]) -> Result<(), RunError> {
        let now = (self.now)();
        let (gone, late): (Vec<SegmentRecord>, Vec<SegmentRecord>) =
            (self.store.segments()?.into_iter())
                .filter(|record| record.gone_at.is_some())
                .partition(|record| (record.gone_at).is_some_and(|at| self.is_overdue(at, now)));
        let (mut missed, overdue): (Vec<_>, Vec<_>) = (Gaps::of(self.store)?.went_back.into_iter())
            .map(|(device, newest)| (device.device, newest))
            .partition(|(device, _)| late.iter().any(|record| record.device == *device));
        if !overdue.is_empty() || !gone.is_empty() {
            match self.only_here(listed)? {
                Some(only_here) => {
                    if !only_here.is_empty() {
                        let pages = only_here.pages();
                        log::warn!("sync: files are lost; {pages} pages are published again");
                        self.store.publish_only_here(&only_here, now)?;
                    }
                    let gone: Vec<(String, String)> = (gone.into_iter())
                        .map(|record| (record.device, record.file))
                        .collect();
                    self.store.forget_segments(&gone, now)?;
                    for (device, newest) in overdue {
                        self.store.miss_no_more(&device, newest, now)?;
                    }
                }
                None => missed.extend(overdue),
            }
        }
        let missed = (missed.iter()).flat_map(|(device, _)| device.parse::<DeviceId>());
        self.outcome.went_back.extend(missed);
        Ok(())
    }

    /// Returns whether something has been gone since `since` for as long as it is waited for.
    fn is_overdue(&self, since: Timestamp, now: Timestamp) -> bool {
        // A clock that was set back doesn't put it off for ever.
        now < since || now.duration_since(since) >= self.patience
    }

    /// Returns what this device knows and no file of the place says, or `None` as long as that can't be
    /// found out. Files that nobody can read say nothing.
    fn only_here(&mut self, listed: &[Listed]) -> Result<Option<OnlyHere>, RunError> {
        if self.store.is_restoring()? || listed.iter().any(|file| !file.here) {
            return Ok(None);
        }
        let read: BTreeSet<(String, String)> = (self.store.segments()?.into_iter())
            .filter(|record| record.read_at.is_some())
            .map(|record| (record.device, record.file))
            .collect();
        let mut only_here = self.store.all_published(self.sent_texts)?;
        for file in listed {
            if only_here.is_empty() {
                break;
            }
            if !read.contains(&(file.name.folder(), file.name.file())) {
                continue;
            }
            let contents = self.contents_of(&file.name, |record| match record {
                Record::Page(page, state) => only_here.take_page(page, &state),
                Record::Text(text) => only_here.take_text(&text),
                Record::TagEdit(edit) => only_here.take_edit(edit.id),
                Record::Alias(name, value) => only_here.take_alias(&name, &value),
                Record::Register(key, said) => only_here.take_register(&key, &said),
                Record::Forgotten(_) | Record::Unknown => {}
            })?;
            if contents == Contents::Missing {
                return Ok(None);
            }
        }
        Ok(Some(only_here))
    }
}

//! Looks after the files of this device: heals, folds and removes them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::{FileFault, Run, RunError};
use crate::{
    domain::sync::{EditLists, PageId},
    store::SegmentRecord,
    sync::{
        carrier::Listed, device::DeviceId, problem::ProblemKind, records::Record, seal::OpenError,
        segment::Segment, segment_name::SegmentName,
    },
};

/// How many own files of a size class are folded into one.
const FOLDED_AT_ONCE: usize = if cfg!(test) { 4 } else { 16 };
/// Files up to this size are in the first class; those of each further class are up to sixteen times
/// as large.
const FIRST_CLASS_BYTES: u64 = 16 << 10;
/// Larger files aren't folded.
const MOST_FOLDED_BYTES: u64 = 4 << 20;

/// What files are about.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) pages: Vec<PageId>,
    /// Pages with texts.
    pub(super) texts: Vec<PageId>,
    /// Whether there are tag edits, aliases, registers or forgotten devices.
    pub(super) has_history: bool,
}

/// Whether all that a file says was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Contents {
    /// All was.
    Whole,
    /// The file isn't there, or what syncs the folder has only its name.
    Missing,
    /// Some wasn't: the file is damaged, or can't be decrypted.
    Unreadable,
}

impl Run<'_> {
    /// Looks for own files that are lost, cut or changed, once a day.
    pub(super) fn heal(&mut self, device: DeviceId, listed: &[Listed]) -> Result<(), RunError> {
        let now = (self.now)();
        let day = SignedDuration::from_hours(24);
        let is_due = self.setup.healed_at.is_none_or(|healed| {
            // A clock that was set back doesn't put it off for ever.
            now < healed || now.duration_since(healed) > day
        });
        let has_waiting_own = self
            .outcome
            .waiting
            .iter()
            .any(|file| file.device == device && FileFault::is_damage(file.fault.word()));
        if !is_due && !has_waiting_own {
            return Ok(());
        }
        let sizes: BTreeMap<String, Option<u64>> = (listed.iter())
            .filter(|file| file.name.device == device)
            .map(|file| (file.name.file(), file.size))
            .collect();
        let own = self.store.segments()?.into_iter();
        let own = own.filter(|record| record.device == self.setup.device);
        let mut lost: Vec<(String, String)> = Vec::new();
        let mut damaged: Vec<SegmentName> = Vec::new();
        for record in own {
            let size = sizes.get(&record.file);
            let is_damaged = (record.problem.as_deref()).is_some_and(FileFault::is_damage);
            let name = SegmentName::parse(&record.device, &record.file);
            let is_whole = match size {
                Some(Some(bytes)) => !is_damaged && *bytes == record.bytes,
                // What syncs the folder has only its name here.
                Some(None) => !is_damaged,
                None => false,
            };
            // After a power failure, a file may have its size, but zeros instead of its bytes.
            let is_whole = is_whole
                && !(is_due && name.map_or(Ok(false), |name| self.carrier.is_damaged(&name))?);
            if is_whole {
                continue;
            }
            if size.is_some() {
                damaged.extend(name);
            }
            lost.push((record.device, record.file));
        }
        if !lost.is_empty() {
            self.outcome.healed = true;
            self.carrier.remove(&damaged)?;
            (self.outcome.waiting)
                .retain(|file| file.device != device || !FileFault::is_damage(file.fault.word()));
            self.store.forget_segments(&lost, now)?;
        }
        self.store.purge_states(now)?;
        Ok(self.store.record_healing(!lost.is_empty(), now)?)
    }

    /// Replaces sixteen own files of a size class by one with the current states.
    pub(super) fn fold(&mut self, device: DeviceId) -> Result<(), RunError> {
        loop {
            let mut classes: BTreeMap<u32, Vec<SegmentRecord>> = BTreeMap::new();
            for record in self.store.segments()? {
                if record.device == self.setup.device
                    && record.folded_at.is_none()
                    && record.read_at.is_some()
                    && let Some(class) = size_class(record.bytes)
                {
                    classes.entry(class).or_default().push(record);
                }
            }
            let full = classes
                .into_values()
                .find(|files| files.len() >= FOLDED_AT_ONCE);
            let Some(mut files) = full else {
                return Ok(());
            };
            let Some(content) = self.content_of(&files)? else {
                // One of them can't be read; `heal` mends that.
                return Ok(());
            };
            let content =
                self.store
                    .published(&content.pages, &content.texts, content.has_history)?;
            self.write(device, &content)?;
            let now = (self.now)();
            for file in &mut files {
                file.folded_at = Some(now);
            }
            self.store.record_segments(&files, now)?;
            self.store
                .record_published(&content, self.setup.number, now)?;
        }
    }

    /// Returns what files are about, or `None` if one of them can't be read.
    pub(super) fn content_of(
        &mut self,
        files: &[SegmentRecord],
    ) -> Result<Option<Content>, RunError> {
        let mut pages: BTreeSet<PageId> = BTreeSet::new();
        let mut texts: BTreeSet<PageId> = BTreeSet::new();
        let mut has_history = false;
        for file in files {
            let Some(name) = SegmentName::parse(&file.device, &file.file) else {
                return Ok(None);
            };
            let contents = self.contents_of(&name, |record| match record {
                Record::Page(page, _) => drop(pages.insert(page)),
                Record::Text(text) => drop(texts.insert(text.page)),
                Record::TagEdit(_)
                | Record::Alias(..)
                | Record::Register(..)
                | Record::Forgotten(_) => has_history = true,
                Record::Unknown => {}
            })?;
            if contents != Contents::Whole {
                return Ok(None);
            }
        }
        Ok(Some(Content {
            pages: pages.into_iter().collect(),
            texts: texts.into_iter().collect(),
            has_history,
        }))
    }

    /// Hands all that a file says to `take`.
    pub(super) fn contents_of(
        &mut self,
        name: &SegmentName,
        mut take: impl FnMut(Record),
    ) -> Result<Contents, RunError> {
        let bytes = match self.carrier.read(name) {
            Ok(bytes) if name.fits(&bytes) => bytes,
            Ok(_) => return Ok(Contents::Unreadable),
            Err(problem) if problem.kind == ProblemKind::FileMissing => {
                return Ok(Contents::Missing);
            }
            Err(problem) => return Err(problem.into()),
        };
        let bytes = match self.seal.open(bytes) {
            Ok(bytes) => bytes,
            Err(OpenError::Segment(_)) => return Ok(Contents::Unreadable),
            Err(OpenError::Problem(problem)) => return Err(problem.into()),
        };
        let Ok((header, lines)) = Segment::read(&bytes) else {
            return Ok(Contents::Unreadable);
        };
        let Ok(lists) = EditLists::parse(&header.lists) else {
            return Ok(Contents::Unreadable);
        };
        for line in lines {
            match line.map(|line| Record::parse(&line, &lists)) {
                Ok(Ok(record)) => take(record),
                Ok(Err(_)) | Err(_) => return Ok(Contents::Unreadable),
            }
        }
        Ok(Contents::Whole)
    }

    /// Removes own files that were folded long enough ago for the other devices to have the newer one.
    pub(super) fn remove_folded(&mut self, device: DeviceId) -> Result<(), RunError> {
        let now = (self.now)();
        let old: Vec<SegmentRecord> = (self.store.segments()?.into_iter())
            .filter(|record| {
                record.device == device.to_string()
                    && record.folded_at.is_some_and(|folded| {
                        now < folded || now.duration_since(folded) >= self.retention.0
                    })
            })
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        let names: Vec<SegmentName> = (old.iter())
            .filter_map(|record| SegmentName::parse(&record.device, &record.file))
            .collect();
        self.carrier.remove(&names)?;
        let gone: Vec<(String, String)> = (old.into_iter())
            .map(|record| (record.device, record.file))
            .collect();
        Ok(self.store.forget_segments(&gone, now)?)
    }
}

/// Returns the size class of a file, or `None` if it is too large to be folded.
fn size_class(bytes: u64) -> Option<u32> {
    if bytes > MOST_FOLDED_BYTES {
        return None;
    }
    let mut class = 0;
    let mut most = FIRST_CLASS_BYTES;
    while bytes > most {
        most *= 16;
        class += 1;
    }
    Some(class)
}

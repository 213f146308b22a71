//! What runs have left open, as the database knows it until it is over.

use std::collections::BTreeMap;

use super::segment_name::SegmentName;
use crate::{
    error::Result,
    store::{Reader, SegmentRecord, SyncDevice},
};

/// What stands between the notes here and those of the other devices.
#[derive(Debug, Default)]
pub struct Gaps {
    /// Files that can't be read yet.
    pub waiting: Vec<SegmentRecord>,
    /// Devices whose newest files are gone from the place, with the greatest number of a file that is
    /// there.
    pub went_back: Vec<(SyncDevice, Option<u32>)>,
    /// Pages of other devices that can't be shown here.
    pub refused: u64,
}

impl Gaps {
    /// Reads them.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn of(store: &Reader) -> Result<Self> {
        let segments = store.segments()?;
        let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
        let there = segments.iter().filter(|record| record.gone_at.is_none());
        for name in there.filter_map(|record| {
            Some((
                &*record.device,
                SegmentName::parse(&record.device, &record.file)?,
            ))
        }) {
            let number = newest.entry(name.0).or_default();
            *number = (*number).max(name.1.number);
        }
        // A device that folds its files writes one with a greater number, so the greatest never gets
        // smaller.
        let went_back = (store.sync_devices()?.into_iter())
            .map(|device| {
                let number = newest.get(&*device.device).copied();
                (device, number)
            })
            .filter(|(device, number)| number.is_none_or(|number| number < device.number))
            .collect();
        Ok(Self {
            went_back,
            refused: store.sync_counts()?.hidden,
            waiting: (segments.into_iter())
                // Without a problem, the next run reads it.
                .filter(|record| record.read_at.is_none() && record.problem.is_some())
                .collect(),
        })
    }
}

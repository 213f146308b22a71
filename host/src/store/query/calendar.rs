//! Notes by the day on which they were saved, and random notes.

use jiff::{civil::Date, tz::TimeZone};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{Note, NoteId, Tag},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{note_rows::load_ids, tags::TagFilter},
    },
};

/// Number of earlier years that [`Reader::on_this_day`] covers.
const YEARS: i16 = 50;
/// Most notes of one year that it returns.
const PER_YEAR: u32 = 2;

/// A month in which at least one note was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Such as 2025.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
}

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: Date) -> Self {
        Self {
            year: day.year(),
            month: day.month(),
        }
    }

    /// Returns the first possible id after this month, or `None` if there is no such month.
    fn end(self, zone: &TimeZone) -> Option<NoteId> {
        let first = Date::new(self.year, self.month, 1).ok()?;
        start_of(first.last_of_month().tomorrow().ok()?, zone)
    }

    fn start(self, zone: &TimeZone) -> Option<NoteId> {
        start_of(Date::new(self.year, self.month, 1).ok()?, zone)
    }
}

/// Returns the first possible id on a day.
pub(in crate::store) fn start_of(day: Date, zone: &TimeZone) -> Option<NoteId> {
    let start = day.to_zoned(zone.clone()).ok()?;
    Some(NoteId::at(start.timestamp()))
}

impl Reader {
    /// Returns the months in which notes were saved, newest first, in this time zone.
    ///
    /// Takes one index lookup per month, whatever the number of notes.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn months(&self, zone: &TimeZone) -> Result<Vec<Month>> {
        let mut newest_before = self
            .conn
            .prepare_cached("SELECT id FROM notes WHERE id < ? ORDER BY id DESC LIMIT 1")?;
        let mut months = Vec::new();
        let mut end = NoteId::MAX;
        while let Some(id) = newest_before
            .query_row([end.0], |row| row.get(0))
            .optional()?
        {
            let month = Month::of(NoteId(id).moment().to_zoned(zone.clone()).date());
            months.push(month);
            match month.start(zone) {
                Some(start) => end = start,
                None => break,
            }
        }
        Ok(months)
    }

    /// Returns the number of notes saved after a month, which is the position of its newest note
    /// among all notes; `None` if there is no such month.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_after_month(&self, month: Month, zone: &TimeZone) -> Result<Option<u64>> {
        let Some(end) = month.end(zone) else {
            return Ok(None);
        };
        // This index has a hundredth of the table's size.
        let mut count = self
            .conn
            .prepare_cached("SELECT count(*) FROM notes INDEXED BY notes_by_site WHERE id >= ?")?;
        Ok(Some(count.query_row([end.0], |row| row.get(0))?))
    }

    /// Returns notes saved on this day of the year in earlier years, newest first: at most
    /// `limit`, and at most two of each year. 29 February matches leap years only.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn on_this_day(&self, today: Date, zone: &TimeZone, limit: usize) -> Result<Vec<Note>> {
        let mut saved_between = self.conn.prepare_cached(
            "SELECT id FROM notes WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?",
        )?;
        let mut ids = Vec::new();
        for years in 1..=YEARS {
            let day = Date::new(today.year() - years, today.month(), today.day());
            let Some((start, end)) = day.ok().and_then(|day| {
                let next = day.tomorrow().ok()?;
                Some((start_of(day, zone)?, start_of(next, zone)?))
            }) else {
                continue;
            };
            let found = saved_between.query_map(params![start.0, end.0, PER_YEAR], |row| {
                row.get::<_, i64>(0)
            })?;
            for id in found {
                ids.push(id?);
            }
            if ids.len() >= limit {
                break;
            }
        }
        ids.truncate(limit);
        load_ids(&self.conn, &ids)
    }

    /// Returns the note that the number `random` selects from all notes or from those with `tag`,
    /// or `None` if there are none.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn random_note(&self, tag: Option<&Tag>, random: u64) -> Result<Option<NoteId>> {
        let count = match tag {
            Some(tag) => self.count_with_tags(&TagFilter::of(tag))?,
            None => self.counts()?.notes,
        };
        let Some(place) = random.checked_rem(count) else {
            return Ok(None);
        };
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        let id = match tag {
            Some(tag) => self.tagged_note(&TagFilter::of(tag), place)?,
            None => self
                .conn
                .prepare_cached("SELECT id FROM notes INDEXED BY notes_by_site LIMIT 1 OFFSET ?")?
                .query_row([place], |row| row.get(0))
                .optional()?,
        };
        Ok(id.map(NoteId))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::civil::date;

    use super::*;
    use crate::store::test_store::TestStore;

    /// A store with a note saved at each of these moments, and its ids.
    fn saved_at(moments: &[&str]) -> (TestStore, Vec<NoteId>) {
        let mut place = TestStore::new();
        let ids = moments.iter().enumerate().map(|(number, moment)| {
            place.now = moment.parse().unwrap();
            let tags: &[&str] = if number % 2 == 0 { &["even"] } else { &[] };
            let url = format!("https://example.org/{number}");
            place.save(&url, "Title", tags, "").note.id
        });
        let ids = ids.collect();
        (place, ids)
    }

    fn month(year: i16, month: i8) -> Month {
        Month { year, month }
    }

    #[test]
    fn months_are_those_of_the_time_zone_and_know_how_many_notes_are_newer() {
        let (place, _) = saved_at(&[
            "2023-12-31T23:30:00Z",
            "2024-02-29T12:00:00Z",
            "2025-08-01T00:10:00Z",
            "2025-08-31T23:00:00Z",
        ]);
        let months = |zone: &TimeZone| place.store.months(zone).unwrap();
        let after = |of, zone: &TimeZone| place.store.notes_after_month(of, zone).unwrap();

        let utc = TimeZone::UTC;
        assert_eq!(
            months(&utc),
            [month(2025, 8), month(2024, 2), month(2023, 12)]
        );
        assert_eq!(after(month(2025, 8), &utc), Some(0));
        assert_eq!(after(month(2024, 2), &utc), Some(2));
        assert_eq!(after(month(2023, 12), &utc), Some(3));
        assert_eq!(after(month(2023, 13), &utc), None);

        let tokyo = TimeZone::fixed(jiff::tz::offset(9));
        assert_eq!(
            months(&tokyo),
            [
                month(2025, 9),
                month(2025, 8),
                month(2024, 2),
                month(2024, 1)
            ]
        );
        assert_eq!(after(month(2025, 8), &tokyo), Some(1));

        let empty = TestStore::new();
        assert_eq!(empty.store.months(&utc).unwrap(), []);
    }

    #[test]
    fn this_day_is_that_of_earlier_years_at_most_two_notes_of_each() {
        let (place, ids) = saved_at(&[
            "2020-08-12T10:00:00Z",
            "2023-08-11T23:59:00Z",
            "2023-08-12T01:00:00Z",
            "2023-08-12T02:00:00Z",
            "2023-08-12T03:00:00Z",
            "2023-08-13T00:00:00Z",
            "2025-08-12T08:00:00Z",
        ]);
        let on = |day, limit| {
            let notes = place.store.on_this_day(day, &TimeZone::UTC, limit).unwrap();
            notes.iter().map(|note| note.id).collect::<Vec<_>>()
        };
        assert_eq!(on(date(2025, 8, 12), 9), [ids[4], ids[3], ids[0]]);
        assert_eq!(on(date(2025, 8, 12), 2), [ids[4], ids[3]]);
        assert_eq!(on(date(2024, 2, 29), 9), []);
        assert_eq!(on(date(1, 8, 12), 9), []);
    }

    #[test]
    fn each_note_can_be_the_random_one_and_only_those_with_the_tag() {
        let (place, ids) = saved_at(&[
            "2025-01-01T00:00:00Z",
            "2025-01-02T00:00:00Z",
            "2025-01-03T00:00:00Z",
        ]);
        let chosen = |tag: Option<&str>| -> HashSet<NoteId> {
            let tag = tag.map(|tag| Tag::parse(tag).unwrap());
            (0..6)
                .filter_map(|random| place.store.random_note(tag.as_ref(), random).unwrap())
                .collect()
        };
        assert_eq!(chosen(None), ids.iter().copied().collect());
        assert_eq!(chosen(Some("even")), HashSet::from([ids[0], ids[2]]));
        assert_eq!(chosen(Some("nowhere")), HashSet::new());
        assert_eq!(TestStore::new().store.random_note(None, 7).unwrap(), None);
    }
}

//! Notes to look at again: saved long ago, not changed since, with a tag that the user uses now.
//!
//! Nothing records which notes are looked at, so their saves and changes decide.

use jiff::{Span, civil::Date, tz::TimeZone};
use rusqlite::{OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::{
    domain::{Note, NoteId, Tag},
    error::Result,
    store::{connection::reader::Reader, notes::note_rows::load_ids, query::calendar::start_of},
};

/// Ages in days, of which the first that any note has counts.
const AGES: [i32; 2] = [365, 30];
/// Days before today within which a tag counts as used now.
const RECENT_DAYS: i32 = 90;
/// Most notes among which is chosen, and most moments at which one is looked for.
const CANDIDATES: usize = 12;
const MOMENTS: u32 = 24;
/// Newest notes among which is chosen if that finds too few.
const FEW: u32 = 200;
/// A note counts as saved at a moment if it is the first within this time after it, in µs. So a note
/// that follows a long break isn't chosen more often than others.
const NEAR_US: i64 = 30 * DAY_US;
const DAY_US: i64 = 24 * 3600 * 1_000_000;
/// Most notes of a tag that are counted.
const COUNTED: u32 = 100;

/// A note to look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rediscovered {
    /// The note.
    pub note: Note,
    /// Its tag that most other notes of these days have, and how many do, up to 100.
    pub tag: Option<(Tag, u32)>,
}

impl Reader {
    /// Returns notes to look at again, the same for the whole day unless one of them is deleted: those
    /// with the most used tags of some that the day chooses. Empty if no note is older than a month.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_to_rediscover(
        &self,
        today: Date,
        zone: &TimeZone,
        limit: usize,
    ) -> Result<Vec<Rediscovered>> {
        let back = |days: i32| {
            let day = today.checked_sub(Span::new().days(days)).ok()?;
            start_of(day, zone)
        };
        let Some(oldest) = self.oldest()? else {
            return Ok(Vec::new());
        };
        let until = AGES.into_iter().filter_map(back).find(|end| oldest < *end);
        let (Some(until), Some(start), Some(recent)) = (until, back(0), back(RECENT_DAYS)) else {
            return Ok(Vec::new());
        };
        let ids = self.some_between(oldest, until, today)?;
        let was_changed = |note: &Note| {
            let changed = NoteId::at(note.updated_at);
            until <= changed && changed < start
        };
        let mut found = Vec::new();
        for note in load_ids(&self.conn, &ids)? {
            if !was_changed(&note) {
                let tag = self.most_used_tag(&note, recent, start)?;
                found.push(Rediscovered { note, tag });
            }
        }
        // In the day's order, which isn't that of `load_ids`.
        let place = |found: &Rediscovered| ids.iter().position(|id| *id == found.note.id.0);
        found.sort_by_key(place);
        found.sort_by_key(|found| std::cmp::Reverse(found.tag.as_ref().map_or(0, |tag| tag.1)));
        found.truncate(limit);
        Ok(found)
    }

    fn oldest(&self) -> Result<Option<NoteId>> {
        let mut query = self
            .conn
            .prepare_cached("SELECT id FROM notes ORDER BY id LIMIT 1")?;
        let oldest = query.query_row([], |row| row.get(0)).optional()?;
        Ok(oldest.map(NoteId))
    }

    /// Returns the ids of some notes of this time, which the day chooses.
    fn some_between(&self, from: NoteId, until: NoteId, day: Date) -> Result<Vec<i64>> {
        let mut first_after = self
            .conn
            .prepare_cached("SELECT id FROM notes WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")?;
        let mut ids: Vec<i64> = Vec::new();
        for number in 0..MOMENTS {
            let moment = between(from.0, until.0, drawn(day, number.into()));
            let end = moment.saturating_add(NEAR_US).min(until.0);
            let id = first_after.query_row(params![moment, end], |row| row.get(0));
            if let Some(id) = id.optional()?
                && !ids.contains(&id)
            {
                ids.push(id);
            }
        }
        if ids.len() < CANDIDATES {
            // There are few notes, so most moments have none.
            let mut all = self
                .conn
                .prepare_cached("SELECT id FROM notes WHERE id < ? ORDER BY id DESC LIMIT ?")?;
            let found = all.query_map(params![until.0, FEW], |row| row.get::<_, i64>(0))?;
            let mut others = Vec::new();
            for id in found {
                let id = id?;
                if !ids.contains(&id) {
                    others.push(id);
                }
            }
            others.sort_by_key(|id| drawn(day, *id));
            ids.extend(others);
        }
        ids.truncate(CANDIDATES);
        Ok(ids)
    }

    /// Returns the tag of a note that most other notes of this time have.
    fn most_used_tag(
        &self,
        note: &Note,
        from: NoteId,
        until: NoteId,
    ) -> Result<Option<(Tag, u32)>> {
        let mut count = self.conn.prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM note_tags
                 WHERE tag_id = (SELECT id FROM tags WHERE name = ?)
                     AND note_id >= ? AND note_id < ? AND note_id <> ? LIMIT ?)",
        )?;
        let mut best: Option<(&Tag, u32)> = None;
        for tag in &note.tags {
            let uses = count.query_row(
                params![tag.as_str(), from.0, until.0, note.id.0, COUNTED],
                |row| row.get(0),
            )?;
            if uses > best.map_or(0, |best| best.1) {
                best = Some((tag, uses));
            }
        }
        Ok(best.map(|(tag, uses)| (tag.clone(), uses)))
    }
}

/// Returns a number that looks random, but is the same for the same day.
fn drawn(day: Date, number: i64) -> u64 {
    let hash = Sha256::digest(format!("{day} {number}"));
    hash.iter()
        .take(8)
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// Returns the number from `from` to below `until` that `drawn` stands for.
fn between(from: i64, until: i64, drawn: u64) -> i64 {
    let length = u64::try_from(until.saturating_sub(from)).unwrap_or(0);
    let place = drawn.checked_rem(length).unwrap_or(0);
    from.saturating_add(i64::try_from(place).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;
    use crate::store::test_store::TestStore;

    const TODAY: Date = date(2026, 11, 30);

    struct Notes(TestStore);

    impl Notes {
        fn new() -> Self {
            Self(TestStore::new())
        }

        fn save(&mut self, day: &str, url: &str, tags: &[&str]) -> NoteId {
            self.0.now = format!("{day}T12:00:00Z").parse().unwrap();
            self.0.save(url, url, tags, "").note.id
        }

        fn on(&self, day: Date) -> Vec<(String, Option<(String, u32)>)> {
            let found = self.0.store.notes_to_rediscover(day, &TimeZone::UTC, 3);
            found
                .unwrap()
                .into_iter()
                .map(|found| {
                    let tag = found.tag.map(|(tag, uses)| (tag.to_string(), uses));
                    (found.note.url, tag)
                })
                .collect()
        }
    }

    #[test]
    fn three_notes_of_long_ago_are_the_same_all_day_and_others_tomorrow() {
        let mut notes = Notes::new();
        for number in 0..300 {
            let day = date(2020, 1, 1)
                .checked_add(Span::new().days(number * 7))
                .unwrap();
            notes.save(
                &day.to_string(),
                &format!("https://e.org/{number}"),
                &["old"],
            );
        }
        let today = notes.on(TODAY);
        assert_eq!(today.len(), 3);
        let urls: BTreeSet<_> = today.iter().map(|(url, _)| url.clone()).collect();
        assert_eq!(urls.len(), 3);
        // What is saved or edited today changes nothing.
        notes.save("2026-11-30", "https://e.org/new", &["old"]);
        let id = notes
            .0
            .store
            .note_for_url(&crate::domain::PageUrl::parse(&today[0].0).unwrap());
        let id = id.unwrap().unwrap().id;
        let change = crate::domain::Change {
            summary: Some("Looked at it again.".into()),
            ..crate::domain::Change::default()
        };
        notes
            .0
            .write(|writer| writer.update_note(id, change))
            .unwrap();
        assert_eq!(notes.on(TODAY), today);
        let tomorrow = notes.on(TODAY.tomorrow().unwrap());
        assert_ne!(tomorrow, today);
        assert!(tomorrow.iter().all(|(url, _)| *url != today[0].0));
        // Over a month, most of the days show notes of their own.
        let shown: BTreeSet<String> = (0..30)
            .flat_map(|days| notes.on(TODAY.checked_add(Span::new().days(days)).unwrap()))
            .map(|(url, _)| url)
            .collect();
        assert!(shown.len() > 60, "{}", shown.len());
    }

    #[test]
    fn notes_with_a_tag_of_these_days_come_first() {
        let mut notes = Notes::new();
        for number in 1..=9 {
            let tag = if number == 4 { "rust" } else { "cooking" };
            let url = format!("https://e.org/{number}");
            notes.save(&format!("2020-0{number}-01"), &url, &["x", tag]);
        }
        for number in 0..5 {
            notes.save("2026-11-20", &format!("https://n.org/{number}"), &["rust"]);
        }
        let found = notes.on(TODAY);
        assert_eq!(
            found[0],
            ("https://e.org/4".into(), Some(("rust".into(), 5)))
        );
        assert!(found[1..].iter().all(|(_, tag)| tag.is_none()));
    }

    #[test]
    fn young_collections_show_what_is_older_than_a_month_or_nothing() {
        let mut notes = Notes::new();
        assert_eq!(notes.on(TODAY), []);
        notes.save("2026-11-10", "https://e.org/1", &[]);
        assert_eq!(notes.on(TODAY), []);
        notes.save("2026-10-01", "https://e.org/2", &["a"]);
        assert_eq!(notes.on(TODAY), [("https://e.org/2".into(), None)]);
        let later = date(2027, 11, 30);
        assert_eq!(notes.on(later).len(), 2);
        assert_eq!(notes.on(date(1, 1, 1)), []);
        assert_eq!(notes.on(Date::MIN), []);
    }
}

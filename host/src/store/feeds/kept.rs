//! Pages of the inbox that were kept as notes, and can go back for a while.
//!
//! What the inbox had is a record in the table `operations`. The note goes to the trash, because the
//! next fetch may find the page too old for the inbox.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{Note, NoteId},
    error::{Error, Result},
    store::{
        feeds::{arrivals::Skipped, fetched::SKIPPED_DAYS},
        transaction::{Operation, Store, Writer, operations},
    },
};

/// The method of the records.
const METHOD: &str = "keptArrival";
/// Upper half of their ids; the lower half is the note's.
const RECORDS: u128 = 0x6b65_7074_2d70_6167_u128 << 64;

/// A page of the inbox that became a new note. Later versions can read it.
#[derive(Debug, Serialize, Deserialize)]
struct KeptPage {
    note: i64,
    /// Of the note after the save, in µs since 1970.
    updated_at: i64,
    id: i64,
    feed: i64,
    page_key: String,
    url: String,
    title: String,
    excerpt: Option<String>,
    published_at: Option<String>,
    lang: Option<String>,
    keywords: Option<String>,
}

/// What was brought back to the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BroughtBack {
    /// The pages of a skip.
    Skip(u64),
    /// Pages that were kept.
    Kept {
        /// The titles of the pages that are back.
        back: Vec<String>,
        /// Number of notes that were changed since and stay.
        changed: u64,
    },
}

fn record_of(note: NoteId) -> Operation {
    Operation {
        id: Uuid::from_u128(RECORDS | u128::from(note.0.unsigned_abs())),
        method: METHOD,
    }
}

impl Store {
    /// Brings a kept page back to the inbox, once for each operation: see
    /// [`Writer::unkeep_arrival`].
    ///
    /// # Errors
    /// Those of `unkeep_arrival`; `OpIdReused`.
    pub fn unkeep_arrival_once(
        &mut self,
        operation: Operation,
        now: Timestamp,
        note: NoteId,
    ) -> Result<bool> {
        self.write(now, |writer| {
            if let Some(result) = operations::stored_result(&writer.tx, operation)? {
                return serde_json::from_str(&result).map_err(Error::internal);
            }
            let done = writer.unkeep_arrival(note)?;
            let text = serde_json::to_string(&done).map_err(Error::internal)?;
            operations::store(&writer.tx, operation, &text, writer.clock.stamp(now))?;
            Ok(done)
        })
    }
}

impl Writer<'_> {
    /// Records a page of the inbox that is about to be kept. The note follows with
    /// [`Writer::record_kept`].
    pub(super) fn page_to_keep(&self, id: i64) -> Result<Option<PageToKeep>> {
        let mut query = self.tx.prepare_cached(
            "SELECT feed_id, page_key, url, title, excerpt, published_at, lang, keywords
             FROM arrivals WHERE id = ?",
        )?;
        let page = query.query_row([id], |row| {
            Ok(KeptPage {
                note: 0,
                updated_at: 0,
                id,
                feed: row.get(0)?,
                page_key: row.get(1)?,
                url: row.get(2)?,
                title: row.get(3)?,
                excerpt: row.get(4)?,
                published_at: row.get(5)?,
                lang: row.get(6)?,
                keywords: row.get(7)?,
            })
        });
        Ok(page.optional()?.map(PageToKeep))
    }

    /// Records which new note a page of the inbox became.
    pub(super) fn record_kept(&self, page: PageToKeep, note: &Note) -> Result<()> {
        let page = KeptPage {
            note: note.id.0,
            updated_at: note.updated_at.as_microsecond(),
            ..page.0
        };
        let text = serde_json::to_string(&page).map_err(Error::internal)?;
        operations::store(
            &self.tx,
            record_of(note.id),
            &text,
            self.clock.stamp(self.now),
        )
    }

    /// Moves a note that was a page of the inbox to the trash; the page goes back to the inbox. Returns
    /// false and changes nothing if the note was no such page, was changed or has a text since, or if
    /// the page's feed is gone.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn unkeep_arrival(&self, note: NoteId) -> Result<bool> {
        let Some(text) = operations::stored_result(&self.tx, record_of(note))? else {
            return Ok(false);
        };
        let page: KeptPage = serde_json::from_str(&text).map_err(Error::internal)?;
        let is_unchanged = self
            .live(note)?
            .is_some_and(|note| note.updated_at.as_microsecond() == page.updated_at);
        let mut feed = self.tx.prepare_cached("SELECT 1 FROM feeds WHERE id = ?")?;
        if !is_unchanged || self.text_row(note)?.is_some() || !feed.exists([page.feed])? {
            return Ok(false);
        }
        self.delete_note(note)?;
        self.forget_kept(note)?;
        self.execute(
            "INSERT INTO arrivals (id, feed_id, page_key, url, title, excerpt, published_at, lang,
                                   keywords)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                page.id,
                page.feed,
                page.page_key,
                page.url,
                page.title,
                page.excerpt,
                page.published_at,
                page.lang,
                page.keywords,
            ],
        )?;
        Ok(true)
    }

    fn forget_kept(&self, note: NoteId) -> Result<()> {
        self.execute(
            "DELETE FROM operations WHERE op_id = ?",
            [record_of(note).id.as_bytes()],
        )
    }

    /// Undoes what happened last in the inbox: a skip, or the keeping of pages by one command. Returns
    /// `None` if there was neither in the last 30 days.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn undo_in_inbox(&self) -> Result<Option<BroughtBack>> {
        let kept_at: Option<i64> = self
            .tx
            .prepare_cached(
                "SELECT max(done_at) FROM operations WHERE method = ? AND done_at >= ?",
            )?
            .query_row(params![METHOD, self.clock.days_ago(SKIPPED_DAYS)], |row| {
                row.get(0)
            })?;
        let skipped_at: Option<i64> = self
            .tx
            .prepare_cached("SELECT max(skipped_at) FROM arrivals WHERE skipped_at IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        let Some(kept_at) = kept_at.filter(|kept| skipped_at.is_none_or(|skip| skip < *kept))
        else {
            let done = skipped_at
                .map(|skip| self.unskip_arrivals(skip))
                .transpose()?;
            return Ok(done.map(|Skipped { count, .. }| BroughtBack::Skip(count)));
        };
        let mut query = self
            .tx
            .prepare("SELECT result FROM operations WHERE method = ? AND done_at = ?")?;
        let records = query.query_map(params![METHOD, kept_at], |row| row.get::<_, String>(0))?;
        let (mut back, mut changed) = (Vec::new(), 0);
        for record in records.collect::<rusqlite::Result<Vec<_>>>()? {
            let page: KeptPage = serde_json::from_str(&record).map_err(Error::internal)?;
            match self.unkeep_arrival(NoteId(page.note))? {
                true => back.push(page.title),
                false => {
                    changed += 1;
                    self.forget_kept(NoteId(page.note))?;
                }
            }
        }
        Ok(Some(BroughtBack::Kept { back, changed }))
    }
}

/// A page of the inbox that is about to be kept.
#[derive(Debug)]
pub(super) struct PageToKeep(KeptPage);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Change,
        store::{
            Fetched, KeepOptions, NewArrival, NewFeed, NewText, Retention, SkipSelection,
            TextSource, test_store::TestStore,
        },
    };

    const OPTIONS: KeepOptions = KeepOptions {
        read: false,
        strip_user_info: false,
        feed_tags: true,
    };

    /// Returns a store with three pages in the inbox.
    fn inbox() -> TestStore {
        let mut t = TestStore::checked();
        t.write(|writer| {
            let new = NewFeed::new("https://f.example/feed", Vec::new())?;
            let feed = writer.add_feed(&new)?.feed.id;
            let entries = (0..3).map(|n| NewArrival {
                guid: n.to_string(),
                url: format!("https://f.example/{n}"),
                title: format!("Page {n}"),
                excerpt: Some("About it".into()),
                tags: vec!["keyword".into()],
                ..NewArrival::default()
            });
            let fetched = Fetched::New {
                title: "Feed".into(),
                site_url: None,
                etag: None,
                last_modified: None,
                wait_s: 3600,
                moved_to: None,
                entries: entries.collect(),
            };
            writer.record_fetch(feed, &fetched, Retention::default())
        })
        .unwrap();
        t
    }

    fn keep(t: &mut TestStore, ids: &[i64]) -> Vec<NoteId> {
        t.write(|writer| {
            ids.iter()
                .map(|id| Ok(writer.keep_arrival(*id, &[], OPTIONS)?.note.id))
                .collect()
        })
        .unwrap()
    }

    #[test]
    fn a_kept_page_goes_back_as_it_was() {
        let mut t = inbox();
        let before = t.store.arrivals(None, None, 9).unwrap();
        let [note] = keep(&mut t, &[before[1].id])[..] else {
            panic!()
        };
        assert_eq!(t.store.arrivals(None, None, 9).unwrap().len(), 2);
        assert!(t.write(|writer| writer.unkeep_arrival(note)).unwrap());
        assert_eq!(t.store.arrivals(None, None, 9).unwrap(), before);
        assert_eq!(t.store.arrivals_count().unwrap(), 3);
        assert_eq!(t.store.note(note).unwrap(), None);
        assert!(t.store.trashed_note(note).unwrap().is_some());
        // Twice changes nothing, and it can be kept again.
        assert!(!t.write(|writer| writer.unkeep_arrival(note)).unwrap());
        let again = keep(&mut t, &[before[1].id]);
        assert!(t.write(|writer| writer.unkeep_arrival(again[0])).unwrap());
    }

    #[test]
    fn a_note_that_was_there_before_or_was_changed_since_stays() {
        let mut t = inbox();
        let pages = t.store.arrivals(None, None, 9).unwrap();
        let known = t.save("https://e.org/known", "Known", &[], "").note.id;
        assert!(!t.write(|writer| writer.unkeep_arrival(known)).unwrap());
        let notes = keep(&mut t, &[pages[0].id, pages[1].id, pages[2].id]);
        let change = Change {
            read: Some(true),
            ..Change::default()
        };
        t.write(|writer| writer.update_note(notes[0], change))
            .unwrap();
        let text = NewText::new("seen", t.now, TextSource::Click, true).unwrap();
        t.write(|writer| writer.put_text(notes[1], &text, false))
            .unwrap();
        t.write(|writer| writer.delete_note(notes[2])).unwrap();
        for note in &notes {
            assert!(!t.write(|writer| writer.unkeep_arrival(*note)).unwrap());
        }
        assert!(t.store.note(notes[0]).unwrap().is_some());
        assert!(t.store.text(notes[1]).unwrap().is_some());
        assert!(t.store.trashed_note(notes[2]).unwrap().is_some());
        assert_eq!(t.store.arrivals_count().unwrap(), 0);
    }

    #[test]
    fn a_page_whose_feed_is_gone_stays_a_note() {
        let mut t = inbox();
        let page = t.store.arrivals(None, None, 1).unwrap().remove(0);
        let note = keep(&mut t, &[page.id])[0];
        t.write(|writer| writer.remove_feed(page.feed_id)).unwrap();
        assert!(!t.write(|writer| writer.unkeep_arrival(note)).unwrap());
        assert!(t.store.note(note).unwrap().is_some());
    }

    #[test]
    fn the_last_skip_or_command_that_kept_pages_is_undone_first() {
        let mut t = inbox();
        let pages = t.store.arrivals(None, None, 9).unwrap();
        let notes = keep(&mut t, &[pages[0].id, pages[1].id]);
        let skipped = SkipSelection::Ids(vec![pages[2].id]);
        t.write(|writer| writer.skip_arrivals(&skipped)).unwrap();
        let change = Change {
            summary: Some("mine".into()),
            ..Change::default()
        };
        t.write(|writer| writer.update_note(notes[1], change))
            .unwrap();
        let mut undo = || t.write(|writer| writer.undo_in_inbox()).unwrap();
        assert_eq!(undo(), Some(BroughtBack::Skip(1)));
        assert_eq!(
            undo(),
            Some(BroughtBack::Kept {
                back: vec![pages[0].title.clone()],
                changed: 1
            })
        );
        assert_eq!(undo(), None);
        assert_eq!(t.store.arrivals_count().unwrap(), 2);
        assert_eq!(t.store.note(notes[1]).unwrap().unwrap().summary, "mine");
    }

    #[test]
    fn a_page_that_the_next_fetch_drops_is_in_the_trash() {
        let mut t = inbox();
        let page = t.store.arrivals(None, None, 9).unwrap().remove(2);
        let note = keep(&mut t, &[page.id])[0];
        assert!(t.write(|writer| writer.unkeep_arrival(note)).unwrap());
        let unchanged = Fetched::Unchanged {
            etag: None,
            last_modified: None,
            wait_s: 3600,
            moved_to: None,
        };
        let two = Retention {
            per_feed: 2,
            days: 60,
        };
        t.write(|writer| writer.record_fetch(page.feed_id, &unchanged, two))
            .unwrap();
        assert_eq!(t.store.arrivals_count().unwrap(), 2);
        assert_eq!(
            t.store.trashed_note(note).unwrap().unwrap().title,
            page.title
        );
    }

    #[test]
    fn what_was_kept_more_than_thirty_days_ago_stays() {
        let mut t = inbox();
        let page = t.store.arrivals(None, None, 1).unwrap().remove(0);
        let note = keep(&mut t, &[page.id])[0];
        t.let_hours_pass(31 * 24);
        assert_eq!(t.write(|writer| writer.undo_in_inbox()).unwrap(), None);
        assert!(t.store.note(note).unwrap().is_some());
    }

    #[test]
    fn an_operation_is_applied_once() {
        let mut t = inbox();
        let page = t.store.arrivals(None, None, 1).unwrap().remove(0);
        let note = keep(&mut t, &[page.id])[0];
        let operation = Operation {
            id: Uuid::from_u128(7),
            method: "unkeepArrival",
        };
        for _ in 0..2 {
            let done = t.store.unkeep_arrival_once(operation, t.now, note);
            assert!(done.unwrap());
        }
        let other = Operation {
            method: "keepArrival",
            ..operation
        };
        let reused = t.store.unkeep_arrival_once(other, t.now, note);
        assert!(matches!(reused, Err(Error::OpIdReused)));
    }
}

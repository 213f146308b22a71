//! Texts that are downloaded later: the notes whose pages are asked for, what was found, and the
//! pages that gave no text.
//!
//! A downloaded text goes only to a note that has none. A page that gave none is remembered, so that
//! the next run asks for others first.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    domain::{Metadata, Note, NoteId, Query, State},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{
            text_problem::TextProblem,
            texts::{NewText, TextSummary},
        },
        transaction::{Writer, pending_index::Indexed},
    },
};

/// Wait after the first failure that may be over soon. Each further one takes four times as long.
const SHORT: SignedDuration = SignedDuration::from_hours(1);
/// Wait after the first failure that will last.
const LONG: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Longest wait.
const LONGEST: SignedDuration = SignedDuration::from_hours(180 * 24);

/// A page that gave no text when it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextFetch {
    /// When it was asked for last.
    pub tried_at: Timestamp,
    /// When it may be asked for again.
    pub next_at: Timestamp,
    /// How often it was asked for.
    pub failures: u32,
    /// Why it gave no text the last time.
    pub problem: TextProblem,
}

/// What was downloaded of a page.
#[derive(Debug, Clone)]
pub struct FetchedPage {
    /// Its text.
    pub text: NewText,
    /// Its own title, empty if it has none.
    pub title: String,
    /// The titles in its metadata, the best first.
    pub other_titles: Vec<String>,
    /// Its metadata.
    pub metadata: Metadata,
}

/// What is to be done with a note that has no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextDue {
    /// Its page is asked for.
    Now,
    /// Its page gave no text and isn't asked for again yet.
    Later,
    /// Its page can't be asked for.
    Never,
}

/// The notes without a text that a query matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MissingTexts {
    /// Those whose pages are asked for, newest first.
    pub due: Vec<Note>,
    /// Number of further notes whose pages could be asked for.
    pub more: u64,
    /// Number of notes whose pages gave no text and aren't asked for again yet.
    pub later: u64,
}

impl TextFetch {
    /// Returns the record after another failure. `asked`: the wait that the host asks for.
    fn after(
        before: Option<&Self>,
        problem: TextProblem,
        asked: Option<SignedDuration>,
        now: Timestamp,
    ) -> Self {
        let failures = before.map_or(0, |before| before.failures).saturating_add(1);
        let mut wait = if problem.is_passing() { SHORT } else { LONG };
        for _ in 1..failures.min(10) {
            wait = wait.saturating_mul(4).min(LONGEST);
        }
        let wait = wait.max(asked.unwrap_or_default()).min(LONGEST);
        Self {
            tried_at: now,
            next_at: now.checked_add(wait).unwrap_or(now),
            failures,
            problem,
        }
    }

    fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let moment = |at: i64| NoteId(at).moment();
        Ok(Self {
            tried_at: moment(row.get(0)?),
            next_at: moment(row.get(1)?),
            failures: row.get(2)?,
            problem: TextProblem::from_number(row.get(3)?).unwrap_or(TextProblem::Unreachable),
        })
    }
}

fn text_fetch(conn: &Connection, id: NoteId) -> Result<Option<TextFetch>> {
    let mut query = conn.prepare_cached(
        "SELECT tried_at, next_at, failures, problem FROM text_fetches WHERE note_id = ?",
    )?;
    Ok(query.query_row([id.0], TextFetch::of_row).optional()?)
}

impl Reader {
    /// Returns the notes without a text that match a query. `due` decides about a note by the last
    /// failure of its page. At most `limit` are [`MissingTexts::due`]; the others are counted by
    /// their failures alone, since a user may have a million notes.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn missing_texts(
        &self,
        query: &Query,
        limit: usize,
        due: impl Fn(Option<&Note>, Option<&TextFetch>) -> TextDue,
    ) -> Result<MissingTexts> {
        let mut query = query.clone();
        query.states.push((State::Texted, false));
        self.read_transaction(|reader| {
            let failures = reader.text_fetches()?;
            let mut missing = MissingTexts::default();
            for id in reader.matching_now(&query)? {
                let is_full = missing.due.len() >= limit;
                let note = match is_full {
                    true => None,
                    false => reader.note(id)?,
                };
                match (due(note.as_ref(), failures.get(&id)), note) {
                    (TextDue::Never, _) => {}
                    (TextDue::Later, _) => missing.later += 1,
                    (TextDue::Now, Some(note)) => missing.due.push(note),
                    (TextDue::Now, None) => missing.more += 1,
                }
            }
            Ok(missing)
        })
    }

    fn text_fetches(&self) -> Result<HashMap<NoteId, TextFetch>> {
        let mut query = self
            .conn
            .prepare("SELECT tried_at, next_at, failures, problem, note_id FROM text_fetches")?;
        let rows = query.query_map([], |row| Ok((NoteId(row.get(4)?), TextFetch::of_row(row)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Returns the notes without a text that match a query and whose pages gave none when they were
    /// asked for, newest first.
    ///
    /// # Errors
    /// The `store_*` kinds, never because of the query.
    pub fn failed_text_fetches(&self, query: &Query) -> Result<Vec<(Note, TextFetch)>> {
        self.read_transaction(|reader| {
            let mut failed = Vec::new();
            let mut failures = reader.text_fetches()?;
            for id in reader.matching_now(query)? {
                if let Some(failure) = failures.remove(&id)
                    && let Some(note) = reader.note(id)?
                {
                    failed.push((note, failure));
                }
            }
            Ok(failed)
        })
    }
}

impl Writer<'_> {
    /// Keeps the text of a page that was downloaded from `url`, and fills what the note lacks with
    /// what the page says of itself: see [`Note::completed_by_page`]. Returns what is known about
    /// the text, or `None` if nothing was kept: the note is deleted, has another address or has a
    /// text by now.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn keep_fetched_text(
        &self,
        id: NoteId,
        url: &str,
        page: &FetchedPage,
    ) -> Result<Option<TextSummary>> {
        let Some(note) = self.without_text(id, url)? else {
            return Ok(None);
        };
        self.put_text(id, &page.text, false)?;
        let completed =
            note.clone()
                .completed_by_page(&page.title, &page.other_titles, page.metadata.clone());
        if completed != note {
            self.store_fields(&completed)?;
            self.index(&completed, Indexed::Before);
        }
        Ok(Some(page.text.summary()))
    }

    /// Records that a page gave no text when it was asked for at `url`. `wait`: what the host asks
    /// for. Returns the record, or `None` if nothing was recorded: the note is deleted, has another
    /// address or has a text by now.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_failed_text_fetch(
        &self,
        id: NoteId,
        url: &str,
        problem: TextProblem,
        wait: Option<SignedDuration>,
    ) -> Result<Option<TextFetch>> {
        if self.without_text(id, url)?.is_none() {
            return Ok(None);
        }
        let before = text_fetch(&self.tx, id)?;
        let failure = TextFetch::after(before.as_ref(), problem, wait, self.now);
        self.store_text_fetch(id, &failure)?;
        Ok(Some(failure))
    }

    /// Records that the user removed a text, which is then never downloaded.
    pub(in crate::store) fn record_removed_text(&self, id: NoteId) -> Result<()> {
        let removal = TextFetch {
            tried_at: self.now,
            next_at: NoteId::MAX.moment(),
            failures: 1,
            problem: TextProblem::Removed,
        };
        self.store_text_fetch(id, &removal)
    }

    pub(in crate::store) fn store_text_fetch(&self, id: NoteId, failure: &TextFetch) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO text_fetches (note_id, tried_at, next_at, failures, problem)
             VALUES (?, ?, ?, ?, ?)",
            params![
                id.0,
                failure.tried_at.as_microsecond(),
                failure.next_at.as_microsecond(),
                failure.failures,
                failure.problem.number(),
            ],
        )
    }

    /// Returns whether the user removed the text of a note.
    pub(in crate::store) fn is_text_removed(&self, id: NoteId) -> Result<bool> {
        let failure = text_fetch(&self.tx, id)?;
        Ok(failure.is_some_and(|failure| failure.problem == TextProblem::Removed))
    }

    /// Returns the note if it is live, has this address, and has no text, nor one that the user
    /// removed.
    fn without_text(&self, id: NoteId, url: &str) -> Result<Option<Note>> {
        let note = self.live(id)?.filter(|note| note.url == url);
        Ok(match self.text_row(id)? {
            None if !self.is_text_removed(id)? => note,
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::PageUrl,
        store::{
            notes::texts::{Kept, TextSource},
            test_store::TestStore,
        },
    };

    const URL: &str = "https://e.org/a";

    fn page(words: &str, now: Timestamp) -> FetchedPage {
        FetchedPage {
            text: NewText::new(words, now, TextSource::Fetch, true).unwrap(),
            title: "The page - Example".into(),
            other_titles: vec!["The page".into()],
            metadata: Metadata::from_page(
                Some("Its own words"),
                Some("2013-05-06"),
                Some("Example"),
                Some("en"),
            ),
        }
    }

    fn keep(t: &mut TestStore, id: NoteId, url: &str) -> Option<TextSummary> {
        let page = page("some words of it", t.now);
        t.write(|writer| writer.keep_fetched_text(id, url, &page))
            .unwrap()
    }

    fn fail(t: &mut TestStore, id: NoteId, problem: TextProblem) -> Option<TextFetch> {
        t.write(|writer| writer.record_failed_text_fetch(id, URL, problem, None))
            .unwrap()
    }

    fn failure(t: &TestStore, id: NoteId) -> Option<TextFetch> {
        text_fetch(&t.store.conn, id).unwrap()
    }

    #[test]
    fn a_downloaded_text_is_kept_and_fills_only_what_the_note_lacks() {
        let mut t = TestStore::checked();
        let bare = t.save(URL, "", &[], "").note;
        let summary = keep(&mut t, bare.id, URL).unwrap();
        assert_eq!((summary.words, summary.source), (4, TextSource::Fetch));
        let note = t.store.note(bare.id).unwrap().unwrap();
        assert_eq!((&*note.title, note.title_typed), ("The page", false));
        assert_eq!(note.page_title.as_deref(), Some("The page - Example"));
        assert_eq!(note.metadata.excerpt.as_deref(), Some("Its own words"));
        assert_eq!(note.metadata.published_at.as_deref(), Some("2013-05-06"));
        assert_eq!(note.metadata.site_name.as_deref(), Some("Example"));
        assert_eq!(note.metadata.lang.as_deref(), Some("en"));
        assert_eq!(note.updated_at, bare.updated_at);
        let found = t.store.search(&Query::parse("own"), None, 9).unwrap();
        assert_eq!(found.hits.len(), 1);

        let url = "https://e.org/b";
        let full = t.save(url, "My title", &["x"], "My words").note;
        let mut own = full.clone();
        own.metadata.excerpt = Some("kept".into());
        t.write(|writer| writer.store_fields(&own)).unwrap();
        keep(&mut t, full.id, url).unwrap();
        let note = t.store.note(full.id).unwrap().unwrap();
        assert_eq!((&*note.title, note.title_typed), ("My title", true));
        assert_eq!((&*note.summary, note.tags), ("My words", full.tags));
        assert_eq!(note.metadata.excerpt.as_deref(), Some("kept"));
        assert_eq!(note.metadata.lang.as_deref(), Some("en"));
    }

    #[test]
    fn a_downloaded_text_never_replaces_another() {
        for source in [TextSource::Click, TextSource::File, TextSource::Import] {
            let mut t = TestStore::checked();
            let id = t.save(URL, "", &[], "").note.id;
            let text = NewText::new("a", t.now, source, true).unwrap();
            t.write(|writer| writer.put_text(id, &text, false)).unwrap();
            assert_eq!(keep(&mut t, id, URL), None);
            assert_eq!(fail(&mut t, id, TextProblem::Busy), None);
            assert_eq!(t.store.text(id).unwrap().unwrap().markdown, "a");
            assert_eq!(t.store.note(id).unwrap().unwrap().title, "");
        }
    }

    #[test]
    fn a_click_replaces_a_downloaded_text_even_if_it_arrives_late() {
        let mut t = TestStore::checked();
        let id = t.save(URL, "", &[], "").note.id;
        let clicked = NewText::new("what was seen", t.now, TextSource::Click, true).unwrap();
        t.now += SignedDuration::from_hours(1);
        keep(&mut t, id, URL).unwrap();
        let put = t.write(|writer| writer.put_text(id, &clicked, false));
        assert_eq!(put.unwrap().kept, Kept::New);
        let text = t.store.text(id).unwrap().unwrap();
        assert_eq!(text.markdown, "what was seen");
        assert_eq!(text.summary.source, TextSource::Click);
        // A wall that was clicked on has less than half of the words.
        let other = "https://e.org/b";
        let id = t.save(other, "", &[], "").note.id;
        keep(&mut t, id, other).unwrap();
        let wall = NewText::new("Login", t.now, TextSource::Click, true).unwrap();
        let put = t.write(|writer| writer.put_text(id, &wall, false));
        assert_eq!(put.unwrap().kept, Kept::Older);
    }

    #[test]
    fn nothing_is_kept_of_a_note_that_was_deleted_or_moved_meanwhile() {
        let mut t = TestStore::checked();
        let id = t.save(URL, "", &[], "").note.id;
        let other = PageUrl::parse("https://e.org/other").unwrap();
        t.write(|writer| writer.change_address(id, &other)).unwrap();
        assert_eq!(keep(&mut t, id, URL), None);
        assert_eq!(fail(&mut t, id, TextProblem::Busy), None);
        t.write(|writer| writer.delete_note(id)).unwrap();
        assert_eq!(keep(&mut t, id, other.as_str()), None);
        assert_eq!(t.store.text_summary(id).unwrap(), None);
    }

    #[test]
    fn a_text_that_the_user_removed_does_not_come_back_by_a_download() {
        let mut t = TestStore::checked();
        let id = t.save(URL, "", &[], "").note.id;
        keep(&mut t, id, URL).unwrap();
        t.write(|writer| writer.remove_text(id)).unwrap();
        assert_eq!(failure(&t, id).unwrap().problem, TextProblem::Removed);
        assert_eq!(keep(&mut t, id, URL), None);
        assert_eq!(t.store.text(id).unwrap(), None);
        // A text that the user gives forgets that.
        let text = NewText::new("given", t.now, TextSource::File, true).unwrap();
        t.write(|writer| writer.put_text(id, &text, true)).unwrap();
        assert_eq!(failure(&t, id), None);
    }

    #[test]
    fn pages_without_a_text_wait_longer_each_time() {
        let mut t = TestStore::checked();
        let id = t.save(URL, "", &[], "").note.id;
        let mut waits = Vec::new();
        for _ in 0..9 {
            let failure = fail(&mut t, id, TextProblem::Unreachable).unwrap();
            waits.push(failure.next_at.duration_since(failure.tried_at).as_hours());
        }
        assert_eq!(waits, [1, 4, 16, 64, 256, 1024, 4096, 4320, 4320]);
        let wait = Some(SignedDuration::from_hours(48));
        let busy = t.write(|writer| {
            writer.execute("DELETE FROM text_fetches", [])?;
            writer.record_failed_text_fetch(id, URL, TextProblem::Busy, wait)
        });
        let busy = busy.unwrap().unwrap();
        assert_eq!(busy.next_at.duration_since(busy.tried_at).as_hours(), 48);
        assert_eq!(failure(&t, id).unwrap().problem, TextProblem::Busy);
    }

    #[test]
    fn a_failure_is_forgotten_with_its_note_its_address_or_a_text() {
        let mut t = TestStore::checked();
        let id = t.save(URL, "", &[], "").note.id;
        let other = PageUrl::parse("https://e.org/other").unwrap();
        fail(&mut t, id, TextProblem::Login).unwrap();
        t.save(URL, "", &["tag"], "");
        assert!(failure(&t, id).is_some());
        keep(&mut t, id, URL).unwrap();
        assert_eq!(failure(&t, id), None);
        t.write(|writer| writer.remove_text(id)).unwrap();
        assert_eq!(failure(&t, id).unwrap().problem, TextProblem::Removed);
        t.write(|writer| writer.change_address(id, &other)).unwrap();
        assert_eq!(failure(&t, id), None);
        let own = PageUrl::parse(URL).unwrap();
        t.write(|writer| writer.change_address(id, &own)).unwrap();
        fail(&mut t, id, TextProblem::Login).unwrap();
        t.write(|writer| writer.delete_note(id)).unwrap();
        assert_eq!(failure(&t, id), None);
        t.write(|writer| writer.restore_note(id)).unwrap();
        assert_eq!(failure(&t, id), None);
    }

    #[test]
    fn the_notes_without_a_text_are_listed_newest_first() {
        let mut t = TestStore::new();
        let ids: Vec<NoteId> = (0..6)
            .map(|n| {
                let url = format!("https://e.org/{n}");
                t.save(&url, "page", &[], "").note.id
            })
            .collect();
        keep(&mut t, ids[5], "https://e.org/5").unwrap();
        t.write(|writer| {
            let url = "https://e.org/4";
            writer.record_failed_text_fetch(ids[4], url, TextProblem::Login, None)
        })
        .unwrap();
        let due = |_: Option<&Note>, failure: Option<&TextFetch>| match failure {
            Some(_) => TextDue::Later,
            None => TextDue::Now,
        };
        let missing = t.store.missing_texts(&Query::all(), 2, due).unwrap();
        let due: Vec<NoteId> = missing.due.iter().map(|note| note.id).collect();
        assert_eq!(due, [ids[3], ids[2]]);
        assert_eq!((missing.more, missing.later), (2, 1));
        let one = Query::parse("url:e.org/1");
        let never = |_: Option<&Note>, _: Option<&TextFetch>| TextDue::Never;
        assert_eq!(
            t.store.missing_texts(&one, 9, never).unwrap(),
            MissingTexts::default()
        );
        let failed = t.store.failed_text_fetches(&Query::all()).unwrap();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].0.id, ids[4]);
        assert_eq!(failed[0].1.problem, TextProblem::Login);
    }
}

//! Summaries by a language model, and the tags that it suggests: never a part of a note.
//!
//! A summary belongs to one note and follows it to the trash by triggers.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    domain::{Note, NoteId, Tag},
    error::{Error, Result},
    store::{connection::reader::Reader, transaction::Writer},
};

/// A summary by a language model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gist {
    /// Plain text in one paragraph: see [`crate::domain::model_summary`].
    pub text: String,
    /// The model's name.
    pub maker: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Tags that the model suggests, as they were named then.
    pub tags: Vec<Tag>,
    /// When the text that was summarised had been read from its page; `None` for a description, or
    /// if the summary came from another note with another text; [`Timestamp::UNIX_EPOCH`] if the
    /// note's address has changed since.
    pub text_at: Option<Timestamp>,
    /// Whether the note's text has changed or is gone since, or its address has changed.
    pub is_outdated: bool,
}

/// Why a model gave no summary of a note. Errors of its server are none: they say nothing about the
/// note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GistProblem {
    /// The answer isn't in the form that was asked for.
    Unusable,
    /// The answer was cut off.
    CutOff,
    /// The answer didn't come in time.
    TooSlow,
    /// The answer is much longer than was asked for.
    TooLarge,
    /// The server refuses to be asked about this note, usually because its text is too long.
    Refused,
}

impl GistProblem {
    const ALL: [(Self, i64, &str); 5] = [
        (Self::Unusable, 1, "unusable"),
        (Self::CutOff, 2, "cut_off"),
        (Self::TooSlow, 3, "too_slow"),
        (Self::TooLarge, 4, "too_large"),
        (Self::Refused, 5, "refused"),
    ];

    fn number(self) -> i64 {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or(1, |(_, number, _)| *number)
    }

    /// Returns a stable word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(problem, ..)| *problem == self);
        found.map_or("unusable", |(.., name)| *name)
    }
}

/// Selects the notes that a model is asked about.
#[derive(Debug, Clone, Copy)]
pub struct GistSelection<'a> {
    /// Only these notes; `None` for all.
    pub among: Option<&'a [NoteId]>,
    /// Whether notes that the model was asked about come again, after the others: those first that
    /// it was asked about longest ago.
    pub again: bool,
    /// Most notes.
    pub limit: usize,
}

/// The notes that a model is asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DueGists {
    /// Ids, in the order in which it is asked.
    pub ids: Vec<NoteId>,
    /// How many notes are due, with those over the limit.
    pub due: u64,
    /// How many of the selected notes have nothing to read: neither a text nor a description.
    pub unreadable: u64,
}

const COLUMNS: &str = "g.text, g.maker, g.made_at, g.tags, g.text_at, t.taken_at";

impl Gist {
    /// Reads a row; `None` if it has no summary.
    fn of(row: &Row<'_>) -> rusqlite::Result<Option<Self>> {
        let (text, maker, made_at) = (row.get(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?);
        let (Some(text), Some(maker), Some(made_at)) = (text, maker, made_at) else {
            return Ok(None);
        };
        let tags: Option<String> = row.get(3)?;
        let (text_at, taken_at): (Option<i64>, Option<i64>) = (row.get(4)?, row.get(5)?);
        Ok(Some(Self {
            text,
            maker,
            made_at: NoteId(made_at).moment(),
            tags: tags_of(tags.as_deref().unwrap_or_default()),
            text_at: text_at.map(|at| NoteId(at).moment()),
            is_outdated: taken_at != text_at,
        }))
    }
}

/// Reads the names in a column. A name that isn't valid any more is left out.
pub(in crate::store) fn tags_of(column: &str) -> Vec<Tag> {
    let names: Vec<String> = serde_json::from_str(column).unwrap_or_default();
    names
        .iter()
        .filter_map(|name| Tag::sought(name).ok())
        .collect()
}

fn gist_of(conn: &Connection, id: NoteId) -> Result<Option<Gist>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM gists g LEFT JOIN texts t USING (note_id) WHERE note_id = ?"
    );
    let mut query = conn.prepare_cached(&sql)?;
    Ok(query.query_row([id.0], Gist::of).optional()?.flatten())
}

impl Reader {
    /// Returns the summary of a note by a model, live or in the trash.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn gist(&self, id: NoteId) -> Result<Option<Gist>> {
        gist_of(&self.conn, id)
    }

    /// Returns the summaries of notes by a model, in their order.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn gists_of(&self, notes: &[Note]) -> Result<Vec<Option<Gist>>> {
        if !self.has_gists()? {
            return Ok(vec![None; notes.len()]);
        }
        notes.iter().map(|note| self.gist(note.id)).collect()
    }

    /// Returns whether there is any summary by a model.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_gists(&self) -> Result<bool> {
        let mut query = self.conn.prepare_cached("SELECT 1 FROM gists")?;
        Ok(query.exists([])?)
    }

    /// Returns summaries of live notes, those of the newest notes first. `before`: only notes with a
    /// smaller id.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn gists(&self, before: Option<NoteId>, limit: u32) -> Result<Vec<(NoteId, Gist)>> {
        let sql = format!(
            "SELECT {COLUMNS}, note_id FROM gists g LEFT JOIN texts t USING (note_id)
             WHERE note_id < ? AND g.text IS NOT NULL
                 AND EXISTS (SELECT 1 FROM notes WHERE id = note_id)
             ORDER BY note_id DESC LIMIT ?"
        );
        let before = before.unwrap_or(NoteId(NoteId::MAX.0 + 1));
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map(params![before.0, limit], |row| {
            Ok((NoteId(row.get(6)?), Gist::of(row)?))
        })?;
        let mut found = Vec::new();
        for row in rows {
            if let (id, Some(gist)) = row? {
                found.push((id, gist));
            }
        }
        Ok(found)
    }

    /// Selects the notes that a model is to be asked about. A note is due if it has a text or a
    /// description, and the model wasn't asked about just that since. The newest come first.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn due_gists(&self, selection: GistSelection<'_>) -> Result<DueGists> {
        // Ids of notes that exist, newest first, with what decides.
        const ROW: &str = "SELECT n.id, t.taken_at,
                 t.note_id IS NOT NULL OR trim(ifnull(n.excerpt, '')) <> '',
                 g.tried_at, g.tried_text_at
             FROM notes n LEFT JOIN texts t ON t.note_id = n.id
             LEFT JOIN gists g ON g.note_id = n.id";
        let mut due = DueGists::default();
        let mut earlier: Vec<(i64, NoteId)> = Vec::new();
        let mut take = |row: &Row<'_>| -> rusqlite::Result<()> {
            let id = NoteId(row.get(0)?);
            if !row.get(2)? {
                due.unreadable += 1;
                return Ok(());
            }
            let taken_at: Option<i64> = row.get(1)?;
            match row.get::<_, Option<i64>>(3)? {
                Some(tried_at) if taken_at == row.get(4)? => earlier.push((tried_at, id)),
                _ => {
                    due.due += 1;
                    if due.ids.len() < selection.limit {
                        due.ids.push(id);
                    }
                }
            }
            Ok(())
        };
        match selection.among {
            Some(ids) => {
                let mut query = self.conn.prepare_cached(&format!("{ROW} WHERE n.id = ?"))?;
                for id in ids {
                    let mut rows = query.query([id.0])?;
                    if let Some(row) = rows.next()? {
                        take(row)?;
                    }
                }
            }
            None => {
                let sql = format!("{ROW} ORDER BY n.id DESC");
                let mut query = self.conn.prepare_cached(&sql)?;
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    take(row)?;
                }
            }
        }
        if selection.again {
            due.due += earlier.len() as u64;
            // The same time only if a clock stood still.
            earlier.sort_by_key(|(tried_at, id)| (*tried_at, std::cmp::Reverse(*id)));
            let room = selection.limit.saturating_sub(due.ids.len());
            due.ids.extend(earlier.iter().take(room).map(|(_, id)| *id));
        }
        Ok(due)
    }

    /// Returns how often a model was asked on the day of `now`, in UTC.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn asked_today(&self, now: Timestamp) -> Result<u32> {
        let mut query = self
            .conn
            .prepare_cached("SELECT asked FROM gist_days WHERE day = ?")?;
        Ok(query
            .query_row([day(now)], |row| row.get(0))
            .optional()?
            .unwrap_or(0))
    }

    /// Returns the numbers of tags that models suggested for notes which have tags, and of those
    /// that these notes have: of the newest `limit` notes with such tags.
    pub(in crate::store) fn gist_record(&self, limit: u32) -> Result<(u32, u32)> {
        let mut query = self.conn.prepare_cached(
            "SELECT count(*), count(nt.note_id) FROM (
                 SELECT g.note_id, g.tags FROM gists g
                 WHERE g.tags <> '[]' AND EXISTS (SELECT 1 FROM note_tags WHERE note_id = g.note_id)
                 ORDER BY g.note_id DESC LIMIT ?
             ) g, json_each(g.tags) j
             LEFT JOIN tags t ON t.name = j.value
             LEFT JOIN note_tags nt ON nt.tag_id = t.id AND nt.note_id = g.note_id",
        )?;
        Ok(query.query_row([limit], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}

fn day(now: Timestamp) -> i64 {
    now.as_second().div_euclid(24 * 60 * 60)
}

impl Writer<'_> {
    /// Stores a summary of a live note.
    ///
    /// # Errors
    /// `NotFound`, also if the note is in the trash; the `store_*` kinds.
    pub fn put_gist(&self, id: NoteId, gist: &Gist) -> Result<()> {
        if self.live(id)?.is_none() {
            return Err(Error::NotFound);
        }
        self.store_gist(id, gist)
    }

    /// Records that a model gave no summary of a live note. A summary that the note has stays.
    /// `text_at`: when the text that was sent had been read from its page.
    ///
    /// # Errors
    /// `NotFound`, also if the note is in the trash; the `store_*` kinds.
    pub fn fail_gist(
        &self,
        id: NoteId,
        problem: GistProblem,
        text_at: Option<Timestamp>,
    ) -> Result<()> {
        if self.live(id)?.is_none() {
            return Err(Error::NotFound);
        }
        self.execute(
            "INSERT INTO gists (note_id, tried_at, tried_text_at, problem) VALUES (?, ?, ?, ?)
             ON CONFLICT (note_id) DO UPDATE SET tried_at = excluded.tried_at,
                 tried_text_at = excluded.tried_text_at, problem = excluded.problem",
            params![
                id.0,
                self.now.as_microsecond(),
                text_at.map(Timestamp::as_microsecond),
                problem.number()
            ],
        )
    }

    /// Removes the summary of a note. Returns whether it had one. The model may be asked again.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn remove_gist(&self, id: NoteId) -> Result<bool> {
        let mut query = self
            .tx
            .prepare_cached("DELETE FROM gists WHERE note_id = ? RETURNING text IS NOT NULL")?;
        let removed: Option<bool> = query.query_row([id.0], |row| row.get(0)).optional()?;
        Ok(removed == Some(true))
    }

    /// Removes all summaries, also of deleted notes. Returns their number.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn remove_gists(&self) -> Result<u64> {
        let count: u64 = self
            .tx
            .prepare_cached("SELECT count(*) FROM gists WHERE text IS NOT NULL")?
            .query_row([], |row| row.get(0))?;
        self.execute("DELETE FROM gists", [])?;
        Ok(count)
    }

    /// Counts a question to a model, unless it was asked `most` times on this day, in UTC. Returns
    /// whether it may be asked.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn count_question(&self, most: u32) -> Result<bool> {
        let day = day(self.now);
        // A clock that was wrong for a while must not lose the number of the right day.
        self.execute(
            "DELETE FROM gist_days
             WHERE day NOT IN (SELECT day FROM gist_days ORDER BY day DESC LIMIT 30)",
            [],
        )?;
        let counted = self
            .tx
            .prepare_cached(
                "INSERT INTO gist_days (day, asked) SELECT ?1, 1 WHERE ?2 > 0
                 ON CONFLICT (day) DO UPDATE SET asked = asked + 1 WHERE asked < ?2",
            )?
            .execute(params![day, most])?;
        Ok(counted > 0)
    }

    /// Returns the summary of a note, before the note is removed.
    pub(in crate::store) fn gist(&self, id: NoteId) -> Result<Option<Gist>> {
        gist_of(&self.tx, id)
    }

    /// Stores a summary of a note, live or in the trash.
    pub(in crate::store) fn store_gist(&self, id: NoteId, gist: &Gist) -> Result<()> {
        let names: Vec<&str> = gist.tags.iter().map(Tag::as_str).collect();
        let tags = serde_json::to_string(&names).map_err(Error::internal)?;
        let (made_at, text_at) = (
            gist.made_at.as_microsecond(),
            gist.text_at.map(Timestamp::as_microsecond),
        );
        self.execute(
            "INSERT OR REPLACE INTO gists
                 (note_id, tried_at, tried_text_at, made_at, maker, text, tags, text_at)
             VALUES (?1, ?2, ?3, ?2, ?4, ?5, ?6, ?3)",
            params![id.0, made_at, text_at, gist.maker, gist.text, tags],
        )
    }

    /// Gives a note the summary of another one, unless it has one of its own. If it doesn't have the
    /// text that was summarised, the summary is outdated. Comes after the note has its text. Returns
    /// whether the note has the summary now.
    pub(in crate::store) fn adopt_gist(&self, id: NoteId, gist: Option<&Gist>) -> Result<bool> {
        let Some(gist) = gist else {
            return Ok(false);
        };
        if self.gist(id)?.is_some() {
            return Ok(false);
        }
        let mut gist = gist.clone();
        if let Some(text_at) = gist.text_at.filter(|at| *at != Timestamp::UNIX_EPOCH) {
            // Exports have milliseconds.
            let own: Option<i64> = self
                .tx
                .prepare_cached(
                    "SELECT taken_at FROM texts WHERE note_id = ? AND taken_at / 1000 = ?",
                )?
                .query_row([id.0, text_at.as_millisecond()], |row| row.get(0))
                .optional()?;
            gist.text_at = own.map(|at| NoteId(at).moment());
        }
        self.store_gist(id, &gist)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        domain::parse_tags,
        store::{
            NewText, TextSource, check, recovery::check_content::examine, test_store::TestStore,
        },
    };

    const PAGE: &str = "https://e.org/a";

    fn gist(text: &str, at: Timestamp) -> Gist {
        Gist {
            text: text.into(),
            maker: "model:4b".into(),
            made_at: at,
            tags: parse_tags(&["rust"]).unwrap(),
            text_at: None,
            is_outdated: false,
        }
    }

    impl TestStore {
        fn page(&mut self, url: &str) -> NoteId {
            self.save(url, "Title", &["rust"], "").note.id
        }

        fn summarise(&mut self, id: NoteId, text: &str) {
            let gist = gist(text, self.now);
            self.write(|writer| writer.put_gist(id, &gist)).unwrap();
        }

        fn summary(&self, id: NoteId) -> Option<String> {
            self.store.gist(id).unwrap().map(|gist| gist.text)
        }

        /// Gives a note a text, taken now.
        fn read_text(&mut self, id: NoteId, markdown: &str) -> Timestamp {
            let now = self.now + SignedDuration::from_secs(1);
            let text = NewText::new(markdown, now, TextSource::Click, true).unwrap();
            self.write(|writer| writer.put_text(id, &text, true))
                .unwrap();
            now
        }

        fn due(&self, again: bool, limit: usize) -> DueGists {
            let selection = GistSelection {
                among: None,
                again,
                limit,
            };
            self.store.due_gists(selection).unwrap()
        }

        #[track_caller]
        fn is_sound(&self) {
            assert_eq!(examine(&self.store.conn).unwrap(), []);
        }
    }

    #[test]
    fn a_summary_follows_its_note_to_the_trash_and_out_of_it() {
        let mut t = TestStore::new();
        let id = t.page(PAGE);
        assert_eq!(t.summary(id), None);
        t.summarise(id, "A summary.");
        let stored = t.store.gist(id).unwrap().unwrap();
        assert_eq!(stored, gist("A summary.", stored.made_at));
        t.write(|writer| writer.delete_note(id)).unwrap();
        assert_eq!(t.summary(id).as_deref(), Some("A summary."));
        assert_eq!(t.store.gists(None, 9).unwrap(), []);
        let late = gist("Late.", t.now);
        assert!(matches!(
            t.write(|writer| writer.put_gist(id, &late)),
            Err(Error::NotFound)
        ));
        t.write(|writer| writer.restore_note(id)).unwrap();
        assert_eq!(t.store.gists(None, 9).unwrap().len(), 1);
        t.is_sound();
        t.write(|writer| writer.delete_note(id)).unwrap();
        t.let_hours_pass(24 * 40);
        assert_eq!(t.summary(id), None);
        assert!(!t.store.has_gists().unwrap());
        t.is_sound();
    }

    #[test]
    fn a_newer_text_makes_a_summary_outdated_and_the_note_due() {
        let mut t = TestStore::new();
        let id = t.page(PAGE);
        let taken_at = t.read_text(id, "one two three");
        assert_eq!(t.due(false, 9).ids, [id]);
        let mut made = gist("A summary.", t.now);
        made.text_at = Some(taken_at);
        t.write(|writer| writer.put_gist(id, &made)).unwrap();
        assert!(!t.store.gist(id).unwrap().unwrap().is_outdated);
        assert_eq!(t.due(false, 9).ids, []);
        let newer = t.read_text(id, "four five six");
        assert!(t.store.gist(id).unwrap().unwrap().is_outdated);
        assert_eq!(t.due(false, 9).ids, [id]);
        // A failure keeps the summary, and isn't repeated with the same text.
        t.write(|writer| writer.fail_gist(id, GistProblem::CutOff, Some(newer)))
            .unwrap();
        assert_eq!(t.summary(id).as_deref(), Some("A summary."));
        assert_eq!(t.due(false, 9).ids, []);
        assert!(t.store.gist(id).unwrap().unwrap().is_outdated);
    }

    #[test]
    fn the_newest_notes_with_something_to_read_are_due_first() {
        let mut t = TestStore::new();
        let ids: Vec<NoteId> = (0..5).map(|n| t.page(&format!("{PAGE}{n}"))).collect();
        assert_eq!((t.due(false, 9).due, t.due(false, 9).unreadable), (0, 5));
        for id in &ids[..4] {
            t.read_text(*id, "some words");
        }
        t.write(|writer| {
            writer.execute("UPDATE notes SET excerpt = 'says' WHERE id = ?", [ids[4].0])
        })
        .unwrap();
        let due = t.due(false, 2);
        assert_eq!(
            (due.ids, due.due, due.unreadable),
            (vec![ids[4], ids[3]], 5, 0)
        );
        for id in [ids[4], ids[1]] {
            let mut made = gist("Done.", t.now);
            made.text_at = t.store.text_summary(id).unwrap().map(|text| text.taken_at);
            t.write(|writer| writer.put_gist(id, &made)).unwrap();
        }
        assert_eq!(t.due(false, 9).ids, [ids[3], ids[2], ids[0]]);
        // Those that are done come last, the earliest first.
        assert_eq!(t.due(true, 9).ids, [ids[3], ids[2], ids[0], ids[4], ids[1]]);
        let among = GistSelection {
            among: Some(&[ids[0], ids[1], NoteId(5)]),
            again: false,
            limit: 9,
        };
        assert_eq!(t.store.due_gists(among).unwrap().ids, [ids[0]]);
    }

    #[test]
    fn questions_are_counted_by_day() {
        let mut t = TestStore::new();
        let ask = |t: &mut TestStore, most| t.write(|writer| writer.count_question(most)).unwrap();
        assert!(!ask(&mut t, 0));
        assert!(ask(&mut t, 2));
        assert!(ask(&mut t, 2));
        assert!(!ask(&mut t, 2));
        assert_eq!(t.store.asked_today(t.now).unwrap(), 2);
        assert!(ask(&mut t, 3));
        // A clock that was a month ahead for a while doesn't give the day anew.
        let right = t.now;
        t.let_hours_pass(24 * 31);
        assert_eq!(t.store.asked_today(t.now).unwrap(), 0);
        assert!(ask(&mut t, 1));
        t.now = right;
        assert!(!ask(&mut t, 3));
        t.let_hours_pass(24);
        assert_eq!(t.store.asked_today(t.now).unwrap(), 0);
        assert!(ask(&mut t, 1));
    }

    #[test]
    fn a_merged_and_a_restored_note_take_the_summary_of_the_other() {
        let mut t = TestStore::new();
        let (keep, drop) = (t.page(PAGE), t.page("https://e.org/b"));
        t.summarise(drop, "Of b.");
        t.write(|writer| writer.merge_notes(keep, drop)).unwrap();
        assert_eq!(t.summary(keep).as_deref(), Some("Of b."));
        t.write(|writer| writer.restore_note(drop)).unwrap();
        assert_eq!(t.summary(drop).as_deref(), Some("Of b."));
        t.summarise(keep, "Of a.");
        t.write(|writer| writer.merge_notes(keep, drop)).unwrap();
        assert_eq!(t.summary(keep).as_deref(), Some("Of a."));
        t.is_sound();

        let old = t.page("https://e.org/c");
        t.write(|writer| writer.delete_note(old)).unwrap();
        let new = t.page("https://e.org/c");
        t.summarise(new, "Of c.");
        t.write(|writer| writer.restore_note_with(old, new))
            .unwrap();
        assert_eq!(t.summary(old).as_deref(), Some("Of c."));
        assert_eq!(t.summary(new), None);
        t.is_sound();
    }

    #[test]
    fn the_summary_of_another_text_is_outdated_and_a_failure_isnt_adopted() {
        let mut t = TestStore::new();
        let (keep, drop) = (t.page(PAGE), t.page("https://e.org/b"));
        t.read_text(keep, "the text of a");
        t.let_hours_pass(1);
        let mut made = gist("Of b.", t.now);
        made.text_at = Some(t.read_text(drop, "the text of b"));
        t.write(|writer| writer.put_gist(drop, &made)).unwrap();
        t.write(|writer| writer.merge_notes(keep, drop)).unwrap();
        let adopted = t.store.gist(keep).unwrap().unwrap();
        assert_eq!(
            (adopted.text.as_str(), adopted.is_outdated),
            ("Of b.", true)
        );
        assert_eq!(t.due(false, 9).ids, [keep]);

        // With the text that was summarised, it is current.
        let (bare, other) = (t.page("https://e.org/c"), t.page("https://e.org/d"));
        made.text_at = Some(t.read_text(other, "the text of d"));
        t.write(|writer| writer.put_gist(other, &made)).unwrap();
        t.write(|writer| writer.merge_notes(bare, other)).unwrap();
        assert!(!t.store.gist(bare).unwrap().unwrap().is_outdated);
        assert_eq!(t.due(false, 9).ids, [keep]);

        let (read, failed) = (t.page("https://e.org/e"), t.page("https://e.org/f"));
        t.read_text(read, "the text of e");
        let taken_at = t.read_text(failed, "the text of f");
        t.write(|writer| writer.fail_gist(failed, GistProblem::Refused, Some(taken_at)))
            .unwrap();
        t.write(|writer| writer.merge_notes(read, failed)).unwrap();
        assert_eq!(t.due(false, 9).ids, [read, keep]);
        t.is_sound();
    }

    #[test]
    fn without_its_text_or_address_a_summary_is_outdated() {
        let mut t = TestStore::new();
        let (read, described) = (t.page(PAGE), t.page("https://e.org/b"));
        t.write(|writer| {
            writer.execute(
                "UPDATE notes SET excerpt = 'says' WHERE id = ?",
                [described.0],
            )
        })
        .unwrap();
        let is_outdated = |t: &TestStore, id| t.store.gist(id).unwrap().unwrap().is_outdated;
        let mut made = gist("A summary.", t.now);
        made.text_at = Some(t.read_text(read, "some words"));
        t.write(|writer| writer.put_gist(read, &made)).unwrap();
        t.summarise(described, "Of a description.");
        assert!(!is_outdated(&t, read) && !is_outdated(&t, described));
        let moved = |t: &mut TestStore, id, url| {
            let url = crate::domain::PageUrl::parse(url).unwrap();
            t.write(|writer| writer.change_address(id, &url)).unwrap();
        };
        moved(&mut t, described, "https://e.org/other");
        assert!(is_outdated(&t, described));
        assert_eq!(t.due(false, 9).ids, [described]);
        t.write(|writer| writer.remove_text(read)).unwrap();
        assert!(is_outdated(&t, read));
        let newest = t.read_text(read, "other words");
        made.text_at = Some(newest);
        t.write(|writer| writer.put_gist(read, &made)).unwrap();
        assert!(!is_outdated(&t, read));
        moved(&mut t, read, "https://e.org/moved");
        assert!(is_outdated(&t, read));
        assert_eq!(t.due(false, 9).ids, [described, read]);
        t.is_sound();
    }

    #[test]
    fn summaries_are_removed_one_by_one_or_all() {
        let mut t = TestStore::new();
        let (one, two, three) = (
            t.page(PAGE),
            t.page("https://e.org/b"),
            t.page("https://e.org/c"),
        );
        t.summarise(one, "One.");
        t.summarise(two, "Two.");
        t.write(|writer| writer.fail_gist(three, GistProblem::Unusable, None))
            .unwrap();
        assert!(t.write(|writer| writer.remove_gist(one)).unwrap());
        assert!(!t.write(|writer| writer.remove_gist(one)).unwrap());
        assert!(!t.write(|writer| writer.remove_gist(three)).unwrap());
        assert_eq!(t.write(|writer| writer.remove_gists()).unwrap(), 1);
        assert!(!t.store.has_gists().unwrap());
    }

    #[test]
    fn a_damaged_summary_is_a_fault() {
        for (sql, sentence) in [
            (
                "UPDATE gists SET text = CAST(x'ff' AS TEXT)",
                "Some texts are damaged (1).",
            ),
            ("UPDATE gists SET tags = '['", "Some texts are damaged (1)."),
            (
                "UPDATE gists SET note_id = 77",
                "Some summaries by a model belong to no note (1).",
            ),
        ] {
            let mut t = TestStore::new();
            let id = t.page(PAGE);
            t.summarise(id, "A summary.");
            t.write(|writer| writer.execute(sql, [])).unwrap();
            let faults = check(&t.store.path).unwrap().faults;
            let sentences: Vec<_> = faults.iter().map(|fault| &fault.sentence).collect();
            assert_eq!(sentences, [sentence], "{sql}");
        }
    }

    #[test]
    fn the_record_counts_the_tags_that_notes_have() {
        let mut t = TestStore::new();
        let (one, two) = (t.page(PAGE), t.page("https://e.org/b"));
        let untagged = t.save("https://e.org/c", "", &[], "").note.id;
        for (id, tags) in [
            (one, &["rust", "c++"][..]),
            (two, &["go"]),
            (untagged, &["rust"]),
        ] {
            let mut made = gist("Text.", t.now);
            made.tags = parse_tags(tags).unwrap();
            t.write(|writer| writer.put_gist(id, &made)).unwrap();
        }
        assert_eq!(t.store.gist_record(9).unwrap(), (3, 1));
        assert_eq!(t.store.gist_record(1).unwrap(), (1, 0));
    }
}

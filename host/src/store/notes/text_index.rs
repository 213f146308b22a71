//! The full-text indexes of the texts of pages: other than that of the notes, so that words in texts
//! never hide matches in notes.
//!
//! An index holds, for each word of a text, the distance to the previous row with that word, so rows
//! that are close to each other take less space. The texts of clicks arrive in the order of their
//! notes, and downloads and many imports in the opposite order. Such a text gets the row after the
//! last one in `texts_fts`, or the one before the first; `text_rows` connects these rows with the
//! notes. A text whose note is between two that have a row, as of another device, has the row of its
//! note in `late_texts_fts`. So the rows of both are in the order of the notes, as searches need them.

use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::NoteId,
    error::Result,
    store::{notes::fts_index::row, transaction::Writer},
};

/// The first row that is given, with room for as many before it as anyone has notes. A number of this
/// size takes three bytes in the index (<https://www.sqlite.org/fts5.html>, "varint").
const FIRST_ROW: i64 = 1_000_000;

impl Writer<'_> {
    /// Indexes the text of a note that was restored, if it has one.
    pub(in crate::store) fn index_text(&self, id: NoteId) -> Result<()> {
        let Some(text) = self.text_row(id)? else {
            return Ok(());
        };
        self.unindex_text(id)?;
        self.index_words(id, &text.indexed()?)
    }

    /// Adds the words of a text, as `domain::index_text` returns them, to an index that has none of its
    /// words.
    pub(super) fn index_words(&self, id: NoteId, indexed: &str) -> Result<()> {
        match self.row_in_order(id)? {
            Some(row) => self.execute(
                "INSERT INTO texts_fts (rowid, text) VALUES (?, ?)",
                params![row, indexed],
            ),
            None => self.execute(
                "INSERT INTO late_texts_fts (rowid, text) VALUES (?, ?)",
                params![row(id), indexed],
            ),
        }
    }

    /// Removes the words of a text from the index, if it has them. The text keeps its row.
    pub(super) fn unindex_text(&self, id: NoteId) -> Result<()> {
        self.execute(
            "DELETE FROM texts_fts WHERE rowid = (SELECT fts_row FROM text_rows WHERE note_id = ?)",
            [id.0],
        )?;
        self.execute("DELETE FROM late_texts_fts WHERE rowid = ?", [row(id)])
    }

    /// Returns the row of a text in `texts_fts`, or a new one if its note is newer or older than all
    /// with such a row.
    fn row_in_order(&self, id: NoteId) -> Result<Option<i64>> {
        let mut own = self
            .tx
            .prepare_cached("SELECT fts_row FROM text_rows WHERE note_id = ?")?;
        let own = own.query_row([id.0], |row| row.get(0)).optional()?;
        if own.is_some() {
            return Ok(own);
        }
        let end = |sql: &str| -> Result<Option<(i64, i64)>> {
            let mut end = self.tx.prepare_cached(sql)?;
            let end = end.query_row([], |row| Ok((row.get(0)?, row.get(1)?)));
            Ok(end.optional()?)
        };
        let last = end("SELECT fts_row, note_id FROM text_rows ORDER BY fts_row DESC LIMIT 1")?;
        let first = end("SELECT fts_row, note_id FROM text_rows ORDER BY fts_row LIMIT 1")?;
        let next = match (first, last) {
            (_, Some((row, note))) if note < id.0 => row + 1,
            (Some((row, note)), _) if note > id.0 && row > 1 => row - 1,
            (None, _) => FIRST_ROW,
            _ => return Ok(None),
        };
        self.execute(
            "INSERT INTO text_rows (fts_row, note_id) VALUES (?, ?)",
            [next, id.0],
        )?;
        Ok(Some(next))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::*;
    use crate::store::{
        check,
        notes::texts::{NewText, TextSource},
        test_store::new_note,
        transaction::Store,
    };

    struct Texts {
        _dir: tempfile::TempDir,
        store: Store,
        now: Timestamp,
    }

    impl Texts {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(&dir.path().join("notes.db")).unwrap();
            Self {
                store,
                now: crate::clock::now(),
                _dir: dir,
            }
        }

        fn save(&mut self, url: &str) -> NoteId {
            self.now += SignedDuration::from_secs(1);
            let new = new_note(url, "", &[], "");
            self.write(|writer| writer.save_note(&new)).note.id
        }

        #[track_caller]
        fn write<T>(&mut self, work: impl FnOnce(&Writer<'_>) -> Result<T>) -> T {
            self.store.write(self.now, work).unwrap()
        }

        #[track_caller]
        fn put(&mut self, id: NoteId, text: &str) {
            let text = NewText::new(text, self.now, TextSource::Click, true).unwrap();
            self.write(|writer| writer.put_text(id, &text, true));
        }

        /// The rows in the order of the notes: those of `texts_fts` after [`FIRST_ROW`], `None` for
        /// one in `late_texts_fts`. The database must be sound.
        #[track_caller]
        fn rows(&self) -> Vec<(NoteId, Option<i64>)> {
            let faults = check(&self.store.path).unwrap().faults;
            let faults: Vec<_> = faults.iter().map(|fault| &fault.sentence).collect();
            assert!(faults.is_empty(), "{faults:?}");
            let mut query = self
                .store
                .conn
                .prepare(
                    "SELECT note_id, fts_row - ?1 FROM texts_fts f JOIN text_rows ON fts_row = f.rowid
                     UNION ALL
                     SELECT note_id, NULL FROM late_texts_fts f
                         JOIN texts ON note_id / 1000 = f.rowid
                     ORDER BY note_id",
                )
                .unwrap();
            let rows = query.query_map([FIRST_ROW], |row| {
                Ok((row.get(0).map(NoteId)?, row.get(1)?))
            });
            rows.unwrap().map(|row| row.unwrap()).collect()
        }
    }

    #[test]
    fn texts_in_the_order_of_their_notes_have_consecutive_rows() {
        let mut t = Texts::new();
        let ids: Vec<NoteId> = (0..4)
            .map(|n| t.save(&format!("https://e.org/{n}")))
            .collect();
        for id in &ids {
            t.put(*id, "a text");
        }
        let [a, b, c, d] = ids[..] else {
            unreachable!()
        };
        let all = [(a, Some(0)), (b, Some(1)), (c, Some(2)), (d, Some(3))];
        assert_eq!(t.rows(), all);
        // A new text has the same row.
        t.put(b, "another text");
        assert_eq!(t.rows(), all);
        t.write(|writer| writer.remove_text(b));
        t.write(|writer| writer.remove_text(d));
        assert_eq!(t.rows(), [(a, Some(0)), (c, Some(2))]);
        t.put(d, "a text");
        assert_eq!(t.rows(), [(a, Some(0)), (c, Some(2)), (d, Some(3))]);
    }

    #[test]
    fn texts_in_the_opposite_order_have_consecutive_rows() {
        let mut t = Texts::new();
        let ids: Vec<NoteId> = (0..4)
            .map(|n| t.save(&format!("https://e.org/{n}")))
            .collect();
        let [a, b, c, d] = ids[..] else {
            unreachable!()
        };
        for id in [c, d, b, a] {
            t.put(id, "a text");
        }
        let all = [(a, Some(-2)), (b, Some(-1)), (c, Some(0)), (d, Some(1))];
        assert_eq!(t.rows(), all);
    }

    #[test]
    fn before_the_lowest_row_there_is_none() {
        let mut t = Texts::new();
        let (old, new) = (t.save("https://e.org/old"), t.save("https://e.org/new"));
        t.put(new, "a text");
        t.write(|writer| {
            writer.unindex_text(new)?;
            writer.execute("UPDATE text_rows SET fts_row = 1", [])?;
            writer.index_text(new)
        });
        t.put(old, "a text");
        assert_eq!(t.rows(), [(old, None), (new, Some(1 - FIRST_ROW))]);
    }

    #[test]
    fn a_text_between_others_is_in_an_index_of_its_own() {
        let mut t = Texts::new();
        let old = t.save("https://e.org/old");
        let (between, new) = (t.save("https://e.org/between"), t.save("https://e.org/new"));
        t.put(new, "a text");
        t.put(old, "a text");
        t.put(between, "a text");
        let all = [(old, Some(-1)), (between, None), (new, Some(0))];
        assert_eq!(t.rows(), all);
        t.put(between, "another text");
        assert_eq!(t.rows(), all);
        // Now it is the newest one.
        t.write(|writer| writer.remove_text(new));
        assert_eq!(t.rows(), all[..2]);
        t.put(between, "one more text");
        assert_eq!(t.rows(), [(old, Some(-1)), (between, Some(0))]);
        t.write(|writer| writer.remove_text(old));
        t.write(|writer| writer.remove_text(between));
        assert_eq!(t.rows(), []);
    }

    #[test]
    fn a_text_has_its_row_again_after_the_trash() {
        let mut t = Texts::new();
        let (old, new) = (t.save("https://e.org/old"), t.save("https://e.org/new"));
        t.put(old, "a text");
        t.put(new, "a text");
        let late = t.save("https://e.org/late");
        let last = t.save("https://e.org/last");
        t.put(last, "a text");
        t.put(late, "a text");
        let all = [
            (old, Some(0)),
            (new, Some(1)),
            (late, None),
            (last, Some(2)),
        ];
        assert_eq!(t.rows(), all);
        for id in [old, late] {
            t.write(|writer| writer.delete_note(id));
            assert_eq!(t.rows().len(), 3);
            t.write(|writer| writer.restore_note(id));
            assert_eq!(t.rows(), all);
        }
        t.write(|writer| writer.delete_note(last));
        t.write(|writer| writer.remove_trashed_text(last));
        assert_eq!(t.rows(), all[..3]);
    }
}

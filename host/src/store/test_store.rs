//! A store for tests, and notes to save in it.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::{
    domain::{Metadata, NewNote, NoteId, PageUrl, Query, parse_tags},
    error::Result,
    store::{
        notes::{
            note_writes::SavedNote,
            texts::{NewText, TextSource},
        },
        transaction::{Store, Writer},
    },
};

/// A store in a temporary folder with a clock of its own.
pub(crate) struct TestStore {
    pub(crate) store: Store,
    /// The current time, which advances by a second with each write.
    pub(crate) now: Timestamp,
    /// Whether [`TestStore::check`] runs after each write.
    checks: bool,
    dir: tempfile::TempDir,
}

impl TestStore {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self {
            store: Store::open(&dir.path().join("notes.db")).unwrap(),
            now: "2025-08-12T10:00:00Z".parse().unwrap(),
            checks: false,
            dir,
        }
    }

    /// Creates a store with a copy of the database.
    pub(crate) fn cloned(&self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        self.store.backup(Some(&path), false, self.now).unwrap();
        Self::in_folder(dir, self.now)
    }

    /// Opens the database `notes.db` in a folder.
    pub(crate) fn in_folder(dir: tempfile::TempDir, now: Timestamp) -> Self {
        Self {
            store: Store::open(&dir.path().join("notes.db")).unwrap(),
            now,
            checks: false,
            dir,
        }
    }

    /// Creates a store that is checked after each write.
    pub(crate) fn checked() -> Self {
        Self {
            checks: true,
            ..Self::new()
        }
    }

    /// Saves a page one second after the last write.
    pub(crate) fn save(
        &mut self,
        url: &str,
        title: &str,
        tags: &[&str],
        summary: &str,
    ) -> SavedNote {
        let new = new_note(url, title, tags, summary);
        self.write(|writer| writer.save_note(&new)).unwrap()
    }

    /// Saves a page with its own title, as a click does.
    pub(crate) fn save_page(
        &mut self,
        url: &str,
        title: &str,
        tags: &[&str],
        summary: &str,
    ) -> NoteId {
        let new = new_note(url, title, tags, summary);
        let saved = self.write(|writer| writer.save_page(new, &[]));
        saved.unwrap().note.id
    }

    /// Keeps a text of a page.
    pub(crate) fn keep_text(&mut self, id: NoteId, markdown: &str) {
        let text = NewText::new(markdown, self.now, TextSource::Click, true).unwrap();
        self.write(|writer| writer.put_text(id, &text, false))
            .unwrap();
    }

    /// Returns the path of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.dir.path().join("notes.db")
    }

    pub(crate) fn write<T>(&mut self, work: impl FnOnce(&Writer<'_>) -> Result<T>) -> Result<T> {
        self.now += SignedDuration::from_secs(1);
        let done = self.store.write(self.now, work);
        if self.checks {
            self.check();
        }
        done
    }

    /// Advances the clock as on a computer where the program is started now and then.
    pub(crate) fn let_hours_pass(&mut self, hours: i64) {
        let end = self.now + SignedDuration::from_hours(hours);
        while self.now < end {
            self.now = end.min(self.now + SignedDuration::from_hours(20));
            self.store.prune(self.now).unwrap();
        }
    }

    /// See [`check`].
    pub(crate) fn check(&self) {
        check(&self.store);
    }

    pub(crate) fn found(&self, query: &str) -> Vec<String> {
        self.store
            .search(&Query::parse(query), None, 100)
            .unwrap()
            .hits
            .into_iter()
            .map(|hit| hit.note.title)
            .collect()
    }
}

/// Checks what must hold after each write: SQLite's own check, counts, index.
pub(crate) fn check(store: &Store) {
    let conn = &store.conn;
    let number = |sql: &str| -> i64 { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
    assert_eq!(
        number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"),
        0
    );
    assert_eq!(number("SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_eq!(
        number(
            "SELECT count(*) FROM tags t WHERE uses <> \
             (SELECT count(*) FROM note_tags WHERE tag_id = t.id)"
        ),
        0
    );
    assert_eq!(
        number("SELECT count(*) FROM tags WHERE uses > 0"),
        number("SELECT tags FROM meta")
    );
    assert_eq!(
        number(
            "SELECT count(*) FROM tag_aliases a JOIN tags t ON t.name = a.name \
             WHERE t.uses > 0 OR t.id IN (SELECT tag_id FROM tag_aliases)"
        ),
        0
    );
    assert_eq!(
        number("SELECT count(*) - count(DISTINCT note_id || ' ' || position) FROM note_tags"),
        0
    );
    assert_eq!(
        number("SELECT count(*) FROM notes"),
        number("SELECT notes FROM meta")
    );
    let untagged = "SELECT ifnull(group_concat(id), '') FROM (SELECT id FROM notes EXCEPT
                    SELECT note_id FROM note_tags)";
    let kept = "SELECT ifnull(group_concat(note_id), '') FROM untagged";
    let [untagged, kept]: [String; 2] =
        [untagged, kept].map(|sql| conn.query_row(sql, [], |row| row.get(0)).unwrap());
    assert_eq!(untagged, kept);
    assert_eq!(
        number("SELECT count(*) FROM untagged"),
        number("SELECT untagged FROM meta")
    );
    assert_eq!(
        number(
            "SELECT count(*) FROM sites s WHERE uses <> \
             (SELECT count(*) FROM notes WHERE site_id = s.id)"
        ),
        0
    );
    assert_eq!(
        number("SELECT count(*) FROM sites WHERE uses > 0"),
        number("SELECT sites FROM meta")
    );
    assert_eq!(
        number(
            "SELECT (SELECT count(*) FROM (SELECT id / 1000 FROM notes EXCEPT SELECT rowid FROM notes_fts)) \
             + (SELECT count(*) FROM (SELECT rowid FROM notes_fts EXCEPT SELECT id / 1000 FROM notes))"
        ),
        0
    );
    conn.execute(
        "INSERT INTO notes_fts (notes_fts) VALUES ('integrity-check')",
        [],
    )
    .unwrap();
}

/// Returns a page without metadata, as the extension saves it.
pub(crate) fn new_note(url: &str, title: &str, tags: &[&str], summary: &str) -> NewNote {
    NewNote {
        url: PageUrl::parse(url).unwrap(),
        title: title.into(),
        tags: parse_tags(tags).unwrap(),
        summary: summary.into(),
        metadata: Metadata::default(),
        quote: None,
        read: true,
    }
}

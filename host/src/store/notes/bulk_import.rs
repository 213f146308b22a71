//! Keeps the counts of a large import in memory, and creates the indexes of page keys and of sites
//! at its end.
//!
//! The schema's triggers update the counts of tags, sites and notes with each inserted row, which
//! takes longer than the insert itself. After the first rows of an import, these triggers are
//! dropped within its transaction and the counts are collected here. Both are restored before the
//! transaction ends; if it is rolled back, SQLite restores them. The triggers of deletions stay. The
//! same goes for the indexes of page keys and of sites, which are dropped later.
//!
//! The new rows of `note_tags` and `imported` are gathered and written in the order of their keys,
//! because in the order of the notes each of them changes another b-tree page. Whatever reads them
//! calls [`Writer::write_gathered`] before.

use std::collections::HashMap;

use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{Note, NoteId, PageUrl},
    error::{Error, Result},
    store::{
        notes::{
            fts_index,
            import::RECORD,
            note_rows::{load, note_of_other_address, note_of_page, select_notes},
            note_writes::INSERT_TAG,
        },
        transaction::{
            Writer,
            bulk_counts::{Bulk, Gathered, Taken, UnindexedPages},
            page_rows::PageRows,
        },
    },
};

/// The triggers that are replaced.
const TRIGGERS: [&str; 5] = [
    "arrivals_saved",
    "notes_counted",
    "note_tags_counted",
    "note_tags_first",
    "untagged_counted",
];

/// For each changed note, this many stored notes may be read to learn which pages are taken; beyond
/// that, pages are looked up one by one.
const STORED_FOR_ONE: i64 = 4;

/// The indexes that are dropped. Their order is random, so each new note changes another b-tree
/// page, and a large index doesn't fit into the page cache.
const INDEXES: [&str; 2] = ["notes_by_page", "notes_by_site"];
/// They are dropped when so many notes, and as many as were stored before, have changed.
const MANY_PAGES: i64 = if cfg!(test) { 8 } else { 100_000 };
/// Most pages that are held in memory instead of the index, which takes eight bytes and more for
/// each.
const UNINDEXED_PAGES: usize = if cfg!(test) { 60 } else { 12_000_000 };

/// Page cache while the index of page keys is created, as for `PRAGMA cache_size`: 32 MiB.
const SORTED_KIB: i64 = -32_768;
/// Values of `PRAGMA temp_store`.
const IN_FILES: i64 = 1;
const IN_MEMORY: i64 = 2;

/// Size in bytes up to which the full-text index is buffered in memory (FTS5's `hashsize`): during
/// a large import, and otherwise, which is FTS5's default. Fewer and larger segments need fewer
/// merges, but each word of a large buffer has to be read from beyond the processor's caches.
const BULK_INDEX_BYTES: i64 = 6 << 20;
const INDEX_BYTES: i64 = 1 << 20;

impl Writer<'_> {
    /// Starts counting in memory.
    pub(in crate::store) fn begin_bulk(&self) -> Result<()> {
        if self.bulk.borrow().is_some() {
            return Ok(());
        }
        let mut triggers = Vec::new();
        for name in TRIGGERS {
            triggers.push(self.tx.query_row(
                "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?",
                [name],
                |row| row.get(0),
            )?);
            self.tx.execute_batch(&format!("DROP TRIGGER {name}"))?;
        }
        self.gather_index(BULK_INDEX_BYTES)?;
        let aliased = "SELECT EXISTS (SELECT 1 FROM tag_aliases)";
        let aliased: bool = self.tx.query_row(aliased, [], |row| row.get(0))?;
        self.many_changes.set(true);
        let stored: i64 = self
            .tx
            .query_row("SELECT notes FROM meta", [], |row| row.get(0))?;
        *self.bulk.borrow_mut() = Some(Bulk {
            taken: None,
            worth_reading_from: stored / STORED_FOR_ONE,
            unindexed_pages: None,
            worth_dropping_from: stored.max(MANY_PAGES),
            triggers,
            notes: 0,
            untagged: 0,
            tags: HashMap::new(),
            sites: HashMap::new(),
            gathered: Gathered::default(),
            tag_ids: HashMap::new(),
            site_ids: HashMap::new(),
            no_aliases: !aliased,
        });
        Ok(())
    }

    /// Reads all page keys and row numbers in use, as soon as so many notes have changed that
    /// looking them up one by one would cost more.
    pub(in crate::store) fn know_what_is_taken(&self, changed: i64) -> Result<()> {
        let Some(bulk) = &mut *self.bulk.borrow_mut() else {
            return Ok(());
        };
        if bulk.taken.is_some() || changed < bulk.worth_reading_from {
            return Ok(());
        }
        let mut taken = Taken::new();
        let mut pages = self.tx.prepare(
            "SELECT page_key, id FROM notes UNION ALL SELECT page_key, note_id FROM address_keys",
        )?;
        let mut rows = pages.query([])?;
        while let Some(row) = rows.next()? {
            taken.add_page(row.get_ref(0)?.as_str().map_err(Error::internal)?);
            taken.add_row(fts_index::row(NoteId(row.get(1)?)));
        }
        let mut deleted = self.tx.prepare("SELECT id FROM trash")?;
        let mut rows = deleted.query([])?;
        while let Some(row) = rows.next()? {
            taken.add_row(fts_index::row(NoteId(row.get(0)?)));
        }
        bulk.taken = Some(taken);
        Ok(())
    }

    /// Drops the indexes of page keys and of sites as soon as creating them again at the end costs
    /// less than keeping them up to date.
    pub(in crate::store) fn drop_indexes(&self, changed: i64) -> Result<()> {
        let Some(bulk) = &mut *self.bulk.borrow_mut() else {
            return Ok(());
        };
        if let Some(unindexed) = &bulk.unindexed_pages {
            if unindexed.rows.len() >= UNINDEXED_PAGES {
                bulk.worth_dropping_from = i64::MAX;
                self.restore_indexes(bulk)?;
            }
            return Ok(());
        }
        if changed < bulk.worth_dropping_from {
            return Ok(());
        }
        let mut indexes: Vec<String> = Vec::new();
        for name in INDEXES {
            let sql = self
                .tx
                .query_row(
                    "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?",
                    [name],
                    |row| row.get(0),
                )
                .optional()?;
            indexes.extend(sql);
        }
        // Missing only in a damaged database; `check` reports it.
        if indexes.len() < INDEXES.len() {
            bulk.worth_dropping_from = i64::MAX;
            return Ok(());
        }
        let mut rows = PageRows::new();
        let mut pages = self.tx.prepare("SELECT page_key, id FROM notes")?;
        let mut stored = pages.query([])?;
        while let Some(note) = stored.next()? {
            let key = note.get_ref(0)?.as_str().map_err(Error::internal)?;
            rows.add(key, fts_index::row(NoteId(note.get(1)?)));
        }
        drop(stored);
        for name in INDEXES {
            self.tx.execute_batch(&format!("DROP INDEX {name}"))?;
        }
        bulk.unindexed_pages = Some(UnindexedPages { rows, indexes });
        Ok(())
    }

    /// Creates the dropped indexes again.
    fn restore_indexes(&self, bulk: &mut Bulk) -> Result<()> {
        let Some(UnindexedPages { rows, indexes }) = bulk.unindexed_pages.take() else {
            return Ok(());
        };
        drop(rows);
        // The keys are sorted in parts of the size of the page cache, which are then merged from
        // temporary files. With such files in memory, all keys would be in memory.
        let pragma = |name: &str| self.tx.pragma_query_value(None, name, |row| row.get(0));
        let (cache, place): (i64, i64) = (pragma("cache_size")?, pragma("temp_store")?);
        let set = |name: &str, value: i64| self.tx.pragma_update(None, name, value);
        set("cache_size", SORTED_KIB)?;
        if place == IN_MEMORY {
            set("temp_store", IN_FILES)?;
        }
        for sql in &indexes {
            self.tx.execute_batch(sql)?;
        }
        set("cache_size", cache)?;
        if place == IN_MEMORY {
            set("temp_store", IN_MEMORY)?;
        }
        Ok(())
    }

    /// Returns the note of this page: see [`note_of_page`].
    pub(in crate::store) fn note_of_page(&self, url: &PageUrl) -> Result<Option<Note>> {
        if self.has_gathered() {
            if !self.has_page(url.key())? {
                return Ok(None);
            }
            self.write_gathered()?;
        }
        let rows = match &*self.bulk.borrow() {
            Some(Bulk {
                unindexed_pages: Some(unindexed),
                ..
            }) => unindexed.rows.of(url.key()),
            _ => return note_of_page(&self.tx, url),
        };
        for row in rows {
            let first = row * fts_index::ROW_MICROS;
            let found = load(
                &self.tx,
                select_notes!("WHERE n.id >= ? AND n.id < ? AND n.page_key = ?"),
                params![first, first + fts_index::ROW_MICROS, url.key()],
            )?;
            if let Some(note) = found.into_iter().next() {
                return Ok(Some(note));
            }
        }
        note_of_other_address(&self.tx, url)
    }

    /// Returns false if there is certainly no note of this page.
    fn has_page(&self, key: &str) -> Result<bool> {
        let exists = |sql| -> Result<bool> { Ok(self.tx.prepare_cached(sql)?.exists([key])?) };
        let has_own = match &*self.bulk.borrow() {
            Some(Bulk {
                unindexed_pages: Some(unindexed),
                ..
            }) => !unindexed.rows.of(key).is_empty(),
            _ => exists("SELECT 1 FROM notes WHERE page_key = ?")?,
        };
        Ok(has_own || exists("SELECT 1 FROM address_keys WHERE page_key = ?")?)
    }

    /// Writes the counts and rows if there are many.
    pub(in crate::store) fn bound_bulk(&self) -> Result<()> {
        let is_full = match &mut *self.bulk.borrow_mut() {
            Some(bulk) => {
                if bulk.is_full() {
                    self.write_counts(bulk)?;
                }
                bulk.gathered.is_full()
            }
            None => false,
        };
        match is_full {
            true => self.write_gathered(),
            false => Ok(()),
        }
    }

    /// Records a note that the import created.
    pub(super) fn record_import(&self, note: i64, updated_at: i64) -> Result<()> {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.gathered.imported.push([note, updated_at]);
            return Ok(());
        }
        self.execute(RECORD, params![note, updated_at, None::<String>])
    }

    fn has_gathered(&self) -> bool {
        let bulk = self.bulk.borrow();
        bulk.as_ref().is_some_and(|bulk| !bulk.gathered.is_empty())
    }

    /// Writes the gathered rows.
    pub(in crate::store) fn write_gathered(&self) -> Result<()> {
        match &mut *self.bulk.borrow_mut() {
            Some(bulk) => self.write_rows(&mut bulk.gathered),
            None => Ok(()),
        }
    }

    fn write_rows(&self, rows: &mut Gathered) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        rows.tags.sort_unstable();
        let mut insert = self.tx.prepare_cached(INSERT_TAG)?;
        for row in rows.tags.drain(..) {
            insert.execute(row)?;
        }
        rows.imported.sort_unstable();
        let mut record = self.tx.prepare_cached(RECORD)?;
        for [note, updated_at] in rows.imported.drain(..) {
            record.execute(params![note, updated_at, None::<String>])?;
        }
        Ok(())
    }

    /// Writes the counts and restores the triggers.
    pub(in crate::store) fn end_bulk(&self) -> Result<()> {
        let Some(mut bulk) = self.bulk.take() else {
            return Ok(());
        };
        self.write_counts(&mut bulk)?;
        self.write_rows(&mut bulk.gathered)?;
        self.restore_indexes(&mut bulk)?;
        self.execute(
            "DELETE FROM arrivals WHERE EXISTS
                 (SELECT 1 FROM notes n WHERE n.page_key = arrivals.page_key)",
            [],
        )?;
        for sql in &bulk.triggers {
            self.tx.execute_batch(sql)?;
        }
        self.gather_index(INDEX_BYTES)
    }

    /// Sets the buffer size of the full-text index.
    fn gather_index(&self, bytes: i64) -> Result<()> {
        self.execute(
            "INSERT INTO notes_fts (notes_fts, rank) VALUES ('hashsize', ?)",
            [bytes],
        )
    }

    fn write_counts(&self, bulk: &mut Bulk) -> Result<()> {
        let notes = std::mem::take(&mut bulk.notes);
        let untagged = std::mem::take(&mut bulk.untagged);
        self.execute(
            "UPDATE meta SET notes = notes + ?, untagged = untagged + ?",
            [notes, untagged],
        )?;
        let mut sites: Vec<(i64, i64)> = bulk.sites.drain().collect();
        sites.sort_unstable();
        for (id, more) in sites {
            self.execute("UPDATE sites SET uses = uses + ? WHERE id = ?", [more, id])?;
        }
        let mut tags: Vec<(i64, i64)> = bulk.tags.drain().collect();
        tags.sort_unstable();
        for (id, more) in tags {
            self.execute("UPDATE tags SET uses = uses + ? WHERE id = ?", [more, id])?;
            // The schema's own trigger changes one grade at a time.
            let uses: i64 = self
                .tx
                .prepare_cached("SELECT uses FROM tags WHERE id = ?")?
                .query_row([id], |row| row.get(0))?;
            let grade = i64::BITS - uses.max(0).leading_zeros();
            self.execute(
                "UPDATE tags SET grade = ?2 WHERE id = ?1 AND grade <> ?2",
                params![id, grade],
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use crate::{
        domain::{ExportedFields, ImportedRow, Metadata, PageUrl, Tag},
        error::Error,
        store::{
            notes::import::{Origin, RowOutcome},
            recovery::check::check,
            transaction::Store,
        },
    };

    fn incoming(page: u32, after: i64) -> ImportedRow {
        let moment: Timestamp = "2020-01-02T00:00:00Z".parse().unwrap();
        let names = [
            "all".to_owned(),
            format!("of {}", page % 3),
            format!("own {page}"),
        ];
        ImportedRow {
            url: PageUrl::parse(&format!("https://s{}.example/{page}", page % 5)).unwrap(),
            title: String::new(),
            tags: names.iter().map(|name| Tag::parse(name).unwrap()).collect(),
            summary: String::new(),
            metadata: Metadata::default(),
            saved_at: Some(moment + SignedDuration::from_secs(after)),
            updated_at: None,
            kept: ExportedFields::default(),
        }
    }

    fn origin() -> Origin {
        Origin {
            file: String::new(),
            format: String::new(),
        }
    }

    #[test]
    fn what_is_known_to_be_taken_is_never_taken_twice() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        let untagged = |page, after| ImportedRow {
            tags: Vec::new(),
            ..incoming(page, after)
        };
        // Each file repeats pages of the one before, also under their other addresses and in the
        // trash, with dates that are taken, and has tags for notes that had none.
        for times in 0..3_u32 {
            store
                .write(now, |writer| {
                    let import = writer.import(origin(), now);
                    for page in 0..40 {
                        let mut row = untagged(times * 20 + page, i64::from(page % 7));
                        if page % 5 == 0 {
                            let url = format!("https://other.example/{}", times * 20 + page);
                            row.kept.addresses.push(url);
                        }
                        let known = times > 0 && page < 20;
                        let expected = match known {
                            true => RowOutcome::Unchanged,
                            false => RowOutcome::New,
                        };
                        assert_eq!(import.note(row.clone())?, expected, "{times} {page}");
                        if page % 5 == 0 {
                            let mut row = row.clone();
                            let other = row.kept.addresses.remove(0);
                            row.url = PageUrl::parse(&other)?;
                            assert_eq!(import.note(row.clone())?, RowOutcome::Unchanged, "{other}");
                        }
                        if page % 3 == 0 && !known {
                            let tagged = incoming(times * 20 + page, 10);
                            assert_eq!(import.note(tagged.clone())?, RowOutcome::Merged);
                        }
                    }
                    import.finish()
                })
                .unwrap();
            let health = check(&path).unwrap();
            let faults: Vec<_> = health.faults.iter().map(|fault| &fault.sentence).collect();
            assert!(faults.is_empty(), "{faults:?}");
            assert_eq!(health.notes, Some(u64::from(times) * 20 + 40));
        }
        store.write(now, |writer| writer.undo_import()).unwrap();
        assert!(check(&path).unwrap().faults.is_empty());
    }

    /// Returns whether the database has the indexes of page keys and of sites: both or none.
    fn has_indexes(conn: &rusqlite::Connection) -> bool {
        let sql =
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('notes_by_page', 'notes_by_site')";
        let count: i64 = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        assert!([0, 2].contains(&count), "{count}");
        count == 2
    }

    fn faults(path: &std::path::Path) -> Vec<String> {
        let faults = check(path).unwrap().faults;
        faults.into_iter().map(|fault| fault.sentence).collect()
    }

    #[test]
    fn pages_are_found_while_the_indexes_are_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        let mut before = incoming(3, 0);
        before.kept.addresses.push("https://other.example/3".into());
        store
            .write(now, |writer| {
                let import = writer.import(origin(), now);
                assert_eq!(import.note(before.clone())?, RowOutcome::New);
                import.finish()
            })
            .unwrap();
        store
            .write(now, |writer| {
                let import = writer.import(origin(), now);
                for page in 100..120 {
                    assert_eq!(import.note(incoming(page, 0))?, RowOutcome::New);
                }
                assert!(!has_indexes(&writer.tx));
                // A page of the same file, one that was stored before, and its other address.
                assert_eq!(import.note(incoming(101, 0))?, RowOutcome::Unchanged);
                assert_eq!(import.note(before.clone())?, RowOutcome::Unchanged);
                let mut other = before.clone();
                other.url = PageUrl::parse(&other.kept.addresses.remove(0))?;
                assert_eq!(import.note(other.clone())?, RowOutcome::Unchanged);
                let more = ImportedRow {
                    summary: "More.".into(),
                    ..incoming(3, 0)
                };
                assert_eq!(import.note(more.clone())?, RowOutcome::Merged);
                // An earlier date moves a note to another id, where it is still found.
                assert_eq!(import.note(incoming(102, -9))?, RowOutcome::Merged);
                assert_eq!(import.note(incoming(102, -9))?, RowOutcome::Unchanged);
                assert!(!has_indexes(&writer.tx));
                import.finish()
            })
            .unwrap();
        assert!(has_indexes(&store.conn));
        assert_eq!(store.counts().unwrap().notes, 21);
        assert_eq!(faults(&path), [""; 0]);
        let undone = store.write(now, |writer| writer.undo_import()).unwrap();
        assert_eq!((undone.removed, undone.restored), (20, 1));
        assert!(has_indexes(&store.conn));
        assert_eq!(faults(&path), [""; 0]);
        let note = store.note_for_url(&before.url).unwrap().unwrap();
        assert_eq!((note.summary.as_str(), note.addresses.len()), ("", 1));
    }

    #[test]
    fn the_index_is_created_again_when_too_many_pages_would_be_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        store
            .write(now, |writer| {
                let import = writer.import(origin(), now);
                for page in 0..super::UNINDEXED_PAGES + 20 {
                    let page = u32::try_from(page).unwrap();
                    assert_eq!(import.note(incoming(page, 0))?, RowOutcome::New);
                    let dropped = !has_indexes(&writer.tx);
                    let held = u32::try_from(super::UNINDEXED_PAGES).unwrap();
                    assert_eq!(dropped, (7..held - 1).contains(&page), "{page}");
                    assert_eq!(import.note(incoming(page / 2, 0))?, RowOutcome::Unchanged);
                }
                import.finish()
            })
            .unwrap();
        assert_eq!(faults(&path), [""; 0]);
    }

    #[test]
    fn tags_that_are_not_written_yet_are_those_of_their_notes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        let stored = |conn: &rusqlite::Connection, table: &str| -> i64 {
            let sql = format!("SELECT count(*) FROM {table}");
            conn.query_row(&sql, [], |row| row.get(0)).unwrap()
        };
        store
            .write(now, |writer| {
                let import = writer.import(origin(), now);
                // After the third note, what was gathered is written with the index.
                for page in 0..4 {
                    assert_eq!(import.note(incoming(page, 0))?, RowOutcome::New);
                }
                assert_eq!(stored(&writer.tx, "note_tags"), 9);
                assert_eq!(stored(&writer.tx, "imported"), 3);
                // A known page has its tags.
                assert_eq!(import.note(incoming(3, 0))?, RowOutcome::Unchanged);
                assert_eq!(stored(&writer.tx, "note_tags"), 12);
                let more = ImportedRow {
                    tags: vec![Tag::parse("more")?],
                    ..incoming(3, 0)
                };
                assert_eq!(import.note(more.clone())?, RowOutcome::Merged);
                assert_eq!(import.note(more.clone())?, RowOutcome::Unchanged);
                import.finish()
            })
            .unwrap();
        let url = PageUrl::parse("https://s3.example/3").unwrap();
        let note = store.note_for_url(&url).unwrap().unwrap();
        let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["all", "of 0", "own 3", "more"]);
        assert_eq!(faults(&path), [""; 0]);
        let undone = store.write(now, |writer| writer.undo_import()).unwrap();
        assert_eq!((undone.removed, undone.restored), (4, 0));
        assert_eq!(faults(&path), [""; 0]);
    }

    #[test]
    fn an_import_that_is_killed_without_its_index_loses_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        store
            .write(now, |writer| {
                let import = writer.import(origin(), now);
                assert_eq!(import.note(incoming(1, 0))?, RowOutcome::New);
                import.finish()
            })
            .unwrap();
        // With the smallest page cache, changed pages are written before the commit.
        store.conn.pragma_update(None, "cache_size", 1).unwrap();
        let log = |path: &std::path::Path| path.with_file_name("notes.db-wal");
        let logged = || std::fs::metadata(log(&path)).unwrap().len();
        let before = logged();
        let copies: Vec<_> = (0..4).map(|_| tempfile::tempdir().unwrap()).collect();
        store
            .write(now, |writer| {
                let import = writer.import(origin(), now);
                for (page, copy) in (2..).zip(&copies) {
                    for page in page * 100..page * 100 + 12 {
                        assert_eq!(import.note(incoming(page, 0))?, RowOutcome::New);
                    }
                    assert!(!has_indexes(&writer.tx));
                    // What the next program finds if this one is killed now.
                    for file in [path.clone(), log(&path)] {
                        let copied = copy.path().join(file.file_name().unwrap());
                        std::fs::copy(&file, copied).unwrap();
                    }
                }
                import.finish()
            })
            .unwrap();
        assert!(logged() > before);
        for copy in copies {
            let path = copy.path().join("notes.db");
            let store = Store::open(&path).unwrap();
            assert!(has_indexes(&store.conn));
            assert_eq!(store.counts().unwrap().notes, 1);
            drop(store);
            assert_eq!(faults(&path), [""; 0]);
        }
    }

    #[test]
    fn counts_kept_in_memory_are_those_that_the_schema_keeps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        // The schema's triggers are restored after each import, even after a rollback.
        for times in 0..3_u32 {
            let given_up = store.write(now, |writer| {
                let import = writer.import(origin(), now);
                for page in 0..20 {
                    import.note(incoming(1000 + page, 0))?;
                }
                Err::<(), _>(Error::InvalidParams("x".into()))
            });
            assert!(given_up.is_err());
            store
                .write(now, |writer| {
                    let import = writer.import(origin(), now);
                    for page in 0..20 {
                        let first = times * 20 + page;
                        assert_eq!(import.note(incoming(first, 10))?, RowOutcome::New);
                        if page == 12 {
                            let (name, of) =
                                (Tag::parse(&format!("alias {times}"))?, Tag::parse("all")?);
                            import.alias(&name, &of)?;
                        }
                        // Some pages have an earlier date, and some existed before.
                        if page % 4 == 0 {
                            assert_eq!(import.note(incoming(first, -10))?, RowOutcome::Merged);
                            import.note(incoming(first / 2, 10))?;
                        }
                    }
                    import.finish()
                })
                .unwrap();
            let health = check(&path).unwrap();
            let faults: Vec<_> = health.faults.iter().map(|fault| &fault.sentence).collect();
            assert!(faults.is_empty(), "{faults:?}");
            assert_eq!(health.notes, Some(u64::from(times + 1) * 20));
            let triggers: i64 = store
                .conn
                .query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('notes_counted', 'note_tags_counted', 'note_tags_first', 'untagged_counted')", [], |row| row.get(0))
                .unwrap();
            assert_eq!(triggers, 4);
        }
        store.write(now, |writer| writer.undo_import()).unwrap();
        assert!(check(&path).unwrap().faults.is_empty());
    }
}

//! Keeps the counts of a large import in memory.
//!
//! The schema's triggers update the counts of tags, sites and notes with each inserted row, which
//! takes longer than the insert itself. After the first rows of an import, the two triggers are
//! dropped within its transaction and the counts are collected here. Both are restored before the
//! transaction ends; if it is rolled back, SQLite restores them. The triggers of deletions stay.

use std::collections::HashMap;

use rusqlite::params;

use crate::{
    domain::NoteId,
    error::{Error, Result},
    store::{
        notes::fts_index,
        transaction::{
            Writer,
            bulk_counts::{Bulk, Taken},
        },
    },
};

/// The triggers that are replaced.
const TRIGGERS: [&str; 4] = [
    "notes_counted",
    "note_tags_counted",
    "note_tags_first",
    "untagged_counted",
];

/// For each changed note, this many stored notes may be read to learn which pages are taken; beyond
/// that, pages are looked up one by one.
const STORED_FOR_ONE: i64 = 4;

/// Size in bytes up to which the full-text index is buffered in memory (FTS5's `hashsize`): during
/// a large import, and otherwise, which is FTS5's default. Fewer and larger segments need fewer
/// merges.
const BULK_INDEX_BYTES: i64 = 16 << 20;
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
            triggers,
            notes: 0,
            untagged: 0,
            tags: HashMap::new(),
            sites: HashMap::new(),
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

    /// Writes the counts if there are many.
    pub(in crate::store) fn bound_bulk(&self) -> Result<()> {
        match &mut *self.bulk.borrow_mut() {
            Some(bulk) if bulk.is_full() => self.write_counts(bulk),
            _ => Ok(()),
        }
    }

    /// Writes the counts and restores the triggers.
    pub(in crate::store) fn end_bulk(&self) -> Result<()> {
        let Some(mut bulk) = self.bulk.take() else {
            return Ok(());
        };
        self.write_counts(&mut bulk)?;
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
                        assert_eq!(import.note(&row)?, expected, "{times} {page}");
                        if page % 5 == 0 {
                            let mut row = row.clone();
                            let other = row.kept.addresses.remove(0);
                            row.url = PageUrl::parse(&other)?;
                            assert_eq!(import.note(&row)?, RowOutcome::Unchanged, "{other}");
                        }
                        if page % 3 == 0 && !known {
                            let tagged = incoming(times * 20 + page, 10);
                            assert_eq!(import.note(&tagged)?, RowOutcome::Merged);
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
                    import.note(&incoming(1000 + page, 0))?;
                }
                Err::<(), _>(Error::InvalidParams("x".into()))
            });
            assert!(given_up.is_err());
            store
                .write(now, |writer| {
                    let import = writer.import(origin(), now);
                    for page in 0..20 {
                        let first = times * 20 + page;
                        assert_eq!(import.note(&incoming(first, 10))?, RowOutcome::New);
                        if page == 12 {
                            let (name, of) =
                                (Tag::parse(&format!("alias {times}"))?, Tag::parse("all")?);
                            import.alias(&name, &of)?;
                        }
                        // Some pages have an earlier date, and some existed before.
                        if page % 4 == 0 {
                            assert_eq!(import.note(&incoming(first, -10))?, RowOutcome::Merged);
                            import.note(&incoming(first / 2, 10))?;
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

//! Counts of a large import, kept in memory.
//!
//! The schema's triggers keep the counts of tags, sites and notes with each row that is
//! inserted, which takes longer than the row itself. After the first rows of an import
//! the two triggers are dropped within its transaction, the counts are gathered here,
//! and both are put back before the transaction ends; where it doesn't end well, SQLite
//! has them as they were. The triggers of deletions stay.

use std::collections::HashMap;

use rusqlite::params;

use crate::{
    error::Result,
    store::transaction::{Writer, bulk_counts::Bulk},
};

/// The triggers that are replaced.
const TRIGGERS: [&str; 2] = ["notes_counted", "note_tags_counted"];

/// How much of the full-text index is gathered in memory before it is written, in bytes
/// (FTS5's `hashsize`): during a large import, and at other times, which is FTS5's default.
/// Fewer, larger segments are merged less often.
const BULK_INDEX_BYTES: i64 = 32 << 20;
const INDEX_BYTES: i64 = 1 << 20;

impl Writer<'_> {
    /// Counts in memory from now on.
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
        *self.bulk.borrow_mut() = Some(Bulk {
            triggers,
            notes: 0,
            tags: HashMap::new(),
            sites: HashMap::new(),
            tag_ids: HashMap::new(),
            site_ids: HashMap::new(),
            no_aliases: !aliased,
        });
        Ok(())
    }

    /// Writes the counts where there are many.
    pub(in crate::store) fn bound_bulk(&self) -> Result<()> {
        match &mut *self.bulk.borrow_mut() {
            Some(bulk) if bulk.is_full() => self.write_counts(bulk),
            _ => Ok(()),
        }
    }

    /// Writes the counts, and leaves counting to the schema again.
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

    /// Sets how much of the full-text index is gathered in memory.
    fn gather_index(&self, bytes: i64) -> Result<()> {
        self.execute(
            "INSERT INTO notes_fts (notes_fts, rank) VALUES ('hashsize', ?)",
            [bytes],
        )
    }

    fn write_counts(&self, bulk: &mut Bulk) -> Result<()> {
        let notes = std::mem::take(&mut bulk.notes);
        self.execute("UPDATE meta SET notes = notes + ?", [notes])?;
        let mut sites: Vec<(i64, i64)> = bulk.sites.drain().collect();
        sites.sort_unstable();
        for (id, more) in sites {
            self.execute("UPDATE sites SET uses = uses + ? WHERE id = ?", [more, id])?;
        }
        let mut tags: Vec<(i64, i64)> = bulk.tags.drain().collect();
        tags.sort_unstable();
        for (id, more) in tags {
            self.execute("UPDATE tags SET uses = uses + ? WHERE id = ?", [more, id])?;
            // The schema's own trigger goes one grade at a time.
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
            read: None,
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
    fn counts_kept_in_memory_are_those_that_the_schema_keeps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let mut store = Store::open(&path).unwrap();
        let now = crate::clock::now();
        // The schema's triggers are there again after each, also where one is given up.
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
                        // Of an earlier date, and one that was there before.
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
                .query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('notes_counted', 'note_tags_counted')", [], |row| row.get(0))
                .unwrap();
            assert_eq!(triggers, 2);
        }
        store.write(now, |writer| writer.undo_import()).unwrap();
        assert!(check(&path).unwrap().faults.is_empty());
    }
}

//! The migrations from older schemas to the current one.

use rusqlite::Transaction;

use crate::{
    error::Result,
    store::{
        connection::schema::{APPLICATION_ID, SCHEMA},
        notes::{fts_index, page_keys, tags},
    },
};

/// One migration per released schema; migration n brings `user_version` to n + 1.
const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: include_str!("migrations/0001_first.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0002_large.sql"),
        then: |tx| {
            fts_index::part_ids(tx)?;
            fts_index::rebuild(tx)
        },
    },
    Migration {
        sql: include_str!("migrations/0003_saves.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0004_imports.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0005_folded.sql"),
        then: tags::fold_names,
    },
    Migration {
        sql: include_str!("migrations/0006_words_clock_addresses.sql"),
        then: |tx| {
            tags::renew_names(tx)?;
            tags::fold_names(tx)?;
            fts_index::renew(tx)
        },
    },
    Migration {
        sql: include_str!("migrations/0007_read_edits_searches.sql"),
        // The newest rules are enough for the notes of all older schemas.
        then: page_keys::renew,
    },
    Migration {
        sql: include_str!("migrations/0008_texts.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0009_feeds.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0010_links_gists.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0011_sync.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0012_implied_tags.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0013_text_rows.sql"),
        then: |_| Ok(()),
    },
    Migration {
        sql: include_str!("migrations/0014_registers.sql"),
        then: |_| Ok(()),
    },
];

const _: () = assert!(MIGRATIONS.len() == SCHEMA);

/// A migration.
struct Migration {
    sql: &'static str,
    /// The part that SQL can't do.
    then: fn(&Transaction<'_>) -> Result<()>,
}

/// Runs the missing migrations in the caller's transaction.
pub(super) fn migrate_in(tx: &Transaction<'_>, found: usize) -> Result<()> {
    for (step, migration) in MIGRATIONS.iter().enumerate().skip(found) {
        tx.execute_batch(migration.sql)?;
        (migration.then)(tx)?;
        tx.pragma_update(None, "user_version", step + 1)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::*;
    use crate::store::transaction::Store;

    #[test]
    fn there_is_a_saved_database_of_each_older_schema() {
        for schema in 1..SCHEMA {
            for ending in ["db", "json"] {
                let saved = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join(format!("../tests/databases/schema-{schema}.{ending}"));
                assert!(saved.is_file(), "{}", saved.display());
            }
        }
    }

    #[test]
    fn databases_of_every_schema_get_the_index_of_page_keys() {
        let dir = tempfile::tempdir().unwrap();
        for schema in 0..SCHEMA {
            let path = dir.path().join(format!("{schema}.db"));
            if schema > 0 {
                let saved = Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join(format!("../tests/databases/schema-{schema}.db"));
                std::fs::copy(saved, &path).unwrap();
            }
            drop(Store::open(&path).unwrap());
            // A connection that reads the changed definitions from the file.
            let conn = Connection::open(&path).unwrap();
            let integrity: String = conn
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(integrity, "ok", "{schema}");
            let plan: String = conn
                .query_row(
                    "EXPLAIN QUERY PLAN SELECT id FROM notes WHERE page_key = 'x'",
                    [],
                    |row| row.get("detail"),
                )
                .unwrap();
            assert!(plan.contains("INDEX notes_by_page "), "{plan}");
            let insert = "INSERT INTO notes (id, page_key, url, title, summary, updated_at)
                          VALUES (?, 'https://e.org/twice', '', '', '', 1)";
            conn.execute(insert, [1_000]).unwrap();
            let refused = conn.execute(insert, [2_000]).unwrap_err();
            assert!(refused.to_string().contains("notes.page_key"), "{refused}");
        }
    }

    #[test]
    fn notes_of_one_millisecond_are_separated_when_the_index_is_rebuilt() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let old = Connection::open(&path).unwrap();
        old.execute_batch(MIGRATIONS[0].sql).unwrap();
        old.execute_batch(&format!(
            "PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID};
             INSERT INTO tags (id, name) VALUES (1, 'x');"
        ))
        .unwrap();
        for id in [5_000, 5_001, 5_003, 6_500] {
            old.execute(
                "INSERT INTO notes (id, page_key, site, url, title, summary, updated_at)
                 VALUES (?1, 'https://e.org/' || ?1, 'e.org', 'https://e.org/' || ?1, 'T' || ?1, '', 1)",
                [id],
            )
            .unwrap();
            old.execute("INSERT INTO note_tags VALUES (1, ?, 0)", [id])
                .unwrap();
        }
        old.execute(
            "INSERT INTO trash (id, page_key, site, url, title, summary, updated_at, tags, deleted_at)
             VALUES (5002, 'https://e.org/d', 'e.org', 'https://e.org/d', 'D', '', 1, '[\"x\"]', ?)",
            [i64::MAX],
        )
        .unwrap();
        drop(old);

        let mut store = Store::open(&path).unwrap();
        let title = |note: crate::domain::Note| (note.id.0, note.title);
        let notes: Vec<_> = store
            .latest_notes(None, 9)
            .unwrap()
            .into_iter()
            .map(title)
            .collect();
        let expected = [
            (9_000, "T6500"),
            (8_000, "T5003"),
            (6_000, "T5001"),
            (5_000, "T5000"),
        ];
        assert_eq!(notes, expected.map(|(id, title)| (id, title.to_owned())));
        store
            .write(crate::clock::now(), |writer| {
                writer.restore_note(crate::domain::NoteId(7_000))
            })
            .unwrap();
        for title in ["T5000", "T5001", "D", "T5003", "T6500"] {
            let found = store
                .search(
                    &crate::domain::Query::parse(&format!("{title} tag:x ")),
                    None,
                    9,
                )
                .unwrap();
            assert_eq!(found.hits.len(), 1, "{title}");
            assert_eq!(found.hits[0].note.title, title);
        }
    }
}

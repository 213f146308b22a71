//! Recomputes page keys after a change of their rules.

use rusqlite::{Transaction, params};

use crate::{
    domain::{Note, NoteId, PageUrl},
    error::{Error, Result},
    store::notes::{
        fts_index,
        note_rows::{addresses_column, addresses_of_column, load, other_keys, select_notes},
    },
};

/// Returns the key of a note that stays separate from the note of its page, because both together
/// exceed a limit.
pub(in crate::store) fn apart(key: &str, id: NoteId) -> String {
    // No URL contains a space.
    format!("{key} {}", id.0)
}

/// Gives all notes, including the trash, the page keys of their addresses by the current rules.
/// Notes that have become one page are merged into the oldest of them; pages that have become
/// separate have separate notes already.
pub(in crate::store) fn renew(tx: &Transaction<'_>) -> Result<()> {
    let mut joined = 0_u64;
    let mut apart_from = 0_u64;
    let changed = changed_keys(tx, "SELECT id, url, page_key FROM notes ORDER BY id")?;
    {
        // Temporary keys first, so that no two collide.
        let mut away = tx.prepare("UPDATE notes SET page_key = ?2 WHERE id = ?1")?;
        for (id, _) in &changed {
            away.execute(params![id, format!(" {id}")])?;
        }
    }
    for (id, key) in changed {
        let other: Option<i64> = {
            let mut of_key = tx.prepare_cached("SELECT id FROM notes WHERE page_key = ?")?;
            let mut rows = of_key.query([&key])?;
            rows.next()?.map(|row| row.get(0)).transpose()?
        };
        let set = |id: i64, key: &str| -> Result<()> {
            tx.prepare_cached("UPDATE notes SET page_key = ?2 WHERE id = ?1")?
                .execute(params![id, key])?;
            Ok(())
        };
        let Some(other) = other else {
            set(id, &key)?;
            continue;
        };
        let (older, younger) = (id.min(other), id.max(other));
        match join(tx, older, younger) {
            Ok(()) => {
                joined += 1;
                set(older, &key)?;
            }
            Err(Error::TooLarge { .. } | Error::InvalidTag(_)) => {
                apart_from += 1;
                set(younger, &apart(&key, NoteId(younger)))?;
                set(older, &key)?;
            }
            Err(error) => return Err(error),
        }
    }
    let changed = changed_keys(tx, "SELECT id, url, page_key FROM trash ORDER BY id")?;
    let mut set = tx.prepare("UPDATE trash SET page_key = ?2 WHERE id = ?1")?;
    for (id, key) in changed {
        set.execute(params![id, key])?;
    }
    renew_address_keys(tx)?;
    if joined + apart_from > 0 {
        tx.execute("UPDATE meta SET revision = revision + 1", [])?;
        log::info!(
            "{joined} notes were merged with an older one of the same page, and {apart_from} \
             stay separate because they don't fit into one note"
        );
    }
    Ok(())
}

/// Stores the page keys of the notes' other addresses by the current rules.
fn renew_address_keys(tx: &Transaction<'_>) -> Result<()> {
    tx.execute("DELETE FROM address_keys", [])?;
    let mut add =
        tx.prepare("INSERT OR IGNORE INTO address_keys (page_key, note_id) VALUES (?, ?)")?;
    let mut query =
        tx.prepare("SELECT id, url, addresses FROM notes WHERE addresses IS NOT NULL")?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let own = PageUrl::parse(row.get_ref(1)?.as_str().unwrap_or_default());
        let own = own.map(|url| url.key().to_owned()).unwrap_or_default();
        let addresses = addresses_of_column(row.get_ref(2)?.as_str_or_null().unwrap_or_default());
        for key in other_keys(&addresses, &own) {
            add.execute(params![key, id])?;
        }
    }
    Ok(())
}

/// Returns the rows whose page key differs from that of their address, with the new key.
fn changed_keys(tx: &Transaction<'_>, sql: &str) -> Result<Vec<(i64, String)>> {
    let mut changed = Vec::new();
    let mut query = tx.prepare(sql)?;
    let mut rows = query.query([])?;
    while let Some(row) = rows.next()? {
        // Unreadable rows stay unchanged; `check` reports them.
        let Ok(url) = PageUrl::parse(row.get_ref(1)?.as_str().unwrap_or_default()) else {
            continue;
        };
        if row.get_ref(2)?.as_str().unwrap_or_default() != url.key() {
            changed.push((row.get(0)?, url.key().to_owned()));
        }
    }
    Ok(changed)
}

/// Merges the younger note into the older one.
fn join(tx: &Transaction<'_>, older: i64, younger: i64) -> Result<()> {
    let one = |id: i64| -> Result<Note> {
        let note = load(tx, select_notes!("WHERE n.id = ?"), [id])?
            .into_iter()
            .next();
        note.ok_or_else(|| Error::internal("a note is gone while it is joined"))
    };
    let young = one(younger)?;
    let note = one(older)?.joined(&young)?;
    tx.prepare_cached(
        "UPDATE notes SET title = ?2, summary = ?3, excerpt = ?4, published_at = ?5,
                          site_name = ?6, lang = ?7, updated_at = ?8, addresses = ?9,
                          title_typed = ?10, read = ?11, page_title = ?12
         WHERE id = ?1",
    )?
    .execute(params![
        older,
        note.title,
        note.summary,
        note.metadata.excerpt,
        note.metadata.published_at,
        note.metadata.site_name,
        note.metadata.lang,
        note.updated_at.as_microsecond(),
        addresses_column(&note.addresses)?,
        note.title_typed,
        note.read,
        note.page_title,
    ])?;
    let mut tag = tx.prepare_cached(
        "INSERT OR IGNORE INTO note_tags (tag_id, note_id, position)
         SELECT id, ?2, ?3 FROM tags WHERE name = ?1",
    )?;
    for (position, name) in (0_i64..).zip(&note.tags) {
        tag.execute(params![name.as_str(), older, position])?;
    }
    for sql in [
        "DELETE FROM note_tags WHERE note_id = ?",
        "DELETE FROM imported WHERE note_id = ?",
        "DELETE FROM address_keys WHERE note_id = ?",
        "DELETE FROM notes WHERE id = ?",
    ] {
        tx.prepare_cached(sql)?.execute([younger])?;
    }
    fts_index::remove(tx, NoteId(younger))?;
    fts_index::remove(tx, note.id)?;
    fts_index::add(tx, &note)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use super::*;
    use crate::{
        domain::{Query, Tag},
        store::{recovery::check::check, transaction::Store},
    };

    /// Creates a database with schema 5 and these notes: id, url, title, summary, tag.
    fn older(path: &std::path::Path, notes: &[(i64, &str, &str, &str, &str)]) {
        let saved =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/databases/schema-5.db");
        fs::copy(saved, path).unwrap();
        let old = Connection::open(path).unwrap();
        for (id, url, title, summary, tag) in notes {
            old.execute("INSERT OR IGNORE INTO tags (name) VALUES (?)", [tag])
                .unwrap();
            old.execute(
                "INSERT INTO tag_names (rowid, name) SELECT id, name FROM tags t WHERE name = ?
                 AND NOT EXISTS (SELECT 1 FROM tag_names WHERE rowid = t.id)",
                [tag],
            )
            .unwrap();
            old.execute(
                "INSERT INTO notes (id, page_key, url, title, summary, updated_at, site_id)
                 VALUES (?1, ?2, ?2, ?3, ?4, ?1, (SELECT id FROM sites WHERE labels = 'org.e.'))",
                params![id, url, title, summary],
            )
            .unwrap();
            old.execute(
                "INSERT INTO note_tags (tag_id, note_id, position)
                 SELECT id, ?2, 0 FROM tags WHERE name = ?1",
                params![tag, id],
            )
            .unwrap();
            old.execute(
                "INSERT INTO notes_fts (rowid, title, summary) VALUES (?, ?, ?)",
                params![id / 1000, title, summary],
            )
            .unwrap();
        }
    }

    #[test]
    fn notes_that_become_one_page_are_merged_without_loss() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        older(
            &path,
            &[
                (1_000_000, "https://e.org/x%7Ey", "First", "One.", "red"),
                (2_000_000, "https://e.org/x~y", "Second", "Two.", "blue"),
                (3_000_000, "https://e.org/%78~y", "Third", "One.", "red"),
                // The younger one already has the key.
                (4_000_000, "https://e.org/%61", "Escaped", "", "red"),
                (5_000_000, "https://e.org/a", "Plain", "Text", "red"),
            ],
        );
        let store = Store::open(&path).unwrap();
        let find = |url: &str| {
            let url = PageUrl::parse(url).unwrap();
            store.note_for_url(&url).unwrap().unwrap()
        };
        let note = find("https://e.org/x~y");
        assert_eq!(note.id, NoteId(1_000_000));
        assert_eq!(note.title, "First");
        assert_eq!(note.summary, "One.\n\nTwo.");
        let tags: Vec<&str> = note.tags.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["red", "blue"]);
        assert_eq!(note.addresses, ["https://e.org/x~y", "https://e.org/%78~y"]);
        let note = find("https://e.org/a");
        assert_eq!(
            (note.id, note.title.as_str()),
            (NoteId(4_000_000), "Escaped")
        );
        assert_eq!(note.summary, "Text");
        for (query, id) in [("two", 1_000_000), ("text", 4_000_000)] {
            let found = store
                .search(&Query::parse(&format!("{query} ")), None, 9)
                .unwrap();
            assert!(
                found.hits.iter().any(|hit| hit.note.id == NoteId(id)),
                "{query}"
            );
        }
        drop(store);
        let health = check(&path).unwrap();
        assert!(!health.is_damaged(), "{:?}", health.faults);
    }

    #[test]
    fn notes_too_long_to_merge_stay_separate() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes.db");
        let (one, two) = ("a".repeat(40_000), "b".repeat(40_000));
        older(
            &path,
            &[
                (1_000_000, "https://e.org/x%7Ey", "First", &one, "red"),
                (2_000_000, "https://e.org/x~y", "Second", &two, "blue"),
            ],
        );
        let store = Store::open(&path).unwrap();
        let summary = |id| store.note(NoteId(id)).unwrap().unwrap().summary;
        assert_eq!((summary(1_000_000), summary(2_000_000)), (one, two));
        let url = PageUrl::parse("https://e.org/x~y").unwrap();
        let found = store.note_for_url(&url).unwrap().unwrap();
        assert_eq!(found.id, NoteId(1_000_000));
        drop(store);
        let health = check(&path).unwrap();
        assert!(!health.is_damaged(), "{:?}", health.faults);
    }
}

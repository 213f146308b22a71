//! Checks whether a store is sound and complete. Uses SQLite directly, because the program under
//! test can't vouch for itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use rusqlite::Connection;

use super::saves;

/// Numbers of saves.
pub(super) type Numbers = BTreeSet<u64>;

/// Checks that the store in this folder is sound, contains each save of `kept` once, and none that
/// isn't in `sent`.
pub(super) fn judge(dir: &Path, kept: &Numbers, sent: &Numbers) {
    if let Err(fault) = verdict(dir, kept, sent) {
        panic!("{fault}");
    }
}

/// Checks that the store contains exactly these saves, of which `imported` were imported; those
/// have no stored operation.
#[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
pub(super) fn judge_with_imported(dir: &Path, saves: &Numbers, imported: usize) {
    if let Err(fault) = verdict_with_imported(dir, saves, saves, imported) {
        panic!("{fault}");
    }
}

/// Like [`judge`], but returns the problem as an error.
pub(super) fn verdict(dir: &Path, kept: &Numbers, sent: &Numbers) -> Result<(), String> {
    verdict_with_imported(dir, kept, sent, 0)
}

/// Like [`judge_with_imported`], but returns the problem as an error.
pub(super) fn verdict_with_imported(
    dir: &Path,
    kept: &Numbers,
    sent: &Numbers,
    imported: usize,
) -> Result<(), String> {
    let conn = Connection::open(dir.join("notes.db")).map_err(|error| error.to_string())?;
    // The checker's own writes needn't be durable.
    conn.pragma_update(None, "synchronous", "OFF")
        .map_err(|error| error.to_string())?;
    sound(&conn).map_err(|error| error.to_string())??;
    let found = saves_in(&conn, imported).map_err(|error| error.to_string())??;
    let lost: Vec<_> = kept.difference(&found).collect();
    let invented: Vec<_> = found.difference(sent).collect();
    match (lost.is_empty(), invented.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("answered, but not there: {lost:?}")),
        (true, false) => Err(format!("never sent: {invented:?}")),
    }
}

type Found<T> = rusqlite::Result<Result<T, String>>;

/// Checks that the file, its counts and its full-text index are consistent.
fn sound(conn: &Connection) -> Found<()> {
    let integrity: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if integrity != "ok" {
        return Ok(Err(integrity));
    }
    // Fails if the structure of the index is malformed.
    conn.execute_batch("INSERT INTO notes_fts (notes_fts) VALUES ('integrity-check')")?;
    for (what, count) in [
        (
            "broken references",
            "SELECT count(*) FROM pragma_foreign_key_check",
        ),
        (
            "notes that aren't in the index",
            "SELECT count(*) FROM notes WHERE id / 1000 NOT IN (SELECT rowid FROM notes_fts)",
        ),
        (
            "rows of the index without a note",
            "SELECT count(*) FROM notes_fts WHERE rowid NOT IN (SELECT id / 1000 FROM notes)",
        ),
        (
            "notes miscounted",
            "SELECT notes <> (SELECT count(*) FROM notes) FROM meta",
        ),
        (
            "tags miscounted",
            "SELECT tags <> (SELECT count(DISTINCT tag_id) FROM note_tags) FROM meta",
        ),
        (
            "uses of a tag miscounted",
            "SELECT count(*) FROM tags
             WHERE uses <> (SELECT count(*) FROM note_tags WHERE tag_id = tags.id)",
        ),
        (
            "uses of a site miscounted",
            "SELECT count(*) FROM sites
             WHERE uses <> (SELECT count(*) FROM notes WHERE site_id = sites.id)",
        ),
    ] {
        let wrong: i64 = conn.query_row(count, [], |row| row.get(0))?;
        if wrong != 0 {
            return Ok(Err(format!("{what}: {wrong}")));
        }
    }
    Ok(Ok(()))
}

/// Returns the saves in the notes, after checking that each occurs once, has a stored operation
/// unless it was imported, and is found by its word.
fn saves_in(conn: &Connection, imported: usize) -> Found<Numbers> {
    let mut found = BTreeMap::new();
    let mut notes = conn.prepare("SELECT id, summary FROM notes")?;
    let mut rows = notes.query([])?;
    while let Some(row) = rows.next()? {
        let (id, summary): (i64, String) = (row.get(0)?, row.get(1)?);
        for line in summary.lines() {
            let word = line
                .strip_prefix("> ")
                .and_then(|quote| quote.split(' ').next());
            if let Some(number) = word.and_then(saves::number)
                && found.insert(number, id).is_some()
            {
                return Ok(Err(format!("save {number} was done twice")));
            }
        }
    }
    let done: usize = conn.query_row("SELECT count(*) FROM operations", [], |row| row.get(0))?;
    if done + imported != found.len() {
        return Ok(Err(format!(
            "{done} operations are remembered of {}",
            found.len()
        )));
    }
    let mut search = conn.prepare("SELECT rowid FROM notes_fts WHERE notes_fts MATCH ?")?;
    for (number, id) in &found {
        let hits: Vec<i64> = search
            .query_map([saves::word(*number)], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        // A row of the index is the millisecond of its note.
        if hits != [*id / 1000] {
            return Ok(Err(format!("a search for save {number} finds {hits:?}")));
        }
    }
    Ok(Ok(found.into_keys().collect()))
}

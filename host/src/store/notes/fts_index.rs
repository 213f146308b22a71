//! The full-text index: which words of a note it contains, and the row id of a note.
//!
//! The row id is the millisecond of the note. Postings store the differences of row ids, and
//! microseconds would take two more bytes for each posting, two hundred per note. So no two notes
//! share a millisecond.
//!
//! The summary is the first column, because FTS5 spends two bytes on each word of any other column.

use std::collections::btree_map::Entry;

use rusqlite::{Statement, Transaction, params};

use crate::{
    domain::{Note, NoteId, PageUrl, Searched},
    error::Result,
    store::{
        notes::note_rows::{load, load_ids, select_notes},
        transaction::{
            Writer,
            pending_index::{Indexed, IndexedTexts},
        },
    },
};

/// Microseconds, the unit of note ids, per row id.
pub(in crate::store) const ROW_MICROS: i64 = 1000;

/// Adds the words of a note.
const INSERT: &str = "INSERT INTO notes_fts (rowid, summary, title, tags, excerpt, address)
     VALUES (?, ?, ?, ?, ?, ?)";

/// Returns the row id of a note.
pub(in crate::store) fn row(id: NoteId) -> i64 {
    id.0 / ROW_MICROS
}

/// Returns the lowest note id with the same row id.
pub(in crate::store) fn first_id(id: NoteId) -> i64 {
    row(id) * ROW_MICROS
}

/// Most bytes of notes held at once, which limits the memory of a large transaction.
const HELD_BYTES: usize = if cfg!(test) { 300 } else { 8 << 20 };
/// Approximate size of a note without its texts, in bytes.
const NOTE_BYTES: usize = if cfg!(test) { 100 } else { 500 };

impl Writer<'_> {
    /// Schedules a note to be indexed at the end of the transaction.
    pub(in crate::store) fn index(&self, note: &Note, indexed: Indexed) {
        self.index_texts(note, indexed, || Searched::of(note));
    }

    /// Has the words of a new note added when the transaction ends; `url` is its own.
    pub(in crate::store) fn index_new(&self, note: &Note, url: &PageUrl) {
        self.index_texts(note, Indexed::Not, || Searched::of_page(note, url));
    }

    fn index_texts(&self, note: &Note, indexed: Indexed, texts: impl FnOnce() -> Searched) {
        let mut notes = self.pending.notes.borrow_mut();
        let more = NOTE_BYTES + note.url.len() + note.title.len() + note.summary.len();
        let bytes = self.pending.bytes.get() + more;
        let full = bytes > HELD_BYTES;
        if !full {
            self.pending.bytes.set(bytes);
        }
        match notes.entry(note.id) {
            Entry::Vacant(place) => {
                let texts = (!full).then(|| IndexedTexts::of(&texts()));
                place.insert((texts, indexed));
            }
            Entry::Occupied(mut place) => {
                if let Some(held) = &mut place.get_mut().0 {
                    *held = IndexedTexts::of(&texts());
                }
            }
        }
    }

    /// Schedules the name of a new tag to be indexed at the end of the transaction.
    pub(in crate::store) fn index_tag(&self, id: i64) {
        self.pending.tags.borrow_mut().push(id);
    }

    /// Removes the words of a note.
    pub(in crate::store) fn unindex(&self, id: NoteId) -> Result<()> {
        match self.pending.notes.borrow_mut().remove(&id) {
            Some((_, Indexed::Not)) => Ok(()),
            Some((_, Indexed::Before)) | None => remove(&self.tx, id),
        }
    }

    /// Writes all scheduled entries.
    pub(in crate::store) fn write_index(&self) -> Result<()> {
        self.pending.bytes.set(0);
        let mut insert = self.tx.prepare_cached(INSERT)?;
        for (id, (held, indexed)) in self.pending.notes.take() {
            if indexed == Indexed::Before {
                remove(&self.tx, id)?;
            }
            match held {
                Some(texts) => add_texts(&mut insert, id, &texts)?,
                None => {
                    self.write_gathered()?;
                    for note in load_ids(&self.tx, &[id.0])? {
                        add(&self.tx, &note)?;
                    }
                }
            }
        }
        for id in self.pending.tags.take() {
            // The tag may have been renamed since.
            self.execute("DELETE FROM tag_names WHERE rowid = ?", [id])?;
            self.execute(
                "INSERT INTO tag_names (rowid, name)
                 SELECT id, ifnull(folded, name) FROM tags WHERE id = ?",
                [id],
            )?;
        }
        Ok(())
    }
}

/// Number of notes up to which the index is rebuilt at once after a change of its words, which
/// takes a second or two. More notes are reindexed in pieces while the host is idle
/// (`maintenance.rs`).
const RENEWED_AT_ONCE: i64 = 10_000;
/// Notes per such piece, a few milliseconds of work.
const PIECE_NOTES: i64 = if cfg!(test) { 16 } else { 64 };

/// Starts reindexing, because texts are split into other words now.
pub(in crate::store) fn renew(tx: &Transaction<'_>) -> Result<()> {
    let (notes, newest): (i64, Option<i64>) =
        tx.query_row("SELECT count(*), max(id) FROM notes", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    if notes <= RENEWED_AT_ONCE {
        return rebuild(tx);
    }
    tx.execute("UPDATE meta SET reindex = ?", [newest.unwrap_or(0) + 1])?;
    Ok(())
}

/// Reindexes the newest notes that still have the words of an older version. Returns false if there
/// are none.
pub(in crate::store) fn renew_piece(tx: &Transaction<'_>) -> Result<bool> {
    let below: i64 = tx
        .prepare_cached("SELECT reindex FROM meta")?
        .query_row([], |row| row.get(0))?;
    if below == 0 {
        return Ok(false);
    }
    let notes = load(
        tx,
        select_notes!("WHERE n.id < ? ORDER BY n.id DESC LIMIT ?"),
        [below, PIECE_NOTES],
    )?;
    for note in &notes {
        remove(tx, note.id)?;
        add(tx, note)?;
    }
    let more = i64::try_from(notes.len()).is_ok_and(|found| found == PIECE_NOTES);
    let next = notes.last().filter(|_| more).map_or(0, |note| note.id.0);
    tx.prepare_cached("UPDATE meta SET reindex = ?")?
        .execute([next])?;
    Ok(true)
}

/// Rebuilds the whole index from the notes.
pub(in crate::store) fn rebuild(tx: &Transaction<'_>) -> Result<()> {
    const AT_ONCE: i64 = 1000;
    tx.execute(
        "INSERT INTO notes_fts (notes_fts) VALUES ('delete-all')",
        [],
    )?;
    let mut last = 0;
    loop {
        // Part of the second migration; later columns don't exist yet when it runs.
        let notes = load(
            tx,
            "SELECT id, url, title, summary, excerpt, published_at, site_name, lang, updated_at, \
             NULL, NULL, 1, 1, NULL FROM notes WHERE id > ? ORDER BY id LIMIT ?",
            [last, AT_ONCE],
        )?;
        let Some(note) = notes.last() else {
            return Ok(());
        };
        last = note.id.0;
        for note in &notes {
            add(tx, note)?;
        }
    }
}

/// Gives each note, including the trash, a millisecond of its own, which the first schema didn't
/// guarantee: of several notes in one, the later ones move to the next free ones.
pub(in crate::store) fn part_ids(tx: &Transaction<'_>) -> Result<()> {
    tx.pragma_update(None, "defer_foreign_keys", true)?;
    let ids: Vec<i64> = tx
        .prepare("SELECT id FROM notes UNION ALL SELECT id FROM trash ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut moved = Vec::new();
    let mut next_row = i64::MIN;
    for old in ids {
        let new = if row(NoteId(old)) < next_row {
            next_row * ROW_MICROS
        } else {
            old
        };
        if new != old {
            moved.push([old, new]);
        }
        next_row = row(NoteId(new)) + 1;
    }
    // The last one first, so that none moves to the place of one that hasn't moved yet.
    for ids in moved.into_iter().rev() {
        tx.execute("UPDATE notes SET id = ?2 WHERE id = ?1", ids)?;
        tx.execute("UPDATE note_tags SET note_id = ?2 WHERE note_id = ?1", ids)?;
        tx.execute("UPDATE trash SET id = ?2 WHERE id = ?1", ids)?;
    }
    Ok(())
}

pub(in crate::store) fn remove(tx: &Transaction<'_>, id: NoteId) -> Result<()> {
    tx.prepare_cached("DELETE FROM notes_fts WHERE rowid = ?")?
        .execute([row(id)])?;
    Ok(())
}

pub(in crate::store) fn add(tx: &Transaction<'_>, note: &Note) -> Result<()> {
    let mut insert = tx.prepare_cached(INSERT)?;
    add_texts(&mut insert, note.id, &IndexedTexts::of(&Searched::of(note)))
}

fn add_texts(insert: &mut Statement<'_>, id: NoteId, texts: &IndexedTexts) -> Result<()> {
    let [summary, title, tags, excerpt, address] = texts.columns();
    insert.execute(params![row(id), summary, title, tags, excerpt, address])?;
    Ok(())
}

//! Edits of many notes at once, and undoing them.
//!
//! The notes of an edit are written down first, with what is to be done: from then on all of it
//! is done, or none of it. Up to [`AT_ONCE`] notes are changed in the same transaction. More of
//! them would keep other programs from saving for minutes, so they are changed part by part,
//! each part a short transaction that also records what it replaced. An edit that was
//! interrupted, even by a crash, goes on with the next part when a program opens the notes
//! again; one that is cancelled gives back what it has changed so far.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{MAX_TAGS, Note, NoteId, Tag},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{aliases::without_aliases, note_rows::trashed},
        transaction::{Operation, Store, Writer, operations, pending_index::Indexed},
    },
};

/// So many notes are changed in one transaction.
pub const AT_ONCE: usize = if cfg!(test) { 20 } else { 10_000 };
/// Notes of one part.
pub(super) const PART: usize = if cfg!(test) { 5 } else { 1_000 };
/// So many notes that are missing, or were left alone, are listed.
pub(super) const LISTED: i64 = 1_000;
/// What is to be done with each of the notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkChange {
    /// Tags that they get.
    pub add_tags: Vec<Tag>,
    /// Tags that they lose.
    pub remove_tags: Vec<Tag>,
    /// Whether they are read from now on.
    pub read: Option<bool>,
    /// Whether they go to the trash, and nothing else.
    pub delete: bool,
    /// Whether they come back from the trash, and nothing else.
    pub restore: bool,
}

impl BulkChange {
    /// Refuses what can't be done at once.
    ///
    /// # Errors
    /// `InvalidParams`, with a sentence.
    pub fn check(&self) -> Result<()> {
        let edits =
            !self.add_tags.is_empty() || !self.remove_tags.is_empty() || self.read.is_some();
        let wishes = u8::from(edits) + u8::from(self.delete) + u8::from(self.restore);
        let sentence = match wishes {
            0 => "Nothing is to be changed. Give tags, read, delete or restore.".to_owned(),
            1 => match self
                .add_tags
                .iter()
                .find(|tag| self.remove_tags.contains(tag))
            {
                None => return Ok(()),
                Some(tag) => format!("The tag \"{tag}\" can't be added and removed at once."),
            },
            _ => "Notes can be changed, deleted or restored, but only one of these at once."
                .to_owned(),
        };
        Err(Error::InvalidParams(sentence))
    }
}

/// How far an edit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// Nothing was changed: it was only counted.
    Rehearsed,
    /// Notes are being changed.
    Running,
    /// All are changed.
    Done,
    /// Notes are being given back what they had.
    Undoing,
    /// Nothing of it is left.
    Undone,
}

/// Why a note was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It would have more than [`MAX_TAGS`] tags.
    TooManyTags,
    /// Its page was saved again.
    PageSavedAgain,
    /// It was deleted or restored since the edit.
    ChangedSince,
}

/// An edit of many notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkEdit {
    /// None of one that was only counted.
    pub id: Option<i64>,
    /// How far it is.
    pub state: BulkState,
    /// Notes that were selected, without those that are missing.
    pub total: u64,
    /// Notes that were changed, or would be.
    pub changed: u64,
    /// Notes that are as they should be already.
    pub unchanged: u64,
    /// Notes that have what they had before the edit.
    pub restored: u64,
    /// Notes that aren't there: the first thousand, and how many there are.
    pub missing: (Vec<NoteId>, u64),
    /// Notes that were left alone, likewise.
    pub refused: (Vec<(NoteId, Refusal)>, u64),
}

impl BulkEdit {
    /// Whether there is more to do.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, BulkState::Running | BulkState::Undoing)
    }
}

/// [`BulkChange`] as the table has it.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    add: Vec<String>,
    remove: Vec<String>,
    read: Option<bool>,
    pub(super) delete: bool,
    pub(super) restore: bool,
}

/// What the edit replaced on a note.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Before {
    /// Ids of its tags before and after, where they changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<(Vec<i64>, Vec<i64>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<bool>,
    /// The moment of its last change, or of its deletion where it was restored.
    pub(super) at: i64,
}

/// What became of a note.
pub(super) enum Outcome {
    Changed { updated_at: i64, before: Before },
    Unchanged,
    Missing,
    Refused(Refusal),
}

const STATES: [(&str, BulkState); 4] = [
    ("running", BulkState::Running),
    ("done", BulkState::Done),
    ("undoing", BulkState::Undoing),
    ("undone", BulkState::Undone),
];
const REFUSALS: [(&str, Refusal); 3] = [
    ("too_many_tags", Refusal::TooManyTags),
    ("page_saved_again", Refusal::PageSavedAgain),
    ("changed_since", Refusal::ChangedSince),
];

fn word_of<T: PartialEq + Copy>(table: &[(&'static str, T)], wanted: T) -> &'static str {
    let found = table.iter().find(|(_, known)| *known == wanted);
    found.map_or("", |(word, _)| word)
}

fn of_word<T: Copy>(table: &[(&'static str, T)], word: &str) -> Result<T> {
    let found = table.iter().find(|(known, _)| *known == word);
    let unknown = || Error::internal(format!("an edit has the unknown word {word}"));
    found.map(|(_, value)| *value).ok_or_else(unknown)
}

impl Reader {
    /// An edit by its id.
    ///
    /// # Errors
    /// `UnknownEdit` for one that isn't known any more; the `store_*` kinds.
    pub fn bulk_edit(&self, id: i64) -> Result<BulkEdit> {
        bulk_edit(&self.conn, id)
    }

    /// The edit that an operation was, if it was done before.
    ///
    /// # Errors
    /// `OpIdReused`; the `store_*` kinds.
    pub fn edit_done(&self, operation: Operation) -> Result<Option<BulkEdit>> {
        let edit = operations::edit_of(&self.conn, operation)?;
        edit.map(|id| self.bulk_edit(id)).transpose()
    }
}

impl Store {
    /// Changes these notes, or begins to where they are many. An operation that was done
    /// before is not done again.
    ///
    /// # Errors
    /// `InvalidTag` for more tags than a note has; `OpIdReused`; `clock_wrong`; the `store_*`
    /// kinds.
    pub fn edit_notes(
        &mut self,
        operation: Operation,
        now: Timestamp,
        ids: &[NoteId],
        change: &BulkChange,
    ) -> Result<BulkEdit> {
        crate::domain::check_tag_count(&change.add_tags)?;
        let edit = self.write(now, |writer| {
            if let Some(edit) = operations::edit_of(&writer.tx, operation)? {
                return bulk_edit(&writer.tx, edit);
            }
            let id = writer.stage(ids, change)?;
            operations::remember_edit(&writer.tx, operation, id, writer.clock.stamp(now))?;
            if ids.len() <= AT_ONCE {
                while writer.run_part(id)? {}
            }
            bulk_edit(&writer.tx, id)
        })?;
        self.pending_work.edits |= edit.is_under_way();
        Ok(edit)
    }

    /// Gives the notes back what an edit has changed on them, or begins to where they are
    /// many. One that is undone already stays so.
    ///
    /// # Errors
    /// `UnknownEdit`; `OpIdReused`; `clock_wrong`; the `store_*` kinds.
    pub fn undo_edit(&mut self, operation: Operation, now: Timestamp, id: i64) -> Result<BulkEdit> {
        let edit = self.write(now, |writer| {
            if let Some(edit) = operations::edit_of(&writer.tx, operation)? {
                return bulk_edit(&writer.tx, edit);
            }
            writer.begin_undo(id, true)?;
            operations::remember_edit(&writer.tx, operation, id, writer.clock.stamp(now))?;
            bulk_edit(&writer.tx, id)
        })?;
        self.pending_work.edits |= edit.is_under_way();
        Ok(edit)
    }

    /// Cancels an edit under way: what it has changed so far is given back. One that is done
    /// stays.
    ///
    /// # Errors
    /// `UnknownEdit`; `clock_wrong`; the `store_*` kinds.
    pub fn cancel_edit(&mut self, now: Timestamp, id: i64) -> Result<BulkEdit> {
        let edit = self.write(now, |writer| {
            writer.begin_undo(id, false)?;
            bulk_edit(&writer.tx, id)
        })?;
        self.pending_work.edits |= edit.is_under_way();
        Ok(edit)
    }

    /// Does a part of an edit that is under way, whichever program began it. False where
    /// there is none.
    ///
    /// # Errors
    /// `clock_wrong`; the `store_*` kinds.
    pub fn continue_edits(&mut self, now: Timestamp) -> Result<bool> {
        if unfinished(&self.conn)?.is_none() {
            return Ok(false);
        }
        self.write(now, |writer| {
            // Another program may have finished it meanwhile.
            let Some((id, state)) = unfinished(&writer.tx)? else {
                return Ok(false);
            };
            match state {
                BulkState::Undoing => writer.undo_part(id)?,
                _ => writer.run_part(id)?,
            };
            Ok(true)
        })
    }
}

impl Writer<'_> {
    /// Writes down what is to be done.
    fn stage(&self, ids: &[NoteId], change: &BulkChange) -> Result<i64> {
        let names = |tags: &[Tag]| -> Result<Vec<String>> {
            let tags = without_aliases(&self.tx, tags)?;
            Ok(tags.iter().map(Tag::to_string).collect())
        };
        let stored = Stored {
            add: names(&change.add_tags)?,
            remove: names(&change.remove_tags)?,
            read: change.read,
            delete: change.delete,
            restore: change.restore,
        };
        let ids = sorted(ids);
        self.execute(
            "INSERT INTO edits (started_at, change, state, total) VALUES (?, ?, 'running', ?)",
            params![
                self.clock.stamp(self.now).as_microsecond(),
                serde_json::to_string(&stored).map_err(Error::internal)?,
                i64::try_from(ids.len()).map_err(Error::internal)?,
            ],
        )?;
        let edit = self.tx.last_insert_rowid();
        for (part, ids) in (0_i64..).zip(ids.chunks(PART)) {
            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.0.to_be_bytes()).collect();
            self.execute(
                "INSERT INTO edit_parts (edit_id, part, ids) VALUES (?, ?, ?)",
                params![edit, part, bytes],
            )?;
        }
        if ids.is_empty() {
            self.set_state(edit, BulkState::Done)?;
        }
        Ok(edit)
    }

    pub(super) fn set_state(&self, edit: i64, state: BulkState) -> Result<()> {
        self.execute(
            "UPDATE edits SET state = ?2 WHERE id = ?1",
            params![edit, word_of(&STATES, state)],
        )
    }

    /// Changes the notes of the next part. False after the last one.
    fn run_part(&self, edit: i64) -> Result<bool> {
        let found: Option<(i64, Vec<u8>, String)> = self
            .tx
            .prepare_cached(
                "SELECT p.part, p.ids, e.change FROM edits e
                 JOIN edit_parts p ON p.edit_id = e.id AND p.part = e.next_part
                 WHERE e.id = ? AND e.state = 'running'",
            )?
            .query_row([edit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((part, ids, change)) = found else {
            self.execute(
                "UPDATE edits SET state = 'done' WHERE id = ? AND state = 'running'",
                [edit],
            )?;
            return Ok(false);
        };
        let change: Stored = serde_json::from_str(&change).map_err(Error::internal)?;
        let mut counts = [0_i64; 4];
        for id in ids.chunks_exact(8) {
            let id = NoteId(i64::from_be_bytes(id.try_into().map_err(Error::internal)?));
            let outcome = self.change_one(id, &change)?;
            let place = match &outcome {
                Outcome::Changed { .. } => 0,
                Outcome::Unchanged => 1,
                Outcome::Missing => 2,
                Outcome::Refused(_) => 3,
            };
            counts[place] += 1;
            self.record(edit, id, outcome)?;
        }
        self.execute(
            "UPDATE edits SET next_part = ?2 + 1, changed = changed + ?3,
                              unchanged = unchanged + ?4, missing = missing + ?5,
                              refused = refused + ?6 WHERE id = ?1",
            params![edit, part, counts[0], counts[1], counts[2], counts[3]],
        )?;
        self.execute(
            "DELETE FROM edit_parts WHERE edit_id = ? AND part = ?",
            [edit, part],
        )?;
        let more: bool = self
            .tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM edit_parts WHERE edit_id = ?)")?
            .query_row([edit], |row| row.get(0))?;
        if !more {
            self.set_state(edit, BulkState::Done)?;
        }
        self.write_index()?;
        Ok(more)
    }

    pub(super) fn record(&self, edit: i64, id: NoteId, outcome: Outcome) -> Result<()> {
        let (word, updated_at, before) = match outcome {
            Outcome::Unchanged => return Ok(()),
            Outcome::Missing => ("missing", None, None),
            Outcome::Refused(why) => (word_of(&REFUSALS, why), None, None),
            Outcome::Changed { updated_at, before } => {
                let before = serde_json::to_string(&before).map_err(Error::internal)?;
                ("changed", Some(updated_at), Some(before))
            }
        };
        self.execute(
            "INSERT OR REPLACE INTO edited (edit_id, note_id, outcome, updated_at, before)
             VALUES (?, ?, ?, ?, ?)",
            params![edit, id.0, word, updated_at, before],
        )
    }

    fn change_one(&self, id: NoteId, change: &Stored) -> Result<Outcome> {
        let live = self.live(id)?;
        if change.delete {
            return Ok(match live {
                Some(_) => {
                    let deleted_at = self.delete_note(id)?.deleted_at.unwrap_or(self.now);
                    Outcome::Changed {
                        updated_at: deleted_at.as_microsecond(),
                        before: Before::default(),
                    }
                }
                None if self.in_trash(id)?.is_some() => Outcome::Unchanged,
                None => Outcome::Missing,
            });
        }
        if change.restore {
            if live.is_some() {
                return Ok(Outcome::Unchanged);
            }
            let Some(deleted) = self.in_trash(id)? else {
                return Ok(Outcome::Missing);
            };
            return Ok(match self.restore_note(id) {
                Ok(note) => Outcome::Changed {
                    updated_at: note.updated_at.as_microsecond(),
                    before: Before {
                        at: deleted.deleted_at.unwrap_or(self.now).as_microsecond(),
                        ..Before::default()
                    },
                },
                Err(Error::Conflict) => Outcome::Refused(Refusal::PageSavedAgain),
                Err(error) => return Err(error),
            });
        }
        let Some(note) = live else {
            return Ok(Outcome::Missing);
        };
        let mut tags: Vec<Tag> = note.tags.clone();
        tags.retain(|tag| !change.remove.iter().any(|name| name == tag.as_str()));
        for name in &change.add {
            if !tags.iter().any(|tag| tag.as_str() == name) {
                tags.push(Tag::from_stored(name.clone()));
            }
        }
        if tags.len() > MAX_TAGS && tags.len() > note.tags.len() {
            return Ok(Outcome::Refused(Refusal::TooManyTags));
        }
        let read = change.read.unwrap_or(note.read);
        if tags == note.tags && read == note.read {
            return Ok(Outcome::Unchanged);
        }
        let ids = |tags: &[Tag]| -> Result<Vec<i64>> {
            tags.iter().map(|tag| self.tag_id(tag)).collect()
        };
        let before = Before {
            tags: match tags == note.tags {
                true => None,
                false => Some((ids(&note.tags)?, ids(&tags)?)),
            },
            read: (read != note.read).then_some(note.read),
            at: note.updated_at.as_microsecond(),
        };
        let updated_at = note.later(self.now);
        self.set_tags_and_state(note, tags, read, updated_at)?;
        Ok(Outcome::Changed {
            updated_at: updated_at.as_microsecond(),
            before,
        })
    }

    /// Writes what an edit changes on a live note, and nothing else of it.
    pub(super) fn set_tags_and_state(
        &self,
        mut note: Note,
        tags: Vec<Tag>,
        read: bool,
        updated_at: Timestamp,
    ) -> Result<()> {
        let retagged = tags != note.tags;
        note.tags = tags;
        note.read = read;
        note.updated_at = updated_at;
        self.execute(
            "UPDATE notes SET read = ?2, updated_at = ?3 WHERE id = ?1",
            params![note.id.0, read, updated_at.as_microsecond()],
        )?;
        self.execute(
            "INSERT OR IGNORE INTO changes SELECT revision + 1, ?1 FROM meta",
            [note.id.0],
        )?;
        if retagged {
            self.store_tags(&note)?;
            self.index(&note, Indexed::Before);
        }
        Ok(())
    }

    pub(super) fn in_trash(&self, id: NoteId) -> Result<Option<Note>> {
        trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])
    }
}

/// The oldest edit that is under way.
fn unfinished(conn: &Connection) -> Result<Option<(i64, BulkState)>> {
    let found: Option<(i64, String)> = conn
        .prepare_cached(
            "SELECT id, state FROM edits WHERE state IN ('running', 'undoing')
             ORDER BY id LIMIT 1",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found
        .map(|(id, state)| Ok((id, of_word(&STATES, &state)?)))
        .transpose()
}

pub(super) fn bulk_edit(conn: &Connection, id: i64) -> Result<BulkEdit> {
    let mut edit = nothing(BulkState::Done);
    let found: Option<String> = conn
        .prepare_cached(
            "SELECT state, total, changed, unchanged, restored, missing, refused
             FROM edits WHERE id = ?",
        )?
        .query_row([id], |row| {
            edit.total = row.get(1)?;
            edit.changed = row.get(2)?;
            edit.unchanged = row.get(3)?;
            edit.restored = row.get(4)?;
            edit.missing.1 = row.get(5)?;
            edit.refused.1 = row.get(6)?;
            row.get(0)
        })
        .optional()?;
    edit.state = of_word(&STATES, &found.ok_or(Error::UnknownEdit)?)?;
    edit.id = Some(id);
    edit.total = edit.total.saturating_sub(edit.missing.1);
    let mut left = conn.prepare_cached(
        "SELECT note_id, outcome FROM edited WHERE edit_id = ?1 AND outcome <> 'changed'
         AND outcome BETWEEN ?2 AND ?3 ORDER BY outcome, note_id LIMIT ?4",
    )?;
    let mut listed = |from: &str, to: &str| -> Result<Vec<(i64, String)>> {
        let rows = left.query_map(params![id, from, to, LISTED], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    };
    edit.missing.0 = listed("missing", "missing")?
        .into_iter()
        .map(|(id, _)| NoteId(id))
        .collect();
    for (note, word) in listed("", "~")? {
        if word != "missing" {
            edit.refused
                .0
                .push((NoteId(note), of_word(&REFUSALS, &word)?));
        }
    }
    Ok(edit)
}

pub(super) fn nothing(state: BulkState) -> BulkEdit {
    BulkEdit {
        id: None,
        state,
        total: 0,
        changed: 0,
        unchanged: 0,
        restored: 0,
        missing: (Vec::new(), 0),
        refused: (Vec::new(), 0),
    }
}

/// Ascending, each once.
pub(super) fn sorted(ids: &[NoteId]) -> Vec<NoteId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
#[path = "bulk_edits_tests.rs"]
mod tests;

//! Edits of many notes at once. `bulk_undo.rs` undoes them, `bulk_dry_run.rs` counts their notes.
//!
//! An edit first stores the change and the ids of its notes. From then on it is either completed or
//! taken back. Up to [`AT_ONCE`] notes are changed in the same transaction. More would block the
//! saves of other programs for minutes, so a larger edit runs in parts. Each part is a short
//! transaction that also records what it replaced. After an interruption, even a crash, the next
//! program that opens the notes continues with the next part. Cancelling takes back the changes
//! made so far.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{MAX_TAGS, Note, NoteId, Tag},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{aliases::without_aliases, links::AddressBefore, note_rows::trashed},
        transaction::{Operation, Store, Writer, operations, pending_index::Indexed},
    },
};

/// Most notes that are changed in a single transaction.
pub const AT_ONCE: usize = if cfg!(test) { 20 } else { 10_000 };
/// Number of notes in a part.
pub(super) const PART: usize = if cfg!(test) { 5 } else { 1_000 };
/// Most missing notes, and most refused ones, that a [`BulkEdit`] lists.
pub(super) const LISTED: i64 = 1_000;
/// A change that is applied to each of many notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BulkChange {
    /// Tags to add.
    pub add_tags: Vec<Tag>,
    /// Tags to remove.
    pub remove_tags: Vec<Tag>,
    /// Marks the notes as read, or as unread.
    pub read: Option<bool>,
    /// Moves the notes to the trash. Excludes all other changes.
    pub delete: bool,
    /// Restores the notes from the trash. Excludes all other changes.
    pub restore: bool,
    /// Gives each note whose page has moved the page's new address. Excludes all other changes.
    pub follow: bool,
}

impl BulkChange {
    /// Checks that there is a change and that its parts can be combined.
    ///
    /// # Errors
    /// `InvalidParams`, with a sentence.
    pub fn check(&self) -> Result<()> {
        let edits =
            !self.add_tags.is_empty() || !self.remove_tags.is_empty() || self.read.is_some();
        let wishes = u8::from(edits)
            + u8::from(self.delete)
            + u8::from(self.restore)
            + u8::from(self.follow);
        let sentence = match wishes {
            0 => "No change was given. Add or remove tags, mark as read or unread, delete or restore.".to_owned(),
            1 => match self
                .add_tags
                .iter()
                .find(|tag| self.remove_tags.contains(tag))
            {
                None => return Ok(()),
                Some(tag) => format!("The tag \"{tag}\" can't be both added and removed."),
            },
            _ => "Changing, deleting, restoring and following notes can't be combined. Choose one of them."
                .to_owned(),
        };
        Err(Error::InvalidParams(sentence))
    }
}

/// The state of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkState {
    /// A dry run. Nothing was changed.
    DryRun,
    /// The edit is in progress.
    Running,
    /// The edit is complete.
    Done,
    /// The edit is being undone.
    Undoing,
    /// The edit was undone or cancelled.
    Undone,
}

/// Why an edit, or its undo, left a note unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The note would have more than [`MAX_TAGS`] tags.
    TooManyTags,
    /// The page was saved again, so the old note can't be restored.
    PageSavedAgain,
    /// The note was deleted, restored, or edited after the edit restored it.
    ChangedSince,
    /// The address belongs to another note.
    AddressTaken,
}

/// The progress or the result of an edit of many notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkEdit {
    /// Its id; `None` for a dry run.
    pub id: Option<i64>,
    /// Its state.
    pub state: BulkState,
    /// Number of selected notes, without the missing ones.
    pub total: u64,
    /// Number of notes that were changed; for a dry run, that would be changed.
    pub changed: u64,
    /// Number of notes that needed no change.
    pub unchanged: u64,
    /// Number of notes on which the edit was undone.
    pub restored: u64,
    /// Notes that don't exist: the first [`LISTED`], and the number of all.
    pub missing: (Vec<NoteId>, u64),
    /// Notes that couldn't be changed: the first [`LISTED`], and the number of all.
    pub refused: (Vec<(NoteId, Refusal)>, u64),
}

impl BulkEdit {
    /// Returns whether the edit, or its undo, isn't complete yet.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        matches!(self.state, BulkState::Running | BulkState::Undoing)
    }
}

/// [`BulkChange`] as stored in the table `edits`.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    add: Vec<String>,
    remove: Vec<String>,
    read: Option<bool>,
    pub(super) delete: bool,
    pub(super) restore: bool,
    #[serde(default)]
    pub(super) follow: bool,
}

/// What the edit replaced on a note, as stored in the table `edited`.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Before {
    /// Ids of the note's tags before and after the edit, if they changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<(Vec<i64>, Vec<i64>)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) read: Option<bool>,
    /// The address before the edit, if it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<AddressBefore>,
    /// The time of the previous change in µs; if the note was restored, of its deletion.
    pub(super) at: i64,
}

/// The result for a single note.
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
const REFUSALS: [(&str, Refusal); 4] = [
    ("too_many_tags", Refusal::TooManyTags),
    ("page_saved_again", Refusal::PageSavedAgain),
    ("changed_since", Refusal::ChangedSince),
    ("address_taken", Refusal::AddressTaken),
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
    /// Returns the edit with this id.
    ///
    /// # Errors
    /// `UnknownEdit` if there is no such edit, or its record was deleted; the `store_*` kinds.
    pub fn bulk_edit(&self, id: i64) -> Result<BulkEdit> {
        bulk_edit(&self.conn, id)
    }

    /// Returns the edit that an operation started or undid, if it was already applied.
    ///
    /// # Errors
    /// `OpIdReused`; the `store_*` kinds.
    pub fn edit_done(&self, operation: Operation) -> Result<Option<BulkEdit>> {
        let edit = operations::edit_of(&self.conn, operation)?;
        edit.map(|id| self.bulk_edit(id)).transpose()
    }
}

impl Store {
    /// Changes notes; of more than [`AT_ONCE`], it only stores the edit, which
    /// [`continue_edits`](Self::continue_edits) then runs. A repeated operation returns the edit
    /// and changes nothing.
    ///
    /// # Errors
    /// `InvalidTag` for more tags than a note can have; `OpIdReused`; `clock_wrong`; the `store_*`
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

    /// Undoes an edit and keeps later changes. With more than [`AT_ONCE`] changed notes, it only
    /// begins to. Undoing twice has no effect.
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

    /// Cancels a running edit, which takes back the changes made so far. A completed edit stays.
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

    /// Runs the next part of an unfinished edit or undo, no matter which program started it.
    /// Returns false if there is none.
    ///
    /// # Errors
    /// `clock_wrong`; the `store_*` kinds.
    pub fn continue_edits(&mut self, now: Timestamp) -> Result<bool> {
        if unfinished(&self.conn)?.is_none() {
            return Ok(false);
        }
        self.write(now, |writer| {
            // Another program may have completed it meanwhile.
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
    /// Stores an edit, without changing any note yet, and returns its id.
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
            follow: change.follow,
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

    /// Changes the notes of the next part. Returns whether there are more parts.
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
        if change.follow {
            return self.follow(&note);
        }
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
            address: None,
            at: note.updated_at.as_microsecond(),
        };
        let updated_at = note.later(self.now);
        self.set_tags_and_state(note, tags, read, updated_at)?;
        Ok(Outcome::Changed {
            updated_at: updated_at.as_microsecond(),
            before,
        })
    }

    /// Writes the tags, the read state and the time of change of a note, and nothing else.
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

/// Returns the oldest unfinished edit.
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

/// Returns the ids in ascending order, without duplicates.
pub(super) fn sorted(ids: &[NoteId]) -> Vec<NoteId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
#[path = "bulk_edits_tests.rs"]
mod tests;

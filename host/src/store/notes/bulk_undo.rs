//! Undoes edits of many notes, keeps later changes, and deletes old records of edits.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    domain::{MAX_TAGS, NoteId, Tag},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            aliases::without_aliases,
            bulk_edits::{AT_ONCE, Before, BulkState, Outcome, PART, Refusal, Stored, bulk_edit},
        },
        transaction::Writer,
    },
};

impl Writer<'_> {
    /// Begins to undo an edit; with up to [`AT_ONCE`] changed notes, undoes it completely. A
    /// completed edit is only undone if `even_done`.
    pub(super) fn begin_undo(&self, edit: i64, even_done: bool) -> Result<()> {
        let found = bulk_edit(&self.tx, edit)?;
        let begins = match found.state {
            BulkState::Running => true,
            BulkState::Done => even_done,
            _ => false,
        };
        if !begins {
            return Ok(());
        }
        self.execute("DELETE FROM edit_parts WHERE edit_id = ?", [edit])?;
        self.set_state(edit, BulkState::Undoing)?;
        if found.changed <= AT_ONCE as u64 {
            while self.undo_part(edit)? {}
        }
        Ok(())
    }

    /// Undoes the edit on the next notes. Returns false if there were none left.
    pub(super) fn undo_part(&self, edit: i64) -> Result<bool> {
        let (change, undone_to): (String, i64) = self.tx.query_row(
            "SELECT change, undone_to FROM edits WHERE id = ? AND state = 'undoing'",
            [edit],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let change: Stored = serde_json::from_str(&change).map_err(Error::internal)?;
        let rows: Vec<(i64, i64, String)> = self
            .tx
            .prepare_cached(
                "SELECT note_id, updated_at, before FROM edited
                 WHERE edit_id = ? AND note_id > ? AND outcome = 'changed'
                 ORDER BY note_id LIMIT ?",
            )?
            .query_map(
                params![edit, undone_to, i64::try_from(PART).unwrap_or(i64::MAX)],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?
            .collect::<rusqlite::Result<_>>()?;
        let Some((last, ..)) = rows.last() else {
            self.set_state(edit, BulkState::Undone)?;
            return Ok(false);
        };
        let last = *last;
        let mut counts = [0_i64; 3];
        for (id, updated_at, before) in rows {
            let before: Before = serde_json::from_str(&before).map_err(Error::internal)?;
            let id = NoteId(id);
            match self.undo_one(id, &change, updated_at, before)? {
                Outcome::Changed { .. } | Outcome::Unchanged => counts[0] += 1,
                outcome => {
                    counts[if matches!(outcome, Outcome::Missing) {
                        1
                    } else {
                        2
                    }] += 1;
                    self.record(edit, id, outcome)?;
                }
            }
        }
        self.execute(
            "UPDATE edits SET undone_to = ?2, restored = restored + ?3, missing = missing + ?4,
                              refused = refused + ?5 WHERE id = ?1",
            params![edit, last, counts[0], counts[1], counts[2]],
        )?;
        self.write_index()?;
        Ok(true)
    }

    fn undo_one(
        &self,
        id: NoteId,
        change: &Stored,
        updated_at: i64,
        before: Before,
    ) -> Result<Outcome> {
        let live = self.live(id)?;
        let deleted = match live {
            Some(_) => None,
            None => self.in_trash(id)?,
        };
        if change.delete {
            let Some(deleted) = deleted else {
                // The user restored it, and may have changed it since.
                return Ok(match live {
                    Some(_) => Outcome::Unchanged,
                    None => Outcome::Missing,
                });
            };
            if deleted.deleted_at.map(Timestamp::as_microsecond) != Some(updated_at) {
                return Ok(Outcome::Refused(Refusal::ChangedSince));
            }
            return Ok(match self.restore_note(id) {
                Ok(_) => Outcome::Unchanged,
                Err(Error::Conflict) => Outcome::Refused(Refusal::PageSavedAgain),
                Err(error) => return Err(error),
            });
        }
        let Some(note) = live else {
            return Ok(match deleted {
                Some(_) if change.restore => Outcome::Unchanged,
                Some(_) => Outcome::Refused(Refusal::ChangedSince),
                None => Outcome::Missing,
            });
        };
        let is_untouched = note.updated_at.as_microsecond() == updated_at;
        if change.restore {
            if !is_untouched {
                return Ok(Outcome::Refused(Refusal::ChangedSince));
            }
            self.delete_note(id)?;
            self.execute(
                "UPDATE trash SET deleted_at = ?2 WHERE id = ?1",
                [id.0, before.at],
            )?;
            return Ok(Outcome::Unchanged);
        }
        if let Some(was) = &before.address {
            return self.unfollow(note, was, is_untouched.then_some(before.at));
        }
        let mut tags = note.tags.clone();
        if let Some((were, became)) = &before.tags {
            let were = self.names_of(were)?;
            let became = self.names_of(became)?;
            if is_untouched && tags == became {
                tags = were;
            } else {
                tags.retain(|tag| !became.contains(tag) || were.contains(tag));
                for tag in were {
                    let was_removed = !became.contains(&tag);
                    if was_removed && !tags.contains(&tag) && tags.len() < MAX_TAGS {
                        tags.push(tag);
                    }
                }
            }
        }
        let read = match before.read {
            Some(was) if note.read != was => was,
            _ => note.read,
        };
        let updated_at = match is_untouched {
            true => NoteId(before.at).moment(),
            false => note.later(self.now),
        };
        self.set_tags_and_state(note, tags, read, updated_at)?;
        Ok(Outcome::Unchanged)
    }

    /// Returns the current names of tags by their ids.
    fn names_of(&self, ids: &[i64]) -> Result<Vec<Tag>> {
        let mut query = self
            .tx
            .prepare_cached("SELECT name FROM tags WHERE id = ?")?;
        let mut tags = Vec::with_capacity(ids.len());
        for id in ids {
            let name: Option<String> = query.query_row([id], |row| row.get(0)).optional()?;
            tags.extend(name.map(Tag::from_stored));
        }
        without_aliases(&self.tx, &tags)
    }

    /// Deletes the record of the oldest edit if it started before `before` (in µs), at most
    /// `at_once` notes per call.
    pub(in crate::store) fn prune_edits(&self, before: i64, at_once: i64) -> Result<()> {
        let Some(edit) = oldest(&self.tx, before)? else {
            return Ok(());
        };
        self.execute(
            "DELETE FROM edited WHERE edit_id = ?1 AND note_id IN
             (SELECT note_id FROM edited WHERE edit_id = ?1 ORDER BY note_id LIMIT ?2)",
            [edit, at_once],
        )?;
        self.execute(
            "DELETE FROM edits WHERE id = ?1
             AND NOT EXISTS (SELECT 1 FROM edited WHERE edit_id = ?1)",
            [edit],
        )
    }
}

/// Returns the oldest edit, if it started before `before` (in µs) and isn't in progress.
fn oldest(conn: &Connection, before: i64) -> Result<Option<i64>> {
    let mut query = conn.prepare_cached(
        "SELECT id FROM (SELECT id, started_at, state FROM edits ORDER BY id LIMIT 1)
         WHERE started_at < ? AND state IN ('done', 'undone')",
    )?;
    Ok(query.query_row([before], |row| row.get(0)).optional()?)
}

impl Reader {
    /// Returns whether there is an edit for [`prune_edits`](Writer::prune_edits) to delete.
    pub(in crate::store) fn has_old_edit(&self, before: i64) -> Result<bool> {
        Ok(oldest(&self.conn, before)?.is_some())
    }
}

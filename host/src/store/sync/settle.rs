//! The user's choice between values that several devices wrote at the same time.

use super::{absorb::Absorber, history::new_id};
use crate::{
    domain::{
        Change, Note, NoteId,
        sync::{ConflictField, Conflicts, NewVersion, State},
    },
    error::{Error, Result},
    store::transaction::Writer,
};

/// What the user chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// What the note shows.
    Keep(ConflictField),
    /// Another title.
    Title(String),
    /// Another text, in place of the note's.
    Text(String),
}

impl Absorber<'_, '_> {
    /// Makes what is shown the only value of fields with conflicts: of all that `settle` replaces.
    /// Returns whether there were some.
    fn settle(
        &mut self,
        note: &Note,
        settle: impl FnOnce(&mut State, &NewVersion, &Self) -> bool,
    ) -> Result<bool> {
        let Some(mut row) = self.states.of_note(note.id)? else {
            return Ok(false);
        };
        let new = NewVersion {
            version: new_id(),
            micros: self.states.writer.now.as_microsecond(),
            edits: self.edits.clone(),
        };
        if !settle(&mut row.state, &new, self) {
            return Ok(false);
        }
        row.unpublished = true;
        self.agree_on_time(note, &row)?;
        self.store(&row)?;
        Ok(true)
    }

    fn conflicts(&self, id: NoteId) -> Result<Conflicts> {
        let row = self.states.of_note(id)?;
        let view = row.and_then(|row| row.state.view(self.names));
        Ok(view.map(|view| view.conflicts).unwrap_or_default())
    }
}

impl Writer<'_> {
    /// Makes what a note shows the only value of its fields that other devices changed at the same
    /// time. Returns whether there were such values.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn settle_conflicts(&self, id: NoteId) -> Result<bool> {
        let Some(note) = self.live(id)? else {
            return Ok(false);
        };
        self.with_states(|absorber| {
            absorber.absorb_note(&note)?;
            absorber.settle(&note, |state, new, absorber| {
                state.settle(new, absorber.names)
            })
        })
    }

    /// Makes the value that the user chose the only one of its field. Returns the note, which isn't
    /// changed if what it shows was chosen before.
    ///
    /// # Errors
    /// `NotFound`; `SettledAlready` if the value isn't one of the conflicts any more; the `store_*`
    /// kinds.
    pub fn settle_conflict(&self, id: NoteId, choice: Settlement) -> Result<Note> {
        let note = match self.live(id)? {
            Some(note) => note,
            None => self.live_after_sync(id)?.ok_or(Error::NotFound)?,
        };
        let conflicts = self.with_states(|absorber| {
            if !self.is_synced()? {
                return Ok(Conflicts::default());
            }
            absorber.absorb_note(&note)?;
            if let Settlement::Keep(field) = choice {
                absorber.settle(&note, |state, new, absorber| {
                    state.settle_field(field, new, absorber.names)
                })?;
            }
            absorber.conflicts(note.id)
        })?;
        let offers = |field, value: &str| conflicts.of(field).iter().any(|o| o.text == value);
        let (is_offered, change) = match choice {
            Settlement::Keep(_) => return self.live(note.id)?.ok_or(Error::NotFound),
            Settlement::Title(title) => {
                let is_offered = offers(ConflictField::Title, &title);
                let title = Some(title);
                (
                    is_offered,
                    Change {
                        title,
                        ..Change::default()
                    },
                )
            }
            Settlement::Text(text) => {
                let is_offered = offers(ConflictField::Text, &text);
                let summary = Some(text);
                (
                    is_offered,
                    Change {
                        summary,
                        ..Change::default()
                    },
                )
            }
        };
        if !is_offered {
            return Err(Error::SettledAlready);
        }
        // Also settles texts that weren't shown.
        if change.summary.is_some() {
            self.with_states(|absorber| {
                absorber.settle(&note, |state, new, absorber| {
                    state.settle_field(ConflictField::Text, new, absorber.names)
                })
            })?;
        }
        let note = self.update_note(note.id, change)?;
        self.with_states(|absorber| absorber.absorb_note(&note))?;
        self.live(note.id)?.ok_or(Error::NotFound)
    }
}

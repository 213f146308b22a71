//! What people see of the sync at a note: where its last change came from, and what other devices
//! wrote at the same time.

use std::cell::OnceCell;

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{
    history::load_history,
    states::{load_lists, page_row},
};
use crate::{
    domain::{
        Note, NoteId,
        sync::{Alternative, EditLists, Life, PageView, TagHistory},
    },
    error::Result,
    store::{connection::reader::Reader, notes::note_rows::moment},
};

/// What is known of a note from other devices. Both are `None` for most notes, and for all if the
/// notes aren't synced.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoteSync {
    /// Where the last change came from, unless it was made here.
    pub from: Option<PageSync>,
    /// What else was written at the same time.
    pub conflict: Option<SyncConflict>,
}

/// Where the last change of a note came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSync {
    /// The name of the device; its id if the name isn't known.
    pub device: String,
    /// When the change was read.
    pub arrived_at: Timestamp,
}

/// What devices wrote at the same time as what a note shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncConflict {
    /// The note.
    pub note_id: NoteId,
    /// Other titles that the user typed.
    pub titles: Vec<Alternative>,
    /// Texts that couldn't be merged into the note's.
    pub texts: Vec<Alternative>,
}

impl SyncConflict {
    /// Returns the number of values.
    #[must_use]
    pub fn count(&self) -> usize {
        self.titles.len() + self.texts.len()
    }

    /// Returns the texts that don't stand in the note's text, since all together would be too long.
    pub fn texts_beside<'a>(&'a self, summary: &'a str) -> impl Iterator<Item = &'a Alternative> {
        let is_shown = |text: &str| summary.contains(text.trim());
        self.texts
            .iter()
            .filter(move |other| !is_shown(&other.text))
    }
}

/// What states are read with.
struct Context {
    lists: EditLists,
    history: TagHistory,
}

impl Reader {
    /// Returns whether the notes are synced.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn has_sync(&self) -> Result<bool> {
        let mut query = self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM sync)")?;
        Ok(query.query_row([], |row| row.get(0))?)
    }

    /// Returns what is known of notes from other devices, in the same order. Costs nothing if the
    /// notes aren't synced, and else a look-up a note.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn syncs_of(&self, notes: &[Note]) -> Result<Vec<NoteSync>> {
        if !self.has_sync()? {
            return Ok(vec![NoteSync::default(); notes.len()]);
        }
        let context = OnceCell::new();
        let known = |note| self.note_sync(note, &context);
        notes.iter().map(known).collect()
    }

    /// Returns what is known of a note from other devices.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn sync_of(&self, note: &Note) -> Result<NoteSync> {
        match self.has_sync()? {
            true => self.note_sync(note, &OnceCell::new()),
            false => Ok(NoteSync::default()),
        }
    }

    fn note_sync(&self, note: &Note, context: &OnceCell<Context>) -> Result<NoteSync> {
        let mut query = self.conn.prepare_cached(
            "SELECT ifnull(d.name, p.device), p.arrived_at, p.mark, p.conflicts > 0
             FROM sync_pages p LEFT JOIN sync_devices d ON d.device = p.device
             WHERE p.note_id = ? AND (p.device IS NOT NULL OR p.conflicts > 0)",
        )?;
        let found = query.query_row([note.id.0], |row| {
            let from: (Option<String>, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok((from, row.get::<_, i64>(2)?, row.get::<_, bool>(3)?))
        });
        let Some(((device, arrived_at), mark, has_conflicts)) = found.optional()? else {
            return Ok(NoteSync::default());
        };
        let shown = PageView::of(note);
        // The user may have changed the note since, which no run has seen yet.
        let is_same = shown.mark() == mark;
        let from = device.zip(arrived_at).filter(|_| is_same);
        Ok(NoteSync {
            from: from.map(|(device, arrived_at)| PageSync {
                device,
                arrived_at: moment(arrived_at),
            }),
            conflict: match has_conflicts {
                true => self.conflict_of(note.id, &shown, is_same, context)?,
                false => None,
            },
        })
    }

    /// Returns the conflicts of a note, or `None` if it has none.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn sync_conflict(&self, id: NoteId) -> Result<Option<SyncConflict>> {
        let Some(note) = self.note(id)? else {
            return Ok(None);
        };
        Ok(self.note_sync(&note, &OnceCell::new())?.conflict)
    }

    /// Reads the state of a note's page. `is_same`: whether the note shows what it showed when it last
    /// agreed with the state. If it doesn't, a field that the user has changed has no conflict any
    /// more, except for texts that weren't shown.
    fn conflict_of(
        &self,
        id: NoteId,
        shown: &PageView,
        is_same: bool,
        context: &OnceCell<Context>,
    ) -> Result<Option<SyncConflict>> {
        let context = match context.get() {
            Some(context) => context,
            None => {
                let read = Context {
                    lists: load_lists(&self.conn)?,
                    history: load_history(&self.conn, false)?,
                };
                context.get_or_init(|| read)
            }
        };
        let row = page_row(&self.conn, "note_id = ?", id.0, &context.lists)?;
        let view = row.and_then(|row| row.state.view(&context.history.names()));
        let Some(view) = view.filter(|view| view.life == Life::Live) else {
            return Ok(None);
        };
        let mut conflict = SyncConflict {
            note_id: id,
            titles: view.conflicts.titles.clone(),
            texts: view.conflicts.texts.clone(),
        };
        if !is_same && shown.title != view.title {
            conflict.titles.clear();
        }
        if !is_same && shown.summary != view.summary {
            // Who edited the text has seen no more than it showed.
            (conflict.texts).retain(|other| !view.summary.contains(other.text.trim()));
        }
        Ok(Some(conflict).filter(|conflict| conflict.count() > 0))
    }
}

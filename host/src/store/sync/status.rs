//! What the user is told about the sync of notes.

use jiff::Timestamp;
use rusqlite::OptionalExtension as _;

use super::{
    history::load_history,
    states::{load_lists, page_row},
};
use crate::{
    domain::{
        NoteId,
        sync::{Alternative, Life},
    },
    error::Result,
    store::{connection::reader::Reader, notes::note_rows::moment},
};

/// Numbers for the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncCounts {
    /// Pages that this device is yet to publish. What was changed since the last run isn't counted.
    pub unpublished: u64,
    /// Notes with values of other devices that aren't shown.
    pub conflicts: u64,
}

/// Where the last change of a note came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSync {
    /// The name of the device; its id if the name isn't known.
    pub device: String,
    /// When the change was read.
    pub arrived_at: Timestamp,
}

/// What other devices wrote at the same time as what a note shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncConflict {
    /// The note.
    pub note_id: NoteId,
    /// Other titles that the user typed.
    pub titles: Vec<Alternative>,
    /// Texts that couldn't be merged into the note's.
    pub texts: Vec<Alternative>,
}

impl Reader {
    /// Returns numbers for the status.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn sync_counts(&self) -> Result<SyncCounts> {
        let mut query = self.conn.prepare_cached(
            "SELECT (SELECT count(*) FROM sync_pages WHERE unpublished = 1),
                    (SELECT count(*) FROM sync_pages WHERE conflicts > 0)",
        )?;
        Ok(query.query_row([], |row| {
            Ok(SyncCounts {
                unpublished: row.get(0)?,
                conflicts: row.get(1)?,
            })
        })?)
    }

    /// Returns whether users have changed something that no run has seen yet.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_unpublished_changes(&self) -> Result<bool> {
        let mut query = self.conn.prepare_cached(
            "SELECT s.absorbed < m.changes_after
                 OR EXISTS (SELECT 1 FROM changes WHERE revision > s.absorbed)
                 OR EXISTS (SELECT 1 FROM sync_pages WHERE unpublished = 1)
                 OR EXISTS (SELECT 1 FROM sync_tag_edits WHERE unpublished = 1)
             FROM sync s, meta m",
        )?;
        Ok(query
            .query_row([], |row| row.get(0))
            .optional()?
            .unwrap_or(false))
    }

    /// Returns which device changed a note last, unless this one did.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn page_sync(&self, id: NoteId) -> Result<Option<PageSync>> {
        let mut query = self.conn.prepare_cached(
            "SELECT ifnull(d.name, p.device), p.arrived_at FROM sync_pages p
             LEFT JOIN sync_devices d ON d.device = p.device
             WHERE p.note_id = ? AND p.device IS NOT NULL",
        )?;
        let found = query.query_row([id.0], |row| {
            Ok(PageSync {
                device: row.get(0)?,
                arrived_at: moment(row.get(1)?),
            })
        });
        Ok(found.optional()?)
    }

    /// Returns the conflicts of a note, or `None` if it has none.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn sync_conflict(&self, id: NoteId) -> Result<Option<SyncConflict>> {
        let mut query = self
            .conn
            .prepare_cached("SELECT 1 FROM sync_pages WHERE note_id = ? AND conflicts > 0")?;
        if !query.exists([id.0])? {
            return Ok(None);
        }
        let lists = load_lists(&self.conn)?;
        let history = load_history(&self.conn, false)?;
        let row = page_row(&self.conn, "note_id = ?", id.0, &lists)?;
        let view = row.and_then(|row| row.state.view(&history.names()));
        Ok(view
            .filter(|view| view.life == Life::Live)
            .map(|view| SyncConflict {
                note_id: id,
                titles: view.conflicts.titles,
                texts: view.conflicts.texts,
            }))
    }

    /// Returns the notes with conflicts, the newest first.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn sync_conflicts(&self, limit: u32) -> Result<Vec<SyncConflict>> {
        let mut query = self.conn.prepare_cached(
            "SELECT note_id FROM sync_pages WHERE conflicts > 0 AND note_id IS NOT NULL
             ORDER BY note_id DESC LIMIT ?",
        )?;
        let ids = query.query_map([limit], |row| row.get(0).map(NoteId))?;
        let ids: Vec<NoteId> = ids.collect::<rusqlite::Result<_>>()?;
        let mut conflicts = Vec::new();
        for id in ids {
            conflicts.extend(self.sync_conflict(id)?);
        }
        Ok(conflicts)
    }
}

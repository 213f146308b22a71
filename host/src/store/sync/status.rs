//! The status of the sync of notes.

use rusqlite::OptionalExtension as _;

use super::{
    apply::IncomingPage, history::changed_aliases, note_sync::SyncConflict,
    registers::changed_things,
};
use crate::{
    domain::{NoteId, sync::Life},
    error::Result,
    store::connection::reader::Reader,
};

/// Numbers for the status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncCounts {
    /// Changes that this device is yet to publish: of notes, tags, texts of pages and other things. 0
    /// exactly if [`Reader::has_unpublished_changes`] says that there are none.
    pub unpublished: u64,
    /// Notes with values of other devices that aren't shown.
    pub conflicts: u64,
    /// Notes in the trash that another device deleted.
    pub deleted_elsewhere: u64,
    /// Pages of which something can't be shown here, such as an address that can't be saved.
    pub hidden: u64,
}

impl Reader {
    /// Returns how many live notes of these pages would be moved to the trash.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn live_notes_leaving(&self, pages: &[IncomingPage]) -> Result<u64> {
        let mut leaving = 0;
        let mut query = self.conn.prepare_cached(
            "SELECT 1 FROM sync_pages p JOIN notes n ON n.id = p.note_id WHERE p.page = ?",
        )?;
        for page in pages {
            let life = page.state.life();
            if life.is_some_and(|life| *life != Life::Live) && query.exists([page.page.0])? {
                leaving += 1;
            }
        }
        Ok(leaving)
    }

    /// Returns numbers for the status.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn sync_counts(&self) -> Result<SyncCounts> {
        let mut query = self.conn.prepare_cached(
            "SELECT (SELECT count(*) FROM sync_pages WHERE conflicts > 0),
                    (SELECT count(*) FROM trash t JOIN sync_pages p ON p.note_id = t.id
                     WHERE p.remotely = 1),
                    (SELECT count(*) FROM sync_pages WHERE hidden IS NOT NULL)",
        )?;
        let counts = query.query_row([], |row| {
            Ok(SyncCounts {
                unpublished: 0,
                conflicts: row.get(0)?,
                deleted_elsewhere: row.get(1)?,
                hidden: row.get(2)?,
            })
        })?;
        let unpublished = self.unpublished_changes()?;
        Ok(SyncCounts {
            unpublished,
            ..counts
        })
    }

    /// Counts the changes that this device is yet to publish: what no run has seen yet, and what a run
    /// has seen and not written into a file.
    fn unpublished_changes(&self) -> Result<u64> {
        let mut query = self.conn.prepare_cached(
            "SELECT iif(s.absorbed < m.changes_after OR s.restoring > 0,
                        -- Which ones isn't known any more.
                        max(m.notes, 1),
                        (SELECT count(*) FROM (
                             SELECT note_id FROM changes WHERE revision > s.absorbed
                             UNION SELECT ifnull(note_id, -rowid) FROM sync_pages
                                 WHERE unpublished = 1)))
                 + (SELECT count(*) FROM sync_tag_edits WHERE unpublished = 1)
                 + (SELECT count(*) FROM sync_aliases WHERE unpublished = 1)
                 + (SELECT count(*) FROM sync_registers WHERE unpublished = 1)
                 + (SELECT count(*) FROM sync_page_texts WHERE unpublished = 1)
                 + (SELECT count(*) FROM sync_changed_texts)
                 + (SELECT count(*) FROM sync_forgotten WHERE unpublished = 1)
             FROM sync s, meta m",
        )?;
        let Some(counted) = query.query_row([], |row| row.get::<_, u64>(0)).optional()? else {
            return Ok(0);
        };
        Ok(counted + changed_aliases(&self.conn)? + changed_things(&self.conn)?)
    }

    /// Returns whether users have changed something that no run has seen yet.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn has_unpublished_changes(&self) -> Result<bool> {
        let mut query = self.conn.prepare_cached(
            "SELECT s.absorbed < m.changes_after
                 OR s.restoring > 0
                 OR EXISTS (SELECT 1 FROM changes WHERE revision > s.absorbed)
                 OR EXISTS (SELECT 1 FROM sync_pages WHERE unpublished = 1)
                 OR EXISTS (SELECT 1 FROM sync_tag_edits WHERE unpublished = 1)
                 OR EXISTS (SELECT 1 FROM sync_aliases WHERE unpublished = 1)
                 OR EXISTS (SELECT 1 FROM sync_registers WHERE unpublished = 1)
                 OR EXISTS (SELECT 1 FROM sync_page_texts WHERE unpublished = 1)
                 OR EXISTS (SELECT 1 FROM sync_changed_texts)
                 OR EXISTS (SELECT 1 FROM sync_forgotten WHERE unpublished = 1)
             FROM sync s, meta m",
        )?;
        Ok(match query.query_row([], |row| row.get(0)).optional()? {
            Some(false) => changed_aliases(&self.conn)? > 0 || changed_things(&self.conn)? > 0,
            found => found.unwrap_or(false),
        })
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

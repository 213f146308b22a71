//! Everything there is, in the order of ids, for exports.

use rusqlite::params;

use super::{
    Reader,
    notes::{deleted_note, load, select_notes},
};
use crate::{
    domain::{Note, NoteId},
    error::Result,
};

impl Reader {
    /// Oldest first, those after `after` where it is given.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_after(&self, after: Option<NoteId>, limit: u32) -> Result<Vec<Note>> {
        load(
            &self.conn,
            select_notes!("WHERE n.id > ? ORDER BY n.id LIMIT ?"),
            params![after.map_or(0, |id| id.0), limit],
        )
    }

    /// Notes in the trash, the one deleted last first.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn trashed_notes(&self, limit: u32) -> Result<Vec<Note>> {
        self.conn
            .prepare_cached("SELECT * FROM trash ORDER BY deleted_at DESC, id DESC LIMIT ?")?
            .query_map([limit], deleted_note)?
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .collect()
    }

    /// Notes in the trash, by when they were saved: oldest first.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn trash_after(&self, after: Option<NoteId>, limit: u32) -> Result<Vec<Note>> {
        self.conn
            .prepare_cached("SELECT * FROM trash WHERE id > ? ORDER BY id LIMIT ?")?
            .query_map(params![after.map_or(0, |id| id.0), limit], deleted_note)?
            .collect::<rusqlite::Result<Vec<_>>>()?
            .into_iter()
            .collect()
    }
}

//! Dry runs of edits of many notes.

use std::collections::HashSet;

use rusqlite::{OptionalExtension as _, params};

use crate::{
    domain::{NoteId, Tag},
    error::Result,
    store::{
        connection::reader::Reader,
        notes::{
            aliases::without_aliases,
            bulk_edits::{BulkChange, BulkEdit, BulkState, LISTED, Refusal, nothing, sorted},
        },
    },
};

/// Most notes that are looked up one by one. For more, scanning an index is cheaper.
const LOOKED_UP: usize = if cfg!(test) { 3 } else { 2_000 };

impl Reader {
    /// Counts the notes that an edit would change, without writing anything.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn dry_run_edit(&self, ids: &[NoteId], change: &BulkChange) -> Result<BulkEdit> {
        let ids = sorted(ids);
        let live = self.marked(&ids, "SELECT id FROM notes", None)?;
        let in_trash = self.marked(&ids, "SELECT id FROM trash", None)?;
        let mut settled = vec![true; ids.len()];
        if change.delete {
            settled.clone_from(&in_trash);
        } else if change.restore {
            settled.clone_from(&live);
        } else if change.follow {
            for (settled, id) in settled.iter_mut().zip(&ids) {
                *settled = self.followed(*id)?.is_none();
            }
        } else {
            let tags = |names: &[Tag]| without_aliases(&self.conn, names);
            let lists = [
                (tags(&change.add_tags)?, true),
                (tags(&change.remove_tags)?, false),
            ];
            for (names, wanted) in lists {
                for name in names {
                    let id: Option<i64> = self
                        .conn
                        .prepare_cached("SELECT id FROM tags WHERE name = ?")?
                        .query_row([name.as_str()], |row| row.get(0))
                        .optional()?;
                    let sql = "SELECT note_id AS id FROM note_tags WHERE tag_id = ?1";
                    let has = self.marked(&ids, sql, Some(id.unwrap_or(-1)))?;
                    for (settled, has) in settled.iter_mut().zip(has) {
                        *settled &= has == wanted;
                    }
                }
            }
            if let Some(read) = change.read {
                let unread = self.marked(&ids, "SELECT id FROM notes WHERE read = 0", None)?;
                for (settled, unread) in settled.iter_mut().zip(unread) {
                    *settled &= unread != read;
                }
            }
        }
        let mut edit = nothing(BulkState::DryRun);
        let mut targets = HashSet::new();
        for (place, id) in ids.iter().enumerate() {
            let there = match change.delete || change.restore {
                true => live[place] || in_trash[place],
                false => live[place],
            };
            if !there {
                edit.missing.1 += 1;
                if edit.missing.0.len() < usize::try_from(LISTED).unwrap_or(0) {
                    edit.missing.0.push(*id);
                }
                continue;
            }
            edit.total += 1;
            if change.follow && !settled[place] && !self.is_free(*id, &mut targets)? {
                edit.refused.1 += 1;
                if edit.refused.0.len() < usize::try_from(LISTED).unwrap_or(0) {
                    edit.refused.0.push((*id, Refusal::AddressTaken));
                }
                continue;
            }
            match settled[place] {
                true => edit.unchanged += 1,
                false => edit.changed += 1,
            }
        }
        Ok(edit)
    }

    /// Returns for each of these ids, which are in ascending order, whether it is among the rows of
    /// a query.
    fn marked(&self, ids: &[NoteId], sql: &str, key: Option<i64>) -> Result<Vec<bool>> {
        let mut marks = vec![false; ids.len()];
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else {
            return Ok(marks);
        };
        if ids.len() <= LOOKED_UP {
            let sql = format!("SELECT EXISTS (SELECT 1 FROM ({sql}) WHERE id = ?2 AND ?1 IS ?1)");
            let mut query = self.conn.prepare_cached(&sql)?;
            for (mark, id) in marks.iter_mut().zip(ids) {
                *mark = query.query_row(params![key, id.0], |row| row.get(0))?;
            }
            return Ok(marks);
        }
        let sql =
            format!("SELECT id FROM ({sql}) WHERE id BETWEEN ?2 AND ?3 AND ?1 IS ?1 ORDER BY id");
        let mut query = self.conn.prepare_cached(&sql)?;
        let mut rows = query.query(params![key, first.0, last.0])?;
        let mut at = 0;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            at += ids[at..].partition_point(|known| known.0 < id);
            match ids.get(at) {
                Some(known) if known.0 == id => marks[at] = true,
                Some(_) => {}
                None => break,
            }
        }
        Ok(marks)
    }
}

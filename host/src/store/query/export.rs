//! Reads everything in the order of ids, for exports.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use rusqlite::params;

use crate::{
    domain::{Note, NoteId, Tag, tokens_in},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            note_rows::{addresses_of_column, deleted_note, load, saved_at, select_notes},
            tag_sets::TagSet,
            tags::TagFilter,
        },
    },
};

/// All notes and their tags as numbers, about eighty bytes per note.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// Oldest first.
    pub notes: Vec<NoteId>,
    /// When each was saved.
    pub saved: Vec<Timestamp>,
    /// The tags in use, the oldest name first.
    pub tags: Vec<Tag>,
    /// The start of each note's tags in `tagged`, followed by the end.
    pub starts: Vec<u32>,
    /// Indexes into `tags`, note by note, in the user's order.
    pub tagged: Vec<u32>,
    /// The web sites of the notes.
    pub sites: Vec<String>,
    /// Each note's site as an index into `sites`, or `None` if its address has none.
    pub site_of: Vec<Option<u32>>,
}

impl Outline {
    /// Returns the number of notes without a tag.
    #[must_use]
    pub fn untagged(&self) -> u64 {
        let empty = self.starts.windows(2).filter(|pair| pair[0] == pair[1]);
        empty.count() as u64
    }

    /// Returns the tags of the note at an index of `notes`, as indexes into `tags`.
    #[must_use]
    pub fn tags_of(&self, note: usize) -> &[u32] {
        &self.tagged[self.starts[note] as usize..self.starts[note + 1] as usize]
    }
}

impl Reader {
    /// Returns the notes that pass the filter as an outline.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn outline(&self, filter: &TagFilter) -> Result<Outline> {
        Ok(self.outline_without(filter, None, &HashSet::new())?.0)
    }

    /// Returns the notes whose addresses contain access tokens.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_with_tokens(&self) -> Result<HashSet<NoteId>> {
        let mut found = HashSet::new();
        let mut query = self.conn.prepare("SELECT id, url, addresses FROM notes")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let others = addresses_of_column(row.get_ref(2)?.as_str_or_null().unwrap_or_default());
            let own = row.get_ref(1)?.as_str().unwrap_or_default();
            if !tokens_in(own).is_empty() || others.iter().any(|url| !tokens_in(url).is_empty()) {
                found.insert(NoteId(row.get(0)?));
            }
        }
        Ok(found)
    }

    /// Like [`Reader::outline`], only of some notes and without others. Also returns how many of those
    /// that are left out pass the filter.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn outline_without(
        &self,
        filter: &TagFilter,
        only: Option<&HashSet<NoteId>>,
        without: &HashSet<NoteId>,
    ) -> Result<(Outline, u64)> {
        let mut outline = Outline::default();
        let mut left_out = 0;
        let Some(wanted) = self.tag_ids(filter)? else {
            outline.starts.push(0);
            return Ok((outline, left_out));
        };
        // Both from indexes, which are much smaller than the table of notes.
        let mut ids: Vec<(i64, Option<i64>)> = self
            .conn
            .prepare_cached("SELECT id, site_id FROM notes INDEXED BY notes_by_site")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        ids.sort_unstable();
        // Only the few notes whose id differs from their time.
        let shifts: HashMap<i64, i64> = self
            .conn
            .prepare_cached("SELECT id, shift FROM notes WHERE shift IS NOT NULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let mut query = self
            .conn
            .prepare_cached("SELECT note_id, tag_id FROM note_tags ORDER BY note_id, position")?;
        let mut rows = query.query([])?;
        let mut next: Option<(i64, i64)> = match rows.next()? {
            Some(row) => Some((row.get(0)?, row.get(1)?)),
            None => None,
        };
        let mut tagged: Vec<i64> = Vec::new();
        let mut from: Vec<Option<i64>> = Vec::new();
        for (id, site) in ids {
            let start = tagged.len();
            while let Some((note, tag)) = next.filter(|(note, _)| *note <= id) {
                if note == id {
                    tagged.push(tag);
                }
                next = match rows.next()? {
                    Some(row) => Some((row.get(0)?, row.get(1)?)),
                    None => None,
                };
            }
            let tags = &tagged[start..];
            let has = |set: &TagSet| tags.iter().any(|tag| set.ids.contains(tag));
            let passes = wanted.with.iter().all(has)
                && !wanted.without.iter().any(has)
                && only.is_none_or(|only| only.contains(&NoteId(id)));
            let stays_out = passes && without.contains(&NoteId(id));
            left_out += u64::from(stays_out);
            if passes && !stays_out {
                outline.notes.push(NoteId(id));
                outline.saved.push(saved_at(id, shifts.get(&id).copied()));
                outline.starts.push(narrow(start)?);
                from.push(site);
            } else {
                tagged.truncate(start);
            }
        }
        outline.starts.push(narrow(tagged.len())?);
        let mut used = tagged.clone();
        used.sort_unstable();
        used.dedup();
        let mut name = self
            .conn
            .prepare_cached("SELECT name FROM tags WHERE id = ?")?;
        for id in &used {
            let name = name.query_row([id], |row| row.get(0))?;
            outline.tags.push(Tag::from_stored(name));
        }
        for id in tagged {
            let place = used.partition_point(|tag| *tag < id);
            outline.tagged.push(narrow(place)?);
        }
        let mut used: Vec<i64> = from.iter().copied().flatten().collect();
        used.sort_unstable();
        used.dedup();
        for id in &used {
            outline.sites.extend(self.site_of_id(*id)?);
        }
        for site in from {
            let place = site.map(|id| narrow(used.partition_point(|site| *site < id)));
            outline.site_of.push(place.transpose()?);
        }
        Ok((outline, left_out))
    }

    /// Returns notes, oldest first; with `after`, only newer ones.
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

    /// Returns notes in the trash, latest deletion first.
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

    /// Returns notes in the trash by the time of their save, oldest first.
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

fn narrow(number: usize) -> Result<u32> {
    u32::try_from(number).map_err(Error::internal)
}

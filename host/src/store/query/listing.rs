//! Long sorted lists of notes, in pages that stay correct when notes are added or deleted.

use crate::{
    domain::{Note, NoteId, Query},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::note_rows::{load_ids, trashed},
    },
};

/// Length of the part of a title that is used for sorting, in characters.
const TITLE_KEY: usize = 64;

/// The order of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListOrder {
    /// By time of save, newest first.
    #[default]
    Newest,
    /// By time of save, oldest first.
    Oldest,
    /// By time of the last change, latest first; in the trash, by time of deletion.
    Updated,
    /// By title, ignoring case. A note without a title is sorted by its address.
    Title,
}

impl ListOrder {
    const LETTERS: [(char, Self); 4] = [
        ('n', Self::Newest),
        ('o', Self::Oldest),
        ('u', Self::Updated),
        ('t', Self::Title),
    ];
}

/// The sort key of a note.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// None; the notes are sorted by id.
    Id,
    Moment(i64),
    Title(Box<str>),
}

/// The ids of all notes of a list, sorted. Takes about twenty bytes per note, more if sorted by
/// title.
#[derive(Debug, Clone)]
pub struct Listing {
    order: ListOrder,
    deleted: bool,
    /// Always ascending; descending orders read it backwards.
    entries: Vec<(Key, NoteId)>,
}

impl Listing {
    /// Lists the notes that match a query.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn of(reader: &Reader, query: &Query, order: ListOrder) -> Result<Self> {
        let ids = reader.matching_now(query)?;
        let sql = match (order, query.deleted) {
            (ListOrder::Newest | ListOrder::Oldest, _) => None,
            (ListOrder::Updated, false) => Some("SELECT updated_at FROM notes WHERE id = ?"),
            (ListOrder::Updated, true) => Some("SELECT deleted_at FROM trash WHERE id = ?"),
            (ListOrder::Title, false) => {
                Some("SELECT iif(title = '', url, title) FROM notes WHERE id = ?")
            }
            (ListOrder::Title, true) => {
                Some("SELECT iif(title = '', url, title) FROM trash WHERE id = ?")
            }
        };
        let mut entries = Vec::with_capacity(ids.len());
        if let Some(sql) = sql {
            let mut key = reader.conn.prepare_cached(sql)?;
            for id in ids {
                let key = key.query_row([id.0], |row| {
                    Ok(match order {
                        ListOrder::Title => Key::Title(title_key(row.get_ref(0)?.as_str()?)),
                        _ => Key::Moment(row.get(0)?),
                    })
                })?;
                entries.push((key, id));
            }
        } else {
            entries.extend(ids.into_iter().map(|id| (Key::Id, id)));
        }
        entries.sort_unstable();
        Ok(Self {
            order,
            deleted: query.deleted,
            entries,
        })
    }

    /// Returns the number of notes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn descends(&self) -> bool {
        matches!(self.order, ListOrder::Newest | ListOrder::Updated)
    }

    fn at(&self, place: usize) -> Option<&(Key, NoteId)> {
        match self.descends() {
            true => self.entries.get(self.entries.len().checked_sub(place + 1)?),
            false => self.entries.get(place),
        }
    }

    /// Returns the position after the note of a cursor, even if that note was deleted meanwhile.
    ///
    /// # Errors
    /// `InvalidParams` if the cursor is from a list in another order.
    pub fn place_after(&self, cursor: &str) -> Result<usize> {
        let last = read_cursor(cursor, self.order).ok_or_else(|| {
            Error::InvalidParams(
                "The cursor is from another list. Start again without a cursor.".into(),
            )
        })?;
        Ok(match self.descends() {
            true => self.len() - self.entries.partition_point(|entry| *entry < last),
            false => self.entries.partition_point(|entry| *entry <= last),
        })
    }

    /// Returns a cursor for the page that follows the note at a position.
    #[must_use]
    pub fn cursor(&self, place: usize) -> Option<String> {
        let (key, id) = self.at(place)?;
        let letters = ListOrder::LETTERS.iter();
        let (letter, _) = letters.clone().find(|(_, order)| *order == self.order)?;
        let key = match key {
            Key::Id => String::new(),
            Key::Moment(moment) => moment.to_string(),
            Key::Title(title) => title.to_string(),
        };
        Some(format!("{letter}:{}:{key}", id.0))
    }

    /// Returns at most `limit` ids from a position on.
    #[must_use]
    pub fn ids(&self, from: usize, limit: usize) -> Vec<i64> {
        let end = from.saturating_add(limit).min(self.len());
        let ids = (from..end).filter_map(|place| self.at(place));
        ids.map(|(_, id)| id.0).collect()
    }

    /// Returns at most `limit` notes from a position on.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes(&self, reader: &Reader, from: usize, limit: usize) -> Result<Vec<Note>> {
        let ids = self.ids(from, limit);
        if !self.deleted {
            return load_ids(&reader.conn, &ids);
        }
        let mut notes = Vec::with_capacity(ids.len());
        for id in ids {
            notes.extend(trashed(
                &reader.conn,
                "SELECT * FROM trash WHERE id = ?",
                [id],
            )?);
        }
        Ok(notes)
    }
}

fn title_key(title: &str) -> Box<str> {
    let letters = title.trim_start().chars().flat_map(char::to_lowercase);
    letters.take(TITLE_KEY).collect::<String>().into()
}

fn read_cursor(cursor: &str, order: ListOrder) -> Option<(Key, NoteId)> {
    let mut parts = cursor.splitn(3, ':');
    let (letter, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let known = ListOrder::LETTERS
        .iter()
        .any(|(known, of)| *of == order && letter.len() == 1 && letter.starts_with(*known));
    let key = match order {
        _ if !known => return None,
        ListOrder::Newest | ListOrder::Oldest => Key::Id,
        ListOrder::Updated => Key::Moment(key.parse().ok()?),
        ListOrder::Title => Key::Title(key.into()),
    };
    Some((key, NoteId(id.parse().ok()?)))
}

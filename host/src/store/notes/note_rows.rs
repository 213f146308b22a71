//! Reads notes from their tables.

use std::fs;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use crate::{
    domain::{Metadata, Note, NoteId, PageUrl, Tag},
    error::{Error, Result},
    store::connection::reader::Reader,
};

/// Statistics of the whole store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Notes, without the trash.
    pub notes: u64,
    /// Tags in use.
    pub tags: u64,
    /// Web sites with at least one note.
    pub sites: u64,
    /// Notes in the trash.
    pub trash: u64,
    /// Database and write-ahead log, in bytes.
    pub database_bytes: u64,
    /// When the oldest note was saved.
    pub first: Option<Timestamp>,
    /// When the newest note was.
    pub last: Option<Timestamp>,
}

/// Number of notes up to which a listing page by number is reached by walking over the table.
const WALKED: i64 = if cfg!(test) { 5 } else { 2_000 };

pub(in crate::store) fn moment(micros: i64) -> Timestamp {
    NoteId(micros).moment()
}

/// Returns when the note with this id was saved. `shift` is the column: how many µs the id is
/// later, or `None` if both are equal.
pub(in crate::store) fn saved_at(id: i64, shift: Option<i64>) -> Timestamp {
    moment(id - shift.unwrap_or(0))
}

/// The inverse of [`saved_at`].
pub(in crate::store) fn shift_of(note: &Note) -> Option<i64> {
    let shift = note.id.0 - NoteId::at(note.saved_at).0;
    (shift > 0).then_some(shift)
}

/// Builds a `SELECT` of whole notes. `rest` is a literal in this module.
macro_rules! select_notes {
    ($rest:literal) => {
        concat!(
            "SELECT n.id, n.url, n.title, n.summary, n.excerpt, n.published_at, n.site_name, \
             n.lang, n.updated_at, n.shift, n.addresses, n.title_typed, n.read, n.page_title FROM notes n ",
            $rest
        )
    };
}
pub(in crate::store) use select_notes;

impl Reader {
    /// Returns the note with this id, unless it is in the trash.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn note(&self, id: NoteId) -> Result<Option<Note>> {
        let notes = load(&self.conn, select_notes!("WHERE n.id = ?"), [id.0])?;
        Ok(notes.into_iter().next())
    }

    /// Returns the note of this page, by its page key or by that of another of its addresses.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn note_for_url(&self, url: &PageUrl) -> Result<Option<Note>> {
        note_of_page(&self.conn, url)
    }

    /// Returns the newest deleted note with this page key.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn trashed_note_for_url(&self, url: &PageUrl) -> Result<Option<Note>> {
        trashed(
            &self.conn,
            "SELECT * FROM trash WHERE page_key = ? ORDER BY deleted_at DESC, id DESC LIMIT 1",
            [url.key()],
        )
    }

    /// Returns the deleted note with this id.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn trashed_note(&self, id: NoteId) -> Result<Option<Note>> {
        trashed(&self.conn, "SELECT * FROM trash WHERE id = ?", [id.0])
    }

    /// Returns notes, newest first; with `before`, only older ones.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn latest_notes(&self, before: Option<NoteId>, limit: u32) -> Result<Vec<Note>> {
        load(
            &self.conn,
            select_notes!("WHERE n.id < ? ORDER BY n.id DESC LIMIT ?"),
            params![before.unwrap_or(NoteId::MAX).0, limit],
        )
    }

    /// Returns when the note with this id was saved.
    pub(in crate::store) fn saved_at(&self, id: i64) -> Result<Timestamp> {
        let mut query = self
            .conn
            .prepare_cached("SELECT shift FROM notes WHERE id = ?")?;
        Ok(saved_at(id, query.query_row([id], |row| row.get(0))?))
    }

    /// Returns an id later than those of all notes saved before `moment`. Some of the notes before
    /// it may have been saved later.
    pub(in crate::store) fn saved_before(&self, moment: Timestamp) -> Result<NoteId> {
        let mut query = self
            .conn
            .prepare_cached("SELECT max(shift) FROM notes WHERE shift IS NOT NULL")?;
        let longest: Option<i64> = query.query_row([], |row| row.get(0))?;
        let end = NoteId::at(moment).0.saturating_add(longest.unwrap_or(0));
        Ok(NoteId(end).min(NoteId::MAX))
    }

    /// Returns a listing page of all notes, newest first, counted from 0.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_page(&self, page: u64, per_page: u32) -> Result<Vec<Note>> {
        let offset = page.saturating_mul(per_page.into());
        let Ok(offset) = i64::try_from(offset) else {
            return Ok(Vec::new());
        };
        // For distant pages, reads and sorts the ids from an index that is a hundredth of the
        // table's size; walking over the table would read all skipped rows from the disk.
        let page = if offset > WALKED {
            select_notes!(
                "WHERE n.id IN (SELECT id FROM (SELECT id FROM notes INDEXED BY notes_by_site) \
                 ORDER BY id DESC LIMIT ? OFFSET ?) ORDER BY n.id DESC"
            )
        } else {
            select_notes!(
                "WHERE n.id IN (SELECT id FROM notes ORDER BY id DESC LIMIT ? OFFSET ?) \
                 ORDER BY n.id DESC"
            )
        };
        load(&self.conn, page, params![per_page, offset])
    }

    /// Returns the number of notes from a site, named as by [`PageUrl::site`].
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_on_site(&self, site: &str) -> Result<u64> {
        if site.is_empty() {
            return Ok(0);
        }
        Ok(self
            .conn
            .prepare_cached("SELECT uses FROM sites WHERE labels = ?")?
            .query_row([labels(site)], |row| row.get(0))
            .optional()?
            .unwrap_or(0))
    }

    /// Returns statistics of the whole store.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn stats(&self) -> Result<Stats> {
        let counts = self.counts()?;
        let (sites, trash) = self.conn.query_row(
            "SELECT sites, (SELECT count(*) FROM trash) FROM meta",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let saved = |sql| {
            let found = self
                .conn
                .query_row(sql, [], |row| Ok(saved_at(row.get(0)?, row.get(1)?)));
            found.optional()
        };
        let mut log = self.path.as_os_str().to_owned();
        log.push("-wal");
        let bytes = |path: &std::path::Path| fs::metadata(path).map_or(0, |file| file.len());
        Ok(Stats {
            notes: counts.notes,
            tags: counts.tags,
            sites,
            trash,
            database_bytes: bytes(&self.path) + bytes(log.as_ref()),
            first: saved("SELECT id, shift FROM notes ORDER BY id LIMIT 1")?,
            last: saved("SELECT id, shift FROM notes ORDER BY id DESC LIMIT 1")?,
        })
    }
}

/// Reverses the labels of a site's name, as stored in the table of sites, so that a site and its
/// subdomains share a prefix.
pub(in crate::store) fn labels(site: &str) -> String {
    site.rsplit('.').flat_map(|label| [label, "."]).collect()
}

/// Returns the site for reversed labels, the inverse of [`labels`].
pub(in crate::store) fn name_of(labels: &str) -> String {
    let labels: Vec<&str> = labels.trim_end_matches('.').rsplit('.').collect();
    labels.join(".")
}

/// Returns the existing notes with these ids, in their order.
pub(in crate::store) fn load_ids(conn: &Connection, ids: &[i64]) -> Result<Vec<Note>> {
    let mut notes = Vec::with_capacity(ids.len());
    for id in ids {
        notes.append(&mut load(conn, select_notes!("WHERE n.id = ?"), [id])?);
    }
    Ok(notes)
}

/// Returns the notes of a query built with [`select_notes`], with their tags.
pub(in crate::store) fn load(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Note>> {
    let mut notes = conn
        .prepare_cached(sql)?
        .query_map(params, note_of_row)?
        .collect::<rusqlite::Result<Vec<Note>>>()?;
    if notes.is_empty() {
        return Ok(notes);
    }
    let mut tags = conn.prepare_cached(
        "SELECT t.name FROM note_tags nt JOIN tags t ON t.id = nt.tag_id \
         WHERE nt.note_id = ? ORDER BY nt.position",
    )?;
    for note in &mut notes {
        note.tags = tags
            .query_map([note.id.0], |row| row.get(0).map(Tag::from_stored))?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(notes)
}

/// See [`Reader::note_for_url`].
pub(in crate::store) fn note_of_page(conn: &Connection, url: &PageUrl) -> Result<Option<Note>> {
    let own = load(conn, select_notes!("WHERE n.page_key = ?"), [url.key()])?;
    match own.into_iter().next() {
        Some(note) => Ok(Some(note)),
        None => note_of_other_address(conn, url),
    }
}

/// Returns the note that has this page as another of its addresses.
pub(in crate::store) fn note_of_other_address(
    conn: &Connection,
    url: &PageUrl,
) -> Result<Option<Note>> {
    let others = load(
        conn,
        select_notes!("WHERE n.id = (SELECT min(note_id) FROM address_keys WHERE page_key = ?)"),
        [url.key()],
    )?;
    Ok(others.into_iter().next())
}

/// Encodes addresses for their column: a JSON array, or NULL if there are none.
pub(in crate::store) fn addresses_column(addresses: &[String]) -> Result<Option<String>> {
    if addresses.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(addresses)
        .map(Some)
        .map_err(Error::internal)
}

/// The inverse of [`addresses_column`].
pub(in crate::store) fn addresses_of_column(text: Option<&str>) -> Vec<String> {
    // Invalid JSON only occurs in a damaged database; `check` reports it.
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// Returns the deleted note of a query over the trash.
pub(in crate::store) fn trashed(
    conn: &Connection,
    sql: &str,
    key: impl Params,
) -> Result<Option<Note>> {
    conn.prepare_cached(sql)?
        .query_row(key, deleted_note)
        .optional()?
        .transpose()
}

/// Reads a note from a row of the trash.
pub(in crate::store) fn deleted_note(row: &Row<'_>) -> rusqlite::Result<Result<Note>> {
    let id = row.get("id")?;
    let note = Note {
        id: NoteId(id),
        saved_at: saved_at(id, row.get("shift")?),
        url: row.get("url")?,
        title: row.get("title")?,
        title_typed: row.get("title_typed")?,
        page_title: row.get("page_title")?,
        addresses: addresses_of_column(row.get_ref("addresses")?.as_str_or_null()?),
        tags: Vec::new(),
        summary: row.get("summary")?,
        metadata: Metadata {
            excerpt: row.get("excerpt")?,
            published_at: row.get("published_at")?,
            site_name: row.get("site_name")?,
            lang: row.get("lang")?,
        },
        updated_at: moment(row.get("updated_at")?),
        deleted_at: Some(moment(row.get("deleted_at")?)),
        read: row.get("read")?,
    };
    let tags = tags_of_trash(&row.get::<_, String>("tags")?);
    Ok(tags.map(|tags| Note { tags, ..note }))
}

/// Decodes the tags of a row of the trash.
pub(in crate::store) fn tags_of_trash(text: &str) -> Result<Vec<Tag>> {
    let names: Vec<String> = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(names.into_iter().map(Tag::from_stored).collect())
}

/// The inverse of [`tags_of_trash`].
pub(in crate::store) fn tags_for_trash(tags: &[Tag]) -> Result<String> {
    let names: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    serde_json::to_string(&names).map_err(Error::internal)
}

/// Reads a note without its tags.
pub(in crate::store) fn note_of_row(row: &Row<'_>) -> rusqlite::Result<Note> {
    let id = row.get(0)?;
    Ok(Note {
        id: NoteId(id),
        saved_at: saved_at(id, row.get(9)?),
        url: row.get(1)?,
        title: row.get(2)?,
        title_typed: row.get(11)?,
        page_title: row.get(13)?,
        addresses: addresses_of_column(row.get_ref(10)?.as_str_or_null()?),
        tags: Vec::new(),
        summary: row.get(3)?,
        metadata: Metadata {
            excerpt: row.get(4)?,
            published_at: row.get(5)?,
            site_name: row.get(6)?,
            lang: row.get(7)?,
        },
        updated_at: moment(row.get(8)?),
        deleted_at: None,
        read: row.get(12)?,
    })
}

/// Returns the page keys of addresses without duplicates and without that of their note.
pub(in crate::store) fn other_keys(addresses: &[String], own: &str) -> Vec<String> {
    let mut keys: Vec<String> = addresses
        .iter()
        .filter_map(|url| Some(PageUrl::parse(url).ok()?.key().to_owned()))
        .filter(|key| key != own)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

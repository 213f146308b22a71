//! Notes: reading them, and the four writes (save, change, delete, restore).

use std::fs;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use super::{
    Reader, Writer,
    index::{self, Indexed},
    tags::without_aliases,
};
use crate::{
    domain::{Change, Metadata, NewNote, Note, NoteId, PageUrl, Tag},
    error::{Error, Result},
};

/// What a save did.
#[derive(Debug, Clone)]
pub struct SavedNote {
    /// As it now is.
    pub note: Note,
    /// As it was, where the page had been saved before.
    pub before: Option<Note>,
}

/// Figures on the whole store.
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

/// So many notes are walked over to reach a page by its number.
const WALKED: i64 = if cfg!(test) { 5 } else { 2_000 };

fn moment(micros: i64) -> Timestamp {
    NoteId(micros).moment()
}

/// When the note of this id was saved. `shift`: how many µs its id is later, as the
/// column has it; none where the two are one.
pub(super) fn saved_at(id: i64, shift: Option<i64>) -> Timestamp {
    moment(id - shift.unwrap_or(0))
}

/// The other way of [`saved_at`].
pub(super) fn shift_of(note: &Note) -> Option<i64> {
    let shift = note.id.0 - NoteId::at(note.saved_at).0;
    (shift > 0).then_some(shift)
}

/// A `SELECT` of whole notes; `rest` is a literal of this module.
macro_rules! select_notes {
    ($rest:literal) => {
        concat!(
            "SELECT n.id, n.url, n.title, n.summary, n.excerpt, n.published_at, n.site_name, \
             n.lang, n.updated_at, n.shift, n.addresses, n.title_typed FROM notes n ",
            $rest
        )
    };
}
pub(super) use select_notes;

impl Reader {
    /// The live note of this id.
    ///
    /// # Errors
    /// The `store_*` kinds, as of every method here.
    pub fn note(&self, id: NoteId) -> Result<Option<Note>> {
        let notes = load(&self.conn, select_notes!("WHERE n.id = ?"), [id.0])?;
        Ok(notes.into_iter().next())
    }

    /// The live note of this page: by its page key, else by that of another address that
    /// it has.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn note_for_url(&self, url: &PageUrl) -> Result<Option<Note>> {
        note_of_page(&self.conn, url)
    }

    /// The newest deleted note of this page key.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn trashed_note_for_url(&self, url: &PageUrl) -> Result<Option<Note>> {
        trashed(
            &self.conn,
            "SELECT * FROM trash WHERE page_key = ? ORDER BY deleted_at DESC, id DESC",
            [url.key()],
        )
    }

    /// The deleted note of this id.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn trashed_note(&self, id: NoteId) -> Result<Option<Note>> {
        trashed(&self.conn, "SELECT * FROM trash WHERE id = ?", [id.0])
    }

    /// Newest first, those before `before` where it is given.
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

    /// When the live note of this id was saved.
    pub(super) fn saved_at(&self, id: i64) -> Result<Timestamp> {
        let mut query = self
            .conn
            .prepare_cached("SELECT shift FROM notes WHERE id = ?")?;
        Ok(saved_at(id, query.query_row([id], |row| row.get(0))?))
    }

    /// The id that is later than those of all notes saved before `moment`; some of
    /// the notes before it may have been saved later.
    pub(super) fn saved_before(&self, moment: Timestamp) -> Result<NoteId> {
        let mut query = self
            .conn
            .prepare_cached("SELECT max(shift) FROM notes WHERE shift IS NOT NULL")?;
        let longest: Option<i64> = query.query_row([], |row| row.get(0))?;
        let end = NoteId::at(moment).0.saturating_add(longest.unwrap_or(0));
        Ok(NoteId(end).min(NoteId::MAX))
    }

    /// A page of all notes, newest first, counted from 0.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn notes_page(&self, page: u64, per_page: u32) -> Result<Vec<Note>> {
        let offset = page.saturating_mul(per_page.into());
        let Ok(offset) = i64::try_from(offset) else {
            return Ok(Vec::new());
        };
        // Far down, the ids come from an index that is a hundredth of the table, and
        // are sorted: walking over the table reads all that was skipped from the disk.
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

    /// Number of notes from a site, as [`PageUrl::site`] names it.
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

    /// Figures on the whole store.
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

/// A site's name from its end, as the table of sites has it: a site and all that
/// are below it begin alike.
pub(super) fn labels(site: &str) -> String {
    site.rsplit('.').flat_map(|label| [label, "."]).collect()
}

/// The notes of these ids that are there, in their order.
pub(super) fn load_ids(conn: &Connection, ids: &[i64]) -> Result<Vec<Note>> {
    let mut notes = Vec::with_capacity(ids.len());
    for id in ids {
        notes.append(&mut load(conn, select_notes!("WHERE n.id = ?"), [id])?);
    }
    Ok(notes)
}

/// The notes of a query over [`select_notes`], with their tags.
pub(super) fn load(conn: &Connection, sql: &str, params: impl Params) -> Result<Vec<Note>> {
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
pub(super) fn note_of_page(conn: &Connection, url: &PageUrl) -> Result<Option<Note>> {
    let own = load(conn, select_notes!("WHERE n.page_key = ?"), [url.key()])?;
    if let Some(note) = own.into_iter().next() {
        return Ok(Some(note));
    }
    let others = load(
        conn,
        select_notes!("WHERE n.id = (SELECT min(note_id) FROM address_keys WHERE page_key = ?)"),
        [url.key()],
    )?;
    Ok(others.into_iter().next())
}

/// Addresses as their column has them: a JSON array, nothing where there are none.
pub(super) fn addresses_column(addresses: &[String]) -> Result<Option<String>> {
    if addresses.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(addresses)
        .map(Some)
        .map_err(Error::internal)
}

/// The other way of [`addresses_column`].
pub(super) fn addresses_of_column(text: Option<&str>) -> Vec<String> {
    // Only a damaged text is none; `check` finds it.
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}

/// The deleted note of a query over the trash.
fn trashed(conn: &Connection, sql: &str, key: impl Params) -> Result<Option<Note>> {
    conn.prepare_cached(sql)?
        .query_row(key, deleted_note)
        .optional()?
        .transpose()
}

/// The note of a row of the trash.
pub(super) fn deleted_note(row: &Row<'_>) -> rusqlite::Result<Result<Note>> {
    let id = row.get("id")?;
    let note = Note {
        id: NoteId(id),
        saved_at: saved_at(id, row.get("shift")?),
        url: row.get("url")?,
        title: row.get("title")?,
        title_typed: row.get("title_typed")?,
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
    };
    let tags = tags_of_trash(&row.get::<_, String>("tags")?);
    Ok(tags.map(|tags| Note { tags, ..note }))
}

/// Tags as a row of the trash has them.
pub(super) fn tags_of_trash(text: &str) -> Result<Vec<Tag>> {
    let names: Vec<String> = serde_json::from_str(text).map_err(Error::internal)?;
    Ok(names.into_iter().map(Tag::from_stored).collect())
}

/// The other way of [`tags_of_trash`].
pub(super) fn tags_for_trash(tags: &[Tag]) -> Result<String> {
    let names: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    serde_json::to_string(&names).map_err(Error::internal)
}

/// A note without its tags.
fn note_of_row(row: &Row<'_>) -> rusqlite::Result<Note> {
    let id = row.get(0)?;
    Ok(Note {
        id: NoteId(id),
        saved_at: saved_at(id, row.get(9)?),
        url: row.get(1)?,
        title: row.get(2)?,
        title_typed: row.get(11)?,
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
    })
}

/// Whose the title of a save is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TitleOf {
    Page,
    User,
}

/// The page keys of addresses, each once, without that of their note.
pub(super) fn other_keys(addresses: &[String], own: &str) -> Vec<String> {
    let mut keys: Vec<String> = addresses
        .iter()
        .filter_map(|url| Some(PageUrl::parse(url).ok()?.key().to_owned()))
        .filter(|key| key != own)
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl Writer<'_> {
    /// Stores a page, or adds to the note that it has: see [`Note::resaved`].
    /// Where a tag was given by another name of it, the note gets the tag.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag`, the `store_*` kinds.
    pub fn save_note(&self, new: &NewNote) -> Result<SavedNote> {
        self.save_note_of(new, self.now)
    }

    /// As [`Writer::save_note`], with a title that is the page's own: it takes the place of
    /// an earlier one of the page, never of one that somebody gave.
    ///
    /// # Errors
    /// Those of `save_note`.
    pub fn save_page(&self, new: &NewNote) -> Result<SavedNote> {
        self.save(new, self.now, TitleOf::Page)
    }

    /// As [`Writer::save_note`], for a page that was saved elsewhere at `moment`.
    ///
    /// # Errors
    /// Those of `save_note`.
    pub fn save_note_of(&self, new: &NewNote, moment: Timestamp) -> Result<SavedNote> {
        self.save(new, moment, TitleOf::User)
    }

    fn save(&self, new: &NewNote, moment: Timestamp, title: TitleOf) -> Result<SavedNote> {
        let new = &NewNote {
            tags: without_aliases(&self.tx, &new.tags)?,
            ..new.clone()
        };
        if let Some(mut note) = note_of_page(&self.tx, &new.url)? {
            let before = Some(note.clone());
            match title {
                TitleOf::Page => note.retitled_by_page(&new.title)?,
                // Somebody gives a title where there is only the page's.
                TitleOf::User if !note.title_typed && !new.title.trim().is_empty() => {
                    note.title.clone_from(&new.title);
                    note.title_typed = true;
                }
                TitleOf::User => {}
            }
            let note = note.resaved(new, self.now)?;
            self.store_fields(&note)?;
            self.store_tags(&note)?;
            self.index(&note, Indexed::Before);
            return Ok(SavedNote { note, before });
        }
        let wanted = NoteId::at(moment);
        let id = self.free_id(wanted)?;
        let mut note = new.clone().into_note(id, wanted.moment(), self.now)?;
        note.title_typed = title == TitleOf::User && !note.title.is_empty();
        self.insert(&note, new.url.key(), new.url.site())?;
        Ok(SavedNote { note, before: None })
    }

    /// Replaces the fields that are given: see [`Note::changed`].
    /// Where a tag was given by another name of it, the note gets the tag.
    ///
    /// # Errors
    /// `NotFound`, also in the trash; `TooLarge`; the `store_*` kinds.
    pub fn update_note(&self, id: NoteId, mut change: Change) -> Result<Note> {
        // What was seen, too: a popup goes on showing the name that was typed.
        for tags in [&mut change.tags, &mut change.seen_tags]
            .into_iter()
            .flatten()
        {
            *tags = without_aliases(&self.tx, tags)?;
        }
        let note = self.live(id)?.ok_or(Error::NotFound)?;
        let note = note.changed(change, self.now)?;
        self.store_fields(&note)?;
        self.store_tags(&note)?;
        self.index(&note, Indexed::Before);
        Ok(note)
    }

    /// Moves a note into the trash. One that is there already stays as it is.
    ///
    /// # Errors
    /// `NotFound`, the `store_*` kinds.
    pub fn delete_note(&self, id: NoteId) -> Result<Note> {
        let Some(mut note) = self.live(id)? else {
            return trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])?
                .ok_or(Error::NotFound);
        };
        let tags = tags_for_trash(&note.tags)?;
        let deleted_at = self.clock.stamp(self.now);
        self.execute(
            "INSERT INTO trash (id, page_key, url, title, summary, excerpt, published_at,
                                site_name, lang, updated_at, tags, deleted_at, shift,
                                addresses, title_typed)
             SELECT id, page_key, url, title, summary, excerpt, published_at,
                    site_name, lang, updated_at, ?2, ?3, shift, addresses, title_typed
             FROM notes WHERE id = ?1",
            params![id.0, tags, deleted_at.as_microsecond()],
        )?;
        self.remove(id)?;
        note.deleted_at = Some(deleted_at);
        Ok(note)
    }

    /// Takes a note out of the trash. One that isn't there stays as it is.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` where the page was saved anew; the `store_*` kinds.
    pub fn restore_note(&self, id: NoteId) -> Result<Note> {
        if let Some(note) = self.live(id)? {
            return Ok(note);
        }
        let mut note = trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])?
            .ok_or(Error::NotFound)?;
        let url = PageUrl::parse(&note.url)?;
        if note_of_page(&self.tx, &url)?.is_some() {
            return Err(Error::Conflict);
        }
        note.deleted_at = None;
        self.insert(&note, url.key(), url.site())?;
        self.execute("DELETE FROM trash WHERE id = ?", [id.0])?;
        Ok(note)
    }

    /// Takes a live note away, with all that belongs to it.
    pub(super) fn remove(&self, id: NoteId) -> Result<()> {
        self.execute("DELETE FROM note_tags WHERE note_id = ?", [id.0])?;
        self.execute("DELETE FROM address_keys WHERE note_id = ?", [id.0])?;
        self.unindex(id)?;
        self.execute("DELETE FROM notes WHERE id = ?", [id.0])
    }

    pub(super) fn live(&self, id: NoteId) -> Result<Option<Note>> {
        let notes = load(&self.tx, select_notes!("WHERE n.id = ?"), [id.0])?;
        Ok(notes.into_iter().next())
    }

    /// This id, or the next one that is free. No two notes share a millisecond: see
    /// `index.rs`.
    pub(super) fn free_id(&self, wanted: NoteId) -> Result<NoteId> {
        let mut id = wanted;
        let mut taken = self.tx.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM notes WHERE id >= ?1 AND id < ?2)
                 OR EXISTS (SELECT 1 FROM trash WHERE id >= ?1 AND id < ?2)",
        )?;
        while taken.query_row(
            params![index::first_id(id), index::first_id(id) + index::ROW_MICROS],
            |row| row.get(0),
        )? {
            id.0 = index::first_id(id) + index::ROW_MICROS;
        }
        Ok(id)
    }

    pub(super) fn insert(&self, note: &Note, page_key: &str, site: &str) -> Result<()> {
        let site_id = self.site_id(site)?;
        self.execute(
            "INSERT INTO notes (id, page_key, site_id, url, title, summary, excerpt, published_at,
                                site_name, lang, updated_at, shift, addresses, title_typed)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                note.id.0,
                page_key,
                site_id,
                note.url,
                note.title,
                note.summary,
                note.metadata.excerpt,
                note.metadata.published_at,
                note.metadata.site_name,
                note.metadata.lang,
                note.updated_at.as_microsecond(),
                shift_of(note),
                addresses_column(&note.addresses)?,
                note.title_typed,
            ],
        )?;
        for (position, tag) in (0_i64..).zip(&note.tags) {
            self.insert_tag(note.id, self.tag_id(tag)?, position)?;
        }
        self.list_if_untagged(note)?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.add_note(site_id);
        }
        self.bound_bulk()?;
        if !note.addresses.is_empty() {
            self.store_address_keys(note, page_key)?;
        }
        self.index(note, Indexed::Not);
        Ok(())
    }

    /// A note without tags is listed apart; a trigger takes it out with its first tag.
    fn list_if_untagged(&self, note: &Note) -> Result<()> {
        if note.tags.is_empty() {
            self.execute(
                "INSERT OR IGNORE INTO untagged (note_id) VALUES (?)",
                [note.id.0],
            )?;
        }
        Ok(())
    }

    fn insert_tag(&self, note: NoteId, tag: i64, position: i64) -> Result<()> {
        self.execute(
            "INSERT INTO note_tags (tag_id, note_id, position) VALUES (?, ?, ?)",
            [tag, note.0, position],
        )?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.add_tag(tag);
        }
        Ok(())
    }

    pub(super) fn store_fields(&self, note: &Note) -> Result<()> {
        self.execute(
            "UPDATE notes SET title = ?2, summary = ?3, excerpt = ?4, published_at = ?5,
                              site_name = ?6, lang = ?7, updated_at = ?8, addresses = ?9,
                              title_typed = ?10
             WHERE id = ?1",
            params![
                note.id.0,
                note.title,
                note.summary,
                note.metadata.excerpt,
                note.metadata.published_at,
                note.metadata.site_name,
                note.metadata.lang,
                note.updated_at.as_microsecond(),
                addresses_column(&note.addresses)?,
                note.title_typed,
            ],
        )?;
        if !note.addresses.is_empty() {
            let key = PageUrl::parse(&note.url).map(|url| url.key().to_owned());
            self.store_address_keys(note, &key.unwrap_or_default())?;
        }
        // Who holds notes in memory holds the old texts.
        self.execute(
            "INSERT OR IGNORE INTO changes SELECT revision + 1, ?1 FROM meta",
            [note.id.0],
        )
    }

    /// The page keys of the other addresses of a note, where they aren't its own.
    pub(super) fn store_address_keys(&self, note: &Note, own: &str) -> Result<()> {
        self.execute("DELETE FROM address_keys WHERE note_id = ?", [note.id.0])?;
        for key in other_keys(&note.addresses, own) {
            self.execute(
                "INSERT OR IGNORE INTO address_keys (page_key, note_id) VALUES (?, ?)",
                params![key, note.id.0],
            )?;
        }
        Ok(())
    }

    /// Brings the tags of a note to the list that it has now. Tags that stay
    /// keep their row, so that their counts aren't touched.
    pub(super) fn store_tags(&self, note: &Note) -> Result<()> {
        let mut stored: Vec<(i64, i64)> = self
            .tx
            .prepare_cached("SELECT tag_id, position FROM note_tags WHERE note_id = ?")?
            .query_map([note.id.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (position, tag) in (0_i64..).zip(&note.tags) {
            let tag_id = self.tag_id(tag)?;
            match stored.iter().position(|(id, _)| *id == tag_id) {
                Some(at) => {
                    let (_, place) = stored.swap_remove(at);
                    if place != position {
                        self.execute(
                            "UPDATE note_tags SET position = ? WHERE tag_id = ? AND note_id = ?",
                            [position, tag_id, note.id.0],
                        )?;
                    }
                }
                None => self.insert_tag(note.id, tag_id, position)?,
            }
        }
        self.list_if_untagged(note)?;
        for (tag_id, _) in stored {
            self.execute(
                "DELETE FROM note_tags WHERE tag_id = ? AND note_id = ?",
                [tag_id, note.id.0],
            )?;
        }
        Ok(())
    }

    /// The row of a site. None for what comes from no site.
    fn site_id(&self, site: &str) -> Result<Option<i64>> {
        if site.is_empty() {
            return Ok(None);
        }
        let labels = labels(site);
        if let Some(bulk) = &*self.bulk.borrow()
            && let Some(id) = bulk.site_ids.get(&labels)
        {
            return Ok(Some(*id));
        }
        let id = self.stored_site_id(&labels)?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.know_site(&labels, id);
        }
        Ok(Some(id))
    }

    fn stored_site_id(&self, labels: &str) -> Result<i64> {
        let known = self
            .tx
            .prepare_cached("SELECT id FROM sites WHERE labels = ?")?
            .query_row([labels], |row| row.get(0))
            .optional()?;
        if let Some(id) = known {
            return Ok(id);
        }
        self.execute("INSERT INTO sites (labels) VALUES (?)", [labels])?;
        Ok(self.tx.last_insert_rowid())
    }

    pub(super) fn tag_id(&self, tag: &Tag) -> Result<i64> {
        if let Some(bulk) = &*self.bulk.borrow()
            && let Some(id) = bulk.tag_ids.get(tag.as_str())
        {
            return Ok(*id);
        }
        let id = self.stored_tag_id(tag)?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.know_tag(tag.as_str(), id);
        }
        Ok(id)
    }

    fn stored_tag_id(&self, tag: &Tag) -> Result<i64> {
        let known = self
            .tx
            .prepare_cached("SELECT id FROM tags WHERE name = ?")?
            .query_row([tag.as_str()], |row| row.get(0))
            .optional()?;
        match known {
            Some(id) => Ok(id),
            None => {
                self.execute(
                    "INSERT INTO tags (name, folded) VALUES (?, ?)",
                    params![tag.as_str(), tag.folded()],
                )?;
                let id = self.tx.last_insert_rowid();
                self.index_tag(id);
                Ok(id)
            }
        }
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<()> {
        self.tx.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }
}

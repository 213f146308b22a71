//! Saves, changes, deletes and restores notes.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Params, params};

use crate::{
    domain::{Change, NewNote, NewTitle, Note, NoteId, PageUrl, Tag, TitleOf},
    error::{Error, Result},
    store::{
        notes::{
            aliases::without_aliases,
            fts_index,
            note_rows::{
                addresses_column, labels, load, note_of_page, other_keys, select_notes, shift_of,
                tags_for_trash, trashed,
            },
        },
        transaction::{Writer, pending_index::Indexed},
    },
};

/// Adds a tag to a note: tag, note and position.
pub(super) const INSERT_TAG: &str =
    "INSERT INTO note_tags (tag_id, note_id, position) VALUES (?, ?, ?)";

/// The result of a save.
#[derive(Debug, Clone)]
pub struct SavedNote {
    /// The note after the save.
    pub note: Note,
    /// The note before, if the page had been saved already.
    pub before: Option<Note>,
    /// The page's title, if it has changed and the note has one that the user typed.
    pub new_title: Option<NewTitle>,
}

impl Writer<'_> {
    /// Stores a page, or adds to its existing note: see [`Note::resaved`]. Aliases are replaced by
    /// their tags.
    ///
    /// # Errors
    /// `TooLarge`, `InvalidTag`, the `store_*` kinds.
    pub fn save_note(&self, new: &NewNote) -> Result<SavedNote> {
        self.save_note_of(new, self.now)
    }

    /// Like [`Writer::save_note`], with the page's own title, which is cleaned and replaces an
    /// earlier title of the page but never one that the user typed. `others`: the titles in the
    /// page's metadata.
    ///
    /// # Errors
    /// Those of `save_note`.
    pub fn save_page(&self, new: NewNote, others: &[String]) -> Result<SavedNote> {
        self.save(new, self.now, TitleOf::Page(others))
    }

    /// Like [`Writer::save_note`], for a page that was saved elsewhere at `moment`.
    ///
    /// # Errors
    /// Those of `save_note`.
    pub fn save_note_of(&self, new: &NewNote, moment: Timestamp) -> Result<SavedNote> {
        self.save(new.clone(), moment, TitleOf::User)
    }

    fn save(&self, mut new: NewNote, moment: Timestamp, title: TitleOf<'_>) -> Result<SavedNote> {
        new.tags = without_aliases(&self.tx, &new.tags)?;
        if let Some(before) = note_of_page(&self.tx, &new.url)? {
            let (note, new_title) = before.clone().resaved(new, title, self.now)?;
            self.store_fields(&note)?;
            self.store_tags(&note)?;
            self.index(&note, Indexed::Before);
            return Ok(SavedNote {
                note,
                before: Some(before),
                new_title,
            });
        }
        let wanted = NoteId::at(moment);
        let id = self.free_id(wanted)?;
        let url = new.url.clone();
        let note = new.into_note(id, title, wanted.moment(), self.now)?;
        self.insert(&note, &url)?;
        Ok(SavedNote {
            note,
            before: None,
            new_title: None,
        })
    }

    /// Replaces the given fields: see [`Note::changed`]. Aliases are replaced by their tags.
    ///
    /// # Errors
    /// `NotFound`, also if the note is in the trash; `TooLarge`; the `store_*` kinds.
    pub fn update_note(&self, id: NoteId, mut change: Change) -> Result<Note> {
        // Also in `seen`, because a popup keeps showing the name that was typed.
        for tags in [&mut change.tags, &mut change.seen_tags]
            .into_iter()
            .flatten()
        {
            *tags = without_aliases(&self.tx, tags)?;
        }
        let note = match self.live(id)? {
            Some(note) => note,
            None => self.live_after_sync(id)?.ok_or(Error::NotFound)?,
        };
        let note = note.changed(change, self.now)?;
        self.store_fields(&note)?;
        self.store_tags(&note)?;
        self.index(&note, Indexed::Before);
        Ok(note)
    }

    /// Moves a note to the trash. A note in the trash is not changed.
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
                                addresses, title_typed, read, page_title)
             SELECT id, page_key, url, title, summary, excerpt, published_at,
                    site_name, lang, updated_at, ?2, ?3, shift, addresses, title_typed, read, page_title
             FROM notes WHERE id = ?1",
            params![id.0, tags, deleted_at.as_microsecond()],
        )?;
        self.remove(id)?;
        note.deleted_at = Some(deleted_at);
        Ok(note)
    }

    /// Restores a note from the trash. A note that isn't in the trash is not changed.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if the page was saved again; the `store_*` kinds.
    pub fn restore_note(&self, id: NoteId) -> Result<Note> {
        self.restore_beside(id, |note, other| self.separate_merged(note, other))
    }

    /// Restores a note that another device still has, even if a note into which it was merged has its
    /// address.
    pub(in crate::store) fn restore_as_elsewhere(&self, id: NoteId) -> Result<Note> {
        self.restore_beside(id, |note, other| {
            Ok(PageUrl::parse(&note.url)?.key() != PageUrl::parse(&other.url)?.key())
        })
    }

    /// Restores a note from the trash if `may_be_beside` says so of the note that has its page by now.
    fn restore_beside(
        &self,
        id: NoteId,
        may_be_beside: impl Fn(&Note, &Note) -> Result<bool>,
    ) -> Result<Note> {
        if let Some(note) = self.live(id)? {
            return Ok(note);
        }
        let mut note = trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])?
            .ok_or(Error::NotFound)?;
        let url = PageUrl::parse(&note.url)?;
        if let Some(other) = note_of_page(&self.tx, &url)?
            && !may_be_beside(&note, &other)?
        {
            return Err(Error::Conflict);
        }
        note.deleted_at = None;
        self.insert(&note, &url)?;
        self.index_text(id)?;
        self.execute("DELETE FROM trash WHERE id = ?", [id.0])?;
        Ok(note)
    }

    /// Restores a note from the trash although its page was saved again: adds the content of
    /// `new`, the note that the page has by now, to the restored note, and deletes `new`. If the
    /// page no longer has that note, the restored one stays as it was.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` if the page has yet another note; `TooLarge` and `InvalidTag` if
    /// both don't fit into one note; the `store_*` kinds.
    pub fn restore_note_with(&self, id: NoteId, new: NoteId) -> Result<Note> {
        let page = trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])?;
        let (Some(mut note), Some(new)) = (page, self.live(new)?) else {
            return self.restore_note(id);
        };
        let url = PageUrl::parse(&note.url)?;
        if note_of_page(&self.tx, &url)?.is_none_or(|current| current.id != new.id) {
            return self.restore_note(id);
        }
        note = note.restored_with(&new, self.now)?;
        let (newer_text, gist) = (self.text_row(new.id)?, self.gist(new.id)?);
        self.remove(new.id)?;
        self.insert(&note, &url)?;
        self.index_text(id)?;
        self.adopt_newer_text(id, newer_text.as_ref())?;
        self.adopt_gist(id, gist.as_ref())?;
        self.execute("DELETE FROM trash WHERE id = ?", [id.0])?;
        Ok(note)
    }

    /// Deletes a note permanently, with everything that belongs to it.
    pub(in crate::store) fn remove(&self, id: NoteId) -> Result<()> {
        self.execute("DELETE FROM note_tags WHERE note_id = ?", [id.0])?;
        self.execute("DELETE FROM address_keys WHERE note_id = ?", [id.0])?;
        self.unindex(id)?;
        self.execute("DELETE FROM notes WHERE id = ?", [id.0])
    }

    pub(in crate::store) fn live(&self, id: NoteId) -> Result<Option<Note>> {
        let notes = load(&self.tx, select_notes!("WHERE n.id = ?"), [id.0])?;
        Ok(notes.into_iter().next())
    }

    /// Returns this id or the next free one. No two notes share a millisecond: see `fts_index.rs`.
    pub(in crate::store) fn free_id(&self, wanted: NoteId) -> Result<NoteId> {
        let mut id = wanted;
        let mut taken = self.tx.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM notes WHERE id >= ?1 AND id < ?2)
                 OR EXISTS (SELECT 1 FROM trash WHERE id >= ?1 AND id < ?2)",
        )?;
        while taken.query_row(
            params![
                fts_index::first_id(id),
                fts_index::first_id(id) + fts_index::ROW_MICROS
            ],
            |row| row.get(0),
        )? {
            id.0 = fts_index::first_id(id) + fts_index::ROW_MICROS;
        }
        Ok(id)
    }

    /// Adds a note of a page that has none; `url` is the note's own.
    pub(in crate::store) fn insert(&self, note: &Note, url: &PageUrl) -> Result<()> {
        let page_key = url.key();
        let site_id = self.site_id(url.site())?;
        self.execute(
            "INSERT INTO notes (id, page_key, site_id, url, title, summary, excerpt, published_at,
                                site_name, lang, updated_at, shift, addresses, title_typed, read, page_title)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                note.read,
                note.page_title,
            ],
        )?;
        for (position, tag) in (0_i64..).zip(&note.tags) {
            self.insert_tag(note.id, self.tag_id(tag)?, position)?;
        }
        self.list_if_untagged(note)?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.add_note(site_id);
            bulk.take(page_key, fts_index::row(note.id));
        }
        self.bound_bulk()?;
        if !note.addresses.is_empty() {
            self.store_address_keys(note, page_key)?;
        }
        self.index_new(note, url);
        Ok(())
    }

    /// Writes the address of a note, its page key and its site, and updates the counts of sites.
    pub(in crate::store) fn set_address(&self, note: &Note, url: &PageUrl) -> Result<()> {
        let before: Option<i64> = self
            .tx
            .prepare_cached("SELECT site_id FROM notes WHERE id = ?")?
            .query_row([note.id.0], |row| row.get(0))?;
        let site = self.site_id(url.site())?;
        self.execute(
            "UPDATE notes SET url = ?2, page_key = ?3, site_id = ?4 WHERE id = ?1",
            params![note.id.0, note.url, url.key(), site],
        )?;
        if site != before {
            self.execute(
                "UPDATE sites SET uses = uses - 1 WHERE id = ?",
                params![before],
            )?;
            self.execute(
                "UPDATE sites SET uses = uses + 1 WHERE id = ?",
                params![site],
            )?;
        }
        Ok(())
    }

    /// A note without tags is listed apart; a trigger takes it out with its first tag.
    fn list_if_untagged(&self, note: &Note) -> Result<()> {
        let mut listed = 0;
        if note.tags.is_empty() {
            let sql = "INSERT OR IGNORE INTO untagged (note_id) VALUES (?)";
            listed = self.tx.prepare_cached(sql)?.execute([note.id.0])?;
        }
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.untagged += i64::try_from(listed).unwrap_or(0);
        }
        Ok(())
    }

    fn insert_tag(&self, note: NoteId, tag: i64, position: i64) -> Result<()> {
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.add_tag(tag, note.0, position);
            return Ok(());
        }
        self.execute(INSERT_TAG, [tag, note.0, position])
    }

    pub(in crate::store) fn store_fields(&self, note: &Note) -> Result<()> {
        self.execute(
            "UPDATE notes SET title = ?2, summary = ?3, excerpt = ?4, published_at = ?5,
                              site_name = ?6, lang = ?7, updated_at = ?8, addresses = ?9,
                              title_typed = ?10, read = ?11, page_title = ?12
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
                note.read,
                note.page_title,
            ],
        )?;
        if !note.addresses.is_empty() {
            let key = PageUrl::parse(&note.url).map(|url| url.key().to_owned());
            self.store_address_keys(note, &key.unwrap_or_default())?;
        }
        // Processes with notes in memory have the old texts.
        self.execute(
            "INSERT OR IGNORE INTO changes SELECT revision + 1, ?1 FROM meta",
            [note.id.0],
        )
    }

    /// Stores the page keys of the note's other addresses, unless they equal its own.
    pub(in crate::store) fn store_address_keys(&self, note: &Note, own: &str) -> Result<()> {
        self.execute("DELETE FROM address_keys WHERE note_id = ?", [note.id.0])?;
        for key in other_keys(&note.addresses, own) {
            if let Some(bulk) = &mut *self.bulk.borrow_mut() {
                bulk.take_other_page(&key);
            }
            self.execute(
                "INSERT OR IGNORE INTO address_keys (page_key, note_id) VALUES (?, ?)",
                params![key, note.id.0],
            )?;
        }
        Ok(())
    }

    /// Updates the rows of a note's tags. Tags that stay keep their row, so their counts aren't
    /// touched.
    pub(in crate::store) fn store_tags(&self, note: &Note) -> Result<()> {
        let mut stored: Vec<(i64, i64)> = self
            .tx
            .prepare_cached("SELECT tag_id, position FROM note_tags WHERE note_id = ?")?
            .query_map([note.id.0], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        // Else a trigger does so.
        if stored.is_empty() && !note.tags.is_empty() && self.bulk.borrow().is_some() {
            self.execute("DELETE FROM untagged WHERE note_id = ?", [note.id.0])?;
        }
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

    /// Returns the row of a site, or `None` for an address without a site.
    fn site_id(&self, site: &str) -> Result<Option<i64>> {
        if site.is_empty() {
            return Ok(None);
        }
        if let Some(bulk) = &*self.bulk.borrow()
            && let Some(id) = bulk.site_ids.get(site)
        {
            return Ok(Some(*id));
        }
        let id = self.stored_site_id(&labels(site))?;
        if let Some(bulk) = &mut *self.bulk.borrow_mut() {
            bulk.know_site(site, id);
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

    pub(in crate::store) fn tag_id(&self, tag: &Tag) -> Result<i64> {
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

    pub(in crate::store) fn execute(&self, sql: &str, params: impl Params) -> Result<()> {
        self.tx.prepare_cached(sql)?.execute(params)?;
        Ok(())
    }
}

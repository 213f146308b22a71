//! Changes the address of a note, and merges two notes.

use rusqlite::OptionalExtension as _;

use crate::{
    domain::{Note, NoteId, PageUrl},
    error::{Error, Result},
    store::{
        notes::note_rows::note_of_page,
        transaction::{Writer, pending_index::Indexed},
    },
};

impl Writer<'_> {
    /// Changes the address of a note and keeps the old one in its `addresses`.
    ///
    /// # Errors
    /// `NotFound`; `AddressTaken` if the page already has another note; the `store_*` kinds.
    pub fn change_address(&self, id: NoteId, url: &PageUrl) -> Result<Note> {
        let note = self.live(id)?.ok_or(Error::NotFound)?;
        if let Some(other) = note_of_page(&self.tx, url)?
            && other.id != id
        {
            return Err(Error::AddressTaken(other.id.0));
        }
        if note.url == url.as_str() {
            return Ok(note);
        }
        let note = note.moved(url, self.now);
        self.set_address(&note, url)?;
        self.store_fields(&note)?;
        self.store_address_keys(&note, url.key())?;
        self.index(&note, Indexed::Before);
        Ok(note)
    }

    /// Adds the content of `drop` to `keep`, moves `drop` to the trash, and returns `keep`.
    ///
    /// # Errors
    /// `NotFound`; `InvalidParams` if both are the same note; `TooLarge` and `InvalidTag` if both
    /// don't fit into one note; the `store_*` kinds.
    pub fn merge_notes(&self, keep: NoteId, drop: NoteId) -> Result<Note> {
        if keep == drop {
            return Err(Error::InvalidParams(
                "A note can't be merged with itself.".into(),
            ));
        }
        let kept = self.live(keep)?.ok_or(Error::NotFound)?;
        let dropped = self.live(drop)?.ok_or(Error::NotFound)?;
        let note = kept.merged_with(&dropped, self.now)?;
        if self.text_row(keep)?.is_none() {
            self.adopt_newer_text(keep, self.text_row(drop)?.as_ref())?;
        }
        self.adopt_gist(keep, self.gist(drop)?.as_ref())?;
        self.delete_note(drop)?;
        self.execute(
            "UPDATE trash SET merged_into = ?2 WHERE id = ?1",
            [drop.0, keep.0],
        )?;
        self.store_fields(&note)?;
        self.store_tags(&note)?;
        self.index(&note, Indexed::Before);
        Ok(note)
    }

    /// Frees the page of a note that is being restored: if `note` was merged into `other`, removes
    /// its addresses from `other`. Returns whether it did.
    pub(in crate::store) fn separate_merged(&self, note: &Note, other: &Note) -> Result<bool> {
        let into: Option<i64> = self
            .tx
            .prepare_cached("SELECT merged_into FROM trash WHERE id = ?")?
            .query_row([note.id.0], |row| row.get(0))
            .optional()?
            .flatten();
        let own = PageUrl::parse(&other.url)?;
        let page = PageUrl::parse(&note.url)?;
        if into != Some(other.id.0) || own.key() == page.key() {
            return Ok(false);
        }
        let mut other = other.clone();
        other
            .addresses
            .retain(|url| *url != note.url && !note.addresses.contains(url));
        // A further address of the same page, saved since the merge, would still lead to `other`.
        other
            .addresses
            .retain(|url| PageUrl::parse(url).map_or(true, |url| url.key() != page.key()));
        other.updated_at = other.later(self.now);
        self.store_fields(&other)?;
        self.store_address_keys(&other, own.key())?;
        Ok(true)
    }
}

//! Makes notes show the states of their pages.

use rusqlite::params;

use super::{
    apply::{Application, Outcome},
    states::PageRow,
};
use crate::{
    domain::{
        Note, NoteId, PageUrl,
        sync::{Life, PageId, PageView},
    },
    error::{Error, Result},
    store::{
        notes::note_rows::{note_of_page, tags_for_trash},
        transaction::pending_index::Indexed,
    },
};

impl Application<'_, '_, '_> {
    /// Makes the note of a page show its state.
    pub(super) fn show(
        &mut self,
        row: &mut PageRow,
        view: &PageView,
        is_another: bool,
    ) -> Result<Outcome> {
        let live = row
            .note_id
            .map(|id| self.writer().live(id))
            .transpose()?
            .flatten();
        let trashed = match (&live, row.note_id) {
            (None, Some(id)) => self.writer().trashed_note(id)?,
            _ => None,
        };
        match (&view.life, live, trashed) {
            (Life::Live, Some(note), _) if is_another => {
                // Before anything is changed.
                view.to_note(note.id, &view.address(None)?, None)?;
                self.writer().absorb_text(note.id)?;
                self.writer().delete_note(note.id)?;
                let outcome = self.insert(row, view)?;
                if let Some(id) = row.note_id {
                    self.lead(note.id, id)?;
                }
                Ok(outcome)
            }
            (Life::Live, Some(note), _) => self.update(row, view, &note),
            (Life::Live, None, Some(note)) if !is_another => {
                let restored = match self.writer().restore_as_elsewhere(note.id) {
                    // It had got the address of another page here, which has a note again.
                    Err(Error::Conflict) => return self.insert(row, view),
                    restored => restored?,
                };
                // Where many notes are new, its tags are gathered; the update has to find them.
                self.writer().write_gathered()?;
                self.update(row, view, &restored)?;
                Ok(Outcome::Changed)
            }
            (Life::Live, None, _) => self.insert(row, view),
            (Life::Moved(page), Some(note), _) if self.hand_over(*page, &note)? => {
                row.note_id = None;
                Ok(Outcome::Unchanged)
            }
            (Life::Trash(_) | Life::Moved(_), Some(note), _) => {
                let deleted = self.writer().delete_note(note.id)?;
                row.mark = PageView::of(&deleted).mark();
                Ok(Outcome::Trashed)
            }
            (Life::Trash(_) | Life::Moved(_), None, Some(note)) => {
                self.update_trashed(row, view, note)
            }
            (Life::Trash(_) | Life::Moved(_), None, None) => Ok(Outcome::Unchanged),
        }
    }

    fn insert(&mut self, row: &mut PageRow, view: &PageView) -> Result<Outcome> {
        let url = view.address(None)?;
        let other = self.writer().note_of_page(&url)?;
        if let Some(other) = other
            && self.writer().page_key(other.id)?.as_deref() == Some(url.key())
        {
            return self.unite(row, view, &other, &url);
        }
        let id = self
            .writer()
            .free_id(NoteId::at(NoteId(view.saved_at).moment()))?;
        let note = view.to_note(id, &url, None)?;
        self.writer().insert(&note, &url)?;
        if let Some(before) = row.note_id.replace(id) {
            self.writer().carry_text(row.page, before, id)?;
        }
        row.mark = PageView::of(&note).mark();
        Ok(Outcome::Changed)
    }

    /// Adds what a state shows to the note that its page has under another id, since the rules of
    /// page keys have changed. From now on, the state is that of the note.
    fn unite(
        &mut self,
        row: &mut PageRow,
        view: &PageView,
        own: &Note,
        url: &PageUrl,
    ) -> Result<Outcome> {
        let other = view.to_note(own.id, url, None)?;
        let note = own.clone().joined(&other)?;
        row.note_id = None;
        if note == *own {
            return Ok(Outcome::Unchanged);
        }
        self.agrees = false;
        self.writer().store_fields(&note)?;
        self.writer().store_tags(&note)?;
        self.writer().index(&note, Indexed::Before);
        Ok(Outcome::Changed)
    }

    fn update(&self, row: &mut PageRow, view: &PageView, own: &Note) -> Result<Outcome> {
        let url = view.address(Some(own))?;
        let mut note = view.to_note(own.id, &url, Some(own))?;
        // Before anything is changed.
        if note.url != own.url
            && let Some(other) = note_of_page(&self.writer().tx, &url)?
            && other.id != own.id
            && self.writer().page_key(other.id)?.as_deref() == Some(url.key())
        {
            return Err(Error::Conflict);
        }
        if NoteId::at(note.saved_at) != NoteId::at(own.saved_at) {
            return self.move_note(row, note, &url);
        }
        note.saved_at = own.saved_at;
        row.note_id = Some(own.id);
        row.mark = PageView::of(&note).mark();
        if PageView::of(&note).shows(&PageView::of(own)) && note.updated_at == own.updated_at {
            return Ok(Outcome::Unchanged);
        }
        if note.url != own.url {
            self.writer().set_address(&note, &url)?;
        }
        self.writer().store_fields(&note)?;
        self.writer().store_address_keys(&note, url.key())?;
        self.writer().store_tags(&note)?;
        self.writer().index(&note, Indexed::Before);
        Ok(Outcome::Changed)
    }

    /// Gives a note the id of the save that all devices show. What has the old id, such as an open
    /// popup, is led to the new one.
    fn move_note(&self, row: &mut PageRow, mut note: Note, url: &PageUrl) -> Result<Outcome> {
        let writer = self.writer();
        let old = note.id;
        writer.absorb_text(old)?;
        let (text, gist) = (writer.text_row(old)?, writer.gist(old)?);
        let is_text_removed = writer.is_text_removed(old)?;
        writer.remove(old)?;
        note.id = writer.free_id(NoteId::at(note.saved_at))?;
        writer.insert(&note, url)?;
        writer.adopt_newer_text(note.id, text.as_ref())?;
        if is_text_removed {
            writer.record_removed_text(note.id)?;
        }
        if let Some(gist) = gist {
            writer.store_gist(note.id, &gist)?;
        }
        for sql in [
            "UPDATE OR REPLACE imported SET note_id = ?2 WHERE note_id = ?1",
            "UPDATE OR REPLACE edited SET note_id = ?2
             WHERE edit_id IN (SELECT id FROM edits) AND note_id = ?1",
        ] {
            writer.execute(sql, [old.0, note.id.0])?;
        }
        self.lead(old, note.id)?;
        row.note_id = Some(note.id);
        row.mark = PageView::of(&note).mark();
        Ok(Outcome::Changed)
    }

    /// Leads popups that show a note under its old id to the one that its page has from now on.
    fn lead(&self, old: NoteId, new: NoteId) -> Result<()> {
        self.writer().execute(
            "UPDATE sync_moved SET new_id = ?2 WHERE new_id = ?1",
            [old.0, new.0],
        )?;
        self.writer().execute(
            "INSERT OR REPLACE INTO sync_moved (old_id, new_id) VALUES (?, ?)",
            [old.0, new.0],
        )
    }

    /// Tags may have been renamed since the note was moved to the trash.
    fn update_trashed(&self, row: &mut PageRow, view: &PageView, own: Note) -> Result<Outcome> {
        let mut note = own.clone();
        let url = PageUrl::parse(&own.url)?;
        note.tags = view.to_note(own.id, &url, Some(&own))?.tags;
        if note.tags != own.tags {
            self.writer().execute(
                "UPDATE trash SET tags = ? WHERE id = ?",
                params![tags_for_trash(&note.tags)?, own.id.0],
            )?;
        }
        row.mark = PageView::of(&note).mark();
        Ok(Outcome::Unchanged)
    }

    /// Gives a note to the page that it moved to, if that page is known and has no note yet. Returns
    /// whether it did.
    fn hand_over(&mut self, page: PageId, note: &Note) -> Result<bool> {
        let mut row = match self.absorber.states.of_page(page)? {
            Some(row) if row.note_id.is_some() => return Ok(false),
            Some(row) => row,
            None if !self.incoming.contains_key(&page) => return Ok(false),
            None => PageRow::new(page),
        };
        row.state = row.known();
        row.hidden = None;
        if let Some(state) = self.incoming.get(&page) {
            row.state.join(state);
        }
        let Some(view) = row.state.view(self.names) else {
            return Ok(false);
        };
        if view.life != Life::Live {
            return Ok(false);
        }
        match self.update(&mut row, &view, note) {
            Ok(_) => {}
            Err(Error::Conflict | Error::InvalidUrl { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.absorber.states.store(&row, self.names)?;
        self.writer().compare_text(row.note_id.unwrap_or(note.id))?;
        Ok(true)
    }
}

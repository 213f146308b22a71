//! Compares the notes that a repair has recovered with what devices exchange.
//!
//! A repair may lose a part of a note, or all of it. That must not look like a change of the user, or
//! the next run would publish it to all devices. So what was lost comes from the state of the page.
//! What the user changed since the note last agreed with the state stays where it can be distinguished:
//! by the time of the note's last change.

use super::{
    absorb::Absorber,
    states::{PageRow, page_of},
};
use crate::{
    domain::{
        Note, NoteId, PageUrl,
        sync::{Life, PageId, PageView},
    },
    error::{Error, Result},
    store::{
        notes::note_rows::note_of_page,
        transaction::{Writer, pending_index::Indexed},
    },
};

/// What was recovered from states.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::store) struct Reconciled {
    /// Number of notes that had lost something.
    pub(in crate::store) completed: u64,
    /// Number of notes that were lost.
    pub(in crate::store) returned: u64,
}

impl Writer<'_> {
    /// Completes recovered notes from their states.
    pub(in crate::store) fn reconcile_states(&self) -> Result<Reconciled> {
        let pages: Vec<PageId> = {
            let mut query =
                (self.tx).prepare_cached("SELECT page FROM sync_pages ORDER BY page")?;
            let pages = query.query_map([], |row| page_of(row, 0))?;
            pages.collect::<rusqlite::Result<_>>()?
        };
        let mut done = Reconciled::default();
        self.with_states(|absorber| {
            // First those that have their notes, so that no other page takes one of them.
            let mut without_note = Vec::new();
            for page in pages {
                let Some(row) = absorber.states.of_page(page)? else {
                    continue;
                };
                if !absorber.complete(row, &mut done)? {
                    without_note.push(page);
                }
            }
            for page in without_note {
                if let Some(row) = absorber.states.of_page(page)? {
                    absorber.bring_back(row, &mut done)?;
                }
            }
            Ok(())
        })?;
        self.write_index()?;
        Ok(done)
    }
}

impl Absorber<'_, '_> {
    /// Completes the note of a row. Returns false if the note is lost.
    fn complete(&mut self, mut row: PageRow, done: &mut Reconciled) -> Result<bool> {
        let Some(id) = row.note_id else {
            return Ok(false);
        };
        let writer: &Writer<'_> = self.states.writer;
        if let Some(note) = writer.live(id)? {
            done.completed += u64::from(self.complete_note(&mut row, note)?);
            return Ok(true);
        }
        let Some(trashed) = writer.trashed_note(id)? else {
            return Ok(false);
        };
        // The repair moved it there, since another note has its page.
        if trashed.deleted_at == Some(writer.now) {
            return Ok(false);
        }
        Ok(true)
    }

    /// Completes a note from its state. Returns whether it changed.
    fn complete_note(&mut self, row: &mut PageRow, note: Note) -> Result<bool> {
        let own = PageView::of(&note);
        if own.mark() == row.mark {
            return Ok(false);
        }
        let Some(view) = self.view(row) else {
            return Ok(false);
        };
        let writer: &Writer<'_> = self.states.writer;
        if view.life != Life::Live {
            // Its row was still readable after the note was deleted.
            let deleted = writer.delete_note(note.id)?;
            row.mark = PageView::of(&deleted).mark();
            self.store(row)?;
            return Ok(true);
        }
        let is_newer = own.updated_at > view.updated_at;
        let shown = match is_newer {
            true => with_lost_parts(own.clone(), &view),
            false => view,
        };
        let url = match shown.address(Some(&note)) {
            Ok(url) => url,
            Err(_) => PageUrl::parse(&note.url)?,
        };
        let completed = shown.to_note(note.id, &url, Some(&note));
        let mut completed = match completed {
            Ok(completed) => completed,
            Err(Error::TooLarge { .. }) => note.clone(),
            Err(error) => return Err(error),
        };
        completed.saved_at = note.saved_at;
        if completed.url != note.url {
            let other = note_of_page(&writer.tx, &url)?;
            if other.is_some_and(|other| other.id != note.id) {
                completed.url.clone_from(&note.url);
            }
        }
        let url = PageUrl::parse(&completed.url)?;
        // What the user changed since is absorbed by the next run.
        row.mark = match is_newer {
            true => 0,
            false => PageView::of(&completed).mark(),
        };
        self.store(row)?;
        if completed == note {
            return Ok(false);
        }
        writer.set_address(&completed, &url)?;
        writer.store_fields(&completed)?;
        writer.store_address_keys(&completed, url.key())?;
        writer.store_tags(&completed)?;
        writer.index(&completed, Indexed::Before);
        Ok(true)
    }

    /// Creates the note of a row again. If its page has a note without a row, that is the note.
    fn bring_back(&mut self, mut row: PageRow, done: &mut Reconciled) -> Result<()> {
        let writer: &Writer<'_> = self.states.writer;
        row.note_id = None;
        row.mark = 0;
        self.store(&row)?;
        let Some(view) = self.view(&row).filter(|view| view.life == Life::Live) else {
            return Ok(());
        };
        let Ok(url) = view.address(None) else {
            return Ok(());
        };
        if let Some(note) = note_of_page(&writer.tx, &url)? {
            if self.states.of_note(note.id)?.is_none() && PageId::of(url.key()) == row.page {
                row.note_id = Some(note.id);
                done.completed += u64::from(self.complete_note(&mut row, note)?);
            }
            return Ok(());
        }
        let id = writer.free_id(NoteId::at(NoteId(view.saved_at).moment()))?;
        let Ok(note) = view.to_note(id, &url, None) else {
            return Ok(());
        };
        writer.insert(&note, &url)?;
        row.note_id = Some(id);
        row.mark = PageView::of(&note).mark();
        self.store(&row)?;
        done.returned += 1;
        Ok(())
    }
}

/// Adds to a note what it lacks of its state. Something that the user removed since may come back.
fn with_lost_parts(mut own: PageView, state: &PageView) -> PageView {
    if own.title.is_empty() {
        own.title.clone_from(&state.title);
        own.title_typed = state.title_typed;
    }
    if state.summary.starts_with(&own.summary) {
        own.summary.clone_from(&state.summary);
    }
    for (lost, known) in [
        (&mut own.tags, &state.tags),
        (&mut own.addresses, &state.addresses),
    ] {
        for text in known {
            if !lost.contains(text) {
                lost.push(text.clone());
            }
        }
    }
    for (lost, known) in [
        (&mut own.page_title, &state.page_title),
        (&mut own.excerpt, &state.excerpt),
        (&mut own.site_name, &state.site_name),
        (&mut own.lang, &state.lang),
        (&mut own.published_at, &state.published_at),
    ] {
        if lost.is_none() {
            lost.clone_from(known);
        }
    }
    own
}

//! Applies the states of other devices to the notes here.
//!
//! A page that another device changed is first absorbed, so that nothing that the user has changed
//! meanwhile is lost, then joined. Nothing remote takes a note further than the trash.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{
    absorb::Absorber,
    history::load_history,
    setup::{Restoring, restoring},
    states::{PageRow, page_of},
};
use crate::{
    domain::{
        Note, NoteId, PageUrl,
        sync::{Life, PageId, PageView, State, TagNames},
    },
    error::{Error, Result},
    store::{
        notes::note_rows::{note_of_page, tags_for_trash},
        transaction::{Store, Writer, pending_index::Indexed},
    },
};

/// Pages per transaction. A save waits for one transaction at most.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 64 };
/// Pages per transaction as long as most of them are new here, as when a device joins.
const NEW_AT_ONCE: usize = if cfg!(test) { 5 } else { 2_000 };

/// A state from another device's file.
#[derive(Debug, Clone)]
pub struct IncomingPage {
    /// The page.
    pub page: PageId,
    /// What the device knew about it.
    pub state: State,
}

/// What applying states has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// Notes that were created or changed.
    pub changed: u64,
    /// Notes that were moved to the trash.
    pub trashed: u64,
    /// Pages whose states can't be shown here, for example because of an address that can't be saved.
    pub refused: u64,
}

impl Applied {
    /// Adds the numbers of another call.
    pub fn add(&mut self, other: Self) {
        self.changed += other.changed;
        self.trashed += other.trashed;
        self.refused += other.refused;
    }
}

/// What a state did to its note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Unchanged,
    Changed,
    Trashed,
    Refused,
    /// Another note has the address.
    Conflict,
}

impl Store {
    /// Joins states with those here, and shows the result in the notes. `device`: whose file they are
    /// from. Calls `rest` between its transactions.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn apply_pages(
        &mut self,
        pages: &[IncomingPage],
        device: &str,
        now: Timestamp,
        rest: impl Fn(),
    ) -> Result<Applied> {
        let mut applied = Applied::default();
        let mut conflicting: Vec<PageId> = Vec::new();
        let mut left = pages;
        while !left.is_empty() {
            let counts = self.counts()?;
            let many = usize::try_from(counts.notes).is_ok_and(|notes| notes < pages.len());
            let at_once = if many { NEW_AT_ONCE } else { AT_ONCE };
            let (now_done, later) = left.split_at(at_once.min(left.len()));
            let (done, refused) = self.write(now, |writer| {
                if many {
                    writer.begin_bulk()?;
                }
                let done = writer.apply(now_done, Some(device), Pass::First)?;
                writer.write_gathered()?;
                Ok(done)
            })?;
            applied.add(done);
            conflicting.extend(refused);
            left = later;
            if !left.is_empty() {
                rest();
            }
        }
        // Another note had the address, and may have given it up by now.
        for pages in conflicting.chunks(AT_ONCE) {
            rest();
            let pages = unchanged(pages);
            let (done, _) = self.write(now, |writer| {
                writer.apply(&pages, Some(device), Pass::Again)
            })?;
            applied.add(done);
        }
        Ok(applied)
    }

    /// Shows all states again, with renamed tags and aliases of other devices.
    pub(super) fn renew_pages(&mut self, now: Timestamp, rest: impl Fn()) -> Result<()> {
        let mut after: Vec<u8> = Vec::new();
        loop {
            let pages: Vec<PageId> = {
                let mut query = self.conn.prepare_cached(
                    "SELECT page FROM sync_pages WHERE page > ? AND note_id IS NOT NULL
                     ORDER BY page LIMIT ?",
                )?;
                let limit = i64::try_from(AT_ONCE * 4).unwrap_or(i64::MAX);
                let pages = query.query_map(params![after, limit], |row| page_of(row, 0))?;
                pages.collect::<rusqlite::Result<_>>()?
            };
            let Some(last) = pages.last() else {
                return Ok(());
            };
            after = last.0.to_vec();
            let states = unchanged(&pages);
            self.write(now, |writer| writer.apply(&states, None, Pass::First))?;
            rest();
        }
    }
}

/// Returns these pages with states that add nothing.
fn unchanged(pages: &[PageId]) -> Vec<IncomingPage> {
    let pages = pages.iter().map(|page| IncomingPage {
        page: *page,
        state: State::default(),
    });
    pages.collect()
}

/// Whether pages are applied for the first time, or again since another note had their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Again,
}

impl Writer<'_> {
    /// Returns the live note that had this id before a change of another device: it got another id, or
    /// was moved to the trash, from which it is restored. What a user types into an open popup is saved
    /// in both cases.
    pub(in crate::store) fn live_after_sync(&self, id: NoteId) -> Result<Option<Note>> {
        let mut moved =
            (self.tx).prepare_cached("SELECT new_id FROM sync_moved WHERE old_id = ?")?;
        let moved: Option<i64> = moved.query_row([id.0], |row| row.get(0)).optional()?;
        let id = moved.map_or(id, NoteId);
        if let Some(note) = self.live(id)? {
            return Ok(Some(note));
        }
        let mut trashed = self
            .tx
            .prepare_cached("SELECT 1 FROM sync_pages WHERE note_id = ? AND remotely = 1")?;
        if !trashed.exists([id.0])? || !self.is_in_trash(id)? {
            return Ok(None);
        }
        match self.restore_note(id) {
            Ok(note) => Ok(Some(note)),
            Err(Error::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Applies states. `device` is `None` if the states are only shown again. Also returns the pages
    /// that are to be applied again; they aren't counted.
    fn apply(
        &self,
        pages: &[IncomingPage],
        device: Option<&str>,
        pass: Pass,
    ) -> Result<(Applied, Vec<PageId>)> {
        // No note may get a tag whose name has become an alias here.
        self.absorb_aliases()?;
        let history = load_history(&self.tx, false)?;
        let names = history.names();
        let incoming: BTreeMap<PageId, &State> =
            pages.iter().map(|page| (page.page, &page.state)).collect();
        let mut applied = Applied::default();
        let mut conflicting = Vec::new();
        let is_restoring = restoring(&self.tx)? == Restoring::Reading;
        let is_own = match device {
            Some(device) => self.is_device(device)?,
            None => false,
        };
        self.with_states(|absorber| {
            let mut application = Application {
                absorber,
                names: &names,
                incoming: &incoming,
                device,
                is_own,
                pass,
            };
            if is_restoring {
                for page in pages {
                    application.join(page)?;
                }
                return Ok(());
            }
            // Moved pages first: their notes go to the pages that they moved to.
            let (moved, others): (Vec<_>, Vec<_>) =
                (pages.iter()).partition(|page| matches!(page.state.life(), Some(Life::Moved(_))));
            for page in moved.into_iter().chain(others) {
                match application.apply(page)? {
                    Outcome::Unchanged => {}
                    Outcome::Changed => applied.changed += 1,
                    Outcome::Trashed => applied.trashed += 1,
                    Outcome::Refused => applied.refused += 1,
                    Outcome::Conflict => conflicting.push(page.page),
                }
            }
            Ok(())
        })?;
        Ok((applied, conflicting))
    }
}

struct Application<'a, 'b, 'tx> {
    absorber: &'a mut Absorber<'b, 'tx>,
    /// The names as all devices together know them.
    names: &'a TagNames<'a>,
    incoming: &'a BTreeMap<PageId, &'a State>,
    device: Option<&'a str>,
    /// Whether it is this device: the states are from a file of its own that the database doesn't know.
    is_own: bool,
    pass: Pass,
}

impl<'b, 'tx> Application<'_, 'b, 'tx> {
    fn writer(&self) -> &'b Writer<'tx> {
        self.absorber.states.writer
    }

    fn apply(&mut self, page: &IncomingPage) -> Result<Outcome> {
        let mut known = self.known(page)?;
        // What the user has changed meanwhile.
        if let Some(id) = known.as_ref().and_then(|row| row.note_id) {
            self.writer().write_gathered()?;
            match self.writer().live(id)? {
                Some(note) => drop(self.absorber.absorb_note(&note)?),
                None => drop(self.absorber.absorb_deletion(id)?),
            }
            known = self.absorber.states.of_page(page.page)?;
        }
        let is_new = known.is_none();
        let mut row = known.unwrap_or_else(|| PageRow::new(page.page));
        let before = row.state.clone();
        let is_noted = self.note_own(&mut row, page);
        row.state.join(&page.state);
        let is_known = row.state == before && !is_new && self.pass == Pass::First;
        if is_known && self.device.is_some() {
            if is_noted {
                self.absorber.states.store(&row, self.names)?;
            }
            return Ok(Outcome::Unchanged);
        }
        let Some(view) = row.state.view(self.names) else {
            // Only its life is known, since the note was purged.
            self.absorber.states.store(&row, self.names)?;
            return Ok(Outcome::Unchanged);
        };
        let is_another = is_another_note(&before, &view, self.names);
        let had_note = row.note_id.is_some();
        let outcome = match self.show(&mut row, &view, is_another) {
            Ok(outcome) => outcome,
            Err(
                Error::InvalidUrl { .. }
                | Error::TooLarge { .. }
                | Error::InvalidTag(_)
                | Error::InvalidParams(_),
            ) => Outcome::Refused,
            Err(Error::Conflict) => match self.pass {
                Pass::First => Outcome::Conflict,
                Pass::Again => Outcome::Refused,
            },
            Err(error) => return Err(error),
        };
        if outcome != Outcome::Unchanged
            && let Some(device) = self.device
        {
            row.arrived = Some((device.to_owned(), self.writer().now.as_microsecond()));
            row.remotely = outcome == Outcome::Trashed;
            if let Some(id) = row
                .note_id
                .filter(|_| had_note && outcome == Outcome::Changed)
            {
                self.note_change_for_undo(id)?;
            }
        }
        self.absorber.states.store(&row, self.names)?;
        Ok(outcome)
    }

    /// Joins a state without showing it: the notes here are about to become the newest versions.
    fn join(&mut self, page: &IncomingPage) -> Result<()> {
        let known = self.absorber.states.of_page(page.page)?;
        let is_new = known.is_none();
        let mut row = known.unwrap_or_else(|| PageRow::new(page.page));
        let before = row.state.clone();
        let is_noted = self.note_own(&mut row, page);
        row.state.join(&page.state);
        if is_new || is_noted || row.state != before {
            self.absorber.states.store(&row, self.names)?;
        }
        Ok(())
    }

    /// Notes that a file of this device has the state. What the file says needn't be said again.
    /// Returns whether the row changed.
    fn note_own(&self, row: &mut PageRow, page: &IncomingPage) -> bool {
        if !self.is_own {
            return false;
        }
        let is_said = page.state.knows(&row.state);
        let changes = !row.own || is_said && row.unpublished;
        row.own = true;
        row.unpublished &= !is_said;
        changes
    }

    /// Has imports and edits of many notes keep what another device changed on a note when they are
    /// undone, even if that device's clock is behind.
    fn note_change_for_undo(&self, id: NoteId) -> Result<()> {
        let writer = self.writer();
        writer.execute(
            "UPDATE imported SET updated_at = 0 WHERE note_id = ?",
            [id.0],
        )?;
        writer.execute(
            "UPDATE edited SET updated_at = 0
             WHERE edit_id IN (SELECT id FROM edits) AND note_id = ? AND outcome = 'changed'",
            [id.0],
        )
    }

    /// Returns the row of a page. A note that was saved since the last absorption gets one.
    /// Returns the row of a page. A note that was saved since the last absorption gets one, also where
    /// an older note of the page is in the trash.
    fn known(&mut self, page: &IncomingPage) -> Result<Option<PageRow>> {
        let known = self.absorber.states.of_page(page.page)?;
        let id = known.as_ref().and_then(|row| row.note_id);
        if let Some(id) = id
            && self.writer().live(id)?.is_some()
        {
            return Ok(known);
        }
        let Some(view) = page.state.view(self.names) else {
            return Ok(known);
        };
        let Ok(url) = PageUrl::parse(&view.url) else {
            return Ok(known);
        };
        if note_of_page(&self.writer().tx, &url)?.is_none() {
            return Ok(known);
        }
        // With the tags that this transaction has given it.
        self.writer().write_gathered()?;
        let Some(note) = note_of_page(&self.writer().tx, &url)? else {
            return Ok(known);
        };
        self.absorber.absorb_note(&note)?;
        self.absorber.states.of_page(page.page)
    }

    /// Makes the note of a page show its state.
    fn show(&mut self, row: &mut PageRow, view: &PageView, is_another: bool) -> Result<Outcome> {
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
                self.writer().delete_note(note.id)?;
                let outcome = self.insert(row, view)?;
                if let Some(id) = row.note_id {
                    self.lead(note.id, id)?;
                }
                Ok(outcome)
            }
            (Life::Live, Some(note), _) => self.update(row, view, &note),
            (Life::Live, None, Some(note)) if !is_another => {
                let restored = self.writer().restore_as_elsewhere(note.id)?;
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

    fn insert(&self, row: &mut PageRow, view: &PageView) -> Result<Outcome> {
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
        row.note_id = Some(id);
        row.mark = PageView::of(&note).mark();
        Ok(Outcome::Changed)
    }

    /// Adds what a state shows to the note that its page has under another id, since the rules of
    /// page keys have changed. From now on, the state is that of the note.
    fn unite(
        &self,
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
        self.writer().store_fields(&note)?;
        self.writer().store_tags(&note)?;
        self.writer().index(&note, Indexed::Before);
        Ok(Outcome::Changed)
    }

    fn update(&self, row: &mut PageRow, view: &PageView, own: &Note) -> Result<Outcome> {
        let url = view.address(Some(own))?;
        let mut note = view.to_note(own.id, &url, Some(own))?;
        let saved_at = NoteId::at(note.saved_at);
        if saved_at < NoteId::at(own.saved_at) {
            return self.move_note(row, note, &url);
        }
        // A later save can't be a note's, but that of another one.
        note.saved_at = own.saved_at;
        row.note_id = Some(own.id);
        row.mark = PageView::of(&note).mark();
        if PageView::of(&note).shows(&PageView::of(own)) && note.updated_at == own.updated_at {
            return Ok(Outcome::Unchanged);
        }
        if note.url != own.url {
            if let Some(other) = note_of_page(&self.writer().tx, &url)?
                && other.id != own.id
                && self.writer().page_key(other.id)?.as_deref() == Some(url.key())
            {
                return Err(Error::Conflict);
            }
            self.writer().set_address(&note, &url)?;
        }
        self.writer().store_fields(&note)?;
        self.writer().store_address_keys(&note, url.key())?;
        self.writer().store_tags(&note)?;
        self.writer().index(&note, Indexed::Before);
        Ok(Outcome::Changed)
    }

    /// Gives a note the id of an earlier save. What has the old id, such as an open popup, is led to
    /// the new one.
    fn move_note(&self, row: &mut PageRow, mut note: Note, url: &PageUrl) -> Result<Outcome> {
        let writer = self.writer();
        let old = note.id;
        let (text, gist) = (writer.text_row(old)?, writer.gist(old)?);
        writer.remove(old)?;
        note.id = writer.free_id(NoteId::at(note.saved_at))?;
        writer.insert(&note, url)?;
        writer.adopt_newer_text(note.id, text.as_ref())?;
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
        Ok(true)
    }
}

/// Returns whether a state shows another note than before: the page was saved anew after the note was
/// deleted.
fn is_another_note(before: &State, view: &PageView, names: &TagNames<'_>) -> bool {
    before
        .view(names)
        .is_some_and(|before| view.life == Life::Live && view.saved_at > before.saved_at)
}

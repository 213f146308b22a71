//! Applies the states of other devices to the notes here.
//!
//! A page that another device changed is first absorbed, so that nothing that the user has changed
//! meanwhile is lost, then joined. Nothing remote takes a note further than the trash. What a note
//! can't show is set aside, so that no edit of the note counts as removing it, and tried again.

use std::{
    cell::Cell,
    collections::BTreeMap,
    time::{Duration, Instant},
};

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
        notes::note_rows::{note_of_page, trashed},
        transaction::{Store, Writer},
    },
};

/// Pages per transaction. A save waits for one transaction at most.
const AT_ONCE: usize = if cfg!(test) { 3 } else { 64 };
/// Pages of a transaction for which counting in memory is worthwhile.
const MANY: usize = if cfg!(test) { 5 } else { 200 };

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
pub(super) enum Outcome {
    Unchanged,
    Changed,
    Trashed,
    /// The state is too long to be joined.
    Refused,
}

/// States from other devices' files, by page.
type Incoming<'a> = BTreeMap<PageId, &'a State>;

/// Most pages with hidden states that are tried again at once.
const MOST_HIDDEN: u32 = 1_000;

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
        let mut aside: Vec<PageId> = Vec::new();
        let incoming: Incoming<'_> = (pages.iter())
            .map(|page| (page.page, &page.state))
            .collect();
        // Moved pages first: their notes go to the pages that they moved to.
        let (moved, others): (Vec<_>, Vec<_>) =
            (pages.iter()).partition(|page| matches!(page.state.life(), Some(Life::Moved(_))));
        let ordered: Vec<&IncomingPage> = [moved, others].concat();
        let mut left = ordered.as_slice();
        while !left.is_empty() {
            let at_once = self.pace.next(&self.reader.conn)?;
            let (now_done, later) = left.split_at(at_once.min(left.len()));
            let work = Cell::new(Duration::ZERO);
            let written = self.write_apart(now_done, now, &|writer, pages: &[&IncomingPage]| {
                let begun = Instant::now();
                if pages.len() >= MANY {
                    writer.begin_bulk()?;
                }
                let done = writer.apply(pages, &incoming, Some(device), Pass::First)?;
                writer.write_gathered()?;
                writer.write_index()?;
                work.set(work.get() + begun.elapsed());
                Ok(done)
            })?;
            self.pace.took(now_done.len(), work.get());
            for done in written.done {
                applied.add(done);
            }
            for (page, error) in written.failed {
                log::warn!("sync: a page can't be shown yet: {}", error.chain());
                self.write(now, |writer| writer.set_aside(page, device))?;
                aside.push(page.page);
            }
            left = later;
            if !left.is_empty() {
                rest();
            }
        }
        // Another note had the address, for example, and may have given it up by now.
        if !aside.is_empty() {
            applied.add(self.show_hidden(&aside, Some(device), now, &rest)?);
        }
        if applied.changed + applied.trashed > 0 {
            let mut others = self.hidden_pages()?;
            others.retain(|page| !aside.contains(page));
            let mut shown = self.show_hidden(&others, None, now, &rest)?;
            shown.refused = 0;
            applied.add(shown);
        }
        Ok(applied)
    }

    /// Returns pages of which something couldn't be shown.
    pub(super) fn hidden_pages(&self) -> Result<Vec<PageId>> {
        let mut query = self.conn.prepare_cached(
            "SELECT page FROM sync_pages WHERE hidden IS NOT NULL ORDER BY random() LIMIT ?",
        )?;
        let pages = query.query_map([MOST_HIDDEN], |row| page_of(row, 0))?;
        Ok(pages.collect::<rusqlite::Result<_>>()?)
    }

    /// Tries again to show what couldn't be shown.
    pub(super) fn show_hidden(
        &mut self,
        pages: &[PageId],
        device: Option<&str>,
        now: Timestamp,
        rest: &impl Fn(),
    ) -> Result<Applied> {
        let mut applied = Applied::default();
        let none = Incoming::new();
        for pages in pages.chunks(AT_ONCE) {
            rest();
            let pages = unchanged(pages);
            let pages: Vec<&IncomingPage> = pages.iter().collect();
            let written = self.write_apart(&pages, now, &|writer, pages: &[&IncomingPage]| {
                writer.apply(pages, &none, device, Pass::Again)
            })?;
            for done in written.done {
                applied.add(done);
            }
            applied.refused += u64::try_from(written.failed.len()).unwrap_or(u64::MAX);
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
            let states: Vec<&IncomingPage> = states.iter().collect();
            let written = self.write_apart(&states, now, &|writer, pages: &[&IncomingPage]| {
                writer.apply(pages, &Incoming::new(), None, Pass::First)
            })?;
            for (_, error) in written.failed {
                log::error!("sync: a note isn't renewed: {}", error.chain());
            }
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

/// Whether pages are applied for the first time, or again since they couldn't be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    First,
    Again,
}

impl Writer<'_> {
    /// Returns the live note that had this id before a change of another device: it got another id, or
    /// was moved to the trash, from which it is restored unless its page was saved anew since. What a
    /// user types into an open popup is saved in all cases.
    pub(in crate::store) fn live_after_sync(&self, id: NoteId) -> Result<Option<Note>> {
        let mut moved =
            (self.tx).prepare_cached("SELECT new_id FROM sync_moved WHERE old_id = ?")?;
        let moved: Option<i64> = moved.query_row([id.0], |row| row.get(0)).optional()?;
        let id = moved.map_or(id, NoteId);
        if let Some(note) = self.live(id)? {
            return Ok(Some(note));
        }
        let Some(trashed) = trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])? else {
            return Ok(None);
        };
        let url = PageUrl::parse(&trashed.url)?;
        if let Some(anew) = note_of_page(&self.tx, &url)? {
            let mut synced = (self.tx).prepare_cached("SELECT 1 FROM sync_pages WHERE page = ?")?;
            let is_synced = synced.exists([PageId::of(url.key()).0])?;
            return Ok(is_synced.then_some(anew));
        }
        let mut trashed_remotely = self
            .tx
            .prepare_cached("SELECT 1 FROM sync_pages WHERE note_id = ? AND remotely = 1")?;
        if !trashed_remotely.exists([id.0])? {
            return Ok(None);
        }
        match self.restore_note(id) {
            Ok(note) => Ok(Some(note)),
            Err(Error::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Applies states. `incoming`: all that the file has. `device` is `None` if the states are only
    /// shown again.
    fn apply(
        &self,
        pages: &[&IncomingPage],
        incoming: &Incoming<'_>,
        device: Option<&str>,
        pass: Pass,
    ) -> Result<Applied> {
        // No note may get a tag whose name has become an alias here.
        self.absorb_aliases()?;
        let history = load_history(&self.tx, false)?;
        let names = history.names();
        let mut applied = Applied::default();
        let is_absorbed = self.is_absorbed()?;
        let is_restoring = restoring(&self.tx)? == Restoring::Reading;
        let is_own = match device {
            Some(device) => self.is_device(device)?,
            None => false,
        };
        let agrees = self.with_states(|absorber| {
            let mut application = Application {
                absorber,
                names: &names,
                incoming,
                device,
                is_own,
                pass,
                agrees: true,
            };
            for page in pages {
                if is_restoring {
                    application.join(page)?;
                    continue;
                }
                match application.apply(page)? {
                    Outcome::Unchanged => {}
                    Outcome::Changed => applied.changed += 1,
                    Outcome::Trashed => applied.trashed += 1,
                    Outcome::Refused => applied.refused += 1,
                }
            }
            Ok(application.agrees)
        })?;
        if is_absorbed && agrees && !is_restoring {
            self.execute(
                "UPDATE sync SET absorbed = (SELECT revision + 1 FROM meta)",
                [],
            )?;
        }
        Ok(applied)
    }

    /// Keeps a state that can't be shown beside that of its page.
    fn set_aside(&self, page: &IncomingPage, device: &str) -> Result<()> {
        let is_own = self.is_device(device)?;
        self.with_states(|absorber| {
            let row = absorber.states.of_page(page.page)?;
            let mut row = row.unwrap_or_else(|| PageRow::new(page.page));
            let mut hidden = row.known();
            hidden.join(&page.state);
            if is_too_long(&hidden, page.page) {
                return Ok(());
            }
            row.hidden = Some(hidden);
            row.own |= is_own;
            absorber.store(&row)
        })
    }
}

/// Returns whether a state has become too long by joining another one, which is then left out.
fn is_too_long(joined: &State, page: PageId) -> bool {
    let is_too_long = joined.is_too_long(page);
    if is_too_long {
        log::error!("sync: what devices wrote about page {page} is too long to be joined");
    }
    is_too_long
}

pub(super) struct Application<'a, 'b, 'tx> {
    pub(super) absorber: &'a mut Absorber<'b, 'tx>,
    /// The names as all devices together know them.
    pub(super) names: &'a TagNames<'a>,
    pub(super) incoming: &'a Incoming<'a>,
    device: Option<&'a str>,
    /// Whether it is this device: the states are from a file of its own that the database doesn't know.
    is_own: bool,
    pass: Pass,
    /// Whether the states have all that the changed notes show.
    pub(super) agrees: bool,
}

impl<'b, 'tx> Application<'_, 'b, 'tx> {
    pub(super) fn writer(&self) -> &'b Writer<'tx> {
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
        let before = known.unwrap_or_else(|| PageRow::new(page.page));
        let known = before.known();
        let mut row = before.clone();
        self.note_own(&mut row, &known, page);
        row.state = known.clone();
        row.state.join(&page.state);
        row.hidden = None;
        let is_known = row.state == known && !is_new && self.pass == Pass::First;
        let is_refused = row.state != known && is_too_long(&row.state, page.page);
        if is_known && self.device.is_some() || is_refused {
            row.state.clone_from(&before.state);
            row.hidden.clone_from(&before.hidden);
            if row != before {
                self.absorber.states.store(&row, self.names)?;
            }
            return Ok(match is_refused {
                true => Outcome::Refused,
                false => Outcome::Unchanged,
            });
        }
        let Some(view) = row.state.view(self.names) else {
            // Only its life is known, since the note was purged.
            self.absorber.states.store(&row, self.names)?;
            return Ok(Outcome::Unchanged);
        };
        if !is_new && !known.has_content() {
            self.writer().ask_for_text(row.page)?;
        }
        let is_another = is_another_note(&before.state, &row.state, &view, self.names);
        let had_note = row.note_id.is_some();
        let outcome = self.show(&mut row, &view, is_another)?;
        if before.hidden.is_some() && outcome != Outcome::Unchanged {
            row.remotely = outcome == Outcome::Trashed;
        }
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
        if row != before || is_new {
            self.absorber.states.store(&row, self.names)?;
        }
        Ok(outcome)
    }

    /// Joins a state without showing it: the notes here are about to become the newest versions.
    fn join(&mut self, page: &IncomingPage) -> Result<()> {
        let known = self.absorber.states.of_page(page.page)?;
        let is_new = known.is_none();
        let before = known.unwrap_or_else(|| PageRow::new(page.page));
        let mut row = before.clone();
        row.state = before.known();
        self.note_own(&mut row, &before.known(), page);
        row.state.join(&page.state);
        row.hidden = None;
        if is_too_long(&row.state, page.page) {
            return Ok(());
        }
        if is_new || row != before {
            self.absorber.states.store(&row, self.names)?;
        }
        Ok(())
    }

    /// Notes that a file of this device has the state. What the file says needn't be said again.
    fn note_own(&self, row: &mut PageRow, known: &State, page: &IncomingPage) {
        if self.is_own {
            row.own = true;
            row.unpublished &= !page.state.knows(known);
        }
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
}

/// Returns whether a state shows another note than before: the page was saved anew after the note was
/// deleted.
fn is_another_note(before: &State, after: &State, view: &PageView, names: &TagNames<'_>) -> bool {
    before.view(names).is_some_and(|shown| {
        view.life == Life::Live && view.saved_at > shown.saved_at && !before.is_saved_in(after)
    })
}

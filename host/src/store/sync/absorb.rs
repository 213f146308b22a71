//! Takes what users changed here into the states.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{
    history::{changed_aliases, load_history, new_id},
    registers::changed_things,
    setup::{Restoring, restoring},
    states::{PageRow, States},
};
use crate::{
    domain::{
        Note, NoteId, PageUrl,
        sync::{KnownEdits, Life, NewVersion, PageId, PageView, TagNames},
    },
    error::Result,
    store::{
        notes::note_rows::{load_ids, note_of_page, trashed},
        transaction::{Store, TRASH_DAYS, Writer, pending_index::Indexed},
    },
};

/// Notes per transaction. A save waits for one transaction at most.
pub(super) const AT_ONCE: usize = if cfg!(test) { 3 } else { 200 };

/// What absorbing needs: the names that the notes here show.
#[derive(Debug)]
pub(super) struct Absorber<'a, 'tx> {
    pub(super) states: States<'a, 'tx>,
    pub(super) names: &'a TagNames<'a>,
    pub(super) edits: KnownEdits,
}

impl Store {
    /// Takes all changes since the last call into the states. Returns the number of changed pages.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn absorb_changes(&mut self, now: Timestamp) -> Result<u64> {
        let Some((absorbed, revision, kept_since)) = self.read_transaction(|reader| {
            let sql = "SELECT s.absorbed, m.revision, m.changes_after FROM sync s, meta m";
            let mut query = reader.conn.prepare_cached(sql)?;
            let found = query.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            Ok(found.optional()?)
        })?
        else {
            return Ok(0);
        };
        let (absorbed, revision, kept_since): (i64, i64, i64) = (absorbed, revision, kept_since);
        match restoring(&self.conn)? {
            Restoring::No => {}
            Restoring::Reading => return Ok(0),
            Restoring::Read => return self.absorb_restored(revision, now),
        }
        if absorbed == revision {
            return Ok(0);
        }
        let mut changed = 0;
        let ids: Vec<i64> = if absorbed < kept_since {
            let ids = self.all_ids_to_absorb()?;
            self.without_agreeing(ids)?
        } else {
            let sql = "SELECT DISTINCT note_id FROM changes WHERE revision > ? AND revision <= ?";
            let mut query = self.conn.prepare_cached(sql)?;
            let ids = query.query_map([absorbed, revision], |row| row.get(0))?;
            ids.collect::<rusqlite::Result<_>>()?
        };
        // What is read again and again must not write each time.
        if ids.is_empty()
            && absorbed >= kept_since
            && changed_aliases(&self.conn)? == 0
            && changed_things(&self.conn)? == 0
        {
            return Ok(0);
        }
        changed += self.absorb_apart(&ids, now)?;
        self.write(now, |writer| {
            // What all pages need can be read: then what failed concerns a page alone.
            writer.with_states(|_| Ok(()))?;
            writer.absorb_aliases()?;
            writer.absorb_registers()?;
            writer.execute("UPDATE sync SET absorbed = ?", [revision])
        })?;
        if changed > 0 {
            // What couldn't be shown beside what the user has changed.
            let hidden = self.hidden_pages()?;
            self.show_hidden(&hidden, None, now, &|| ())?;
        }
        Ok(changed)
    }

    /// Takes changes of these notes into the states, in transactions of a few. Returns the number of
    /// changed pages.
    pub(super) fn absorb_apart(&mut self, ids: &[i64], now: Timestamp) -> Result<u64> {
        let mut changed = 0;
        for ids in ids.chunks(AT_ONCE) {
            let written = self.write_apart(ids, now, &|writer, ids: &[i64]| writer.absorb(ids))?;
            changed += written.done.into_iter().sum::<u64>();
            for (id, error) in written.failed {
                log::error!("sync: note {id} isn't published: {}", error.chain());
            }
        }
        Ok(changed)
    }

    /// Returns those of all notes that may have changed: leaves out live ones that show what they
    /// showed when they last agreed with their states.
    fn without_agreeing(&self, mut ids: Vec<i64>) -> Result<Vec<i64>> {
        let mut marks = self
            .conn
            .prepare_cached("SELECT mark FROM sync_pages WHERE note_id = ?")?;
        let mut left = Vec::new();
        for ids in ids.chunks_mut(AT_ONCE) {
            let mut agreeing: BTreeSet<i64> = BTreeSet::new();
            for note in load_ids(&self.conn, ids)? {
                let mark: Option<i64> =
                    marks.query_row([note.id.0], |row| row.get(0)).optional()?;
                if mark.is_some_and(|mark| mark == PageView::of(&note).mark()) {
                    agreeing.insert(note.id.0);
                }
            }
            left.extend(ids.iter().filter(|id| !agreeing.contains(id)));
        }
        Ok(left)
    }

    /// Returns all notes, and those that states know.
    pub(super) fn all_ids_to_absorb(&self) -> Result<Vec<i64>> {
        let mut query = self.conn.prepare_cached(
            "SELECT id FROM notes UNION
             SELECT note_id FROM sync_pages WHERE note_id IS NOT NULL ORDER BY 1",
        )?;
        let ids = query.query_map([], |row| row.get(0))?;
        Ok(ids.collect::<rusqlite::Result<_>>()?)
    }

    /// Forgets all but the life of notes that were removed from the trash. Those that never were in
    /// it, such as of an import that was undone, stay known as long: a device that saves the page
    /// before it hears of that shows their values, too.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn purge_states(&mut self, now: Timestamp) -> Result<()> {
        if restoring(&self.conn)? != Restoring::No {
            return Ok(());
        }
        let gone: Vec<i64> = {
            let mut query = self.conn.prepare_cached(
                "SELECT note_id FROM sync_pages WHERE note_id IS NOT NULL
                     AND NOT EXISTS (SELECT 1 FROM notes WHERE id = note_id)
                     AND NOT EXISTS (SELECT 1 FROM trash WHERE id = note_id)",
            )?;
            let ids = query.query_map([], |row| row.get(0))?;
            ids.collect::<rusqlite::Result<_>>()?
        };
        self.absorb_apart(&gone, now)?;
        let mut live: Vec<PageId> = Vec::new();
        for ids in gone.chunks(AT_ONCE) {
            live.extend(self.write(now, |writer| {
                writer.with_states(|absorber| absorber.purge(ids))
            })?);
        }
        self.show_hidden(&live, None, now, &|| ())?;
        Ok(())
    }
}

impl Writer<'_> {
    /// Returns whether the states have all that notes showed before this transaction.
    pub(super) fn is_absorbed(&self) -> Result<bool> {
        let mut query = self.tx.prepare_cached(
            "SELECT s.absorbed >= m.changes_after
                 AND NOT EXISTS (SELECT 1 FROM changes WHERE revision > s.absorbed)
             FROM sync s, meta m",
        )?;
        let found = query.query_row([], |row| row.get(0)).optional()?;
        Ok(found.unwrap_or(false))
    }

    /// Takes changes of these notes into the states. Returns the number of changed pages.
    pub(super) fn absorb(&self, ids: &[i64]) -> Result<u64> {
        self.with_states(|absorber| {
            let mut changed = 0;
            let mut gone: BTreeSet<NoteId> = BTreeSet::new();
            for id in ids.iter().copied().map(NoteId) {
                match self.live(id)? {
                    Some(note) => changed += u64::from(absorber.absorb_note(&note)?),
                    None => {
                        gone.insert(id);
                    }
                }
            }
            // After the live ones: a page may have another note by now.
            for id in gone {
                changed += u64::from(absorber.absorb_deletion(id)?);
            }
            Ok(changed)
        })
    }

    /// Runs `work` with the names that the notes here show.
    pub(super) fn with_states<T>(
        &self,
        work: impl FnOnce(&mut Absorber<'_, '_>) -> Result<T>,
    ) -> Result<T> {
        let history = load_history(&self.tx, true)?;
        let names = history.names();
        let mut absorber = Absorber {
            states: States::new(self)?,
            names: &names,
            edits: history.known(),
        };
        work(&mut absorber)
    }

    /// Returns the page key of a live note.
    pub(super) fn page_key(&self, id: NoteId) -> Result<Option<String>> {
        let mut query = (self.tx).prepare_cached("SELECT page_key FROM notes WHERE id = ?")?;
        Ok(query.query_row([id.0], |row| row.get(0)).optional()?)
    }

    pub(super) fn trashed_note(&self, id: NoteId) -> Result<Option<Note>> {
        trashed(&self.tx, "SELECT * FROM trash WHERE id = ?", [id.0])
    }
}

impl Absorber<'_, '_> {
    pub(super) fn store(&mut self, row: &PageRow) -> Result<()> {
        self.states.store(row, self.names)
    }

    /// Returns the note that a state shows here.
    pub(super) fn view(&self, row: &PageRow) -> Option<PageView> {
        row.state.view(self.names)
    }

    /// Forgets all but the life of these notes, which are gone. Returns the pages that are live on
    /// other devices, whose changes couldn't be shown beside the note in the trash.
    fn purge(&mut self, ids: &[i64]) -> Result<Vec<PageId>> {
        let mut live = Vec::new();
        let month_ago = self.states.writer.clock.days_ago(TRASH_DAYS);
        for id in ids {
            let Some(mut row) = self.states.of_note(NoteId(*id))? else {
                continue;
            };
            let known = row.known();
            match known.life() {
                Some(Life::Live) => live.push(row.page),
                Some(Life::Trash(at)) if *at > month_ago => continue,
                _ => {
                    row.state = known;
                    row.state.purge();
                    row.hidden = None;
                    self.states
                        .writer
                        .execute("DELETE FROM sync_page_texts WHERE page = ?", [row.page.0])?;
                }
            }
            row.note_id = None;
            row.mark = 0;
            self.store(&row)?;
        }
        Ok(live)
    }

    /// Takes the change of a live note into the state of its page. Returns whether there was one.
    pub(super) fn absorb_note(&mut self, note: &Note) -> Result<bool> {
        let Some(key) = self.states.writer.page_key(note.id)? else {
            return Ok(false);
        };
        let view = PageView::of(note);
        let mark = view.mark();
        let row = self.states.of_note(note.id)?;
        let page = match &row {
            // The state stays with the note when the rules of page keys change, but not when its
            // address does.
            Some(row) if row.mark == mark => {
                self.agree_on_time(note, row)?;
                return Ok(false);
            }
            Some(row) if self.has_address(row, &view) => row.page,
            _ => PageId::of(&key),
        };
        if let Some(mut old) = row.clone().filter(|row| row.page != page) {
            let mut moved = view.clone();
            moved.life = Life::Moved(page);
            self.change(&mut old, &moved, Some(note));
            old.note_id = None;
            self.store(&old)?;
        }
        let known = match row.filter(|row| row.page == page) {
            Some(row) => Some(row),
            None => {
                self.states.writer.compare_text(note.id)?;
                self.states.of_page(page)?
            }
        };
        let mut row = known.unwrap_or_else(|| PageRow::new(page));
        // Its deletion may be absorbed later than the note that the page has by now.
        let is_another = row.note_id.is_some_and(|known| known != note.id);
        if self.view(&row).is_some_and(|before| {
            before.saved_at != view.saved_at && (before.life != Life::Live || is_another)
        }) {
            self.states.writer.say_no_text_yet(page)?;
        }
        let changed = self.change(&mut row, &view, Some(note));
        row.note_id = Some(note.id);
        row.mark = mark;
        row.remotely = false;
        self.agree_on_time(note, &row)?;
        if changed {
            row.arrived = None;
            self.agree_on_content(note, &view, &mut row)?;
        }
        self.store(&row)?;
        Ok(changed)
    }

    /// Gives a note the time of its last change that the other devices will show. It is another one if
    /// the clock here is behind theirs, or if what the user changed was changed back before it was
    /// absorbed, so that the others never hear of it.
    pub(super) fn agree_on_time(&self, note: &Note, row: &PageRow) -> Result<()> {
        let shown = (row.state.view(self.names))
            .filter(|view| view.life == Life::Live)
            .map(|view| view.updated_at);
        if shown.is_none_or(|shown| shown == note.updated_at.as_microsecond()) {
            return Ok(());
        }
        let writer = self.states.writer;
        writer.execute(
            "UPDATE notes SET updated_at = ? WHERE id = ?",
            params![shown, note.id.0],
        )?;
        writer.execute(
            "INSERT OR IGNORE INTO changes SELECT revision + 1, ?1 FROM meta",
            [note.id.0],
        )?;
        // What an undo compares, to find out whether the user has changed the note since.
        let before = note.updated_at.as_microsecond();
        writer.execute(
            "UPDATE imported SET updated_at = ?3 WHERE note_id = ?1 AND updated_at = ?2",
            params![note.id.0, before, shown],
        )?;
        writer.execute(
            "UPDATE edited SET updated_at = ?3
             WHERE edit_id IN (SELECT id FROM edits) AND note_id = ?1 AND updated_at = ?2",
            params![note.id.0, before, shown],
        )
    }

    /// Has a note show what other devices will show: tags that didn't fit before others were removed,
    /// and texts that didn't fit before another one was shortened.
    fn agree_on_content(&self, note: &Note, own: &PageView, row: &mut PageRow) -> Result<()> {
        let Some(view) = self.view(row) else {
            return Ok(());
        };
        let has_tags = view.tags != own.tags;
        let has_text = view.summary != own.summary;
        if !has_tags && !has_text {
            return Ok(());
        }
        let url = PageUrl::parse(&note.url)?;
        let Ok(shown) = view.to_note(note.id, &url, Some(note)) else {
            return Ok(());
        };
        let mut agreed = note.clone();
        agreed.updated_at = shown.updated_at;
        if has_tags {
            agreed.tags = shown.tags;
        }
        if has_text {
            agreed.summary = shown.summary;
        }
        if agreed.tags == note.tags && agreed.summary == note.summary {
            return Ok(());
        }
        let writer = self.states.writer;
        writer.store_fields(&agreed)?;
        writer.store_tags(&agreed)?;
        writer.write_gathered()?;
        writer.index(&agreed, Indexed::Before);
        row.mark = PageView::of(&agreed).mark();
        Ok(())
    }

    fn has_address(&self, row: &PageRow, view: &PageView) -> bool {
        let shown = row.state.view(self.names);
        shown.is_some_and(|shown| shown.url == view.url)
    }

    /// Takes the deletion of a note into the state of its page. Returns whether it was one.
    pub(super) fn absorb_deletion(&mut self, id: NoteId) -> Result<bool> {
        let Some(mut row) = self.states.of_note(id)? else {
            return Ok(false);
        };
        let trashed = self.states.writer.trashed_note(id)?;
        let view = trashed.as_ref().map(PageView::of);
        let view = view.or_else(|| row.state.view(self.names));
        let Some(mut view) = view else {
            return Ok(false);
        };
        if trashed.is_none()
            && view.life == Life::Live
            && let Some(page) = self.united_with(&row, &view)?
        {
            view.life = Life::Moved(page);
            let changed = self.change(&mut row, &view, None);
            row.note_id = None;
            row.arrived = None;
            self.store(&row)?;
            return Ok(changed);
        }
        let deleted_at = trashed.as_ref().and_then(|note| note.deleted_at);
        let deleted_at = deleted_at.unwrap_or(self.states.writer.now);
        view.life = Life::Trash(deleted_at.as_microsecond());
        let mark = view.mark();
        // It was in the trash already. That the state is live only means that the note couldn't be
        // restored, since its page has another note here.
        if row.mark == mark {
            return Ok(false);
        }
        let changed = self.change(&mut row, &view, None);
        row.mark = mark;
        if changed {
            row.arrived = None;
            row.remotely = false;
        }
        self.store(&row)?;
        Ok(changed)
    }

    /// Returns the page whose note took over the note of this row, which is gone: by the current rules
    /// of page keys, both pages are one.
    fn united_with(&self, row: &PageRow, view: &PageView) -> Result<Option<PageId>> {
        let Ok(url) = PageUrl::parse(&view.url) else {
            return Ok(None);
        };
        let Some(other) = note_of_page(&self.states.writer.tx, &url)? else {
            return Ok(None);
        };
        let page = match self.states.of_note(other.id)? {
            Some(other) => other.page,
            None => PageId::of(url.key()),
        };
        Ok(Some(page).filter(|page| *page != row.page))
    }

    /// Writes what a note shows into a state. `own`: the note, if it is live.
    pub(super) fn change(&self, row: &mut PageRow, view: &PageView, own: Option<&Note>) -> bool {
        // Between the save and the publication, a clock that was set back is of no use.
        let micros = match view.life {
            Life::Trash(micros) => micros,
            _ => view.updated_at,
        };
        let new = NewVersion {
            version: new_id(),
            micros,
            edits: self.edits.clone(),
        };
        let before = self.view(row);
        let before = before.map(|before| before.as_shown(own).unwrap_or(before));
        let changed = row.state.change_from(before, view, &new, self.names);
        row.unpublished |= changed;
        changed
    }
}

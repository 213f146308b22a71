//! The texts of pages that devices exchange.
//!
//! The text itself is in `texts`. It is here only while this computer has no live note of its page.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{
    setup::{Restoring, restoring},
    states::page_of,
    text_register::{COLUMNS, PageText, Rank, Register, SaidText, Stored},
};
use crate::{
    domain::{NoteId, sync::PageId},
    error::{Error, Result},
    store::{
        connection::reader::Reader,
        notes::{
            note_rows::moment,
            texts::{
                KeptText, MAX_TEXT_BYTES, NewText, TextSource, TextSummary, deflated,
                inflated_within,
            },
        },
        transaction::{Store, Writer},
    },
};

/// Texts per transaction. A save waits for one transaction at most.
const AT_ONCE: usize = if cfg!(test) { 2 } else { 16 };

/// Which texts of pages this device publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentTexts {
    /// Those that were stored or removed here.
    All,
    /// None: the user wants them to stay on this computer.
    None,
}

impl Reader {
    fn has_unpublished_texts(&self) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_page_texts WHERE unpublished = 1";
        Ok(self.conn.prepare_cached(sql)?.exists([])?)
    }

    /// Returns texts that this device is yet to publish, with at most about `bytes` bytes together.
    /// Also returns those that can't be published: their notes are gone, or they can't be read.
    pub(super) fn unpublished_texts(&self, bytes: usize) -> Result<(Vec<PageText>, Vec<PageId>)> {
        let mut query =
            (self.conn).prepare_cached("SELECT page FROM sync_page_texts WHERE unpublished = 1")?;
        let pages = query.query_map([], |row| page_of(row, 0))?;
        let pages: Vec<PageId> = pages.collect::<rusqlite::Result<_>>()?;
        let mut found = Vec::new();
        let mut lost = Vec::new();
        let mut left = bytes;
        for page in pages {
            let Some(text) = self.page_text(page)? else {
                lost.push(page);
                continue;
            };
            let length = text.text.kept().map_or(0, |text| text.markdown.len());
            found.push(text);
            if length >= left {
                break;
            }
            left -= length;
        }
        Ok((found, lost))
    }

    /// Returns what is known of the text of a page, or `None` if there is nothing to be said: the
    /// text of the note is another one by now, or is gone with it.
    pub(super) fn page_text(&self, page: PageId) -> Result<Option<PageText>> {
        let sql = format!("SELECT {COLUMNS}, body FROM sync_page_texts WHERE page = ?");
        let mut query = self.conn.prepare_cached(&sql)?;
        let found = query.query_row([page.0], |row| {
            Ok((Register::of(row)?, row.get::<_, Option<Vec<u8>>>(9)?))
        });
        let Some((register, body)) = found.optional()? else {
            return Ok(None);
        };
        let said = |text| PageText {
            page,
            number: register.rank.number,
            text,
        };
        if !register.rank.is_there {
            return Ok(Some(said(match register.rank.is_removed {
                true => SaidText::Removed,
                false => SaidText::None,
            })));
        }
        let text = match body {
            Some(body) => {
                let Ok(markdown) = inflated_within(&body, MAX_TEXT_BYTES) else {
                    return Ok(None);
                };
                let summary = TextSummary {
                    words: 0,
                    taken_at: moment(register.rank.taken_at),
                    source: TextSource::from_number(register.rank.source)
                        .unwrap_or(TextSource::Click),
                    whole: register.rank.whole,
                };
                KeptText { markdown, summary }
            }
            None => {
                let mut query =
                    (self.conn).prepare_cached("SELECT note_id FROM sync_pages WHERE page = ?")?;
                let id: Option<Option<i64>> =
                    query.query_row([page.0], |row| row.get(0)).optional()?;
                let Some(id) = id.flatten() else {
                    return Ok(None);
                };
                match self.text(NoteId(id)) {
                    Ok(Some(text)) => text,
                    Ok(None) => return Ok(None),
                    Err(Error::Store { .. }) => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
        };
        let said = said(SaidText::Kept(text));
        Ok(Some(said).filter(|said| said.rank() == register.rank))
    }
}

impl Store {
    /// Takes the texts that were stored and removed since the last call into what this device is to
    /// publish, and shows those that waited for their notes. Comes after
    /// [`Store::absorb_changes`].
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn absorb_texts(&mut self, now: Timestamp, sent: SentTexts) -> Result<()> {
        if self.sync_setup()?.is_none() || restoring(&self.conn)? != Restoring::No {
            return Ok(());
        }
        let ids: Vec<i64> = {
            let mut query = self
                .conn
                .prepare_cached("SELECT note_id FROM sync_changed_texts ORDER BY note_id")?;
            let ids = query.query_map([], |row| row.get(0))?;
            ids.collect::<rusqlite::Result<_>>()?
        };
        for ids in ids.chunks(AT_ONCE * 8) {
            self.write(now, |writer| {
                for id in ids {
                    writer.absorb_text(NoteId(*id))?;
                }
                Ok(())
            })?;
        }
        if sent == SentTexts::None && self.has_unpublished_texts()? {
            self.write(now, |writer| {
                // As if a file had them, so that they are among those to be published again later.
                let sql =
                    "UPDATE sync_page_texts SET unpublished = 0, own = 1 WHERE unpublished = 1";
                writer.execute(sql, [])
            })?;
        }
        let waiting: Vec<PageId> = {
            let mut query = self.conn.prepare_cached(
                "SELECT t.page FROM sync_page_texts t JOIN sync_pages p ON p.page = t.page
                 WHERE t.body IS NOT NULL
                     AND EXISTS (SELECT 1 FROM notes WHERE id = p.note_id)",
            )?;
            let pages = query.query_map([], |row| page_of(row, 0))?;
            pages.collect::<rusqlite::Result<_>>()?
        };
        for pages in waiting.chunks(AT_ONCE) {
            let mut texts = Vec::new();
            for page in pages {
                texts.extend(self.page_text(*page)?);
            }
            let prepared = prepared(&texts);
            self.write(now, |writer| {
                for (text, new) in &prepared {
                    writer.show_text(text, new.as_ref())?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Joins texts from another device's file, and shows the result. Comes after the pages of the
    /// file. Calls `rest` between its transactions. Returns the number of texts that notes here got.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn apply_texts(
        &mut self,
        texts: &[PageText],
        device: &str,
        now: Timestamp,
        rest: impl Fn(),
    ) -> Result<u64> {
        let mut changed = 0;
        for texts in texts.chunks(AT_ONCE) {
            let prepared = prepared(texts);
            changed += self.write(now, |writer| {
                let mut changed = 0;
                for (text, new) in &prepared {
                    changed += u64::from(writer.join_text(text, new.as_ref(), device)?);
                }
                Ok(changed)
            })?;
            rest();
        }
        Ok(changed)
    }
}

/// Prepares texts for the database before the transaction, because that takes longer than storing
/// them. One that has no words or is too long can't be shown.
fn prepared(texts: &[PageText]) -> Vec<(&PageText, Option<NewText>)> {
    let texts = texts.iter().map(|said| {
        let new = said.text.kept().and_then(|text| {
            let summary = text.summary;
            NewText::new(
                &text.markdown,
                summary.taken_at,
                summary.source,
                summary.whole,
            )
            .ok()
        });
        (said, new)
    });
    texts.collect()
}

impl Writer<'_> {
    fn register(&self, page: PageId) -> Result<Option<Register>> {
        let sql = format!("SELECT {COLUMNS} FROM sync_page_texts WHERE page = ?");
        let mut query = self.tx.prepare_cached(&sql)?;
        Ok(query.query_row([page.0], Register::of).optional()?)
    }

    /// Stores what is known of the text of a page. `body`: the text, if it waits for its note.
    fn put_register(&self, page: PageId, register: &Register, body: Option<&[u8]>) -> Result<()> {
        let rank = register.rank;
        self.execute(
            "INSERT OR REPLACE INTO sync_page_texts (page, number, removed, taken_at, source, whole,
                 bytes, unpublished, own, body)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                page.0,
                rank.number,
                rank.is_removed,
                rank.is_there.then_some(rank.taken_at),
                rank.source,
                rank.whole,
                rank.bytes,
                register.unpublished,
                register.own,
                body
            ],
        )
    }

    /// Returns the page of a note.
    fn page_of_note(&self, id: NoteId) -> Result<Option<PageId>> {
        let mut query = self
            .tx
            .prepare_cached("SELECT page FROM sync_pages WHERE note_id = ?")?;
        Ok(query.query_row([id.0], |row| page_of(row, 0)).optional()?)
    }

    /// Returns the note of a page, wherever it is.
    fn note_of_synced_page(&self, page: PageId) -> Result<Option<NoteId>> {
        let sql = "SELECT note_id FROM sync_pages WHERE page = ? AND note_id IS NOT NULL";
        let mut query = self.tx.prepare_cached(sql)?;
        let id = query.query_row([page.0], |row| row.get(0).map(NoteId));
        Ok(id.optional()?)
    }

    /// Returns the live note of a page.
    fn live_note_of(&self, page: PageId) -> Result<Option<NoteId>> {
        let mut query = self.tx.prepare_cached(
            "SELECT n.id FROM sync_pages p JOIN notes n ON n.id = p.note_id WHERE p.page = ?",
        )?;
        let id = query.query_row([page.0], |row| row.get(0).map(NoteId));
        Ok(id.optional()?)
    }

    fn stored_text(&self, id: NoteId) -> Result<Option<Stored>> {
        let mut query = self.tx.prepare_cached(
            "SELECT words, taken_at, source, whole, bytes FROM texts WHERE note_id = ?",
        )?;
        let stored = query.query_row([id.0], |row| {
            Ok(Stored {
                summary: TextSummary {
                    words: row.get(0)?,
                    taken_at: moment(row.get(1)?),
                    source: TextSource::from_number(row.get(2)?).unwrap_or(TextSource::Click),
                    whole: row.get(3)?,
                },
                bytes: row.get(4)?,
            })
        });
        Ok(stored.optional()?)
    }

    /// Says what the user has done to the text of a note since the last call.
    pub(super) fn absorb_text(&self, id: NoteId) -> Result<()> {
        let mut query =
            (self.tx).prepare_cached("SELECT 1 FROM sync_changed_texts WHERE note_id = ?")?;
        if !query.exists([id.0])? {
            return Ok(());
        }
        let is_live = self.is_live(id)?;
        let Some(page) = self.page_of_note(id)? else {
            // A note that no run has seen yet is looked at by the next one.
            return match is_live {
                true => Ok(()),
                false => self.forget_changed_text(id),
            };
        };
        self.forget_changed_text(id)?;
        let known = self.register(page)?;
        let number = known.map_or(0, |known| known.rank.number);
        let shown = match self.stored_text(id)? {
            Some(text) => text.rank(number),
            // It is gone with its note.
            None if !is_live && !self.is_in_trash(id)? => return Ok(()),
            None => Rank::without_text(number, self.is_text_removed(id)?),
        };
        let is_nothing_new = match known {
            Some(known) => {
                known.rank == shown || !shown.is_there && (!known.rank.is_there || known.waits)
            }
            None => !shown.is_there && !shown.is_removed,
        };
        if is_nothing_new {
            return Ok(());
        }
        let register = Register {
            rank: Rank {
                number: number.saturating_add(1),
                ..shown
            },
            waits: false,
            unpublished: true,
            own: known.is_some_and(|known| known.own),
        };
        self.put_register(page, &register, None)
    }

    /// Has the next call of [`Store::absorb_texts`] compare the text of a note, if it has one, with
    /// what was last said about it: the note is new to sync, or belongs to another page now.
    pub(super) fn compare_text(&self, id: NoteId) -> Result<()> {
        self.execute(
            "INSERT OR IGNORE INTO sync_changed_texts SELECT note_id FROM texts WHERE note_id = ?",
            [id.0],
        )
    }

    /// Says that a page has no text yet, since the user has saved it anew.
    pub(super) fn say_no_text_yet(&self, page: PageId) -> Result<()> {
        let Some(known) = self.register(page)? else {
            return Ok(());
        };
        if !known.rank.is_there && !known.rank.is_removed {
            return Ok(());
        }
        let register = Register {
            rank: Rank::without_text(known.rank.number.saturating_add(1), false),
            waits: false,
            unpublished: true,
            own: known.own,
        };
        self.put_register(page, &register, None)
    }

    /// Asks the other devices for the text of a page that is live with them. Here the note was purged.
    pub(super) fn ask_for_text(&self, page: PageId) -> Result<()> {
        if self.register(page)?.is_some() {
            return Ok(());
        }
        let register = Register {
            rank: Rank::without_text(0, false),
            waits: false,
            unpublished: true,
            own: false,
        };
        self.put_register(page, &register, None)
    }

    /// Gives the new note of a page the text of the one before it, if that is what was last said. The
    /// device that saved the page anew has said something else, which replaces it.
    pub(super) fn carry_text(&self, page: PageId, old: NoteId, new: NoteId) -> Result<()> {
        let (known, text) = (self.register(page)?, self.stored_text(old)?);
        if let (Some(known), Some(text)) = (known, text)
            && text.rank(known.rank.number) == known.rank
        {
            self.adopt_newer_text(new, self.text_row(old)?.as_ref())?;
        }
        Ok(())
    }

    /// Records that a file has this, if nothing else was said since.
    pub(super) fn record_published_text(&self, text: &PageText) -> Result<()> {
        let known = self.register(text.page)?;
        if known.is_some_and(|known| known.rank == text.rank()) {
            self.execute(
                "UPDATE sync_page_texts SET unpublished = 0, own = 1 WHERE page = ?",
                [text.page.0],
            )?;
        }
        Ok(())
    }

    fn forget_changed_text(&self, id: NoteId) -> Result<()> {
        self.execute("DELETE FROM sync_changed_texts WHERE note_id = ?", [id.0])
    }

    /// Joins what a device says about the text of a page. Returns whether a note changed.
    fn join_text(&self, said: &PageText, new: Option<&NewText>, device: &str) -> Result<bool> {
        // What the user has changed meanwhile.
        if let Some(id) = self.live_note_of(said.page)? {
            self.absorb_text(id)?;
        }
        let is_own = self.is_device(device)?;
        let rank = said.rank();
        let known = self.register(said.page)?;
        if rank.number == 0 {
            if !is_own && known.is_some() {
                self.execute(
                    "UPDATE sync_page_texts SET unpublished = 1 WHERE page = ? AND number > 0",
                    [said.page.0],
                )?;
            }
            return Ok(false);
        }
        if let Some(mut known) = known
            && known.rank >= rank
        {
            let is_said = known.rank == rank;
            if is_own && (!known.own || is_said && known.unpublished) {
                known.own = true;
                known.unpublished &= !is_said;
                self.execute(
                    "UPDATE sync_page_texts SET own = 1, unpublished = ? WHERE page = ?",
                    params![known.unpublished, said.page.0],
                )?;
            }
            return Ok(false);
        }
        let register = Register {
            rank,
            waits: false,
            unpublished: false,
            own: is_own || known.is_some_and(|known| known.own),
        };
        if restoring(&self.tx)? == Restoring::Reading {
            self.put_register(said.page, &register, None)?;
            return Ok(false);
        }
        let body = match &said.text {
            SaidText::Kept(text) if new.is_some() => Some(deflated(&text.markdown)?),
            _ => None,
        };
        self.put_register(said.page, &register, body.as_deref())?;
        self.show_text(said, new)
    }

    /// Shows a text that waits for the live note of its page, if there is one. Returns whether the
    /// note changed.
    fn show_text(&self, said: &PageText, new: Option<&NewText>) -> Result<bool> {
        let Some(id) = self.live_note_of(said.page)? else {
            // Or it would come back when the note does.
            if said.text.kept().is_none()
                && let Some(id) = self.note_of_synced_page(said.page)?
            {
                self.remove_trashed_text(id)?;
                self.forget_changed_text(id)?;
            }
            return Ok(false);
        };
        self.execute(
            "UPDATE sync_page_texts SET body = NULL WHERE page = ?",
            [said.page.0],
        )?;
        let changed = match (&said.text, new) {
            (_, Some(new)) => {
                let before = self.stored_text(id)?.map(|text| text.summary);
                self.put_text(id, new, true)?;
                before != Some(new.summary())
            }
            (SaidText::Kept(_), None) => false,
            (SaidText::Removed, None) => {
                let removed = self.remove_text(id)?;
                // No download brings it back here either.
                self.record_removed_text(id)?;
                removed
            }
            (SaidText::None, None) => self.take_text(id)?,
        };
        self.forget_changed_text(id)?;
        Ok(changed)
    }
}

//! Hands out what this device is yet to publish.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Map, Value};

use super::{
    history::{aliases, edits},
    registers::registers,
    states::{known_state, load_lists, page_of},
    text_register::PageText,
};
use crate::{
    domain::sync::{AliasValue, EditLists, PageId, RegisterKey, Said, TagEditRecord},
    error::Result,
    store::{
        connection::reader::Reader,
        transaction::{Store, Writer},
    },
};

/// What goes into a file of this device.
#[derive(Debug, Clone, Default)]
pub struct Unpublished {
    /// The states, as JSON.
    pub pages: Vec<Map<String, Value>>,
    /// The lists of tag edits that they refer to.
    pub lists: EditLists,
    /// Renamed, merged and removed tags.
    pub edits: Vec<TagEditRecord>,
    /// What was said about aliases.
    pub aliases: Vec<(String, AliasValue)>,
    /// What was said about things that aren't pages.
    pub registers: Vec<(RegisterKey, Said)>,
    /// Devices that the user has forgotten.
    pub forgotten: Vec<String>,
    /// Texts of pages.
    pub texts: Vec<PageText>,
    /// Pages whose texts can't be published, since they are gone.
    lost_texts: Vec<PageId>,
    /// The states as they are stored, to recognise those that change meanwhile.
    stored: Vec<(PageId, Vec<u8>)>,
    /// The pages whose states can't be read.
    unreadable: Vec<PageId>,
}

impl Unpublished {
    /// Returns whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
            && self.edits.is_empty()
            && self.aliases.is_empty()
            && self.registers.is_empty()
            && self.forgotten.is_empty()
            && self.texts.is_empty()
            && self.lost_texts.is_empty()
    }

    /// Adds registers, and the lists that they refer to.
    fn take_registers(&mut self, registers: Vec<(RegisterKey, Said)>) {
        for (_, said) in &registers {
            if !said.edits.is_empty() {
                self.lists.number_of(&said.edits);
            }
        }
        self.registers = registers;
    }

    /// Returns the line of a page, or `None` if its state can't be read.
    fn take(&mut self, row: &Row<'_>, lists: &EditLists) -> Result<Option<Map<String, Value>>> {
        let page = page_of(row, 0)?;
        let body: Vec<u8> = row.get(1)?;
        let hidden: Option<Vec<u8>> = row.get(2)?;
        let Some(state) = known_state(page, &body, hidden.as_deref(), lists) else {
            self.unreadable.push(page);
            return Ok(None);
        };
        let line = state.to_json(page, &mut self.lists);
        self.stored.push((page, body));
        Ok(Some(line))
    }
}

impl Reader {
    /// Returns what this device is yet to publish: pages whose states have at most about `bytes` bytes
    /// of JSON, and all tag edits, aliases and registers.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn unpublished(&self, bytes: usize) -> Result<Unpublished> {
        self.read_transaction(|reader| {
            let mut found = Unpublished {
                edits: edits(
                    &reader.conn,
                    "SELECT id, number, from_names, to_name FROM sync_tag_edits WHERE unpublished = ?",
                    1,
                )?,
                aliases: aliases(&reader.conn, "WHERE unpublished = 1")?,
                forgotten: forgotten(&reader.conn, "WHERE unpublished = 1")?,
                ..Unpublished::default()
            };
            found.take_registers(registers(&reader.conn, "WHERE unpublished = ?", 1)?);
            let lists = load_lists(&reader.conn)?;
            let mut query = (reader.conn)
                // In the order of the notes, so that those who read them append to their tables.
                .prepare_cached(
                    "SELECT page, state, hidden FROM sync_pages WHERE unpublished = 1
                     ORDER BY note_id",
                )?;
            let mut rows = query.query([])?;
            let mut left = bytes;
            while let Some(row) = rows.next()? {
                let Some(line) = found.take(row, &lists)? else {
                    continue;
                };
                let length = Value::Object(line.clone()).to_string().len();
                found.pages.push(line);
                if length >= left {
                    break;
                }
                left -= length;
            }
            // After all pages, since a text is shown at a note.
            if rows.next()?.is_none() {
                (found.texts, found.lost_texts) = reader.unpublished_texts(left)?;
            }
            Ok(found)
        })
    }

    /// Returns the current states of these pages, the texts of pages with ids in `texts`, and all tag
    /// edits, aliases and registers if `history`. They are published already, in older files.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn published(
        &self,
        pages: &[PageId],
        texts: &[PageId],
        history: bool,
    ) -> Result<Unpublished> {
        self.read_transaction(|reader| {
            let mut found = Unpublished::default();
            if history {
                found.edits = all_edits(&reader.conn)?;
                found.aliases = aliases(&reader.conn, "")?;
                found.take_registers(registers(&reader.conn, "WHERE unpublished >= ?", 0)?);
                found.forgotten = forgotten(&reader.conn, "")?;
            }
            let lists = load_lists(&reader.conn)?;
            let mut query = (reader.conn)
                .prepare_cached("SELECT page, state, hidden FROM sync_pages WHERE page = ?")?;
            for page in pages {
                let mut rows = query.query([page.0])?;
                if let Some(row) = rows.next()?
                    && let Some(line) = found.take(row, &lists)?
                {
                    found.pages.push(line);
                }
            }
            for page in texts {
                found.texts.extend(reader.page_text(*page)?);
            }
            Ok(found)
        })
    }
}

fn forgotten(conn: &Connection, rest: &str) -> Result<Vec<String>> {
    let mut query = conn.prepare_cached(&format!("SELECT device FROM sync_forgotten {rest}"))?;
    let devices = query.query_map([], |row| row.get(0))?;
    Ok(devices.collect::<rusqlite::Result<_>>()?)
}

fn all_edits(conn: &Connection) -> Result<Vec<TagEditRecord>> {
    let sql = "SELECT id, number, from_names, to_name FROM sync_tag_edits WHERE number >= ?";
    edits(conn, sql, 0)
}

impl Store {
    /// Records that a file has this. Pages that have changed since are published again.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn record_published(
        &mut self,
        published: &Unpublished,
        number: u32,
        now: Timestamp,
    ) -> Result<()> {
        self.write(now, |writer| {
            for (page, state) in &published.stored {
                writer.execute(
                    "UPDATE sync_pages SET unpublished = 0, own = 1 WHERE page = ? AND state = ?",
                    params![page.0, state],
                )?;
            }
            for page in &published.unreadable {
                writer.make_state_again(*page)?;
            }
            for edit in &published.edits {
                writer.execute(
                    "UPDATE sync_tag_edits SET unpublished = 0 WHERE id = ?",
                    [edit.id.to_string()],
                )?;
            }
            for (name, value) in &published.aliases {
                writer.execute(
                    "UPDATE sync_aliases SET unpublished = 0 WHERE name = ? AND version = ?",
                    [name, &value.at.version.to_string()],
                )?;
            }
            for (key, said) in &published.registers {
                writer.execute(
                    "UPDATE sync_registers SET unpublished = 0
                     WHERE kind = ? AND name = ? AND version = ?",
                    [&key.kind, &key.name, &said.at.version.to_string()],
                )?;
            }
            for device in &published.forgotten {
                writer.execute(
                    "UPDATE sync_forgotten SET unpublished = 0 WHERE device = ?",
                    [device],
                )?;
            }
            for text in &published.texts {
                writer.record_published_text(text)?;
            }
            for page in &published.lost_texts {
                writer.execute(
                    "UPDATE sync_page_texts SET unpublished = 0 WHERE page = ?",
                    [page.0],
                )?;
            }
            writer.execute("UPDATE sync SET number = max(number, ?)", [number])
        })
    }

    /// Has pages published again, with their texts and all tag edits, aliases and registers: the
    /// device that published them is gone. `None`: all pages, since its files can't be read.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn take_over(&mut self, pages: Option<&[PageId]>, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            if pages.is_none() {
                writer.execute("UPDATE sync_pages SET unpublished = 1", [])?;
                writer.execute("UPDATE sync_page_texts SET unpublished = 1", [])?;
            }
            for page in pages.unwrap_or_default() {
                writer.execute(
                    "UPDATE sync_pages SET unpublished = 1 WHERE page = ?",
                    [page.0],
                )?;
                writer.execute(
                    "UPDATE sync_page_texts SET unpublished = 1 WHERE page = ?",
                    [page.0],
                )?;
            }
            writer.execute("UPDATE sync_tag_edits SET unpublished = 1", [])?;
            writer.execute("UPDATE sync_aliases SET unpublished = 1", [])?;
            writer.execute("UPDATE sync_registers SET unpublished = 1", [])
        })
    }
}

impl Writer<'_> {
    /// Takes the note of a page whose state can't be read into a new state, which is published next.
    fn make_state_again(&self, page: PageId) -> Result<()> {
        self.execute(
            "UPDATE sync_pages SET unpublished = 0 WHERE page = ?",
            [page.0],
        )?;
        let mut query = (self.tx).prepare_cached(
            "SELECT note_id FROM sync_pages WHERE page = ? AND note_id IS NOT NULL",
        )?;
        let note: Option<i64> = query.query_row([page.0], |row| row.get(0)).optional()?;
        self.absorb(note.as_slice())?;
        Ok(())
    }
}

//! What this device knows and no file of the place says, because the files that said it are lost.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    history::{aliases, edits},
    page_texts::SentTexts,
    registers::registers,
    states::{known_state, load_lists, page_of},
    text_register::{COLUMNS, PageText, Rank, Register},
};
use crate::{
    domain::sync::{AliasValue, EditId, Moment, PageId, RegisterKey, Said, State, UnseenVersions},
    error::Result,
    store::{connection::reader::Reader, transaction::Store},
};

/// What this device knows and has found in no file of the place so far. What it is going to publish
/// anyway isn't part of it.
#[derive(Debug, Default)]
pub struct OnlyHere {
    pages: BTreeMap<PageId, UnseenVersions>,
    texts: BTreeMap<PageId, Rank>,
    edits: BTreeSet<EditId>,
    aliases: BTreeMap<String, Moment>,
    registers: BTreeMap<RegisterKey, Said>,
}

impl OnlyHere {
    /// Returns whether the files say all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
            && self.texts.is_empty()
            && self.edits.is_empty()
            && self.aliases.is_empty()
            && self.registers.is_empty()
    }

    /// Returns the number of pages with something that no file says.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Takes what a file says about a page.
    pub fn take_page(&mut self, page: PageId, state: &State) {
        if let Some(unseen) = self.pages.get_mut(&page) {
            unseen.remove_seen(state);
            if unseen.is_empty() {
                self.pages.remove(&page);
            }
        }
    }

    /// Takes what a file says about the text of a page.
    pub fn take_text(&mut self, said: &PageText) {
        if (self.texts.get(&said.page)).is_some_and(|known| *known <= said.rank()) {
            self.texts.remove(&said.page);
        }
    }

    /// Takes a tag edit that a file has.
    pub fn take_edit(&mut self, edit: EditId) {
        self.edits.remove(&edit);
    }

    /// Takes what a file says about an alias.
    pub fn take_alias(&mut self, name: &str, value: &AliasValue) {
        if (self.aliases.get(name)).is_some_and(|known| *known <= value.at) {
            self.aliases.remove(name);
        }
    }

    /// Takes what a file says about a thing that isn't a page.
    pub fn take_register(&mut self, key: &RegisterKey, said: &Said) {
        if (self.registers.get(key)).is_some_and(|known| known <= said) {
            self.registers.remove(key);
        }
    }
}

impl Reader {
    /// Returns all that this device knows and isn't going to publish. `sent`: without texts, none are
    /// part of it.
    ///
    /// # Errors
    /// The `store_*` kinds, as for every method here.
    pub fn all_published(&self, sent: SentTexts) -> Result<OnlyHere> {
        self.read_transaction(|reader| {
            let conn = &reader.conn;
            let mut found = OnlyHere::default();
            let lists = load_lists(conn)?;
            let mut query = conn.prepare_cached(
                "SELECT page, state, hidden FROM sync_pages WHERE unpublished = 0",
            )?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                let page = page_of(row, 0)?;
                let body: Vec<u8> = row.get(1)?;
                let hidden: Option<Vec<u8>> = row.get(2)?;
                if let Some(state) = known_state(page, &body, hidden.as_deref(), &lists) {
                    found.pages.insert(page, UnseenVersions::of(&state));
                }
            }
            if sent == SentTexts::All {
                let sql =
                    format!("SELECT {COLUMNS}, page FROM sync_page_texts WHERE unpublished = 0");
                let mut query = conn.prepare_cached(&sql)?;
                let texts =
                    query.query_map([], |row| Ok((page_of(row, 9)?, Register::of(row)?.rank)))?;
                found.texts = texts.collect::<rusqlite::Result<_>>()?;
            }
            let sql =
                "SELECT id, number, from_names, to_name FROM sync_tag_edits WHERE unpublished = ?";
            found.edits = edits(conn, sql, 0)?.iter().map(|edit| edit.id).collect();
            let known = aliases(conn, "WHERE unpublished = 0")?;
            found.aliases = (known.into_iter())
                .map(|(name, value)| (name, value.at))
                .collect();
            let known = registers(conn, "WHERE unpublished = ?", 0)?;
            found.registers = known.into_iter().collect();
            Ok(found)
        })
    }
}

impl Store {
    /// Has this device publish what only it knows.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn publish_only_here(&mut self, only_here: &OnlyHere, now: Timestamp) -> Result<()> {
        self.write(now, |writer| {
            for page in only_here.pages.keys() {
                let sql = "UPDATE sync_pages SET unpublished = 1 WHERE page = ?";
                writer.execute(sql, [page.0])?;
            }
            for page in only_here.texts.keys() {
                let sql = "UPDATE sync_page_texts SET unpublished = 1 WHERE page = ?";
                writer.execute(sql, [page.0])?;
            }
            for edit in &only_here.edits {
                let sql = "UPDATE sync_tag_edits SET unpublished = 1 WHERE id = ?";
                writer.execute(sql, [edit.to_string()])?;
            }
            for name in only_here.aliases.keys() {
                let sql = "UPDATE sync_aliases SET unpublished = 1 WHERE name = ?";
                writer.execute(sql, [name])?;
            }
            for key in only_here.registers.keys() {
                let sql = "UPDATE sync_registers SET unpublished = 1 WHERE kind = ? AND name = ?";
                writer.execute(sql, [&key.kind, &key.name])?;
            }
            Ok(())
        })
    }
}

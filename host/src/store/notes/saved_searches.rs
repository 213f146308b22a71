//! Saved searches: queries saved under a name.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::{
    domain::NoteId,
    error::{Error, Result},
    store::{connection::reader::Reader, transaction::Writer},
};

/// Longest name, in characters.
const MAX_NAME: usize = 100;
/// Longest query, in bytes. A search ignores the rest of a longer one.
const MAX_QUERY: usize = 4096;
/// Most saved searches.
pub(in crate::store) const MAX_SEARCHES: usize = 1_000;

/// A query saved under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedSearch {
    /// Its name as the user typed it.
    pub name: String,
    /// The query.
    pub query: String,
    /// Time of the save.
    pub saved_at: Timestamp,
}

impl SavedSearch {
    /// Checks a name and a query, and removes white space around them.
    ///
    /// # Errors
    /// `InvalidParams`, with a sentence.
    pub fn new(name: &str, query: &str, saved_at: Timestamp) -> Result<Self> {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let query = query.trim();
        let refused = |sentence: &str| Err(Error::InvalidParams(sentence.into()));
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control)
        {
            return refused(
                "A saved search needs a name of 1 to 100 characters, without control characters.",
            );
        }
        if query.is_empty() || query.len() > MAX_QUERY {
            return refused("A saved search needs a query of 1 to 4,096 bytes.");
        }
        Ok(Self {
            name,
            query: query.to_owned(),
            saved_at,
        })
    }
}

/// Returns what identifies a search: its name in lower case.
pub(in crate::store) fn folded(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    name.to_lowercase()
}

fn of_row(row: &Row<'_>) -> rusqlite::Result<SavedSearch> {
    Ok(SavedSearch {
        name: row.get(0)?,
        query: row.get(1)?,
        saved_at: NoteId(row.get(2)?).moment(),
    })
}

/// See [`Reader::saved_searches`].
pub(in crate::store) fn all_searches(conn: &Connection) -> Result<Vec<SavedSearch>> {
    let mut query =
        conn.prepare_cached("SELECT name, query, saved_at FROM searches ORDER BY folded")?;
    let found = query.query_map([], of_row)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// See [`Reader::saved_search`].
pub(super) fn saved_search(conn: &Connection, name: &str) -> Result<Option<SavedSearch>> {
    Ok(conn
        .prepare_cached("SELECT name, query, saved_at FROM searches WHERE folded = ?")?
        .query_row([folded(name)], of_row)
        .optional()?)
}

impl Reader {
    /// Returns all saved searches, sorted by name.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn saved_searches(&self) -> Result<Vec<SavedSearch>> {
        all_searches(&self.conn)
    }

    /// Returns the saved search with this name, ignoring case.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn saved_search(&self, name: &str) -> Result<Option<SavedSearch>> {
        saved_search(&self.conn, name)
    }
}

impl Writer<'_> {
    /// Saves a search, replacing one with the same name.
    ///
    /// # Errors
    /// `InvalidParams` if there are [`MAX_SEARCHES`] others already; the `store_*` kinds.
    pub fn save_search(&self, search: &SavedSearch) -> Result<()> {
        let key = folded(&search.name);
        let others: usize = self
            .tx
            .prepare_cached("SELECT count(*) FROM searches WHERE folded <> ?")?
            .query_row([&key], |row| row.get(0))?;
        if others >= MAX_SEARCHES {
            return Err(Error::InvalidParams(
                "There are already 1,000 saved searches. Forget one first.".into(),
            ));
        }
        self.execute(
            "INSERT OR REPLACE INTO searches (folded, name, query, saved_at) VALUES (?, ?, ?, ?)",
            params![
                key,
                search.name,
                search.query,
                search.saved_at.as_microsecond()
            ],
        )
    }

    /// Saves a search in place of the one with the name `old`.
    ///
    /// # Errors
    /// `InvalidParams` if yet another search has the new name; see also [`Self::save_search`].
    pub fn rename_search(&self, old: &str, search: &SavedSearch) -> Result<()> {
        let key = folded(&search.name);
        let is_taken: bool = self
            .tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM searches WHERE folded = ?1 AND ?1 <> ?2)",
            )?
            .query_row([&key, &folded(old)], |row| row.get(0))?;
        if is_taken {
            return Err(Error::InvalidParams(format!(
                "Another saved search is called “{}”.",
                search.name
            )));
        }
        self.forget_search(old)?;
        self.save_search(search)
    }

    /// Forgets all searches that were saved at this moment. Returns their number.
    pub(super) fn forget_searches_of(&self, saved_at: Timestamp) -> Result<u64> {
        let gone = self
            .tx
            .prepare_cached("DELETE FROM searches WHERE saved_at = ?")?
            .execute([saved_at.as_microsecond()])?;
        Ok(gone as u64)
    }

    /// Forgets a saved search. Returns whether there was one with this name.
    ///
    /// # Errors
    /// The `store_*` kinds.
    pub fn forget_search(&self, name: &str) -> Result<bool> {
        let gone = self
            .tx
            .prepare_cached("DELETE FROM searches WHERE folded = ?")?
            .execute([folded(name)])?;
        Ok(gone > 0)
    }
}

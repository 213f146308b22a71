//! Saved searches as all devices together say.

use std::{cmp::Reverse, collections::BTreeMap};

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::derived::{Derived, Values};
use crate::{
    domain::{
        NoteId,
        sync::{Moment, RegisterKey, Registers},
    },
    error::{Error, Result},
    store::{
        notes::saved_searches::{MAX_SEARCHES, SavedSearch, all_searches, folded},
        transaction::Writer,
    },
};

/// The kind of the registers of saved searches. Their names are those of the searches, in lower case.
pub(super) const SEARCH: &str = "search";

/// The value of a register.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    name: String,
    query: String,
    /// In µs since 1970.
    saved_at: i64,
}

fn key_of(search: &SavedSearch) -> RegisterKey {
    RegisterKey {
        kind: SEARCH.to_owned(),
        name: serde_json::json!(folded(&search.name)).to_string(),
    }
}

fn value_of(search: &SavedSearch) -> Result<String> {
    let value = Value {
        name: search.name.clone(),
        query: search.query.clone(),
        saved_at: search.saved_at.as_microsecond(),
    };
    serde_json::to_string(&value).map_err(Error::internal)
}

/// Returns a search, unless it is one that can't be saved here.
fn search_of(value: &str) -> Option<SavedSearch> {
    let value: Value = serde_json::from_str(value).ok()?;
    let search =
        SavedSearch::new(&value.name, &value.query, NoteId(value.saved_at).moment()).ok()?;
    let is_same = search.name == value.name
        && search.query == value.query
        && search.saved_at.as_microsecond() == value.saved_at;
    is_same.then_some(search)
}

/// Returns the saved searches of this database.
pub(super) fn own(conn: &Connection) -> Result<Values> {
    let searches = all_searches(conn)?.into_iter();
    let values = searches.map(|search| Ok((key_of(&search), value_of(&search)?)));
    values.collect()
}

/// Returns the saved searches that follow from registers: if there are too many, the newest.
pub(super) fn derived(registers: &Registers) -> Derived {
    let mut found: Vec<(Moment, RegisterKey, String)> = (registers.of_kind(SEARCH))
        .filter_map(|(name, said)| {
            let search = search_of(said.value.as_deref()?)?;
            let key = key_of(&search);
            // Not that of another version's lower case.
            (key.name == name).then_some((said.at, key, value_of(&search).ok()?))
        })
        .collect();
    found.sort_unstable_by_key(|(at, _, _)| Reverse(*at));
    let rest = found.split_off(found.len().min(MAX_SEARCHES));
    let values = found.into_iter().map(|(_, key, value)| (key, value));
    Derived {
        values: values.collect(),
        left_out: rest.into_iter().map(|(_, key, _)| key).collect(),
    }
}

impl Writer<'_> {
    /// Replaces the saved searches of this database.
    pub(super) fn show_searches(&self, values: &Values) -> Result<()> {
        let mut wanted: BTreeMap<String, SavedSearch> = BTreeMap::new();
        for search in values.values().filter_map(|value| search_of(value)) {
            wanted.insert(folded(&search.name), search);
        }
        for own in all_searches(&self.tx)? {
            if !wanted.contains_key(&folded(&own.name)) {
                self.forget_search(&own.name)?;
            }
        }
        for (folded, search) in wanted {
            self.execute(
                "INSERT OR REPLACE INTO searches (folded, name, query, saved_at)
                 VALUES (?, ?, ?, ?)",
                params![
                    folded,
                    search.name,
                    search.query,
                    search.saved_at.as_microsecond()
                ],
            )?;
        }
        Ok(())
    }
}

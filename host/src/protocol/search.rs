//! Searching notes.

use serde::{Deserialize, Serialize};

use crate::protocol::library::QueryProblem;

/// Order of `searchNotes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SearchOrder {
    /// The newest first, in pages.
    #[default]
    Newest,
    /// Of the newest 500 matches those that fit best; one page only.
    Best,
}

/// `searchNotes`. No query is an error: what isn't understood is in `problems`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SearchNotesParams {
    /// The query language of the site's search page.
    pub query: String,
    /// How many at most: 1 to 100, 20 where it isn't given.
    pub limit: Option<u32>,
    /// Only notes with a smaller id: the `next` of the page before.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub before: Option<i64>,
    /// `newest` where it isn't given.
    pub order: Option<SearchOrder>,
}

/// Answer to `searchNotes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchNotesResult {
    /// In the order that was asked for.
    pub notes: Vec<FoundNote>,
    /// Whether there are further ones; or, where the page isn't full, may be:
    /// looking further would have taken too long.
    pub more: bool,
    /// The `before` of the next page, where there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub next: Option<i64>,
    /// What of the query wasn't understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<QueryProblem>>"))]
    pub problems: Vec<QueryProblem>,
}

/// One search result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FoundNote {
    /// As in [`Note`].
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// As in [`Note`].
    pub url: String,
    /// As in [`Note`].
    pub title: String,
    /// As in [`Note`].
    pub tags: Vec<String>,
    /// As in [`Note`].
    pub saved_at: String,
    /// Plain text around the first match.
    pub snippet: String,
}

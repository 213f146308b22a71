//! The method `searchNotes`.

use serde::{Deserialize, Serialize};

use crate::protocol::library::QueryProblem;

/// The order of `searchNotes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SearchOrder {
    /// Newest first, in pages.
    #[default]
    Newest,
    /// The best of the newest 500 matches, best first, on a single page.
    Best,
}

/// Where `searchNotes` searches, and where a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SearchPlace {
    /// In what the user wrote, and in title, description and address of the page.
    Note,
    /// In the readable text of the page. Matches are notes that match with their texts, but not
    /// without. Always newest first.
    Text,
}

/// `searchNotes`: returns a page of the notes that match a query. Never fails because of the query:
/// its invalid parts are in `problems`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SearchNotesParams {
    /// A query in the language of the site's search page.
    pub query: String,
    /// Most results: 1 to 100, default 20.
    pub limit: Option<u32>,
    /// Returns only notes with a smaller id: the `next` of the previous page.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub before: Option<i64>,
    /// Default `newest`.
    pub order: Option<SearchOrder>,
    /// Where to search. Default: what the query says with `in:`, or else `note`.
    #[serde(rename = "in")]
    #[cfg_attr(test, ts(rename = "in", optional))]
    pub place: Option<SearchPlace>,
}

/// Result of `searchNotes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchNotesResult {
    /// The notes in the requested order.
    pub notes: Vec<FoundNote>,
    /// Whether there are more matches. If the page isn't full, there may be some that would have
    /// taken too long to find.
    pub more: bool,
    /// The `before` of the next page, if there are more matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub next: Option<i64>,
    /// The invalid parts of the query.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<QueryProblem>>"))]
    pub problems: Vec<QueryProblem>,
}

/// A search result.
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
    /// Where the match is.
    pub r#where: SearchPlace,
}

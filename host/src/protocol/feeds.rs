//! The methods for the inbox: pages that arrived from feeds and aren't notes.

use serde::{Deserialize, Serialize};

/// A page in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Arrival {
    /// Its id, below 2^53. Later arrivals have higher ids.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The id of its feed.
    #[cfg_attr(test, ts(type = "number"))]
    pub feed_id: i64,
    /// The feed's title, or else its address.
    pub feed: String,
    /// The page's address, without user name and password.
    pub url: String,
    /// Its title; may be empty.
    pub title: String,
    /// The beginning of its text, or its summary.
    pub excerpt: Option<String>,
    /// RFC 3339, or a day, a month or a year in ISO 8601.
    pub published_at: Option<String>,
    /// Language of the page, a BCP 47 tag.
    pub lang: Option<String>,
    /// Its categories in the feed.
    pub keywords: Vec<String>,
    /// When it arrived: RFC 3339 UTC with milliseconds.
    pub arrived_at: String,
}

/// `listArrivals`: lists the pages in the inbox, the latest first. The extension sends it only if
/// `hello` says `arrivals`. Errors: the `store_*` kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ListArrivalsParams {
    /// Only pages from this feed.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub feed: Option<i64>,
    /// Only pages that arrived before the one with this id.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub before: Option<i64>,
    /// Most results: 1 to 200, default 50.
    pub limit: Option<u32>,
}

/// Result of `listArrivals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ListArrivalsResult {
    /// The pages.
    pub arrivals: Vec<Arrival>,
    /// Whether there are earlier ones.
    pub more: bool,
    /// Number of pages in the inbox, from all feeds.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// The feeds that have pages in the inbox, by title.
    pub feeds: Vec<FeedCount>,
}

/// A feed with its number of pages in the inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FeedCount {
    /// The feed's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// Its title, or else its address.
    pub name: String,
    /// The tags that its pages get when they are kept.
    pub tags: Vec<String>,
    /// Number of its pages in the inbox.
    #[cfg_attr(test, ts(type = "number"))]
    pub count: u64,
}

/// `keepArrival`: saves a page of the inbox as a note. It leaves the inbox. Returns the result of `saveNote`. Errors: `not_found` if the inbox doesn't have it any
/// more; those of `saveNote`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct KeepArrivalParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The page's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// Its tags. Default: those of its feed.
    pub tags: Option<Vec<String>>,
}

/// `unkeepArrival`: brings a page back to the inbox that `keepArrival` saved as a new note. The note
/// is removed. It stays if it was changed or has a text since. Errors: the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UnkeepArrivalParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub note: i64,
}

/// `skipArrivals`: takes pages out of the inbox without saving them. Errors: `invalid_params`
/// unless either `ids` or `feed` is given; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SkipArrivalsParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The pages' ids, 1,000 at most. Those that the inbox doesn't have any more are ignored.
    #[cfg_attr(test, ts(optional, type = "number[]"))]
    pub ids: Option<Vec<i64>>,
    /// Skips all pages from this feed.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub feed: Option<i64>,
    /// With `feed`: the latest page that the user has seen. Later ones stay.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub up_to: Option<i64>,
}

/// Result of `skipArrivals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SkipArrivalsResult {
    /// Number of pages that were skipped.
    #[cfg_attr(test, ts(type = "number"))]
    pub skipped: u64,
    /// The number of this skip, for `unskipArrivals`.
    #[cfg_attr(test, ts(type = "number"))]
    pub skip: i64,
}

/// `unskipArrivals`: brings back the pages of a skip, within 30 days, except those that were saved
/// meanwhile. Errors: the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UnskipArrivalsParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The number of the skip.
    #[cfg_attr(test, ts(type = "number"))]
    pub skip: i64,
}

/// Result of `unskipArrivals` and `unkeepArrival`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UnskipArrivalsResult {
    /// Number of pages that came back.
    #[cfg_attr(test, ts(type = "number"))]
    pub restored: u64,
}

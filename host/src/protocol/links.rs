//! What is known of the pages behind notes.

use serde::{Deserialize, Serialize};

/// What the checks of a note's page found. Only `url-notes check-links` checks pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct LinkInfo {
    /// What is said of the page.
    pub verdict: LinkVerdict,
    /// When the page was last asked for: RFC 3339 UTC with milliseconds.
    pub checked_at: String,
    /// Since when the page is gone or unreachable, in the same form; otherwise as `checked_at`.
    pub since: String,
    /// Where a moved page is; null for others.
    pub final_url: Option<String>,
    /// A copy of a page that may be lost, at the Wayback Machine (`web.archive.org`); null for
    /// others. There may be none at this address.
    pub archive_url: Option<String>,
}

/// What is said of a page after some checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LinkVerdict {
    /// It is there, or nobody knows yet that it isn't.
    Ok,
    /// It is at another address for good.
    Moved,
    /// Its web site said twice, a week apart, that it isn't there.
    Gone,
    /// Its web site answers with something else.
    Soft,
    /// Its web site didn't answer three times, over at least a week.
    Unreachable,
    /// Its web site shuts programs out, which says nothing of the page.
    Walled,
}

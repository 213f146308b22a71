//! Tags in use.

use serde::{Deserialize, Serialize};

/// `completeTags`: returns tags in use that begin with the text, then those that contain it, each
/// group by number of notes. Each group is followed by matches that differ only in accents or width
/// (`cafe`, `café`). An empty text returns the most used tags.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct CompleteTagsParams {
    /// The typed text.
    pub text: String,
    /// Most results: 1 to 100, default 8.
    pub limit: Option<u32>,
    /// Tags to leave out, because they are already chosen.
    pub exclude: Option<Vec<String>>,
}

/// Result of `completeTags`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CompleteTagsResult {
    /// Best first.
    pub tags: Vec<TagCount>,
}

/// A tag with its number of notes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TagCount {
    /// Normalised name.
    pub name: String,
    /// Number of its notes, without the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub count: u64,
    /// Number of the notes that have it only because another of their tags implies it. Only in the
    /// site's API and in `tag list --json`, and only if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub implied: Option<u64>,
}

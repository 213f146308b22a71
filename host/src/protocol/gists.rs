//! Summaries by a language model.

use serde::{Deserialize, Serialize};

/// A summary by a language model: never a part of the note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct GistInfo {
    /// Plain text in one paragraph, at most 800 characters.
    pub text: String,
    /// The model's name.
    pub maker: String,
    /// When it was made: RFC 3339.
    pub made_at: String,
    /// Whether the note's text has changed or is gone since, or its address has changed.
    pub outdated: bool,
}

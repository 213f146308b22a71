//! The methods for texts of pages.

use serde::{Deserialize, Serialize};

/// `putText`: stores the readable text of a saved page. Returns [`PutTextResult`]. The extension
/// sends it only if `hello` says `texts`.
/// Errors: `not_found`, also if the note is in the trash; `too_large`; `invalid_params` if the text
/// has no words or the time is invalid; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct PutTextParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The text as Markdown, up to 256 KiB of UTF-8.
    pub text: String,
    /// False if the text was too long and was cut.
    pub whole: bool,
    /// When the text was read from the page: RFC 3339. A time in the future counts as now.
    pub taken_at: String,
    /// Whether to replace the stored text in any case. Default: false; [`TextKept::Older`] says when
    /// it stays.
    pub force: Option<bool>,
}

/// Result of `putText`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PutTextResult {
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// Number of words of the text that the note has now; in scripts without spaces, of characters.
    pub words: u32,
    /// Which text that is.
    pub kept: TextKept,
}

/// Which text a note has after `putText`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TextKept {
    /// The new one.
    New,
    /// Both are the same.
    Same,
    /// The one that it had. Either the new one has less than half of its words: the page may have
    /// asked for consent or for a login. Or the new one was read earlier. Or the user gave the file
    /// of the one that it had.
    Older,
}

/// `removeText`: removes the text of a saved page; the note stays. Returns [`RemoveTextResult`].
/// Errors: `not_found`, also if the note is in the trash; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoveTextParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
}

/// Result of `removeText`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoveTextResult {
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
}

/// What is known about the text of a note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TextInfo {
    /// Number of words; in scripts without spaces, of characters.
    pub words: u32,
    /// When the text was read from the page: RFC 3339 UTC with milliseconds.
    pub taken_at: String,
    /// False if the text was too long and was cut.
    pub whole: bool,
}

/// Whether the extension keeps the texts of pages: `keep-text` of the configuration file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum KeepText {
    /// At each save.
    #[default]
    Always,
    /// If the user agrees.
    Ask,
    /// Not at all.
    Never,
}

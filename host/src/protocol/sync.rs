//! What people see of the sync with their other devices.

use serde::{Deserialize, Serialize};

/// Where the last change of a note came from, if another device made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SyncInfo {
    /// The device's name.
    pub device: String,
    /// When the change arrived here: RFC 3339 UTC with milliseconds.
    pub arrived_at: String,
}

/// What devices wrote about a note at the same time, and what the note therefore doesn't show or
/// shows together. `settleConflict` or an edit of the field chooses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteConflicts {
    /// Other titles that the user typed, the oldest first.
    pub titles: Vec<Alternative>,
    /// Texts that couldn't be merged, the oldest first. They stand in the note's text, above the
    /// newest one, unless that would be too long.
    pub texts: Vec<Alternative>,
    /// Number of further values, which would make the answer too long; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub more: Option<u32>,
}

/// A title or a text that was written at the same time as another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Alternative {
    /// The title or the text.
    pub text: String,
    /// When it was written, by that device's clock: RFC 3339 UTC with milliseconds.
    pub written_at: String,
}

/// A field of a note that several devices can change at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ConflictField {
    /// The title.
    Title,
    /// The user's text.
    Text,
}

/// `settleConflict`: makes one of the values that devices wrote at the same time the only one of its
/// field. Returns the note as [`NoteResult`](super::NoteResult). Errors: `invalid_params` unless
/// exactly one of `keep`, `title` and `text` is given; `not_found`; `settled_already` if the value
/// isn't one of the note's conflicts any more; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SettleConflictParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The field of which the note keeps what it shows.
    pub keep: Option<ConflictField>,
    /// The title to take: one of [`NoteConflicts`].
    pub title: Option<String>,
    /// The text to take in place of the note's: one of [`NoteConflicts`].
    pub text: Option<String>,
}

/// How the sync stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SyncStatus {
    /// How the last run ended.
    pub state: SyncState,
    /// The place that carries the notes, without user names and passwords.
    pub place: String,
    /// The end of the last run without a problem: RFC 3339 UTC with milliseconds; null if there was
    /// none.
    pub last_at: Option<String>,
    /// Why the last run failed; null if it didn't.
    pub problem: Option<SyncProblem>,
}

/// How the last run of the sync ended. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// There was none yet.
    New,
    /// Without a problem.
    Ok,
    /// With a problem.
    Failed,
}

/// Why a run of the sync failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SyncProblem {
    /// A stable word for the cause.
    pub kind: String,
    /// A sentence that says what to do.
    pub sentence: String,
}

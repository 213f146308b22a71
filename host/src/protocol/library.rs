//! The methods of the library page: lists, edits of many notes, changes of address, merges and
//! saved searches.

use serde::{Deserialize, Serialize};

use super::{
    gists::GistInfo, links::LinkInfo, suggest::SuggestedTag, sync::SyncInfo, texts::TextInfo,
};

/// Why a part of a query is invalid. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum QueryProblemKind {
    /// An unknown key, as in `foo:bar`. The text was searched for as words.
    UnknownKey,
    /// An unknown value, as in `is:foo` or `has:foo`. The condition was left out.
    UnknownValue,
    /// A key without a value, as in `tag:`. The condition was left out.
    NoValue,
    /// An invalid date after `before:` or `after:`. The condition was left out.
    NoDate,
    /// An invalid tag after `tag:`. The condition was left out.
    NoTag,
    /// A missing closing bracket. It was added at the end of the query.
    OpenBracket,
    /// A closing bracket without an opening one. It was ignored.
    StrayBracket,
    /// `OR` without a condition on each side. It was ignored.
    DanglingOr,
    /// Brackets nested too deeply. The innermost ones were left out.
    TooDeep,
    /// Too many conditions. Those over the limit were left out.
    TooMany,
    /// A query over the length limit. Its end was cut off.
    TooLong,
    /// A condition that isn't allowed within `OR` or an excluded group. It was left out.
    NotHere,
}

/// An invalid part of a query. The valid parts are searched for anyway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct QueryProblem {
    /// The cause as a word, for programs and for translation.
    pub kind: QueryProblemKind,
    /// The invalid part as typed; empty if the problem concerns the whole query.
    pub part: String,
    /// The problem as a sentence in English.
    pub message: String,
}

/// The order of `listNotes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// By time of save, newest first.
    #[default]
    Newest,
    /// By time of save, oldest first.
    Oldest,
    /// By time of the last change, latest first; in the trash, by time of deletion.
    Updated,
    /// By title, ignoring case. A note without a title is sorted by its address.
    Title,
}

/// `listNotes`: returns a page of all notes, of those that match a query, or of the trash.
/// Errors: `invalid_params` if the cursor is from another list, or with both `cursor` and `from`; the
/// `store_*` kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ListNotesParams {
    /// A query in the language of the site's search page. If it is empty or absent, all notes are
    /// listed.
    pub query: Option<String>,
    /// Lists the trash instead, like `is:deleted` in the query.
    pub trash: Option<bool>,
    /// Default `newest`.
    pub order: Option<ListOrder>,
    /// Most notes: 1 to 200, default 50. If they are long, the page has fewer.
    pub limit: Option<u32>,
    /// The `cursor` of the previous page. It stays valid when notes are added or deleted.
    pub cursor: Option<String>,
    /// Place of the page's first note in the list, counted from 0, instead of a cursor. Places differ
    /// after a change: compare `revision`.
    #[cfg_attr(test, ts(as = "Option<u32>"))]
    pub from: Option<u64>,
}

/// Result of `listNotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ListNotesResult {
    /// The notes in the requested order.
    pub notes: Vec<NoteRow>,
    /// Number of notes on all pages.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// The `cursor` for the next page; null on the last page.
    pub cursor: Option<String>,
    /// Changes with each change of any note. Pages with the same one are of the same list.
    #[cfg_attr(test, ts(type = "number"))]
    pub revision: u64,
    /// The invalid parts of the query.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<QueryProblem>>"))]
    pub problems: Vec<QueryProblem>,
}

/// `listNoteIds`: returns the ids of a list of `listNotes`. Errors: the `store_*` kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ListNoteIdsParams {
    /// As in [`ListNotesParams`].
    pub query: Option<String>,
    /// As in [`ListNotesParams`].
    pub trash: Option<bool>,
    /// As in [`ListNotesParams`].
    pub order: Option<ListOrder>,
    /// Place of the first id in the list, counted from 0, which is the default.
    #[cfg_attr(test, ts(as = "Option<u32>"))]
    pub from: Option<u64>,
    /// Most ids: 1 to 50,000, which is the default.
    pub limit: Option<u32>,
}

/// Result of `listNoteIds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ListNoteIdsResult {
    /// The ids in the requested order.
    #[cfg_attr(test, ts(type = "number[]"))]
    pub ids: Vec<i64>,
    /// As in [`ListNotesResult`].
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// As in [`ListNotesResult`].
    #[cfg_attr(test, ts(type = "number"))]
    pub revision: u64,
}

/// A note in a list, without its texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteRow {
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
    /// As in [`Note`].
    pub updated_at: String,
    /// As in [`Note`].
    pub deleted_at: Option<String>,
    /// As in [`Note`].
    pub read: bool,
    /// Host name of its web site without `www.`; empty if it has none.
    pub site: String,
    /// Whether the user wrote a text for it.
    pub has_note: bool,
    /// The kept text of its page, null without one.
    pub text: Option<TextInfo>,
    /// The summary by a language model, null without one.
    pub gist: Option<GistInfo>,
    /// What the checks of its page found, null if it was never checked.
    pub link: Option<LinkInfo>,
    /// As in [`NoteForUrlResult`](super::NoteForUrlResult).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sync: Option<SyncInfo>,
    /// Number of titles and texts in [`NoteConflicts`](super::NoteConflicts); absent if there are
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub conflicts: Option<u32>,
}

/// `editNotes`: changes many notes at once, either all or none.
///
/// Up to 10,000 notes are changed in one transaction before the response. A larger edit continues
/// in parts after the response, so that other programs can save in between: `state` is then
/// `running`, and `editStatus` reports the progress. An interrupted edit continues as soon as a
/// program opens the notes again. A repeated request with the same `opId` returns the progress and
/// starts nothing. Errors: `selection_changed` if `expectedCount` isn't the number of selected
/// notes; `invalid_params` if no change or several incompatible ones are requested, or if the query
/// has an invalid part; `invalid_tag`; the `store_*` kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct EditNotesParams {
    /// UUID of this operation.
    pub op_id: String,
    /// Ids of the notes, up to 100,000. Exactly one of `ids` and `query` is required.
    #[cfg_attr(test, ts(type = "number[]"))]
    pub ids: Option<Vec<i64>>,
    /// Selects the matching notes; an empty query selects all. With `restore`, it searches the
    /// trash. A query with an invalid part is refused.
    pub query: Option<String>,
    /// Number of notes that the user saw.
    #[cfg_attr(test, ts(type = "number"))]
    pub expected_count: Option<u64>,
    /// Tags to add at the end of each note's tags.
    pub add_tags: Option<Vec<String>>,
    /// Tags to remove.
    pub remove_tags: Option<Vec<String>>,
    /// Marks the notes as read, or as unread.
    pub read: Option<bool>,
    /// Moves the notes to the trash. Can't be combined with other changes.
    pub delete: Option<bool>,
    /// Restores the notes from the trash. Can't be combined with other changes.
    pub restore: Option<bool>,
    /// Counts the notes without changing them.
    pub dry_run: Option<bool>,
}

/// The state of an edit of many notes. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EditState {
    /// A dry run. Nothing was changed.
    Rehearsed,
    /// The edit is in progress.
    Running,
    /// The edit is complete. It can be undone for 30 days.
    Done,
    /// The edit is being undone.
    Undoing,
    /// The edit was undone or cancelled.
    Undone,
}

/// Result of `editNotes`, `editStatus`, `cancelEdit` and `undoEdit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EditResult {
    /// Id of the edit, for `editStatus`, `cancelEdit` and `undoEdit`. Null for a dry run.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub edit: Option<i64>,
    /// The state of the edit.
    pub state: EditState,
    /// Number of selected notes, without the missing ones.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// Number of notes that were changed; for a dry run, that would be changed.
    #[cfg_attr(test, ts(type = "number"))]
    pub changed: u64,
    /// Number of notes that needed no change.
    #[cfg_attr(test, ts(type = "number"))]
    pub unchanged: u64,
    /// Number of notes on which the edit was undone.
    #[cfg_attr(test, ts(type = "number"))]
    pub restored: u64,
    /// Ids of the selected notes that no longer exist: the first 1,000.
    #[cfg_attr(test, ts(type = "number[]"))]
    pub missing: Vec<i64>,
    /// Number of selected notes that no longer exist.
    #[cfg_attr(test, ts(type = "number"))]
    pub missing_count: u64,
    /// Notes that couldn't be changed, or on which the edit couldn't be undone: the first 1,000.
    pub refused: Vec<RefusedNote>,
    /// Number of notes of that kind.
    #[cfg_attr(test, ts(type = "number"))]
    pub refused_count: u64,
}

/// A note that an edit couldn't change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RefusedNote {
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// Why it wasn't changed.
    pub reason: RefusalReason,
}

/// Why an edit, or its undo, left a note unchanged. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// The note would have more than 200 tags.
    TooManyTags,
    /// The page was saved again, so the old note can't be restored.
    PageSavedAgain,
    /// The note was changed since the edit: deleted, restored, or edited after the edit restored
    /// it.
    ChangedSince,
    /// The address belongs to another note.
    AddressTaken,
}

/// `editStatus` (returns the progress of an edit) and `cancelEdit` (takes back what a running edit
/// has changed so far; a completed edit stays). Errors: `not_found` if the edit is unknown or too
/// old; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EditIdParams {
    /// The `edit` of [`EditResult`].
    #[cfg_attr(test, ts(type = "number"))]
    pub edit: i64,
}

/// `undoEdit`: takes back the changes of an edit and keeps later ones. With more than 10,000
/// notes, it continues after the response, as `editNotes` does. Errors: `not_found` if the edit is
/// unknown or too old; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct UndoEditParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The `edit` of [`EditResult`].
    #[cfg_attr(test, ts(type = "number"))]
    pub edit: i64,
}

/// `changeAddress`: changes the address of a note and keeps the old one in `addresses`. Returns
/// [`NoteResult`](super::NoteResult). Errors: `not_found`; `invalid_url`; `address_taken` if the
/// page already has another note (`noteForUrl` returns it, and `mergeNotes` merges the two); the
/// `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChangeAddressParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The new address: http or https (file if the configuration permits it).
    pub url: String,
}

/// `mergeNotes`: adds the tags, text and addresses of one note to another, and moves the first to
/// the trash. Nothing is lost: `restoreNote` restores the dropped note with its address. Returns
/// the kept note as [`NoteResult`](super::NoteResult). Errors: `not_found`; `invalid_params` if
/// both are the same note; `too_large` and `invalid_tag` if the two don't fit into one note; the
/// `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MergeNotesParams {
    /// UUID of this operation.
    pub op_id: String,
    /// Id of the note that is kept, with its address and title.
    #[cfg_attr(test, ts(type = "number"))]
    pub keep: i64,
    /// Id of the note that moves to the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub drop: i64,
}

/// `suggestForNotes`: returns tags in use that suit saved notes, so that many of them can be tagged
/// at once. Errors: `invalid_params` if there are more than 200 ids; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SuggestForNotesParams {
    /// Ids of the notes, up to 200.
    #[cfg_attr(test, ts(type = "number[]"))]
    pub ids: Vec<i64>,
    /// Most tags for each note: 1 to 20, default 5.
    pub limit: Option<u32>,
}

/// Result of `suggestForNotes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SuggestForNotesResult {
    /// The notes in the requested order, without those that no longer exist.
    pub notes: Vec<NoteSuggestions>,
    /// Number of ids that were looked at, at least one. The host stops after about 200 ms; ask again
    /// with the remaining ids.
    #[cfg_attr(test, ts(type = "number"))]
    pub looked_at: u64,
}

/// The tags that suit a note.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteSuggestions {
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The likeliest first, without the note's own.
    pub tags: Vec<SuggestedTag>,
}

/// A query saved under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SavedSearch {
    /// Its name: 1 to 100 characters, without control characters. Names that differ only in case
    /// are the same.
    pub name: String,
    /// The query.
    pub query: String,
    /// Time of the save in RFC 3339, UTC with milliseconds.
    pub saved_at: String,
}

/// `searchSave`: saves a query under a name, replacing a saved search of that name. Errors:
/// `invalid_params` if the name or the query is invalid, or if there are 1,000 saved searches
/// already; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SearchSaveParams {
    /// See [`SavedSearch`].
    pub name: String,
    /// The query, up to 4 KiB.
    pub query: String,
    /// Name of a saved search that is forgotten at the same time, to rename it. An unknown name
    /// isn't an error.
    pub old_name: Option<String>,
}

/// `searchForget`: forgets a saved search. An unknown name isn't an error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchForgetParams {
    /// See [`SavedSearch`].
    pub name: String,
}

/// `searchList`: returns all saved searches. It has no parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SearchListParams {}

/// Result of `searchSave`, `searchForget` and `searchList`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchListResult {
    /// All saved searches, sorted by name.
    pub searches: Vec<SavedSearch>,
}

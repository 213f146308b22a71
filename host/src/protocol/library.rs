//! The methods of the library page: lists, edits of many notes, addresses, merges and saved
//! searches.

use serde::{Deserialize, Serialize};

/// Why a part of a query wasn't understood. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum QueryProblemKind {
    /// `foo:bar` where there is no key `foo`. The words were searched for.
    UnknownKey,
    /// `is:foo` or `has:foo` where there is no such value. It was left out.
    UnknownValue,
    /// A key without a value, as in `tag:`. It was left out.
    NoValue,
    /// `before:` or `after:` with something that is no date. It was left out.
    NoDate,
    /// `tag:` with something that can't be a tag. It was left out.
    NoTag,
    /// A bracket that isn't closed; it was closed at the end.
    OpenBracket,
    /// A closing bracket without an opening one. It was left out.
    StrayBracket,
    /// `OR` without a condition on each side. It was left out.
    DanglingOr,
    /// Brackets within brackets, too deep. The inner ones were left out.
    TooDeep,
    /// More conditions than a query can have. The further ones were left out.
    TooMany,
    /// A query that is too long. Its end was left out.
    TooLong,
    /// A condition that can't stand in brackets or beside `OR`. It was left out.
    NotHere,
}

/// A part of a query that wasn't understood. What can be found is found all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct QueryProblem {
    /// For programs, and for a sentence in another language.
    pub kind: QueryProblemKind,
    /// The part as it was typed; empty where it is the whole query.
    pub part: String,
    /// The sentence in English.
    pub message: String,
}

/// Order of `listNotes`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// By the moment of the save, the newest first.
    #[default]
    Newest,
    /// By the moment of the save, the oldest first.
    Oldest,
    /// By the last change, the latest first.
    Updated,
    /// By title, ignoring case; notes without a title by their address.
    Title,
}

/// `listNotes`: a page of all notes, of those that a query finds, or of the trash.
/// Errors: `invalid_params` for a cursor that isn't from this list; the `store_*` kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct ListNotesParams {
    /// The query language of the site's search page; all notes where it is empty or not given.
    pub query: Option<String>,
    /// Only notes in the trash: the same as `is:deleted` in the query.
    pub trash: Option<bool>,
    /// `newest` where it isn't given.
    pub order: Option<ListOrder>,
    /// How many at most: 1 to 200, 50 where it isn't given. Fewer come where they are long.
    pub limit: Option<u32>,
    /// Where to go on: the `cursor` of the page before. It stays right while notes come and go.
    pub cursor: Option<String>,
}

/// Answer to `listNotes`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ListNotesResult {
    /// In the order that was asked for.
    pub notes: Vec<NoteRow>,
    /// All notes of the list, on all pages.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// Where to go on; null where this is the last page.
    pub cursor: Option<String>,
    /// What of the query wasn't understood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<QueryProblem>>"))]
    pub problems: Vec<QueryProblem>,
}

/// A note in a list: without its texts.
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
    /// Host name of its web site without `www.`; empty where it is from none.
    pub site: String,
    /// Whether it has a text of the user's.
    pub has_note: bool,
}

/// `editNotes`: changes many notes at once, all of them or none.
///
/// Up to 10,000 notes are changed in one transaction before the answer. More of them are
/// changed in slices after it, so that saves go on: `state` is then `running`, and
/// `editStatus` says how far it is. An edit that was interrupted goes on when a program opens
/// the notes again. Sent again with the same `opId`, it answers how far the edit is.
/// Errors: `selection_changed` where `expectedCount` is another number than there are notes;
/// `invalid_params` where nothing or everything at once is asked for; `invalid_tag`; the
/// `store_*` kinds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct EditNotesParams {
    /// UUID of this operation.
    pub op_id: String,
    /// Which notes, up to 100,000. Either these or `query`.
    #[cfg_attr(test, ts(type = "number[]"))]
    pub ids: Option<Vec<i64>>,
    /// The notes that this query finds, empty for all; with `restore` those of the trash.
    /// A query that isn't understood as a whole is refused.
    pub query: Option<String>,
    /// How many notes the user was shown.
    #[cfg_attr(test, ts(type = "number"))]
    pub expected_count: Option<u64>,
    /// Tags to be added, at the end of each list.
    pub add_tags: Option<Vec<String>>,
    /// Tags to be removed.
    pub remove_tags: Option<Vec<String>>,
    /// Whether they are read from now on.
    pub read: Option<bool>,
    /// Moves them to the trash. Can't be combined with other changes.
    pub delete: Option<bool>,
    /// Brings them back from the trash. Can't be combined with other changes.
    pub restore: Option<bool>,
    /// Counts, and changes nothing.
    pub dry_run: Option<bool>,
}

/// How far an edit of many notes is. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EditState {
    /// A dry run: nothing was changed.
    Rehearsed,
    /// Notes are being changed.
    Running,
    /// All notes are changed. It can be undone for 30 days.
    Done,
    /// Notes are being given back what they had.
    Undoing,
    /// It was undone or cancelled: nothing of it is left.
    Undone,
}

/// Answer to `editNotes`, `editStatus`, `cancelEdit` and `undoEdit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EditResult {
    /// Names the edit in `editStatus`, `cancelEdit` and `undoEdit`. Null of a dry run.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub edit: Option<i64>,
    /// How far it is.
    pub state: EditState,
    /// Notes that were selected, without those that are missing.
    #[cfg_attr(test, ts(type = "number"))]
    pub total: u64,
    /// Notes that were changed, or that a dry run would change.
    #[cfg_attr(test, ts(type = "number"))]
    pub changed: u64,
    /// Notes that are as they should be already.
    #[cfg_attr(test, ts(type = "number"))]
    pub unchanged: u64,
    /// Notes that an undo has given back what they had.
    #[cfg_attr(test, ts(type = "number"))]
    pub restored: u64,
    /// Selected notes that aren't there any more: the first 1,000.
    #[cfg_attr(test, ts(type = "number[]"))]
    pub missing: Vec<i64>,
    /// All of them.
    #[cfg_attr(test, ts(type = "number"))]
    pub missing_count: u64,
    /// Notes that couldn't be changed, or couldn't be given back what they had: the first 1,000.
    pub refused: Vec<RefusedNote>,
    /// All of them.
    #[cfg_attr(test, ts(type = "number"))]
    pub refused_count: u64,
}

/// A note that an edit left as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RefusedNote {
    /// Which one.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// Why.
    pub reason: RefusalReason,
}

/// Why an edit left a note as it was. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// It would have more than 200 tags.
    TooManyTags,
    /// Its page was saved again, so it can't come back from the trash.
    PageSavedAgain,
    /// It was deleted, or restored, by somebody else since the edit.
    ChangedSince,
}

/// `editStatus` and `cancelEdit`. A cancelled edit gives back what it has changed so far; one
/// that is done stays. Errors: `not_found` for an edit that isn't known any more; the
/// `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct EditIdParams {
    /// The `edit` of [`EditResult`].
    #[cfg_attr(test, ts(type = "number"))]
    pub edit: i64,
}

/// `undoEdit`: gives the notes back what an edit has changed on them. What was changed since
/// stays. Of more than 10,000 notes it goes on after the answer, as `editNotes` does.
/// Errors: `not_found` for an edit that isn't known any more; the `store_*` kinds.
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

/// `changeAddress`: gives a note another address; the old one is kept in `addresses`.
/// Answers [`NoteResult`](super::NoteResult). Errors: `not_found`; `invalid_url`;
/// `address_taken` where the page has another note, which `noteForUrl` names and `mergeNotes`
/// can merge with this one; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ChangeAddressParams {
    /// UUID of this operation.
    pub op_id: String,
    /// Which note.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The new address: http or https (file where the configuration allows it).
    pub url: String,
}

/// `mergeNotes`: adds tags, text and addresses of one note to another, and moves it to the
/// trash. Nothing is lost: `restoreNote` of the dropped one brings it back with its address.
/// Answers [`NoteResult`](super::NoteResult) with the note that stays. Errors: `not_found`;
/// `invalid_params` where both are one; `too_large` and `invalid_tag` where both together don't
/// fit one note; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct MergeNotesParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note that stays, with its address and title.
    #[cfg_attr(test, ts(type = "number"))]
    pub keep: i64,
    /// The note that goes.
    #[cfg_attr(test, ts(type = "number"))]
    pub drop: i64,
}

/// A saved search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SavedSearch {
    /// Its name: 1 to 100 characters, without control characters. Two that differ in case
    /// alone are one.
    pub name: String,
    /// What is searched for.
    pub query: String,
    /// RFC 3339 UTC with milliseconds.
    pub saved_at: String,
}

/// `searchSave`: keeps a search under a name; one of the same name is replaced.
/// Errors: `invalid_params` for a name or a query that can't be one; the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchSaveParams {
    /// See [`SavedSearch`].
    pub name: String,
    /// What is searched for, up to 4 KiB.
    pub query: String,
}

/// `searchForget`: forgets a saved search. One that isn't there is no error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchForgetParams {
    /// See [`SavedSearch`].
    pub name: String,
}

/// `searchList` takes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SearchListParams {}

/// Answer to `searchSave`, `searchForget` and `searchList`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchListResult {
    /// All saved searches, by name.
    pub searches: Vec<SavedSearch>,
}

//! The methods, with their parameters and results.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::protocol::{
    feeds::{
        KeepArrivalParams, ListArrivalsParams, ListArrivalsResult, SkipArrivalsParams,
        SkipArrivalsResult, UnkeepArrivalParams, UnskipArrivalsParams, UnskipArrivalsResult,
    },
    icons::{IconsParams, IconsResult, PutIconParams, PutIconResult},
    library::{
        ChangeAddressParams, EditIdParams, EditNotesParams, EditResult, ListNoteIdsParams,
        ListNoteIdsResult, ListNotesParams, ListNotesResult, MergeNotesParams, SearchForgetParams,
        SearchListResult, SearchSaveParams, SuggestForNotesParams, SuggestForNotesResult,
        UndoEditParams,
    },
    markdown::{RenderMarkdownParams, RenderMarkdownResult},
    search::{SearchNotesParams, SearchNotesResult},
    suggest::{SuggestTagsParams, SuggestTagsResult},
    sync::{NoteConflicts, SettleConflictParams, SyncInfo, SyncStatus},
    tags::{CompleteTagsParams, CompleteTagsResult},
    texts::{KeepText, PutTextParams, PutTextResult, RemoveTextParams, RemoveTextResult, TextInfo},
};

/// Version of the protocol. It is increased if an old peer could no longer understand a new one;
/// adding a field or a method doesn't increase it.
pub const PROTOCOL: u32 = 1;

/// Longest frame that the host reads, in bytes of JSON. Browsers allow 64 MiB (Chrome) or more.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// Longest frame that the host writes, in bytes of JSON. Both browsers close the port on anything
/// over 1 MiB (Chrome, "native messaging"; MDN, "Native messaging").
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// A saved page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Time of the first save in µs since 1970; stable, unique, below 2^53.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The page's address as captured, without user name and password, which are only in the store,
    /// never in a message, list or export.
    pub url: String,
    /// Other addresses that the page was saved under, in the same form, the oldest first.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Title: the page's own, cleaned of counters and the web site's name, or the user's. If
    /// empty, the URL is shown instead.
    pub title: String,
    /// The page's own title as captured. Absent if it equals `title` or isn't known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub page_title: Option<String>,
    /// Normalised tag names in the user's order.
    pub tags: Vec<String>,
    /// The user's own text, Markdown; may be empty.
    pub summary: String,
    /// The page's own description.
    pub excerpt: Option<String>,
    /// RFC 3339 UTC with milliseconds.
    pub saved_at: String,
    /// RFC 3339 UTC with milliseconds.
    pub updated_at: String,
    /// RFC 3339, or a day, a month or a year in ISO 8601, from the page's metadata.
    pub published_at: Option<String>,
    /// Name of the web site, from the page's metadata.
    pub site_name: Option<String>,
    /// Language of the page, a BCP 47 tag.
    pub lang: Option<String>,
    /// RFC 3339 UTC with milliseconds if the note is in the trash.
    pub deleted_at: Option<String>,
    /// Whether the user has read the page.
    #[serde(default = "is_read")]
    pub read: bool,
}

/// The default for peers that don't know this field.
fn is_read() -> bool {
    true
}

/// `hello`: the first request on a port. Returns [`HelloResult`]. Errors: `protocol_unsupported` if
/// this host doesn't support `protocol`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloParams {
    /// The extension's [`PROTOCOL`].
    pub protocol: u32,
    /// Version of the extension.
    pub extension: String,
}

/// Result of `hello`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloResult {
    /// The host's [`PROTOCOL`].
    pub protocol: u32,
    /// Version of the host.
    pub host: String,
    /// Address of the site for a browser, with a trailing slash, to which paths are added: its own
    /// origin, `http://LABEL.localhost:PORT/`. If a browser needs the key, a token in it,
    /// `…/enter/TOKEN/`, gets the key at the first visit. If another program holds the port, `http://localhost:PORT/`
    /// instead, so that the program doesn't learn the label.
    pub site_url: String,
    /// Path of the database on this computer.
    pub database: String,
    /// Number of notes, without the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub notes: u64,
    /// Number of tags in use.
    #[cfg_attr(test, ts(type = "number"))]
    pub tags: u64,
    /// `save-on-open` of the configuration file; null if it isn't set.
    pub save_on_open: Option<bool>,
    /// Whether the host stores icons of web sites (`putIcon`, `icons`).
    #[serde(default)]
    pub icons: bool,
    /// Whether the host stores texts of pages (`putText`, `removeText`).
    #[serde(default)]
    pub texts: bool,
    /// `keep-text` of the configuration file.
    #[serde(default)]
    pub keep_text: KeepText,
    /// Number of pages in the inbox (`listArrivals`); null if there are no feeds.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "number | null"))]
    pub arrivals: Option<u64>,
    /// Why the site isn't served, as a sentence; null if it is.
    pub site_problem: Option<String>,
    /// Why the notes can't be opened, as a sentence (the counts are then 0); null if they can. Each
    /// write returns the same error with its kind.
    pub store_problem: Option<String>,
    /// How the sync stands; absent if the notes aren't synced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sync: Option<SyncStatus>,
}

/// The selection on the page at the time of the save.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// The selected text.
    pub text: String,
    /// Words before it, if the text alone isn't unique on the page.
    pub prefix: Option<String>,
    /// Words after it, if the text alone isn't unique on the page.
    pub suffix: Option<String>,
}

/// `saveNote`: stores the page, or adds to its existing note.
///
/// An existing note keeps its `savedAt`, its summary, and a title that the user gave with
/// `updateNote`. Tags are united, a quote is appended, the page's metadata including its title is
/// refreshed, and another address of the page is added to `addresses`. Errors: `invalid_url`,
/// `invalid_tag`, `too_large`, the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SaveNoteParams {
    /// UUID of this operation. A repeated operation returns the same result and changes nothing.
    pub op_id: String,
    /// Address of the page: http or https (file if the configuration permits it).
    pub url: String,
    /// The page's own title, up to 16 KiB; may be empty. It is cleaned: a counter of unread
    /// messages, an id and the web site's name are taken off.
    pub title: String,
    /// Titles in the page's metadata (`citation_title`, `og:title`), the best first. One that is
    /// the heart of `title` becomes the note's title.
    pub other_titles: Option<Vec<String>>,
    /// Tags in the user's order.
    pub tags: Option<Vec<String>>,
    /// The user's text, Markdown, up to 64 KiB. Used if the note has none yet.
    pub summary: Option<String>,
    /// The page's description; cut to 4 KiB.
    pub excerpt: Option<String>,
    /// The page's date in any form; dropped if it is unreadable or ambiguous.
    pub published_at: Option<String>,
    /// Further dates of the page, the best first: if `publishedAt` is unreadable, the first
    /// readable one is used.
    pub other_dates: Option<Vec<String>>,
    /// The web site's name; cut to 1 KiB.
    pub site_name: Option<String>,
    /// The page's language.
    pub lang: Option<String>,
    /// The selection, which is appended to the summary as a block quote.
    #[serde(default, deserialize_with = "object")]
    pub quote: Option<Quote>,
}

/// Result of `saveNote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SaveNoteResult {
    /// The note after the save.
    pub note: Note,
    /// False if the page had already been saved.
    pub created: bool,
    /// Present if the existing note has another URL of the same page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub same_page: Option<SamePage>,
    /// Present if the note has a title that the user typed, and the page's own title has changed
    /// since the last save.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub new_title: Option<NewTitle>,
    /// Names of parameters in the note's addresses that look like access tokens. Such notes are
    /// left out of the published site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<String>>"))]
    pub tokens: Vec<String>,
    /// Present if `created` is true and the trash has an earlier note of the page: the one that
    /// was deleted last. `restoreNote` restores it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub deleted_note: Option<Note>,
    /// The text of the page that is stored by now, or null.
    #[serde(default)]
    pub text: Option<TextInfo>,
}

/// The title of a page that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NewTitle {
    /// The page's title now, cleaned.
    pub title: String,
    /// The page's title at the last save, cleaned.
    pub before: String,
}

/// Why two URLs are the same page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SamePage {
    /// The URL of the first save, without user name and password.
    pub url: String,
    /// The difference in English, such as "same page without utm_source".
    pub because: String,
    /// The same as a word, for translation.
    pub reason: SamePageReason,
}

/// The most significant difference between two URLs of a page. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SamePageReason {
    /// One of them is a short link or has another form, or uses another host name of the web site.
    Form,
    /// Another version of a paper.
    Version,
    /// Parameters that don't identify the page.
    Tracking,
    /// The position in the page.
    Place,
    /// User name or password.
    UserInfo,
    /// Scheme, slash, percent-encoding or letters.
    Spelling,
}

/// `noteForUrl`: returns the note of a page, if there is one. Errors: `invalid_url`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteForUrlParams {
    /// Address of the page.
    pub url: String,
}

/// Result of `noteForUrl`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteForUrlResult {
    /// The note of this page, or null.
    pub note: Option<Note>,
    /// As in [`SaveNoteResult`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<String>>"))]
    pub tokens: Vec<String>,
    /// As in [`SaveNoteResult`], if `note` is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub deleted_note: Option<Note>,
    /// As in [`SaveNoteResult`].
    #[serde(default)]
    pub text: Option<TextInfo>,
    /// Number of notes from the same web site.
    #[cfg_attr(test, ts(type = "number"))]
    pub on_this_site: u64,
    /// Absent unless another device changed the note last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub sync: Option<SyncInfo>,
    /// Absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub conflicts: Option<NoteConflicts>,
}

/// `updateNote`: replaces the given fields. Errors: `not_found`, `invalid_tag`, `too_large`, the
/// `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UpdateNoteParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The new title.
    pub title: Option<String>,
    /// All tags, in the user's order.
    pub tags: Option<Vec<String>>,
    /// The new text.
    pub summary: Option<String>,
    /// Whether the page is read.
    pub read: Option<bool>,
    /// The same fields as the sender saw them. If another popup has changed one meanwhile, both
    /// changes are kept; without this, the new value replaces the old one.
    #[serde(default, deserialize_with = "object")]
    pub seen: Option<SeenFields>,
}

/// Fields of a note as the sender saw them before changing them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SeenFields {
    /// All tags, in their order at that time.
    pub tags: Option<Vec<String>>,
    /// The text at that time.
    pub summary: Option<String>,
}

/// `deleteNote`: moves a note to the trash, for 30 days. Errors: `not_found`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteIdParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
}

/// `restoreNote`: restores a note from the trash. Errors: `not_found`; `conflict` if the page was
/// saved again and `mergeWith` doesn't name its note; `too_large` and `invalid_tag` if both notes
/// don't fit into one.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RestoreNoteParams {
    /// UUID of this operation.
    pub op_id: String,
    /// The note's id.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// Id of the note that the page has by now. Its content is added to the restored note, and
    /// it is deleted.
    #[serde(default)]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub merge_with: Option<i64>,
}

/// Result of `updateNote`, `deleteNote` and `restoreNote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteResult {
    /// The note after the change.
    pub note: Note,
}

/// `stats` has no parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatsParams {}

/// Result of `stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StatsResult {
    /// Number of notes, without the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub notes: u64,
    /// Number of tags in use.
    #[cfg_attr(test, ts(type = "number"))]
    pub tags: u64,
    /// Number of web sites with at least one note.
    #[cfg_attr(test, ts(type = "number"))]
    pub sites: u64,
    /// Number of notes in the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub trash: u64,
    /// Size of the database with its write-ahead log, in bytes.
    #[cfg_attr(test, ts(type = "number"))]
    pub database_bytes: u64,
    /// Time of the oldest save; null in an empty store.
    pub first_saved_at: Option<String>,
    /// Time of the newest save; null in an empty store.
    pub last_saved_at: Option<String>,
}

/// A request with a known method and parameters of the right types.
#[derive(Debug, Clone)]
pub enum Request {
    /// See [`HelloParams`].
    Hello(HelloParams),
    /// See [`SaveNoteParams`].
    SaveNote(Box<SaveNoteParams>),
    /// See [`NoteForUrlParams`].
    NoteForUrl(NoteForUrlParams),
    /// See [`UpdateNoteParams`].
    UpdateNote(UpdateNoteParams),
    /// See [`NoteIdParams`].
    DeleteNote(NoteIdParams),
    /// See [`RestoreNoteParams`].
    RestoreNote(RestoreNoteParams),
    /// See [`CompleteTagsParams`].
    CompleteTags(CompleteTagsParams),
    /// See [`SuggestTagsParams`].
    SuggestTags(Box<SuggestTagsParams>),
    /// See [`SuggestForNotesParams`].
    SuggestForNotes(SuggestForNotesParams),
    /// See [`SearchNotesParams`].
    SearchNotes(SearchNotesParams),
    /// See [`ListNotesParams`].
    ListNotes(ListNotesParams),
    /// See [`ListNoteIdsParams`].
    ListNoteIds(ListNoteIdsParams),
    /// See [`EditNotesParams`].
    EditNotes(Box<EditNotesParams>),
    /// See [`EditIdParams`].
    EditStatus(EditIdParams),
    /// See [`EditIdParams`].
    CancelEdit(EditIdParams),
    /// See [`UndoEditParams`].
    UndoEdit(UndoEditParams),
    /// See [`ChangeAddressParams`].
    ChangeAddress(ChangeAddressParams),
    /// See [`MergeNotesParams`].
    MergeNotes(MergeNotesParams),
    /// See [`SettleConflictParams`].
    SettleConflict(SettleConflictParams),
    /// See [`SearchSaveParams`].
    SearchSave(SearchSaveParams),
    /// See [`SearchForgetParams`].
    SearchForget(SearchForgetParams),
    /// See [`SearchListParams`](super::SearchListParams).
    SearchList,
    /// See [`PutIconParams`].
    PutIcon(PutIconParams),
    /// See [`IconsParams`].
    Icons(IconsParams),
    /// See [`PutTextParams`].
    PutText(PutTextParams),
    /// See [`RemoveTextParams`].
    RemoveText(RemoveTextParams),
    /// See [`ListArrivalsParams`].
    ListArrivals(ListArrivalsParams),
    /// See [`KeepArrivalParams`].
    KeepArrival(KeepArrivalParams),
    /// See [`SkipArrivalsParams`].
    SkipArrivals(SkipArrivalsParams),
    /// See [`UnkeepArrivalParams`].
    UnkeepArrival(UnkeepArrivalParams),
    /// See [`UnskipArrivalsParams`].
    UnskipArrivals(UnskipArrivalsParams),
    /// See [`RenderMarkdownParams`].
    RenderMarkdown(RenderMarkdownParams),
    /// See [`StatsParams`].
    Stats,
}

/// The result of a request, one variant per shape.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// To `hello`.
    Hello(HelloResult),
    /// To `saveNote` and `keepArrival`.
    Saved(Box<SaveNoteResult>),
    /// To `noteForUrl`.
    ForUrl(Box<NoteForUrlResult>),
    /// To `updateNote`, `deleteNote`, `restoreNote`, `changeAddress`, `mergeNotes`,
    /// `settleConflict`.
    Note(Box<NoteResult>),
    /// To `completeTags`.
    Tags(CompleteTagsResult),
    /// To `suggestTags`.
    Suggested(SuggestTagsResult),
    /// To `suggestForNotes`.
    SuggestedForNotes(SuggestForNotesResult),
    /// To `searchNotes`.
    Found(SearchNotesResult),
    /// To `listNotes`.
    Listed(ListNotesResult),
    /// To `listNoteIds`.
    ListedIds(ListNoteIdsResult),
    /// To `editNotes`, `editStatus`, `cancelEdit`, `undoEdit`.
    Edit(EditResult),
    /// To `searchSave`, `searchForget`, `searchList`.
    Searches(SearchListResult),
    /// To `putIcon`.
    PutIcon(PutIconResult),
    /// To `icons`.
    Icons(IconsResult),
    /// To `putText`.
    PutText(PutTextResult),
    /// To `removeText`.
    RemoveText(RemoveTextResult),
    /// To `listArrivals`.
    Arrivals(ListArrivalsResult),
    /// To `skipArrivals`.
    Skipped(SkipArrivalsResult),
    /// To `unskipArrivals` and `unkeepArrival`.
    Unskipped(UnskipArrivalsResult),
    /// To `renderMarkdown`.
    Markdown(RenderMarkdownResult),
    /// To `stats`.
    Stats(StatsResult),
}

/// Deserialises an object within the parameters. serde would accept a list as its fields in their
/// order.
fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Fields<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
        type Value = Option<T>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a JSON object")
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: serde::Deserializer<'de>>(
            self,
            deserializer: D,
        ) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_map(self)
        }

        fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
            T::deserialize(MapAccessDeserializer::new(fields)).map(Some)
        }
    }
    deserializer.deserialize_option(Fields(PhantomData))
}

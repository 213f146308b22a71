//! The methods: their parameters and results.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::protocol::{
    library::{
        ChangeAddressParams, EditIdParams, EditNotesParams, EditResult, ListNotesParams,
        ListNotesResult, MergeNotesParams, SearchForgetParams, SearchListResult, SearchSaveParams,
        UndoEditParams,
    },
    markdown::{RenderMarkdownParams, RenderMarkdownResult},
    search::{SearchNotesParams, SearchNotesResult},
};

/// Version of these messages. Raised when an old peer could no longer
/// understand a new one; adding a field or a method does not raise it.
pub const PROTOCOL: u32 = 1;

/// Longest frame the host reads, in bytes of JSON. Browsers allow 64 MiB
/// (Chrome) or 4 GiB (Firefox) towards the host; no save comes near this.
pub const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// Longest frame the host writes, in bytes of JSON: both browsers close the
/// port on anything over 1 MiB (Chrome: "native messaging" documentation,
/// MDN: "Native messaging", *maximum size of a single message*).
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// One saved page, as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Moment of the first save in µs since 1970; stable, unique, below 2^53.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
    /// The page's address as captured, without user name and password: those stay in the
    /// store, and are in no message, list or export.
    pub url: String,
    /// Other addresses that the page was saved under, likewise, the oldest first.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Page title; empty means that the URL is shown.
    pub title: String,
    /// Normalised tag names in the order the user gave them.
    pub tags: Vec<String>,
    /// The user's own text, Markdown; empty where there is none.
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
    /// RFC 3339 UTC with milliseconds where the note is in the trash.
    pub deleted_at: Option<String>,
    /// False while the user has yet to read the page.
    #[serde(default = "is_read")]
    pub read: bool,
}

/// What a peer of before this field meant.
fn is_read() -> bool {
    true
}

/// `hello`: the first request on a port.
/// Answers [`HelloResult`]; error `protocol_unsupported` where `protocol` is
/// one this host doesn't speak.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloParams {
    /// The [`PROTOCOL`] that the extension speaks.
    pub protocol: u32,
    /// Version of the extension.
    pub extension: String,
}

/// Answer to `hello`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloResult {
    /// The [`PROTOCOL`] that this host speaks.
    pub protocol: u32,
    /// Version of the host.
    pub host: String,
    /// Address of the site for a browser, with a trailing slash: its own origin,
    /// `http://LABEL.localhost:PORT/`. At `http://localhost:PORT/` where another program has
    /// the port, which isn't to learn the label.
    pub site_url: String,
    /// Path of the database on this machine.
    pub database: String,
    /// Number of notes, without the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub notes: u64,
    /// Number of tags in use.
    #[cfg_attr(test, ts(type = "number"))]
    pub tags: u64,
    /// `save-on-open` of the configuration file; null where it isn't set.
    pub save_on_open: Option<bool>,
    /// Why the site doesn't answer, as a sentence; null while it does.
    pub site_problem: Option<String>,
    /// Why the notes can't be opened, as a sentence (then the counts are 0);
    /// null while they can. Each write says it again, with its kind.
    pub store_problem: Option<String>,
}

/// A selection on the page at the moment of the save.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// The selected text.
    pub text: String,
    /// Words before it, where the text alone isn't unique on the page.
    pub prefix: Option<String>,
    /// Words after it, likewise.
    pub suffix: Option<String>,
}

/// `saveNote`: stores the page, or adds to the note that it already has.
///
/// An existing note keeps its `savedAt`, its summary, and a title that the user has given by
/// `updateNote`; tags are united; a quote is appended; what the page says of itself, its
/// title included, is refreshed; another address of the page is kept in `addresses`.
/// Errors: `invalid_url`, `invalid_tag`, `too_large`, the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SaveNoteParams {
    /// UUID of this operation: sent again, it returns the same result and changes nothing.
    pub op_id: String,
    /// Address of the page: http or https (file where the configuration allows it).
    pub url: String,
    /// The page's own title; up to 16 KiB. Empty where it has none.
    pub title: String,
    /// Tags in the user's order.
    pub tags: Option<Vec<String>>,
    /// The user's text, Markdown, up to 64 KiB. Used where the note has none yet.
    pub summary: Option<String>,
    /// The page's description; cut to 4 KiB.
    pub excerpt: Option<String>,
    /// The page's date as it writes it; dropped where it can't be read, or may be two days.
    pub published_at: Option<String>,
    /// Further dates of the page, the best first: where `publishedAt` can't be read, the
    /// first of these that can is taken.
    pub other_dates: Option<Vec<String>>,
    /// The web site's name; cut to 1 KiB.
    pub site_name: Option<String>,
    /// The page's language.
    pub lang: Option<String>,
    /// The selection, to be appended to the summary as a block quote.
    #[serde(default, deserialize_with = "object")]
    pub quote: Option<Quote>,
}

/// Answer to `saveNote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SaveNoteResult {
    /// The note as it now is in the store.
    pub note: Note,
    /// False where the page had been saved before.
    pub created: bool,
    /// Present where the existing note has another URL for the same page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub same_page: Option<SamePage>,
    /// Names of the parameters of the note's addresses that look like access tokens. Such
    /// notes are left out of the published site.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, ts(optional, as = "Option<Vec<String>>"))]
    pub tokens: Vec<String>,
}

/// Why two URLs are one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SamePage {
    /// The URL under which the page was saved first, without user name and password.
    pub url: String,
    /// The difference in English, as in "same page without utm_source".
    pub because: String,
    /// The same as a word, to be said in another language.
    pub reason: SamePageReason,
}

/// What differs most between two URLs of one page. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SamePageReason {
    /// One of them is a short link, or is at another host name of the web site.
    Form,
    /// Parameters that don't choose the page.
    Tracking,
    /// The place in the page.
    Place,
    /// User name or password.
    UserInfo,
    /// Scheme, slash, percent-encoding or letters.
    Spelling,
}

/// `noteForUrl`: the note of a page, if there is one. Errors: `invalid_url`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteForUrlParams {
    /// Address of the page.
    pub url: String,
}

/// Answer to `noteForUrl`.
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
    /// Number of notes from the same web site.
    #[cfg_attr(test, ts(type = "number"))]
    pub on_this_site: u64,
}

/// `updateNote`: replaces the fields that are given.
/// Errors: `not_found`, `invalid_tag`, `too_large`, the `store_*` kinds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct UpdateNoteParams {
    /// UUID of this operation.
    pub op_id: String,
    /// Which note.
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
    /// The same fields as the sender saw them. Where another popup has changed
    /// one meanwhile, both changes are kept; without it the new value replaces.
    #[serde(default, deserialize_with = "object")]
    pub seen: Option<SeenFields>,
}

/// Fields of a note as somebody saw them before changing them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SeenFields {
    /// All tags, in their order then.
    pub tags: Option<Vec<String>>,
    /// The text then.
    pub summary: Option<String>,
}

/// `deleteNote` (into the trash, for 30 days) and `restoreNote` (out of it).
/// Errors: `not_found`; `conflict` where the page was saved anew meanwhile.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteIdParams {
    /// UUID of this operation.
    pub op_id: String,
    /// Which note.
    #[cfg_attr(test, ts(type = "number"))]
    pub id: i64,
}

/// Answer to `updateNote`, `deleteNote` and `restoreNote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NoteResult {
    /// The note as it now is.
    pub note: Note,
}

/// `completeTags`: tags in use that begin with the text, then those that
/// contain it, each group by number of notes. After those of a group come the
/// ones whose letters differ by accents or width alone (`cafe`, `café`). An
/// empty text gives the most used.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct CompleteTagsParams {
    /// What was typed.
    pub text: String,
    /// How many at most: 1 to 100, 8 where it isn't given.
    pub limit: Option<u32>,
    /// Tags not to be offered (already chosen).
    pub exclude: Option<Vec<String>>,
}

/// Answer to `completeTags`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CompleteTagsResult {
    /// Best first.
    pub tags: Vec<TagCount>,
}

/// A tag and the number of notes that have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct TagCount {
    /// Normalised name.
    pub name: String,
    /// Notes with it, without the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub count: u64,
}

/// `suggestTags`: tags that the page may get, from those that the user gave to
/// other pages. Only tags in use, but for the page's own keywords, which come last.
/// Empty where nothing is likely. No page is an error: one that says nothing gets
/// what is usual.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SuggestTagsParams {
    /// Address of the page.
    pub url: String,
    /// Title of the page.
    pub title: String,
    /// The page's description.
    pub excerpt: Option<String>,
    /// Other text: what the user wrote, or the text of the page. The first 16 KiB count.
    pub text: Option<String>,
    /// Tags that were chosen already: they aren't suggested, and lead to others.
    pub tags: Option<Vec<String>>,
    /// Tags that were suggested and refused: they aren't suggested again, nor as
    /// soon what goes with them.
    pub dismissed: Option<Vec<String>>,
    /// Tags that were refused on other pages of this site before, each with how often: they
    /// are less likely to be suggested.
    pub refused: Option<std::collections::BTreeMap<String, u32>>,
    /// What the page itself names as its keywords.
    pub keywords: Option<Vec<String>>,
    /// How many at most: 1 to 100, 10 where it isn't given.
    pub limit: Option<u32>,
}

/// Answer to `suggestTags`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SuggestTagsResult {
    /// The likeliest first.
    pub tags: Vec<SuggestedTag>,
}

/// A tag that the page may get.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SuggestedTag {
    /// Normalised name.
    pub name: String,
    /// How likely it is, 0 to 1.
    pub score: f64,
    /// Why, in English: "3 similar notes", "appears in the title", "common on arxiv.org".
    pub because: String,
    /// The same as a word and what it is about, so that the extension can translate it.
    pub reason: SuggestReason,
    /// `similar_notes`: how many. `usual_on_site`: the site. `often_with`: the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional))]
    pub detail: Option<String>,
}

/// What speaks most for a suggested tag. Append-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SuggestReason {
    /// Its name stands in the title.
    InTitle,
    /// Its name stands in the text.
    InText,
    /// Its name stands in the address.
    InAddress,
    /// Similar notes have it.
    SimilarNotes,
    /// Notes of this site have it.
    UsualOnSite,
    /// It often stands beside a tag that was chosen.
    OftenWith,
    /// It is used often.
    UsedOften,
    /// No note has it: the page names it as a keyword.
    Keyword,
}

/// `stats` takes nothing.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StatsParams {}

/// Answer to `stats`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct StatsResult {
    /// Notes, without the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub notes: u64,
    /// Tags in use.
    #[cfg_attr(test, ts(type = "number"))]
    pub tags: u64,
    /// Web sites with at least one note.
    #[cfg_attr(test, ts(type = "number"))]
    pub sites: u64,
    /// Notes in the trash.
    #[cfg_attr(test, ts(type = "number"))]
    pub trash: u64,
    /// Size of the database with its write-ahead log, in bytes.
    #[cfg_attr(test, ts(type = "number"))]
    pub database_bytes: u64,
    /// Moment of the oldest save; null in an empty store.
    pub first_saved_at: Option<String>,
    /// Moment of the newest save; null in an empty store.
    pub last_saved_at: Option<String>,
}

/// A request whose method is known and whose parameters have their types.
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
    /// See [`NoteIdParams`].
    RestoreNote(NoteIdParams),
    /// See [`CompleteTagsParams`].
    CompleteTags(CompleteTagsParams),
    /// See [`SuggestTagsParams`].
    SuggestTags(Box<SuggestTagsParams>),
    /// See [`SearchNotesParams`].
    SearchNotes(SearchNotesParams),
    /// See [`ListNotesParams`].
    ListNotes(ListNotesParams),
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
    /// See [`SearchSaveParams`].
    SearchSave(SearchSaveParams),
    /// See [`SearchForgetParams`].
    SearchForget(SearchForgetParams),
    /// See [`SearchListParams`](super::SearchListParams).
    SearchList,
    /// See [`RenderMarkdownParams`].
    RenderMarkdown(RenderMarkdownParams),
    /// See [`StatsParams`].
    Stats,
}

/// The result of a request, one variant a shape.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// To `hello`.
    Hello(HelloResult),
    /// To `saveNote`.
    Saved(Box<SaveNoteResult>),
    /// To `noteForUrl`.
    ForUrl(Box<NoteForUrlResult>),
    /// To `updateNote`, `deleteNote`, `restoreNote`, `changeAddress`, `mergeNotes`.
    Note(Box<NoteResult>),
    /// To `completeTags`.
    Tags(CompleteTagsResult),
    /// To `suggestTags`.
    Suggested(SuggestTagsResult),
    /// To `searchNotes`.
    Found(SearchNotesResult),
    /// To `listNotes`.
    Listed(ListNotesResult),
    /// To `editNotes`, `editStatus`, `cancelEdit`, `undoEdit`.
    Edit(EditResult),
    /// To `searchSave`, `searchForget`, `searchList`.
    Searches(SearchListResult),
    /// To `renderMarkdown`.
    Markdown(RenderMarkdownResult),
    /// To `stats`.
    Stats(StatsResult),
}

/// An object within the parameters: serde would take a list for its fields in their order.
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

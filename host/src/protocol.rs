//! The messages between extension and host: the one definition.
//!
//! JSON-RPC 2.0 (<https://www.jsonrpc.org/specification>), one request or
//! answer in each native messaging frame. Wire names are camelCase, error
//! kinds snake_case. This module holds types and the parsing of the envelope;
//! what a request *does* is `handler.rs`, what a value *may be* is `domain`.
//!
//! The typings in `extension/protocol.d.ts` are generated from here
//! (`cargo test` compares them; `UPDATE_EXPECT=1 cargo test` writes them).

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

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
    #[serde(default)]
    pub reason: SamePageReason,
}

/// What differs most between two URLs of one page. Append-only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    #[default]
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
    /// Tags that were chosen already: they aren't suggested, and tell of others.
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
    /// The same as a word and what it is about, to be told in another language.
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

/// `searchNotes`: newest first. No query is an error: what can't be found isn't.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct SearchNotesParams {
    /// The query language of the site's search page.
    pub query: String,
    /// How many at most: 1 to 100, 20 where it isn't given.
    pub limit: Option<u32>,
    /// Only notes with a smaller id: the `next` of the page before.
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub before: Option<i64>,
}

/// Answer to `searchNotes`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SearchNotesResult {
    /// Newest first.
    pub notes: Vec<FoundNote>,
    /// Whether there are further ones; or, where the page isn't full, may be:
    /// looking further would have taken too long.
    pub more: bool,
    /// The `before` of the next page, where there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub next: Option<i64>,
}

/// One search result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct FoundNote {
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
    /// Plain text around the first match.
    pub snippet: String,
}

/// `renderMarkdown`: a note's text as a tree of elements, made by what renders it for
/// the site. Needs no notes. Errors: `too_large` where the text is over 64 KiB.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RenderMarkdownParams {
    /// CommonMark with GFM tables, strikethrough and task lists; up to 64 KiB.
    pub text: String,
}

/// Answer to `renderMarkdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RenderMarkdownResult {
    /// The text, block by block. One `pre` with the text as it was typed where it nests
    /// elements deeper than 60 or has more than 50,000 parts.
    pub nodes: Vec<MarkdownNode>,
}

/// A part of a text: plain text, or an element. Never HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(untagged)]
pub enum MarkdownNode {
    /// Plain text.
    Text(String),
    /// An element with what it contains.
    Element(MarkdownElement),
}

/// An element of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
#[serde(rename_all = "camelCase")]
pub struct MarkdownElement {
    /// Its name in HTML; `task` for the box of a task.
    pub name: MarkdownName,
    /// `a`: an http, https or mailto address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    /// `a`: the title of the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `ol`: its first number, where that isn't 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "number"))]
    pub start: Option<u64>,
    /// `th`, `td`: `center` or `right`; absent where the text is where lines begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub align: Option<MarkdownAlign>,
    /// `task`: whether it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// What it contains; absent where that is nothing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[cfg_attr(test, ts(as = "Option<Vec<MarkdownNode>>"))]
    pub children: Vec<MarkdownNode>,
}

/// On which side the text of a table's cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub enum MarkdownAlign {
    /// In the middle.
    Center,
    /// On the right.
    Right,
}

/// The elements that a text can have. Headings begin with `h2`: a note's are below those
/// of the page that shows it.
#[expect(
    missing_docs,
    reason = "each is the HTML element of its name, but for Task"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum MarkdownName {
    #[default]
    P,
    H2,
    H3,
    H4,
    H5,
    H6,
    Blockquote,
    Pre,
    Code,
    Ul,
    Ol,
    Li,
    Hr,
    Br,
    Em,
    Strong,
    Del,
    A,
    Table,
    Thead,
    Tbody,
    Tr,
    Th,
    Td,
    /// The box of a task, before its text.
    Task,
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

/// Why a request wasn't done. The extension branches on this word alone.
/// Append-only: a kind keeps its name and its code for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The frame isn't JSON in UTF-8, or holds a lone surrogate.
    ParseError,
    /// JSON, but no JSON-RPC 2.0 request with an id.
    InvalidRequest,
    /// No such method.
    UnknownMethod,
    /// A parameter is missing or of the wrong type.
    InvalidParams,
    /// A fault of the host itself; the log knows more.
    Internal,
    /// Not an address that can be saved.
    InvalidUrl,
    /// Empty, too long, or with a comma or a control character.
    InvalidTag,
    /// A text is longer than its field takes.
    TooLarge,
    /// No note has this id.
    NotFound,
    /// The page was saved anew meanwhile, so the old note can't come back.
    Conflict,
    /// The disk is full.
    StoreFull,
    /// The database was written by a newer version.
    StoreNewer,
    /// Another program holds the database for too long.
    StoreBusy,
    /// The file is no database, or a damaged one.
    StoreBroken,
    /// The folder or the file can't be written.
    StoreUnwritable,
    /// The disk reports an error.
    StoreIo,
    /// The frame is longer than [`MAX_REQUEST_BYTES`].
    FrameTooLarge,
    /// The answer would be longer than [`MAX_RESPONSE_BYTES`].
    ResponseTooLarge,
    /// `hello` with a protocol that this host doesn't speak.
    ProtocolUnsupported,
    /// The `opId` was used for another method before.
    OpIdReused,
    /// The stream ended inside a frame.
    FrameCutShort,
    /// The computer's clock is outside the years 1970 to 2200.
    ClockWrong,
}

impl ErrorKind {
    /// The JSON-RPC code of the kind.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest => -32600,
            Self::UnknownMethod => -32601,
            Self::InvalidParams => -32602,
            Self::Internal => -32603,
            Self::InvalidUrl => -32000,
            Self::InvalidTag => -32001,
            Self::TooLarge => -32002,
            Self::NotFound => -32003,
            Self::Conflict => -32004,
            Self::StoreFull => -32005,
            Self::StoreNewer => -32006,
            Self::StoreBusy => -32007,
            Self::StoreBroken => -32008,
            Self::StoreUnwritable => -32009,
            Self::StoreIo => -32010,
            Self::FrameTooLarge => -32011,
            Self::ResponseTooLarge => -32012,
            Self::ProtocolUnsupported => -32013,
            Self::OpIdReused => -32014,
            Self::FrameCutShort => -32015,
            Self::ClockWrong => -32016,
        }
    }
}

/// The `error` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorObject {
    /// JSON-RPC code.
    pub code: i32,
    /// One sentence for the user that says what to do.
    pub message: String,
    /// What programs branch on.
    pub data: ErrorData,
}

/// `error.data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ErrorData {
    /// Stable word for the cause.
    pub kind: ErrorKind,
}

impl ErrorObject {
    /// An error of `kind` with its code and the sentence for the user.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            code: kind.code(),
            message: message.into(),
            data: ErrorData { kind },
        }
    }
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
    /// To `updateNote`, `deleteNote`, `restoreNote`.
    Note(Box<NoteResult>),
    /// To `completeTags`.
    Tags(CompleteTagsResult),
    /// To `suggestTags`.
    Suggested(SuggestTagsResult),
    /// To `searchNotes`.
    Found(SearchNotesResult),
    /// To `renderMarkdown`.
    Markdown(RenderMarkdownResult),
    /// To `stats`.
    Stats(StatsResult),
}

/// Id of a request, returned as it came: a string, a number or null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RequestId {
    /// A number; the extension counts up from 1.
    Number(serde_json::Number),
    /// A string.
    Text(String),
    /// Also the id of an answer to something whose id couldn't be read.
    Null(()),
}

/// A request as it was read: whom to answer, and what was asked or what is wrong with it.
#[derive(Debug)]
pub struct Incoming {
    /// Goes into the answer.
    pub id: RequestId,
    /// The request, or the error to answer with.
    pub request: Result<Request, ErrorObject>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    jsonrpc: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

/// Reads the payload of one frame. Never fails: what can't be understood is an
/// [`Incoming`] with the error that answers it.
#[must_use]
pub fn parse_request(payload: &[u8]) -> Incoming {
    let reject = |id, kind, message: String| Incoming {
        id,
        request: Err(ErrorObject::new(kind, message)),
    };
    let not_json = |why: &str| {
        let message = format!("The message is not JSON: {why}.");
        reject(RequestId::Null(()), ErrorKind::ParseError, message)
    };
    let Ok(payload) = std::str::from_utf8(payload) else {
        return not_json("it is not UTF-8");
    };
    // The whole message, before its parts: what stands behind it makes it none.
    let whole: &RawValue = match serde_json::from_str(payload) {
        Ok(whole) => whole,
        Err(error) => return not_json(&reason(&error)),
    };
    if whole.get().starts_with('[') {
        // serde would take a list for the fields of a request in their order.
        let message = "The message is a list. This host takes one request in each message, as a JSON object: no JSON-RPC batch.";
        let id = RequestId::Null(());
        return reject(id, ErrorKind::InvalidRequest, message.into());
    }
    let envelope: Envelope<'_> = match serde_json::from_str(whole.get()) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => {
            return reject(
                RequestId::Null(()),
                ErrorKind::InvalidRequest,
                "The message is JSON but not one JSON-RPC 2.0 request.".into(),
            );
        }
        Err(error) => return not_json(&reason(&error)),
    };
    // An absent id would be a notification, which JSON-RPC leaves unanswered;
    // here each frame is answered, so a request has to have one.
    // An id of null reaches serde as an absent one.
    let id = match envelope
        .id
        .map(|raw| serde_json::from_str::<RequestId>(raw.get()))
    {
        Some(Ok(id)) => id,
        Some(Err(_)) | None => {
            return reject(
                RequestId::Null(()),
                ErrorKind::InvalidRequest,
                "The request has no id, or one that is neither a number nor a string.".into(),
            );
        }
    };
    let text =
        |raw: Option<&RawValue>| raw.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    if text(envelope.jsonrpc).as_deref() != Some("2.0") {
        let message = "The request doesn't say \"jsonrpc\": \"2.0\".".into();
        return reject(id, ErrorKind::InvalidRequest, message);
    }
    let Some(method) = text(envelope.method) else {
        let message = "The request names no method.".into();
        return reject(id, ErrorKind::InvalidRequest, message);
    };
    let params = envelope.params.map_or("{}", RawValue::get);
    Incoming {
        id,
        request: parse_params(&method, params),
    }
}

fn parse_params(method: &str, params: &str) -> Result<Request, ErrorObject> {
    fn typed<'a, T: Deserialize<'a>>(params: &'a str) -> Result<T, ErrorObject> {
        let invalid = |why: &str| {
            let message = format!("The parameters don't fit the method: {why}.");
            ErrorObject::new(ErrorKind::InvalidParams, message)
        };
        if !params.starts_with('{') {
            return Err(invalid("they have to be a JSON object, by name"));
        }
        let mut json = serde_json::Deserializer::from_str(params);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let why = reason(error.inner());
            if !error.inner().is_data() {
                ErrorObject::new(
                    ErrorKind::ParseError,
                    format!("The parameters hold text that is not Unicode: {why}."),
                )
            } else if path == "." || why.contains(&format!("`{path}`")) {
                invalid(&why)
            } else {
                invalid(&format!("`{path}` is no such value: {why}"))
            }
        })
    }
    Ok(match method {
        "hello" => Request::Hello(typed(params)?),
        "saveNote" => Request::SaveNote(Box::new(typed(params)?)),
        "noteForUrl" => Request::NoteForUrl(typed(params)?),
        "updateNote" => Request::UpdateNote(typed(params)?),
        "deleteNote" => Request::DeleteNote(typed(params)?),
        "restoreNote" => Request::RestoreNote(typed(params)?),
        "completeTags" => Request::CompleteTags(typed(params)?),
        "suggestTags" => Request::SuggestTags(Box::new(typed(params)?)),
        "searchNotes" => Request::SearchNotes(typed(params)?),
        "renderMarkdown" => Request::RenderMarkdown(typed(params)?),
        "stats" => {
            let StatsParams {} = typed(params)?;
            Request::Stats
        }
        _ => {
            // The name is the sender's: shown short and without control characters.
            let name: String = method
                .chars()
                .filter(|c| !c.is_control())
                .take(40)
                .collect();
            return Err(ErrorObject::new(
                ErrorKind::UnknownMethod,
                format!("This host has no method \"{name}\"; it may be older than the extension."),
            ));
        }
    })
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

/// What serde found, without the place: a frame has one line, and nobody reads it.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// An answer, ready to be written.
#[derive(Debug, Serialize)]
pub struct Response<'a> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a ErrorObject>,
}

impl<'a> Response<'a> {
    /// The answer to request `id`.
    #[must_use]
    pub fn new(id: &'a RequestId, outcome: Result<&'a Outcome, &'a ErrorObject>) -> Self {
        Self {
            jsonrpc: "2.0",
            id,
            result: outcome.ok(),
            error: outcome.err(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use ts_rs::{Config, TS};

    /// The declarations, in the order of this file.
    fn declarations() -> String {
        let config = Config::default();
        let mut text = String::from(
            "// Generated from host/src/protocol.rs; to write it anew: UPDATE_EXPECT=1 cargo test typings\n\
             // The messages between extension and host. Their meaning is documented there.\n\n",
        );
        let mut add = |declaration: String| {
            writeln!(text, "export {declaration}\n").expect("a String takes all that is written");
        };
        macro_rules! declare {
            ($($name:ident)*) => { $(add($name::decl(&config));)* };
        }
        declare! {
            Note HelloParams HelloResult Quote SaveNoteParams SaveNoteResult SamePage
            SamePageReason
            NoteForUrlParams NoteForUrlResult UpdateNoteParams SeenFields NoteIdParams NoteResult
            CompleteTagsParams CompleteTagsResult TagCount SuggestTagsParams SuggestTagsResult
            SuggestedTag SuggestReason SearchNotesParams SearchNotesResult FoundNote
            RenderMarkdownParams RenderMarkdownResult MarkdownNode MarkdownElement MarkdownAlign
            MarkdownName StatsParams StatsResult ErrorKind ErrorObject ErrorData
        }
        text.push_str(
            "/** Each method with its parameters and its result. */\n\
             export interface Methods {\n",
        );
        for (method, params, result) in [
            ("hello", "HelloParams", "HelloResult"),
            ("saveNote", "SaveNoteParams", "SaveNoteResult"),
            ("noteForUrl", "NoteForUrlParams", "NoteForUrlResult"),
            ("updateNote", "UpdateNoteParams", "NoteResult"),
            ("deleteNote", "NoteIdParams", "NoteResult"),
            ("restoreNote", "NoteIdParams", "NoteResult"),
            ("completeTags", "CompleteTagsParams", "CompleteTagsResult"),
            ("suggestTags", "SuggestTagsParams", "SuggestTagsResult"),
            ("searchNotes", "SearchNotesParams", "SearchNotesResult"),
            (
                "renderMarkdown",
                "RenderMarkdownParams",
                "RenderMarkdownResult",
            ),
            ("stats", "StatsParams", "StatsResult"),
        ] {
            writeln!(
                text,
                "  {method}: {{ params: {params}; result: {result} }};"
            )
            .expect("a String takes all that is written");
        }
        text.push_str("}\n");
        text
    }

    /// What a payload is refused with.
    #[track_caller]
    fn refusal(payload: impl AsRef<[u8]>) -> ErrorObject {
        parse_request(payload.as_ref()).request.unwrap_err()
    }

    #[track_caller]
    fn check_params(method: &str, params: &str, code: i32, message: &str) {
        let request =
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
        let refused = refusal(&request);
        assert_eq!(
            (refused.code, refused.message.as_str()),
            (code, message),
            "{params}"
        );
    }

    #[test]
    fn a_list_is_no_request_by_position() {
        for list in [
            r#"["2.0",1,"stats",{}]"#,
            r#"["2.0", 1, "noteForUrl", {"url": "https://e.org"}]"#,
            r#" [{"jsonrpc":"2.0","id":1,"method":"stats"}]"#,
            "[]",
        ] {
            let refused = refusal(list);
            assert_eq!(refused.code, -32600, "{list}");
            assert!(refused.message.contains("no JSON-RPC batch"), "{list}");
        }
    }

    #[test]
    fn what_stands_behind_a_request_makes_it_no_json() {
        let good = r#"{"jsonrpc":"2.0","id":1,"method":"stats"}"#;
        for garbage in ["x", "{}", ",", "]", "\0", good] {
            let refused = refusal(format!("{good}{garbage}"));
            assert_eq!(refused.code, -32700, "{garbage:?}");
            assert!(
                refused.message.contains("trailing characters"),
                "{}",
                refused.message
            );
        }
        // Also where the request before it is wrong in itself.
        assert_eq!(refusal(r#"{"id":1,"id":2}x"#).code, -32700);
        assert_eq!(refusal(r#"["2.0",1,"stats",{}]x"#).code, -32700);
        let blank = parse_request(format!(" {good}\n\t ").as_bytes());
        assert!(blank.request.is_ok());
    }

    #[test]
    fn what_is_not_utf_8_is_no_json_wherever_it_stands() {
        for before in [
            r#"{"jsonrpc":"2.0","id":1,"method":"stats","other":""#,
            r#"{"jsonrpc":"2.0","id":1,"method":"noteForUrl","params":{"url":""#,
        ] {
            let payload = [before.as_bytes(), b"\xff\"}}"].concat();
            let refused = refusal(payload);
            assert_eq!(refused.message, "The message is not JSON: it is not UTF-8.");
            assert_eq!(refused.code, -32700);
        }
    }

    #[test]
    fn parameters_are_an_object_by_name() {
        for method in [
            "hello",
            "saveNote",
            "noteForUrl",
            "updateNote",
            "deleteNote",
            "restoreNote",
            "completeTags",
            "suggestTags",
            "searchNotes",
            "renderMarkdown",
            "stats",
        ] {
            for params in ["[]", r#"["https://e.org","A"]"#, "7", "true", r#""text""#] {
                check_params(
                    method,
                    params,
                    -32602,
                    "The parameters don't fit the method: they have to be a JSON object, by name.",
                );
            }
        }
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        for (method, params, message) in [
            ("noteForUrl", "{}", "missing field `url`"),
            (
                "noteForUrl",
                r#"{"url":7}"#,
                "`url` is no such value: invalid type: integer `7`, expected a string",
            ),
            (
                "noteForUrl",
                r#"{"url":"a","url":"b"}"#,
                "duplicate field `url`",
            ),
            (
                "searchNotes",
                r#"{"query":"a","limit":1e99}"#,
                "`limit` is no such value: invalid type: floating point `1e+99`, expected u32",
            ),
            (
                "searchNotes",
                r#"{"query":"a","limit":-1}"#,
                "`limit` is no such value: invalid value: integer `-1`, expected u32",
            ),
            (
                "saveNote",
                r#"{"opId":"a","url":"b","title":"c","tags":["d",{}]}"#,
                "`tags[1]` is no such value: invalid type: map, expected a string",
            ),
            (
                "saveNote",
                r#"{"opId":"a","url":"b","title":"c","quote":{"text":7}}"#,
                "`quote.text` is no such value: invalid type: integer `7`, expected a string",
            ),
        ] {
            let message = format!("The parameters don't fit the method: {message}.");
            check_params(method, params, -32602, &message);
        }
    }

    #[test]
    fn a_list_is_no_quote_and_no_fields_by_position() {
        for (method, field) in [("saveNote", "quote"), ("updateNote", "seen")] {
            for list in ["[]", r#"["a","b","c"]"#, r#"[["a"],"b"]"#] {
                let params =
                    format!(r#"{{"opId":"a","id":1,"url":"b","title":"c","{field}":{list}}}"#);
                let message = format!(
                    "The parameters don't fit the method: `{field}` is no such value: invalid type: sequence, expected a JSON object."
                );
                check_params(method, &params, -32602, &message);
            }
        }
    }

    #[test]
    fn null_and_nothing_are_the_same() {
        for params in ["", r#","params":null"#, r#","params":{}"#] {
            let request = format!(r#"{{"jsonrpc":"2.0","id":"a","method":"stats"{params}}}"#);
            assert!(
                parse_request(request.as_bytes()).request.is_ok(),
                "{params}"
            );
        }
        let quote = r#"{"jsonrpc":"2.0","id":1,"method":"saveNote","params":{"opId":"a","url":"b","title":"c","quote":null}}"#;
        assert!(parse_request(quote.as_bytes()).request.is_ok());
    }

    #[test]
    fn an_id_is_a_number_or_a_string() {
        for id in ["null", "true", "{}", "[]", "[1]"] {
            let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"stats"}}"#);
            let incoming = parse_request(request.as_bytes());
            assert_eq!(incoming.id, RequestId::Null(()));
            assert_eq!(incoming.request.unwrap_err().code, -32600, "{id}");
        }
    }

    #[test]
    fn typings_are_fresh() {
        expect_test::expect_file!["../../extension/protocol.d.ts"].assert_eq(&declarations());
    }

    #[test]
    fn each_error_kind_has_a_code_of_its_own() {
        let kinds = [
            ErrorKind::ParseError,
            ErrorKind::InvalidRequest,
            ErrorKind::UnknownMethod,
            ErrorKind::InvalidParams,
            ErrorKind::Internal,
            ErrorKind::InvalidUrl,
            ErrorKind::InvalidTag,
            ErrorKind::TooLarge,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::StoreFull,
            ErrorKind::StoreNewer,
            ErrorKind::StoreBusy,
            ErrorKind::StoreBroken,
            ErrorKind::StoreUnwritable,
            ErrorKind::StoreIo,
            ErrorKind::FrameTooLarge,
            ErrorKind::ResponseTooLarge,
            ErrorKind::ProtocolUnsupported,
            ErrorKind::OpIdReused,
            ErrorKind::FrameCutShort,
            ErrorKind::ClockWrong,
        ];
        let table: Vec<String> = kinds
            .iter()
            .map(|kind| {
                let word = serde_json::to_string(kind).expect("a unit variant is a string");
                format!("{} {}", word.trim_matches('"'), kind.code())
            })
            .collect();
        // Written out, since neither word nor number may ever change.
        expect_test::expect![[r#"
            parse_error -32700
            invalid_request -32600
            unknown_method -32601
            invalid_params -32602
            internal -32603
            invalid_url -32000
            invalid_tag -32001
            too_large -32002
            not_found -32003
            conflict -32004
            store_full -32005
            store_newer -32006
            store_busy -32007
            store_broken -32008
            store_unwritable -32009
            store_io -32010
            frame_too_large -32011
            response_too_large -32012
            protocol_unsupported -32013
            op_id_reused -32014
            frame_cut_short -32015
            clock_wrong -32016"#]]
        .assert_eq(&table.join("\n"));
    }
}

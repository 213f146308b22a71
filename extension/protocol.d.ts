// Generated from host/src/protocol/; to regenerate it: UPDATE_EXPECT=1 cargo test typings
// The messages between extension and host. Their meaning is documented there.

export type Note = { 
/**
 * Time of the first save in µs since 1970; stable, unique, below 2^53.
 */
id: number, 
/**
 * The page's address as captured, without user name and password, which are only in the store,
 * never in a message, list or export.
 */
url: string, 
/**
 * Other addresses that the page was saved under, in the same form, the oldest first.
 */
addresses: Array<string>, 
/**
 * Title: the page's own, cleaned of counters and the web site's name, or the user's. If
 * empty, the URL is shown instead.
 */
title: string, 
/**
 * The page's own title as captured. Absent if it equals `title` or isn't known.
 */
pageTitle?: string, 
/**
 * Normalised tag names in the user's order.
 */
tags: Array<string>, 
/**
 * The user's own text, Markdown; may be empty.
 */
summary: string, 
/**
 * The page's own description.
 */
excerpt: string | null, 
/**
 * RFC 3339 UTC with milliseconds.
 */
savedAt: string, 
/**
 * RFC 3339 UTC with milliseconds.
 */
updatedAt: string, 
/**
 * RFC 3339, or a day, a month or a year in ISO 8601, from the page's metadata.
 */
publishedAt: string | null, 
/**
 * Name of the web site, from the page's metadata.
 */
siteName: string | null, 
/**
 * Language of the page, a BCP 47 tag.
 */
lang: string | null, 
/**
 * RFC 3339 UTC with milliseconds if the note is in the trash.
 */
deletedAt: string | null, 
/**
 * Whether the user has read the page.
 */
read: boolean, };

export type HelloParams = { 
/**
 * The extension's [`PROTOCOL`].
 */
protocol: number, 
/**
 * Version of the extension.
 */
extension: string, };

export type HelloResult = { 
/**
 * The host's [`PROTOCOL`].
 */
protocol: number, 
/**
 * Version of the host.
 */
host: string, 
/**
 * Address of the site for a browser, with a trailing slash, to which paths are added: its own
 * origin, `http://LABEL.localhost:PORT/`. If a browser needs the key, a token in it,
 * `…/enter/TOKEN/`, gets the key at the first visit. If another program holds the port, `http://localhost:PORT/`
 * instead, so that the program doesn't learn the label.
 */
siteUrl: string, 
/**
 * Path of the database on this computer.
 */
database: string, 
/**
 * Number of notes, without the trash.
 */
notes: number, 
/**
 * Number of tags in use.
 */
tags: number, 
/**
 * `save-on-open` of the configuration file; null if it isn't set.
 */
saveOnOpen: boolean | null, 
/**
 * Whether the host stores icons of web sites (`putIcon`, `icons`).
 */
icons: boolean, 
/**
 * Whether the host stores texts of pages (`putText`, `removeText`).
 */
texts: boolean, 
/**
 * `keep-text` of the configuration file.
 */
keepText: KeepText, 
/**
 * Number of pages in the inbox (`listArrivals`); null if there are no feeds.
 */
arrivals: number | null, 
/**
 * Why the site isn't served, as a sentence; null if it is.
 */
siteProblem: string | null, 
/**
 * Why the notes can't be opened, as a sentence (the counts are then 0); null if they can. Each
 * write returns the same error with its kind.
 */
storeProblem: string | null, 
/**
 * How the sync stands; absent if the notes aren't synced.
 */
sync?: SyncStatus, };

export type Quote = { 
/**
 * The selected text.
 */
text: string, 
/**
 * Words before it, if the text alone isn't unique on the page.
 */
prefix?: string, 
/**
 * Words after it, if the text alone isn't unique on the page.
 */
suffix?: string, };

export type SaveNoteParams = { 
/**
 * UUID of this operation. A repeated operation returns the same result and changes nothing.
 */
opId: string, 
/**
 * Address of the page: http or https (file if the configuration permits it).
 */
url: string, 
/**
 * The page's own title, up to 16 KiB; may be empty. It is cleaned: a counter of unread
 * messages, an id and the web site's name are taken off.
 */
title: string, 
/**
 * Titles in the page's metadata (`citation_title`, `og:title`), the best first. One that is
 * the heart of `title` becomes the note's title.
 */
otherTitles?: Array<string>, 
/**
 * Tags in the user's order.
 */
tags?: Array<string>, 
/**
 * The user's text, Markdown, up to 64 KiB. Used if the note has none yet.
 */
summary?: string, 
/**
 * The page's description; cut to 4 KiB.
 */
excerpt?: string, 
/**
 * The page's date in any form; dropped if it is unreadable or ambiguous.
 */
publishedAt?: string, 
/**
 * Further dates of the page, the best first: if `publishedAt` is unreadable, the first
 * readable one is used.
 */
otherDates?: Array<string>, 
/**
 * The web site's name; cut to 1 KiB.
 */
siteName?: string, 
/**
 * The page's language.
 */
lang?: string, 
/**
 * The selection, which is appended to the summary as a block quote.
 */
quote?: Quote, };

export type SaveNoteResult = { 
/**
 * The note after the save.
 */
note: Note, 
/**
 * False if the page had already been saved.
 */
created: boolean, 
/**
 * Present if the existing note has another URL of the same page.
 */
samePage?: SamePage, 
/**
 * Present if the note has a title that the user typed, and the page's own title has changed
 * since the last save.
 */
newTitle?: NewTitle, 
/**
 * Names of parameters in the note's addresses that look like access tokens. Such notes are
 * left out of the published site.
 */
tokens?: Array<string>, 
/**
 * Present if `created` is true and the trash has an earlier note of the page: the one that
 * was deleted last. `restoreNote` restores it.
 */
deletedNote?: Note, 
/**
 * The text of the page that is stored by now, or null.
 */
text: TextInfo | null, };

export type SamePage = { 
/**
 * The URL of the first save, without user name and password.
 */
url: string, 
/**
 * The difference in English, such as "same page without utm_source".
 */
because: string, 
/**
 * The same as a word, for translation.
 */
reason: SamePageReason, };

export type SamePageReason = "form" | "version" | "tracking" | "place" | "user_info" | "spelling";

export type NoteForUrlParams = { 
/**
 * Address of the page.
 */
url: string, };

export type NoteForUrlResult = { 
/**
 * The note of this page, or null.
 */
note: Note | null, 
/**
 * As in [`SaveNoteResult`].
 */
tokens?: Array<string>, 
/**
 * As in [`SaveNoteResult`], if `note` is null.
 */
deletedNote?: Note, 
/**
 * As in [`SaveNoteResult`].
 */
text: TextInfo | null, 
/**
 * Number of notes from the same web site.
 */
onThisSite: number, 
/**
 * Absent unless another device changed the note last.
 */
sync?: SyncInfo, 
/**
 * Absent if there are none.
 */
conflicts?: NoteConflicts, };

export type UpdateNoteParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, 
/**
 * The new title.
 */
title?: string, 
/**
 * All tags, in the user's order.
 */
tags?: Array<string>, 
/**
 * The new text.
 */
summary?: string, 
/**
 * Whether the page is read.
 */
read?: boolean, 
/**
 * The same fields as the sender saw them. If another popup has changed one meanwhile, both
 * changes are kept; without this, the new value replaces the old one.
 */
seen?: SeenFields, };

export type SeenFields = { 
/**
 * All tags, in their order at that time.
 */
tags?: Array<string>, 
/**
 * The text at that time.
 */
summary?: string, };

export type NoteIdParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, };

export type RestoreNoteParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, 
/**
 * Id of the note that the page has by now. Its content is added to the restored note, and
 * it is deleted.
 */
mergeWith?: number, };

export type NoteResult = { 
/**
 * The note after the change.
 */
note: Note, };

export type CompleteTagsParams = { 
/**
 * The typed text.
 */
text: string, 
/**
 * Most results: 1 to 100, default 8.
 */
limit?: number, 
/**
 * Tags to leave out, because they are already chosen.
 */
exclude?: Array<string>, };

export type CompleteTagsResult = { 
/**
 * Best first.
 */
tags: Array<TagCount>, };

export type TagCount = { 
/**
 * Normalised name.
 */
name: string, 
/**
 * Number of its notes, without the trash.
 */
count: number, 
/**
 * Number of the notes that have it only because another of their tags implies it. Only in the
 * site's API and in `tag list --json`, and only if there are any.
 */
implied?: number, };

export type SuggestTagsParams = { 
/**
 * Address of the page.
 */
url: string, 
/**
 * Title of the page.
 */
title: string, 
/**
 * The page's description or, if it has none, its first paragraphs.
 */
excerpt?: string, 
/**
 * Other text: the user's, or the page's. The first 16 KiB are used.
 */
text?: string, 
/**
 * Chosen tags: they aren't suggested, and influence the others.
 */
tags?: Array<string>, 
/**
 * Suggested tags that the user dismissed: neither they nor related tags are suggested as
 * easily.
 */
dismissed?: Array<string>, 
/**
 * Tags dismissed on other pages of this site, with the number of times: they are less likely
 * to be suggested.
 */
refused?: { [key in string]: number }, 
/**
 * The page's own keywords.
 */
keywords?: Array<string>, 
/**
 * Most results: 1 to 100, default 10.
 */
limit?: number, };

export type SuggestTagsResult = { 
/**
 * The likeliest first.
 */
tags: Array<SuggestedTag>, 
/**
 * Tags that the chosen ones imply, without the chosen ones themselves, if there are any. They
 * aren't suggested.
 */
implied?: Array<ImpliedTag>, };

export type SuggestedTag = { 
/**
 * Normalised name.
 */
name: string, 
/**
 * Its probability, 0 to 1.
 */
score: number, 
/**
 * The reason in English: "3 similar notes", "appears in the title", "common on arxiv.org".
 */
because: string, 
/**
 * The same as a word, for translation.
 */
reason: SuggestReason, 
/**
 * `similar_notes`: how many. `usual_on_site`: the site. `often_with`: the tag.
 */
detail?: string, };

export type SuggestReason = "in_title" | "in_text" | "in_address" | "similar_notes" | "usual_on_site" | "often_with" | "used_often" | "keyword" | "model";

export type ImpliedTag = { 
/**
 * Name of the implied tag.
 */
name: string, 
/**
 * The chosen tag, which implies it directly or through others.
 */
by: string, };

export type SearchNotesParams = { 
/**
 * A query in the language of the site's search page.
 */
query: string, 
/**
 * Most results: 1 to 100, default 20.
 */
limit?: number, 
/**
 * Returns only notes with a smaller id: the `next` of the previous page.
 */
before?: number, 
/**
 * Default `newest`.
 */
order?: SearchOrder, 
/**
 * Where to search. Default: what the query says with `in:`, or else `note`.
 */
in?: SearchPlace, };

export type SearchOrder = "newest" | "best";

export type SearchPlace = "note" | "text";

export type SearchNotesResult = { 
/**
 * The notes in the requested order.
 */
notes: Array<FoundNote>, 
/**
 * Whether there are more matches. If the page isn't full, there may be some that would have
 * taken too long to find.
 */
more: boolean, 
/**
 * The `before` of the next page, if there are more matches.
 */
next?: number, 
/**
 * The invalid parts of the query.
 */
problems?: Array<QueryProblem>, };

export type FoundNote = { 
/**
 * As in [`Note`].
 */
id: number, 
/**
 * As in [`Note`].
 */
url: string, 
/**
 * As in [`Note`].
 */
title: string, 
/**
 * As in [`Note`].
 */
tags: Array<string>, 
/**
 * As in [`Note`].
 */
savedAt: string, 
/**
 * Plain text around the first match.
 */
snippet: string, 
/**
 * Where the match is.
 */
where: SearchPlace, };

export type QueryProblemKind = "unknown_key" | "unknown_value" | "no_value" | "no_date" | "no_tag" | "open_bracket" | "stray_bracket" | "dangling_or" | "too_deep" | "too_many" | "too_long" | "not_here";

export type QueryProblem = { 
/**
 * The cause as a word, for programs and for translation.
 */
kind: QueryProblemKind, 
/**
 * The invalid part as typed; empty if the problem concerns the whole query.
 */
part: string, 
/**
 * The problem as a sentence in English.
 */
message: string, };

export type ListOrder = "newest" | "oldest" | "updated" | "title";

export type ListNotesParams = { 
/**
 * A query in the language of the site's search page. If it is empty or absent, all notes are
 * listed.
 */
query?: string, 
/**
 * Lists the trash instead, like `is:deleted` in the query.
 */
trash?: boolean, 
/**
 * Default `newest`.
 */
order?: ListOrder, 
/**
 * Most notes: 1 to 200, default 50. If they are long, the page has fewer.
 */
limit?: number, 
/**
 * The `cursor` of the previous page. It stays valid when notes are added or deleted.
 */
cursor?: string, 
/**
 * Place of the page's first note in the list, counted from 0, instead of a cursor. Places differ
 * after a change: compare `revision`.
 */
from?: number, };

export type ListNotesResult = { 
/**
 * The notes in the requested order.
 */
notes: Array<NoteRow>, 
/**
 * Number of notes on all pages.
 */
total: number, 
/**
 * The `cursor` for the next page; null on the last page.
 */
cursor: string | null, 
/**
 * Changes with each change of any note. Pages with the same one are of the same list.
 */
revision: number, 
/**
 * The invalid parts of the query.
 */
problems?: Array<QueryProblem>, };

export type ListNoteIdsParams = { 
/**
 * As in [`ListNotesParams`].
 */
query?: string, 
/**
 * As in [`ListNotesParams`].
 */
trash?: boolean, 
/**
 * As in [`ListNotesParams`].
 */
order?: ListOrder, 
/**
 * Place of the first id in the list, counted from 0, which is the default.
 */
from?: number, 
/**
 * Most ids: 1 to 50,000, which is the default.
 */
limit?: number, };

export type ListNoteIdsResult = { 
/**
 * The ids in the requested order.
 */
ids: number[], 
/**
 * As in [`ListNotesResult`].
 */
total: number, 
/**
 * As in [`ListNotesResult`].
 */
revision: number, };

export type NoteRow = { 
/**
 * As in [`Note`].
 */
id: number, 
/**
 * As in [`Note`].
 */
url: string, 
/**
 * As in [`Note`].
 */
title: string, 
/**
 * As in [`Note`].
 */
tags: Array<string>, 
/**
 * As in [`Note`].
 */
savedAt: string, 
/**
 * As in [`Note`].
 */
updatedAt: string, 
/**
 * As in [`Note`].
 */
deletedAt: string | null, 
/**
 * As in [`Note`].
 */
read: boolean, 
/**
 * Host name of its web site without `www.`; empty if it has none.
 */
site: string, 
/**
 * Whether the user wrote a text for it.
 */
hasNote: boolean, 
/**
 * The kept text of its page, null without one.
 */
text: TextInfo | null, 
/**
 * The summary by a language model, null without one.
 */
gist: GistInfo | null, 
/**
 * What the checks of its page found, null if it was never checked.
 */
link: LinkInfo | null, 
/**
 * As in [`NoteForUrlResult`](super::NoteForUrlResult).
 */
sync?: SyncInfo, 
/**
 * Number of titles and texts in [`NoteConflicts`](super::NoteConflicts); absent if there are
 * none.
 */
conflicts?: number, };

export type LinkInfo = { 
/**
 * What is said of the page.
 */
verdict: LinkVerdict, 
/**
 * When the page was last asked for: RFC 3339 UTC with milliseconds.
 */
checkedAt: string, 
/**
 * Since when the page is gone or unreachable, in the same form; otherwise as `checked_at`.
 */
since: string, 
/**
 * Where a moved page is; null for others.
 */
finalUrl: string | null, 
/**
 * A copy of a page that may be lost, at the Wayback Machine (`web.archive.org`); null for
 * others. There may be none at this address.
 */
archiveUrl: string | null, };

export type LinkVerdict = "ok" | "moved" | "gone" | "soft" | "unreachable" | "walled";

export type SyncInfo = { 
/**
 * The device's name.
 */
device: string, 
/**
 * When the change arrived here: RFC 3339 UTC with milliseconds.
 */
arrivedAt: string, };

export type NoteConflicts = { 
/**
 * Other titles that the user typed, the oldest first.
 */
titles: Array<Alternative>, 
/**
 * Texts that couldn't be merged, the oldest first. They stand in the note's text, above the
 * newest one, unless that would be too long.
 */
texts: Array<Alternative>, 
/**
 * Number of further values, which would make the answer too long; absent if there are none.
 */
more?: number, };

export type Alternative = { 
/**
 * The title or the text.
 */
text: string, 
/**
 * When it was written, by that device's clock: RFC 3339 UTC with milliseconds.
 */
writtenAt: string, };

export type ConflictField = "title" | "text";

export type SettleConflictParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, 
/**
 * The field of which the note keeps what it shows.
 */
keep?: ConflictField, 
/**
 * The title to take: one of [`NoteConflicts`].
 */
title?: string, 
/**
 * The text to take in place of the note's: one of [`NoteConflicts`].
 */
text?: string, };

export type SyncStatus = { 
/**
 * How the last run ended.
 */
state: SyncState, 
/**
 * The place that carries the notes, without user names and passwords.
 */
place: string, 
/**
 * The end of the last run without a problem: RFC 3339 UTC with milliseconds; null if there was
 * none.
 */
lastAt: string | null, 
/**
 * Why the last run failed; null if it didn't.
 */
problem: SyncProblem | null, };

export type SyncState = "new" | "ok" | "failed";

export type SyncProblem = { 
/**
 * A stable word for the cause.
 */
kind: string, 
/**
 * A sentence that says what to do.
 */
sentence: string, };

export type EditNotesParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * Ids of the notes, up to 100,000. Exactly one of `ids` and `query` is required.
 */
ids: number[], 
/**
 * Selects the matching notes; an empty query selects all. With `restore`, it searches the
 * trash. A query with an invalid part is refused.
 */
query?: string, 
/**
 * Number of notes that the user saw.
 */
expectedCount: number, 
/**
 * Tags to add at the end of each note's tags.
 */
addTags?: Array<string>, 
/**
 * Tags to remove.
 */
removeTags?: Array<string>, 
/**
 * Marks the notes as read, or as unread.
 */
read?: boolean, 
/**
 * Moves the notes to the trash. Can't be combined with other changes.
 */
delete?: boolean, 
/**
 * Restores the notes from the trash. Can't be combined with other changes.
 */
restore?: boolean, 
/**
 * Counts the notes without changing them.
 */
dryRun?: boolean, };

export type EditState = "rehearsed" | "running" | "done" | "undoing" | "undone";

export type EditResult = { 
/**
 * Id of the edit, for `editStatus`, `cancelEdit` and `undoEdit`. Null for a dry run.
 */
edit: number | null, 
/**
 * The state of the edit.
 */
state: EditState, 
/**
 * Number of selected notes, without the missing ones.
 */
total: number, 
/**
 * Number of notes that were changed; for a dry run, that would be changed.
 */
changed: number, 
/**
 * Number of notes that needed no change.
 */
unchanged: number, 
/**
 * Number of notes on which the edit was undone.
 */
restored: number, 
/**
 * Ids of the selected notes that no longer exist: the first 1,000.
 */
missing: number[], 
/**
 * Number of selected notes that no longer exist.
 */
missingCount: number, 
/**
 * Notes that couldn't be changed, or on which the edit couldn't be undone: the first 1,000.
 */
refused: Array<RefusedNote>, 
/**
 * Number of notes of that kind.
 */
refusedCount: number, };

export type RefusedNote = { 
/**
 * The note's id.
 */
id: number, 
/**
 * Why it wasn't changed.
 */
reason: RefusalReason, };

export type RefusalReason = "too_many_tags" | "page_saved_again" | "changed_since" | "address_taken";

export type EditIdParams = { 
/**
 * The `edit` of [`EditResult`].
 */
edit: number, };

export type UndoEditParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The `edit` of [`EditResult`].
 */
edit: number, };

export type ChangeAddressParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, 
/**
 * The new address: http or https (file if the configuration permits it).
 */
url: string, };

export type MergeNotesParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * Id of the note that is kept, with its address and title.
 */
keep: number, 
/**
 * Id of the note that moves to the trash.
 */
drop: number, };

export type SuggestForNotesParams = { 
/**
 * Ids of the notes, up to 200.
 */
ids: number[], 
/**
 * Most tags for each note: 1 to 20, default 5.
 */
limit?: number, };

export type SuggestForNotesResult = { 
/**
 * The notes in the requested order, without those that no longer exist.
 */
notes: Array<NoteSuggestions>, 
/**
 * Number of ids that were looked at, at least one. The host stops after about 200 ms; ask again
 * with the remaining ids.
 */
lookedAt: number, };

export type NoteSuggestions = { 
/**
 * The note's id.
 */
id: number, 
/**
 * The likeliest first, without the note's own.
 */
tags: Array<SuggestedTag>, };

export type SavedSearch = { 
/**
 * Its name: 1 to 100 characters, without control characters. Names that differ only in case
 * are the same.
 */
name: string, 
/**
 * The query.
 */
query: string, 
/**
 * Time of the save in RFC 3339, UTC with milliseconds.
 */
savedAt: string, };

export type SearchSaveParams = { 
/**
 * See [`SavedSearch`].
 */
name: string, 
/**
 * The query, up to 4 KiB.
 */
query: string, 
/**
 * Name of a saved search that is forgotten at the same time, to rename it. An unknown name
 * isn't an error.
 */
oldName?: string, };

export type SearchForgetParams = { 
/**
 * See [`SavedSearch`].
 */
name: string, };

export type SearchListParams = Record<symbol, never>;

export type SearchListResult = { 
/**
 * All saved searches, sorted by name.
 */
searches: Array<SavedSearch>, };

export type PutIconParams = { 
/**
 * Address of a saved page.
 */
url: string, 
/**
 * The image: PNG, at most 64 × 64 pixels and 4,096 bytes, not interlaced, in Base64.
 */
icon: string, };

export type PutIconResult = { 
/**
 * Whether the store was changed. False if it has the icon already, or no note from the web
 * site.
 */
stored: boolean, };

export type IconsParams = { 
/**
 * Web sites as in [`NoteRow`](super::NoteRow). The first 100 are answered.
 */
sites: Array<string>, };

export type IconsResult = { 
/**
 * A PNG image in Base64 for each of the web sites that has an icon.
 */
icons: { [key in string]: string }, };

export type PutTextParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, 
/**
 * The text as Markdown, up to 256 KiB of UTF-8.
 */
text: string, 
/**
 * False if the text was too long and was cut.
 */
whole: boolean, 
/**
 * When the text was read from the page: RFC 3339. A time in the future counts as now.
 */
takenAt: string, 
/**
 * Whether to replace the stored text in any case. Default: false; [`TextKept::Older`] says when
 * it stays.
 */
force?: boolean, };

export type PutTextResult = { 
/**
 * The note's id.
 */
id: number, 
/**
 * Number of words of the text that the note has now; in scripts without spaces, of characters.
 */
words: number, 
/**
 * Which text that is.
 */
kept: TextKept, };

export type TextKept = "new" | "same" | "older";

export type RemoveTextParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
id: number, };

export type RemoveTextResult = { 
/**
 * The note's id.
 */
id: number, };

export type TextInfo = { 
/**
 * Number of words; in scripts without spaces, of characters.
 */
words: number, 
/**
 * When the text was read from the page: RFC 3339 UTC with milliseconds.
 */
takenAt: string, 
/**
 * False if the text was too long and was cut.
 */
whole: boolean, };

export type KeepText = "always" | "ask" | "never";

export type GistInfo = { 
/**
 * Plain text in one paragraph, at most 800 characters.
 */
text: string, 
/**
 * The model's name.
 */
maker: string, 
/**
 * When it was made: RFC 3339.
 */
madeAt: string, 
/**
 * Whether the note's text has changed or is gone since, or its address has changed.
 */
outdated: boolean, };

export type Arrival = { 
/**
 * Its id, below 2^53. Later arrivals have higher ids.
 */
id: number, 
/**
 * The id of its feed.
 */
feedId: number, 
/**
 * The feed's title, or else its address.
 */
feed: string, 
/**
 * The page's address, without user name and password.
 */
url: string, 
/**
 * Its title; may be empty.
 */
title: string, 
/**
 * The beginning of its text, or its summary.
 */
excerpt: string | null, 
/**
 * RFC 3339, or a day, a month or a year in ISO 8601.
 */
publishedAt: string | null, 
/**
 * Language of the page, a BCP 47 tag.
 */
lang: string | null, 
/**
 * Its categories in the feed.
 */
keywords: Array<string>, 
/**
 * When it arrived: RFC 3339 UTC with milliseconds.
 */
arrivedAt: string, };

export type ListArrivalsParams = { 
/**
 * Only pages from this feed.
 */
feed?: number, 
/**
 * Only pages that arrived before the one with this id.
 */
before?: number, 
/**
 * Most results: 1 to 200, default 50.
 */
limit?: number, };

export type ListArrivalsResult = { 
/**
 * The pages.
 */
arrivals: Array<Arrival>, 
/**
 * Whether there are earlier ones.
 */
more: boolean, 
/**
 * Number of pages in the inbox, from all feeds.
 */
total: number, 
/**
 * The feeds that have pages in the inbox, by title.
 */
feeds: Array<FeedCount>, };

export type FeedCount = { 
/**
 * The feed's id.
 */
id: number, 
/**
 * Its title, or else its address.
 */
name: string, 
/**
 * The tags that its pages get when they are kept.
 */
tags: Array<string>, 
/**
 * Number of its pages in the inbox.
 */
count: number, };

export type KeepArrivalParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The page's id.
 */
id: number, 
/**
 * Its tags. Default: those of its feed.
 */
tags?: Array<string>, };

export type UnkeepArrivalParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The note's id.
 */
note: number, };

export type SkipArrivalsParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The pages' ids, 1,000 at most. Those that the inbox doesn't have any more are ignored.
 */
ids?: number[], 
/**
 * Skips all pages from this feed.
 */
feed?: number, 
/**
 * With `feed`: the latest page that the user has seen. Later ones stay.
 */
upTo?: number, };

export type SkipArrivalsResult = { 
/**
 * Number of pages that were skipped.
 */
skipped: number, 
/**
 * The number of this skip, for `unskipArrivals`.
 */
skip: number, };

export type UnskipArrivalsParams = { 
/**
 * UUID of this operation.
 */
opId: string, 
/**
 * The number of the skip.
 */
skip: number, };

export type UnskipArrivalsResult = { 
/**
 * Number of pages that came back.
 */
restored: number, };

export type RenderMarkdownParams = { 
/**
 * CommonMark with GFM tables, strikethrough and task lists; up to 64 KiB.
 */
text: string, };

export type RenderMarkdownResult = { 
/**
 * The text, block by block. A single `pre` with the text as typed if it nests elements deeper
 * than 60 or has more than 50,000 parts.
 */
nodes: Array<MarkdownNode>, };

export type MarkdownNode = string | MarkdownElement;

export type MarkdownElement = { 
/**
 * Its HTML name, or `task` for the checkbox of a task.
 */
name: MarkdownName, 
/**
 * `a`: an http, https or mailto address.
 */
href?: string, 
/**
 * `a`: the title of the link.
 */
title?: string, 
/**
 * `ol`: its first number, unless it is 1.
 */
start?: number, 
/**
 * `th`, `td`: `center` or `right`; absent for text aligned to the start of the line.
 */
align?: MarkdownAlign, 
/**
 * `task`: whether it is ticked.
 */
done?: boolean, 
/**
 * Its content; absent if empty.
 */
children?: Array<MarkdownNode>, };

export type MarkdownAlign = "center" | "right";

export type MarkdownName = "p" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "pre" | "code" | "ul" | "ol" | "li" | "hr" | "br" | "em" | "strong" | "del" | "a" | "table" | "thead" | "tbody" | "tr" | "th" | "td" | "task";

export type StatsParams = Record<symbol, never>;

export type StatsResult = { 
/**
 * Number of notes, without the trash.
 */
notes: number, 
/**
 * Number of tags in use.
 */
tags: number, 
/**
 * Number of web sites with at least one note.
 */
sites: number, 
/**
 * Number of notes in the trash.
 */
trash: number, 
/**
 * Size of the database with its write-ahead log, in bytes.
 */
databaseBytes: number, 
/**
 * Time of the oldest save; null in an empty store.
 */
firstSavedAt: string | null, 
/**
 * Time of the newest save; null in an empty store.
 */
lastSavedAt: string | null, };

export type ErrorKind = "parse_error" | "invalid_request" | "unknown_method" | "invalid_params" | "internal" | "invalid_url" | "invalid_tag" | "too_large" | "not_found" | "conflict" | "store_full" | "store_newer" | "store_busy" | "store_broken" | "store_unwritable" | "store_io" | "frame_too_large" | "response_too_large" | "protocol_unsupported" | "op_id_reused" | "frame_cut_short" | "clock_wrong" | "address_taken" | "selection_changed" | "settled_already";

export type ErrorObject = { 
/**
 * The JSON-RPC code.
 */
code: number, 
/**
 * One sentence for the user that says what to do.
 */
message: string, 
/**
 * Data for programs.
 */
data: ErrorData, };

export type ErrorData = { 
/**
 * A stable word for the cause.
 */
kind: ErrorKind, };

/** Each method with its parameters and its result. */
export interface Methods {
  hello: { params: HelloParams; result: HelloResult };
  saveNote: { params: SaveNoteParams; result: SaveNoteResult };
  noteForUrl: { params: NoteForUrlParams; result: NoteForUrlResult };
  updateNote: { params: UpdateNoteParams; result: NoteResult };
  deleteNote: { params: NoteIdParams; result: NoteResult };
  restoreNote: { params: RestoreNoteParams; result: NoteResult };
  completeTags: { params: CompleteTagsParams; result: CompleteTagsResult };
  suggestTags: { params: SuggestTagsParams; result: SuggestTagsResult };
  suggestForNotes: { params: SuggestForNotesParams; result: SuggestForNotesResult };
  searchNotes: { params: SearchNotesParams; result: SearchNotesResult };
  listNotes: { params: ListNotesParams; result: ListNotesResult };
  listNoteIds: { params: ListNoteIdsParams; result: ListNoteIdsResult };
  editNotes: { params: EditNotesParams; result: EditResult };
  editStatus: { params: EditIdParams; result: EditResult };
  cancelEdit: { params: EditIdParams; result: EditResult };
  undoEdit: { params: UndoEditParams; result: EditResult };
  changeAddress: { params: ChangeAddressParams; result: NoteResult };
  mergeNotes: { params: MergeNotesParams; result: NoteResult };
  settleConflict: { params: SettleConflictParams; result: NoteResult };
  searchSave: { params: SearchSaveParams; result: SearchListResult };
  searchForget: { params: SearchForgetParams; result: SearchListResult };
  searchList: { params: SearchListParams; result: SearchListResult };
  putIcon: { params: PutIconParams; result: PutIconResult };
  icons: { params: IconsParams; result: IconsResult };
  putText: { params: PutTextParams; result: PutTextResult };
  removeText: { params: RemoveTextParams; result: RemoveTextResult };
  listArrivals: { params: ListArrivalsParams; result: ListArrivalsResult };
  keepArrival: { params: KeepArrivalParams; result: SaveNoteResult };
  skipArrivals: { params: SkipArrivalsParams; result: SkipArrivalsResult };
  unkeepArrival: { params: UnkeepArrivalParams; result: UnskipArrivalsResult };
  unskipArrivals: { params: UnskipArrivalsParams; result: UnskipArrivalsResult };
  renderMarkdown: { params: RenderMarkdownParams; result: RenderMarkdownResult };
  stats: { params: StatsParams; result: StatsResult };
}

/**
 * The types of the messages between the pages of the extension and its background. Nothing of
 * this module is loaded at run time.
 */

/**
 * Who is at the other end of a port: the popup, the settings and the welcome page (`options`),
 * the page that saves all tabs of a window, or the library page.
 * @typedef {"popup" | "options" | "window" | "library"} PortName
 */

/**
 * @typedef {import("../protocol.js").Methods} Methods
 * @typedef {import("../protocol.js").ErrorKind} ErrorKind
 * @typedef {import("../protocol.js").Note} Note
 * @typedef {import("../protocol.js").SamePage} SamePage
 * @typedef {import("../protocol.js").SuggestedTag} SuggestedTag
 * @typedef {import("../protocol.js").ImpliedTag} ImpliedTag
 * @typedef {import("./merge.js").Edits} Edits
 * @typedef {"saveNote" | "updateNote" | "deleteNote" | "restoreNote" |
 *   "mergeNotes"} WriteMethod
 * @typedef {{name: string, count: number}} TagCount
 * @typedef {{url: string, title: string}} PageToSave
 */

/**
 * Why the host can't be reached, as far as the browser's error text shows. For `…_or_…` the
 * text is ambiguous; `url-notes doctor` finds out which cause it is. The sentences and commands
 * are those of `tests/contract/causes.json`, which the program uses too.
 * @typedef {"not_registered_or_program_missing" | "not_registered_or_not_allowed" |
 *   "not_allowed" | "program_missing_or_not_executable" |
 *   "program_crashed_or_not_executable" | "program_crashed" | "program_ended" |
 *   "program_garbled" | "program_silent" | "host_too_old" | "host_too_new"} Cause
 */

/**
 * Why a write was refused. `cause` is set if the host failed without a response; then it is
 * shown instead of `message`. `own_site`: a page of the user's own site isn't saved.
 * @typedef {{kind: ErrorKind | "program_crashed" | "own_site", message: string,
 *   cause?: Cause}} Refusal
 */

/**
 * @template {WriteMethod} [M=WriteMethod]
 * A write in the outbox.
 * @typedef {object} Entry
 * @property {number} seq Place in the order of delivery.
 * @property {M} method
 * @property {Methods[M]["params"]} params With their `opId`.
 * @property {string} page URL of the page.
 * @property {string} addedAt RFC 3339.
 * @property {boolean} sent Whether it may have reached the host.
 * @property {number} failures How often the host failed while it handled this entry.
 * @property {Refusal | null} refused
 */

/**
 * The record of a page, in memory and in storage.
 * @typedef {object} PageRecord
 * @property {string} url
 * @property {string} title Of the tab.
 * @property {boolean} wanted Whether a save will be added once the page was read.
 * @property {Note | null} note As in the store, including updates in the outbox.
 * @property {boolean} created Whether this click created the note.
 * @property {SamePage | null} samePage
 * @property {string[]} [tokens] Names of the access tokens in its addresses.
 * @property {string | null} [newTitle] The page's title, if it changed since the user typed the
 *   note's.
 * @property {string} [oldTitle] The page's title before the click, if it changed since.
 * @property {Edits} edits
 * @property {boolean} seen Whether the edits were made in sight of the note.
 * @property {"undone" | "deleted" | null} removed Whether the user pressed Undo or Delete.
 * @property {boolean} trashed Whether a deletion of the note was added to the outbox.
 * @property {Note | null} [deletedNote] A note of the page in the trash that can be restored.
 * @property {PendingCapture[]} pendingCaptures Captures that no save contains: a selection from
 *   the context menu, those of withdrawn saves, and those that arrived after Undo.
 */

/**
 * What was captured of a page. Without `title`, the tab's title is saved.
 * @typedef {Omit<import("../protocol.js").SaveNoteParams, "opId" | "url" | "title">
 *   & {title?: string}} PendingCapture
 */

/**
 * The view that the popup shows.
 * @typedef {object} View
 * @property {"saving" | "saved" | "unsaved" | "queued" | "error"} state
 * @property {number} revision
 * @property {Known} page
 * @property {Edits | null} leftover Edits of an earlier popup that aren't saved yet.
 * @property {boolean} leftoverSeen Whether those were made in sight of the note.
 * @property {string | null} canonical The page's canonical URL.
 * @property {Cause | null} trouble
 * @property {string | null} cure
 * @property {Refusal | null} refusal
 * @property {string | null} hindrance The error with which the host refuses all writes.
 * @property {string | null} siteUrl
 * @property {string | null} siteProblem
 * @property {import("../protocol.js").SyncStatus | null} sync How the sync stands if it has failed
 *   for long.
 * @property {boolean} unkept Whether the browser's storage is full, so that unsaved changes are
 *   only in memory.
 */

/**
 * What a popup sends back if the background ends before it.
 * @typedef {Pick<PageRecord, "note" | "created" | "samePage" | "removed" | "trashed">
 *   & {tokens: string[], deletedNote: Note | null, newTitle?: string | null}} Known
 */

/**
 * What has become of the text of a page. `off`: the popup says nothing about it. `unknown`: nor
 * does it yet, but has room for it. `waiting`: for the
 * program. `older`: the program keeps the longer text that it has. `removed`: by the user; `again`:
 * whether it can be read again. `site`: the user chose "never" for the web site.
 * @typedef {{is: "off" | "unknown" | "reading" | "waiting" | "older" | "unremoved" | "ask" | "site"}
 *   | {is: "kept", words: number, whole: boolean} | {is: "removed", again: boolean}
 *   | {is: "failed", message: string}
 *   | {is: "none", why: "password" | "empty" | "pdf" | "reader" | "forbidden" | "left" | "full"}}
 *   TextState
 */

/**
 * What the user does with the text of a page. `force`: keeps the new text in place of the older
 * one. `never`, `allow`: keeps no text on the web site any more, or again.
 * @typedef {"keep" | "force" | "remove" | "never" | "allow"} TextAct
 */

/**
 * A quote in a note's text, with the text around it as its link names it.
 * @typedef {{text: string, prefix: string, suffix: string}} QuotePlace
 */

/**
 * The tab that a popup was opened on. `loading`: its address isn't known yet.
 * @typedef {{url: string, title: string, tabId: number | undefined, loading?: boolean}} Tab
 */

/**
 * @typedef {{do: "open", tab: Tab}
 *   | {do: "reopen", tab: Tab, known: Known, revision: number}
 *   | {do: "edit", edits: Edits, revision: number, turn: number}
 *   | {do: "save"} | {do: "undo"} | {do: "delete"} | {do: "restore"}
 *   | {do: "merge", keep: number} | {do: "tryHost"}
 *   | {do: "findRelated", turn: number} | {do: "search", query: string, turn: number}
 *   | {do: "complete", text: string, exclude: string[], turn: number}
 *   | {do: "suggest", title: string, text: string, tags: string[], dismissed: string[],
 *      turn: number}
 *   | {do: "preview", text: string, turn: number}
 *   | {do: "watchText"} | {do: "text", act: TextAct}
 *   | {do: "markQuotes", quotes: QuotePlace[]}} FromPopup
 */

/**
 * Messages to the popup. `turn` is the number of the last edit or of the request; the popup
 * ignores responses to earlier requests. `tried`: the attempt to reach the host has ended.
 * `marked`: how many quotes were found in the page; null if it can't be searched. `implied`: the
 * tags that the chosen ones imply.
 * @typedef {{view: View, turn: number, stripped?: boolean} | {tags: TagCount[], turn: number}
 *   | {suggestions: SuggestedTag[], implied?: ImpliedTag[], turn: number}
 *   | {related: Related, turn: number}
 *   | {preview: Preview, turn: number} | {tried: true} | {found: Found, turn: number}
 *   | {own: Own} | {text: TextState} | {marked: number | null}} ToPopup
 */

/**
 * The page is one of the user's own site, so nothing is saved. `note`: the page of this note,
 * which the popup edits; null on other pages.
 * @typedef {{note: PageToSave | null}} Own
 */

/**
 * The answer to a search. `away`: why the host couldn't be reached; then it found nothing.
 * @typedef {object} Found
 * @property {import("../protocol.js").FoundNote[]} notes The best first.
 * @property {import("../protocol.js").QueryProblem[]} problems
 * @property {Cause | null} away
 * @property {string | null} siteUrl
 */

/**
 * Other notes that are related to the page.
 * @typedef {object} Related
 * @property {number} onThisSite Number of notes of its web site, including its own.
 * @property {{id: number, url: string} | null} elsewhere The note of the page's canonical URL,
 *   if that is another note.
 */

/**
 * A rendered note.
 * @typedef {object} Preview
 * @property {import("../protocol.js").MarkdownNode[] | null} nodes Null if it wasn't rendered.
 * @property {boolean} outdated Whether the host is too old to render it.
 */

/**
 * What settings and welcome page show.
 * @typedef {object} Overview
 * @property {import("../protocol.js").HelloResult | null} hello
 * @property {Cause | null} trouble
 * @property {string | null} cure
 * @property {string | null} hindrance
 * @property {readonly Entry[]} entries
 * @property {PageRecord[]} drafts
 * @property {{notes: number, tags: number} | null} counts Of the last check.
 * @property {boolean} unkept Whether the browser's storage is full.
 * @property {string[]} sitesWithoutText Web sites where no text is kept.
 */

/**
 * @typedef {{do: "check"} | {do: "try"} | {do: "retry", opId?: string} | {do: "discard", opId: string}
 *   | {do: "discardDraft", url: string} | {do: "allowText", site: string}} FromOptions
 */

/**
 * The results of saving many pages; each page counts once.
 * @typedef {object} Summary
 * @property {number} saved Notes that were created.
 * @property {number} there Pages that already had a note.
 * @property {number} waiting Pages without an answer.
 * @property {{url: string, title: string, refusal: Refusal | null}[]} unsavable
 *   With the reason, if the host refused it.
 * @property {boolean} undone Whether the user took the saves back.
 */

/**
 * @typedef {Summary & {trouble: Cause | null,
 *   cure: string | null, hindrance: string | null, siteUrl: string | null}} WindowSummary
 * @typedef {{do: "save", pages: PageToSave[], tags: string[]} | {do: "undo"}} FromWindow
 */

/**
 * The methods of the host that the library page may call.
 * @typedef {"listNotes" | "listNoteIds" | "searchNotes" | "noteForUrl" | "editNotes" | "editStatus" |
 *   "cancelEdit" | "undoEdit" | "updateNote" | "changeAddress" | "mergeNotes" |
 *   "settleConflict" | "completeTags" | "suggestTags" | "suggestForNotes" | "icons" | "searchList" |
 *   "searchSave" | "searchForget" | "listArrivals" | "keepArrival" | "skipArrivals" |
 *   "unkeepArrival" | "unskipArrivals"} LibraryMethod
 */

/**
 * A request of the library page; `turn` is its number. `{do: "try"}` tries the host again.
 * @typedef {{turn: number, method: LibraryMethod, params: object} | {do: "try"}} FromLibrary
 */

/**
 * The state of the connection, as the library page shows it.
 * @typedef {Pick<Overview, "hello" | "trouble" | "cure" | "hindrance">} LibraryStatus
 */

/**
 * Why a request of the library page failed. `cause` is set if the host can't be reached.
 * @typedef {{kind: ErrorKind | "unreachable", message: string, cause?: Cause}} LibraryRefusal
 */

/**
 * The state of the connection, or the answer to the request of this number.
 * @typedef {{status: LibraryStatus} | {turn: number, result: object}
 *   | {turn: number, refusal: LibraryRefusal}} ToLibrary
 */

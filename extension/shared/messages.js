/**
 * What the pages of the extension and its background send each other: the names of the
 * ports, and the shapes of the messages.
 */

/** Port of the popup. */
export const POPUP_PORT = "popup";
/** Port of the settings and the welcome page. */
export const OPTIONS_PORT = "options";
/** Port of the page that saves all tabs of a window. */
export const WINDOW_PORT = "window";

/**
 * @typedef {import("../protocol.js").Methods} Methods
 * @typedef {import("../protocol.js").ErrorKind} ErrorKind
 * @typedef {import("../protocol.js").Note} Note
 * @typedef {import("../protocol.js").SamePage} SamePage
 * @typedef {import("../protocol.js").SuggestedTag} SuggestedTag
 * @typedef {import("./merge.js").Edits} Edits
 * @typedef {"saveNote" | "updateNote" | "deleteNote" | "restoreNote"} WriteMethod
 * @typedef {{name: string, count: number}} TagCount
 * @typedef {{url: string, title: string}} PageToSave
 */

/**
 * What a browser's words tell apart. `…_or_…` is one of several causes that this browser
 * has the same words for; `url-notes doctor`, which sees more, tells which of them it is.
 * Sentences and cures are those of `tests/contract/causes.json`, as the program's are.
 * @typedef {"not_registered_or_program_missing" | "not_registered_or_not_allowed" |
 *   "not_allowed" | "program_missing_or_not_executable" |
 *   "program_crashed_or_not_executable" | "program_crashed" | "program_ended" |
 *   "program_garbled" | "program_silent" | "host_too_old" | "host_too_new"} Cause
 */

/**
 * `cause` where it was no answer that was had: then the message is for nobody.
 * @typedef {{kind: ErrorKind | "program_crashed", message: string,
 *   cause?: Cause}} Refusal
 */

/**
 * @template {WriteMethod} [M=WriteMethod]
 * @typedef {object} Entry
 * @property {number} seq Place in the order of delivery.
 * @property {M} method
 * @property {Methods[M]["params"]} params With their `opId`.
 * @property {string} page URL of the page that it is about.
 * @property {string} addedAt RFC 3339.
 * @property {boolean} sent Whether it may have reached the host.
 * @property {number} failures Times that the host failed over just this entry.
 * @property {Refusal | null} refused
 */

/**
 * A page as it is kept in storage.
 * @typedef {object} PageRecord
 * @property {string} url
 * @property {string} title Of the tab.
 * @property {boolean} wanted A save is to be added once the page was read.
 * @property {Note | null} note As in the store, updates on their way included.
 * @property {boolean} created Whether this click made the note.
 * @property {SamePage | null} samePage
 * @property {string[]} [tokens] Names of the access tokens in its addresses.
 * @property {Edits} edits
 * @property {boolean} seen Whether the edits were made in sight of the note.
 * @property {"undone" | "deleted" | null} removed By the user's word.
 * @property {boolean} trashed Whether a deletion was sent off for it.
 * @property {PendingCapture[]} pendingCaptures What no save has: chosen in a menu and not saved yet, of saves
 *   that were taken back, or heard after Undo.
 */

/**
 * `title`: where the page told one, else that of the tab is saved.
 * @typedef {Omit<import("../protocol.js").SaveNoteParams, "opId" | "url" | "title">
 *   & {title?: string}} PendingCapture
 */

/**
 * What the popup is shown.
 * @typedef {object} View
 * @property {"saving" | "saved" | "unsaved" | "queued" | "error"} state
 * @property {number} revision
 * @property {Known} page
 * @property {Edits | null} leftover Typed in an earlier popup and not saved yet.
 * @property {boolean} leftoverSeen Whether in sight of the note.
 * @property {string | null} canonical The address by which the page wants to be known.
 * @property {Cause | null} trouble
 * @property {string | null} cure
 * @property {Refusal | null} refusal
 * @property {string | null} hindrance What the host says that keeps it from taking anything.
 * @property {string | null} siteUrl
 * @property {string | null} siteProblem
 * @property {boolean} unkept Whether the browser's storage is full: what wasn't
 *   saved is held in memory alone.
 */

/**
 * What a popup gives back should the background end before it.
 * @typedef {Pick<PageRecord, "note" | "created" | "samePage" | "removed" | "trashed">
 *   & {tokens: string[]}} Known
 */

/**
 * The tab that a popup was opened on. `loading`: its address isn't known yet.
 * @typedef {{url: string, title: string, tabId: number | undefined, loading?: boolean}} Tab
 */

/**
 * @typedef {{do: "open", tab: Tab}
 *   | {do: "reopen", tab: Tab, known: Known, revision: number}
 *   | {do: "edit", edits: Edits, revision: number, turn: number}
 *   | {do: "save"} | {do: "undo"} | {do: "delete"} | {do: "tryHost"}
 *   | {do: "findRelated", turn: number}
 *   | {do: "complete", text: string, exclude: string[], turn: number}
 *   | {do: "suggest", title: string, text: string, tags: string[], dismissed: string[],
 *      turn: number}
 *   | {do: "preview", text: string, turn: number}} FromPopup
 */

/**
 * `turn` is that of the last edit, or of what was asked for:
 * the popup has moved on where it isn't its own last one.
 * @typedef {{view: View, turn: number, stripped?: boolean} | {tags: TagCount[], turn: number}
 *   | {suggestions: SuggestedTag[], turn: number} | {related: Related, turn: number}
 *   | {preview: Preview, turn: number} | {tried: true}} ToPopup `tried`: the host was asked again, and it is known what came of it.
 */

/**
 * Other notes that are related to the page.
 * @typedef {object} Related
 * @property {number} onThisSite How many notes of its web site there are, its own included.
 * @property {{id: number, url: string} | null} elsewhere The note of the address by which
 *   the page wants to be known, where that is another one.
 */

/**
 * A note as the host renders it.
 * @typedef {object} Preview
 * @property {import("../protocol.js").MarkdownNode[] | null} nodes Null where it wasn't rendered.
 * @property {boolean} outdated Whether that is since the host is older than this extension.
 */

/**
 * @typedef {object} Overview
 * @property {import("../protocol.js").HelloResult | null} hello
 * @property {Cause | null} trouble
 * @property {string | null} cure
 * @property {string | null} hindrance
 * @property {readonly Entry[]} entries
 * @property {PageRecord[]} drafts
 * @property {{notes: number, tags: number} | null} counts Of the last check.
 * @property {boolean} unkept Whether the browser's storage is full.
 */

/**
 * @typedef {{do: "check"} | {do: "try"} | {do: "retry", opId?: string} | {do: "discard", opId: string}
 *   | {do: "discardDraft", url: string}} FromOptions
 */

/**
 * What has become of many pages: each is in one of these.
 * @typedef {object} Summary
 * @property {number} saved Notes that were made.
 * @property {number} there Pages that had one.
 * @property {number} waiting Not answered yet.
 * @property {{url: string, title: string, refusal: Refusal | null}[]} unsavable
 *   With why, if the host was asked.
 */

/**
 * @typedef {Summary & {trouble: Cause | null,
 *   cure: string | null, hindrance: string | null}} WindowSummary
 * @typedef {{pages: PageToSave[], tags: string[]}} FromWindow
 */

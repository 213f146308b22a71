/**
 * The sessions of open popups: what the user does with each page from the click until all of
 * it is in the outbox. That is the save, text typed before the save is answered, later edits,
 * Undo and Delete.
 *
 * The popup only shows views and reports input; it may be closed at any moment. Records of
 * pages are in `page-records.js`, saves in `page-saves.js`, views in `popup-view.js`.
 */

import * as typed from "../shared/merge.js";
import { fit, LIMITS } from "../shared/text.js";
import { Unreachable } from "./host.js";
import { passOnLate } from "./late-captures.js";
import { PageRecords, takeSaved, takeStoredTags } from "./page-records.js";
import { PageSaves } from "./page-saves.js";
import { viewOf } from "./popup-view.js";
import {
	mergeInto,
	replacesNote,
	restoreDeleted,
	worthRestoring,
} from "./replaced-note.js";

/**
 * @import {Entry, Known, PageRecord, PendingCapture, Tab} from "../shared/messages.js"
 */

/**
 * @typedef {import("../protocol.js").Note} Note
 * @typedef {import("../protocol.js").SamePage} SamePage
 * @typedef {import("../protocol.js").SaveNoteResult} SaveNoteResult
 * @typedef {import("../shared/merge.js").Edits} Edits
 * @typedef {import("./popup-view.js").Popup} Popup
 * @typedef {import("./popup-view.js").PopupSession} PopupSession
 */

/** An edit is sent after the user has stopped typing for so long. */
const PAUSE_MS = 400;

export class Pages {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {import("./outbox.js").Outbox} */ #outbox;
	/** @type {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} */ #host;
	/** @type {typeof import("./capture.js").capture} */ #capture;
	/** @type {() => Promise<boolean>} */ #savesOnOpen;
	/** @type {PageRecords} */ #records;
	/** @type {PageSaves} */ #saves;
	/** @type {Map<string, PopupSession>} By URL. */ #sessions = new Map();
	/**
	 * Saves requested from the context menu, with their selections, by tab. The next popup of
	 * the tab saves, whatever the setting is.
	 * @type {Map<number, string>}
	 */
	#requestedSaves = new Map();
	/** @type {Map<PopupSession, PageRecord>} Popups for which the setting isn't known yet. */
	#opening = new Map();
	/** @type {Set<string>} URLs of pages that were undone or deleted since their last save. */
	#removed = new Set();

	/**
	 * @param {object} parts
	 * @param {import("./storage-queue.js").StorageQueue} parts.queue
	 * @param {import("./outbox.js").Outbox} parts.outbox
	 * @param {Pick<import("./host.js").Host, "request" | "hello" | "trouble">} parts.host
	 * @param {typeof import("./capture.js").capture} parts.capture
	 * @param {() => Promise<boolean>} parts.savesOnOpen
	 */
	constructor({ queue, outbox, host, capture, savesOnOpen }) {
		this.#queue = queue;
		this.#outbox = outbox;
		this.#host = host;
		this.#capture = capture;
		this.#savesOnOpen = savesOnOpen;
		this.#records = new PageRecords({
			queue,
			outbox,
			isOpen: (url) => this.#sessions.has(url),
		});
		this.#saves = new PageSaves(outbox, this.#records);
	}

	/**
	 * Loads what an earlier background stored, and completes it.
	 * @param {Record<string, unknown>} stored All records of the queue.
	 */
	load(stored) {
		for (const page of this.#records.load(stored)) {
			if (page.wanted) this.#saves.addSave(page, {});
			this.#sendEdits(page);
		}
	}

	/** Pages with typed text that no save contains. */
	drafts() {
		return this.#records.drafts();
	}

	/**
	 * Discards the text that was typed about a page, at the user's request.
	 * @param {string} url
	 */
	discardDraft(url) {
		const page = this.#records.get(url);
		if (!page) return;
		page.edits = {};
		this.#records.store(page);
	}

	/**
	 * The user opened a popup on this page.
	 * @param {Tab} tab
	 * @param {Popup} popup
	 * @param {boolean} [maySave] False if the popup only edits the page's note.
	 */
	async open(tab, popup, maySave = true) {
		const page = this.#records.getOrCreate(tab.url, tab.title);
		page.created = this.#records.isSaving(page) && page.created;
		if (page.removed) page.pendingCaptures = [];
		this.#saves.startClick(page.url);
		if (this.#outbox.waitingFor(page.url).length === 0) {
			Object.assign(page, {
				note: null,
				samePage: null,
				tokens: [],
				newTitle: null,
				oldTitle: undefined,
				removed: null,
				trashed: false,
				deletedNote: null,
			});
		}
		const session = this.#startSession(page, popup, tab.tabId);
		this.#opening.set(session, page);
		if (!typed.isEmpty(page.edits)) {
			session.leftover = typed.commitPending(page.edits, page.note?.tags ?? []);
		}
		if (session.leftover || page.note) session.revision += 1;
		this.#show(page);
		const selection = this.#takeRequest(tab.tabId);
		const saves = maySave && (selection !== undefined || (await this.#savesOnOpen()));
		const undone = !this.#opening.delete(session);
		if (saves && !undone) await this.#save(page, tab.tabId, selection);
		else await this.#lookUp(page);
	}

	/**
	 * Makes the next popup of a tab save its page, whatever the setting is: the user chose
	 * that in the context menu.
	 * @param {number} tabId
	 * @param {string} selection The quote to save if the page itself can't report one.
	 */
	requestSave(tabId, selection) {
		this.#requestedSaves.set(tabId, selection);
	}

	/**
	 * Cancels that: the page of the tab can't be saved.
	 * @param {number} tabId
	 */
	cancelRequest(tabId) {
		this.#requestedSaves.delete(tabId);
	}

	/**
	 * Takes the request to save a tab, if there is one.
	 * @param {number | undefined} tabId
	 * @returns {string | undefined} Its selection, perhaps empty; undefined without a request.
	 */
	#takeRequest(tabId) {
		const selection = this.#requestedSaves.get(tabId ?? -1);
		this.#requestedSaves.delete(tabId ?? -1);
		return selection;
	}

	/**
	 * Saves a page without a popup, since the browser couldn't open one.
	 * @param {Tab} tab
	 */
	async saveWithoutPopup(tab) {
		const page = this.#records.getOrCreate(tab.url, tab.title);
		await this.#save(page, tab.tabId, this.#takeRequest(tab.tabId));
	}

	/**
	 * An open popup reconnects after the browser ended the background.
	 * @param {Tab} tab
	 * @param {Popup} popup
	 * @param {Known} known What the popup showed last.
	 * @param {number} revision The last one that the popup merged into its fields.
	 */
	reopen(tab, popup, known, revision) {
		const page = this.#records.getOrCreate(tab.url, tab.title);
		if (!page.note) Object.assign(page, known);
		this.#startSession(page, popup, tab.tabId).revision = revision;
		this.#show(page);
	}

	/**
	 * The popup of this page was closed.
	 * @param {string} url
	 * @param {Popup} popup
	 */
	close(url, popup) {
		const page = this.#records.get(url);
		const session = this.#sessions.get(url);
		if (!page || session?.popup !== popup) return;
		clearTimeout(session.timer);
		this.#sessions.delete(url);
		this.#sendEdits(page);
	}

	/**
	 * The user typed something.
	 * @param {string} url
	 * @param {Edits} edits Everything that was typed in this popup.
	 * @param {number} revision The last one that the popup merged into its fields.
	 */
	edit(url, edits, revision) {
		const page = this.#records.get(url);
		const session = this.#sessions.get(url);
		if (!page || !session) return;
		if (revision === session.revision) {
			page.edits = edits;
			page.seen = page.note !== null;
			session.leftover = null;
			session.noteChanges = [];
		} else if (revision >= session.revision - session.noteChanges.length) {
			// Typed before the popup merged the latest changes of the note.
			const missed = session.noteChanges.slice(revision - session.revision);
			page.edits = typed.rebaseAll(missed, edits);
			page.seen = true;
		} else {
			page.edits = session.leftover ? typed.uniteEdits(session.leftover, edits) : edits;
			page.seen = false;
		}
		this.#records.store(page);
		clearTimeout(session.timer);
		session.timer = setTimeout(() => this.#sendEdits(page), PAUSE_MS);
		this.#show(page);
	}

	/**
	 * The user pressed Save: a first save, or one that reverses Undo or Delete.
	 * @param {string} url
	 */
	async save(url) {
		const page = this.#records.get(url);
		if (!page) return;
		page.removed = null;
		this.#removed.delete(url);
		if (page.note && page.trashed) {
			page.trashed = false;
			this.#outbox.add("restoreNote", { id: page.note.id }, url);
			this.#sendEdits(page);
			this.#saves.addCaptures(page, page.pendingCaptures.splice(0));
		} else if (this.#records.isSaving(page) || page.note) {
			this.#saves.addCaptures(page, page.pendingCaptures.splice(0));
			this.#records.store(page);
			this.#show(page);
		} else {
			await this.#save(page, this.#sessions.get(url)?.tabId);
		}
	}

	/**
	 * The user pressed Restore: the page gets back the note that was deleted earlier.
	 * @param {string} url
	 */
	restore(url) {
		this.#replaceNote(url, restoreDeleted);
	}

	/**
	 * The user pressed Merge: the page's note is merged into that of another of its addresses.
	 * @param {string} url
	 * @param {number} keep Id of the other note.
	 */
	merge(url, keep) {
		this.#replaceNote(url, (page, outbox) => mergeInto(page, keep, outbox));
	}

	/**
	 * @param {string} url
	 * @param {typeof restoreDeleted} replace Adds the write to the outbox.
	 */
	#replaceNote(url, replace) {
		const page = this.#records.get(url);
		if (!page) return;
		this.#sendEdits(page);
		if (!replace(page, this.#outbox)) return;
		this.#removed.delete(url);
		this.#saves.addCaptures(page, page.pendingCaptures.splice(0));
		if (!this.#records.isSaving(page)) this.#noteChanged(page);
		this.#records.store(page);
		this.#show(page);
	}

	/**
	 * The user pressed Undo or Delete.
	 * @param {string} url
	 * @param {"undone" | "deleted"} how
	 */
	remove(url, how) {
		const page = this.#records.get(url);
		if (!page) return;
		this.#sendEdits(page);
		page.wanted = false;
		page.removed = how;
		this.#removed.add(url);
		for (const [session, { url: other }] of this.#opening)
			if (other === url) this.#opening.delete(session);
		for (const { params } of this.#outbox.withdrawSaves(url)) {
			const { opId: _opId, url: _url, title: _title, ...capture } = params;
			if (Object.keys(capture).length > 0) page.pendingCaptures.push(capture);
			this.#saves.forgetQuote(url, capture.quote);
		}
		if (!this.#records.isSaving(page)) this.#trash(page);
		this.#records.store(page);
		this.#show(page);
	}

	/**
	 * The host answered an entry of the outbox.
	 * @param {Entry} entry
	 * @param {any} result
	 */
	answered(entry, result) {
		const page = this.#records.get(entry.page);
		if (!page) return;
		if (replacesNote(entry)) this.#saved(page, entry, result);
		else if (page.note) {
			// The fields stay as they are in the popup: further updates may be in the outbox.
			const { updatedAt, deletedAt } = result.note;
			page.note = { ...page.note, updatedAt, deletedAt };
			takeStoredTags(page, entry, result.note.tags);
		}
		this.#records.store(page, entry);
	}

	/**
	 * The host refused an entry of the outbox.
	 * @param {Entry} entry
	 */
	refused(entry) {
		const page = this.#records.get(entry.page);
		const session = this.#sessions.get(entry.page);
		if (!page || !session) return;
		if (entry.method === "updateNote") {
			const { opId: _opId, id: _id, seen, ...fields } = /** @type {any} */ (entry.params);
			Object.assign(session.refusedFields, fields);
			session.refusedSeen = { ...seen, ...session.refusedSeen };
		}
		if (entry.method === "saveNote" && entry.refused?.kind === "invalid_url") {
			// The popup shows the reason. If nothing was typed, discarding the save loses nothing.
			session.refusal = entry.refused;
			if (typed.isEmpty(page.edits)) this.#outbox.discard(entry.params.opId);
		}
		this.#show(page);
	}

	/**
	 * The captured metadata of a page that helps to suggest tags.
	 * @param {string} url
	 * @returns {{excerpt?: string, keywords?: string[]}}
	 */
	metadata(url) {
		const { keywords, opening } = this.#sessions.get(url) ?? {};
		const excerpt = this.#records.get(url)?.note?.excerpt || opening;
		return { ...(excerpt ? { excerpt } : {}), ...(keywords ? { keywords } : {}) };
	}

	/**
	 * The page's canonical URL, if it names one.
	 * @param {string} url
	 */
	canonical(url) {
		return this.#sessions.get(url)?.canonical;
	}

	/** Sends every open popup its current view. */
	showAll() {
		for (const url of this.#sessions.keys()) {
			const page = this.#records.get(url);
			if (page) this.#show(page);
		}
	}

	/**
	 * @param {PageRecord} page
	 * @param {Popup} popup
	 * @param {number | undefined} tabId
	 */
	#startSession(page, popup, tabId) {
		const before = this.#sessions.get(page.url);
		clearTimeout(before?.timer);
		/** @type {PopupSession} */
		const session = {
			popup,
			tabId,
			revision: 0,
			leftover: null,
			noteChanges: [],
			refusedFields: {},
			refusedSeen: {},
			refusal: null,
		};
		this.#sessions.set(page.url, session);
		return session;
	}

	/**
	 * @param {PageRecord} page
	 * @param {number | undefined} tabId
	 * @param {string} [selection] As the browser reports it. In a frame, the page can't see it.
	 */
	async #save(page, tabId, selection) {
		/** @type {PendingCapture | null} */
		const chosen = selection ? { quote: { text: fit(selection, LIMITS.quote) } } : null;
		if (chosen) page.pendingCaptures.push(chosen);
		page.wanted = true;
		page.removed = null;
		this.#removed.delete(page.url);
		this.#records.store(page);
		this.#show(page);
		const what = chosen ? "selection" : "page";
		const { late, ...captured } = await this.#capture(tabId, what, page.url);
		// The page's own quote is better: it has the text around the selection.
		if (captured.quote)
			page.pendingCaptures = page.pendingCaptures.filter((capture) => capture !== chosen);
		const fields = this.#fieldsToSave(page, captured);
		if (page.wanted) this.#saves.addSave(page, fields); // Else it was undone meanwhile.
		void passOnLate(late, captured, chosen === null, (more) => this.#addLate(page, more));
	}

	/**
	 * The tab of a popup has a new title, so the note gets it too.
	 * @param {string} url
	 * @param {string} title
	 */
	retitle(url, title) {
		const page = this.#records.get(url);
		if (!page || !this.#sessions.has(url) || !title || title === page.title) return;
		page.title = title;
		// The first save will contain it.
		if (page.wanted || page.removed) return;
		if (page.note || this.#records.isSaving(page))
			this.#saves.addCaptures(page, [{ title }]);
		this.#show(page);
	}

	/**
	 * Adds another save with what was captured after the first one. After Undo it is kept, in
	 * case the user presses Save again: a quote must not get lost because the page is slow.
	 * @param {PageRecord} page Its record may have been removed since.
	 * @param {import("./capture.js").Captured} late
	 */
	#addLate(page, late) {
		const captured = this.#fieldsToSave(page, late);
		const current = this.#records.get(page.url);
		if (!this.#removed.has(page.url)) this.#saves.addCaptures(page, [captured]);
		else if (Object.keys(captured).length > 0) current?.pendingCaptures.push(captured);
		if (current) this.#show(current);
	}

	/**
	 * The captured fields that are saved; the others are kept in the popup's session.
	 * @param {PageRecord} page
	 * @param {import("./capture.js").Captured} captured
	 */
	#fieldsToSave(page, { keywords, opening, canonical, late: _late, ...captured }) {
		const session = this.#sessions.get(page.url);
		if (session && keywords) session.keywords = keywords;
		if (session && opening) session.opening = opening;
		if (session && canonical) session.canonical = canonical;
		if (captured.title !== undefined) page.title = captured.title;
		return captured;
	}

	/** @param {PageRecord} page */
	async #lookUp(page) {
		this.#show(page);
		if (page.note || this.#records.isSaving(page)) return;
		try {
			const found = await this.#host.request("noteForUrl", { url: page.url });
			if (page.note || page.wanted || this.#records.isSaving(page)) return;
			const { note, tokens } = found;
			page.deletedNote = worthRestoring(found.deletedNote);
			if (note) {
				// The note is shown with the changes that the outbox still has to send.
				for (const { params } of this.#outbox.waitingFor(page.url)) {
					const { opId: _opId, seen: _seen, ...fields } = /** @type {any} */ (params);
					Object.assign(note, fields);
				}
				page.note = note;
				page.tokens = tokens ?? [];
				// Only the new save was undone; the existing note stays.
				if (page.removed === "undone") page.removed = null;
				this.#noteChanged(page);
			}
		} catch (error) {
			const session = this.#sessions.get(page.url);
			if (session && !(error instanceof Unreachable)) {
				const { kind, message } = /** @type {import("./host.js").HostError} */ (error);
				if (kind === "invalid_url") session.refusal = { kind, message };
			}
		}
		this.#show(page);
	}

	/**
	 * @param {PageRecord} page
	 * @param {Entry} entry
	 * @param {Partial<SaveNoteResult> & {note: Note}} result Of a save, or of a restored note.
	 */
	#saved(page, entry, result) {
		const before = page.note;
		takeSaved(page, result);
		this.#noteChanged(page, before);
		if (page.removed && !this.#records.isSaving(page, entry)) {
			// Undone before the host answered. A note that existed before the save stays.
			if (page.created || page.removed === "deleted") this.#trash(page);
			else page.removed = null;
		}
		if (!this.#sessions.has(page.url)) this.#sendEdits(page, entry);
	}

	/**
	 * The note is new or changed, so the popup has to merge it into its fields.
	 * @param {PageRecord} page
	 * @param {Note | null} [before] The note before the change.
	 */
	#noteChanged(page, before = null) {
		const session = this.#sessions.get(page.url);
		const { note: now } = page;
		if (page.seen && before && now && before.id === now.id) {
			// The user made these edits to the note itself, so the change is merged into them.
			page.edits = typed.rebase(before, now, page.edits);
			if (session?.leftover)
				session.leftover = typed.rebase(before, now, session.leftover);
			else session?.noteChanges.push({ before: { ...before }, now: { ...now } });
		} else {
			page.seen = false;
			if (session) session.noteChanges = [];
		}
		if (session) session.revision += 1;
	}

	/** @param {PageRecord} page */
	#trash(page) {
		if (!page.note || page.trashed) return;
		page.trashed = true;
		this.#outbox.add("deleteNote", { id: page.note.id }, page.url);
	}

	/**
	 * Adds an update with the typed text to the outbox, if the page's note is known.
	 * @param {PageRecord} page
	 * @param {Entry} [answered] The entry whose answer is being handled.
	 */
	#sendEdits(page, answered) {
		const session = this.#sessions.get(page.url);
		const change = this.#records.unsentFields(page, answered);
		if (change && page.note) {
			const { id, tags, summary } = page.note;
			// Names the version that it replaces: another popup may change the same note.
			const seen = {
				...(change.tags && { tags }),
				...(change.summary !== undefined && { summary }),
				...session?.refusedSeen,
			};
			Object.assign(page.note, change);
			this.#outbox.add(
				"updateNote",
				{ id, ...session?.refusedFields, ...change, seen },
				page.url,
			);
			if (session) Object.assign(session, { refusedFields: {}, refusedSeen: {} });
		}
		this.#records.store(page, answered);
	}

	/** @param {PageRecord} page */
	#show(page) {
		const session = this.#sessions.get(page.url);
		if (!session) return;
		const view = viewOf({
			page,
			session,
			isOpening: [...this.#opening.values()].includes(page),
			hasUnsentFields: this.#records.unsentFields(page) !== null,
			outbox: this.#outbox,
			host: this.#host,
			storageIsFull: this.#queue.full,
		});
		session.popup.show(view);
	}
}

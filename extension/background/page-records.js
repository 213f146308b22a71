/**
 * The record of each page: its note, what was typed about it, and saves that the outbox
 * doesn't have yet. Owns the records in memory and in storage.
 *
 * A record is in storage while it holds something that the outbox doesn't. Once nothing is
 * left and no popup shows the page, the record is removed from memory too.
 */

import * as typed from "../shared/merge.js";
import { replacesNote, worthRestoring } from "./replaced-note.js";

/**
 * @import {Entry, Note, PageRecord} from "../shared/messages.js"
 * @import {SaveNoteResult} from "../protocol.js"
 */

const KEY = "page:";

export class PageRecords {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {import("./outbox.js").Outbox} */ #outbox;
	/** @type {(url: string) => boolean} */ #isOpen;
	/** @type {Map<string, PageRecord>} By URL. */ #records = new Map();

	/**
	 * @param {object} parts
	 * @param {import("./storage-queue.js").StorageQueue} parts.queue
	 * @param {import("./outbox.js").Outbox} parts.outbox
	 * @param {(url: string) => boolean} parts.isOpen Whether a popup shows the page.
	 */
	constructor({ queue, outbox, isOpen }) {
		this.#queue = queue;
		this.#outbox = outbox;
		this.#isOpen = isOpen;
	}

	/**
	 * Loads the records that an earlier background stored.
	 * @param {Record<string, unknown>} stored All records of the queue.
	 * @returns {PageRecord[]} Those of pages.
	 */
	load(stored) {
		const pages = [];
		for (const [key, value] of Object.entries(stored)) {
			if (!key.startsWith(KEY)) continue;
			const page = /** @type {PageRecord} */ (value);
			page.pendingCaptures ??= []; // Absent in records of earlier versions.
			this.#records.set(page.url, page);
			pages.push(page);
		}
		return pages;
	}

	/** Pages with typed text that no save contains. */
	drafts() {
		return [...this.#records.values()].filter((page) => !typed.isEmpty(page.edits));
	}

	/** @param {string} url */
	get(url) {
		return this.#records.get(url);
	}

	/**
	 * The record of a page, created if there is none.
	 * @param {string} url
	 * @param {string} title
	 * @returns {PageRecord}
	 */
	getOrCreate(url, title) {
		let page = this.#records.get(url);
		if (!page) {
			page = {
				url,
				title,
				wanted: false,
				note: null,
				created: false,
				samePage: null,
				edits: {},
				seen: false,
				removed: null,
				trashed: false,
				pendingCaptures: [],
			};
			this.#records.set(url, page);
		}
		return page;
	}

	/**
	 * Whether the outbox has a save of the page that isn't answered, or another write that
	 * replaces its note.
	 * @param {PageRecord} page
	 * @param {Entry} [answered] An entry whose answer is being handled: it doesn't count.
	 */
	isSaving(page, answered) {
		return this.#outbox
			.waitingFor(page.url)
			.some((entry) => replacesNote(entry) && entry !== answered);
	}

	/**
	 * The fields that an update of the note has to change.
	 * @param {PageRecord} page
	 * @param {Entry} [answered] As in `isSaving`.
	 * @returns {Partial<typed.Fields> | null} Null if there are none, or if they can't be sent yet.
	 */
	unsentFields(page, answered) {
		if (!page.note || page.removed || page.wanted || this.isSaving(page, answered))
			return null;
		const isOpen = this.#isOpen(page.url);
		// The popup merges its text with the note and sends the result with its next edit.
		if (isOpen && !page.seen) return null;
		// In an open popup the text in the tag field isn't finished.
		const edits = isOpen ? page.edits : typed.commitPending(page.edits, page.note.tags);
		const merged = page.seen
			? typed.replace(page.note, edits)
			: typed.unite(page.note, edits);
		const fields = typed.difference(page.note, merged);
		return Object.keys(fields).length > 0 ? fields : null;
	}

	/**
	 * Writes a record to storage, or removes it if everything in it is in the outbox.
	 * @param {PageRecord} page
	 * @param {Entry} [answered] As in `isSaving`.
	 */
	store(page, answered) {
		const isOpen = this.#isOpen(page.url);
		const isSaving = this.isSaving(page, answered);
		const isSaved = page.note !== null && !page.removed && !isSaving;
		const hasUnsentText = isSaved
			? this.unsentFields(page, answered) !== null ||
				(isOpen && Boolean(page.edits.pending?.trim()))
			: !typed.isEmpty(page.edits);
		const undoWaits = page.removed !== null && isSaving;
		const isNeeded = page.wanted || hasUnsentText || undoWaits;
		if (isNeeded) this.#queue.put(KEY + page.url, page).catch(() => {});
		else this.#queue.remove(KEY + page.url).catch(() => {});
		if (!isOpen && !isNeeded) this.#records.delete(page.url);
	}
}

/**
 * Takes the note's tags as the host stored them: an alias that was typed became its tag.
 * Does nothing if other tags were typed since.
 * @param {PageRecord} page
 * @param {Entry} entry
 * @param {string[]} tags
 */
export function takeStoredTags(page, entry, tags) {
	const sent = JSON.stringify(/** @type {any} */ (entry.params).tags);
	if (!page.note || JSON.stringify(page.note.tags) !== sent) return;
	page.note.tags = tags;
	if (JSON.stringify(page.edits.tags) === sent) page.edits.tags = tags;
}

/**
 * Takes what the host says after a save.
 * @param {PageRecord} page
 * @param {Partial<SaveNoteResult> & {note: Note}} result Of a save, or of a restored or merged
 *   note.
 */
export function takeSaved(page, result) {
	page.note = result.note;
	page.created ||= result.created ?? false;
	page.deletedNote = worthRestoring(result.deletedNote) ?? page.deletedNote ?? null;
	page.samePage = result.samePage ?? null;
	page.tokens = result.tokens ?? [];
	if (result.newTitle) {
		const { title, before: old } = result.newTitle;
		// A page may have another title while it loads, and then its old one again.
		page.oldTitle ??= old;
		page.newTitle = title === page.oldTitle ? null : title;
	}
	page.trashed = false;
}

/**
 * Saves without a popup: a link, a page whose popup couldn't be opened, all tabs of a window.
 * They go through the outbox like any other save. This module reports their results: on a tab's
 * badge, or to the page that saves all tabs.
 *
 * It keeps its state in memory. If the background ends, the saves are delivered all the same,
 * but their results aren't reported.
 */

import { savableUrl } from "../shared/tab.js";
import { fit, LIMITS } from "../shared/text.js";

/** @import {Entry, Summary} from "../shared/messages.js" */

/**
 * @typedef {{url: string, title: string}} PageToSave
 */

/**
 * @typedef {object} Batch
 * @property {Map<string, PageToSave>} waiting Pages without an answer, by `opId`.
 * @property {Map<number, SavedNote>} notes By id.
 * @property {Map<number, string[]>} tagsBefore Tags of the notes that were there before, by id.
 * @property {Summary["unsavable"]} unsavable
 * @property {boolean} undone Whether the user took the saves back.
 * @property {() => void} onChange
 */

/**
 * @typedef {object} SavedNote
 * @property {string} url
 * @property {string[]} tags After the save.
 * @property {boolean} created Whether the batch created the note.
 */

/** Why a page of the user's own site isn't saved. The pages say it in the user's language. */
const OWN = /** @type {const} */ ({
	kind: "own_site",
	message: "This is a page of your own site.",
});

export class BackgroundSaves {
	/** @type {import("./outbox.js").Outbox} */ #outbox;
	/** @type {(tabId: number, good: boolean) => void} */ #flash;
	/** @type {Map<string, number>} Tabs whose badge shows the result, by URL. */ #tabs =
		new Map();
	/** @type {(url?: string) => string | null} */ #savable;
	/** @type {Set<Batch>} */ #batches = new Set();

	/**
	 * @param {import("./outbox.js").Outbox} outbox
	 * @param {(tabId: number, good: boolean) => void} flash Shows the result on a tab's badge.
	 * @param {(url?: string) => string | null} [savable] The address to save for a tab.
	 */
	constructor(outbox, flash, savable = savableUrl) {
		this.#outbox = outbox;
		this.#flash = flash;
		this.#savable = savable;
	}

	/**
	 * Saves a page that no tab shows.
	 * @param {string} url
	 * @param {string} title
	 * @param {number} tabId The tab whose badge shows the result.
	 */
	save(url, title, tabId) {
		this.flashResult(url, tabId);
		this.#outbox.add("saveNote", { url, title: fit(title, LIMITS.title) }, url);
	}

	/**
	 * Shows the next answer to a save of this page on the badge of a tab.
	 * @param {string} url
	 * @param {number} tabId
	 */
	flashResult(url, tabId) {
		this.#tabs.set(url, tabId);
	}

	/**
	 * Shows on the badge of a tab that nothing was saved.
	 * @param {number} tabId
	 */
	flashFailure(tabId) {
		this.#flash(tabId, false);
	}

	/**
	 * Saves many pages, each once.
	 * @param {PageToSave[]} pages
	 * @param {string[]} tags For all of them.
	 * @param {() => void} onChange Called after each answer.
	 * @param {Map<number, string[]>} [tagsBefore] Tags of the notes that are there already, by id.
	 * @param {Set<PageToSave>} [own] Those of the user's own site, which aren't saved.
	 * @returns {Batch}
	 */
	saveAll(pages, tags, onChange, tagsBefore = new Map(), own = new Set()) {
		/** @type {Batch} */
		const batch = {
			waiting: new Map(),
			notes: new Map(),
			tagsBefore,
			unsavable: [],
			undone: false,
			onChange,
		};
		this.#batches.add(batch);
		const seen = new Set();
		for (const sent of pages) {
			const { url: address, title } = sent;
			const url = this.#savable(address);
			if (seen.has(url ?? address)) continue;
			seen.add(url ?? address);
			if (url === null) {
				batch.unsavable.push({ url: address, title, refusal: null });
				continue;
			}
			if (own.has(sent)) {
				batch.unsavable.push({ url, title, refusal: OWN });
				continue;
			}
			const page = { url, title: fit(title, LIMITS.title) };
			batch.waiting.set(this.#outbox.add("saveNote", { ...page, tags }, url), page);
		}
		return batch;
	}

	/**
	 * Takes the saves of a batch back: created notes go to the trash, the others get the tags that
	 * they had before, and what wasn't sent is dropped. Saves without an answer are taken back
	 * when it comes.
	 * @param {Batch} batch
	 */
	undo(batch) {
		if (batch.undone) return;
		batch.undone = true;
		for (const [opId, { url }] of [...batch.waiting]) {
			const withdrawn = this.#outbox.withdrawSaves(url);
			if (withdrawn.some(({ params }) => params.opId === opId))
				batch.waiting.delete(opId);
		}
		for (const [id, note] of batch.notes) this.#takeBack(batch, id, note);
		batch.onChange();
	}

	/**
	 * @param {Batch} batch
	 * @param {number} id
	 * @param {SavedNote} note
	 */
	#takeBack(batch, id, { url, tags, created }) {
		if (created) {
			this.#outbox.add("deleteNote", { id }, url);
			return;
		}
		const before = batch.tagsBefore.get(id);
		// With `seen`, tags that the user changed meanwhile stay changed.
		if (before && before.join() !== tags.join())
			this.#outbox.add("updateNote", { id, tags: before, seen: { tags } }, url);
	}

	/**
	 * Stops reporting the answers to a batch.
	 * @param {Batch} batch
	 */
	forget(batch) {
		this.#batches.delete(batch);
	}

	/**
	 * @param {Batch} batch
	 * @returns {Summary}
	 */
	static summary({ waiting, notes, unsavable, undone }) {
		const saved = [...notes.values()].filter(({ created }) => created).length;
		return {
			saved,
			there: notes.size - saved,
			waiting: waiting.size,
			unsavable,
			undone,
		};
	}

	/**
	 * The host answered an entry of the outbox.
	 * @param {Entry} entry
	 * @param {any} result
	 */
	answered(entry, result) {
		if (entry.method !== "saveNote") return;
		this.#flashTab(entry, true);
		this.#settle(entry, (batch, { url }) => {
			const { id, tags } = result.note;
			// Two tabs may show the same page under two addresses.
			const created = result.created || batch.notes.get(id)?.created === true;
			const note = { url, tags, created };
			batch.notes.set(id, note);
			if (batch.undone) this.#takeBack(batch, id, note);
		});
	}

	/**
	 * The host refused an entry of the outbox.
	 * @param {Entry} entry
	 */
	refused(entry) {
		if (entry.method !== "saveNote") return;
		this.#flashTab(entry, false);
		this.#settle(entry, (batch, page) => {
			batch.unsavable.push({ ...page, refusal: entry.refused });
			// The page shows the reason, and the tab is still open.
			if (entry.refused?.kind === "invalid_url") this.#outbox.discard(entry.params.opId);
		});
	}

	/**
	 * @param {Entry} entry
	 * @param {boolean} good
	 */
	#flashTab(entry, good) {
		const tabId = this.#tabs.get(entry.page);
		this.#tabs.delete(entry.page);
		if (tabId !== undefined) this.#flash(tabId, good);
	}

	/**
	 * @param {Entry} entry
	 * @param {(batch: Batch, page: PageToSave) => void} handle
	 */
	#settle(entry, handle) {
		for (const batch of this.#batches) {
			const page = batch.waiting.get(entry.params.opId);
			if (!page) continue;
			batch.waiting.delete(entry.params.opId);
			handle(batch, page);
			batch.onChange();
		}
	}
}

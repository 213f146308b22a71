/**
 * Saves without a popup: a link, a page whose popup couldn't be opened, all
 * tabs of a window. They go through the outbox like any other; this module
 * knows who waits for which answer.
 *
 * What it knows is in memory alone. Should the background end, the saves are
 * delivered all the same, and nobody is told.
 */

import { savableUrl } from "../shared/tab.js";
import { fit, LIMITS } from "../shared/text.js";

/** @import {Entry, Summary} from "../shared/messages.js" */

/**
 * @typedef {{url: string, title: string}} PageToSave
 */

/**
 * @typedef {object} Batch
 * @property {Map<string, PageToSave>} waiting By operation.
 * @property {Map<number, boolean>} notes By id: whether this batch made them.
 * @property {Summary["unsavable"]} unsavable
 * @property {() => void} onChange
 */

export class BackgroundSaves {
	/** @type {import("./outbox.js").Outbox} */ #outbox;
	/** @type {(tabId: number, good: boolean) => void} */ #flash;
	/** @type {Map<string, number>} Tabs to tell, by the page that is saved. */ #told =
		new Map();
	/** @type {(url?: string) => string | null} */ #savable;
	/** @type {Set<Batch>} */ #batches = new Set();

	/**
	 * @param {import("./outbox.js").Outbox} outbox
	 * @param {(tabId: number, good: boolean) => void} flash Shows on a tab's button how it went.
	 * @param {(url?: string) => string | null} [savable] The address to save for a tab.
	 */
	constructor(outbox, flash, savable = savableUrl) {
		this.#outbox = outbox;
		this.#flash = flash;
		this.#savable = savable;
	}

	/**
	 * Saves a page that isn't shown.
	 * @param {string} url
	 * @param {string} title
	 * @param {number} tabId Where the user is to see that it worked.
	 */
	save(url, title, tabId) {
		this.tell(url, tabId);
		this.#outbox.add("saveNote", { url, title: fit(title, LIMITS.title) }, url);
	}

	/**
	 * The next answer to a save of this page is shown on the button of a tab.
	 * @param {string} url
	 * @param {number} tabId
	 */
	tell(url, tabId) {
		this.#told.set(url, tabId);
	}

	/**
	 * Saves many pages, each once.
	 * @param {PageToSave[]} pages
	 * @param {string[]} tags For all of them.
	 * @param {() => void} onChange Called after each answer.
	 * @returns {Batch}
	 */
	saveAll(pages, tags, onChange) {
		/** @type {Batch} */
		const batch = { waiting: new Map(), notes: new Map(), unsavable: [], onChange };
		this.#batches.add(batch);
		const seen = new Set();
		for (const { url: address, title } of pages) {
			const url = this.#savable(address);
			if (seen.has(url ?? address)) continue;
			seen.add(url ?? address);
			if (url === null) {
				batch.unsavable.push({ url: address, title, refusal: null });
				continue;
			}
			const page = { url, title: fit(title, LIMITS.title) };
			batch.waiting.set(this.#outbox.add("saveNote", { ...page, tags }, url), page);
		}
		return batch;
	}

	/** @param {Batch} batch Nobody waits for its answers any more. */
	forget(batch) {
		this.#batches.delete(batch);
	}

	/**
	 * @param {Batch} batch
	 * @returns {Summary}
	 */
	static summary({ waiting, notes, unsavable }) {
		const made = [...notes.values()].filter(Boolean).length;
		return {
			saved: made,
			there: notes.size - made,
			waiting: waiting.size,
			unsavable,
		};
	}

	/**
	 * The host has answered an entry of the outbox.
	 * @param {Entry} entry
	 * @param {any} result
	 */
	answered(entry, result) {
		if (entry.method !== "saveNote") return;
		this.#tellTab(entry, true);
		this.#settle(entry, (batch) => {
			const { id } = result.note;
			// Two tabs may show the same page under two addresses.
			batch.notes.set(id, result.created || batch.notes.get(id) === true);
		});
	}

	/**
	 * The host has refused an entry of the outbox.
	 * @param {Entry} entry
	 */
	refused(entry) {
		if (entry.method !== "saveNote") return;
		this.#tellTab(entry, false);
		this.#settle(entry, (batch, page) => {
			batch.unsavable.push({ ...page, refusal: entry.refused });
			// The user is looking at the reason, and the page is still in its tab.
			if (entry.refused?.kind === "invalid_url") this.#outbox.discard(entry.params.opId);
		});
	}

	/**
	 * @param {Entry} entry
	 * @param {boolean} good
	 */
	#tellTab(entry, good) {
		const tabId = this.#told.get(entry.page);
		this.#told.delete(entry.page);
		if (tabId !== undefined) this.#flash(tabId, good);
	}

	/**
	 * @param {Entry} entry
	 * @param {(batch: Batch, page: PageToSave) => void} take
	 */
	#settle(entry, take) {
		for (const batch of this.#batches) {
			const page = batch.waiting.get(entry.params.opId);
			if (!page) continue;
			batch.waiting.delete(entry.params.opId);
			take(batch, page);
			batch.onChange();
		}
	}
}

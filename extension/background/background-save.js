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
 * @property {Map<number, boolean>} notes Whether this batch created each note, by id.
 * @property {Summary["unsavable"]} unsavable
 * @property {() => void} onChange
 */

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
	static summary({ waiting, notes, unsavable }) {
		const created = [...notes.values()].filter(Boolean).length;
		return {
			saved: created,
			there: notes.size - created,
			waiting: waiting.size,
			unsavable,
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
		this.#settle(entry, (batch) => {
			const { id } = result.note;
			// Two tabs may show the same page under two addresses.
			batch.notes.set(id, result.created || batch.notes.get(id) === true);
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

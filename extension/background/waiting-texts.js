/**
 * The texts of pages that wait for the program, in the browser's storage. They give way to
 * everything else: at most 4 MB in all, the largest is dropped first, and all of them before a
 * record of the outbox finds no room (`makeRoom`). A text that isn't stored isn't kept.
 */

import { byteLength } from "../shared/text.js";

/**
 * @typedef {object} WaitingText
 * @property {string} page URL of the page, as it was saved.
 * @property {string} href Its address when it was read.
 * @property {string} opId
 * @property {string} text
 * @property {boolean} whole
 * @property {string} takenAt RFC 3339.
 * @property {boolean} [force]
 * @property {boolean} [agreed] Whether the user was asked and wants it.
 */

const KEY = "text:";

/** All of them together, in bytes. */
const MOST_BYTES = 4 * 1024 * 1024;

export class WaitingTexts {
	/** @type {import("./storage-queue.js").StorageArea} */ #area;
	/** @type {() => boolean} */ #isFull;
	/** @type {Map<string, {text: WaitingText, bytes: number}>} By page, oldest first. */
	#texts = new Map();

	/** Called after a text was dropped to make room. */
	onDrop = (/** @type {string} */ _page) => {};

	/**
	 * @param {import("./storage-queue.js").StorageArea} area
	 * @param {() => boolean} isFull Whether other records already find no room.
	 */
	constructor(area, isFull) {
		this.#area = area;
		this.#isFull = isFull;
	}

	/**
	 * Loads the texts that an earlier background stored.
	 * @param {Record<string, unknown>} records All records of the storage.
	 */
	load(records) {
		for (const [key, value] of Object.entries(records)) {
			if (!key.startsWith(KEY)) continue;
			const text = /** @type {WaitingText} */ (value);
			this.#texts.set(text.page, { text, bytes: byteLength(text.text) });
		}
	}

	/** @returns {WaitingText[]} */
	get all() {
		return [...this.#texts.values()].map(({ text }) => text);
	}

	/**
	 * Stores a text, in place of an earlier one of its page.
	 * @param {WaitingText} text
	 * @returns {Promise<boolean>} False if there is no room for it.
	 */
	async keep(text) {
		this.#texts.delete(text.page);
		this.#texts.set(text.page, { text, bytes: byteLength(text.text) });
		const isKept = () => this.#texts.get(text.page)?.text === text;
		const sum = () => [...this.#texts.values()].reduce((n, { bytes }) => n + bytes, 0);
		if (this.#isFull()) await this.#drop(text.page);
		while (isKept() && sum() > MOST_BYTES) await this.makeRoom();
		while (isKept()) {
			try {
				await this.#area.set({ [KEY + text.page]: text });
				break;
			} catch {
				await this.makeRoom();
			}
		}
		return isKept();
	}

	/** @param {string} page */
	async remove(page) {
		if (!this.#texts.delete(page)) return;
		// If the browser refuses that, the program recognises the text when it comes again.
		await this.#area.remove([KEY + page]).catch(() => {});
	}

	/**
	 * Drops the largest text.
	 * @returns {Promise<boolean>} False if there is none.
	 */
	async makeRoom() {
		const [largest] = [...this.#texts].sort(([, a], [, b]) => b.bytes - a.bytes);
		if (largest) await this.#drop(largest[0]);
		return largest !== undefined;
	}

	/** @param {string} page */
	async #drop(page) {
		await this.remove(page);
		this.onDrop(page);
	}
}

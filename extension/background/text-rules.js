/**
 * Whether the text of a page is kept: the setting of this browser, that of the program's
 * configuration (the stricter one applies), and the web sites where the user chose "never".
 */

import { SETTINGS_KEY, TEXTS_SAID_BY_HOST, withDefaults } from "../shared/settings.js";
import { siteName } from "../shared/text.js";

/** @typedef {import("../shared/settings.js").KeepText} KeepText */

/** Key of the web sites where no text is kept, in `storage.local`. */
const SITES_KEY = "sitesWithoutText";

export class TextRules {
	/** @type {import("./storage-queue.js").StorageQueue} */ #queue;
	/** @type {string[]} The latest come last. */ #sites = [];
	/** @type {KeepText} */ #ofHost = "always";
	/** @type {KeepText} The setting of this browser. */ setting = "always";

	/** @param {import("./storage-queue.js").StorageQueue} queue */
	constructor(queue) {
		this.#queue = queue;
	}

	/**
	 * Loads what an earlier background stored.
	 * @param {Record<string, unknown>} records
	 */
	load(records) {
		this.#sites = /** @type {string[] | undefined} */ (records[SITES_KEY]) ?? [];
		this.setting = withDefaults(records[SETTINGS_KEY]).keepText;
		this.#ofHost = /** @type {KeepText} */ (records[TEXTS_SAID_BY_HOST] ?? "always");
	}

	/**
	 * The program's configuration; "never" if the program keeps no texts.
	 * @param {KeepText} rule
	 */
	setHostRule(rule) {
		this.#ofHost = rule;
	}

	/** The web sites where no text is kept. */
	get sites() {
		return this.#sites;
	}

	/**
	 * @param {string} url Of a page.
	 * @returns {KeepText | "site"} "site": never on its web site.
	 */
	of(url) {
		const both = [this.setting, this.#ofHost];
		if (both.includes("never")) return "never";
		if (this.#sites.includes(siteName(url))) return "site";
		return both.includes("ask") ? "ask" : "always";
	}

	/**
	 * Keeps no text on a web site from now on, or texts again.
	 * @param {string} site
	 * @param {boolean} never
	 */
	change(site, never) {
		if (site === "") return;
		this.#sites = [
			...this.#sites.filter((other) => other !== site),
			...(never ? [site] : []),
		];
		const written =
			this.#sites.length > 0
				? this.#queue.put(SITES_KEY, this.#sites)
				: this.#queue.remove(SITES_KEY);
		// If the storage is full, they are written with the next change.
		written.catch(() => {});
	}
}

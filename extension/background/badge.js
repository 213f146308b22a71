/**
 * The badge on the button. It shows how many changes can't be delivered, that host and
 * extension don't fit together, briefly the result of a save, and, if the user turned that on,
 * that the active tab's page is saved.
 *
 * Only the host can decide whether a page is saved, by its page key. So the badge looks up the
 * active tab of each window, one request at a time.
 */

import { savableUrl } from "../shared/tab.js";

/** The light theme's `--accent`, `--warn` and `--paper` (styles/tokens.css): a badge can't follow the theme. */
export const COLOURS = Object.freeze({
	good: "#0b6b3a",
	bad: "#8a4b00",
	text: "#ffffff",
});

const GOOD = "✓";
const BAD = "!";

/** How long the result of a save is shown. */
const FLASH_MS = 2500;

/** A lookup is repeated after this time, since other programs write to the store too. */
const FRESH_MS = 60_000;

/** Lookups that are cached. */
const MAX_CACHED = 500;

/** @typedef {{text: string, colour: string} | null} Look Null: the badge of all tabs. */

export class Badge {
	/** @type {Pick<typeof chrome.action, "setBadgeText" | "setBadgeBackgroundColor" | "setBadgeTextColor">} */
	#action;
	/** @type {Pick<typeof chrome.tabs, "query">} */ #tabs;
	/** @type {Pick<import("./host.js").Host, "request" | "hello">} */ #host;
	/** Whether the badge marks saved pages. */
	#marking = false;
	#alert = "";
	/** @type {Map<string, {saved: boolean, at: number}>} Lookups by address, the latest last. */
	#lookups = new Map();
	/** @type {Map<number, string | null>} The badge of each tab, as far as known. */
	#shown = new Map();
	/** @type {Map<number, ReturnType<typeof setTimeout>>} Tabs that show the result of a save. */
	#flashing = new Map();
	/** @type {(url?: string) => string | null} */ #savable;
	/** @type {Promise<void> | null} */ #updating = null;
	#isRequested = false;

	/**
	 * @param {Pick<typeof chrome.action, "setBadgeText" | "setBadgeBackgroundColor" | "setBadgeTextColor">} action
	 * @param {Pick<typeof chrome.tabs, "query">} tabs
	 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
	 * @param {(url?: string) => string | null} [savable] The address to look up for a page.
	 */
	constructor(action, tabs, host, savable = savableUrl) {
		this.#action = action;
		this.#tabs = tabs;
		this.#host = host;
		this.#savable = savable;
	}

	/**
	 * Shows on all tabs what needs the user's attention.
	 * @param {{waiting: number, mismatch: boolean}} trouble `waiting`: entries that can't be
	 *   delivered now; `mismatch`: host and extension speak different protocols.
	 */
	alert({ waiting, mismatch }) {
		const text = waiting > 0 ? String(waiting) : mismatch ? BAD : "";
		if (text === this.#alert) return;
		this.#alert = text;
		void this.#action.setBadgeText({ text });
		void this.#action.setBadgeBackgroundColor({ color: COLOURS.bad });
		void this.#action.setBadgeTextColor({ color: COLOURS.text });
		this.update();
	}

	/**
	 * Shows the result of a save on a tab for a moment.
	 * @param {number} tabId
	 * @param {boolean} good
	 */
	flash(tabId, good) {
		clearTimeout(this.#flashing.get(tabId));
		this.#show(
			tabId,
			good ? { text: GOOD, colour: COLOURS.good } : { text: BAD, colour: COLOURS.bad },
		);
		const timer = setTimeout(() => {
			this.#flashing.delete(tabId);
			if (this.#marking) this.update();
			else this.#show(tabId, null);
		}, FLASH_MS);
		this.#flashing.set(tabId, timer);
	}

	/**
	 * Turns the marks for saved pages on or off.
	 * @param {boolean} on
	 */
	async mark(on) {
		if (on === this.#marking) return;
		this.#marking = on;
		this.#lookups.clear();
		if (on) this.update();
		else for (const { id } of await this.#tabs.query({})) this.#show(id ?? -1, null);
	}

	/**
	 * The host stored a write, so earlier lookups may be wrong.
	 * @param {import("../shared/messages.js").WriteMethod |
	 *   import("../shared/messages.js").LibraryMethod} method
	 */
	written(method) {
		if (method === "updateNote") return;
		this.#lookups.clear();
		this.update();
	}

	/**
	 * A tab shows another page or was closed. With some pages the browser removes the badge, with
	 * others it doesn't.
	 * @param {number} tabId
	 */
	left(tabId) {
		this.#shown.delete(tabId);
	}

	/** Looks up the active tabs, and again if something changes meanwhile. */
	update() {
		if (!this.#marking) return;
		this.#isRequested = true;
		this.#updating ??= this.#updateWhileRequested();
	}

	async #updateWhileRequested() {
		try {
			while (this.#isRequested) {
				this.#isRequested = false;
				await this.#updateOnce();
			}
		} finally {
			this.#updating = null;
		}
	}

	async #updateOnce() {
		for (const tab of await this.#tabs.query({ active: true })) {
			const url = this.#savable(tab.url);
			const saved = url !== null && (await this.#isSaved(url));
			// Another lookup was requested: the tab may show another page by now.
			if (this.#isRequested || !this.#marking) return;
			if (tab.id === undefined || this.#flashing.has(tab.id)) continue;
			// An alert is more important than a mark.
			const look = saved && !this.#alert ? { text: GOOD, colour: COLOURS.good } : null;
			this.#show(tab.id, look);
		}
	}

	/** @param {string} url */
	async #isSaved(url) {
		const known = this.#lookups.get(url);
		if (known && Date.now() - known.at < FRESH_MS) return known.saved;
		if (!this.#host.hello) return false;
		try {
			const { note } = await this.#host.request("noteForUrl", { url });
			this.#lookups.delete(url);
			this.#lookups.set(url, { saved: note !== null, at: Date.now() });
			const [oldest] = this.#lookups.keys();
			if (this.#lookups.size > MAX_CACHED && oldest !== undefined)
				this.#lookups.delete(oldest);
			return note !== null;
		} catch {
			return false; // Without a response there is no mark.
		}
	}

	/**
	 * @param {number} tabId
	 * @param {Look} look
	 */
	#show(tabId, look) {
		const text = look?.text ?? null;
		if (this.#shown.get(tabId) === text) return;
		this.#shown.set(tabId, text);
		const color = look?.colour ?? COLOURS.bad;
		for (const done of [
			this.#action.setBadgeBackgroundColor({ tabId, color }),
			this.#action.setBadgeTextColor({ tabId, color: COLOURS.text }),
			// Null, unlike an empty text, shows the badge of all tabs.
			this.#action.setBadgeText({ tabId, text: /** @type {any} */ (text) }),
		]) {
			done.catch(() => this.#shown.delete(tabId)); // The tab is gone.
		}
	}
}

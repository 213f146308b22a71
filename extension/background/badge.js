/**
 * What the button's badge says: how much waits and can't be delivered, that
 * host and extension don't fit, for a moment how a save went, and, where the
 * user wants it, that the page in front is saved already.
 *
 * A page is known by its page key, which is the host's to tell; asked is only
 * about the tab in front of each window, one question at a time.
 */

import { savableUrl } from "../shared/tab.js";

/** The light theme's `--accent`, `--warn` and `--paper` (styles/tokens.css): a badge has one look. */
export const COLOURS = Object.freeze({
	good: "#0b6b3a",
	bad: "#8a4b00",
	text: "#ffffff",
});

const GOOD = "✓";
const BAD = "!";

/** How long it says how a save went. */
const FLASH_MS = 2500;

/** What was told of a page is believed so long: others write to the store, too. */
const FRESH_MS = 60_000;

/** Pages remembered. */
const REMEMBERED = 500;

/** @typedef {{text: string, colour: string} | null} Look Null: what all tabs show. */

export class Badge {
	/** @type {Pick<typeof chrome.action, "setBadgeText" | "setBadgeBackgroundColor" | "setBadgeTextColor">} */
	#action;
	/** @type {Pick<typeof chrome.tabs, "query">} */ #tabs;
	/** @type {Pick<import("./host.js").Host, "request" | "hello">} */ #host;
	/** Whether saved pages are marked. */
	#marking = false;
	#alert = "";
	/** @type {Map<string, {saved: boolean, at: number}>} By address, the one told last at the end. */
	#known = new Map();
	/** @type {Map<number, string | null>} What is shown on a tab itself, as far as known. */
	#shown = new Map();
	/** @type {Map<number, ReturnType<typeof setTimeout>>} Tabs that say how a save went. */
	#flashing = new Map();
	/** @type {(url?: string) => string | null} */ #savable;
	/** @type {Promise<void> | null} */ #looking = null;
	#lookAgain = false;

	/**
	 * @param {Pick<typeof chrome.action, "setBadgeText" | "setBadgeBackgroundColor" | "setBadgeTextColor">} action
	 * @param {Pick<typeof chrome.tabs, "query">} tabs
	 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
	 * @param {(url?: string) => string | null} [savable] The address under which a page is asked for.
	 */
	constructor(action, tabs, host, savable = savableUrl) {
		this.#action = action;
		this.#tabs = tabs;
		this.#host = host;
		this.#savable = savable;
	}

	/**
	 * What needs the user's eye, on all tabs.
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
		this.look();
	}

	/**
	 * Says on a tab for a moment how a save went.
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
			if (this.#marking) this.look();
			else this.#show(tabId, null);
		}, FLASH_MS);
		this.#flashing.set(tabId, timer);
	}

	/**
	 * Saved pages are marked from now on, or no longer.
	 * @param {boolean} on
	 */
	async mark(on) {
		if (on === this.#marking) return;
		this.#marking = on;
		this.#known.clear();
		if (on) this.look();
		else for (const { id } of await this.#tabs.query({})) this.#show(id ?? -1, null);
	}

	/**
	 * Something was written: what was told of pages may no longer be so.
	 * @param {import("../shared/messages.js").WriteMethod} method
	 */
	written(method) {
		if (method === "updateNote") return;
		this.#known.clear();
		this.look();
	}

	/**
	 * A tab has gone to another page, or is gone. The browser takes the badge away with
	 * some pages, and with others it doesn't.
	 * @param {number} tabId
	 */
	left(tabId) {
		this.#shown.delete(tabId);
	}

	/** Looks at the tabs in front; what happens meanwhile is looked at after it. */
	look() {
		if (!this.#marking) return;
		this.#lookAgain = true;
		this.#looking ??= this.#lookWhileAsked();
	}

	async #lookWhileAsked() {
		try {
			while (this.#lookAgain) {
				this.#lookAgain = false;
				await this.#lookOnce();
			}
		} finally {
			this.#looking = null;
		}
	}

	async #lookOnce() {
		for (const tab of await this.#tabs.query({ active: true })) {
			const url = this.#savable(tab.url);
			const saved = url !== null && (await this.#isSaved(url));
			// Perhaps it is another page by now.
			if (this.#lookAgain || !this.#marking) return;
			if (tab.id === undefined || this.#flashing.has(tab.id)) continue;
			// What needs the user's eye goes before.
			const look = saved && !this.#alert ? { text: GOOD, colour: COLOURS.good } : null;
			this.#show(tab.id, look);
		}
	}

	/** @param {string} url */
	async #isSaved(url) {
		const known = this.#known.get(url);
		if (known && Date.now() - known.at < FRESH_MS) return known.saved;
		if (!this.#host.hello) return false;
		try {
			const { note } = await this.#host.request("noteForUrl", { url });
			this.#known.delete(url);
			this.#known.set(url, { saved: note !== null, at: Date.now() });
			const [oldest] = this.#known.keys();
			if (this.#known.size > REMEMBERED && oldest !== undefined)
				this.#known.delete(oldest);
			return note !== null;
		} catch {
			return false; // Without an answer nothing is claimed.
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
			// Null, unlike an empty text, lets that of all tabs be seen.
			this.#action.setBadgeText({ tabId, text: /** @type {any} */ (text) }),
		]) {
			done.catch(() => this.#shown.delete(tabId)); // The tab is gone.
		}
	}
}

/**
 * Sends the host the icon of each saved page's web site, after the save was answered. An icon is no
 * user data: it doesn't go through the outbox, and one that can't be taken or sent is dropped until
 * the next save from the web site. `site-icon.js` knows how to take it.
 */

import { iconOf } from "./site-icon.js";

/** @import {Entry} from "../shared/messages.js" */

/** A page that is still loading gets its icon within this time, or none. */
const ICON_WITHIN_MS = 10_000;

/** @typedef {Pick<typeof chrome.tabs, "get" | "query" | "onUpdated">} Tabs */

export class IconSaves {
	/** @type {Pick<import("./host.js").Host, "request" | "hello">} */ #host;
	/** @type {Tabs} */ #tabs;
	/** @type {typeof iconOf} */ #iconOf;
	/** @type {Map<string, number>} Tabs that show a page that is being saved, by URL. */
	#expected = new Map();

	/**
	 * @param {Pick<import("./host.js").Host, "request" | "hello">} host
	 * @param {Tabs} tabs
	 * @param {typeof iconOf} [take]
	 */
	constructor(host, tabs, take = iconOf) {
		this.#host = host;
		this.#tabs = tabs;
		this.#iconOf = take;
	}

	/**
	 * The page of a tab will be saved.
	 * @param {string | undefined} url
	 * @param {number | undefined} tabId
	 */
	expect(url, tabId) {
		if (url !== undefined && tabId !== undefined) this.#expected.set(url, tabId);
	}

	/**
	 * The host answered an entry of the outbox.
	 * @param {Pick<Entry, "method" | "page">} entry
	 * @returns {Promise<void>} Never rejects.
	 */
	async answered({ method, page }) {
		if (method !== "saveNote") return;
		const expected = this.#expected.get(page);
		this.#expected.delete(page);
		if (!this.#host.hello?.icons) return;
		try {
			const address =
				expected === undefined
					? await this.#iconGiven(page)
					: await addressOfIcon(this.#tabs, expected, page);
			const icon = address && (await this.#iconOf(address, expected));
			if (icon) await this.#host.request("putIcon", { url: page, icon });
		} catch {
			// The tab was closed, the page can't be read, or the host is away.
		}
	}

	/**
	 * The icon of a page that was saved with all tabs of its window: with the permission "tabs",
	 * Firefox hands it over without a click on each.
	 * @param {string} page
	 */
	async #iconGiven(page) {
		const tabs = await this.#tabs.query({});
		const tab = tabs.find(({ url, incognito }) => url === page && !incognito);
		return tab?.favIconUrl ?? "";
	}
}

/** @param {string} url */
function hostOf(url) {
	try {
		return new URL(url).host;
	} catch {
		return "";
	}
}

/**
 * The address of the icon of the page that a tab shows; empty if it has none, or if the tab shows
 * another web site by now.
 * @param {Tabs} tabs
 * @param {number} tabId
 * @param {string} page
 * @returns {Promise<string>}
 */
async function addressOfIcon(tabs, tabId, page) {
	/** @param {chrome.tabs.Tab} tab */
	const isPage = ({ url, incognito }) =>
		!incognito && url !== undefined && hostOf(url) === hostOf(page);
	/** @type {(address: string) => void} */
	let found = () => {};
	/** @type {Promise<string>} */
	const later = new Promise((resolve) => {
		found = resolve;
	});
	/**
	 * @param {number} id
	 * @param {{favIconUrl?: string}} change
	 * @param {chrome.tabs.Tab} tab
	 */
	const onUpdated = (id, change, tab) => {
		if (id === tabId && change.favIconUrl) found(isPage(tab) ? change.favIconUrl : "");
	};
	tabs.onUpdated.addListener(onUpdated);
	const timer = setTimeout(found, ICON_WITHIN_MS, "");
	try {
		const tab = await tabs.get(tabId);
		if (!isPage(tab)) return "";
		// Browsers load the icon after the page.
		return tab.favIconUrl || (await later);
	} finally {
		clearTimeout(timer);
		tabs.onUpdated.removeListener(onUpdated);
	}
}

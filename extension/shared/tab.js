/**
 * The tab that the button was clicked on, and which pages can be saved at all.
 */

import { browser } from "./browser.js";

/**
 * Its address is empty where the browser doesn't tell it. Its title is as the browser has it.
 * @returns {Promise<import("./messages.js").Tab>}
 */
export async function activeTab() {
	const [tab] = await browser.tabs.query({ active: true, lastFocusedWindow: true });
	const current = tab?.url ?? "";
	// A new tab shows nothing yet, and its address is on its way.
	const pending = tab?.pendingUrl;
	const isComing =
		savableUrl(current) === null && savableUrl(pending) !== null && pending !== undefined;
	const url = isComing ? pending : current;
	return {
		url,
		title: ownTitle(isComing ? "" : (tab?.title ?? ""), url),
		tabId: tab?.id,
		...(savableUrl(url) === null && tab?.status === "loading" && { loading: true }),
	};
}

/**
 * An address as it is shown: without user name and password.
 * @param {string} address
 */
export function shownAddress(address) {
	try {
		const url = new URL(address);
		if (!url.username && !url.password) return address;
		url.username = "";
		url.password = "";
		return url.href;
	} catch {
		return address;
	}
}

/**
 * Calls back with each new title of a tab, as far as the browser tells it.
 * @param {number} tabId
 * @param {(tab: {url: string, title: string}) => void} onTitle
 * @returns {() => void} Ends it.
 */
export function watchTitle(tabId, onTitle) {
	/**
	 * @param {number} id
	 * @param {{title?: string}} change
	 * @param {chrome.tabs.Tab} tab
	 */
	const listener = (id, change, tab) => {
		if (id !== tabId || !change.title) return;
		const url = tab.url ?? "";
		onTitle({ url, title: ownTitle(change.title, url) });
	};
	browser.tabs.onUpdated.addListener(listener);
	return () => browser.tabs.onUpdated.removeListener(listener);
}

/** Files that are no pages, of which the name is worth more than nothing. */
const FILE =
	/\/([^/]+\.(pdf|txt|text|log|md|rst|csv|tsv|json|xml|svg|png|jpe?g|gif|webp|avif|bmp|mp[34]|m4[av]|webm|og[gv]|wav|flac|epub|djvu?|ps|tex|docx?|xlsx?|pptx?|od[tsp]))$/i;

/**
 * The name of the file at an address; empty where it is a page.
 * @param {string} address
 */
function fileName(address) {
	try {
		return decodeURIComponent(FILE.exec(new URL(address).pathname)?.[1] ?? "");
	} catch {
		return "";
	}
}

/**
 * The title of a tab. Where the browser shows the address in the place of one: the name of
 * the file, or nothing.
 * @param {string} title
 * @param {string} address
 */
export function ownTitle(title, address) {
	const text = title.trim();
	/** @param {string} form */
	const plain = (form) => {
		let decoded = form;
		try {
			decoded = decodeURI(form);
		} catch {
			// Not an encoding of UTF-8.
		}
		return decoded
			.replace(/^(view-source:)?[a-z][a-z0-9+.-]*:\/\/([^/?#]*@)?/i, "")
			.replace(/^www\./i, "")
			.replace(/\/$/, "")
			.toLowerCase();
	};
	if (!text || !address) return text;
	const whole = plain(address);
	const forms = [whole, whole.replace(/#.*$/s, ""), whole.replace(/[?#].*$/s, "")];
	return forms.map((form) => form.replace(/\/$/, "")).includes(plain(text))
		? fileName(address)
		: text;
}

/**
 * The address to save for a tab, or null where its page can't be saved.
 * `file:` is left to the host, whose configuration decides.
 * @param {string | undefined} tabUrl
 * @param {boolean} [stripUserInfo] Whether user name and password are dropped.
 * @returns {string | null}
 */
export function savableUrl(tabUrl, stripUserInfo = false) {
	if (tabUrl === undefined) return null;
	const inReader = /^about:reader\?(.*)$/s.exec(tabUrl);
	if (inReader)
		return savableUrl(
			new URLSearchParams(inReader[1]).get("url") ?? undefined,
			stripUserInfo,
		);
	const url = tabUrl.toWellFormed();
	if (!/^(https?|file):/i.test(url)) return null;
	return stripUserInfo ? shownAddress(url) : url;
}

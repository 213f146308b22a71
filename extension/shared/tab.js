/**
 * The tab that the button was clicked on, and which pages can be saved.
 */

import { browser } from "./browser.js";

/**
 * The active tab of the last focused window. Its address is empty if the browser withholds it,
 * as Chromium does for `about:blank`, and for a page that arrives just after the click: that
 * revokes `activeTab`, and with it the permission to see the address.
 * @returns {Promise<import("./messages.js").Tab>}
 */
export async function activeTab() {
	const [tab] = await browser.tabs.query({ active: true, lastFocusedWindow: true });
	const current = tab?.url ?? "";
	// A new tab may still show nothing while its page is loading.
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
 * An address as the extension shows it: without user name and password.
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
 * Calls back with each new title of a tab, if the browser reports it.
 * @param {number} tabId
 * @param {(tab: {url: string, title: string}) => void} onTitle
 * @returns {() => void} Stops watching.
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

/** Addresses of files other than HTML: their name serves as the title. */
const FILE =
	/\/([^/]+\.(pdf|txt|text|log|md|rst|csv|tsv|json|xml|svg|png|jpe?g|gif|webp|avif|bmp|mp[34]|m4[av]|webm|og[gv]|wav|flac|epub|djvu?|ps|tex|docx?|xlsx?|pptx?|od[tsp]))$/i;

/**
 * The name of the file at an address; empty if it is a page.
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
 * The page's own title in a tab. If the tab shows the address instead, the result is the name
 * of the file, or empty.
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
			// Not valid UTF-8.
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
 * The address to save for a tab, or null if its page can't be saved. For `file:` the host
 * decides, by its configuration.
 * @param {string | undefined} tabUrl
 * @param {boolean} [stripUserInfo] Whether to remove user name and password.
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

/**
 * The tab that the button was clicked on, and which pages can be saved at all.
 */

import { browser } from "./browser.js";

/**
 * Its address is empty where the browser doesn't tell it. Its title is as the browser has it.
 * @returns {Promise<import("./pages.js").Tab>}
 */
export async function activeTab() {
	const [tab] = await browser.tabs.query({ active: true, lastFocusedWindow: true });
	return {
		url: tab?.url ?? "",
		title: tab?.title ?? "",
		tabId: tab?.id,
	};
}

/**
 * The address to save for a tab, or null where its page can't be saved.
 * `file:` is left to the host, whose configuration decides.
 * @param {string | undefined} tabUrl
 * @returns {string | null}
 */
export function savableUrl(tabUrl) {
	if (tabUrl === undefined) return null;
	const inReader = /^about:reader\?(.*)$/s.exec(tabUrl);
	if (inReader)
		return savableUrl(new URLSearchParams(inReader[1]).get("url") ?? undefined);
	const url = tabUrl.toWellFormed();
	return /^(https?|file):/i.test(url) ? url : null;
}

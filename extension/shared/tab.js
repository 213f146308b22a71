/**
 * The tab that the button was clicked on.
 */

import { browser } from "./browser.js";
import { fit, LIMITS } from "./text.js";

/**
 * Its address is empty where the browser doesn't tell it.
 * @returns {Promise<import("./pages.js").Tab>}
 */
export async function activeTab() {
	const [tab] = await browser.tabs.query({ active: true, lastFocusedWindow: true });
	return {
		url: tab?.url ?? "",
		title: fit(tab?.title ?? "", LIMITS.title),
		tabId: tab?.id,
	};
}

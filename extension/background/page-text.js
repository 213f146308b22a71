/**
 * Reads the text of a page that the user has just saved: injects the functions that run inside
 * the page, with nothing but the permission of that click (`activeTab`). What is done with the
 * text is decided elsewhere.
 */

import { browser } from "../shared/browser.js";
import { copyPage } from "./copy-page.js";
import { pageBlocks } from "./page-blocks.js";
import { pageLine } from "./page-line.js";
import { readText } from "./read-text.js";

/**
 * The readable text of a page as Markdown of at most 256 KiB; or why there is none. `forbidden`:
 * the browser allows no script in the page, or not any more.
 * @typedef {import("./read-text.js").ReadText | {none: "forbidden"}} PageText
 */

/**
 * Reads the text of the page that a tab shows. It takes as long as the page needs, and never
 * fails.
 * @param {number} tabId
 * @param {Pick<typeof browser, "scripting">} [using] The browser's interface.
 * @returns {Promise<PageText>} Its `url` tells if the tab shows another page by now.
 */
export async function pageText(tabId, using = browser) {
	const target = { tabId };
	const inject = (/** @type {() => any} */ func) =>
		using.scripting.executeScript({ target, func, injectImmediately: true });
	try {
		// From the root: Firefox resolves it against the address of what calls.
		const files = ["/vendor/Readability.js"];
		await using.scripting.executeScript({ target, files, injectImmediately: true });
		await inject(copyPage);
		await inject(pageLine);
		await inject(pageBlocks);
		const [read] = await inject(readText);
		return read?.result ?? { none: "forbidden" };
	} catch {
		return { none: "forbidden" };
	}
}

/**
 * The text of the page that a tab shows, once the page has loaded; or why it has none.
 */

import { browser } from "../shared/browser.js";
import { pageText } from "./page-text.js";

/** A page that loads no longer than this is complete when it is read. */
const LOADED_WITHIN_MS = 15_000;

/** Paths of PDF files. */
const PDF = /\.pdf$|\/pdf\//i;

/**
 * @param {number} tabId
 * @returns {Promise<import("./text-saves.js").ReadText | import("./text-saves.js").NoText>}
 */
export async function tabText(tabId) {
	await loaded(tabId);
	const read = await pageText(tabId);
	if (!("none" in read) || read.none === "password") return read;
	const { url = "" } = await browser.tabs.get(tabId);
	if (url.startsWith("about:reader")) return { none: "reader" };
	if (URL.canParse(url) && PDF.test(new URL(url).pathname)) return { none: "pdf" };
	// Chromium shows a PDF file in a page of its own, whatever its address is.
	const type = await inject(tabId, () => document.contentType);
	return type === "application/pdf" ? { none: "pdf" } : read;
}

/** @param {number} tabId */
async function loaded(tabId) {
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	const timeout = new Promise((resolve) => {
		timer = setTimeout(resolve, LOADED_WITHIN_MS);
	});
	// The browser runs it once the page has loaded.
	await Promise.race([inject(tabId, () => true), timeout]);
	clearTimeout(timer);
}

/**
 * @param {number} tabId
 * @param {() => unknown} func
 * @returns {Promise<unknown>} Undefined if the browser allows no scripts in the page.
 */
const inject = (tabId, func) =>
	browser.scripting.executeScript({ target: { tabId }, func }).then(
		(results) => results?.[0]?.result,
		() => undefined,
	);

/**
 * Captures a page at the click: title, description, date, site name, language and selection.
 * `read-page.js` has the functions that run inside the page; this module injects them, limits
 * the waiting, and fits the result into the host's limits.
 *
 * No page is read without the user: the browser allows it only after a click (`activeTab`),
 * and only for the page that was clicked on.
 */

import { browser } from "../shared/browser.js";
import { splitTags } from "../shared/tags.js";
import { fit, LIMITS } from "../shared/text.js";
import { readPage, waitForMore } from "./read-page.js";

/**
 * @typedef {import("../protocol.js").SaveNoteParams} SaveNoteParams
 * @typedef {import("./read-page.js").PageData} PageData
 */

/**
 * What was captured of a page, within the host's limits. `keywords` and `opening` (for
 * suggestions) and `canonical` (to find another note of the page) aren't saved. `late` resolves
 * with another capture once more of the page has loaded.
 * @typedef {Omit<SaveNoteParams, "opId" | "url" | "title" | "tags" | "summary">
 *   & {title?: string, keywords?: string[], opening?: string, canonical?: string, late?: Promise<Captured>}}
 *   Captured
 */

/**
 * If a page takes longer, it is saved first and its metadata follows. A selection from the
 * context menu gets more time: its link needs the text around it.
 */
const CAPTURE_WITHIN_MS = { page: 300, selection: 2000 };

/** Longer lists of keywords are made for search engines; the rest is ignored. */
const KEYWORDS = 10;

/**
 * Reads the page of a tab. It never fails and never takes long: a page that can't be read
 * (PDF, reader view, the browser's own pages) gives an empty result, and a slow one gives its
 * result in `late`.
 * @param {number | undefined} tabId
 * @param {"page" | "selection"} [what] What the user saves.
 * @param {string} [url] The page's URL. If the tab shows another page by now, the result is empty.
 * @returns {Promise<Captured>}
 */
export async function capture(tabId, what = "page", url = undefined) {
	if (tabId === undefined) return {};
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	/** @type {Promise<null>} */
	const timeout = new Promise((resolve) => {
		timer = setTimeout(resolve, CAPTURE_WITHIN_MS[what], null);
	});
	const late = read(tabId, url);
	const captured = await Promise.race([late, timeout]);
	clearTimeout(timer);
	return captured ?? { late };
}

/**
 * @param {number} tabId
 * @param {string | undefined} url
 * @returns {Promise<Captured>}
 */
async function read(tabId, url) {
	const inject = (/** @type {() => any} */ func) =>
		browser.scripting
			.executeScript({ target: { tabId }, func, injectImmediately: true })
			.then(
				(results) => results?.[0]?.result,
				() => undefined, // The browser allows no scripts in this page.
			);
	/** @type {PageData} */
	const data = (await inject(readPage)) ?? {};
	if (url !== undefined && data.address && !isSameDocument(data.address, url)) return {};
	const captured = fitCaptured(data);
	// Only if the page could be waited for: otherwise this would go on without end.
	if (data.loading)
		captured.late = inject(waitForMore).then((more) => (more ? read(tabId, url) : {}));
	return captured;
}

/**
 * Whether two addresses have the same host and path. Scripts often change only the query and
 * the fragment.
 * @param {string} document
 * @param {string} address
 */
function isSameDocument(document, address) {
	try {
		const [one, other] = [new URL(document), new URL(address)];
		return one.host === other.host && one.pathname === other.pathname;
	} catch {
		return false;
	}
}

/**
 * Fits what was read in a page into the host's limits: trimmed, cut, without empty fields.
 * @param {PageData} data
 * @returns {Captured}
 */
export function fitCaptured(data) {
	/** @type {Captured} */
	const captured = {};
	const line = (/** @type {unknown} */ text, /** @type {number} */ limit) =>
		typeof text === "string" ? fit(text.replace(/\s+/g, " ").trim(), limit) : "";
	const excerpt = line(data.excerpt, LIMITS.excerpt);
	if (excerpt) captured.excerpt = excerpt;
	const dates = [data.publishedAt, ...(data.otherDates ?? [])].map((date) =>
		line(date, 200),
	);
	const [publishedAt, ...otherDates] = dates.filter(Boolean);
	if (publishedAt) captured.publishedAt = publishedAt;
	if (otherDates.length > 0) captured.otherDates = otherDates.slice(0, 10);
	if (typeof data.title === "string") captured.title = line(data.title, LIMITS.title);
	const titles = (data.otherTitles ?? []).map((title) => line(title, LIMITS.title));
	const otherTitles = titles.filter(Boolean).slice(0, 4);
	if (otherTitles.length > 0) captured.otherTitles = otherTitles;
	const siteName = line(data.siteName, LIMITS.siteName);
	if (siteName) captured.siteName = siteName;
	const lang = line(data.lang, 64);
	if (lang) captured.lang = lang;
	const keywords = splitTags(
		line(data.keywords, LIMITS.excerpt).replaceAll(";", ","),
	).tags.slice(0, KEYWORDS);
	if (keywords.length > 0) captured.keywords = keywords;
	const opening = line(data.opening, LIMITS.excerpt);
	if (opening) captured.opening = opening;
	const whole = typeof data.quote?.text === "string" ? data.quote.text.trim() : "";
	let text = fit(whole, LIMITS.quote);
	const isCut = text.length < whole.length;
	// Cut between two words: half a word wouldn't be found on the page.
	if (isCut) text = text.replace(/\s\S{0,100}$/, "").trimEnd();
	if (text) {
		captured.quote = { text };
		const prefix = line(data.quote?.prefix, LIMITS.context);
		if (prefix) captured.quote.prefix = prefix;
		const suffix = line(data.quote?.suffix, LIMITS.context);
		if (suffix && !isCut) captured.quote.suffix = suffix;
	}
	const canonical = line(data.canonical, LIMITS.title);
	if (/^https?:/i.test(canonical)) captured.canonical = canonical;
	return captured;
}

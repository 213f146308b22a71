/**
 * Recognises pages of the user's own site, of which no note is made.
 */

import { ALL } from "./note-search.js";

/** A page that is perhaps of another site must not wait longer for its save. */
const ANSWER_WITHIN_MS = 2000;

/** The site's port unless the configuration names another one. */
const USUAL_PORT = "6683";

/** @typedef {Pick<import("./host.js").Host, "request" | "hello">} Host */

/** @param {string} hostname */
const isLocal = (hostname) => /^([a-z0-9-]+\.)?localhost$/.test(hostname);

/**
 * Whether an address may be one of the site, as far as it shows without the host.
 * @param {string} address
 */
export function isMaybeOwn(address) {
	const url = parsed(address);
	return url?.protocol === "http:" && isLocal(url.hostname);
}

/**
 * What the popup does with a page of the site. Null if the page isn't the site's.
 * @param {{url: string, title: string}} tab
 * @param {Host} host
 * @returns {Promise<import("../shared/messages.js").Own | null>}
 */
export async function ownPage({ url, title }, host) {
	const address = parsed(url);
	if (!address || !isMaybeOwn(url)) return null;
	const known = host.hello?.siteUrl;
	if (known && parsed(known)?.port !== address.port) return null;
	const id = Number(/^\/note\/(\d{1,16})\/?$/.exec(address.pathname)?.[1] ?? 0);
	// Notes have ids below the next one. It also waits for the site's address.
	const request = host
		.request("searchNotes", { query: ALL, limit: 1, ...(id && { before: id + 1 }) })
		.catch(() => null);
	/** @type {ReturnType<typeof setTimeout> | undefined} */
	let timer;
	/** @type {Promise<null>} */
	const timeout = new Promise((resolve) => {
		timer = setTimeout(resolve, ANSWER_WITHIN_MS, null);
	});
	const found = await Promise.race([request, timeout]);
	clearTimeout(timer);
	const siteUrl = host.hello?.siteUrl;
	const isOwn = siteUrl
		? parsed(siteUrl)?.port === address.port
		: // Without the host only the title and the usual port show it.
			/^url-notes( \||$)/.test(title) || (!host.hello && address.port === USUAL_PORT);
	if (!isOwn) return null;
	const [note] = found?.notes ?? [];
	return { note: id && note?.id === id ? { url: note.url, title: note.title } : null };
}

/**
 * The pages of the site among some pages.
 * @template {{url: string, title: string}} P
 * @param {P[]} pages
 * @param {Host} host
 * @returns {Promise<Set<P>>}
 */
export async function ownPages(pages, host) {
	const found = await Promise.all(
		pages.map(async (page) => ((await ownPage(page, host)) ? [page] : [])),
	);
	return new Set(found.flat());
}

/** @param {string} address */
function parsed(address) {
	try {
		return new URL(address);
	} catch {
		return null;
	}
}
